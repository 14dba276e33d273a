# SPDX-License-Identifier: Apache-2.0
"""Where screens are drawn: a band of the display at a time, so that 2 KB of RAM do for a picture of 38 KB."""

import struct

import framebuf
from micropython import const

from han.display import font_figures, font_large, font_text
from han.display.palette import BACK, INK

WIDTH = const(240)
HEIGHT = const(320)
BAND = const(16)  # rows

LEFT = const(0)
CENTRE = const(1)
RIGHT = const(2)

TEXT = font_text
FIGURES = font_figures
LARGE = font_large

_ROW = const(8)  # octets of a character's metrics
_LARGEST = const(384)  # octets of a glyph
_UNKNOWN = "-"  # stands for a character that a font does not have


class Canvas:
    """One band. `begin(top)` empties it and says which rows of the display it is; what is drawn elsewhere is cut off."""

    def __init__(self):
        self.buffer = bytearray(WIDTH * BAND // 2)
        self.top = 0
        self._surface = framebuf.FrameBuffer(self.buffer, WIDTH, BAND, framebuf.GS4_HMSB)
        self._glyph = bytearray(_LARGEST)  # framebuf draws from RAM only
        self._ramp = bytearray(2)
        self._palette = framebuf.FrameBuffer(self._ramp, 4, 1, framebuf.GS4_HMSB)

    def begin(self, top):
        self.top = top
        self._surface.fill(BACK)

    def fill(self, x, y, width, height, colour):
        """A filled rectangle in one of the 16 colours."""
        self._surface.fill_rect(x, y - self.top, width, height, colour)

    def text(self, x, y, text, ramp=INK, font=TEXT, align=LEFT):
        """A line of text whose top is `y`; `x` is its left end, middle or right end."""
        y -= self.top
        if not -font.HEIGHT < y < BAND:
            return
        if align:
            wide = width(text, font)
            x -= wide if align == RIGHT else wide // 2
        self._ramp[:] = ramp
        for character in text:
            advance, left, top, wide, high, _, at = _metrics(font, character)
            if wide and y + top < BAND and y + top + high > 0:
                self._draw(font.PIXELS, at, wide, high, x + left, y + top)
            x += advance

    def _draw(self, pixels, at, wide, high, x, y):
        octets = (wide + 3) // 4 * high
        self._glyph[:octets] = memoryview(pixels)[at : at + octets]
        glyph = framebuf.FrameBuffer(self._glyph, wide, high, framebuf.GS2_HMSB)
        self._surface.blit(glyph, x, y, -1, self._palette)


def width(text, font=TEXT):
    """Pixels a line of text takes."""
    total = 0
    for character in text:
        total += font.METRICS[_place(font, character)]
    return total


def wrapped(text, wide, font=TEXT):
    """A text in lines of at most `wide` pixels, broken between words; a longer word is cut."""
    lines = []
    line = ""
    for word in text.split():
        while width(word, font) > wide:
            fits = 1
            while width(word[: fits + 1], font) <= wide:
                fits += 1
            if line:
                lines.append(line)
                line = ""
            lines.append(word[:fits])
            word = word[fits:]
        longer = line + " " + word if line else word
        if width(longer, font) <= wide:
            line = longer
        else:
            lines.append(line)
            line = word
    if line:
        lines.append(line)
    return lines


def _metrics(font, character):
    return struct.unpack_from("<BbBBBBH", font.METRICS, _place(font, character))


def _place(font, character):
    place = font.CHARACTERS.find(character)
    if place < 0:
        place = font.CHARACTERS.find(_UNKNOWN)
    return place * _ROW
