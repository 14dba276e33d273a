# SPDX-License-Identifier: GPL-3.0-or-later
"""MicroPython's `framebuf` for CPython, as far as the screens use it: same calls, same octets in the buffer.

Two bits a pixel come with the first pixel in the low bits, four bits with the first in the high ones, as there.
"""

GS2_HMSB = 5
GS4_HMSB = 2


class FrameBuffer:
    """Draws into `buffer`; what lies outside is cut off."""

    def __init__(self, buffer: bytearray, width: int, height: int, format: int) -> None:
        if format not in (GS2_HMSB, GS4_HMSB):
            raise ValueError("invalid format")
        self._buffer = buffer
        self._width = width
        self._height = height
        self._two = format == GS2_HMSB
        self._stride = (width + 3) // 4 if self._two else (width + 1) // 2  # octets a row
        if len(buffer) < self._stride * height:
            raise ValueError("the buffer is too small")

    def pixel(self, x: int, y: int, colour: int | None = None) -> int | None:
        """Set a pixel, or say its colour."""
        if not (0 <= x < self._width and 0 <= y < self._height):
            return None
        if colour is None:
            return self._get(x, y)
        self._set(x, y, colour)
        return None

    def fill(self, colour: int) -> None:
        """Everything in one colour."""
        self.fill_rect(0, 0, self._width, self._height, colour)

    def hline(self, x: int, y: int, width: int, colour: int) -> None:
        """A horizontal line."""
        self.fill_rect(x, y, width, 1, colour)

    def vline(self, x: int, y: int, height: int, colour: int) -> None:
        """A vertical line."""
        self.fill_rect(x, y, 1, height, colour)

    def fill_rect(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        """A filled rectangle."""
        right, bottom = min(x + width, self._width), min(y + height, self._height)
        x, y = max(x, 0), max(y, 0)
        if width < 1 or height < 1 or right <= x or bottom <= y:
            return
        if self._two:
            for row in range(y, bottom):
                for place in range(x, right):
                    self._set(place, row, colour)
            return
        pair = (colour & 0x0F) * 0x11
        first, last = (x + 1) // 2, right // 2
        for row in range(y, bottom):
            start = row * self._stride
            if first < last:
                self._buffer[start + first : start + last] = bytes((pair,)) * (last - first)
            if x & 1:
                self._set(x, row, colour)
            if right & 1:
                self._set(right - 1, row, colour)

    def blit(self, source: "FrameBuffer", x: int, y: int, key: int = -1, palette: "FrameBuffer | None" = None) -> None:
        """Copy `source` to a place, its colours looked up in the first row of `palette`; `key` is not copied."""
        for row in range(max(0, -y), min(source._height, self._height - y)):
            for place in range(max(0, -x), min(source._width, self._width - x)):
                colour = source._get(place, row)
                if palette is not None:
                    colour = palette._get(colour, 0)
                if colour != key:
                    self._set(x + place, y + row, colour)

    def _get(self, x: int, y: int) -> int:
        if self._two:
            return self._buffer[y * self._stride + (x >> 2)] >> 2 * (x & 3) & 3
        octet = self._buffer[y * self._stride + (x >> 1)]
        return octet & 0x0F if x & 1 else octet >> 4

    def _set(self, x: int, y: int, colour: int) -> None:
        if self._two:
            at = y * self._stride + (x >> 2)
            shift = 2 * (x & 3)
            self._buffer[at] = self._buffer[at] & ~(3 << shift) | (colour & 3) << shift
            return
        at = y * self._stride + (x >> 1)
        if x & 1:
            self._buffer[at] = self._buffer[at] & 0xF0 | colour & 0x0F
        else:
            self._buffer[at] = self._buffer[at] & 0x0F | (colour & 0x0F) << 4
