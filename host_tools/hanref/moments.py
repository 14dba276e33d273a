# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments and durations as people write them in scenario files and see them in traces.

Inside a moment is `utc`, seconds since 2000-01-01T00:00:00Z, as everywhere in hanref; a trace counts milliseconds.
"""

import re
from datetime import UTC, date, datetime

from han.clock import from_iso, to_iso

DAY = 86400
HALF_HOUR = 1800

_WHOLE = ".000Z"
_UNITS = {"d": DAY, "h": 3600, "m": 60, "s": 1}
_CLOCK = re.compile(r"(?:(\d+)d)?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_COUNT = re.compile(r"(\d+)([dhms])")


def duration(text: object) -> int:
    """Seconds of "2d", "36h", "90m", "10s", "10:17:00" or "1d10:17:00"; raises ValueError."""
    if isinstance(text, str):
        clock = _CLOCK.fullmatch(text)
        if clock:
            days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            return days * DAY + hours * 3600 + minutes * 60 + seconds
        count = _COUNT.fullmatch(text)
        if count:
            return int(count[1]) * _UNITS[count[2]]
    raise ValueError('%r is no duration: write "2d", "36h", "10:17:00" or "1d10:17:00"' % (text,))


def moment(value: object) -> int:
    """`utc` of an ISO text or a TOML date-time, both in UTC; raises ValueError."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("%s has no time zone: add Z" % value.isoformat())
        if value.microsecond:
            raise ValueError("%s: whole seconds only" % value.isoformat())
        return _from_iso(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if isinstance(value, date):
        return _from_iso(value.isoformat() + "T00:00:00Z")
    return _from_iso(value)


def moment_or_offset(value: object, origin: int) -> int:
    """A moment, or "+1d10:17:00" / "-10d" counted from `origin`; raises ValueError."""
    if isinstance(value, str) and value[:1] in ("+", "-"):
        seconds = duration(value[1:])
        return origin + seconds if value[0] == "+" else origin - seconds
    return moment(value)


def _from_iso(text: object) -> int:
    if isinstance(text, str) and text.endswith(_WHOLE):
        text = text[: -len(_WHOLE)] + "Z"  # as the time of an event is written
    try:
        return int(from_iso(text))
    except Exception as error:
        raise ValueError(str(error)) from None


def milliseconds_text(milliseconds: int) -> str:
    """ISO time with milliseconds, as traces carry it, of milliseconds since 2000."""
    seconds, rest = divmod(milliseconds, 1000)
    return "%s.%03dZ" % (to_iso(seconds)[:-1], rest)


def milliseconds_of(text: str) -> int:
    """Milliseconds since 2000 of an ISO time with or without a fraction; raises ValueError."""
    whole, dot, fraction = text.partition(".")
    if not dot:
        return _from_iso(text) * 1000
    if fraction[-1:] != "Z" or not fraction[:-1].isdigit():
        raise ValueError("%r is no time: write it as 2022-11-03T10:00:00.000Z" % text)
    return _from_iso(whole + "Z") * 1000 + int(fraction[:-1].ljust(3, "0")[:3])
