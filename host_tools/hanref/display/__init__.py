# SPDX-License-Identifier: GPL-3.0-or-later
"""Screens of the displays on the host: the drawing surface that CPython lacks, captures as PNG."""
