# SPDX-License-Identifier: GPL-3.0-or-later
"""The electricity meter's supply: load limit, outages, maximum demand."""

from dataclasses import dataclass
from typing import Any

from han.clock import to_iso

from hanref.moments import HALF_HOUR, moment
from hanref.requirements.clock_model import clock_status
from hanref.requirements.displays import METERING
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import dialogues
from hanref.requirements.wire import each_exchange
from hanref.trace import Event, Trace

ABOVE_LIMIT, DISABLED, RESTORED = 0x8F01, 0x8F33, 0x8F34
LIMIT_PERIOD, RESTORATION = 30, 300  # seconds; the second is the model's own default
SOON = 5  # seconds

OUTAGE = 0x8F35  # the next code after three minutes or longer; phases 1 to 3 follow in pairs
OUTAGE_CODES = range(0x8F35, 0x8F3D)
LONG = 180
UNSURE = 10  # seconds about the three minutes, within a clock's tolerance, in which either code is right
DEAD = 50.0  # volts

MAXIMUM, MAXIMUM_TIME = "current_max_demand_delivered", "current_max_demand_delivered_time"


def _configuration(trace: Trace, device: str) -> dict[str, Any]:
    return dict(trace.header.get("devices", {}).get(device, {}).get("configuration", {}))


def _told(trace: Trace, device: str, *codes: int) -> list[tuple[int, Event]]:
    found = [(int(str(event.get("code")), 16), event) for event in trace.of("alert", source=device)]
    return [(code, event) for code, event in found if code in codes]


# --- load limit -----------------------------------------------------------------------------------------------


@judges(
    "REQ-ESME-3",
    severity=1,
    reference="tells import above the limit after 30 s, has the supply off and armed, and restores it",
    tests=["AT-ESME-3"],
)
def load_limit(trace: Trace, device: str) -> Finding:
    """Judged where the scenario sets a limit and the bench feeds constant loads."""
    case = Case()
    limit = _configuration(trace, device).get("load_limit")
    if not limit:
        return case.result("", "no load limit is set in the trace")
    walk = _Load(limit["watts"], limit.get("period", LIMIT_PERIOD))
    walk.take_all(trace, device)
    above = _told(trace, device, ABOVE_LIMIT)
    for due, order in walk.due:
        match = [event for _, event in above if abs(event.utc - due) <= SOON]
        case.check(len(match) == 1, "event 8F01 came %d times about %s" % (len(match), to_iso(due)), order, *match)
        for event in match:
            _check_disabled(case, trace, device, event, limit)
    for _, event in above:
        known = any(abs(event.utc - due) <= SOON for due, _ in walk.due)
        if not known and not any(begin <= event.utc <= end + SOON for begin, end in walk.unclear):
            case.fails("event 8F01 came at %s for no import above the limit that lasted" % event.time, event)
    return case.result("imports above the limit were told and acted upon", "no import lasted above the limit in the trace")


class _Load:
    """Walks through what the bench drew and when the supply was there: `due` are (utc, order) of imports that lasted,
    `unclear` the spans in which the load was not constant."""

    def __init__(self, watts: int, period: int) -> None:
        self._watts = watts
        self._period = period
        self.due: list[tuple[int, Event]] = []
        self.unclear: list[tuple[int, int]] = []
        self._order: Event | None = None
        self._since: int | None = None
        self._supplied = self._powered = True
        self._unclear_since: int | None = None

    def take_all(self, trace: Trace, device: str) -> None:
        orders = [event for event in trace.of("bench", destination=device) if event.get("verb") == "load"]
        changes = orders + trace.of("supply", source=device) + trace.of("power", source=device)
        for event in sorted(changes, key=lambda event: event.n):
            self._reach(event.utc)
            self._change(event)
        self._reach(trace.end // 1000 - SOON)
        if self._unclear_since is not None:
            self.unclear.append((self._unclear_since, trace.end // 1000))

    def _reach(self, utc: int) -> None:
        if self._since is not None and self._order is not None and utc - self._since >= self._period:
            self.due.append((self._since + self._period, self._order))
            self._since = None  # told once, until it falls below

    def _change(self, event: Event) -> None:
        if event.kind == "supply":
            self._supplied = event.get("status") == "on"
        elif event.kind == "power":
            self._powered = bool(event.get("on"))
        else:
            self._new_load(event)
            return
        self._since = event.utc if self._is_above() else None

    def _new_load(self, order: Event) -> None:
        arguments = order.get("arguments") or {}
        if self._unclear_since is not None:
            self.unclear.append((self._unclear_since, order.utc))
        constant = not (arguments.get("swing") or arguments.get("over"))
        self._unclear_since = None if constant else order.utc
        was_above = self._is_above()
        self._order = order if constant else None
        if not self._is_above():
            self._since = None
        elif not was_above:
            self._since = order.utc

    def _is_above(self) -> bool:
        arguments = {} if self._order is None else self._order.get("arguments") or {}
        return self._supplied and self._powered and arguments.get("watts", 0) > self._watts


def _check_disabled(case: Case, trace: Trace, device: str, event: Event, limit: dict[str, Any]) -> None:
    """A limit that disables: off and armed at once, restored after its time, unless somebody was faster."""
    since, until = event.milliseconds, event.milliseconds + SOON * 1000
    told = [other for _, other in _told(trace, device, DISABLED) if since <= other.milliseconds <= until]
    if not limit.get("disables"):
        case.check(not told, "event 8F33 came though the limit does not disable the supply", event, *told)
        return
    states = [str(other.get("status")) for other in trace.of("supply", source=device, since=since, until=until)]
    case.check(
        len(told) == 1 and "armed" in states and "on" not in states,
        "above the limit event 8F33 came %d times and the supply went %s" % (len(told), ", ".join(states) or "nowhere"),
        event,
        *told,
    )
    due = event.utc + limit.get("restoration", RESTORATION)
    later = trace.of("supply", source=device, since=until, until=(due - SOON) * 1000)
    away = trace.of("power", source=device, since=until, until=(due + SOON) * 1000)
    if later or away or (due + SOON) * 1000 >= trace.end:
        return
    back = [other for _, other in _told(trace, device, RESTORED) if abs(other.utc - due) <= SOON]
    on = trace.of("supply", source=device, since=(due - SOON) * 1000, until=(due + SOON) * 1000)
    case.check(
        len(back) == 1 and [other.get("status") for other in on] == ["on"],
        "the supply was not restored at %s with event 8F34" % to_iso(due),
        event,
        *back,
    )


# --- outages --------------------------------------------------------------------------------------------------


@dataclass
class _Outage:
    """What was without supply from `begin` to the utc of `event`: `base` is the code of a short one."""

    begin: int
    event: Event
    base: int
    known: bool = True

    def codes(self) -> tuple[int, ...]:
        seconds = self.event.utc - self.begin
        if not self.known or abs(seconds - LONG) <= UNSURE:
            return self.base, self.base + 1
        return (self.base + (seconds >= LONG),)


@judges(
    "REQ-ESME-4", severity=2, reference="tells each outage when it is over, by its length and phase", tests=["AT-ESME-4"]
)
def outages_told(trace: Trace, device: str) -> Finding:
    case = Case()
    found = _power_outages(trace, device) + _phase_outages(trace, device)
    told = _told(trace, device, *OUTAGE_CODES)
    for outage in found:
        near = [(code, event) for code, event in told if 0 <= event.utc - outage.event.utc <= SOON]
        match = [event for code, event in near if code in outage.codes()]
        others = [code for code, _ in near if code - (code - OUTAGE) % 2 == outage.base and code not in outage.codes()]
        case.check(
            len(match) == 1 and not others,
            "after an outage of %d s event %04X came %d times%s"
            % (
                outage.event.utc - outage.begin,
                outage.codes()[0],
                len(match),
                "".join(", %04X" % code for code in others),
            ),
            outage.event,
            *match,
        )
    for code, event in told:
        if not any(0 <= event.utc - outage.event.utc <= SOON for outage in found) and trace.of("power", source=device):
            case.fails("event %04X came at %s after no outage" % (code, event.time), event)
    return case.result("outages were told when they were over", "neither the meter nor a phase was without supply in the trace")


def _power_outages(trace: Trace, device: str) -> list[_Outage]:
    found = []
    off: Event | None = None
    for event in trace.of("power", source=device):
        if not event.get("on"):
            off = off or event
        elif off is not None:
            replaced = [
                order
                for order in trace.of("bench", destination=device, since=off.milliseconds, until=event.milliseconds + 1)
                if order.get("verb") == "exchange"
            ]
            timed = all(clock_status(trace, device, at.milliseconds) != "invalid" for at in (off, event))
            if not replaced:
                found.append(_Outage(off.utc, event, OUTAGE, timed))
            off = None
    return found


def _phase_outages(trace: Trace, device: str) -> list[_Outage]:
    """Phases that the bench let die and come back, with constant voltages, while the meter had power."""
    if _configuration(trace, device).get("phases", 1) == 1:
        return []
    found = []
    for phase in (1, 2, 3):
        dead: Event | None = None
        for order in trace.of("bench", destination=device):
            arguments = order.get("arguments") or {}
            if order.get("verb") != "voltage" or arguments.get("phase", phase) != phase:
                continue
            if arguments.get("swing") or arguments.get("over"):
                dead = None
            elif arguments["volts"] < DEAD:
                dead = dead or order
            elif dead is not None:
                lost = trace.of("power", source=device, since=dead.milliseconds, until=order.milliseconds)
                if not lost:
                    found.append(_Outage(dead.utc, order, OUTAGE + 2 * phase))
                dead = None
    return found


# --- maximum demand -------------------------------------------------------------------------------------------


@judges(
    "REQ-ESME-8", severity=2, reference="keeps the greatest half hour, with the UTC of its end", tests=["AT-ESME-8"]
)
def maximum_demand(trace: Trace, device: str) -> Finding:
    """Against the half hours of the meter's own profile, as far as the trace has them from the meter's beginning."""
    case = Case()
    half_hours = [
        (moment(entry["utc"]), int(entry["value"]) * 2, event)
        for event in trace.of("store", source=device)
        if event.get("store") == "profile_data" and (entry := event.get("entry") or {}).get("value") is not None
    ]
    for event in trace.of("metrology", source=device):
        if event.get("name") == "maximum_demand":
            _check_maximum(case, event, event.get("value"), event.get("utc"), half_hours)
    moved = [order for order in trace.of("bench", destination=device) if order.get("verb") == "change_of_tenancy"]
    moved += [dialogue.command for dialogue in dialogues(trace, device, "ECS12")]
    for exchange in each_exchange(trace, device, METERING, "read_attributes"):
        answer = exchange.answer
        if answer is None or not isinstance(answer.attributes.get(MAXIMUM), int):
            continue
        stamp = answer.attributes.get(MAXIMUM_TIME)
        if stamp is not None:
            off = moment(stamp) % HALF_HOUR
            case.check(off == 0, "the maximum demand is stamped %s, %d s off the half hours" % (stamp, off), answer)
        if not any(order.n < answer.n for order in moved):
            _check_maximum(case, answer, answer.attributes[MAXIMUM], stamp, half_hours)
    return case.result("the maximum demand is that of the greatest half hour", "the trace shows no maximum demand")


def _check_maximum(
    case: Case, event: Event, watts: Any, stamp: Any, half_hours: list[tuple[int, int, Event]]
) -> None:
    before = [entry for entry in half_hours if entry[2].n < event.n]
    if not before or watts is None or stamp is None:
        return
    greatest = max(demand for _, demand, _ in before)
    ends = {utc: entry for utc, demand, entry in before if demand == greatest}
    if watts > greatest and moment(stamp) < before[0][0]:
        return  # of before the trace
    case.check(
        watts == greatest and moment(stamp) in ends,
        "the maximum demand is given as %s W at %s, the greatest half hour had %d W at %s"
        % (watts, stamp, greatest, to_iso(min(ends))),
        event,
        ends.get(moment(stamp), before[-1][2]),
    )
