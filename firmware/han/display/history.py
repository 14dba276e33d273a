# SPDX-License-Identifier: Apache-2.0
"""The screens of the past: bars of days, weeks and months. A period without a value has a dash and no bar."""

from micropython import const

from han.display import frame, wording
from han.display.canvas import RIGHT, WIDTH, width
from han.display.palette import INK, LINE, SOFT, full

_BAR = const(110)  # where bars begin
_LONGEST = const(60)
_CURRENT = {"days": "today", "weeks": "week", "months": "month"}
_PITCH = {"days": 27, "weeks": 38, "months": 18}


def draw(canvas, items, view):
    """`view["page"]` is fuel and kind: electricity_days, gas_months, ...; `view["money"]` shows cost in place of energy."""
    fuel, kind = view["page"].split("_")
    money = view.get("money")
    prefix = fuel + "_cost" if money else fuel
    values = [items.get("%s_%s" % (prefix, _CURRENT[kind]))]
    values += items.get("%s_previous_%s" % (prefix, kind)) or ()
    title = "%s%s, %s" % (fuel[0].upper(), fuel[1:], "cost" if money else "kWh")
    frame.head(canvas, title, items)
    most = max([value for value in values if value is not None] or [0])
    utc = wording.moment(items.get("time"))
    ramp = frame.COLOURS[fuel]
    pitch = _PITCH[kind]
    texts = [wording.money(value) if money else wording.brief_kilo(value) for value in values]
    longest = min(_LONGEST, WIDTH - frame.MARGIN - _BAR - 9 - max([width(text) for text in texts]))
    y = frame.TOP
    for age, value in enumerate(values):
        canvas.text(frame.MARGIN, y, wording.period(kind, utc, age), INK if not age else SOFT)
        canvas.text(WIDTH - frame.MARGIN, y, texts[age], INK if value is not None else SOFT, align=RIGHT)
        if value:
            long = max(2, value * longest // most)
            canvas.fill(_BAR + 3, y + 6, long, 12, full(ramp) if not age else ramp[1] >> 4)
        canvas.fill(_BAR, y + 2, 1, pitch, LINE)
        y += pitch
