# SPDX-License-Identifier: GPL-3.0-or-later
"""Event logs and security logs as the WAN reads them, and what becomes of them when one is cleared."""

import itertools
from dataclasses import dataclass

from han.gbcs import cosem_places as places

from hanref.moments import moment
from hanref.requirements.han_access import SECURITY_EVENTS
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import Dialogue, access, components, dialogues, rows
from hanref.trace import Event, Trace

CAPACITY = 100  # entries of a log [REQ-CHF-9]
ACCEPTED, REFUSED = 0x8154, 0x8155
NEAR = 15  # seconds between what happened and its entry
DLMS_READS = {
    "ECS35a": places.EVENT_LOG,
    "ECS35b": places.SECURITY_LOG,
    "ECS35c": places.HUB_EVENT_LOG,
    "ECS35d": places.HUB_SECURITY_LOG,
}
SECURITY_READS = ("ECS35b", "ECS35d", "CS10b")
OWN, COPY = 3, 6  # log identifiers of the Events cluster: general ones
OWN_SECURITY = 4

NOT_READ = "nobody on the WAN read this device's %s log in the trace"


@dataclass
class Entry:
    """An entry of a log: when (utc), event code, data in hex (None where the read gives none)."""

    utc: int
    code: int
    data: str | None


@dataclass
class Read:
    """A read of a log: `log` its identifier where it has one, `entries` None where it was refused, `answer` what came."""

    dialogue: Dialogue
    answer: Event
    log: int | None
    entries: list[Entry] | None


def reads(trace: Trace, device: str, names: tuple[str, ...]) -> list[Read]:
    """The reads of a device's logs that were answered, oldest first."""
    found = []
    for dialogue in dialogues(trace, device, *names):
        if dialogue.answer is not None:
            found.append(_dlms(dialogue) if dialogue.name in DLMS_READS else _gbz(dialogue))
    return found


def _dlms(dialogue: Dialogue) -> Read:
    assert dialogue.answer is not None
    done = access(dialogue)
    part = done.part(DLMS_READS[dialogue.name])
    if part is None or not done.succeeded:
        return Read(dialogue, dialogue.answer, None, None)
    entries = [Entry(row[0], row[1], bytes(row[2]).hex() if len(row) > 2 else None) for row in rows(part.value)]
    return Read(dialogue, dialogue.answer, None, entries)


def _gbz(dialogue: Dialogue) -> Read:
    assert dialogue.answer is not None
    asked = [part["fields"] for part in components(dialogue.command) if part.get("command") == "get_event_log"]
    log = asked[0]["event_control_log_id"] & 0x0F if asked else None
    for part in components(dialogue.answer):
        if part.get("command") == "publish_event_log":
            events = part["fields"].get("events", ())
            return Read(dialogue, dialogue.answer, log, [_entry(event) for event in events])
        if part.get("command") == "default_response" and part["fields"].get("status") == "NOT_FOUND":
            return Read(dialogue, dialogue.answer, log, [])
    return Read(dialogue, dialogue.answer, log, None)


def _entry(event: dict[str, object]) -> Entry:
    return Entry(moment(event["event_time"]), int(str(event["event_id"])), str(event.get("event_data") or ""))


# --- the hub --------------------------------------------------------------------------------------------------


@judges(
    "REQ-CHF-9",
    severity=3,
    reference="gives time, code and data of at most 100 entries",
    tests=["test_judges_wan"],
    answers=["ECS35c"],
)
def entries_of_the_hub(trace: Trace, device: str) -> Finding:
    case = Case()
    for read in reads(trace, device, ("ECS35c", "ECS35d")):
        if read.entries is None:
            case.fails("%s fails" % read.dialogue.name, read.dialogue.command, read.answer)
            continue
        held = len(read.entries) <= CAPACITY
        case.check(held, "a log of the hub holds %d entries" % len(read.entries), read.answer)
        stamps = [entry.utc for entry in read.entries]
        case.check(stamps == sorted(stamps), "a log of the hub is not oldest first", read.answer)
        for entry in read.entries:
            if entry.code in (ACCEPTED, REFUSED) and entry.data is not None:
                good = len(entry.data) == 4
                case.check(good, "the data of event %04X is %s, no message code" % (entry.code, entry.data), read.answer)
    return case.result("entries have time, code and message code", NOT_READ % "event or security")


@judges(
    "REQ-CHF-10",
    severity=2,
    reference="logs 8154 for a command it answers, 8155 for one it refuses; the security log is never cleared",
    tests=["test_judges_wan"],
)
def commands_are_logged(trace: Trace, device: str) -> Finding:
    case = Case()
    for read in reads(trace, device, ("ECS35c",)):
        if read.entries is not None and trace.complete and len(read.entries) < CAPACITY:
            _check_commands(case, trace, device, read)
    _check_kept(case, reads(trace, device, ("ECS35d",)))
    return case.result("commands are logged by their message codes", NOT_READ % "event")


def _check_commands(case: Case, trace: Trace, device: str, read: Read) -> None:
    begun = _begun(trace, device)
    for dialogue in dialogues(trace, device):
        if dialogue.answer is not None and begun <= dialogue.answer.milliseconds < read.dialogue.command.milliseconds:
            what = "the event log lacks 8154 for %s of %s" % (dialogue.name, dialogue.answer.time)
            code = str(dialogue.command.get("message_code"))
            case.check(_has(read, ACCEPTED, code, dialogue.answer.utc), what, dialogue.answer, read.answer)
    for event in trace.of("gbcs_refused", source=device, since=begun, until=read.dialogue.command.milliseconds):
        code = event.get("message_code")
        if code is not None:
            what = "the event log lacks 8155 for message %s of %s" % (code, event.time)
            case.check(_has(read, REFUSED, str(code), event.utc), what, event, read.answer)


def _begun(trace: Trace, device: str) -> int:
    """Since when the device is the one that it is: one that was exchanged has empty logs."""
    exchanged = [event.milliseconds for event in trace.of("bench", destination="hub") if event.get("verb") == "exchange"]
    return max(exchanged, default=trace.start) if device in ("chf", "gpf") else trace.start


def _has(read: Read, code: int, message_code: str, utc: int) -> bool:
    return any(
        entry.code == code and entry.data == message_code.lower() and abs(entry.utc - utc) <= NEAR
        for entry in read.entries or ()
    )


def _check_kept(case: Case, found: list[Read]) -> None:
    """What a security log held is in it at the next read, as long as it is not full."""
    for earlier, later in itertools.pairwise(found):
        if earlier.entries is None or later.entries is None or len(later.entries) >= CAPACITY:
            continue
        now = {(entry.utc, entry.code) for entry in later.entries}
        gone = [entry for entry in earlier.entries if (entry.utc, entry.code) not in now]
        what = "%d entries of the security log are gone" % len(gone)
        case.check(not gone, what, earlier.answer, later.answer)


# --- everybody's security log ---------------------------------------------------------------------------------


@judges(
    "REQ-078-5",
    severity=2,
    reference="gives its security log to the WAN, with what belongs into it",
    tests=["AT-078-4"],
    answers=["CS10b", "ECS35b", "ECS35d"],
)
def security_logs_are_read(trace: Trace, device: str) -> Finding:
    case = Case()
    for read in reads(trace, device, SECURITY_READS):
        if not case.check(read.entries is not None, "%s fails" % read.dialogue.name, read.dialogue.command, read.answer):
            continue
        if read.log in (None, OWN_SECURITY):
            _check_known(case, trace, device, read)
    return case.result("security logs were read over the WAN", NOT_READ % "security")


def _check_known(case: Case, trace: Trace, device: str, read: Read) -> None:
    """What the trace saw happen is there, where the log is not full and the meter had a time."""
    assert read.entries is not None
    if not trace.complete or len(read.entries) >= CAPACITY:
        return
    kept = [(entry.code, entry.utc) for entry in read.entries]
    for event, code in _security_events(trace, device, read.dialogue.command.milliseconds):
        clock = trace.last("clock", event.milliseconds, source=device)
        if event.milliseconds < _begun(trace, device) or (clock is not None and clock.get("status") == "invalid"):
            continue
        there = any(entry == code and abs(utc - event.utc) <= NEAR + _off(clock) for entry, utc in kept)
        case.check(there, "the security log lacks %04X of %s" % (code, event.time), event, read.answer)


def _off(clock: Event | None) -> int:
    """How far a device says its clock is off."""
    return 0 if clock is None or not clock.get("utc") else abs(moment(clock.get("utc")) - clock.utc)


def _security_events(trace: Trace, device: str, until: int) -> list[tuple[Event, int]]:
    found = [(event, str(event.get("code"))) for event in trace.of("alert", source=device, until=until)]
    found += [(event, str(event.get("event"))) for event in trace.of("gbcs_refused", source=device, until=until)]
    codes = [(event, int(text, 16)) for event, text in found if text not in ("None", "")]
    return [(event, code) for event, code in codes if code in SECURITY_EVENTS]


@judges(
    "REQ-ESME-6",
    severity=2,
    reference="clears the event log alone, and says so in the security log",
    tests=["test_judges_wan"],
    answers=["ECS15a", "ECS35b"],
)
def clears_the_event_log(trace: Trace, device: str) -> Finding:
    case = Case()
    security = reads(trace, device, ("ECS35b",))
    for dialogue in dialogues(trace, device, "ECS15a"):
        answer = dialogue.answer
        if answer is None or not access(dialogue).succeeded:
            continue
        before = [read for read in security if read.answer.n < dialogue.command.n]
        after = [read for read in security if read.dialogue.command.n > answer.n]
        if before and after and before[-1].entries:
            _check_kept(case, [before[-1], after[0]])
    return case.result(
        "the security log is as it was after Clear Event Log",
        "Clear Event Log between two reads of a security log with entries is not in the trace",
    )


# --- the proxy ------------------------------------------------------------------------------------------------

FOLLOWED = ("GCS01a", "GCS01b", "GCS05", "GCS07", "GCS23", "GCS25", "GCS25a", "GCS44", "CS11")


@judges(
    "REQ-GPF-14",
    severity=3,
    reference="logs commands that it follows with the meter's events, its own with its own",
    tests=["test_judges_wan"],
    answers=["CS11", "CS10a", "CS10b"],
)
def logged_at_the_mirror(trace: Trace, device: str) -> Finding:
    case = Case()
    followed = [entry for meter in trace.devices("gsme") for entry in dialogues(trace, meter, *FOLLOWED)]
    own = dialogues(trace, device)
    for read in reads(trace, device, ("CS10a",)):
        if read.entries is None or len(read.entries) >= CAPACITY or not trace.complete:
            continue
        for dialogues_, log in ((followed, COPY), (own, OWN)):
            for dialogue in dialogues_:
                _check_place(case, trace, device, read, dialogue, log)
    return case.result("commands are logged where they belong", "nobody on the WAN read the proxy's event logs in the trace")


def _check_place(case: Case, trace: Trace, device: str, read: Read, dialogue: Dialogue, log: int) -> None:
    answer = dialogue.answer
    if answer is None or read.log not in (OWN, COPY) or answer.milliseconds >= read.dialogue.command.milliseconds:
        return
    cleared = [entry.answer for entry in dialogues(trace, "gsme" if read.log == COPY else device, "CS11") if entry.answer]
    if any(answer.n <= event.n < read.answer.n for event in cleared) or answer.milliseconds < _begun(trace, device):
        return
    there = _has(read, ACCEPTED, str(dialogue.command.get("message_code")), answer.utc)
    if read.log == log:
        what = "log %d lacks the command %s of %s" % (log, dialogue.name, answer.time)
        case.check(there, what, answer, read.answer)
    elif there and dialogue.name != "CS11":
        case.fails("the command %s is in log %d" % (dialogue.name, read.log or 0), answer, read.answer)


