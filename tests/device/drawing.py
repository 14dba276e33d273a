# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the tests of the display: what a screen says, what it looks like, operations on a drawing surface."""

from binascii import crc32

from han.display import canvas, capture, pages
from han.display.canvas import LEFT, TEXT, Canvas

NOW = "2022-11-04T17:42:10Z"

# What a display shows in a full life.
FULL = {
    "time": NOW,
    "identifier": "0a0b0c0d0e0f0004",
    "version": "0.1.0",
    "profile": "2022-11",
    "clock": "reliable",
    "electricity_power": 1437,
    "electricity_cost_per_hour": 48858,
    "electricity_ambient": "medium",
    "electricity_register": 42886123,
    "electricity_price": 34000,
    "electricity_today": 8891,
    "electricity_week": 61826,
    "electricity_month": 121826,
    "electricity_cost_today": 302294,
    "electricity_cost_week": 2102084,
    "electricity_cost_month": 4142084,
    "electricity_previous_days": [12935, 9220, None, 7410, 15010, 8220, 0, 9100],
    "electricity_previous_weeks": [71000, 68200, 80100, None, None],
    "electricity_previous_months": [
        312000, 290000, 250000, 212000, 200500, 230000, 260000, 301000, 345000, 402000, None, None, None
    ],
    "electricity_cost_previous_days": [439790, 313480, None, 251940, 510340, 279480, 0, 309400],
    "electricity_supply": "armed",
    "electricity_prepayment": True,
    "electricity_balance": 143700,
    "electricity_low_credit": True,
    "electricity_credit_remaining": 143700,
    "electricity_emergency_credit_remaining": 320000,
    "electricity_accumulated_debt": 2500000,
    "electricity_debt_recovery": [[350000, "a week"], None],
    "electricity_customer_id": "A-4711-22",
    "electricity_top_ups": [1000000, 500000],
    "electricity_messages": ["Planned work on Tuesday 8 November from 9:00 to 12:00: your supply may be off."],
    "electricity_link_quality": 100,
    "gas_register": 1254186,
    "gas_reading_time": "2022-11-04T17:30:00Z",
    "gas_rate": 840,
    "gas_price": 10300,
    "gas_today": 47127,
    "gas_week": 208392,
    "gas_month": 408392,
    "gas_cost_today": 485408,
    "gas_cost_week": 2146438,
    "gas_cost_month": 4206438,
    "gas_previous_days": [113104, 98000, 120000, None, None, None, None, None],
    "gas_previous_weeks": [None] * 5,
    "gas_previous_months": [None] * 13,
    "gas_supply": "on",
    "gas_prepayment": False,
    "gas_balance": 1234567,
    "gas_budget": 250000,
    "gas_messages": ["Your gas tariff changes on 1 December."],
    "gas_link_quality": 69,
    "last_payment": None,
}

# A display that knows the time, what it is, and nothing else.
NOTHING = {"time": NOW, "identifier": "0a0b0c0d0e0f0004", "version": "0.1.0", "profile": "2022-11", "clock": "reliable"}
for _name in FULL:
    if _name not in NOTHING:
        NOTHING[_name] = None
for _fuel in ("electricity", "electricity_cost", "gas", "gas_cost"):
    for _kind, _count in (("days", 8), ("weeks", 5), ("months", 13)):
        NOTHING["%s_previous_%s" % (_fuel, _kind)] = [None] * _count


def view(page, **said):
    shown = {"role": "ppmid", "page": page}
    shown.update(said)
    return shown


def checksums(items, shown):
    """The CRC-32 of each band of a screen."""
    band = Canvas()
    return [crc32(band.buffer) for _ in pages.bands(band, items, shown)]


def packed(items, shown):
    """Each band of a screen as the bench gets it."""
    band = Canvas()
    return [capture.text(band.buffer) for _ in pages.bands(band, items, shown)]


class Recorder:
    """Takes what is drawn and remembers texts and filled areas."""

    def __init__(self):
        self.top = 0
        self.texts = []
        self.areas = []

    def text(self, x, y, text, ramp=None, font=TEXT, align=LEFT):
        self.texts.append((x, y, text, font, align))

    def fill(self, x, y, width, height, colour):
        self.areas.append((x, y, width, height, colour))


def recorded(items, shown):
    """What is drawn of a screen, as a Recorder."""
    recorder = Recorder()
    pages.draw(recorder, items, shown)
    return recorder


def surface(width, height, operations, sprite):
    """The octets of a surface of four bits a pixel after operations [(name, arguments)]; `blit` draws an 8 x 5 `sprite`."""
    buffer = bytearray((width + 1) // 2 * height)
    framebuf = canvas.framebuf
    target = framebuf.FrameBuffer(buffer, width, height, framebuf.GS4_HMSB)
    source = framebuf.FrameBuffer(bytearray(sprite), 7, 5, framebuf.GS2_HMSB)
    palette = framebuf.FrameBuffer(bytearray(b"\x02\x9f"), 4, 1, framebuf.GS4_HMSB)
    for name, arguments in operations:
        if name == "blit":
            target.blit(source, arguments[0], arguments[1], -1, palette)
        else:
            getattr(target, name)(*arguments)
    return bytes(buffer)
