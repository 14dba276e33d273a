# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of speed and size: `python -m benchmarks` prints them all."""
