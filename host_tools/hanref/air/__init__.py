# SPDX-License-Identifier: GPL-3.0-or-later
"""The air: IEEE 802.15.4 and Zigbee frames, captures and their keys, and a simulated radio network."""
