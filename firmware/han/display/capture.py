# SPDX-License-Identifier: Apache-2.0
"""A band as text for the bench: run lengths, then base64.

Runs: a count and an octet while the count is below 128; a count from 128 on says that so many octets less 127 follow as
they are. The rows of a band come one after the other. A count of 0 and a number stand for that many rows like the last.
"""

from binascii import b2a_base64

from micropython import const

from han.display.canvas import BAND, WIDTH

_ROW = WIDTH // 2
_MOST = const(127)


def text(buffer):
    """The band in `buffer` as text."""
    packed = bytearray()
    last = None
    repeats = 0
    for number in range(BAND):
        row = bytes(memoryview(buffer)[number * _ROW : (number + 1) * _ROW])
        if row == last:
            repeats += 1
            continue
        if repeats:
            packed.extend(bytes((0, repeats)))
            repeats = 0
        _row(row, packed)
        last = row
    if repeats:
        packed.extend(bytes((0, repeats)))
    return str(memoryview(b2a_base64(packed))[:-1], "ascii")


def _row(row, packed):
    at = 0
    plain = 0  # where octets that are no run began
    while at < _ROW:
        octet = row[at]
        end = at + 1
        while end < _ROW and row[end] == octet:
            end += 1
        if end - at > 2 or end == _ROW:
            if plain < at:
                packed.append(at - plain + _MOST)
                packed.extend(row[plain:at])
            packed.append(end - at)
            packed.append(octet)
            plain = end
        at = end
