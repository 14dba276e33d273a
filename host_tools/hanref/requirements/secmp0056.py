# SPDX-License-Identifier: GPL-3.0-or-later
"""SECMP0056: a display learns of a change of tenancy from both meters and forgets the former occupier."""

from typing import Any

from han.clock import to_iso

from hanref.moments import moment
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import (
    CLEAR_CONSUMER_DATA,
    CLUSTER,
    CONTROL,
    DATE,
    FUELS,
    Order,
    Told,
    clock_offset,
    default_response,
    erasures,
    history,
    kept,
    orders,
    published,
    questions,
    refusals,
    screens_around,
    survivors,
    told,
)
from hanref.requirements.wire import each_exchange, must_answer, present
from hanref.trace import Event, Trace

ERASED = {"consumption", "cost", "demand_peaks", "budgets", "messages", "top_up_history"}

DAY = 86_400_000  # milliseconds, as all times of events here
HOUR = 3_600_000
PROMPT = 60_000  # an erasure follows its cause within this
EARLY = 10  # seconds a device's clock may be off [REQ-CLK-1]
GCS09_OCTETS = 17

NO_ANSWER = "no answer about the change of tenancy is in the trace"
NO_ORDER = "no change of tenancy was given to the device in the trace"
NO_DISPLAY = "the trace shows neither screens nor erasures of the device"
NO_CHANGE = "the device learnt of no change of tenancy in the trace"


# --- ESME and GPF ---------------------------------------------------------------------------------------------


@judges("REQ-0056-1", severity=2, reference="answers reads of both attributes", tests=["AT-0056-1", "AT-0056-10"])
def electricity_readable(trace: Trace, device: str) -> Finding:
    return _readable(trace, device)


@judges("REQ-0056-2", severity=2, reference="answers reads of both attributes", tests=["AT-0056-1"])
def gas_readable(trace: Trace, device: str) -> Finding:
    return _readable(trace, device)


def _readable(trace: Trace, device: str) -> Finding:
    case = Case()
    for exchange in each_exchange(trace, device, CLUSTER, "read_attributes"):
        wanted = exchange.question.fields.get("attributes", ())
        if DATE not in wanted and CONTROL not in wanted:
            continue
        if exchange.turned and exchange.answer is not None:
            case.fails(
                "%s answers a read with the direction bit of a question" % device, exchange.question, exchange.answer
            )
        elif exchange.answer is None and must_answer(trace, exchange):
            case.fails("%s does not answer a read of the change of tenancy" % device, exchange.question)
    for answer in told(trace, device):
        case.check(answer.supported, "%s answers that it has no change of tenancy attributes" % device, answer.event)
    for event in refusals(trace, device):
        case.fails("%s answers a read with a default response, %s" % (device, event.fields.get("status")), event)
    return case.result("the change of tenancy was read", NO_ANSWER)


@judges(
    "REQ-0056-3",
    severity=4,
    reference="serves 0x0200 as UTC and 0x0201 as bitmap32, read only",
    tests=["AT-0056-1"],
)
def attributes_and_types(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("zcl", source=device, cluster=CLUSTER, command="read_attributes_response"):
        for name in (DATE, CONTROL):
            if name in event.attributes:
                other = (event.get("types") or {}).get(name)
                case.check(other is None, "%s is sent with type %s" % (name, other), event)
    for event in trace.of("zcl", source=device, cluster=CLUSTER, command="write_attributes_response"):
        for question in _asked_before(trace, event, "write_attributes"):
            for name in (DATE, CONTROL):
                if name in question.attributes:
                    refused = name in (event.get("statuses") or {})
                    case.check(refused, "%s can be written from the HAN" % name, question, event)
    return case.result("both attributes have their types", NO_ANSWER)


@judges("REQ-0056-4", severity=3, reference="reads FFFFFFFF and 0 until a change is set", tests=["AT-0056-1"])
def never_set(trace: Trace, device: str) -> Finding:
    case = Case()
    given = orders(trace, device)
    for answer in told(trace, device):
        if given and answer.event.n > given[0].event.n:
            break
        if not answer.supported or (answer.date is not None and not trace.complete):
            continue  # a change that was set before a capture began
        case.check(
            answer.date is None and answer.control in (0, None),
            "before any change the attributes read %s and %s" % (to_iso(answer.date), answer.control),
            answer.event,
        )
    return case.result(
        "with no change set the attributes read FFFFFFFF and 0", "no answer from before a change is in the trace"
    )


@judges("REQ-0056-5", severity=2, reference="takes GCS09 and answers with success", tests=["AT-0056-3"], answers=["GCS09"])
def gcs09(trace: Trace, device: str) -> Finding:
    case = Case()
    for order in orders(trace, device):
        fields = published(order.event) if order.event.kind == "gbcs" else None
        if fields is None:
            continue
        if fields["octets"] != GCS09_OCTETS:
            continue  # not the command of the requirement
        if order.answer is None:
            if trace.complete and order.event.milliseconds + PROMPT < trace.end:
                case.fails("GCS09 was not answered", order.event)
            continue
        answered = default_response(order.answer)
        case.check(
            answered == (0, 0),
            "GCS09 is answered with %s" % ("no default response" if answered is None else "command %d, status %02X" % answered),
            order.event,
            order.answer,
        )
    return case.result("GCS09 is answered by a default response with success", "no GCS09 with its answer is in the trace")


@judges("REQ-0056-7", severity=2, reference="shows the change control as it was given", tests=["AT-0056-3"])
def change_control(trace: Trace, device: str) -> Finding:
    case = Case()
    for order, answer in _first_answers(trace, device):
        if answer.control is None:
            continue
        case.check(
            answer.control == order.control,
            "the change control reads 0x%08X, 0x%08X was given" % (answer.control, order.control),
            order.event,
            answer.event,
        )
    if not trace.complete and not orders(trace, device):
        _check_control_alone(case, trace, device)
    return case.result("the change control reads as it was given", _unread(trace, device))


def _check_control_alone(case: Case, trace: Trace, device: str) -> None:
    """A capture on the HAN does not show who set a change; all that can set one set bit 9 [REQ-0056-5, 6]."""
    for answer in told(trace, device):
        if answer.date is not None and answer.control is not None:
            case.check(
                bool(answer.control & CLEAR_CONSUMER_DATA),
                "a change of tenancy is set, and the change control reads 0x%08X without bit 9" % answer.control,
                answer.event,
            )


@judges("REQ-0056-8", severity=2, reference="shows a date at once, past or future", tests=["AT-0056-2", "AT-0056-3"])
def on_receipt(trace: Trace, device: str) -> Finding:
    case = Case()
    for order, answer in _first_answers(trace, device):
        case.check(
            answer.date == order.date,
            "after a change with the date %s the attribute reads %s" % (to_iso(order.date), to_iso(answer.date)),
            order.event,
            answer.event,
        )
    return case.result("the date is readable from receipt on", _unread(trace, device))


# --- IHD and PPMID --------------------------------------------------------------------------------------------


@judges("REQ-0056-11", severity=1, reference="asks both, ESME and GPF, every half hour", tests=["AT-0056-4"])
def ihd_asks(trace: Trace, device: str) -> Finding:
    return _asks(trace, device)


@judges("REQ-0056-12", severity=1, reference="asks both, ESME and GPF, every half hour", tests=["AT-0056-4"])
def ppmid_asks(trace: Trace, device: str) -> Finding:
    return _asks(trace, device)


def _asks(trace: Trace, device: str) -> Finding:
    """Failed only where the display had long enough: a day of talk, or an hour of it after a change was set."""
    case = Case()
    silent = []
    for server in FUELS.values():
        asked = questions(trace, device, server)
        if asked:
            case.seen(asked[0])
            continue
        # Whether it talks at all: one that never asks may have no other talk with that server either.
        talk = trace.of("zcl", device) if trace.devices(server) else []
        after_order = [event for order in orders(trace, server) for event in talk if event.n > order.event.n]
        long = talk and talk[-1].milliseconds - talk[0].milliseconds >= DAY
        if long or (trace.complete and after_order and _span(after_order) >= HOUR):
            case.fails("%s never asked the %s for the change of tenancy" % (device, server), talk[0], talk[-1])
        else:
            silent.append(server)
    found = case.result("asked ESME and GPF", "the trace is too short to show whether the device asks")
    if silent and found.verdict == "pass":
        return Finding("not run", "asked only one; the trace is too short to show that it never asks the %s" % silent[0])
    return found


@judges(
    "REQ-0056-13",
    severity=1,
    reference="erases what it holds of the fuel, and shows none of it afterwards",
    tests=["AT-0056-2", "AT-0056-7"],
)
def erases(trace: Trace, device: str) -> Finding:
    case = Case()
    for fuel, learnt in _changes(trace, device):
        due = max(learnt.event.milliseconds, _due(trace, device, learnt))
        erased = [event for event in erasures(trace, device, fuel) if event.milliseconds >= due - EARLY * 1000]
        early = [event for event in erasures(trace, device, fuel) if learnt.event.n < event.n and event not in erased]
        if erased and erased[0].milliseconds <= due + HOUR:
            case.seen(learnt.event, erased[0])
        elif not early and trace.end > due + PROMPT and _talks_after(trace, device, due + PROMPT):
            _check_silent_erasure(case, trace, device, fuel, learnt, due)
            if trace.complete and _reports_erasures(trace, device) and trace.end > due + HOUR and _is_there(trace, device, due):
                case.fails("%s was not erased after the change at %s" % (fuel, to_iso(learnt.date)), learnt.event)
    for fuel in FUELS:
        for event in erasures(trace, device, fuel):
            _check_screens(case, trace, device, fuel, event)
    return case.result("the former occupier's data were erased", _nothing_learnt(trace, device))


@judges("REQ-0056-14", severity=4, reference="waits for the date on HAN time", tests=["AT-0056-2"])
def erases_in_time(trace: Trace, device: str) -> Finding:
    case = Case()
    for fuel, learnt in _changes(trace, device):
        due = _due(trace, device, learnt)
        if learnt.event.milliseconds >= due:
            continue  # the date had passed already
        later = [event for event in erasures(trace, device, fuel) if event.n > learnt.event.n]
        for event in later[:1]:
            case.check(
                event.milliseconds >= due - EARLY * 1000,
                "%s was erased at %s, before the date %s" % (fuel, event.time, to_iso(learnt.date)),
                learnt.event,
                event,
            )
            if event.milliseconds > due + PROMPT and present(trace, device, due, due + PROMPT):
                reason = "%s was erased at %s, its date was %s" % (fuel, event.time, to_iso(learnt.date))
                case.fails(reason, learnt.event, event)
        if not later and trace.end > due + HOUR and _reports_erasures(trace, device):
            case.fails("%s was not erased when its date %s came" % (fuel, to_iso(learnt.date)), learnt.event)
        if not erasures(trace, device, fuel):
            _check_early_blank(case, trace, device, fuel, learnt, due)
    return case.result("erased when the date was reached, not before", "the device learnt of no date that lay ahead")


@judges("REQ-0056-15", severity=4, reference="acts once on a date, and never on an earlier one", tests=["AT-0056-5"])
def erases_once(trace: Trace, device: str) -> Finding:
    case = Case()
    for fuel, server in FUELS.items():
        actioned: int | None = None
        previous: Event | None = None
        seen = told(trace, server, device)
        for event in erasures(trace, device, fuel):
            date = _date_of(event, seen)
            if previous is not None and date is not None and actioned is not None:
                again = "a second time for the same" if date == actioned else "for an earlier"
                case.check(date > actioned, "%s was erased %s date, %s" % (fuel, again, to_iso(date)), previous, event)
            if date is not None:
                actioned = max(date, actioned or date)
            previous = event
            repeats = [answer.event for answer in seen if answer.event.n > event.n and answer.date == date]
            case.seen(*repeats[:2])
    return case.result("a date seen again erased nothing", "no date was seen again after an erasure")


@judges(
    "REQ-0056-16",
    severity=4,
    reference="erases consumption, cost, peaks, budgets, messages and top-ups; keeps keys, tariff and balance",
    tests=["AT-0056-2"],
)
def erases_the_right_things(trace: Trace, device: str) -> Finding:
    case = Case()
    for fuel, server in FUELS.items():
        for event in erasures(trace, device, fuel):
            items = event.get("items")
            if items is not None:
                missing = sorted(ERASED - set(items))
                case.check(not missing, "the erasure of %s left out %s" % (fuel, ", ".join(missing)), event)
            before, after = screens_around(trace, device, event.milliseconds, event.n)
            if before is not None and after is not None:
                gone = [name for name, value in kept(before).items() if value is not None and kept(after).get(name) is None]
                case.check(not gone, "the erasure of %s took %s with it" % (fuel, ", ".join(gone)), event, after)
            answered = trace.of("zcl", server, device, since=event.milliseconds + 1)
            case.seen(*answered[:1])
    return case.result("what must go is gone, what must stay is there", "no erasure is in the trace")


@judges("REQ-0056-18", severity=1, reference="clears one fuel for the date of that fuel's device", tests=["AT-0056-6"])
def fuels_apart(trace: Trace, device: str) -> Finding:
    case = Case()
    for fuel, server in FUELS.items():
        other = next(name for name in FUELS if name != fuel)
        dates = {answer.date for answer in told(trace, server, device)}
        elsewhere = {answer.date for answer in told(trace, FUELS[other], device)}
        for event in erasures(trace, device, fuel):
            date = _date_of(event, [])
            if date is not None and date not in dates and date in elsewhere:
                case.fails("%s was erased for the date of %s, %s" % (fuel, other, to_iso(date)), event)
                continue
            before, after = screens_around(trace, device, event.milliseconds, event.n)
            if before is None or after is None or _erased_between(trace, device, other, before, after):
                continue
            held = {name: value for name, value in history(before, other).items() if value is not None}
            lost = [name for name in held if history(after, other).get(name) is None]
            if held:
                case.check(not lost, "the erasure of %s cleared %s" % (fuel, ", ".join(lost)), before, event, after)
    return case.result("an erasure of one fuel left the other as it was", "no erasure with screens around it is in the trace")


# --- helpers ---------------------------------------------------------------------------------------------------


def _first_answers(trace: Trace, device: str) -> list[tuple[Order, Told]]:
    """Each accepted order with the first answer after it and before the next order."""
    given = [order for order in orders(trace, device) if order.accepted]
    found = []
    for place, order in enumerate(given):
        until = given[place + 1].event.n if place + 1 < len(given) else None
        for answer in told(trace, device):
            if answer.supported and answer.event.n > order.event.n and (until is None or answer.event.n < until):
                found.append((order, answer))
                break
    return found


def _unread(trace: Trace, device: str) -> str:
    return "nobody read the attributes after a change was given" if orders(trace, device) else NO_ORDER


def _changes(trace: Trace, device: str) -> list[tuple[str, Told]]:
    """(fuel, first answer with it) of each change of tenancy the display learnt that asks for an erasure.

    Dates that are not later than one before are no reason to erase [REQ-0056-15].
    """
    found = []
    for fuel, server in FUELS.items():
        latest: int | None = None
        unset = False
        for answer in told(trace, server, device):
            unset = unset or (DATE in answer.event.attributes and answer.date is None)
            control = CLEAR_CONSUMER_DATA if answer.control is None else answer.control
            if answer.date is None or not control & CLEAR_CONSUMER_DATA or (latest is not None and answer.date <= latest):
                continue
            first = latest is None and not unset and not trace.complete and not orders(trace, server)
            latest = answer.date
            if not first:  # a change from before a capture was acted upon before it
                found.append((fuel, answer))
    return found


def _due(trace: Trace, device: str, learnt: Told) -> int:
    """When an erasure is due: the date on the device's clock, in milliseconds of true time."""
    assert learnt.date is not None
    return (learnt.date - clock_offset(trace, device, learnt.event.milliseconds)) * 1000


def _date_of(event: Event, seen: list[Told]) -> int | None:
    """The date an erasure acted on: what it says, or else the newest date the server told before."""
    date = event.get("date")
    if date is not None:
        return moment(date)
    before = [answer.date for answer in seen if answer.event.n < event.n and answer.date is not None]
    return before[-1] if before else None


def _talks_after(trace: Trace, device: str, milliseconds: int) -> bool:
    return bool(trace.of("zcl", source=device, since=milliseconds))


def _check_silent_erasure(case: Case, trace: Trace, device: str, fuel: str, learnt: Told, due: int) -> None:
    """No erasure is reported. Screens tell whether the data went all the same; without them nothing is known."""
    before = trace.last("display", learnt.event.milliseconds, source=device)
    after = [event for event in trace.of("display", source=device) if event.milliseconds >= due + PROMPT]
    if before is None or not after:
        return
    left = survivors(before, after[0], fuel)
    case.check(
        not left,
        "after the change of tenancy of %s the screen still shows %s" % (fuel, ", ".join(sorted(left))),
        learnt.event,
        after[0],
    )


def _reports_erasures(trace: Trace, device: str) -> bool:
    """A display of ours tells of its erasures; of another one a person sees the screen alone."""
    shown = trace.of("display", source=device)
    return bool(shown) and not any(event.get("observed") for event in shown)


def _is_there(trace: Trace, device: str, due: int) -> bool:
    return present(trace, device, due, due + HOUR)


def _check_early_blank(case: Case, trace: Trace, device: str, fuel: str, learnt: Told, due: int) -> None:
    """A display that reports no erasures: its screens may not go blank before the date."""
    before = trace.last("display", learnt.event.milliseconds, source=device)
    between = trace.of("display", source=device, since=learnt.event.milliseconds + 1, until=due - EARLY * 1000)
    if before is None or not between or not survivors(before, before, fuel):
        return
    shown = between[-1]
    case.check(
        any(value is not None for value in history(shown, fuel).values()),
        "%s is blank at %s, before the date %s" % (fuel, shown.time, to_iso(learnt.date)),
        learnt.event,
        shown,
    )


def _check_screens(case: Case, trace: Trace, device: str, fuel: str, erased: Event) -> None:
    before, after = screens_around(trace, device, erased.milliseconds, erased.n)
    if before is None or after is None:
        return
    left = survivors(before, after, fuel)
    case.check(
        not left,
        "after the erasure of %s the screen still shows %s" % (fuel, ", ".join(sorted(left))),
        before,
        erased,
        after,
    )
    for shown in trace.of("display", source=device, since=after.milliseconds + 1, until=after.milliseconds + DAY):
        back = _come_back(trace, device, fuel, survivors(before, shown, fuel), erased, shown)
        if back:
            case.fails("after the erasure of %s the screen shows %s again" % (fuel, ", ".join(back)), before, erased, shown)
            return


_RUNNING = {"today": "day", "week": "week", "month": "month"}


def _come_back(trace: Trace, device: str, fuel: str, same: dict[str, Any], erased: Event, shown: Event) -> list[str]:
    """Running totals on a later screen that are as before the erasure, though the meter has told others since."""
    found = []
    for name, value in same.items():
        period = _RUNNING.get(name.rpartition("_")[2])
        if period is None:
            continue
        energy = "consumption" if fuel == "electricity" else "alternative_consumption"
        quantity = "cost_consumption" if "_cost_" in name else energy
        attribute = "current_%s_%s_delivered" % (period, quantity)
        told_since = [
            event.attributes[attribute]
            for event in trace.of("zcl", FUELS[fuel], device, since=erased.milliseconds, until=shown.milliseconds)
            if event.n > erased.n and attribute in event.attributes
        ]
        if told_since and told_since[-1] != value:
            found.append(name)
    return found


def _nothing_learnt(trace: Trace, device: str) -> str:
    shown = trace.of("display", source=device) or trace.of("erase", source=device)
    return NO_CHANGE if shown else NO_DISPLAY


def _erased_between(trace: Trace, device: str, fuel: str, before: Event, after: Event) -> bool:
    return any(before.n < event.n < after.n for event in erasures(trace, device, fuel))


def _asked_before(trace: Trace, answer: Event, command: str) -> list[Event]:
    """The questions with the sequence number of an answer, within ten seconds before it."""
    return [
        event
        for event in trace.of(
            "zcl",
            answer.destination,
            answer.source,
            answer.get("cluster"),
            command,
            since=answer.milliseconds - 10_000,
            until=answer.milliseconds + 1,
        )
        if event.sequence == answer.sequence and event.n < answer.n
    ]


def _span(events: list[Event]) -> int:
    return events[-1].milliseconds - events[0].milliseconds
