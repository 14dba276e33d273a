# SPDX-License-Identifier: GPL-3.0-or-later
"""Large GBCS messages in blocks."""

from han.gbcs import blocks, envelope
from support import raises

ORIGINATOR = bytes(range(8))
RECIPIENT = bytes(range(8, 16))
TRANSACTION = b"\x02" + bytes(8)
CODE = b"\x00\x77"


def split(size):
    message = bytes([number & 0xFF for number in range(size)])
    return message, blocks.split(message, TRANSACTION, ORIGINATOR, RECIPIENT, CODE)


def test_a_full_block_has_exactly_the_limit():
    _, octets = split(3000)
    assert len(octets[0]) == envelope.LIMIT
    assert len(octets) == 3
    assert envelope.is_block(octets[0])


def test_blocks_come_together_in_any_order_and_more_than_once():
    message, octets = split(3000)
    assembler = blocks.Assembler()
    assert assembler.take(blocks.decode(octets[2])) is None
    assert assembler.take(blocks.decode(octets[0])) is None
    assert assembler.take(blocks.decode(octets[0])) is None
    assert assembler.take(blocks.decode(octets[1])) == message


def test_what_is_missing_is_asked_for():
    _, octets = split(5000)
    assembler = blocks.Assembler()
    for number in (0, 1, 3, 4):
        assembler.take(blocks.decode(octets[number]))
    wanted = blocks.decode(assembler.wanted(blocks.decode(octets[4])))
    assert wanted.number == 0
    assert wanted.acknowledged == 2


def test_too_many_blocks_are_refused():
    raises(blocks.BlockError, split, blocks.DATA * 64)


def test_damage_is_found():
    _, octets = split(1300)
    good = octets[1]
    for at in range(len(good) - 152, -1, -1):
        damaged = bytearray(good)
        damaged[at] ^= 0x80
        try:
            blocks.decode(bytes(damaged))
        except blocks.BlockError:
            pass
    raises(blocks.BlockError, blocks.decode, good[:-1])
    raises(blocks.BlockError, blocks.decode, good + b"\0")
    raises(blocks.BlockError, blocks.decode, good[:20])
