# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and times of GBCS messages as text: COSEM octets, Zigbee seconds, GeneralizedTime.

A moment that is wholly said is ISO text in UTC. COSEM and Zigbee dates may leave parts open or name a rule (the last
Sunday); such parts show as `*` or in words.
"""

from functools import lru_cache

from han.clock import TimeError, civil_date, moment, to_iso

ANY = 0xFF
NO_DEVIATION = 0x8000
NOW_TEXT, CANCELLED_TEXT = "immediate", "cancelled"

# A COSEM date-time that stands for "at once" or "never", whatever its last three octets say [GBCS 9.2].
_IMMEDIATE = bytes(9)
_CANCELLED = bytes([ANY] * 9)
# Months and days of the month that name a rule.
_MONTHS = {0xFD: "daylight saving end", 0xFE: "daylight saving begin"}
_DAYS = {0xFD: "second last day", 0xFE: "last day"}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@lru_cache(maxsize=4096)
def _day_text(days: int) -> str:
    return "%04d-%02d-%02dT" % civil_date(days)


def utc_text(seconds: int) -> str:
    """ISO text of seconds since 2000-01-01T00:00:00Z."""
    days, rest = divmod(seconds, 86400)
    return "%s%02d:%02d:%02dZ" % (_day_text(days), rest // 3600, rest // 60 % 60, rest % 60)


@lru_cache(maxsize=4096)
def header_utc(octets: bytes) -> str | None:
    """ISO text of a COSEM date-time of 12 octets; None where it leaves a part open or is no date."""
    deviation = octets[9] << 8 | octets[10]
    try:
        utc = moment(octets[0] << 8 | octets[1], octets[2], octets[3], octets[5], octets[6], octets[7])
    except TimeError:
        return None
    if deviation != NO_DEVIATION:
        # Minutes from local time to UTC.
        utc += (deviation - (deviation >> 15 << 16)) * 60
    text: str | None = to_iso(utc)
    return text


@lru_cache(maxsize=4096)
def cosem_text(octets: bytes) -> str:
    """Text of a COSEM date (5 octets), time (4) or date-time (12)."""
    if len(octets) == 4:
        return _time(octets)
    if len(octets) == 5:
        return _date(octets)
    return header_utc(octets) or "%s %s" % (_date(octets[:5]), _time(octets[5:9]))


def activation_text(octets: bytes) -> str:
    """Text of the date-time at which a setting becomes active: `immediate`, `cancelled` or when."""
    if octets[:9] == _IMMEDIATE:
        return NOW_TEXT
    return CANCELLED_TEXT if octets[:9] == _CANCELLED else cosem_text(octets)


def zigbee_activation_text(seconds: int) -> str:
    """The same for Zigbee seconds since 2000."""
    if seconds == 0:
        return NOW_TEXT
    return CANCELLED_TEXT if seconds == 0xFFFFFFFF else utc_text(seconds)


def zigbee_date_text(octets: bytes) -> str:
    """Text of a Zigbee date: year from 1900, month, day, day of week, FF where any will do."""
    year = b"\xff\xff" if octets[0] == ANY else (1900 + octets[0]).to_bytes(2, "big")
    return _date(year + octets[1:4])


def _date(octets: bytes) -> str:
    year = octets[0] << 8 | octets[1]
    month, day, weekday = octets[2:5]
    if month in _MONTHS:
        month_text = _MONTHS[month]
    else:
        month_text = "*" if month == ANY else "%02d" % month
    if day in _DAYS:
        day_text = _DAYS[day]
    else:
        day_text = "*" if day == ANY else "%02d" % day
    text = "%s-%s-%s" % ("*" if year == 0xFFFF else "%04d" % year, month_text, day_text)
    if weekday != ANY:
        text += " " + (_WEEKDAYS[weekday - 1] if 1 <= weekday <= 7 else "weekday %d" % weekday)
    return text


def _time(octets: bytes) -> str:
    hour, minute, second, hundredths = octets
    text = ":".join("*" if part == ANY else "%02d" % part for part in (hour, minute, second))
    return text if hundredths in (0, ANY) else "%s.%02d" % (text, hundredths)


def generalized_text(octets: bytes) -> str:
    """ISO text of a GeneralizedTime `20230102000000Z`; the latest time of all means cancelled [GBCS 9.2]."""
    text = octets.decode("ascii", "replace")
    if text == "99991231235959Z":
        return CANCELLED_TEXT
    if len(text) == 15 and text[:14].isdigit() and text[14] == "Z":
        return "%s-%s-%sT%s:%s:%sZ" % (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14])
    return text
