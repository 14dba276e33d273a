# SPDX-License-Identifier: Apache-2.0
"""Sitronix ST7789 panel of 240 x 320 pixels over SPI. Written from the data sheet's command set, unproven on silicon.

Sans-IO but for the three things handed in: `spi` (`write(octets)`), and the pins `data` (DC), `select` (CS) and `reset`
(each called with 0 or 1).
"""

from micropython import const

from han.display.palette import RGB

_WIDTH = const(240)
_ROW = const(120)  # octets of a row, two pixels each

_SWRESET = const(0x01)
_SLPOUT = const(0x11)
_INVON = const(0x21)
_DISPON = const(0x29)
_CASET = const(0x2A)
_RASET = const(0x2B)
_RAMWR = const(0x2C)
_MADCTL = const(0x36)
_COLMOD = const(0x3A)
_RGB565 = const(0x55)

# Command, octets, milliseconds to wait afterwards.
_START = (
    (_SWRESET, b"", 150),
    (_SLPOUT, b"", 120),
    (_COLMOD, bytes((_RGB565,)), 0),
    (_MADCTL, b"\x00", 0),
    (_INVON, b"", 0),  # panels of this kind show the inverse otherwise
    (_DISPON, b"", 20),
)


class Panel:
    """`settings` may have `invert` false, for a panel that wants no inversion."""

    def __init__(self, spi, data, select, reset, sleep_ms, settings=None):
        self._spi = spi
        self._data = data
        self._select = select
        self._line = bytearray(2 * _WIDTH)
        self._colours = _rgb565()
        reset(0)
        sleep_ms(10)
        reset(1)
        sleep_ms(120)
        for command, octets, wait in _START:
            if command == _INVON and settings is not None and not settings.get("invert", True):
                continue
            self._command(command, octets)
            sleep_ms(wait)

    def show(self, top, buffer):
        """Put a band whose first row is `top` on the glass."""
        rows = len(buffer) // _ROW
        last = top + rows - 1
        self._command(_CASET, bytes((0, 0, 0, _WIDTH - 1)))
        self._command(_RASET, bytes((top >> 8, top & 0xFF, last >> 8, last & 0xFF)))
        self._command(_RAMWR, b"")
        self._select(0)
        self._data(1)
        line = self._line
        colours = self._colours
        at = 0
        for _ in range(rows):
            to = 0
            for place in range(at, at + _ROW):
                pair = buffer[place]
                colour = (pair >> 4) << 1
                line[to] = colours[colour]
                line[to + 1] = colours[colour + 1]
                colour = (pair & 0x0F) << 1
                line[to + 2] = colours[colour]
                line[to + 3] = colours[colour + 1]
                to += 4
            self._spi.write(line)
            at += _ROW
        self._select(1)

    def _command(self, command, octets):
        self._select(0)
        self._data(0)
        self._spi.write(bytes((command,)))
        if octets:
            self._data(1)
            self._spi.write(octets)
        self._select(1)


def _rgb565():
    """The palette as the panel takes it, two octets a colour, high one first."""
    colours = bytearray(32)
    for number in range(16):
        red, green, blue = RGB[3 * number], RGB[3 * number + 1], RGB[3 * number + 2]
        value = (red & 0xF8) << 8 | (green & 0xFC) << 3 | blue >> 3
        colours[2 * number] = value >> 8
        colours[2 * number + 1] = value & 0xFF
    return bytes(colours)
