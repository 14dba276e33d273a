# SPDX-License-Identifier: Apache-2.0
"""How figures are written on a display: money to the penny, energy, power, local time. No value is a dash, never a number."""

from han.clock import DAY, civil, civil_date, from_iso, local_offset, weekday

DASH = "–"

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def money(value):
    """Pounds of 10^-5 pounds, a half penny away from zero."""
    if value is None:
        return DASH
    pence = (abs(value) + 500) // 1000
    return "%s£%d.%02d" % ("-" if value < 0 and pence else "", pence // 100, pence % 100)


def price(value):
    """Pence a kWh of 10^-5 pounds a kWh."""
    if value is None:
        return DASH
    hundredths = (value + 5) // 10
    return "%d.%02dp" % (hundredths // 100, hundredths % 100)


def kilo(value):
    """A thousandth part with two decimals: W as kW, Wh as kWh; negative is export."""
    if value is None:
        return DASH
    hundredths = (abs(value) + 5) // 10
    return "%s%d.%02d" % ("-" if value < 0 and hundredths else "", hundredths // 100, hundredths % 100)


def brief_kilo(value):
    """Wh as kWh in at most five characters."""
    if value is None:
        return DASH
    if value < 99995:
        return kilo(value)
    return "%d.%d" % divmod((value + 50) // 100, 10) if value < 999950 else str((value + 500) // 1000)


def cubic_metres(litres):
    """Litres as cubic metres with three decimals."""
    return DASH if litres is None else "%d.%03d" % divmod(litres, 1000)


def moment(iso):
    """`utc` of an item's ISO time, None for none."""
    return None if iso is None else from_iso(iso)


def clock_time(utc):
    """Hour and minute of GB local time."""
    if utc is None:
        return "%s:%s" % (DASH, DASH)
    return "%02d:%02d" % civil(utc + local_offset(utc))[3:5]


def date(utc):
    """Day of the week, day and month of GB local time."""
    if utc is None:
        return DASH
    utc += local_offset(utc)
    _, month, day, _, _, _ = civil(utc)
    return "%s %d %s" % (_DAYS[weekday(utc)], day, _MONTHS[month - 1])


def age(seconds):
    """How long ago something was."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return "%d min ago" % (seconds // 60)
    if seconds < 2 * DAY:
        return "%d h %d min ago" % (seconds // 3600, seconds // 60 % 60)
    return "%d days ago" % (seconds // DAY)


def period(kind, utc, age):
    """The name of a period: today, the days before it, weeks by their Monday, months."""
    if not age:
        return {"days": "Today", "weeks": "This week", "months": "This month"}[kind]
    if utc is None:
        return "%d %s ago" % (age, kind)
    if kind == "months":
        year, month, _ = civil_date(utc // DAY)
        number = year * 12 + month - 1 - age
        return "%s %d" % (_MONTHS[number % 12], number // 12)
    start = utc - age * DAY if kind == "days" else utc - (weekday(utc) + 7 * age) * DAY
    _, month, day = civil_date(start // DAY)
    if kind == "days":
        return "%s %d" % (_DAYS[weekday(start)], day)
    return "%d %s" % (day, _MONTHS[month - 1])
