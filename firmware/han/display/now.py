# SPDX-License-Identifier: Apache-2.0
"""The screens of what goes on now: home with the ambient light, electricity, gas."""

from han.display import frame, wording
from han.display.canvas import CENTRE, FIGURES, LARGE, RIGHT, WIDTH
from han.display.palette import AMBER, GREEN, INK, LINE, RED, SOFT, full

_AMBIENT = ("low", "medium", "high")
_LIGHTS = (GREEN, AMBER, RED)
_WORDS = ("Low use", "Medium use", "High use")


def home(canvas, items, view):
    """The ambient light, power and its cost, both fuels today."""
    frame.head(canvas, wording.date(wording.moment(items.get("time"))), items)
    _light(canvas, 46, items.get("electricity_ambient"))
    frame.figure(canvas, 78, wording.kilo(items.get("electricity_power")), "kW", font=LARGE, unit_font=FIGURES)
    cost = items.get("electricity_cost_per_hour")
    canvas.text(WIDTH // 2, 146, wording.money(cost) + ("" if cost is None else " an hour"), SOFT, align=CENTRE)
    frame.line(canvas, 172)
    if items.get("electricity_low_credit") or items.get("gas_low_credit"):
        frame.banner(canvas, 173, "Low credit", RED)
    else:
        canvas.text(frame.MARGIN, 178, "Today", SOFT)
    _today(canvas, 208, "electricity", "Electricity", items)
    _today(canvas, 254, "gas", "Gas", items)


def electricity(canvas, items, view):
    """Power, what it costs, the meter."""
    frame.head(canvas, "Electricity", items)
    frame.figure(canvas, 40, wording.kilo(items.get("electricity_power")), "kW", font=LARGE, unit_font=FIGURES)
    cost = items.get("electricity_cost_per_hour")
    canvas.text(WIDTH // 2, 106, wording.money(cost) + ("" if cost is None else " an hour"), SOFT, align=CENTRE)
    _used(canvas, 140, "electricity", items)
    frame.row(canvas, 236, "Price of a kWh", wording.price(items.get("electricity_price")))
    frame.row(canvas, 258, "Meter, kWh", wording.kilo(items.get("electricity_register")))
    frame.supply(canvas, 280, items, "electricity")


def gas(canvas, items, view):
    """Gas of about the last half hour, the reading and its age."""
    frame.head(canvas, "Gas", items)
    rate = items.get("gas_rate")
    frame.figure(canvas, 46, wording.kilo(rate), "m³ an hour")
    read = wording.moment(items.get("gas_reading_time"))
    now = wording.moment(items.get("time"))
    age = None if read is None or now is None else max(0, now - read)
    canvas.text(WIDTH // 2, 84, "in the last half hour" if rate is not None else "", SOFT, align=CENTRE)
    if age is None:
        canvas.text(WIDTH // 2, 108, "no reading", SOFT, align=CENTRE)
    else:
        text = "read at %s, %s" % (wording.clock_time(read), wording.age(age))
        canvas.text(WIDTH // 2, 108, text, SOFT if age < 3600 else AMBER, align=CENTRE)
    _used(canvas, 140, "gas", items)
    frame.row(canvas, 236, "Price of a kWh", wording.price(items.get("gas_price")))
    frame.row(canvas, 258, "Meter, m³", wording.cubic_metres(items.get("gas_register")))
    frame.supply(canvas, 280, items, "gas")


def _light(canvas, y, ambient):
    """Three lamps, the right one lit, and what it means in words: colour alone does not tell everybody."""
    lit = _AMBIENT.index(ambient) if ambient in _AMBIENT else None
    for number, ramp in enumerate(_LIGHTS):
        canvas.fill(frame.MARGIN + number * 74, y, 68, 12, full(ramp) if number == lit else LINE)
    if lit is not None:
        canvas.text(frame.MARGIN + lit * 74 + 34, y + 16, _WORDS[lit], _LIGHTS[lit], align=CENTRE)


def _today(canvas, y, fuel, label, items):
    canvas.fill(frame.MARGIN, y + 1, 4, 36, full(frame.COLOURS[fuel]))
    canvas.text(frame.MARGIN + 12, y - 3, label, SOFT)
    used = items.get(fuel + "_today")
    canvas.text(frame.MARGIN + 12, y + 18, wording.DASH if used is None else wording.kilo(used) + " kWh")
    canvas.text(WIDTH - frame.MARGIN, y + 8, wording.money(items.get(fuel + "_cost_today")), INK, FIGURES, RIGHT)


def _used(canvas, y, fuel, items):
    """kWh and money of the current day, week and month."""
    frame.two(canvas, y, "", "kWh", "cost")
    for number, (label, name) in enumerate((("Today", "today"), ("Week", "week"), ("Month", "month"))):
        used = items.get("%s_%s" % (fuel, name))
        cost = items.get("%s_cost_%s" % (fuel, name))
        frame.two(canvas, y + 22 + number * 22, label, wording.kilo(used), wording.money(cost))
    frame.line(canvas, y + 91)
