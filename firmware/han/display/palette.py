# SPDX-License-Identifier: Apache-2.0
"""The 16 colours of the display, and the ramps from background to full colour in which text is drawn."""

from micropython import const

# Red, green, blue of each colour.
RGB = (
    b"\x10\x14\x1a"  # 0 background
    b"\x2a\x31\x3b\x55\x5f\x6c\x97\xa1\xad\xf4\xf6\xf8"  # 1 to 4 greys up to white
    b"\x14\x3d\x2d\x1d\x78\x50\x2b\xc4\x7c"  # 5 to 7 green
    b"\x45\x37\x14\x94\x70\x18\xf5\xb5\x1c"  # 8 to 10 amber
    b"\x4a\x1e\x22\x9c\x33\x36\xff\x54\x50"  # 11 to 13 red
    b"\x24\x5c\x86\x4f\xb3\xf2"  # 14, 15 blue
)

BACK = const(0)
LINE = const(1)

# Ramps: the two steps on the way to a colour, and the colour, two octets with the background before them.
INK = b"\x02\x34"
SOFT = b"\x01\x23"
GREEN = b"\x05\x67"
AMBER = b"\x08\x9a"
RED = b"\x0b\xcd"
BLUE = b"\x01\xef"


def full(ramp):
    """The colour a ramp leads to."""
    return ramp[1] & 0x0F


def faint(ramp):
    """The first step of a ramp: for areas behind."""
    return ramp[0] & 0x0F


def reverse(ramp):
    """The ramp of text in the colour of the background on an area in full colour."""
    return bytes((ramp[1] << 4 & 0xF0 | ramp[1] >> 4, ramp[0] << 4 & 0xF0 | ramp[0] >> 4))
