# SPDX-License-Identifier: GPL-3.0-or-later
"""The electricity meter: power now, thresholds, emergency credit, voltage events and periods of each phase."""

import itertools
from collections.abc import Sequence

from han.clock import to_iso

from hanref.moments import HALF_HOUR, moment
from hanref.requirements.displays import DEMAND, MANAGEMENT, METERING, PREPAYMENT, THRESHOLDS
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.voltage_model import CLOCK, PERIOD, Entry, Stretch, entries, measurement
from hanref.requirements.wire import Exchange, each_exchange, exchanges
from hanref.trace import Event, Trace

OVER, OVER_ENDS, UNDER, UNDER_ENDS = 0x8002, 0x8085, 0x8006, 0x8089  # [REQ-085A-14]
AVERAGE_EVENTS = (OVER, OVER_ENDS, UNDER, UNDER_ENDS)
OVER_THRESHOLD, UNDER_THRESHOLD = 264.0, 200.0  # volts, those of the model [device requirements 5.2]

# Lasting conditions: threshold in volts, whether above it, begins, ends; each lasts longer than 30 s [REQ-ESME-V1].
LASTING = (
    (287.0, True, 0x8020, 0x808D),
    (253.0, True, 0x8024, 0x8091),
    (180.0, False, 0x8028, 0x8095),
    (216.0, False, 0x802C, 0x8099),
)
LASTS = 30
REFRESH = 10  # seconds [REQ-ESME-1]
SOON = 30_000  # milliseconds within which somebody reads what a command did
WATTS = 2  # rounding
TOLERANCE = 10  # seconds [REQ-085A-11]
NO_ENTRIES = "the trace shows no entry of the average RMS voltage log"


# --- power, thresholds, emergency credit ----------------------------------------------------------------------


@judges("REQ-ESME-1", severity=2, reference="gives the power of this second", tests=["test_judges"])
def power_refreshed(trace: Trace, device: str) -> Finding:
    case = Case()
    answers = [
        event
        for event in trace.of("zcl", source=device, cluster=METERING, command="read_attributes_response")
        if isinstance(event.attributes.get(DEMAND), int)
    ]
    for exchange in each_exchange(trace, device, METERING, "read_attributes"):
        if exchange.answer is None or DEMAND not in exchange.question.fields.get("attributes", ()):
            continue
        if exchange.refused is not None or DEMAND in (exchange.answer.get("statuses") or {}):
            case.fails("a read of the power is refused", exchange.question, exchange.answer)
    _check_fed(case, trace, device, answers)
    _check_plateaus(case, answers)
    return case.result("the power given is at most 10 s old", "the power did not change while it was read often enough")


def _check_fed(case: Case, trace: Trace, device: str, answers: list[Event]) -> None:
    """The meter gives a power that the bench fed within the last ten seconds; nothing is drawn while the supply is off.

    That it does so speaks for it only where the power changes, which `_check_plateaus` sees of a capture as well.
    """
    orders = [event for event in trace.of("bench", destination=device) if event.get("verb") == "load"]
    off = any(event.get("status") != "on" for event in trace.of("supply", source=device))
    for order, following in zip(orders, [*orders[1:], None], strict=False):
        begin = order.milliseconds + (REFRESH + 1) * 1000
        end = trace.end if following is None else following.milliseconds
        for event in answers if not off else ():
            if not begin <= event.milliseconds < end:
                continue
            fed = [_fed(order, event.utc - age) for age in range(-1, REFRESH + 1)]
            watts = event.attributes[DEMAND]
            if not min(fed) - WATTS <= watts <= max(fed) + WATTS:
                case.fails(
                    "the power is given as %d W, it was %d to %d W in the last %d s" % (watts, min(fed), max(fed), REFRESH),
                    order,
                    event,
                )


def _fed(order: Event, utc: int) -> float:
    """The watts that an order of the bench has a meter measure at a moment: constant, a ramp, or a triangle that rises
    first."""
    arguments = order.get("arguments") or {}
    watts, since = arguments.get("watts") or 0, utc - order.utc
    swing, over = arguments.get("swing"), arguments.get("over")
    if swing:
        period = arguments.get("swing_period") or 3600
        place = since % period / period
        return float(watts + swing * (4 * place if place < 0.25 else 2 - 4 * place if place < 0.75 else 4 * place - 4))
    if over:
        return float(watts + (arguments.get("to", watts) - watts) * min(1.0, max(0.0, since / over)))
    return float(watts)


def _check_plateaus(case: Case, answers: list[Event]) -> None:
    """Where the power changes all the time, two answers more than ten seconds apart differ."""
    changes = 0
    stale: list[tuple[Event, Event]] = []
    first = None
    for earlier, later in itertools.pairwise(answers):
        if later.milliseconds - earlier.milliseconds > 2 * REFRESH * 1000 or later.destination != earlier.destination:
            first = None
            continue
        if later.attributes[DEMAND] != earlier.attributes[DEMAND]:
            changes += 1
            case.seen(*([earlier, later] if changes <= 2 else []))
            if first is not None and earlier.milliseconds - first.milliseconds > (REFRESH + 5) * 1000:
                stale.append((first, earlier))
            first = later
    if len(stale) >= 5 and 2 * len(stale) > changes:
        case.fails(
            "the power changes only every %d s" % ((stale[0][1].milliseconds - stale[0][0].milliseconds) // 1000), *stale[0]
        )


@judges("REQ-ESME-2", severity=2, reference="serves both thresholds", tests=["test_judges"])
def thresholds_served(trace: Trace, device: str) -> Finding:
    case = Case()
    configured = trace.header.get("devices", {}).get(device, {}).get("configuration", {}).get("thresholds")
    for exchange in exchanges(trace, device, MANAGEMENT, "read_attributes"):
        wanted = [name for name in exchange.question.fields.get("attributes", ()) if name in THRESHOLDS]
        answer = exchange.answer
        if not wanted or answer is None:
            continue
        given = [answer.attributes.get(name) for name in wanted]
        case.check(
            all(isinstance(value, int) for value in given) and not exchange.turned,
            "the thresholds are answered with %s" % (exchange.refused or given),
            exchange.question,
            answer,
        )
        numbers = [value for value in given if isinstance(value, int)]
        if len(given) == 2 and len(numbers) == 2:
            case.check(numbers[0] < numbers[1], "the first threshold %s is not below the second %s" % tuple(numbers), answer)
            if configured:
                case.check(given == list(configured), "the thresholds read %s, set are %s" % (given, configured), answer)
    return case.result("both thresholds are served", "nobody on the HAN read the thresholds")


@judges(
    "REQ-ESME-5",
    severity=2,
    reference="succeeds whenever emergency credit is active afterwards",
    tests=["test_prepayment"],
)
def emergency_credit(trace: Trace, device: str) -> Finding:
    case = Case()
    active: Event | None = None
    for exchange in exchanges(trace, device, PREPAYMENT, "select_available_emergency_credit"):
        question, answer = exchange.question, exchange.answer
        if answer is None:
            continue
        case.check(
            exchange.refused in ("SUCCESS", "FAILURE"),
            "emergency credit is answered with %s" % (exchange.refused or answer.get("command")),
            question,
            answer,
        )
        if active is not None and not _topped_up(trace, device, active, question):
            case.check(
                exchange.refused == "SUCCESS", "emergency credit was active, the command failed", active, question, answer
            )
        active = answer if exchange.refused == "SUCCESS" else active
        _check_active(case, trace, exchange)
    return case.result("emergency credit is answered as it must be", "nobody asked for emergency credit")


def _check_active(case: Case, trace: Trace, exchange: Exchange) -> None:
    """A command that failed leaves no emergency credit active: what the meter gives right afterwards tells."""
    question, answer = exchange.question, exchange.answer
    assert answer is not None
    reads = trace.of(
        *("zcl", question.destination, None, PREPAYMENT, "read_attributes_response"),
        since=answer.milliseconds,
        until=answer.milliseconds + SOON,
    )
    for read in reads[:1]:
        remaining = read.attributes.get("emergency_credit_remaining")
        if isinstance(remaining, int):
            case.check(
                exchange.refused == "SUCCESS" or not remaining,
                "emergency credit failed, and then %d of it remain" % remaining,
                question,
                answer,
                read,
            )


def _topped_up(trace: Trace, device: str, since: Event, until: Event) -> bool:
    return bool(
        trace.of(
            "zcl", device, None, PREPAYMENT, "consumer_top_up_response", since=since.milliseconds, until=until.milliseconds
        )
    )


# --- voltage --------------------------------------------------------------------------------------------------


@judges("REQ-085A-4", severity=2, reference="measures over the seconds that were written", tests=["AT-085A-3", "AT-085A-6"])
def period_configurable(trace: Trace, device: str) -> Finding:
    case = Case()
    for stretch in measurement(trace, device).stretches:
        if stretch.cause != PERIOD or not stretch.fits:
            continue
        for one, other in zip(stretch.entries, stretch.entries[1:], strict=False):
            if one.utc is not None and other.utc is not None:
                case.check(
                    other.utc - one.utc == stretch.period,
                    "entries %s and %s are %d s apart, %d s were written"
                    % (to_iso(one.utc), to_iso(other.utc), other.utc - one.utc, stretch.period),
                    one.event,
                    other.event,
                )
        if stretch.event is not None and not stretch.entries and stretch.surely_due():
            case.fails("no entry followed the period of %d s that was written" % stretch.period, stretch.event)
    return case.result("entries are as far apart as was written", "no period was written, or no two entries followed")


@judges("REQ-085A-11", severity=4, reference="takes the boundary on the adjusted clock, with one entry", tests=["AT-085A-8"])
def clock_adjusted(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for order in trace.of("bench", destination=device):
        step = (order.get("arguments") or {}).get("step") or 0
        if order.get("verb") != "clock" or not step:
            continue
        for stretch in seen.stretches:
            if stretch.begin < order.utc < stretch.end and abs(step) <= TOLERANCE:
                _check_one_entry(case, stretch, order)
            elif abs(step) > TOLERANCE and stretch.cause == CLOCK and abs(stretch.begin - order.utc) <= 1:
                _check_abandoned(case, stretch, order)
    for moved in trace.of("clock", source=device):
        for stretch in seen.stretches if moved.get("cause") == "network" else ():
            if stretch.begin < moved.utc < stretch.end:
                _check_one_entry(case, stretch, moved)
    return case.result(
        "small steps left one entry a boundary, large ones none of a broken period", "no clock was moved in the trace"
    )


def _check_one_entry(case: Case, stretch: Stretch, order: Event) -> None:
    near = [
        entry for entry in stretch.entries if entry.utc is not None and abs(entry.written - order.utc) <= 2 * stretch.period
    ]
    stamps = [entry.utc for entry in near if entry.utc is not None]
    for earlier, later in itertools.pairwise(stamps):
        case.check(
            later - earlier == stretch.period,
            "a small step of the clock left entries %s and %s" % (to_iso(earlier), to_iso(later)),
            order,
            *[entry.event for entry in near],
        )


def _check_abandoned(case: Case, stretch: Stretch, order: Event) -> None:
    if stretch.entries:
        first = stretch.entries[0]
        case.check(
            first.utc == stretch.first_due,
            "after a large step the first entry is %s, due was %s" % (to_iso(first.utc), to_iso(stretch.first_due)),
            order,
            first.event,
        )


@judges("REQ-085A-14", severity=2, reference="tells each average that crosses a threshold, once", tests=["test_voltage"])
def average_events(trace: Trace, device: str) -> Finding:
    return _average_events(trace, device)


@judges("REQ-ESME-V2", severity=2, reference="compares the averages of consecutive periods", tests=["test_voltage"])
def consecutive_averages(trace: Trace, device: str) -> Finding:
    return _average_events(trace, device)


def _average_events(trace: Trace, device: str) -> Finding:
    case = Case()
    states: dict[tuple[int, bool], bool] = {}
    due: list[tuple[int, Entry]] = []
    found = entries(trace, device)
    for entry in found:
        volts = _phases(entry)
        for phase, value in enumerate(volts):
            place = phase + 1 if len(volts) > 1 else 0
            for over, beyond in ((True, value > OVER_THRESHOLD), (False, value < UNDER_THRESHOLD)):
                before = states.get((phase, over), False)
                states[(phase, over)] = beyond
                if before != beyond:
                    codes = (OVER, OVER_ENDS) if over else (UNDER, UNDER_ENDS)
                    due.append(((codes[0] if beyond else codes[1]) + place, entry))
    told = [(int(str(event.get("code")), 16), event) for event in trace.of("alert", source=device)]
    told = [(code, event) for code, event in told if any(base <= code <= base + 3 for base in AVERAGE_EVENTS)]
    for code, entry in due:
        match = [event for number, event in told if number == code and abs(event.utc - entry.written) <= TOLERANCE]
        case.check(
            len(match) == 1,
            "event %04X came %d times for the average of %s" % (code, len(match), to_iso(entry.utc)),
            entry.event,
            *match,
        )
    for code, event in told:
        if not any(number == code and abs(event.utc - entry.written) <= TOLERANCE for number, entry in due):
            case.fails("event %04X came though no average crossed a threshold" % code, event)
    return case.result("crossings were told once each", "no average crossed a threshold in the trace")


def _phases(entry: Entry) -> Sequence[float]:
    phases = (entry.event.get("entry") or {}).get("phases")
    return phases if phases else [] if entry.volts is None else [entry.volts]


@judges("REQ-085A-15", severity=2, reference="keeps one log with an average of each phase", tests=["test_voltage"])
def one_log_of_phases(trace: Trace, device: str) -> Finding:
    case = Case()
    configured = trace.header.get("devices", {}).get(device, {}).get("configuration", {}).get("phases", 1)
    found = entries(trace, device)
    if configured == 1:
        return case.result("", "the electricity meter has one phase")
    stamps = [entry.utc for entry in found]
    for entry in found:
        phases = (entry.event.get("entry") or {}).get("phases") or []
        case.check(len(phases) == configured, "the entry of %s has %d averages" % (to_iso(entry.utc), len(phases)), entry.event)
    case.check(
        len(set(stamps)) == len(stamps) if found else True, "a boundary has two entries", *[entry.event for entry in found]
    )
    return case.result("each entry has an average of each phase", NO_ENTRIES)


@judges(
    "REQ-085A-16",
    severity=3,
    reference="tells the offset of a log from the half hours, and pairs it with the half-hourly consumption",
    tests=["AT-085A-10"],
    devices=["esme"],
)
def log_on_half_hours(trace: Trace, device: str) -> Finding:
    case = Case()
    profile = {
        moment((event.get("entry") or {})["utc"])
        for event in trace.of("store", source=device)
        if event.get("store") == "profile_data" and (event.get("entry") or {}).get("utc")
    }
    paired = 0
    for stretch in measurement(trace, device).stretches:
        if stretch.period != HALF_HOUR:
            continue
        for entry in stretch.entries:
            if entry.utc is not None:
                off = entry.utc % HALF_HOUR
                case.check(
                    off == 0, "half-hour entries are %d s off the half hour, as %s" % (off, to_iso(entry.utc)), entry.event
                )
                paired += entry.utc in profile
    return case.result("half-hour entries are on the half hour, %d paired with consumption" % paired, NO_ENTRIES)


@judges(
    "REQ-ESME-V1",
    severity=2,
    reference="tells a condition that lasted longer than 30 s, and its end",
    tests=["test_excursions"],
)
def lasting_conditions(trace: Trace, device: str) -> Finding:
    """Judged where the bench fed constant voltage to all phases or to one."""
    case = Case()
    codes = {base + phase for condition in LASTING for base in condition[2:] for phase in range(4)}
    told = [(int(str(event.get("code")), 16), event) for event in trace.of("alert", source=device)]
    told = [(code, event) for code, event in told if code in codes]
    polyphase = trace.header.get("devices", {}).get(device, {}).get("configuration", {}).get("phases", 1) > 1
    due = _lasting_due(trace, device, polyphase)
    for code, at, order in due:
        match = [event for number, event in told if number == code and at <= event.utc <= at + 5]
        case.check(len(match) == 1, "event %04X came %d times about %s" % (code, len(match), to_iso(at)), order, *match)
    if due:
        for code, event in told:
            if not any(number == code and at <= event.utc <= at + 5 for number, at, _ in due) and _is_steady(
                trace, device, event
            ):
                case.fails("event %04X came at %s for nothing that lasted longer than 30 s" % (code, event.time), event)
    return case.result("conditions that lasted were told, with their ends", "no constant voltage went beyond a threshold")


def _lasting_due(trace: Trace, device: str, polyphase: bool) -> list[tuple[int, int, Event]]:
    """(code, earliest utc, order) of each event that the bench's constant voltages call for."""
    due = []
    for phase in (1, 2, 3) if polyphase else (1,):
        orders = [
            event
            for event in trace.of("bench", destination=device)
            if event.get("verb") == "voltage" and (event.get("arguments") or {}).get("phase", phase) == phase
        ]
        active = [False] * len(LASTING)
        for order, following in zip(orders, [*orders[1:], None], strict=False):
            arguments = order.get("arguments") or {}
            until = trace.end // 1000 if following is None else following.utc
            if arguments.get("swing") or arguments.get("over"):
                continue
            for place, (threshold, above, begins, ends) in enumerate(LASTING):
                beyond = arguments["volts"] > threshold if above else arguments["volts"] < threshold
                if beyond != active[place] and until - order.utc > LASTS + 5:
                    active[place] = beyond
                    due.append(((begins if beyond else ends) + (phase if polyphase else 0), order.utc + LASTS, order))
    return due


def _is_steady(trace: Trace, device: str, event: Event) -> bool:
    """Whether the voltage in force was constant: of swings and ramps the crossings are not worked out here."""
    orders = [
        order for order in trace.of("bench", destination=device, until=event.milliseconds) if order.get("verb") == "voltage"
    ]
    return all(not (order.get("arguments") or {}).get(name) for order in orders[-2:] for name in ("swing", "over"))
