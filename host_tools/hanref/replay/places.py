# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the devices of a replay run."""

from contextlib import AbstractContextManager

from hanref.gbcs.native import Native
from hanref.replay.board import Board


def open_place(tier: str) -> AbstractContextManager[Native | Board]:
    """The native MicroPython for tier sim, an emulated board for tier emulated."""
    return Native() if tier == "sim" else Board()
