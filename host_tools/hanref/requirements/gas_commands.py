# SPDX-License-Identifier: GPL-3.0-or-later
"""What the supplier's commands to the gas meter do: the proxy follows them, snapshots are taken, the balance moves."""

from dataclasses import dataclass
from typing import Any

from han.clock import to_iso
from han.gbcs import use_cases

from hanref.moments import HALF_HOUR, moment
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import orders
from hanref.requirements.wan import (
    Dialogue,
    alerts,
    asn1,
    asn1_integer,
    asn1_octets,
    components,
    dialogues,
    gbz_succeeded,
)
from hanref.requirements.wire import Exchange, each_exchange
from hanref.trace import Event, Trace

PRICE = "0700"
METERING = "0702"
PREPAYMENT = "0705"
EVENTS = "0709"
SETTLES = 5  # seconds from the meter's answer until the proxy has followed
DONE = 0  # result of a join or an unjoin
DEVICE_LOG_CHANGED = 0x8071
TOLD_WITHIN = 10_000  # milliseconds
NEXT_WAKES = 2 * HALF_HOUR + 300  # seconds until the proxy has what the meter publishes

# Which attribute shows what a field of a command sets.
_SHOWN = {
    "publish_tariff_information": ("standing_charge",),
    "publish_conversion_factor": ("conversion_factor",),
    "publish_calorific_value": ("calorific_value",),
}
_OF_TIERS = 0x01  # sub-payload control: prices of tiers, not of blocks [ZSE 4]
FOLLOWED = ("GCS01a", "GCS01b", "GCS23")
COPY_OF_THE_LOG = 6  # log identifier of the proxy's copy

GENERAL = 0x0001
BILLING = 0x603A  # causes that belong into the billing data log
# The cause of the snapshot that a command has the meter take [REQ-GPF-3].
CAUSES = {
    "GCS25": 0x0002,
    "GCS25a": 0x0002,
    "GCS01a": 0x0008,
    "GCS01b": 0x0008,
    "GCS44": 0x2000,
    "GCS02": 0x4000,
    "GCS03": 0x4000,
}
SIZES = {GENERAL: 31, BILLING: 12}

EMERGENCY_CREDIT = "emergency_credit_remaining"
CREDIT_MODE, PREPAYMENT_BIT = 0x0C94, 0x0002
MODE = "payment_control_configuration"
BILL, CREDIT = "bill_to_date_delivered", "credit_remaining"
COST = "current_day_cost_consumption_delivered"

NO_COMMAND = "no command that the proxy follows, with a read of what it sets, is in the trace"


# --- tap-off --------------------------------------------------------------------------------------------------


@dataclass
class Setting:
    """A value that a command gave an attribute of the proxy: from when on (utc)."""

    dialogue: Dialogue
    name: str
    value: int
    given: int
    since: int


def settings(trace: Trace) -> list[Setting]:
    """What the commands that the meter answered with success set at the proxy."""
    found = []
    for meter in trace.devices("gsme"):
        for dialogue in dialogues(trace, meter, *FOLLOWED):
            if dialogue.answer is None or not gbz_succeeded(dialogue):
                continue
            since = _since(dialogue)
            for name, value in _values(dialogue):
                found.append(Setting(dialogue, name, value, dialogue.answer.utc, since))
    return sorted(found, key=lambda setting: setting.dialogue.command.n)


def _since(dialogue: Dialogue) -> int:
    """When a command acts: at the date of its first part that has one, or when it was answered."""
    assert dialogue.answer is not None
    row = use_cases.find(use_cases.code_of(dialogue.name))
    for part in components(dialogue.command) if row.future_dated else ():
        start = part.get("fields", {}).get("start_time")
        if start is not None:
            return max(moment(start), dialogue.answer.utc)
    return dialogue.answer.utc


def _values(dialogue: Dialogue) -> list[tuple[str, int]]:
    found = []
    for part in components(dialogue.command):
        fields = part.get("fields", {})
        for name in _SHOWN.get(part.get("command", ""), ()):
            found.append((name, fields[name]))
        if part.get("command") == "publish_price_matrix":
            pattern = "tier%d_block1_price" if fields["sub_payload_control"] & _OF_TIERS else "no_tier_block%d_price"
            first = 0 if fields["sub_payload_control"] & _OF_TIERS else 1
            found += [(pattern % (entry["tier_block_id"] + first), entry["price"]) for entry in fields["prices"]]
    return found


def _reads(trace: Trace, device: str) -> list[tuple[Event, str, int]]:
    """(answer, attribute, value) of what the HAN read of the proxy's prices."""
    found = []
    for exchange in each_exchange(trace, device, PRICE, "read_attributes"):
        if exchange.answer is not None:
            found += [(exchange.answer, name, value) for name, value in exchange.answer.attributes.items()]
    return found


@judges(
    "REQ-GPF-12",
    severity=2,
    reference="does what a command asks of its copy, once the meter has answered with success",
    tests=["test_judges_wan"],
)
def commands_are_followed(trace: Trace, device: str) -> Finding:
    case = Case()
    known = settings(trace)
    for answer, name, value in _reads(trace, device):
        if _was_emptied(trace, device, answer, known):
            continue
        acting = [one for one in known if one.name == name and one.since + SETTLES < answer.utc]
        waiting = [one for one in known if one.name == name and abs(one.since - answer.utc) <= SETTLES]
        if acting and not waiting:
            last = max(acting, key=lambda one: one.since)
            what = "%s reads %s, %s set it to %s" % (name, value, last.dialogue.name, last.value)
            if trace.complete or value == last.value:  # a later command may be missing
                case.check(value == last.value, what, last.dialogue.command, answer)
    _check_cleared(case, trace, device)
    return case.result("the proxy shows what the commands set", NO_COMMAND)


def _was_emptied(trace: Trace, device: str, answer: Event, known: list[Setting]) -> bool:
    """Whether the hub was exchanged after the last command: a new one followed none."""
    exchanged = [event.utc for event in trace.of("bench", destination="hub") if event.get("verb") == "exchange"]
    return any(one.given <= at <= answer.utc for one in known for at in exchanged)


def _check_cleared(case: Case, trace: Trace, device: str) -> None:
    """After CS11 the copy of the meter's event log begins anew."""
    for meter in trace.devices("gsme"):
        for dialogue in dialogues(trace, meter, "CS11"):
            if dialogue.answer is None or not gbz_succeeded(dialogue):
                continue
            for exchange in each_exchange(trace, device, EVENTS, "get_event_log"):
                if exchange.question.n < dialogue.answer.n or exchange.answer is None:
                    continue
                if exchange.question.fields.get("event_control_log_id", 0) & 0x0F == COPY_OF_THE_LOG:
                    _check_newer(case, dialogue.answer, exchange.answer)


def _check_newer(case: Case, cleared: Event, answer: Event) -> None:
    events = answer.fields.get("events", ()) if answer.get("command") == "publish_event_log" else ()
    old = [event for event in events if moment(event["event_time"]) < cleared.utc - SETTLES]
    case.check(not old, "the copy of the event log has events of before it was cleared", cleared, answer)


@judges("REQ-GPF-13", severity=2, reference="keeps what has a date until then", tests=["test_judges_wan"])
def not_early(trace: Trace, device: str) -> Finding:
    case = Case()
    known = settings(trace)
    for one in known:
        if one.since <= one.given:
            continue
        before = [other for other in known if other.name == one.name and other.since < one.given]
        old = max(before, key=lambda other: other.since).value if before else None
        for answer, name, value in _reads(trace, device):
            if name == one.name and one.given + SETTLES < answer.utc < one.since - SETTLES and old != one.value:
                what = "%s reads %s, which is to count from %s" % (name, value, to_iso(one.since))
                case.check(value != one.value, what, one.dialogue.command, answer)
    return case.result("what has a date waits for it", "no command with a date, and a read before it, is in the trace")


# --- snapshots ------------------------------------------------------------------------------------------------


@dataclass
class _Kind:
    """Snapshots of registers or of balances: how they are published and asked for."""

    cluster: str
    publish: str
    ask: str
    end: str
    start: str
    payload: str


REGISTERS = _Kind(METERING, "publish_snapshot", "get_snapshot", "end_time", "start_time", "snapshot_sub_payload")
BALANCES = _Kind(
    PREPAYMENT, "publish_prepay_snapshot", "get_prepay_snapshot", "latest_end_time", "earliest_start_time", "snapshot_payload"
)


@judges("REQ-GPF-2", severity=2, reference="keeps each midnight snapshot of the balances", tests=["test_snapshots"])
def daily_balances(trace: Trace, device: str) -> Finding:
    return _snapshots(trace, device, BALANCES, GENERAL, "no daily snapshot of balances, with a read of it, is in the trace")


@judges(
    "REQ-GPF-3",
    severity=2,
    reference="keeps the registers at the end of a billing period and at changes of tariff, supplier and mode",
    tests=["test_snapshots"],
)
def billing_registers(trace: Trace, device: str) -> Finding:
    return _snapshots(trace, device, REGISTERS, BILLING, "no billing snapshot of registers, with a read of it, is in the trace")


@judges(
    "REQ-GPF-6",
    severity=2,
    reference="keeps the balances at the end of a billing period and at changes of tariff, supplier and mode",
    tests=["test_snapshots"],
)
def billing_balances(trace: Trace, device: str) -> Finding:
    return _snapshots(trace, device, BALANCES, BILLING, "no billing snapshot of balances, with a read of it, is in the trace")


def _snapshots(trace: Trace, device: str, kind: _Kind, causes: int, nothing: str) -> Finding:
    """What the meter published is what readers are given, and each trigger had its snapshot."""
    case = Case()
    published = _published(trace, device, kind, causes)
    for exchange in each_exchange(trace, device, kind.cluster, kind.ask):
        wanted = exchange.question.fields.get("snapshot_cause") or 0
        if wanted & causes and not orders(trace, device):
            fitting = [one for one in published if one.fields["snapshot_cause"] & wanted]
            _check_given(case, trace, exchange, kind, fitting, causes)
    if causes == BILLING and trace.complete:
        _check_triggers(case, trace, kind, published)
    return case.result("what the meter published is kept and given", nothing)


def _published(trace: Trace, device: str, kind: _Kind, causes: int) -> list[Event]:
    found = trace.of("zcl", destination=device, cluster=kind.cluster, command=kind.publish)
    return [event for event in found if (event.fields.get("snapshot_cause") or 0) & causes]


def _check_given(case: Case, trace: Trace, exchange: Exchange, kind: _Kind, published: list[Event], causes: int) -> None:
    question, answer = exchange.question, exchange.answer
    if answer is None:
        return
    there = [one for one in published if one.n < question.n and _inside(question, one, kind)]
    if answer.get("command") != kind.publish:
        if there and trace.complete and not question.fields.get("snapshot_offset"):
            case.fails("a snapshot that the meter published is answered with %s" % exchange.refused, there[-1], answer)
        return
    total = answer.fields.get("total_snapshots_found") or 0
    case.check(total <= SIZES[causes], "the proxy says that it holds %d snapshots" % total, answer)
    same = [one for one in published if one.fields["snapshot_time"] == answer.fields["snapshot_time"]]
    if same:
        equal = _content(same[-1], kind) == _content(answer, kind)
        case.check(equal, "a snapshot is not given as the meter published it", same[-1], answer)
    elif trace.complete and there:
        case.fails("the snapshot of %s was never published" % answer.fields["snapshot_time"], question, answer)


def _inside(question: Event, one: Event, kind: _Kind) -> bool:
    start, end, at = question.fields.get(kind.start), question.fields.get(kind.end), one.fields["snapshot_time"]
    return (start is None or moment(start) <= moment(at)) and (end is None or moment(at) < moment(end))


def _content(event: Event, kind: _Kind) -> tuple[Any, ...]:
    return tuple(event.fields.get(name) for name in ("snapshot_id", "snapshot_time", "snapshot_cause", kind.payload))


def _check_triggers(case: Case, trace: Trace, kind: _Kind, published: list[Event]) -> None:
    """Each command that has to leave a snapshot left one, of its moment and cause, which reached the proxy."""
    for meter in trace.devices("gsme"):
        for dialogue in dialogues(trace, meter, *CAUSES):
            answer = dialogue.answer
            if answer is None or not gbz_succeeded(dialogue):
                continue
            at = _since_any(dialogue)
            if (at + NEXT_WAKES) * 1000 >= trace.end:
                continue
            cause = CAUSES[dialogue.name]
            near = [one for one in published if abs(moment(one.fields["snapshot_time"]) - at) <= HALF_HOUR]
            fits = [one for one in near if one.fields["snapshot_cause"] & cause]
            what = "%s left no snapshot with cause %04X" % (dialogue.name, cause)
            case.check(bool(fits), what, dialogue.command, answer, *fits[:1])


def _since_any(dialogue: Dialogue) -> int:
    """When a command acts, by any of the times that it may have."""
    assert dialogue.answer is not None
    for part in components(dialogue.command):
        fields = part.get("fields", {})
        start = fields.get("start_time") or fields.get("implementation_date_time")
        if start is not None:
            return max(moment(start), dialogue.answer.utc)
    return dialogue.answer.utc


# --- the proxy's device log -----------------------------------------------------------------------------------


@judges(
    "REQ-GPF-16",
    severity=3,
    reference="tells every change of its device log by GCS62 with code 8071 and the list",
    tests=["test_judges_wan"],
)
def pairing_is_told(trace: Trace, device: str) -> Finding:
    case = Case()
    for dialogue in dialogues(trace, device, "CS03B", "CS04B", "GCS59"):
        answer = dialogue.answer
        if answer is None or (dialogue.name != "GCS59" and asn1_integer(answer) != DONE):
            continue
        said = alerts(trace, device, "GCS62", dialogue.command.milliseconds, answer.milliseconds + TOLD_WITHIN)
        if not said and not trace.complete:
            continue
        if not case.check(bool(said), "%s changed the log and GCS62 does not tell" % dialogue.name, answer, *said[:1]):
            continue
        code, _, entries = (asn1(said[0]) + [None] * 3)[:3]
        right = code is not None and int.from_bytes(bytes(code[1]), "big") == DEVICE_LOG_CHANGED
        case.check(right, "GCS62 has another code than 8071", said[0])
        paired = [bytes(entry[1][0][1]) for entry in entries[1]] if entries is not None else []
        partner = _partner(dialogue)
        if partner is not None:
            joined = dialogue.name == "CS03B"
            what = "the list of GCS62 %s the partner" % ("lacks" if joined else "still has")
            case.check((partner in paired) == joined, what, dialogue.command, said[0])
    return case.result("changes of the device log were told", "no device was paired with the proxy in the trace")


def _partner(dialogue: Dialogue) -> bytes | None:
    fields = asn1(dialogue.command)
    if dialogue.name == "CS03B" and len(fields) > 1:
        return bytes(fields[1][1])
    if dialogue.name == "CS04B":
        return asn1_octets(dialogue.command)
    return None


# --- the meter ------------------------------------------------------------------------------------------------


@judges(
    "REQ-GSME-8",
    severity=2,
    reference="lets the bill rise in credit mode and the credit fall in prepayment, and subtracts an adjustment from the bill",
    tests=["test_judges_wan"],
)
def balance_moves(trace: Trace, device: str) -> Finding:
    case = Case()
    adjusted = [one for one in dialogues(trace, device, "GCS40a", "GCS40b", "GCS40c", "GCS40d", "CS01b") if one.answer]
    mode: int | None = None
    last: dict[str, tuple[Event, int, int]] = {}  # attribute -> (event, value, the day's cost by then)
    cost: int | None = None
    moves: list[tuple[bool, str, Event, Event] | None] = []
    for event in trace.of("zcl", source=device, command="report_attributes"):
        attributes = event.attributes
        mode = attributes.get(MODE, mode)
        cost = attributes.get(COST, cost)
        for name in (BILL, CREDIT):
            if name not in attributes or cost is None:
                continue
            before = last.get(name)
            if name == CREDIT and attributes.get(EMERGENCY_CREDIT):
                last.pop(name, None)  # while it lasts emergency credit pays for the gas
                continue
            last[name] = (event, attributes[name], cost)
            if before is None:
                continue
            between = [one for one in adjusted if one.answer and before[0].n < one.answer.n < event.n]
            if not between:
                moves.append(_move(name, mode, before, last[name]))
    _judge_moves(case, trace, [move for move in moves if move is not None])
    if trace.complete:
        _check_adjustments(case, trace, device)
    return case.result("the balance moved as the mode says", "the trace does not show the meter's balance with gas used")


def _move(
    name: str, mode: int | None, before: tuple[Event, int, int], now: tuple[Event, int, int]
) -> tuple[bool, str, Event, Event] | None:
    """(whether the balance moved as it must, what it did, the two pushes) where gas was used, None where it says nothing."""
    used = now[2] > before[2]
    if name == BILL and mode == CREDIT_MODE and used:
        what = "in credit mode the bill went from %d to %d with gas used" % (before[1], now[1])
        return now[1] > before[1], what, before[0], now[0]
    if name == CREDIT and mode is not None and mode & PREPAYMENT_BIT and used and before[1] > 0:
        # Credit that is used up stays at nought while emergency credit is drawn on.
        what = "in prepayment the credit went from %d to %d with gas used" % (before[1], now[1])
        return now[1] < before[1], what, before[0], now[0]
    return None


def _judge_moves(case: Case, trace: Trace, moves: list[tuple[bool, str, Event, Event]]) -> None:
    """In a capture the adjustment or top-up between two pushes may be missing: there most moves must be wrong."""
    wrong = sum(not right for right, *_ in moves)
    doubtful = not trace.complete and (wrong < 3 or 2 * wrong <= len(moves))
    for right, what, before, now in moves:
        if right or not doubtful:
            case.check(right, what, before, now)


def _check_adjustments(case: Case, trace: Trace, device: str) -> None:
    """GCS40c takes its value from the bill: what the next push says is lower by it, but for what was used meanwhile."""
    bills = [
        (event, event.attributes[BILL])
        for event in trace.of("zcl", source=device, command="report_attributes")
        if BILL in event.attributes
    ]
    for dialogue in dialogues(trace, device, "GCS40c"):
        if dialogue.answer is None or not gbz_succeeded(dialogue):
            continue
        value = next((part["fields"].get("credit_adjustment_value") for part in components(dialogue.command)), None)
        at = dialogue.answer.n
        earlier = [bill for bill in bills if bill[0].n < at]
        later = [bill for bill in bills if bill[0].n > at]
        if value is None or len(earlier) < 2 or not later or later[0][0].utc - earlier[-1][0].utc > 2 * HALF_HOUR:
            continue
        # What was billed in the push before is about what was billed in this one.
        usual = earlier[-1][1] - earlier[-2][1]
        found = later[0][1] - earlier[-1][1] - usual
        what = "an adjustment of %d moved the bill by %d" % (value, found)
        near = abs(found + value) <= max(abs(value) // 2, 1)
        case.check(near or later[0][1] == 0, what, earlier[-1][0], dialogue.answer, later[0][0])


@judges(
    "REQ-GSME-3",
    severity=3,
    reference="gives the half hours of its own log, as they were",
    tests=["test_gas_copy"],
)
def own_half_hours(trace: Trace, device: str) -> Finding:
    case = Case()
    kept = {}
    for event in trace.of("store", source=device):
        if event.get("store") == "profile_data" and event.get("operation") == "append":
            entry = event.get("entry") or {}
            kept[moment(entry["utc"])] = (event, entry.get("value"))
    for answer in trace.of("zcl", source=device, cluster=METERING, command="get_sampled_data_response"):
        start, interval = answer.fields.get("sample_start_time"), answer.fields.get("sample_request_interval") or HALF_HOUR
        if start is None or interval != HALF_HOUR or answer.fields.get("sample_id"):
            continue
        for place, value in enumerate(answer.fields.get("samples", ()), 1):
            held = kept.get(moment(start) + place * HALF_HOUR)
            if held is not None:
                what = "the half hour to %s is given as %s, %s was measured" % (
                    to_iso(moment(start) + place * HALF_HOUR),
                    value,
                    held[1],
                )
                case.check(value == held[1], what, held[0], answer)
    return case.result("the meter gives its half hours as they were", "nobody asked the meter for its half hours in the trace")
