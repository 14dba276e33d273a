# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS answers about gas: which carry a time, whose, and that the sleeping meter gets its commands."""

from contextlib import suppress

from han.errors import HanError
from han.gbcs import envelope, gbz
from han.zcl import commands

from hanref.moments import HALF_HOUR
from hanref.requirements.clock_model import clock_status
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.stamp_model import CODES, USE_CASES
from hanref.requirements.wire import present
from hanref.trace import Event, Trace

NOT_SPECIFIED = "FF"
BALANCE = "008D"  # GCS60, which has no date-time [REQ-0015-2]
STATUS = {"reliable": "00", "unreliable": "02"}
WAKES = HALF_HOUR + 120  # seconds until a command has reached the sleeping meter


@judges(
    "REQ-0015-2",
    severity=2,
    reference="answers GCS60 without a date-time, GCS60a with one, each under its own code",
    tests=["AT-0015-4"],
    answers=["GCS60", "GCS60a"],
)
def codes_and_times(trace: Trace, device: str) -> Finding:
    case = Case()
    for command, answer in _answered(trace, device):
        code = _code(command)
        if code != BALANCE and code not in CODES:
            continue
        case.check(_code(answer) == code, "%s is answered under code %s" % (code, _code(answer)), command, answer)
        timed = answer.get("date_time") is not None or answer.get("clock_status") is not None
        case.check(
            timed == (code != BALANCE),
            "the answer to %s carries %s" % (CODES.get(code, "GCS60"), "a date-time" if timed else "no date-time"),
            command,
            answer,
        )
    return case.result("codes and times are those of the five reads and of GCS60", "none of these reads is in the trace")


@judges(
    "REQ-0015-5",
    severity=3,
    reference="answers 00 while its clock is reliable, 02 while it is not",
    tests=["AT-0015-3"],
    answers=["GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"],
)
def meter_answers_itself(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("gbcs", source=device):
        if _code(event) not in CODES or event.get("cra") != "response":
            continue
        believed = clock_status(trace, device, event.milliseconds)
        due = STATUS.get(str(believed))
        status = event.get("clock_status")
        if due is None:
            if status is not None:
                case.check(
                    status in STATUS.values() or status == "01", "the meter answers with clock status %s" % status, event
                )
            continue
        case.check(status == due, "clock status %s, the clock is %s" % (status, believed), event)
    return case.result(
        "the meter's own answers tell its clock's status", "the gas meter itself answered none of the five reads"
    )


@judges(
    "REQ-0015-10",
    severity=3,
    reference="puts the date-time into error answers too",
    tests=["AT-0015-3"],
)
def errors_are_timed(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("gbcs", source=device):
        if _code(event) not in CODES or event.get("cra") != "response" or not _is_error(event):
            continue
        timed = event.get("date_time") is not None or event.get("clock_status") is not None
        case.check(timed, "an error answer to %s carries no date-time" % CODES[_code(event)], event)
    return case.result("error answers carry a date-time", "no error answer to one of the five reads is in the trace")


@judges(
    "REQ-0015-11",
    severity=2,
    reference="leaves the clock status of every other answer at FF",
    tests=["AT-0015-5"],
)
def others_not_specified(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("gbcs", source=device):
        status = event.get("clock_status")
        if event.get("cra") != "response" or status is None or _code(event) in CODES:
            continue
        case.check(
            str(status).upper() == NOT_SPECIFIED,
            "the answer %s has clock status %s" % (event.get("use_case") or _code(event), status),
            event,
        )
    return case.result("other answers have clock status FF", "no other answer with a date-time is in the trace")


@judges(
    "REQ-0015-13",
    severity=3,
    reference="tells the source and the reliability of a time apart",
    tests=["AT-0015-3"],
    devices=["gpf", "gsme"],
)
def source_and_reliability(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("gbcs", source=device):
        if _code(event) in CODES and event.get("cra") == "response" and event.get("clock_status") is not None:
            status = int(event.get("clock_status"), 16)
            source = "GSME" if status & 4 or device.startswith("gsme") else "GPF"
            reliability = "invalid" if status & 1 else "unreliable" if status & 2 else "reliable"
            case.check(
                (event.get("time_source"), event.get("time_reliability")) == (source, reliability),
                "clock status %02X is read as %s, %s" % (status, event.get("time_source"), event.get("time_reliability")),
                event,
            )
    return case.result("source and reliability are two fields of %s" % ", ".join(USE_CASES), "no timed answer is in the trace")


@judges(
    "REQ-CHF-11",
    severity=2,
    reference="holds a command for the sleeping meter until it wakes, and gives it once",
    tests=["test_tunnels"],
)
def held_for_the_sleeper(trace: Trace, device: str) -> Finding:
    case = Case()
    for meter in trace.devices("gsme"):
        for command in trace.of("gbcs", destination=meter):
            if command.get("cra") != "command":
                continue
            answers = _answers_to(trace, meter, command)
            if len(answers) > 1:
                case.fails("a command for the sleeping meter was answered %d times" % len(answers), command, *answers)
                continue
            until = command.milliseconds + WAKES * 1000
            there = until < trace.end and all(present(trace, name, command.milliseconds, until) for name in (meter, device))
            if answers:
                case.seen(command, answers[0])
            elif there and trace.complete and not _refused(trace, meter, command):
                case.fails("a command for the sleeping meter was not answered at its next wake", command)
    return case.result("commands reached the meter when it woke", "no command for the gas meter itself is in the trace")


def _code(event: Event) -> str:
    return str(event.get("message_code") or "").upper().removeprefix("0X")


def _answers_to(trace: Trace, device: str, command: Event) -> list[Event]:
    return [
        event
        for event in trace.of("gbcs", source=device, since=command.milliseconds)
        if event.n > command.n
        and event.get("cra") == "response"
        and event.get("originator_counter") == command.get("originator_counter")
        and event.get("recipient") == command.get("originator")
    ]


def _answered(trace: Trace, device: str) -> list[tuple[Event, Event]]:
    commands_ = [event for event in trace.of("gbcs", destination=device) if event.get("cra") == "command"]
    return [(command, answers[0]) for command in commands_ if (answers := _answers_to(trace, device, command))]


def _refused(trace: Trace, device: str, command: Event) -> bool:
    return any(event.get("message_code") == command.get("message_code") for event in trace.of("gbcs_refused", source=device))


def _is_error(event: Event) -> bool:
    """Whether an answer holds a default response, or a record with a status."""
    with suppress(HanError, ValueError, IndexError):
        message = envelope.decode(bytes.fromhex(event.get("octets") or ""))
        for component in gbz.decode(message.payload, message.cra, message.message_code).components:
            if not component.is_global():
                continue
            if component.command == commands.DEFAULT_RESPONSE:
                return True
            if component.command == commands.READ_ATTRIBUTES_RESPONSE:
                records = commands.decode(component.command, bytes(component.payload))
                return any(record[1] for record in records)
    return False
