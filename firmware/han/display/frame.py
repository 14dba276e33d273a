# SPDX-License-Identifier: Apache-2.0
"""What every screen shares: its head with the local time, its foot with the place among the screens, rows of figures."""

from micropython import const

from han.display import wording
from han.display.canvas import CENTRE, FIGURES, HEIGHT, RIGHT, TEXT, WIDTH, width
from han.display.palette import AMBER, BLUE, GREEN, INK, LINE, RED, SOFT, full, reverse

MARGIN = const(12)
TOP = const(42)  # below the head

COLOURS = {"electricity": AMBER, "gas": BLUE}


def head(canvas, title, items):
    """The title and the local time."""
    canvas.text(MARGIN, 8, title)
    canvas.text(WIDTH - MARGIN, 8, wording.clock_time(wording.moment(items.get("time"))), SOFT, align=RIGHT)
    canvas.fill(0, 36, WIDTH, 2, LINE)


def foot(canvas, place, places):
    """A mark for every screen to the left and right, the shown one lit."""
    x = (WIDTH - places * 14) // 2
    for number in range(places):
        canvas.fill(x + number * 14 + 3, HEIGHT - 12, 8, 4, full(INK) if number == place else LINE)


def row(canvas, y, label, value, ramp=INK):
    """A label and its figure in a line."""
    canvas.text(MARGIN, y, label, SOFT)
    canvas.text(WIDTH - MARGIN, y, value, ramp, align=RIGHT)


def two(canvas, y, label, first, second):
    """A label and two figures, energy and money."""
    canvas.text(MARGIN, y, label, SOFT)
    canvas.text(152, y, first, align=RIGHT)
    canvas.text(WIDTH - MARGIN, y, second, align=RIGHT)


def figure(canvas, y, text, unit, x=WIDTH // 2, ramp=INK, font=FIGURES, unit_font=TEXT):
    """A figure around the middle with a smaller unit behind it; a dash stands alone."""
    if text == wording.DASH or not unit:
        canvas.text(x, y, text, ramp, font, CENTRE)
        return
    gap = 6
    wide = width(text, font)
    x -= (wide + gap + width(unit, unit_font)) // 2
    canvas.text(x, y, text, ramp, font)
    canvas.text(x + wide + gap, y + font.ASCENT - unit_font.ASCENT, unit, SOFT, unit_font)


def line(canvas, y):
    """A line between parts of a screen."""
    canvas.fill(MARGIN, y, WIDTH - 2 * MARGIN, 1, LINE)


def banner(canvas, y, text, ramp):
    """Something a person should notice, on an area in colour."""
    canvas.fill(0, y, WIDTH, 30, full(ramp))
    canvas.text(WIDTH // 2, y + 4, text, reverse(ramp), align=CENTRE)


def supply(canvas, y, items, fuel):
    """The state of the supply."""
    state = items.get(fuel + "_supply")
    words = {"on": "On", "off": "Off", "armed": "Ready: switch on"}
    row(canvas, y, "Supply", words.get(state, wording.DASH), {"on": GREEN, "off": RED, "armed": AMBER}.get(state, INK))
