# SPDX-License-Identifier: GPL-3.0-or-later
"""What a display asks, how often, and what it shows: IHD and PPMID."""

import itertools
from collections.abc import Sequence

from han.clock import to_iso

from hanref.moments import moment
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import FUELS, clock_offset, erasures, questions, survivors, told
from hanref.requirements.wire import exchanges, presence, present
from hanref.trace import Event, Trace

METERING = "0702"
PREPAYMENT = "0705"
PRICE = "0700"
MANAGEMENT = "0708"

REGISTER = "current_summation_delivered"
DEMAND = "instantaneous_demand"
AMBIENT = "ambient_consumption_indicator"
THRESHOLDS = ("low_medium_threshold", "medium_high_threshold")
LEVELS = ("low", "medium", "high")

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FAST = 10  # seconds between two reads of the electricity figures [REQ-IHD-2]
SLOW = 1800  # seconds between two reads of the gas figures [REQ-IHD-3]
SETTLES = 3 * MINUTE  # until a display that found its meter again reads it as before
STARTS = HOUR  # within which a display that was switched on has asked for the change of tenancy (ours)

CONTROLS = (
    (METERING, "local_change_supply"),
    (PREPAYMENT, "consumer_top_up"),
    (PREPAYMENT, "select_available_emergency_credit"),
)

NO_TALK = "the display hardly talks in the trace"
NO_SCREEN = "the trace shows no screen of the display"


# --- when it asks for the change of tenancy -------------------------------------------------------------------


@judges(
    "REQ-0056-17",
    severity=4,
    reference="asks on joining, on power-up, when the link is back, and every half hour",
    tests=["AT-0056-4"],
)
def asks_in_time(trace: Trace, device: str) -> Finding:
    case = Case()
    for server in FUELS.values():
        if not trace.devices(server):
            continue
        asked = [event.milliseconds for event in questions(trace, device, server)]
        by_time = {event.milliseconds: event for event in questions(trace, device, server)}
        for begin, end, cause in _there(trace, device, server):
            inside = [at for at in asked if begin <= at <= end]
            if end - begin >= STARTS and cause is not None:
                case.check(
                    bool(inside) and inside[0] - begin <= STARTS,
                    "%s did not ask the %s for the change of tenancy within an hour of %s" % (device, server, cause.time),
                    cause,
                    *[by_time[at] for at in inside[:1]],
                )
            longest = DAY + 5 * MINUTE if trace.complete else 3 * DAY
            for earlier, later in zip([begin, *inside], [*inside, end], strict=True):
                if later - earlier > longest:
                    talk = trace.of("zcl", source=device, since=earlier, until=later)
                    if talk:
                        case.fails(
                            "%s did not ask the %s for the change of tenancy in %d hours"
                            % (device, server, (later - earlier) // HOUR),
                            talk[0],
                            talk[-1],
                        )
            case.seen(*[by_time[at] for at in inside[:1]])
    return case.result("asked when it started and at least once a day", "the display did not ask within what the trace shows")


def _there(trace: Trace, device: str, server: str) -> list[tuple[int, int, Event | None]]:
    """(begin, end, what began it) of the times in which a display and a server could talk; the cause is None where the
    trace does not tell when the display started."""
    changes = [event for name in (device, server) for event in presence(trace, name)]
    spans: list[tuple[int, int, Event | None]] = []
    begin, cause = trace.start, None
    for event in sorted(changes, key=lambda event: (event.milliseconds, event.n)):
        at = event.milliseconds
        if at > begin:
            spans.append((begin, at, cause))
        begin, cause = at, event
    spans.append((begin, trace.end, cause))
    return [(begin, end, cause) for begin, end, cause in spans if _can_talk(trace, device, server, begin, end)]


def _can_talk(trace: Trace, device: str, server: str, begin: int, end: int) -> bool:
    # A moment inside the span: power and link change at its ends.
    middle = (begin + end) // 2
    return end > begin and present(trace, device, middle, middle) and present(trace, server, middle, middle)


@judges(
    "REQ-0056-19",
    severity=1,
    reference="finishes the erasure when power is back, before it shows any history",
    tests=["AT-0056-7"],
)
def erases_after_power(trace: Trace, device: str) -> Finding:
    case = Case()
    power = trace.of("power", source=device)
    for off, on in itertools.pairwise(power):
        if off.get("on") or not on.get("on"):
            continue
        for fuel, server in FUELS.items():
            _check_restart(case, trace, device, fuel, server, off, on)
    return case.result(
        "after the loss of power nothing of the former occupier was shown",
        "power was never lost while an erasure was due",
    )


def _check_restart(case: Case, trace: Trace, device: str, fuel: str, server: str, off: Event, on: Event) -> None:
    learnt = [answer for answer in told(trace, server, device) if answer.event.n < off.n and answer.date is not None]
    if not learnt:
        return
    date = learnt[-1].date
    assert date is not None
    due = (date - clock_offset(trace, device, off.milliseconds)) * SECOND
    done = [event for event in erasures(trace, device, fuel) if event.n < off.n and event.get("date") == to_iso(date)]
    before = trace.last("display", off.milliseconds, source=device)
    if done or due > on.milliseconds or before is None:
        return
    for shown in trace.of("display", source=device, since=on.milliseconds, until=on.milliseconds + 2 * HOUR):
        left = survivors(before, shown, fuel)
        if not case.check(not left, "after the loss of power %s is still shown" % ", ".join(sorted(left)), off, shown):
            return


# --- how often it reads ---------------------------------------------------------------------------------------


@judges("REQ-IHD-2", severity=2, reference="reads the electricity figures every 10 s", tests=["AT-0056-2"])
def refreshes_electricity(trace: Trace, device: str) -> Finding:
    reads = _reads(trace, device, "esme", (DEMAND, REGISTER))
    case = Case()
    for begin, end in _spans(trace, device, "esme", FAST):
        _check_rate(case, trace, device, reads, (begin, end), FAST)
    return case.result("the electricity figures are read every 10 s", _rare(trace, device, "esme"))


@judges("REQ-IHD-3", severity=2, reference="reads the gas figures every half hour", tests=["AT-0015-6"])
def refreshes_gas(trace: Trace, device: str) -> Finding:
    reads = _reads(trace, device, "gpf", (REGISTER,))
    case = Case()
    for begin, end in _spans(trace, device, "gpf", SLOW):
        _check_rate(case, trace, device, reads, (begin, end), SLOW)
    return case.result("the gas figures are read every half hour", _rare(trace, device, "gpf"))


def _reads(trace: Trace, device: str, server: str, names: Sequence[str]) -> list[Event]:
    return [
        event
        for event in trace.of("zcl", device, server, METERING, "read_attributes")
        if any(name in event.fields.get("attributes", ()) for name in names)
    ]


def _rare(trace: Trace, device: str, server: str) -> str:
    return "the trace does not show for long enough how often %s reads the %s" % (device, server)


def _spans(trace: Trace, device: str, server: str, interval: int) -> list[tuple[int, int]]:
    """When the display should have read each `interval` seconds: both there, and the bench had not asked for less."""
    setting = "electricity_poll" if interval == FAST else "gas_poll"
    configured = trace.header.get("devices", {}).get(device, {}).get("configuration", {}).get(setting, interval)
    changes = [(trace.start, configured)]
    for event in trace.of("bench", destination=device):
        arguments = event.get("arguments") or {}
        if event.get("verb") == "poll" and interval == FAST:
            changes.append((event.milliseconds, arguments.get("electricity", interval)))
    found = []
    for (at, asked), until in zip(changes, [*[change[0] for change in changes[1:]], trace.end], strict=True):
        if asked > interval:
            continue
        for begin, end, _ in _there(trace, device, server):
            begin, end = max(begin, at) + SETTLES + 2 * interval * SECOND * (interval == SLOW), min(end, until)
            if end - begin >= max(5 * MINUTE, 3 * interval * SECOND):
                found.append((begin, end))
    return found


def _check_rate(case: Case, trace: Trace, device: str, reads: list[Event], span: tuple[int, int], interval: int) -> None:
    """Nine in ten reads come in time, and none is left out for long. Of a capture the best ten minutes count: it does not
    tell what the bench asked for, and frames may be missing."""
    begin, end = span
    what = "%s reads the %s figures" % (device, "electricity" if interval == FAST else "gas")
    inside = [event for event in reads if begin <= event.milliseconds <= end]
    if not inside:
        talk = trace.of("zcl", source=device, since=begin, until=end) or trace.of("power", source=device)
        if trace.complete and talk:
            case.fails("%s not at all from %s on" % (what, talk[0].time), talk[0])
        return
    gaps = [later.milliseconds - earlier.milliseconds for earlier, later in itertools.pairwise(inside)]
    if not gaps:
        if trace.complete:
            case.fails("%s only once in %d minutes" % (what, (end - begin) // MINUTE), inside[0])
        return
    allowed = interval * SECOND + max(2 * SECOND, interval * SECOND // 20)
    if trace.complete:
        late = [place for place, gap in enumerate(gaps) if gap > allowed]
        worst = max(gaps)
        ends_early = end - inside[-1].milliseconds > 3 * interval * SECOND + MINUTE
        fine = len(late) <= len(gaps) // 10 and worst <= 6 * interval * SECOND and not ends_early
        place = gaps.index(worst)
        case.check(
            fine,
            "%s every %d s, up to %d s apart" % (what, sorted(gaps)[len(gaps) // 2] // SECOND, worst // SECOND),
            *(inside[place : place + 2] if not fine else inside[:2]),
        )
    elif len(gaps) >= 4:
        in_time = sum(gap <= allowed for gap in gaps)
        case.check(
            in_time >= min(20, len(gaps) // 3),
            "%s every %d s" % (what, sorted(gaps)[len(gaps) // 2] // SECOND),
            *inside[:2],
        )


# --- what it shows --------------------------------------------------------------------------------------------


@judges(
    "REQ-IHD-4",
    severity=2,
    reference="shows low, medium, high by the two thresholds of the ESME",
    tests=["test_ihd_screen"],
)
def ambient_light(trace: Trace, device: str) -> Finding:
    thresholds = _thresholds(trace)
    case = Case()
    for event in trace.of("display", source=device):
        screen = event.get("screen") or {}
        if screen.get("gas_ambient") is not None:
            case.fails("there is an ambient indication for gas", event)
        watts, shown = screen.get("electricity_power"), screen.get("electricity_ambient")
        if thresholds is None or watts is None or shown is None:
            continue
        due = LEVELS[sum(watts >= threshold for threshold in thresholds)]
        case.check(shown == due, "%d W are shown as %s, the thresholds say %s" % (watts, shown, due), event)
    for server in trace.devices("esme"):
        _check_indicator(case, trace, server, thresholds)
    if thresholds is None:
        return case.result("", "the trace does not tell the thresholds of the ESME")
    return case.result("the ambient indication follows the thresholds", NO_SCREEN)


def _thresholds(trace: Trace) -> tuple[int, int] | None:
    for event in trace.of("zcl", cluster=MANAGEMENT, command="read_attributes_response"):
        low, high = (event.attributes.get(name) for name in THRESHOLDS)
        if isinstance(low, int) and isinstance(high, int):
            return low, high
    for server in trace.devices("esme"):
        configured = trace.header.get("devices", {}).get(server, {}).get("configuration", {}).get("thresholds")
        if configured:
            return configured[0], configured[1]
    return None


def _check_indicator(case: Case, trace: Trace, server: str, thresholds: tuple[int, int] | None) -> None:
    """The meter's own indicator, where one answer gives it together with the power."""
    for event in trace.of("zcl", source=server, cluster=METERING, command="read_attributes_response"):
        watts, level = event.attributes.get(DEMAND), event.attributes.get(AMBIENT)
        if thresholds is None or not isinstance(watts, int) or not isinstance(level, int):
            continue
        due = sum(watts >= threshold for threshold in thresholds)
        if level != due:
            case.fails("%d W come with indicator %d, the thresholds say %d" % (watts, level, due), event)


@judges("REQ-IHD-5", severity=3, reference="shows the power now and what an hour of it costs", tests=["test_ihd_screen"])
def power_and_cost(trace: Trace, device: str) -> Finding:
    case = Case()
    answers = _answers(trace, device, "esme", METERING, DEMAND)
    prices = _answers(trace, device, "esme", PRICE, "no_tier_block1_price")
    for event in trace.of("display", source=device):
        screen = event.get("screen") or {}
        watts, cost = screen.get("electricity_power"), screen.get("electricity_cost_per_hour")
        if watts is None:
            continue
        known = _latest(answers, event)
        if known is not None and (trace.complete or watts == known.attributes[DEMAND]):
            case.check(
                watts == known.attributes[DEMAND],
                "the screen shows %d W, the meter said %d W" % (watts, known.attributes[DEMAND]),
                known,
                event,
            )
        price = _latest(prices, event)
        if price is not None and cost is not None:
            due = watts * price.attributes["no_tier_block1_price"] / 1000
            case.check(
                abs(cost - due) <= 1 + abs(due) / 100,
                "an hour of %d W is shown to cost %d, it is %d" % (watts, cost, due),
                price,
                event,
            )
    return case.result("power and its cost are those of the meter", NO_SCREEN)


@judges(
    "REQ-0015-14",
    severity=5,
    reference="shows the time of the gas reading",
    tests=["AT-0015-6"],
)
def age_of_gas(trace: Trace, device: str) -> Finding:
    """Optional: a display that does not show it is not judged."""
    case = Case()
    answers = _answers(trace, device, "gpf", METERING, "reading_snapshot_time")
    for event in trace.of("display", source=device):
        shown = (event.get("screen") or {}).get("gas_reading_time")
        known = _latest(answers, event)
        if shown is None or known is None:
            continue
        said = known.attributes["reading_snapshot_time"]
        if not trace.complete and shown != said:
            continue  # the answer it was taken from may be one that the trace lacks
        case.check(
            said is not None and moment(shown) == moment(said),
            "the gas reading is shown as of %s, it was of %s" % (shown, said),
            known,
            event,
        )
    return case.result(
        "the time of the gas reading is shown", "the display shows no time of the gas reading, which it may leave out"
    )


def _answers(trace: Trace, device: str, server: str, cluster: str, name: str) -> list[Event]:
    found = trace.of("zcl", server, device, cluster, "read_attributes_response")
    return [event for event in found if name in event.attributes and event.get("direction") == "server_to_client"]


def _latest(answers: list[Event], shown: Event) -> Event | None:
    """The last answer before a screen, None where it came so shortly before that the screen may be older."""
    before = [event for event in answers if event.n < shown.n]
    if not before or shown.milliseconds - before[-1].milliseconds > DAY + HOUR:
        return None
    return before[-1]


@judges("REQ-IHD-8", severity=4, reference="has no command for supply, top-up or emergency credit", tests=["test_ihd_screen"])
def controls_nothing(trace: Trace, device: str) -> Finding:
    case = Case()
    for cluster, command in CONTROLS:
        for event in trace.of("zcl", source=device, cluster=cluster, command=command):
            case.fails("%s sends %s" % (device, command), event)
    talk = trace.of("zcl", source=device)
    if talk and talk[-1].milliseconds - talk[0].milliseconds >= HOUR:
        case.seen(talk[0], talk[-1])
    return case.result("the display sent nothing that controls the supply or the account", NO_TALK)


# --- PPMID ----------------------------------------------------------------------------------------------------


_ORDERED = {"top_up": CONTROLS[1], "emergency_credit": CONTROLS[2], "enable_supply": CONTROLS[0]}


@judges(
    "REQ-PPMID-1",
    severity=2,
    reference="sends what was typed in, asks for emergency credit and for the supply",
    tests=["AT-0056-8"],
)
def does_what_is_asked(trace: Trace, device: str) -> Finding:
    case = Case()
    for order in trace.of("bench", destination=device):
        verb = order.get("verb")
        if verb not in _ORDERED:
            continue
        if (order.get("arguments") or {}).get("fuel") == "gas":
            continue  # in GBCS messages: REQ-PPMID-2, REQ-PPMID-3
        cluster, command = _ORDERED[verb]
        sent = trace.of("zcl", device, None, cluster, command, since=order.milliseconds, until=order.milliseconds + 10 * SECOND)
        there = present(trace, device, order.milliseconds, order.milliseconds)
        if sent or (there and trace.complete):
            case.check(bool(sent), "%s did not send %s" % (device, command), order, *sent[:1])
        if verb == "top_up" and sent:
            _check_number(case, device, order, sent[0])
    for cluster, command in CONTROLS:
        case.seen(*trace.of("zcl", source=device, cluster=cluster, command=command)[:2])
    return case.result("top-up, emergency credit and supply were asked of the meter", "nobody used the prepayment interface")


@judges(
    "REQ-PPMID-4",
    severity=2,
    reference="asks the electricity meter in ordinary commands; the meter switches on and never off",
    tests=["test_ppmid"],
)
def ordinary_commands(trace: Trace, device: str) -> Finding:
    case = Case()
    for server in trace.devices("esme"):
        for exchange in exchanges(trace, server, METERING, "local_change_supply", device):
            wanted = exchange.question.fields.get("proposed_supply_status")
            if exchange.answer is None:
                continue
            case.check(
                wanted == 2 or exchange.refused != "SUCCESS",
                "LocalChangeSupply to %s succeeded" % wanted,
                exchange.question,
                exchange.answer,
            )
            case.check(wanted == 2, "%s asks for supply status %s" % (device, wanted), exchange.question)
        for command in ("consumer_top_up", "select_available_emergency_credit"):
            for exchange in exchanges(trace, server, PREPAYMENT, command, device):
                case.check(
                    exchange.question.fields.get("originating_device") == 2,
                    "%s names another origin than a PPMID" % command,
                    exchange.question,
                )
    return case.result("ordinary commands, answered as they must be", "nobody used the prepayment interface")


@judges(
    "REQ-PPMID-5",
    severity=1,
    reference="has a number credited once; refuses a duplicate and what is not the meter's",
    tests=["test_prepayment"],
)
def numbers_checked(trace: Trace, device: str) -> Finding:
    case = Case()
    for server in trace.devices("esme"):
        taken: dict[str, Event] = {}
        for exchange in exchanges(trace, server, PREPAYMENT, "consumer_top_up", device):
            question, answer = exchange.question, exchange.answer
            if answer is None or answer.get("command") != "consumer_top_up_response":
                continue
            number = str(question.fields.get("top_up_code"))
            order = _top_up_order(trace, device, question)
            if order is not None:
                _check_number(case, device, order, question)
            accepted = bool(answer.fields.get("top_up_value"))
            if accepted:
                case.check(number not in taken, "the same number was credited twice", question, answer)
                taken.setdefault(number, answer)
                due = _ordered_value(order)
                value = answer.fields.get("top_up_value")
                case.check(due in (None, value), "a top-up of %s was credited with %s" % (due, value), question, answer)
            else:
                case.seen(question, answer)
    return case.result("numbers are credited once, others refused", "no top-up is in the trace")


def _check_number(case: Case, device: str, order: Event, sent: Event) -> None:
    """What goes to the meter is what was typed."""
    typed, number = (order.get("arguments") or {}).get("utrn"), str(sent.fields.get("top_up_code"))
    if typed is not None:
        same = number == str(typed).encode().hex()
        case.check(same, "%s sends another number than the one that was typed" % device, order, sent)


def _top_up_order(trace: Trace, device: str, question: Event) -> Event | None:
    """The bench's order for which a PPMID sent a number."""
    order = trace.last("bench", question.milliseconds, destination=device)
    return order if order is not None and order.get("verb") == "top_up" else None


def _ordered_value(order: Event | None) -> int | None:
    pounds = None if order is None else (order.get("arguments") or {}).get("pounds")
    return None if pounds is None else int(pounds * 100_000)


@judges(
    "REQ-PPMID-7",
    severity=2,
    reference="shows the credit as the meter says; the meter tells low, emergency and exhausted credit",
    tests=["test_ppmid"],
)
def credit_states(trace: Trace, device: str) -> Finding:
    case = Case()
    answers = _answers(trace, device, "esme", PREPAYMENT, "credit_remaining")
    prepaying = [event for event in answers if (event.attributes.get("payment_control_configuration") or 0) & 2]
    for event in trace.of("display", source=device):
        shown = (event.get("screen") or {}).get("electricity_credit_remaining")
        known = _latest(prepaying, event)
        if shown is None or known is None or _credited_between(trace, known, event):
            continue
        case.check(
            shown == known.attributes["credit_remaining"],
            "a credit of %s is shown, the meter said %s" % (shown, known.attributes["credit_remaining"]),
            known,
            event,
        )
    _check_low_credit(case, trace, prepaying)
    for event in trace.of("zcl", destination=device, cluster="0709"):
        if any(entry.get("event_id") == 0x8F0F for entry in event.fields.get("events", ())):
            case.fails("event 8F0F was told on the HAN", event)
    return case.result("credit states are shown and told", "the electricity meter is not in prepayment mode")


def _credited_between(trace: Trace, known: Event, shown: Event) -> bool:
    """A top-up's answer carries the new credit too."""
    between = trace.of("zcl", command="consumer_top_up_response", since=known.milliseconds, until=shown.milliseconds + 1)
    return any(event.destination == known.destination for event in between)


def _check_low_credit(case: Case, trace: Trace, answers: list[Event]) -> None:
    """When the credit fell below its warning level between two reads, alert 810D came between them."""
    if not trace.complete:
        return
    for earlier, later in itertools.pairwise(answers):
        level = later.attributes.get("low_credit_warning")
        if not isinstance(level, int) or not _credit(later) < level <= _credit(earlier):
            continue
        alerts = trace.of("alert", since=earlier.milliseconds - MINUTE, until=later.milliseconds + MINUTE, source=later.source)
        told_low = [event for event in alerts if str(event.get("code")).lower() == "810d"]
        case.check(bool(told_low), "the credit fell below its warning level without alert 810D", earlier, later, *told_low)


def _credit(event: Event) -> int:
    return sum(int(event.attributes.get(name) or 0) for name in ("credit_remaining", "emergency_credit_remaining"))
