# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""The gas meter itself: uncontrolled flow, event configurations, network data, battery."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hanref.moments import DAY, HALF_HOUR, moment
from hanref.requirements.gbz_model import SUCCESS, parts, succeeded
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import Dialogue, dialogues
from hanref.trace import Event, Trace

METERING, PREPAYMENT, MANAGEMENT = "0702", "0705", "0708"
SOON = 5  # seconds

OLD_THRESHOLD, NEW_THRESHOLD = "GCS24", "GCS24a"
CUBIC_METRE = 1
DIVISORS = {OLD_THRESHOLD: 1, NEW_THRESHOLD: 10000}
UNCONTROLLED = 0x81BF
NO_THRESHOLD = "no threshold of uncontrolled flow was set in the trace"

READ_CONFIGURATION = "GCS20r"
GROUP = 0x81
GET_EVENT_CONFIGURATION = 0x05

START_SAMPLING, READ_SAMPLES = "GCS31", "GCS18"
NETWORK_SAMPLES = 2

BATTERY_LOST, BATTERY_LOW = 0x8F1D, 0x8F1F
LOW_DAYS = 180  # of the model: what a meter calls low is not public
REMAINING = "remaining_battery_life_in_days"
ANOTHER_BATTERY = 30  # days at a time that no battery loses or gains


def _told(trace: Trace, device: str, *codes: int) -> list[Event]:
    return [event for event in trace.of("alert", source=device) if int(str(event.get("code")), 16) in codes]


# --- uncontrolled flow ----------------------------------------------------------------------------------------


@dataclass
class Armed:
    """A threshold that the meter has taken: litres an hour, seconds, from when on."""

    dialogue: Dialogue
    answer: Event
    litres_per_hour: float
    stabilisation: int
    measurement: int


def thresholds(trace: Trace, device: str, *names: str) -> list[Armed]:
    """The thresholds that were set with success, oldest first."""
    found = []
    for dialogue in dialogues(trace, device, *(names or (OLD_THRESHOLD, NEW_THRESHOLD))):
        fields = _threshold(dialogue)
        if fields is not None and dialogue.answer is not None and succeeded(dialogue):
            litres = fields["uncontrolled_flow_threshold"] * fields["multiplier"] * 1000 / (fields["divisor"] or 1)
            found.append(
                Armed(dialogue, dialogue.answer, litres, fields["stabilisation_period"], fields["measurement_period"])
            )
    return found


def _threshold(dialogue: Dialogue) -> dict[str, Any] | None:
    for part in parts(dialogue.command):
        if part.get("command") == "set_uncontrolled_flow_threshold":
            return dict(part["fields"])
    return None


def _threshold_taken(trace: Trace, device: str, name: str) -> Finding:
    case = Case()
    for dialogue in dialogues(trace, device, name):
        fields = _threshold(dialogue)
        if dialogue.answer is None or fields is None:
            continue
        if (fields["unit_of_measure"], fields["multiplier"], fields["divisor"]) != (CUBIC_METRE, 1, DIVISORS[name]):
            continue  # the command is not as it must be, and no fault of the meter
        case.check(
            succeeded(dialogue), "%s is answered with %s" % (name, _statuses(dialogue)), dialogue.command, dialogue.answer
        )
    return case.result("%s was taken" % name, "no answer to %s is in the trace" % name)


def _statuses(dialogue: Dialogue) -> str:
    found = [(part.get("fields") or {}).get("status") or part.get("command") for part in parts(dialogue.answer)]
    return ", ".join(map(str, found)) or "nothing that can be read"


@judges(
    "REQ-0023-1",
    severity=2,
    reference="takes a threshold in whole cubic metres an hour",
    tests=["AT-0023-1"],
    answers=["GCS24"],
)
def old_threshold(trace: Trace, device: str) -> Finding:
    return _threshold_taken(trace, device, OLD_THRESHOLD)


@judges(
    "REQ-0023-2",
    severity=2,
    reference="takes a threshold in ten-thousandths of a cubic metre",
    tests=["AT-0023-1"],
    answers=["GCS24a"],
)
def new_threshold(trace: Trace, device: str) -> Finding:
    return _threshold_taken(trace, device, NEW_THRESHOLD)


@judges(
    "REQ-0023-3",
    severity=3,
    reference="waits for the stabilisation period and measures over the measurement period",
    tests=["AT-0023-1"],
    answers=["GCS24a"],
)
def periods_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    armed = thresholds(trace, device)
    for event in _told(trace, device, UNCONTROLLED):
        before = [one for one in armed if one.answer.n < event.n]
        if not before:
            continue
        last = before[-1]
        on = [other.utc for other in trace.of("supply", source=device, until=event.milliseconds) if other.get("status") == "on"]
        since = max([last.answer.utc, *on])
        case.check(
            event.utc >= since + last.stabilisation + last.measurement,
            "event 81BF came %d s after arming, the two periods are %d s and %d s"
            % (event.utc - since, last.stabilisation, last.measurement),
            last.answer,
            event,
        )
    return case.result("no supply was disabled before both periods had passed", "no uncontrolled flow was told in the trace")


@judges(
    "REQ-0023-5",
    severity=1,
    reference="disables and arms the supply and tells 81BF when the flow stays above the threshold",
    tests=["AT-0023-1"],
)
def flow_stopped(trace: Trace, device: str) -> Finding:
    """Judged where the bench fed constant flows."""
    case = Case()
    armed = thresholds(trace, device)
    told = _told(trace, device, UNCONTROLLED)
    orders = [event for event in trace.of("bench", destination=device) if event.get("verb") == "gas_flow"]
    for place, order in enumerate(orders):
        arguments = order.get("arguments") or {}
        until = trace.end // 1000 if place + 1 == len(orders) else orders[place + 1].utc
        before = [one for one in armed if one.answer.milliseconds <= order.milliseconds]
        changed = [one for one in armed if order.utc < one.answer.utc < until]
        if not before or changed or arguments.get("swing") or arguments.get("over"):
            continue
        _check_flow(case, trace, device, order, before[-1], until, told)
    return case.result("flows above the threshold were stopped, others not", NO_THRESHOLD)


def _check_flow(
    case: Case, trace: Trace, device: str, order: Event, armed: Armed, until: int, told: list[Event]
) -> None:
    """One constant flow under one threshold. A measurement under way when it began still has something of the flow before."""
    litres = (order.get("arguments") or {})["litres_per_hour"]
    states = trace.of("supply", source=device, until=order.milliseconds + 1)
    if trace.of("power", source=device, since=order.milliseconds, until=until * 1000) or (
        states and states[-1].get("status") != "on"
    ):
        return
    came = [event for event in told if order.utc <= event.utc < until]
    if litres <= armed.litres_per_hour:
        late = [event for event in came if event.utc > order.utc + armed.measurement + SOON]
        long = until - order.utc > armed.stabilisation + 2 * armed.measurement
        if late or long:
            case.check(
                not late,
                "event 81BF came at %d l/h, the threshold is %g l/h" % (litres, armed.litres_per_hour),
                order,
                *late,
            )
        return
    due = order.utc + armed.stabilisation + 2 * armed.measurement + SOON
    if due >= until:
        return
    soon = [event for event in came if event.utc <= due]
    off = [
        event.get("status")
        for event in trace.of("supply", source=device, since=order.milliseconds, until=due * 1000)
    ]
    case.check(
        len(soon) == 1 and bool(off) and off[-1] != "on",
        "at %d l/h, above the threshold of %g l/h, event 81BF came %d times and the supply %s"
        % (litres, armed.litres_per_hour, len(soon), "went " + str(off[-1]) if off else "stayed on"),
        order,
        *soon,
    )


# --- how events are configured ---------------------------------------------------------------------------------


def _configurations(dialogue: Dialogue) -> list[dict[str, Any]] | None:
    """What a ReportEventConfiguration lists, None where the answer is another."""
    for part in parts(dialogue.answer):
        if part.get("command") == "report_event_configuration" and part.get("cluster") == MANAGEMENT:
            return list(part["fields"].get("event_configurations", ()))
    return None


@judges(
    "REQ-078-1", severity=2, reference="lists each event of the group 81 that it knows, once", tests=["AT-078-1"],
    answers=["GCS20r"],
)
def group_answered(trace: Trace, device: str) -> Finding:
    case = Case()
    raised = {int(str(event.get("code")), 16): event for event in trace.of("alert", source=device)}
    for dialogue in dialogues(trace, device, READ_CONFIGURATION):
        listed = _configurations(dialogue)
        if listed is None or dialogue.answer is None:
            continue
        codes = [entry.get("event_id", 0) for entry in listed]
        strange = [code for code in codes if code >> 8 != GROUP]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        missing = [code for code, event in raised.items() if code >> 8 == GROUP and code not in codes]
        case.check(
            bool(codes) and not strange and not twice and not missing,
            "the group 81FF is answered with %d events%s%s%s"
            % (
                len(codes),
                "".join(", %04X is none of the group" % code for code in strange[:1]),
                "".join(", %04X is there twice" % code for code in twice[:1]),
                "".join(", %04X, which the meter raises, is not among them" % code for code in missing[:1]),
            ),
            dialogue.command,
            dialogue.answer,
        )
    return case.result("each event of the group is listed once", "no list of event configurations is in the trace")


@judges(
    "REQ-078-2",
    severity=2,
    reference="answers with a default response to command 05 where it cannot say",
    tests=["AT-078-2"],
    answers=["GCS20r"],
)
def cannot_say(trace: Trace, device: str) -> Finding:
    case = Case()
    for dialogue in dialogues(trace, device, READ_CONFIGURATION):
        if dialogue.answer is None or _configurations(dialogue) is not None:
            continue
        answered = parts(dialogue.answer)
        fields = answered[0].get("fields") or {} if len(answered) == 1 else {}
        good = len(answered) == 1 and answered[0].get("command") == "default_response"
        case.check(
            good and fields.get("command") == GET_EVENT_CONFIGURATION and fields.get("status") != SUCCESS,
            "a meter that cannot say answers with %s %s"
            % (", ".join(str(part.get("command")) for part in answered) or "nothing that can be read", fields or ""),
            dialogue.command,
            dialogue.answer,
        )
    return case.result("a default response with a status tells that it cannot", "every answer to GCS20r has the configurations")


# --- network data ---------------------------------------------------------------------------------------------


@judges(
    "REQ-GSME-4",
    severity=3,
    reference="samples as often and as many times as it was asked",
    tests=["test_gas_orders"],
    answers=["GCS31"],
)
def network_data(trace: Trace, device: str) -> Finding:
    case = Case()
    starts = [dialogue for dialogue in dialogues(trace, device, START_SAMPLING) if dialogue.answer is not None]
    for dialogue, following in zip(starts, [*starts[1:], None], strict=False):
        asked = next((part["fields"] for part in parts(dialogue.command) if part.get("command") == "start_sampling"), None)
        answered = [part.get("fields") or {} for part in parts(dialogue.answer)]
        assert dialogue.answer is not None
        if asked is None or not case.check(
            bool(answered) and answered[0].get("sample_id") == NETWORK_SAMPLES,
            "GCS31 is answered with %s" % answered,
            dialogue.command,
            dialogue.answer,
        ):
            continue
        until = trace.end if following is None else following.command.milliseconds
        _check_samples(case, trace, device, dialogue.answer, asked, until)
    for dialogue in dialogues(trace, device, READ_SAMPLES):
        if dialogue.answer is not None:
            case.seen(dialogue.command, dialogue.answer)
    return case.result("samples came as often as asked", "no sampling was started in the trace")


def _check_samples(
    case: Case, trace: Trace, device: str, started: Event, asked: dict[str, Any], until: int
) -> None:
    """Against the entries that the meter itself tells of, of which a capture says nothing."""
    interval, most = asked["sample_request_interval"], asked["max_number_of_samples"]
    stored = [
        event
        for event in trace.of("store", source=device, since=started.milliseconds, until=until)
        if event.get("store") == "network_data"
    ]
    if not stored or trace.of("power", source=device, since=started.milliseconds, until=until):
        return
    due = min(most, (until // 1000 - started.utc - SOON) // interval)
    case.check(
        due <= len(stored) <= most,
        "%d samples were stored, %d were due of %d asked for" % (len(stored), due, most),
        started,
        stored[-1],
    )
    for one, other in pairwise(stored):
        apart = moment(other.get("entry")["utc"]) - moment(one.get("entry")["utc"])
        case.check(apart == interval, "samples are %d s apart, asked for were %d s" % (apart, interval), one, other)


# --- battery --------------------------------------------------------------------------------------------------


@judges(
    "REQ-GSME-7",
    severity=2,
    reference="tells a low battery once, and a loss of power when it is over",
    tests=["test_gas_battery"],
)
def battery(trace: Trace, device: str) -> Finding:
    case = Case()
    low = _told(trace, device, BATTERY_LOW)
    was_low = False
    for order in trace.of("bench", destination=device):
        if order.get("verb") != "battery":
            continue
        is_low = (order.get("arguments") or {}).get("days", 0) <= LOW_DAYS
        if is_low and not was_low and order.utc + HALF_HOUR < trace.end // 1000:
            match = [event for event in low if 0 <= event.utc - order.utc <= HALF_HOUR]
            case.check(len(match) == 1, "a low battery was told %d times with event 8F1F" % len(match), order, *match)
        was_low = is_low
    off: Event | None = None
    for event in trace.of("power", source=device):
        if not event.get("on"):
            off = event
        elif off is not None:
            replaced = trace.of("bench", destination=device, since=off.milliseconds, until=event.milliseconds + 1)
            match = [told for told in _told(trace, device, BATTERY_LOST) if 0 <= told.utc - event.utc <= HALF_HOUR]
            if not any(order.get("verb") == "exchange" for order in replaced):
                times = "a loss of power was told %d times with event 8F1D" % len(match)
                case.check(len(match) == 1, times, off, event, *match)
            off = None
    _check_remaining(case, trace, device)
    return case.result("what happened to the battery was told", "nothing happened to the battery in the trace")


def _check_remaining(case: Case, trace: Trace, device: str) -> None:
    """What the meter pushes of its battery goes down by a day a day at most, but for what the bench did."""
    before: Event | None = None
    for event in trace.of("zcl", source=device, cluster=METERING, command="report_attributes"):
        days = event.attributes.get(REMAINING)
        if not isinstance(days, int):
            continue
        if before is not None:
            orders = trace.of("bench", destination=device, since=before.milliseconds, until=event.milliseconds)
            spent = before.attributes[REMAINING] - days
            passed = (event.utc - before.utc) // DAY + 1
            changed = not trace.complete and abs(spent) > ANOTHER_BATTERY  # of which a capture does not tell
            if not changed and not any(order.get("verb") in ("battery", "exchange") for order in orders):
                case.check(
                    0 <= spent <= passed, "%d days of battery were spent in %d days" % (spent, passed), before, event
                )
        before = event
