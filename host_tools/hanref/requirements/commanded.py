# SPDX-License-Identifier: GPL-3.0-or-later
"""What meters do when the supplier commands: the date of a change of tenancy, the clock, and what they do not know."""

from dataclasses import dataclass

from han.clock import to_iso
from han.gbcs import cosem_places as places
from han.gbcs import use_cases

from hanref.requirements.clock_model import clock_offset, clock_status
from hanref.requirements.device_log_model import alert_body
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import CLEAR_CONSUMER_DATA, orders, told
from hanref.requirements.wan import (
    Dialogue,
    access,
    accesses,
    alerts,
    asn1,
    asn1_time,
    dialogues,
    time_of,
)
from hanref.trace import Event, Trace

NEAR = 15  # seconds between the hub's time and what a meter makes of it
TOLD_WITHIN = 60_000  # milliseconds
NOT_SUPPORTED = 0x8F85
STATUS = {"reliable": 0, "invalid": 1, "unreliable": 2}
SET_CLOCK = "no Set Clock with its answer is in the trace"


@judges(
    "REQ-0056-6",
    severity=2,
    reference="takes the date of ECS12, and shows it on the HAN with change control 0x200",
    tests=["AT-0056-2"],
    answers=["ECS12"],
)
def ecs12(trace: Trace, device: str) -> Finding:
    case = Case()
    given = orders(trace, device)
    for done in accesses(trace, device, "ECS12"):
        answer = done.dialogue.answer
        if answer is None:
            continue
        if not case.check(done.succeeded, "ECS12 fails", done.dialogue.command, answer):
            continue
        date = next(order.date for order in given if order.event.n == done.dialogue.command.n)
        later = [order.event.n for order in given if order.event.n > answer.n]
        heard = [one for one in told(trace, device) if answer.n < one.event.n < min(later, default=1 << 60)]
        for one in heard[:2]:
            same = one.date == date and one.control in (CLEAR_CONSUMER_DATA, None)
            if not same and not trace.complete:
                continue  # another command may be missing
            what = "after ECS12 with %s the HAN reads %s and %s" % (to_iso(date), to_iso(one.date), one.control)
            case.check(same, what, done.dialogue.command, one.event)
    return case.result("the date of ECS12 is read on the HAN", "no ECS12 with its answer is in the trace")


# --- Set Clock ------------------------------------------------------------------------------------------------


@dataclass
class SetClock:
    """A Set Clock that was answered: its interval, and the time and status that came back."""

    command: Event
    answer: Event
    start: int | None
    end: int | None
    time: int | None
    status: int | None


def set_clocks(trace: Trace, device: str) -> list[SetClock]:
    """The Set Clock commands of a meter that were answered, oldest first."""
    found = []
    for dialogue in dialogues(trace, device, "ECS70", "GCS28"):
        one = _ecs70(dialogue) if dialogue.name == "ECS70" else _gcs28(dialogue)
        if one is not None:
            found.append(one)
    return found


def _ecs70(dialogue: Dialogue) -> SetClock | None:
    done = access(dialogue)
    preset, value = done.part(places.TIME_PRESET), done.part(places.TIME_VALUE)
    status = next((part for part in done.parts[::-1] if part.place == places.TIME_STATUS), None)
    if dialogue.answer is None or preset is None or value is None or status is None or not done.succeeded:
        return None
    limits = [time_of(part[1]) for part in preset.given[1]]
    return SetClock(dialogue.command, dialogue.answer, limits[1], limits[2], time_of(value.value[1]), status.value[1])


def _gcs28(dialogue: Dialogue) -> SetClock | None:
    asked = asn1(dialogue.command)
    got = [] if dialogue.answer is None else asn1(dialogue.answer)
    if dialogue.answer is None or len(asked) != 2 or len(got) != 2:
        return None
    status = int.from_bytes(bytes(got[1][1]), "big")
    start, end = asn1_time(asked[0]), asn1_time(asked[1])
    return SetClock(dialogue.command, dialogue.answer, start, end, asn1_time(got[0]), status)


@judges(
    "REQ-CLK-4",
    severity=1,
    reference="sets its clock to the hub's time if that lies in the interval, and else leaves it",
    tests=["test_timekeeping"],
    answers=["ECS70", "GCS28"],
)
def set_inside_the_interval(trace: Trace, device: str) -> Finding:
    case = Case()
    for one in set_clocks(trace, device):
        if one.start is None or one.end is None or not _hub_has_time(trace, one.answer.milliseconds):
            continue
        if not trace.complete:
            continue  # whoever captured it has a clock of his own
        near = min(abs(one.answer.utc - one.start), abs(one.answer.utc - one.end)) <= NEAR
        if near:
            continue  # on the edge of the interval
        moved = [
            event
            for event in trace.of("clock", source=device, since=one.command.milliseconds, until=one.answer.milliseconds + 1)
            if event.get("cause") == "network"
        ]
        if one.start <= one.answer.utc <= one.end:
            right = one.time is not None and abs(one.time - one.answer.utc) <= NEAR
            what = "the hub's time lies in the interval, and the clock says %s at %s" % (to_iso(one.time), one.answer.time)
            case.check(right, what, one.command, *moved[:1], one.answer)
        else:
            _check_left(case, trace, device, one, moved)
    return case.result("the clock was set inside the interval alone", SET_CLOCK)


def _check_left(case: Case, trace: Trace, device: str, one: SetClock, moved: list[Event]) -> None:
    """The clock is as it was; one that was right before says nothing."""
    before = clock_offset(trace, device, one.command.milliseconds)
    if clock_status(trace, device, one.command.milliseconds) == "invalid":
        was_left = one.status != STATUS["reliable"]
    elif abs(before) <= NEAR:
        was_left = not moved
    else:
        was_left = one.time is not None and abs(one.time - one.answer.utc - before) <= NEAR
    case.check(was_left, "the clock was set, though the hub's time is not in the interval", one.command, *moved[:1], one.answer)


def _hub_has_time(trace: Trace, milliseconds: int) -> bool:
    """Whether the hub's clock is reliable and nobody has moved it."""
    for hub in trace.devices("chf"):
        if clock_status(trace, hub, milliseconds) not in ("reliable", None) or clock_offset(trace, hub, milliseconds):
            return False
    return True


@judges(
    "REQ-CLK-5",
    severity=3,
    reference="answers with its time and 0, 1 or 2 for its clock's status",
    tests=["test_timekeeping"],
    answers=["ECS70", "GCS28"],
)
def answers_with_time_and_status(trace: Trace, device: str) -> Finding:
    case = Case()
    for one in set_clocks(trace, device):
        status = clock_status(trace, device, one.answer.milliseconds)
        due = STATUS.get(str(status))
        if due is None:
            case.check(one.status in STATUS.values(), "Set Clock is answered with status %s" % one.status, one.answer)
            continue
        what = "Set Clock is answered with status %s, the clock is %s" % (one.status, status)
        case.check(one.status == due, what, one.command, one.answer)
        timed = one.time is not None or due == STATUS["invalid"]
        case.check(timed, "Set Clock is answered without the device's time", one.command, one.answer)
    return case.result("answers have the device's time and its status", SET_CLOCK)


# --- what a meter does not know -------------------------------------------------------------------------------


@judges("REQ-ESME-7", severity=3, reference="tells whoever sent it by ECS100 with code 8F85", tests=["test_gbcs_not_supported"])
def unsupported_is_told(trace: Trace, device: str) -> Finding:
    case = Case()
    unknown = [event for event in trace.of("gbcs_refused", source=device) if event.get("reason") == "not supported"]
    for event in unknown:
        found = use_cases.find(int(str(event.get("message_code")), 16))
        if found is None or not found.is_for("esme"):
            continue
        said = alerts(trace, device, "ECS100", event.milliseconds, event.milliseconds + TOLD_WITHIN)
        if not said and (event.milliseconds + TOLD_WITHIN >= trace.end or not trace.complete):
            continue
        if case.check(bool(said), "%s is not supported, and ECS100 does not say so" % found.name, event, *said[:1]):
            body = alert_body(said[0])
            code = None if body is None else body[0][1]
            case.check(code == NOT_SUPPORTED, "ECS100 has code %s" % code, event, said[0])
    return case.result("what is not supported was told by ECS100", "no command that the meter does not support is in the trace")
