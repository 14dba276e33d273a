# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the firmware, and what a board is, on a board: `image` says what, `install` does it, `remote` is mpremote's side."""
