# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a log of average RMS voltage from CSV. docs/check.md says which columns there are."""

import csv
import math
import re
from collections.abc import Iterable
from pathlib import Path

from han.clock import local_offset
from han.clock import moment as utc_of
from han.errors import HanError

from hanref.errors import UsageError
from hanref.voltage_log.log import Row, VoltageLog, usual_period

ZONES = ("utc", "gb")  # of times that do not say theirs
LONGEST = 86400  # seconds a period may have
MOST_VOLTS = 1000.0

_TIMES = ("time", "end", "timestamp", "utc")
_VOLTS = re.compile(r"(volts|voltage|millivolts)(?:[_ ]?([123]))?")
_UNITS = {"v": 1.0, "mv": 0.001}
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.0+)?)?\s*(Z|[+-]\d{2}:?\d{2})?")
_BRITISH = re.compile(r"(\d{2})/(\d{2})/(\d{4}) (\d{2}):(\d{2})(?::(\d{2}))?()")


def is_voltage_log(path: Path) -> bool:
    """Whether a file says by its name that it is CSV."""
    return path.suffix.lower() == ".csv"


def read(path: Path, zone: str = "utc", period: int | None = None) -> VoltageLog:
    """The log in a file; see `parse`. Raises UsageError naming the file and the row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError("%s: cannot be read: %s" % (path, error.strerror)) from None
    except UnicodeDecodeError:
        raise UsageError("%s: is not text in UTF-8" % path) from None
    return parse(text, str(path), zone, period)


def parse(text: str, file: str, zone: str = "utc", period: int | None = None) -> VoltageLog:
    """The log in `text`; `zone` is that of times without one, `period` in seconds, None to take the commonest distance.

    Rows count from 1, the line of names; a `#` begins a comment line. Raises UsageError naming `file` and row.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"]
    if not lines:
        raise UsageError("%s: the file is empty" % file)
    first = lines[0][1]
    delimiter = max(",;\t", key=first.count)
    names = _cells(first, delimiter, "%s: row %d" % (file, lines[0][0]))
    columns = _Columns(names, "%s: row %d" % (file, lines[0][0]))
    rows = []
    blank = 0
    for number, line in lines[1:]:
        where = "%s: row %d" % (file, number)
        cells = _cells(line, delimiter, where)
        if len(cells) != len(names):
            raise UsageError("%s: has %d columns, the line of names has %d" % (where, len(cells), len(names)))
        volts = columns.volts(cells, where)
        if volts is None:
            blank += 1
        rows.append((cells[columns.time], volts, number))
    found = [Row(utc, volts, number) for utc, volts, number in _dated(rows, zone, file) if volts is not None]
    if not found:
        raise UsageError("%s: the log holds no average" % file)
    usual = period if period is not None else usual_period(found)
    if usual is None:
        raise UsageError("%s: one entry does not tell the period: say --period SECONDS" % file)
    if not 0 < usual <= LONGEST:
        raise UsageError("%s: the commonest distance of two rows is %d s, no period: say --period SECONDS" % (file, usual))
    return VoltageLog(found, usual, blank)


def _cells(line: str, delimiter: str, where: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration) as error:
        raise UsageError("%s: is no line of CSV: %s" % (where, error)) from None


class _Columns:
    """Which column is what, by the line of names."""

    def __init__(self, names: list[str], where: str) -> None:
        known = [re.sub(r"\s*[\[(]\s*(\w+)\s*[\])]$", r"|\1", name.lower()) for name in names]
        times = [place for place, name in enumerate(known) if name in _TIMES]
        if len(times) != 1:
            raise UsageError("%s: %s column of times: name one of them time" % (where, "no" if not times else "more than one"))
        self.time = times[0]
        self._volts: dict[int, tuple[int, float, str]] = {}
        for place, name in enumerate(known):
            self._take(place, name, names[place], where)
        phases = sorted(self._volts)
        if phases not in ([0], [1], [1, 2], [1, 2, 3]):
            raise UsageError("%s: no column volts, nor volts_1 to volts_3 for the phases" % where)
        self._order = [self._volts[phase] for phase in phases]

    def _take(self, place: int, name: str, given: str, where: str) -> None:
        name, _, unit = name.partition("|")
        matched = _VOLTS.fullmatch(name)
        if matched is None:
            return
        usual = "mv" if matched[1] == "millivolts" else "v"
        if (unit or usual) not in _UNITS or (unit and matched[1] != "voltage" and unit != usual):
            raise UsageError("%s: %s: the unit is V or mV" % (where, given))
        phase = int(matched[2] or 0)
        if phase in self._volts:
            raise UsageError("%s: two columns for the same voltage: %s" % (where, given))
        self._volts[phase] = (place, _UNITS[unit or usual], given)

    def volts(self, cells: list[str], where: str) -> tuple[float, ...] | None:
        """The averages of a row, None where none of them has a value."""
        if not any(cells[place] for place, _, _ in self._order):
            return None
        return tuple(_volts(cells[place], scale, "%s: %s" % (where, name)) for place, scale, name in self._order)


def _volts(text: str, scale: float, where: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not math.isfinite(float(text)):
        raise UsageError("%s: %r is no voltage: write it as 241.5" % (where, text))
    volts = round(float(text) * scale, 6)
    if volts > MOST_VOLTS:
        raise UsageError("%s: %s V is no mains voltage: a column in millivolts is named millivolts" % (where, text))
    return volts


# --- times ----------------------------------------------------------------------------------------------------


def _dated(
    rows: list[tuple[str, tuple[float, ...] | None, int]], zone: str, file: str
) -> list[tuple[int, tuple[float, ...] | None, int]]:
    """The rows with their utc, oldest first; the newest may come first in the file. GB time says some times of an October
    night twice: their order tells which is meant."""
    told = [_moments(text, zone, "%s: row %d" % (file, number)) for text, _, number in rows]
    if len(told) > 1 and told[0][0] > told[-1][-1]:
        told.reverse()
        rows = rows[::-1]
    found: list[tuple[int, tuple[float, ...] | None, int]] = []
    for candidates, (_, volts, number) in zip(told, rows, strict=True):
        last = found[-1][0] if found else candidates[0] - 1
        later = [utc for utc in candidates if utc > last] or candidates[-1:]
        if later[0] < last:
            raise UsageError("%s: row %d: is out of order: rows are oldest first or newest first" % (file, number))
        found.append((later[0], volts, number))
    return found


def _moments(text: str, zone: str, where: str) -> tuple[int, ...]:
    """What a time may mean in utc, earliest first."""
    british = _BRITISH.fullmatch(text)
    matched = british or _ISO.fullmatch(text)
    if matched is None:
        raise UsageError("%s: %r is no time: write it as 2022-11-03T10:30:00Z" % (where, text))
    order = (3, 2, 1, 4, 5, 6) if british else (1, 2, 3, 4, 5, 6)
    try:
        local = _checked([int(matched[place] or 0) for place in order])
    except (HanError, ValueError):
        raise UsageError("%s: %r: there is no such day or hour" % (where, text)) from None
    if matched[7]:
        return (local - _offset(matched[7], where),)
    if zone == "utc":
        return (local,)
    meant = tuple(utc for utc in (local - 3600, local) if utc + local_offset(utc) == local)
    if not meant:
        raise UsageError("%s: %r: clocks in Great Britain leave this hour out: is it UTC?" % (where, text))
    return meant


def _checked(numbers: Iterable[int]) -> int:
    year, month, day, hour, minute, second = numbers
    if not (2000 <= year < 2100 and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60 and day >= 1):
        raise ValueError
    utc = int(utc_of(year, month, day, hour, minute, second))
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    if utc >= utc_of(following[0], following[1], 1):
        raise ValueError
    return utc


def _offset(text: str, where: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise UsageError("%s: %s is no offset from UTC" % (where, text))
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)
