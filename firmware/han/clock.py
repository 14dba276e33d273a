# SPDX-License-Identifier: Apache-2.0
"""Time: one count inside, every other form converted here and nowhere else.

Inside hanref a moment is an integer, seconds since 2000-01-01T00:00:00Z: the count of the Zigbee UTCTime
[ZSE 1], a small integer on a 32-bit board. None means "no time".
"""

from micropython import const

from han.errors import HanError

# Status numbers as GBCS writes them in answers to Set Clock [GBCS 9.1, REQ-CLK-5].
RELIABLE = const(0)
INVALID = const(1)
UNRELIABLE = const(2)

STATUS_NAMES = ("reliable", "invalid", "unreliable")

NO_TIME = 0xFFFFFFFF  # on the air
SECONDS_1970_TO_2000 = 946684800

DAY = const(86400)
HALF_HOUR = const(1800)


class TimeError(HanError):
    """A text or octets that are no date and time."""


def status_number(name):
    """`reliable`, `unreliable` or `invalid` as its number; raises TimeError."""
    try:
        return STATUS_NAMES.index(name)
    except ValueError:
        raise TimeError("clock status %r: say reliable, unreliable or invalid" % (name,))


def from_air(value):
    """A UTCTime from the air as `utc`: 0xFFFFFFFF is None [ZSE 1]."""
    return None if value is None or value == NO_TIME else value


def to_air(utc):
    """The UTCTime for the air."""
    return NO_TIME if utc is None else utc


def from_unix(seconds):
    """`utc` from seconds since 1970."""
    return int(seconds) - SECONDS_1970_TO_2000


def to_unix(utc):
    """Seconds since 1970."""
    return utc + SECONDS_1970_TO_2000


def civil(utc):
    """(year, month, day, hour, minute, second) of a moment."""
    days, rest = divmod(utc, DAY)
    year, month, day = civil_date(days)
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60


def civil_date(days):
    """(year, month, day) of a day counted from 2000-01-01."""
    # Years are counted from March, so that the leap day ends a year; 2000-03-01 is day 60.
    z = days - 60
    era, in_era = divmod(z, 146097)
    year = (in_era - in_era // 1460 + in_era // 36524 - in_era // 146096) // 365
    in_year = in_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * in_year + 2) // 153
    day = in_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return 2000 + era * 400 + year + (1 if month <= 2 else 0), month, day


def day_number(year, month, day):
    """Days from 2000-01-01 to a date."""
    year -= 2000 + (1 if month <= 2 else 0)
    era, in_era = divmod(year, 400)
    shifted = month - 3 if month > 2 else month + 9
    in_year = (153 * shifted + 2) // 5 + day - 1
    return era * 146097 + in_era * 365 + in_era // 4 - in_era // 100 + in_year + 60


def moment(year, month, day, hour=0, minute=0, second=0):
    """`utc` of a date and time; raises TimeError when there is no such moment."""
    number = day_number(year, month, day)
    if civil_date(number) != (year, month, day) or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise TimeError("%d-%02d-%02d %02d:%02d:%02d is no date and time" % (year, month, day, hour, minute, second))
    return number * DAY + hour * 3600 + minute * 60 + second


def to_iso(utc):
    """`2022-11-03T10:00:00Z`, or None for no time."""
    return None if utc is None else "%04d-%02d-%02dT%02d:%02d:%02dZ" % civil(utc)


def from_iso(text):
    """`utc` of `2022-11-03T10:00:00Z`; raises TimeError."""
    try:
        if len(text) != 20 or text[4] + text[7] + text[10] + text[13] + text[16] + text[19] != "--T::Z":
            raise ValueError
        parts = [int(text[i : i + n]) for i, n in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))]
    except (ValueError, TypeError):
        raise TimeError("%r is no time: write it as 2022-11-03T10:00:00Z" % (text,))
    return moment(*parts)


def weekday(utc):
    """0 for Monday .. 6 for Sunday."""
    return (utc // DAY + 5) % 7  # 2000-01-01 was a Saturday


def last_sunday(year, month):
    """Midnight at the start of the last Sunday of a month of 31 days."""
    utc = moment(year, month, 31)
    return utc - (weekday(utc) + 1) % 7 * DAY


def local_offset(utc):
    """Seconds to add for GB local time: an hour between the last Sundays of March and October, 01:00 UTC."""
    year = civil_date(utc // DAY)[0]
    if last_sunday(year, 3) + 3600 <= utc < last_sunday(year, 10) + 3600:
        return 3600
    return 0


class Clock:
    """What a device believes the time is: its offset from the node's time, and how far it may be trusted.

    The node's time is handed in by the caller with every question; the clock keeps none of its own.
    """

    def __init__(self, status=INVALID):
        self.offset = 0
        self.status = status

    def set(self, utc, time, status=RELIABLE):
        """From node time `time` on the clock reads `utc`."""
        self.offset = utc - time
        self.status = status

    def utc(self, time):
        """What the clock reads, None while it is invalid."""
        return None if self.status == INVALID else time + self.offset

    def time_of(self, utc):
        """The node time at which the clock will read `utc`."""
        return utc - self.offset
