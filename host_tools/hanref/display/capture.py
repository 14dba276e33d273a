# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures of a display: from the `screen` events of a trace to PNG."""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass

from han.display.canvas import BAND, HEIGHT, WIDTH
from han.display.palette import RGB
from PIL import Image

from hanref.errors import UsageError
from hanref.trace import Event, Trace

_ROW = WIDTH // 2
_PLAIN = 127


@dataclass
class Capture:
    """One whole screen: `page` as `device` showed it at the first of its `events`, `pixels` two to an octet."""

    device: str
    page: str
    moment: str
    event: Event
    pixels: bytes

    def png(self) -> bytes:
        """The picture as a PNG file with a palette."""
        return png(self.pixels)


def captures(trace: Trace, device: str | None = None) -> list[Capture]:
    """The screens in a trace, oldest first; one of which a band is missing is left out. Raises UsageError for a damaged one."""
    found: list[Capture] = []
    begun: dict[str | None, tuple[Event, dict[int, bytes]]] = {}
    for event in trace.of("screen", source=device):
        top = event.get("top")
        first, bands = begun.get(event.source, (event, {}))
        if top == 0 or (first.get("page"), first.get("moment")) != (event.get("page"), event.get("moment")):
            first, bands = event, {}
            begun[event.source] = first, bands
        try:
            bands[top] = unpack(event.get("data") or "")
        except ValueError as error:
            raise UsageError("event %d (screen): data: %s" % (event.n, error)) from None
        if len(bands) == HEIGHT // BAND:
            pixels = joined(bands)
            found.append(Capture(str(event.source), str(event.get("page")), str(first.get("moment")), first, pixels))
    return found


def joined(bands: Mapping[int, bytes]) -> bytes:
    """The pixels of a screen from those of its bands by first row."""
    return b"".join(bands[top] for top in range(0, HEIGHT, BAND))


def unpack(text: str) -> bytes:
    """The pixels of a band from its text (han.display.capture); raises ValueError for what is none."""
    packed = base64.b64decode(text, validate=True)
    rows = bytearray()
    at = 0
    while at < len(packed):
        count = packed[at]
        if count > _PLAIN:
            rows += packed[at + 1 : at + 1 + count - _PLAIN]
            at += 1 + count - _PLAIN
            continue
        if at + 1 >= len(packed):
            raise ValueError("it ends in the middle of a run")
        rows += rows[-_ROW:] * packed[at + 1] if count == 0 else packed[at + 1 : at + 2] * count
        at += 2
    if len(rows) != BAND * _ROW:
        raise ValueError("%d octets are no band of %d" % (len(rows), BAND * _ROW))
    return bytes(rows)


def png(pixels: bytes) -> bytes:
    """A PNG file of a screen's pixels."""
    image = picture(pixels)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, bits=4)
    return file.getvalue()


def picture(pixels: bytes) -> Image.Image:
    """A screen's pixels as an image with the display's palette."""
    whole = bytearray(WIDTH * HEIGHT)
    whole[0::2] = bytes(octet >> 4 for octet in pixels)
    whole[1::2] = bytes(octet & 0x0F for octet in pixels)
    image = Image.frombytes("P", (WIDTH, HEIGHT), bytes(whole))
    image.putpalette(RGB)
    return image


def data_uri(pixels: bytes) -> str:
    """A screen for an `img` element."""
    return "data:image/png;base64," + binascii.b2a_base64(png(pixels), newline=False).decode()
