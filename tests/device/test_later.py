# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that are loaded when something of them is asked for, and let go of."""

import sys

from han import later
from han.later import Later, forget

BLOCKS = "han.gbcs.blocks"


def test_a_module_is_loaded_when_something_of_it_is_asked_for():
    forget(BLOCKS)
    blocks = Later(BLOCKS)
    assert BLOCKS not in sys.modules
    assert blocks.MOST == 63
    assert BLOCKS in sys.modules


def test_an_object_is_made_once_and_kept():
    assembler = Later(BLOCKS, "Assembler")
    first = assembler.take
    assert first == assembler.take


def test_what_was_let_go_of_is_loaded_again():
    from han.gbcs import blocks as first

    forget(BLOCKS)
    forget(BLOCKS)
    from han.gbcs import blocks as second

    assert first is not second
    assert second.MOST == first.MOST


def test_a_module_is_let_go_of_and_loaded_again():
    forget(BLOCKS)
    blocks = Later(BLOCKS)
    staying = tuple(sys.modules)
    before = later.loads
    assert blocks.MOST == 63
    assert later.loads == before + 1
    later.let_go(staying)
    assert BLOCKS not in sys.modules
    assert blocks.MOST == 63
    assert later.loads == before + 2


def test_what_stays_is_not_loaded_again():
    blocks = Later(BLOCKS)
    assert blocks.MOST == 63
    module = sys.modules[BLOCKS]
    later.let_go(tuple(sys.modules))
    assert sys.modules[BLOCKS] is module


def test_an_object_that_keeps_something_is_kept():
    assembler = Later(BLOCKS, "Assembler")
    first = assembler.take
    later.let_go(tuple(sys.modules))
    assert first == assembler.take


def test_an_object_that_keeps_nothing_is_made_anew():
    values = {}
    paired = Later("han.devices.paired_devices", "PairedDevices", values)
    first = paired.join
    later.let_go(tuple(sys.modules))
    assert first != paired.join
