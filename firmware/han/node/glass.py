# SPDX-License-Identifier: Apache-2.0
"""The glass of a board with a display: draws what the device shows, one band a turn of the board's loop."""

from han.display.canvas import Canvas
from han.display.pages import bands
from han.errors import HanError


class DisplayError(HanError):
    """The settings name a display that cannot be driven."""


class Glass:
    """`device` is an IHD or PPMID, `panel` has `show(top, buffer)`."""

    def __init__(self, device, panel):
        self._device = device
        self._panel = panel
        if device.canvas is None:
            device.canvas = Canvas()
        self._bands = None

    def turn(self):
        """Draw a band where there is one to draw; returns whether there is more."""
        device = self._device
        if self._bands is None:
            if not device.changed:
                return False
            device.changed = False
            self._bands = bands(device.canvas, device.screen(), device.view.shown())
        for top in self._bands:
            self._panel.show(top, device.canvas.buffer)
            return True
        self._bands = None
        return device.changed


def glass(device, settings):
    """The glass that a board's `display` settings name; raises DisplayError.

    `driver` st7789, `spi` (its number), `sck`, `mosi`, `dc`, `cs`, `rst` (pins), and if wanted `backlight` (pin),
    `baudrate`, `invert`.
    """
    import time

    from machine import SPI, Pin

    from han.display.st7789 import Panel

    if settings.get("driver") != "st7789":
        raise DisplayError("display: driver %r: there is st7789" % (settings.get("driver"),))
    for name in ("sck", "mosi", "dc", "cs", "rst"):
        if name not in settings:
            raise DisplayError("display: %s: is missing" % name)
    spi = SPI(
        settings.get("spi", 0),
        baudrate=settings.get("baudrate", 40000000),
        sck=Pin(settings["sck"]),
        mosi=Pin(settings["mosi"]),
    )
    data, select, reset = [Pin(settings[name], Pin.OUT) for name in ("dc", "cs", "rst")]
    if "backlight" in settings:
        Pin(settings["backlight"], Pin.OUT)(1)
    return Glass(device, Panel(spi, data, select, reset, time.sleep_ms, settings))
