# SPDX-License-Identifier: GPL-3.0-or-later
"""Payments for gas: what a PPMID asks of the meter in GBCS messages, what the meter answers, what the proxy keeps of it."""

from contextlib import suppress
from typing import Any

from han.clock import to_iso
from han.errors import HanError
from han.gbcs import envelope, gbz

from hanref.moments import moment
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import orders
from hanref.requirements.tunnelled import EMERGENCY_CREDIT, TOP_UP, Question, questions
from hanref.requirements.wire import exchanges, present
from hanref.trace import Event, Trace
from hanref.trace.frames import describe

PREPAYMENT = "0705"
ORIGIN_PPMID = 2
UTRN = 20  # digits
ACCEPTED = (0x00, 0x10, 0x11, 0x12)  # results of a top-up [GBCS 14]
SUCCESS = "SUCCESS"
GOOD = ("accepted", "success")
ITS_OWN = ("mistyped", "not possible", "no answer")  # results for which the meter said nothing
SECOND = 1000
SENDS = 10 * SECOND  # after which a PPMID that was asked has sent its message
SHOWS = 30 * SECOND  # after which it shows what was answered
ANSWERS = 60 * SECOND  # after which a meter that was given a command has answered it

NO_TOP_UP = "no gas top-up of a PPMID is in the trace"
NO_EMERGENCY_CREDIT = "no PPMID asked for emergency credit for gas in the trace"

# What the proxy keeps of payments, the number of entries it must have, and in which message it is read over the WAN.
TOP_UPS = ("get_top_up_log", "publish_top_up_log", "top_ups", "top_up_time", 5, "00C5")
DEBTS = ("get_debt_repayment_log", "publish_debt_log", "debts", "collection_time", 10, "00C4")


# --- the PPMID ----------------------------------------------------------------------------------------------------


@judges(
    "REQ-PPMID-2",
    severity=1,
    reference="sends PCS01 through its tunnel, shows the result when the meter has answered",
    tests=["test_ppmid"],
)
def gas_top_up(trace: Trace, device: str) -> Finding:
    case = Case()
    asked = questions(trace, TOP_UP)
    _check_sent(case, trace, device, "top_up", asked)
    for question in asked:
        fields = _protected(case, question, "consumer_top_up")
        if fields is None:
            continue
        digits = bytes.fromhex(str(fields.get("top_up_code") or ""))
        case.check(
            fields.get("originating_device") == ORIGIN_PPMID and len(digits) == UTRN and digits.isdigit(),
            "PCS01 has originating device %s and %d octets of UTRN" % (fields.get("originating_device"), len(digits)),
            question.command.event,
        )
        answer = _response(question)
        if answer is None:
            continue
        case.check(
            answer.get("source_of_top_up") == ORIGIN_PPMID,
            "the answer names source %s" % answer.get("source_of_top_up"),
            question.answers[0].event,
        )
    _check_told(case, trace, device, "top_up", asked)
    return case.result("gas top-ups go to the meter as PCS01, and their results are shown", NO_TOP_UP)


@judges(
    "REQ-PPMID-3",
    severity=2,
    reference="sends PCS02 through its tunnel, reports success or failure, never both",
    tests=["test_prepayment"],
)
def gas_emergency_credit(trace: Trace, device: str) -> Finding:
    case = Case()
    asked = questions(trace, EMERGENCY_CREDIT)
    _check_sent(case, trace, device, "emergency_credit", asked)
    for question in asked:
        fields = _protected(case, question, "select_available_emergency_credit")
        if fields is None:
            continue
        case.check(
            fields.get("originating_device") == ORIGIN_PPMID,
            "PCS02 has originating device %s" % fields.get("originating_device"),
            question.command.event,
        )
    _check_told(case, trace, device, "emergency_credit", asked)
    return case.result("emergency credit is asked for as PCS02, and one result is reported", NO_EMERGENCY_CREDIT)


def _check_sent(case: Case, trace: Trace, device: str, verb: str, asked: list[Question]) -> None:
    """What a person asked for goes out, where it can: a number of 20 digits."""
    for order in trace.of("bench", destination=device):
        arguments = order.get("arguments") or {}
        until = order.milliseconds + SENDS
        if order.get("verb") != verb or arguments.get("fuel") != "gas":
            continue
        if not present(trace, device, order.milliseconds, until):
            continue
        commands = [question.command.event for question in asked]
        sent = [event for event in commands if order.milliseconds <= event.milliseconds < until]
        told = [event for event in _payments(trace, device, verb) if order.milliseconds <= event.milliseconds < until]
        if sent:
            case.seen(order, sent[0])
        elif trace.complete and until < trace.end and not told:
            case.fails("%s did not send what was asked for gas (%s)" % (device, verb.replace("_", " ")), order)


def _protected(case: Case, question: Question, command: str) -> dict[str, Any] | None:
    """The fields of the one command in a message with a MAC and no signature, None where it is another."""
    message, said = question.command.message, question.command.said()
    if not case.check(
        message.mac is not None and not message.signature,
        "message %04X has no MAC, or a signature" % message.message_code,
        question.command.event,
    ):
        return None
    if not case.check(
        (said.get("cluster"), said.get("command")) == (PREPAYMENT, command),
        "message %04X holds %s" % (message.message_code, said.get("command", "something that cannot be read")),
        question.command.event,
    ):
        return None
    fields: dict[str, Any] = said["fields"]
    return fields


def _response(question: Question) -> dict[str, Any] | None:
    """The fields of the ConsumerTopUpResponse."""
    said = question.answers[0].said() if question.answers else {}
    return said["fields"] if said.get("command") == "consumer_top_up_response" else None


def _payments(trace: Trace, device: str, what: str) -> list[Event]:
    """What a person was told of it."""
    return [
        event for event in trace.of("payment", source=device) if (event.get("fuel"), event.get("what")) == ("gas", what)
    ]


def _check_told(case: Case, trace: Trace, device: str, what: str, asked: list[Question]) -> None:
    """Of each answer of the meter the person is told once, success or failure, and what was credited."""
    told = [event for event in _payments(trace, device, what) if event.get("result") not in ITS_OWN]
    if not trace.complete or not trace.of("payment", source=device):
        return  # nobody saw what was told
    answered = sorted((question for question in asked if question.answers), key=lambda one: one.answers[0].event.n)
    for event in told:
        if not answered or answered[0].answers[0].event.n > event.n:
            case.fails("a result was told without an answer of the meter, or twice", event)
            continue
        question = answered.pop(0)
        answer, fields = question.answers[0].event, _response(question)
        good = question.refused == SUCCESS if fields is None else fields.get("result_type") in ACCEPTED
        value = fields.get("top_up_value") if fields is not None and good else event.get("value")
        case.check(
            (event.get("result") in GOOD, event.get("value")) == (good, value),
            "the meter's answer (%s) was told as %s, %s"
            % ("success" if good else "failure", event.get("result"), event.get("value")),
            answer,
            event,
        )
    for question in answered:
        answer = question.answers[0].event
        until = answer.milliseconds + SHOWS
        if until < trace.end and present(trace, device, question.command.event.milliseconds, until):
            case.fails("nobody was told what the meter answered", answer)


# --- the gas meter ------------------------------------------------------------------------------------------------


@judges(
    "REQ-GSME-9",
    severity=1,
    reference="answers PCS01 and PCS02 once each, credits a number once",
    tests=["test_ppmid_gas"],
)
def answers_the_ppmid(trace: Trace, device: str) -> Finding:
    case = Case()
    credited: dict[str, Event] = {}
    for code in (TOP_UP, EMERGENCY_CREDIT):
        for question in questions(trace, code):
            answers = [answer.event for answer in question.answers]
            if len(answers) > 1:
                case.fails("a command of the PPMID was answered %d times" % len(answers), question.command.event, *answers)
            elif answers:
                _check_answer(case, question, credited)
            else:
                _check_unanswered(case, trace, device, question)
    return case.result("the PPMID's commands are answered, numbers are credited once", "no command of a PPMID is in the trace")


def _check_answer(case: Case, question: Question, credited: dict[str, Event]) -> None:
    message, answer = question.answers[0].message, question.answers[0].event
    case.check(
        message.message_code == question.command.message.message_code and message.mac is not None and not message.signature,
        "the answer to %04X is %04X, or not under a MAC" % (question.command.message.message_code, message.message_code),
        question.command.event,
        answer,
    )
    said = question.answers[0].said()
    if message.message_code == EMERGENCY_CREDIT:
        case.check(
            said.get("command") == "default_response",
            "PCS02 is answered with %s" % said.get("command"),
            question.command.event,
            answer,
        )
        return
    fields = _response(question)
    if fields is None:
        case.check(question.refused not in (None, SUCCESS), "PCS01 is answered with %s" % said.get("command"), answer)
        return
    number = str(question.command.said().get("fields", {}).get("top_up_code"))
    if fields.get("result_type") in ACCEPTED:
        case.check(number not in credited, "the same number was credited twice", credited.get(number, answer), answer)
        credited.setdefault(number, answer)
    else:
        case.check(not fields.get("top_up_value"), "a number that was refused was credited", question.command.event, answer)


def _check_unanswered(case: Case, trace: Trace, device: str, question: Question) -> None:
    """The hub gave it to the meter, which had the time to answer and did not say that it refused it."""
    octets = envelope.encode(question.command.message).hex()
    given = [
        event
        for event in trace.of("zcl", destination=device, cluster="0704", command="transfer_data")
        if octets in str(event.fields.get("data"))
    ]
    if not given or not trace.complete:
        return
    until = given[0].milliseconds + ANSWERS
    refused = [event for event in trace.of("gbcs_refused", source=device) if event.milliseconds >= given[0].milliseconds]
    if until < trace.end and present(trace, device, given[0].milliseconds, until) and not refused:
        case.fails("a command of the PPMID was not answered", given[0])


# --- the proxy ----------------------------------------------------------------------------------------------------


@judges(
    "REQ-GPF-4",
    severity=2,
    reference="keeps the latest five top-ups that the meter publishes",
    tests=["test_snapshots"],
)
def top_ups_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    _check_log(case, trace, device, TOP_UPS)
    return case.result("top-ups are kept and given", "nobody read the proxy's log of top-ups after the meter had published one")


@judges(
    "REQ-GPF-5",
    severity=2,
    reference="keeps ten payments of debt, which the meter publishes one at a time",
    tests=["test_snapshots"],
)
def debt_payments_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in _published(trace, device, "publish_debt_log"):
        entries = event.fields.get("debts") or ()
        if len(entries) != 1:
            case.fails("the meter published %d payments of debt at a time" % len(entries), event)
    _check_log(case, trace, device, DEBTS)
    return case.result(
        "payments of debt are kept and given", "nobody read the proxy's payments of debt after the meter had published one"
    )


def _published(trace: Trace, proxy: str, command: str) -> list[Event]:
    return [event for meter in trace.devices("gsme") for event in trace.of("zcl", meter, proxy, PREPAYMENT, command)]


def _check_log(case: Case, trace: Trace, proxy: str, kind: tuple[str, str, str, str, int, str]) -> None:
    """Every answer has what was published before it and fits the question, the newest first where there is not room for all."""
    get, publish, _, _, _, code = kind
    published = _published(trace, proxy, publish)
    if not orders(trace, proxy):  # a change of tenancy hides older ones from the HAN
        for exchange in exchanges(trace, proxy, PREPAYMENT, get):
            answer = exchange.answer
            if answer is not None and (answer.get("command") == publish or exchange.refused is not None):
                _check_entries(case, kind, published, exchange.question, exchange.question.fields, answer, answer.fields)
    for question in trace.of("gbcs", destination=proxy):
        if str(question.get("message_code")).upper() != code or question.get("cra") != "command":
            continue
        asked = _only_command(question)
        for answer in trace.of("gbcs", source=proxy, since=question.milliseconds):
            if answer.get("originator_counter") != question.get("originator_counter") or answer.n < question.n:
                continue
            said = _only_command(answer)
            if said and said.get("command") in (publish, "default_response"):
                _check_entries(case, kind, published, question, asked.get("fields", {}), answer, said["fields"])


def _check_entries(
    case: Case,
    kind: tuple[str, str, str, str, int, str],
    published: list[Event],
    question: Event,
    asked: Any,
    answer: Event,
    said: Any,
) -> None:
    _, _, entries, time, capacity, _ = kind
    before = [event for event in published if event.milliseconds + SECOND < question.milliseconds]
    known = {_key(entry): event for event in before for entry in event.fields.get(entries) or ()}
    end = asked.get("latest_end_time")
    start = asked.get("from_date_time")
    wanted = min(capacity, asked.get("number_of_records") or capacity)
    fitting = sorted(
        (moment(dict(key)[time]), key)
        for key in known
        if (end is None or moment(dict(key)[time]) <= moment(end))
        and (start is None or moment(start) <= moment(dict(key)[time]))
    )
    given = {_key(entry) for entry in said.get(entries) or ()}
    for _, key in fitting[-wanted:]:
        case.check(
            key in given or (len(given) >= wanted and all(moment(dict(one)[time]) >= moment(dict(key)[time]) for one in given)),
            "what the meter published for %s is not in the proxy's answer" % dict(key)[time],
            known[key],
            question,
            answer,
        )


def _key(entry: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(entry.items()))


def _only_command(event: Event) -> dict[str, Any]:
    """What the only command of a GBCS message says, with the start of the dates it asks for; empty where it is encrypted."""
    with suppress(HanError, ValueError):
        message = envelope.decode(bytes.fromhex(event.get("octets") or ""))
        (component,) = gbz.decode(message.payload, message.cra, message.message_code).components
        if not component.encrypted:
            head = bytes((component.frame_control, 0, component.command))
            said = describe(component.cluster, head + bytes(component.payload))
            if component.from_date_time is not None:
                said["fields"]["from_date_time"] = to_iso(component.from_date_time)
            return said
    return {}
