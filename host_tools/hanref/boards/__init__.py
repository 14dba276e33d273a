# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards: what is known of each (``board.toml``), what is plugged in, and emulated ones.

``known`` and ``find`` read the board folders, ``plugged_in`` looks at serial ports, ``running`` lists emulated
boards of this user, ``emulated.EmulatedBoard`` starts one.
"""

from hanref.boards.catalogue import find, known, load
from hanref.boards.plugged import PluggedIn, plugged_in
from hanref.boards.register import Running, running

__all__ = ["PluggedIn", "Running", "find", "known", "load", "plugged_in", "running"]
