# SPDX-License-Identifier: GPL-3.0-or-later
"""What the logs of a HAN must hold after a long run, worked out from what was fed to its meters and from nothing else.

Meters are fed by steps of the plan; a sample a second, the first one a second after the step. Sums of a swing are worked out
as fractions, so nothing here shares the arithmetic of the devices.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

HALF_HOUR = 1800
DAY = 86400
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

HALF_HOURS = 19056  # device requirements 5.1, as all of these
DAYS = 731
DAILY_READS = 31
TOP_UPS = 5
DEBT_PAYMENTS = 10
BILLINGS = 12
VOLTAGES = 4320
DAYS_KEPT, WEEKS_KEPT, MONTHS_KEPT = 9, 6, 14

Running = Callable[[int], int]  # a total since the start, at a moment


class LongRun:
    """The expected contents of the logs for a plan and its summary; `problems` names what differs. `top_ups` of the gas meter
    are (UTC at which they were sent, 10^-5 pounds), `billings` when the supplier ended a billing period."""

    def __init__(
        self, plan: dict[str, Any], summary: dict[str, Any], top_ups: list[tuple[int, int]], billings: list[int]
    ) -> None:
        self.start: int = plan["start"]
        self.end: int = plan["end"]
        self.last = (self.end - 1) // HALF_HOUR * HALF_HOUR
        self.logs = summary["logs"]
        self.histories = summary["histories"]
        self.screen = summary["devices"]["ihd"]["screen"]
        self.problems: list[str] = []
        self._top_ups = [(_woken(utc), amount) for utc, amount in top_ups if _woken(utc) < self.last]
        self._billings = [_woken(utc) for utc in billings if _woken(utc) < self.last]
        feeds = {verb: arguments for _, _, verb, arguments in plan["steps"] if verb in ("load", "voltage", "gas_flow")}
        self._watt_seconds = self._sum(feeds["load"], "watts", 1)
        self._millivolts = self._sum(feeds["voltage"], "volts", 1000)
        self._flow = self._sum(feeds["gas_flow"], "litres_per_hour", 1000)
        self._electricity = plan["devices"]["esme"]
        self._gas = plan["devices"]["gsme"]

    def check(self) -> list[str]:
        """Compare everything; the sentences that tell what differs."""
        half_hours = list(self._boundaries(HALF_HOUR))
        days = list(self._boundaries(DAY))
        used = self._used(self._watt_hours, half_hours)
        self._log("esme", "profile_data", HALF_HOURS, used, _period)
        self._log("esme", "daily_consumption", DAYS, self._used(self._watt_hours, days), _period)
        means = [
            (end, (self._millivolts(end) - self._millivolts(begin) + HALF_HOUR // 2) // HALF_HOUR)
            for begin, end in pairwise(half_hours)
        ]
        self._log("esme", "average_rms_voltage", VOLTAGES, means, _voltage)
        used = self._used(self._litres, half_hours)
        self._log("gpf", "profile_data", HALF_HOURS, used, _period)
        # The proxy knows nothing of the part of the first day before the meter joined.
        by_day = self._used(self._litres, days)
        self._log("gpf", "daily_consumption", DAYS, [(days[0], None), *by_day[1:]], _period)
        reads = [(midnight, self._register(midnight)) for midnight in days]
        for role in ("gsme", "gpf"):
            self._log(role, "daily_read", DAILY_READS, reads, _read)
        self._payments(days)
        self._history("esme", "history", self._watt_hours)
        self._history("esme", "cost", lambda utc: self._watt_hours(utc) * self._electricity["price"] // 1000)
        self._history("gpf", "energy", self._gas_watt_hours)
        self._history("gpf", "cost", lambda utc: self._gas_watt_hours(utc) * self._gas["price"] // 1000)
        return self.problems

    def full(self, *names: tuple[str, str]) -> list[str]:
        """Which of the logs (role, name) are not full."""
        found = []
        for role, name in names:
            size, capacity, octets = self.logs[role][name]
            if len(octets) != 2 * size * capacity:
                found.append("%s %s: %d of %d" % (role, name, len(octets) // 2 // size, capacity))
        return found

    def _payments(self, days: list[int]) -> None:
        """What the gas meter's account leaves in the logs. The meter gets a command in the wake that follows it, a few seconds
        after the half hour."""
        share = self._gas["debt_recovery_top_up_percentage3"]
        payments = [(utc, amount * share // 10000) for utc, amount in self._top_ups]
        debt = [
            int(self._gas["debt_amount3"]) - sum(paid for _, paid in payments[: place + 1]) for place in range(len(payments))
        ]

        def credit(utc: int) -> int:
            cost = self._gas_watt_hours(utc) * self._gas["price"] // 1000
            added = sum(amount - amount * share // 10000 for when, amount in self._top_ups if when < utc)
            return int(self._gas["credit_remaining"]) - cost + added

        for role in ("gsme", "gpf"):
            self._log(role, "prepayment_daily_read", DAILY_READS, [(utc, credit(utc)) for utc in days], _credit)
            self._log(role, "top_ups", TOP_UPS, self._top_ups, lambda record: (_at(record), _number(record, 29)))
            paid = [(utc, amount, rest) for (utc, amount), rest in zip(payments, debt, strict=True)]
            self._log(role, "debt_payments", DEBT_PAYMENTS, paid, _payment)
            wanted = [(utc, self._register(utc)) for utc in self._billings]
            self._log(role, "billing", BILLINGS, wanted, lambda record: (_at(record), _read(record)[1]))
            self._log(role, "prepayment_billing", BILLINGS, [(utc, credit(utc)) for utc in self._billings], _credit)

    # -- what was fed ----------------------------------------------------------------------------------------

    def _sum(self, arguments: dict[str, Any], name: str, scale: int) -> Running:
        """The sum of the samples from the start, which is when the feed began."""
        value = round(arguments[name] * scale)
        swing = round(arguments.get("swing", 0) * scale)
        period = arguments.get("swing_period", 4)
        quarter = period // 4
        legs = (
            (value, value + swing, quarter),
            (value + swing, value - swing, period - 2 * quarter),
            (value - swing, value, quarter),
        )

        def total(utc: int) -> int:
            rounds, rest = divmod(utc - self.start, period)
            found = Fraction(0)
            for begin, end, seconds in legs:
                found += rounds * _leg(begin, end, seconds, seconds)
                found += _leg(begin, end, seconds, min(rest, seconds))
                rest -= min(rest, seconds)
            return int(found // 1)

        return total

    def _watt_hours(self, utc: int) -> int:
        return self._watt_seconds(utc) // 3600

    def _register(self, utc: int) -> int:
        return int(self._gas["register"]) + self._flow(utc) // 3600000

    def _litres(self, utc: int) -> int:
        return self._register(utc) - int(self._gas["register"])

    def _gas_watt_hours(self, utc: int) -> int:
        """Cubic metres by calorific value (0.1 MJ) and conversion factor (10^-5), 3.6 MJ a kWh; since the start."""
        factor = self._gas["calorific_value"] * self._gas["conversion_factor"]
        at_start = int(self._gas["register"]) * factor // 3600000
        return self._register(utc) * factor // 3600000 - at_start

    # -- what should be there --------------------------------------------------------------------------------

    def _boundaries(self, interval: int) -> Iterator[int]:
        return iter(range(self.start + -self.start % interval or interval, self.end, interval))

    def _used(self, total: Running, ends: list[int]) -> list[tuple[int, int]]:
        at = [self.start, *ends]
        totals = [total(utc) for utc in at]
        return [(end, after - before) for end, before, after in zip(ends, totals, totals[1:], strict=False)]

    def _log(self, role: str, name: str, capacity: int, wanted: list[Any], read: Callable[[bytes], Any]) -> None:
        size, room, octets = self.logs[role][name]
        data = bytes.fromhex(octets)
        held = [read(data[at : at + size]) for at in range(0, len(data), size)]
        wanted = wanted[-capacity:]
        what = "%s %s" % (role, name)
        if room != capacity:
            self.problems.append("%s has room for %d, not %d" % (what, room, capacity))
        if len(held) != len(wanted):
            self.problems.append("%s holds %d entries, not %d" % (what, len(held), len(wanted)))
        for found, right in zip(held, wanted, strict=False):
            if found != right:
                self.problems.append("%s: %s, not %s" % (what, found, right))
                break

    def _history(self, role: str, name: str, total: Running) -> None:
        """Days, weeks and months up to the last half hour, newest first."""
        _, totals, _, _ = self.histories[role][name]
        kinds = (("day", DAYS_KEPT, totals[0]), ("week", WEEKS_KEPT, totals[1]), ("month", MONTHS_KEPT, totals[2]))
        for kind, count, held in kinds:
            wanted: list[int | None] = []
            end = self.last
            for _ in range(count):
                begin = _period_start(kind, end - 1)
                before = max(begin, self.start)
                wanted.append(total(end) - total(before) if end > self.start else None)
                end = begin
            if held != wanted:
                self.problems.append("%s %s, %ss: %s, not %s" % (role, name, kind, held, wanted))


def _leg(begin: int, end: int, seconds: int, count: int) -> Fraction:
    """The sum of the first `count` samples of a straight line that takes so many seconds."""
    return Fraction(count * begin) + (Fraction((end - begin) * count * (count + 1), 2 * seconds) if seconds else 0)


def _period_start(kind: str, utc: int) -> int:
    moment = EPOCH + timedelta(seconds=utc)
    midnight = moment.replace(hour=0, minute=0, second=0)
    if kind == "week":
        midnight -= timedelta(days=midnight.weekday())
    elif kind == "month":
        midnight = midnight.replace(day=1)
    return int((midnight - EPOCH).total_seconds())


def _woken(utc: int) -> int:
    """When the gas meter wakes after that."""
    return utc + -utc % HALF_HOUR


def _at(record: bytes) -> int:
    return int.from_bytes(record[:4], "little")


def _period(record: bytes) -> tuple[int, int | None]:
    value = int.from_bytes(record[4:7], "little")
    return _at(record), None if value == 0xFFFFFF else value


def _voltage(record: bytes) -> tuple[int, int]:
    return _at(record), _number(record, 4)


def _read(record: bytes) -> tuple[int, int]:
    """A snapshot: UTC, identifier, cause, type and length of the payload, which begins with the register."""
    return _at(record), int.from_bytes(record[14:20], "little")


def _credit(record: bytes) -> tuple[int, int]:
    """A snapshot of the account: six amounts, the credit last."""
    return _at(record), int.from_bytes(record[34:38], "little", signed=True)


def _payment(record: bytes) -> tuple[int, int, int]:
    """UTC, then collection time, amount, kind of debt and what is left of it."""
    return _at(record), _number(record, 8), _number(record, 13)


def _number(record: bytes, at: int) -> int:
    return int.from_bytes(record[at : at + 4], "little")
