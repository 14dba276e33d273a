# SPDX-License-Identifier: GPL-3.0-or-later
"""SECMP0015: gas registers read through the proxy say when, by whose clock, and how reliably."""

from han.clock import to_iso

from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.stamp_model import (
    FROM_GPF,
    FROM_GSME,
    TOLERANCE,
    USE_CASES,
    Answer,
    Stamp,
    answers,
    pushes,
    registers,
)
from hanref.trace import Trace

NO_READ = "no answer to a gas register read is in the trace"
NO_PUSH = "no push of the gas meter before a read is in the trace"

_DAY_OF_WEEK, _HUNDREDTHS, _DEVIATION = 4, 8, slice(9, 11)  # places in a COSEM date-time


@judges(
    "REQ-0015-1",
    severity=2,
    reference="puts the date-time of the register set into the header of every answer",
    tests=["AT-0015-1", "AT-0015-4"],
    answers=["GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"],
)
def carries_date_time(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = answers(trace, device)
    for answer in seen:
        case.check(
            answer.event.get("date_time") is not None or answer.status is not None,
            "the answer to %s carries no date-time" % answer.use_case,
            answer.event,
        )
    read = [name for name in USE_CASES if any(answer.use_case == name for answer in seen)]
    missing = [name for name in USE_CASES if name not in read]
    holds = "answers to %s carry a date-time" % ", ".join(read)
    return case.result(holds + ("; not read: %s" % ", ".join(missing) if missing else ""), NO_READ)


@judges(
    "REQ-0015-3",
    severity=3,
    reference="writes 12 octets in UTC: no day of week, no hundredths, no deviation",
    tests=["AT-0015-1"],
)
def date_time_format(trace: Trace, device: str) -> Finding:
    case = Case()
    for answer in answers(trace, device):
        octets = answer.octets
        if octets is None:
            continue
        hundredths = 0xFF if answer.time is None and octets[:2] == b"\xff\xff" else 0  # of no time at all
        case.check(
            octets[_DAY_OF_WEEK] == 0xFF and octets[_HUNDREDTHS] == hundredths and octets[_DEVIATION] == b"\x80\x00",
            "the date-time is %s: day of week FF, hundredths 00 and deviation 8000 are due" % octets.hex().upper(),
            answer.event,
        )
    return case.result("every date-time has the 12 octets that are due", NO_READ)


@judges(
    "REQ-0015-4",
    severity=3,
    reference="answers 04 with the meter's time, 00 with its own, both reliable",
    tests=["AT-0015-1", "AT-0015-2"],
)
def reliable_status(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = answers(trace, device)
    for answer in seen:
        if _known(trace, answer) and all(stamp.reliability == "reliable" for stamp in answer.expected):
            _check_status(case, answer)
    return case.result("clock status 04 for the meter's time, 00 for the proxy's", NO_PUSH if seen else NO_READ)


@judges(
    "REQ-0015-6",
    severity=4,
    reference="answers 06 for an unreliable time of the meter, 05 for an invalid one",
    tests=["AT-0015-3"],
)
def doubtful_status(trace: Trace, device: str) -> Finding:
    case = Case()
    for answer in answers(trace, device):
        if _known(trace, answer) and all(stamp.reliability in ("unreliable", "invalid") for stamp in answer.expected):
            _check_status(case, answer)
    return case.result(
        "an unreliable or invalid time is marked as such", "no read while the time was unreliable or invalid is in the trace"
    )


@judges(
    "REQ-0015-7",
    severity=2,
    reference="answers with the time that came with the value, however often it is read",
    tests=["AT-0015-1", "AT-0015-6"],
)
def time_of_the_value(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = answers(trace, device)
    for answer in seen:
        due = [stamp for stamp in answer.of_source(FROM_GSME) if stamp.time is not None]
        if not due or len(due) < len(answer.expected) or not _trusted(trace, answer, due):
            continue
        case.check(
            any(answer.time == stamp.time for stamp in due) or not all(stamp.certain for stamp in due),
            "%s answered at %s says %s, the value was provided at %s"
            % (answer.use_case, answer.event.time, to_iso(answer.time), to_iso(due[0].time)),
            due[0].push,
            answer.event,
        )
    return case.result("the date-time is that of the push", NO_PUSH if seen else NO_READ)


@judges(
    "REQ-0015-8",
    severity=4,
    reference="stamps values that came without a time with its own UTC on receipt",
    tests=["AT-0015-2"],
)
def own_time(trace: Trace, device: str) -> Finding:
    case = Case()
    for answer in answers(trace, device):
        due = answer.of_source(FROM_GPF)
        if not due or len(due) < len(answer.expected) or not _trusted(trace, answer, due):
            continue
        stored = due[0]
        holds = answer.source == FROM_GPF and any(_near(answer.time, stamp.time) for stamp in due)
        if not holds and not trace.complete:
            continue  # the frame with the time may be missing
        case.check(
            holds,
            "%s says %s by the clock of the %s; the value came without a time at %s"
            % (answer.use_case, to_iso(answer.time), answer.source, stored.push.time),
            stored.push,
            answer.event,
        )
    return case.result(
        "values without a time are stamped by the proxy on receipt", "the meter never pushed a read value without its time"
    )


@judges(
    "REQ-0015-9",
    severity=4,
    reference="keeps a time, source and reliability for each register set",
    tests=["AT-0015-1"],
)
def stamp_of_each_set(trace: Trace, device: str) -> Finding:
    """Shown by a read of a set that was pushed earlier than the newest push."""
    case = Case()
    sessions = pushes(trace, device)
    for answer in answers(trace, device):
        due = answer.expected
        if not due or not all(stamp.certain for stamp in due):
            continue
        newer = [
            push.frames[0]
            for push in sessions
            if max(stamp.push.milliseconds for stamp in due) < push.frames[0].milliseconds <= answer.event.milliseconds
            and not _refreshes(push.frames, answer.use_case)
        ]
        if not newer or not _trusted(trace, answer, due):
            continue
        holds = any(_fits(answer, stamp) for stamp in due)
        if not holds and not trace.complete:
            continue  # a push of this set may be missing
        case.check(
            holds,
            "%s says %s though its registers were pushed last at %s" % (answer.use_case, to_iso(answer.time), due[0].push.time),
            due[0].push,
            newer[-1],
            answer.event,
        )
    return case.result(
        "a set keeps its stamp when another is refreshed",
        "no read of a register set older than the newest push is in the trace",
    )


def _check_status(case: Case, answer: Answer) -> None:
    """The clock status is that of one of the stamps the answer may show."""
    due = {_status(stamp) for stamp in answer.expected}
    if not all(stamp.certain for stamp in answer.expected):
        due |= {status & ~4 for status in due}
    case.check(
        answer.status in due,
        "%s has clock status %s, %s is due"
        % (
            answer.use_case,
            "none" if answer.status is None else "%02X" % answer.status,
            " or ".join("%02X" % status for status in sorted(due)),
        ),
        answer.expected[0].push,
        answer.event,
    )


def _known(trace: Trace, answer: Answer) -> bool:
    """Whether the trace shows which push an answer is about: where frames may be missing only its time tells."""
    if trace.complete:
        return bool(answer.expected)
    return bool(answer.expected) and all(
        stamp.source == FROM_GSME and stamp.certain and stamp.time is not None and stamp.time == answer.time
        for stamp in answer.expected
    )


def _status(stamp: Stamp) -> int:
    base = 4 if stamp.source == FROM_GSME else 0
    return base | {"reliable": 0, "unreliable": 2, "invalid": 1}.get(stamp.reliability or "", 0)


def _fits(answer: Answer, stamp: Stamp) -> bool:
    if stamp.source == FROM_GPF:
        return _near(answer.time, stamp.time)
    return stamp.time is None or answer.time == stamp.time


def _near(time: int | None, other: int | None) -> bool:
    return time is not None and other is not None and abs(time - other) <= TOLERANCE


def _trusted(trace: Trace, answer: Answer, due: list[Stamp]) -> bool:
    """Whether what the trace shows suffices to speak against the proxy.

    Where frames may be missing, a later time than that of the last push seen may come from a push that was not.
    """
    if trace.complete or answer.time is None:
        return True
    if not all(stamp.certain for stamp in due):
        return False
    newest = max((stamp.time or 0) for stamp in due)
    built_now = abs(answer.time - answer.event.utc) <= TOLERANCE
    return answer.time <= newest or built_now


def _refreshes(frames: list, use_case: str) -> bool:  # type: ignore[type-arg]
    wanted = registers(use_case)
    return any("%s/%s" % (frame.get("cluster"), name) in wanted for frame in frames for name in frame.attributes)
