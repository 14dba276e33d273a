# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs and tables of a state file, as `modelled.StatedLogs` takes them. Each list is oldest first.

    {
      "snapshots": [[identifier, time, cause, {payload fields}], ...],     "prepay_snapshots": the same,
      "debts": [[time, amount, debt type, outstanding debt], ...],
      "top_ups": [[time, amount, code], ...],
      "samples": {sample id: [time of the first, interval in seconds, [sample or null, ...]]},
      "events": {log id: [[time, event code, data], ...]},
      "calendars": {"0" tariff, "3" non-disablement: {
          "issuer_event_id": 1, "issuer_calendar_id": 2, "days": [[day, [[minutes, value], ...]], ...],
          "weeks": [[week, [day of Monday, ...]], ...], "seasons": [[date, week], ...],
          "special_start": 0, "special_days": [[date, day], ...]}},
      "price": {fields of publish_price},     "billing_period": {fields of publish_billing_period}
    }

Times are ISO text or seconds since 2000. Codes, data and dates are octets: {"hex": "1F8F"}.
"""

from collections.abc import Callable
from typing import Any

from hanref.errors import UsageError
from hanref.moments import moment

Check = Callable[[Any, str], Any]

DAYS_OF_A_WEEK = 7


def number(value: Any, where: str) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{where}: {value!r} is no whole number")
    return value


def time(value: Any, where: str) -> int:
    """A moment as ISO text or as seconds."""
    if isinstance(value, str):
        try:
            return moment(value)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
    return number(value, where)


def octets(value: Any, where: str) -> dict[str, str]:
    """Octets as {"hex": digits}."""
    if isinstance(value, dict) and list(value) == ["hex"]:
        try:
            bytes.fromhex(value["hex"])
        except (ValueError, TypeError):
            pass
        else:
            return value
    raise UsageError(f'{where}: write octets as {{"hex": "1F8F"}}')


def sample(value: Any, where: str) -> int | None:
    """A sample, null for one that is missing."""
    return None if value is None else number(value, where)


def fields(value: Any, where: str) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise UsageError(f"{where}: an object is expected")
    return value


def row(*checks: Check) -> Check:
    """A list with one item a check."""

    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(checks):
            raise UsageError(f"{where}: a list of {len(checks)} is expected")
        return [item(value[index], f"{where}: {index + 1}") for index, item in enumerate(checks)]

    return check


def rows(item: Check) -> Check:
    """A list of any length."""

    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise UsageError(f"{where}: a list is expected")
        return [item(entry, f"{where}: {index + 1}") for index, entry in enumerate(value)]

    return check


def numbered(item: Check) -> Check:
    """An object whose names are numbers."""

    def check(value: Any, where: str) -> dict[str, Any]:
        for name in fields(value, where):
            if not name.isdecimal():
                raise UsageError(f"{where}: {name}: a number is expected as the name")
        return {name: item(entry, f"{where}: {name}") for name, entry in value.items()}

    return check


CALENDAR: dict[str, Check] = {
    "issuer_event_id": number,
    "issuer_calendar_id": number,
    "days": rows(row(number, rows(row(number, number)))),
    "weeks": rows(row(number, row(*[number] * DAYS_OF_A_WEEK))),
    "seasons": rows(row(octets, number)),
    "special_start": time,
    "special_days": rows(row(octets, number)),
}


def calendar(value: Any, where: str) -> dict[str, Any]:
    """A calendar with all its parts."""
    return {name: check(fields(value, where).get(name), f"{where}: {name}") for name, check in CALENDAR.items()}


SNAPSHOTS = rows(row(number, time, number, fields))
LOGS: dict[str, Check] = {
    "snapshots": SNAPSHOTS,
    "prepay_snapshots": SNAPSHOTS,
    "debts": rows(row(time, number, number, number)),
    "top_ups": rows(row(time, number, octets)),
    "samples": numbered(row(time, number, rows(sample))),
    "events": numbered(rows(row(time, number, octets))),
    "calendars": numbered(calendar),
    "price": fields,
    "billing_period": fields,
}


def parse(plain: Any, where: str) -> dict[str, Any]:
    """The logs in plain data, checked; raises UsageError, which begins with `where` and the place."""
    for name in fields(plain, where):
        if name not in LOGS:
            raise UsageError(f"{where}: {name}: no such log; there are {', '.join(LOGS)}")
    return {name: LOGS[name](value, f"{where}: {name}") for name, value in plain.items()}
