# SPDX-License-Identifier: GPL-3.0-or-later
"""How meters keep time, how the hub gives it, and what is logged without it."""

import itertools
from bisect import bisect_right

from han.clock import to_iso

from hanref.moments import moment
from hanref.requirements.clock_model import status_after
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import dialogues
from hanref.requirements.wire import exchanges, present
from hanref.trace import Event, Trace

TIME = "000A"
SYNCHRONISED = 0x02  # bit of TimeStatus [ZSE 7]

ALLOWED = 10  # seconds [REQ-CLK-1]
SET = 30  # seconds that no clock loses between two pushes
LATENCY = 2  # seconds between reading a clock and the frame
DAY = 86_400_000 + 600_000  # milliseconds between two comparisons, with ten minutes' grace
NOT_ADJUSTED = "8f0c"
SET_CLOCK = ("ECS70", "GCS28")
LOGS = ("profile_data", "daily_consumption", "average_rms_voltage", "daily_read")


def set_clocks(trace: Trace, device: str) -> list[Event]:
    """The Set Clock commands that a meter was sent (REQ-CLK-4)."""
    return [dialogue.command for dialogue in dialogues(trace, device, *SET_CLOCK)]


def _steps(trace: Trace, device: str) -> list[tuple[int, int]]:
    """(milliseconds, seconds the device's clock is off from then on) by what the bench did to it and to the hub."""
    found = [(trace.start - 1, 0)]
    offset = 0
    changes = trace.of("bench", destination=device) + trace.of("bench", destination="chf") + trace.of("clock", source=device)
    for event in sorted(changes, key=lambda event: event.n):
        if event.kind == "clock":
            if event.get("cause") in ("network", "start") and event.get("utc") and offset:
                seen = moment(event.get("utc")) - event.utc
                offset = seen if abs(seen) <= ALLOWED else offset
                found.append((event.milliseconds, offset))
            continue
        step = (event.get("arguments") or {}).get("step")
        if event.get("verb") == "clock" and step and event.destination == device:
            offset += step
            found.append((event.milliseconds, offset))
    return found


def _off_at(steps: list[tuple[int, int]], milliseconds: int) -> int:
    return steps[max(0, bisect_right(steps, (milliseconds, 1 << 60)) - 1)][1]


@judges("REQ-CLK-1", severity=2, reference="stays with the hub's time, to the second", tests=["test_timekeeping"])
def within_ten_seconds(trace: Trace, device: str) -> Finding:
    """By what the device says of its clock, by the time a gas meter pushes, and by when a half hour is logged."""
    case = Case()
    steps = _steps(trace, device)
    before: int | None = None
    for event, said in _readings(trace, device):
        if abs(_off_at(steps, event.milliseconds)) > ALLOWED - LATENCY:
            continue  # the bench moved the clock too far for the device to put it right
        off = said - event.utc - _hub_offset(trace, event)
        if not trace.complete and _was_set(before, off):
            continue  # no clock drifts so fast: somebody set it, of which a capture does not tell
        before = off
        case.check(
            abs(off) <= ALLOWED + LATENCY,
            "the clock of %s is %d s off at %s" % (device, off, event.time),
            event,
        )
    return case.result("the clock stayed within 10 s", "the trace does not tell the meter's time")


def _was_set(before: int | None, off: int) -> bool:
    """Whether a clock that was right at its last reading (seconds off) was moved since."""
    return before is not None and abs(before) <= ALLOWED + LATENCY and abs(off - before) > SET


def _readings(trace: Trace, device: str) -> list[tuple[Event, int]]:
    found = []
    for event in trace.of("clock", source=device):
        if event.get("utc") and event.get("cause") != "bench":
            found.append((event, moment(event.get("utc"))))
    for event in trace.of("zcl", source=device, command="report_attributes"):
        at = event.attributes.get("reading_snapshot_time")
        if at is not None and event.get("cluster") == "0702":
            found.append((event, moment(at)))
    for event in trace.of("store", source=device):
        entry = event.get("entry") or {}
        if event.get("store") == "profile_data" and entry.get("utc"):
            found.append((event, moment(entry["utc"])))
    return sorted(found, key=lambda reading: reading[0].n)


def _hub_offset(trace: Trace, event: Event) -> int:
    """How far the hub's time is ahead of the trace's: a sniffer has a clock of its own."""
    if trace.complete:
        return 0
    answers = trace.of("zcl", cluster=TIME, command="read_attributes_response", until=event.milliseconds + 1)
    for answer in reversed(answers[-20:]):
        if (answer.source or "").partition(".")[0] in ("chf", "hub", "gpf") and answer.attributes.get("time"):
            return moment(answer.attributes["time"]) - answer.utc
    return 0


@judges("REQ-CLK-2", severity=4, reference="compares once a day or more, adjusts up to 10 s", tests=["test_timekeeping"])
def compares_daily(trace: Trace, device: str) -> Finding:
    case = Case()
    asked = list(trace.of("zcl", source=device, cluster=TIME, command="read_attributes"))
    power = trace.of("power", source=device)
    begin = next((event.milliseconds for event in power if event.get("on")), trace.start)
    moments = [begin, *[event.milliseconds for event in asked], trace.end]
    for place, (earlier, later) in enumerate(itertools.pairwise(moments)):
        there = all(present(trace, name, earlier, later) for name in (device, *trace.devices("chf")[:1]))
        if later - earlier > DAY and trace.complete and there:
            near = asked[max(0, place - 1) : place + 1] or trace.of("zcl", source=device, since=earlier, until=later)[:2]
            case.fails("%s did not ask for the hub's time for %d hours" % (device, (later - earlier) // 3_600_000), *near)
    case.seen(*asked[:2])
    _check_adjusted(case, trace, device)
    return case.result("the hub's time was asked for at least daily", "the meter did not ask for the hub's time in the trace")


def _check_adjusted(case: Case, trace: Trace, device: str) -> None:
    """A small step of the bench's is put right at the next answer of the hub."""
    steps = [
        event
        for event in trace.of("bench", destination=device)
        if event.get("verb") == "clock" and 0 < abs((event.get("arguments") or {}).get("step") or 0) <= ALLOWED
    ]
    for step in steps:
        following = [
            event
            for event in trace.of("bench", destination=device, since=step.milliseconds + 1)
            if event.get("verb") == "clock"
        ]
        until = following[0].milliseconds if following else trace.end
        answers = _answers_of_hub(trace, device, step.milliseconds, until - 5000)
        clock = trace.last("clock", step.milliseconds, source=device)
        if not answers or not trace.complete or clock is None or clock.get("status") == "invalid":
            continue
        moved = [
            event
            for event in trace.of("clock", source=device, since=answers[0].milliseconds, until=until)
            if event.get("cause") == "network" and event.get("utc")
        ]
        good = [event for event in moved if abs(moment(event.get("utc")) - event.utc) <= 1]
        case.check(
            bool(good), "a clock %s s off was not put right" % step.get("arguments")["step"], step, answers[0], *good[:1]
        )


def _answers_of_hub(trace: Trace, device: str, since: int, until: int) -> list[Event]:
    return [
        event
        for event in trace.of("zcl", None, device, TIME, "read_attributes_response", since=since, until=max(since, until))
        if event.attributes.get("time") and (event.attributes.get("time_status") or 0) & SYNCHRONISED
    ]


@judges(
    "REQ-CLK-3",
    severity=2,
    reference="leaves a clock that is more than 10 s off, and tells it once",
    tests=["test_timekeeping"],
)
def reports_large_difference(trace: Trace, device: str) -> Finding:
    case = Case()
    orders = [event for event in trace.of("bench", destination=device) if event.get("verb") == "clock"]
    for place, order in enumerate(orders):
        step = (order.get("arguments") or {}).get("step") or 0
        if abs(step) <= ALLOWED or abs(_off_at(_steps(trace, device), order.milliseconds)) <= ALLOWED:
            continue
        until = orders[place + 1].milliseconds if place + 1 < len(orders) else trace.end
        set_clock = [event for event in set_clocks(trace, device) if event.n > order.n]
        until = min([until, *[event.milliseconds for event in set_clock]])
        answers = _answers_of_hub(trace, device, order.milliseconds, until - 5000)
        if not answers or not trace.complete:
            continue
        alerts = [
            event
            for event in trace.of("alert", source=device, since=order.milliseconds, until=until)
            if str(event.get("code")).lower() == NOT_ADJUSTED
        ]
        case.check(bool(alerts), "a clock %d s off raised no alert 8F0C" % step, order, answers[0], *alerts[:1])
        for event in trace.of("clock", source=device, since=order.milliseconds + 1, until=until):
            if event.get("cause") == "network" and event.get("utc"):
                case.fails("a clock %d s off was adjusted" % step, order, event)
    for event in trace.of("zcl", source=device, cluster="0709"):
        if any(entry.get("event_id") == 0x8F0C for entry in event.fields.get("events", ())):
            case.fails("event 8F0C was given on the HAN", event)
    return case.result("a large difference was told and not adjusted", "no clock was more than 10 s off in the trace")


@judges(
    "REQ-CLK-6",
    severity=4,
    reference="gives its time, and tells by TimeStatus whether it is synchronised",
    tests=["test_timekeeping"],
)
def hub_gives_time(trace: Trace, device: str) -> Finding:
    case = Case()
    asked = [
        exchange
        for role in ("esme", "gsme", "ihd", "ppmid")
        for name in trace.devices(role)
        for exchange in exchanges(trace, device, TIME, "read_attributes", name)
    ]
    for exchange in asked:
        answer = exchange.answer
        if answer is None or "time_status" not in answer.attributes:
            continue
        clock = trace.last("clock", answer.milliseconds, source=device)
        status = None if clock is None else status_after(trace, clock)
        said, at = answer.attributes["time_status"], answer.attributes.get("time")
        if exchange.turned:
            case.fails("the time is answered with the direction bit of a question", answer)
        if status is not None and isinstance(said, int):
            case.check(
                bool(said & SYNCHRONISED) == (status == "reliable"),
                "the hub's clock is %s, TimeStatus is %02X" % (status, said),
                answer,
            )
            case.check((at is None) == (status == "invalid"), "the hub's clock is %s, Time is %s" % (status, at), answer)
        else:
            case.seen(answer)
        steps = [event for event in trace.of("bench", destination=device) if (event.get("arguments") or {}).get("step")]
        if at is not None and trace.complete and not steps:
            off = moment(at) - answer.utc
            case.check(abs(off) <= LATENCY, "the hub's time is %d s off" % off, answer)
    return case.result("time and its status are given", "nobody asked the hub for the time")


@judges(
    "REQ-099-2",
    severity=4,
    reference="writes nothing to its logs while it has no time",
    tests=["AT-099-1", "AT-099-2"],
    devices=["esme", "gsme", "gpf"],
)
def no_invented_time(trace: Trace, device: str) -> Finding:
    case = Case()
    clocks = trace.of("clock", source=device)
    for lost, found in zip(clocks, [*clocks[1:], None], strict=False):
        if status_after(trace, lost) != "invalid":
            continue
        until = trace.end if found is None else found.milliseconds
        written = [
            event
            for event in trace.of("store", source=device, since=lost.milliseconds + 1, until=until)
            if event.get("store") in LOGS and event.get("operation") == "append" and (event.get("entry") or {}).get("utc")
        ]
        if device.startswith("gpf"):
            written = []  # its entries are the meter's, with the meter's time
        if written:
            case.fails("an entry was stamped %s without a valid clock" % written[0].get("entry")["utc"], lost, *written)
        elif until - lost.milliseconds >= 1_800_000:
            case.seen(lost)
    _check_reads(case, trace, device)
    return case.result("no entry has an invented time", "no clock was invalid for half an hour in the trace")


def _check_reads(case: Case, trace: Trace, device: str) -> None:
    """What is read while there is no time was recorded while there was one."""
    for exchange in exchanges(trace, device, "0702", "get_profile"):
        answer = exchange.answer
        clock = trace.last("clock", exchange.question.milliseconds, source=device)
        if answer is None or clock is None or status_after(trace, clock) != "invalid":
            continue
        end = answer.fields.get("end_time")
        if exchange.refused is None and end is not None:
            case.check(
                moment(end) <= clock.utc + ALLOWED,
                "an entry of %s is given, the clock is invalid since %s" % (end, to_iso(clock.utc)),
                clock,
                answer,
            )


@judges(
    "REQ-099-3",
    severity=3,
    reference="answers alike: data, not found, or a failure",
    tests=["AT-099-1"],
    devices=["gpf"],
)
def same_class(trace: Trace, device: str) -> Finding:
    """The same read of the electricity meter and of the proxy within ten minutes, with no change of tenancy about."""
    case = Case()
    if trace.of("zcl", cluster="0708", command="publish_change_of_tenancy") or any(
        event.get("verb") == "change_of_tenancy" for event in trace.of("bench")
    ):
        return case.result("", "a change of tenancy may make the answers differ")
    for meter in trace.devices("esme"):
        for command in ("get_profile", "get_sampled_data"):
            for one in exchanges(trace, meter, "0702", command):
                for other in exchanges(trace, device, "0702", command):
                    near = abs(one.question.milliseconds - other.question.milliseconds) <= 600_000
                    same = one.question.fields == other.question.fields and one.question.source == other.question.source
                    if not near or not same or one.answer is None or other.answer is None:
                        continue
                    classes = [_class(exchange.refused) for exchange in (one, other)]
                    case.check(
                        classes[0] == classes[1],
                        "%s is answered with %s by %s, with %s by %s" % (command, classes[0], meter, classes[1], device),
                        one.answer,
                        other.answer,
                    )
    return case.result("the same read is answered alike", "no read was sent to both meters")


def _class(refused: str | None) -> str:
    return {None: "data", "NOT_FOUND": "not found"}.get(refused, "a failure")
