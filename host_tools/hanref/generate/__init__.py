# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that write generated parts of the project from its data."""
