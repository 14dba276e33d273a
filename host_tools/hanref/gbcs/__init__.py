# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS on the host: keys, and what speaks for the parties at the WAN side."""
