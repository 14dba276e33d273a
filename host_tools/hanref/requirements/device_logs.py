# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub's device log and historic device log: what goes in and out, what is told of it, who may join."""

from han.clock import to_iso
from han.gbcs import cosem_places as places

from hanref.requirements.device_log_model import (
    ENTRIES,
    HAND_HELD_TERMINAL,
    HISTORIC_ENTRIES,
    Change,
    Copy,
    after,
    alert_body,
    asked_to_join,
    before,
    changes,
    copies,
)
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import accesses, alerts, rows, time_of
from hanref.trace import Event, Trace
from hanref.trace.trace import role_of

TOLD_WITHIN = 10_000  # milliseconds until a change is told
STAMP = 12  # seconds that the hub's clock may be off
GRACE = 20_000  # milliseconds after a removal in which an answer may still be on its way
CHANGED = 0x8F12
HASH = 32  # hexadecimal digits
IDENTITY = 16

NO_CHANGE = "nothing was added to the hub's device log or taken out of it in the trace"
NO_JOIN = "no device asked the hub to join in the trace"
NO_COPY = "the hub's device log was not read in the trace"
MAY_LACK = "messages may be missing in the trace, so what the log must hold is not known"


# --- the logs -------------------------------------------------------------------------------------------------


@judges(
    "REQ-CHF-1",
    severity=2,
    reference="keeps 16 devices, and refuses a seventeenth",
    tests=["test_device_log"],
    answers=["CCS01"],
)
def sixteen_entries(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    found = copies(trace, device)
    for change in changes(trace, device):
        copy = before(found, change.command)
        if change.name != "CCS01" or copy is None or change.answer is None or change.succeeded:
            continue
        known = len(copy.entries)
        if known < ENTRIES and change.device not in copy.entries:
            case.fails("with %d devices in the log another is refused" % known, copy.event, change.answer)
    for copy in found:
        for entity, key in copy.entries.items():
            good = len(entity) == IDENTITY and len(key) in (0, HASH)
            case.check(good, "an entry of the log is %s with a hash of %d octets" % (entity, len(key) // 2), copy.event)
    full = [copy.event for copy in found if len(copy.entries) >= ENTRIES]
    if not full and not case.failed:
        return Finding("not run", "the hub's device log never holds %d devices in the trace" % ENTRIES)
    return case.result("the device log holds %d devices with the hashes of their keys" % ENTRIES, NO_COPY)


@judges(
    "REQ-CHF-2",
    severity=2,
    reference="keeps the last fifteen that left with a key, no hand-held terminal and not the proxy",
    tests=["AT-121-4"],
)
def historic_log(trace: Trace, device: str) -> Finding:
    case = Case()
    proxies = {(trace.header.get("devices", {}).get(name) or {}).get("identity") for name in trace.devices("gpf")}
    terminals = {change.device for change in changes(trace, device) if change.device_type == HAND_HELD_TERMINAL}
    for copy in copies(trace, device):
        if copy.historic is None:
            continue
        kept = [entity for entity, _ in copy.historic]
        case.check(len(kept) <= HISTORIC_ENTRIES, "the historic log holds %d devices" % len(kept), copy.event)
        for entity in kept:
            case.check(entity not in proxies, "the proxy is in the historic log", copy.event)
            case.check(entity not in terminals, "a hand-held terminal is in the historic log", copy.event)
        gone = _left_with_key(trace, device, copy) if trace.complete else []
        if gone:
            _check_kept(case, copy, kept, gone)
    return case.result("the historic log holds those that left last", "no historic device log was read in the trace")


def _left_with_key(trace: Trace, hub: str, until: Copy) -> list[str]:
    """Who left the log with a link key before a copy, each once, the latest last."""
    gone: list[str] = []
    types = {}
    for change in changes(trace, hub):
        if not change.succeeded or change.command.n > until.event.n:
            continue
        if change.name == "CCS01":
            types[change.device] = change.device_type
        elif change.name == "CCS02" and types.get(change.device) != HAND_HELD_TERMINAL and _had_key(trace, hub, change):
            gone = [entity for entity in gone if entity != change.device] + [change.device]
    return gone


def _had_key(trace: Trace, hub: str, change: Change) -> bool:
    """Whether a device that was taken out had a link key, by the last copy before."""
    copy = before(copies(trace, hub), change.command)
    return copy is not None and bool(copy.entries.get(change.device))


def _check_kept(case: Case, copy: Copy, kept: list[str], gone: list[str]) -> None:
    for entity in gone[-HISTORIC_ENTRIES:]:
        case.check(entity in kept, "%s left the log and is not in the historic log" % entity, copy.event)
    for entity in gone[:-HISTORIC_ENTRIES]:
        case.check(entity not in kept, "%s is in the historic log, though fifteen left after it" % entity, copy.event)


@judges("REQ-CHF-3", severity=1, reference="neither hears nor answers a device that is not in its log", tests=["test_chf_dlms"])
def silence_towards_strangers(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    names = _names(trace)
    hubs = [device, *trace.devices("gpf")]
    found = changes(trace, device)
    for place, change in enumerate(found):
        name = names.get(change.device)
        if change.name != "CCS02" or not change.succeeded or name is None or change.answer is None:
            continue
        back = next((event for event in found[place + 1 :] if _brings_back(event, change.device)), None)
        since = change.answer.milliseconds + GRACE
        until = trace.end if back is None else back.command.milliseconds
        spoken = [event for hub in hubs for event in trace.of("zcl", hub, name, since=since, until=until)]
        asked = [event for hub in hubs for event in trace.of("zcl", name, hub, since=since, until=until)]
        if spoken:
            case.fails("the hub speaks with %s, which is not in its log" % name, change.answer, *spoken[:2])
        elif asked:
            case.seen(change.answer, *asked[:2])
    return case.result("devices that left the log got no answer", "no device that left the hub's log spoke to it in the trace")


def _brings_back(change: Change, identity: str) -> bool:
    return change.succeeded and (identity in change.restored or (change.name == "CCS01" and change.device == identity))


def _names(trace: Trace) -> dict[str, str]:
    """Name in the trace by EUI-64."""
    devices = trace.header.get("devices", {})
    return {entry["identity"]: name for name, entry in devices.items() if entry.get("identity") and role_of(name) != "chf"}


@judges(
    "REQ-CHF-4",
    severity=2,
    reference="tells every addition, removal and change of a hash by CS14 with code 8F12 and a copy of the log",
    tests=["test_chf_dlms"],
)
def changes_are_told(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    found = copies(trace, device)
    for change in changes(trace, device):
        earlier = before(found, change.command)
        if not change.succeeded or change.answer is None:
            continue
        if change.name == "CCS01" and (earlier is None or change.device in earlier.entries):
            continue  # nothing was added, or that is not known
        since = change.command.milliseconds
        told = alerts(trace, device, "CS14", since, change.answer.milliseconds + TOLD_WITHIN)
        if case.check(bool(told), "a change of the log by %s is not told" % change.name, change.command, *told[:1]):
            _check_copy(case, told[0], change, found)
    for asked in asked_to_join(trace, device):
        copy = before(found, asked.event)
        if asked.admitted and copy is not None and copy.entries.get(asked.device) == "":
            told = alerts(trace, device, "CS14", asked.event.milliseconds, asked.event.milliseconds + TOLD_WITHIN)
            case.check(bool(told), "the new hash of a device that joined is not told", asked.event, *told[:1])
    return case.result("every change of the log was told with a copy", NO_CHANGE)


def _check_copy(case: Case, alert: Event, change: Change, found: list[Copy]) -> None:
    body = alert_body(alert)
    if body is None:
        case.fails("the alert holds no code, time and log", alert)
        return
    case.check(body[0][1] == CHANGED, "the alert has code %04X" % body[0][1], alert)
    copy = next(copy for copy in found if copy.event.n == alert.n)
    if change.name == "CCS01":
        there = copy.entries.get(change.device)
        case.check(there is not None, "the log that is told lacks the device that was added", change.command, alert)
        case.check(not there, "a device that has not joined has a hash", alert)
    elif change.name == "CCS02":
        case.check(change.device not in copy.entries, "the log that is told has the device that left", change.command, alert)


@judges(
    "REQ-CHF-5",
    severity=2,
    reference="adds the device with its type, key and window",
    tests=["test_chf_dlms"],
    answers=["CCS01"],
)
def adds(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    found = copies(trace, device)
    for change in changes(trace, device):
        if change.name != "CCS01" or change.answer is None or not change.succeeded:
            continue
        copy = after(found, change.command)
        if copy is not None:
            there = change.device in copy.entries
            case.check(there, "CCS01 succeeds and the log lacks the device", change.command, change.answer, copy.event)
    return case.result("devices that were added are in the log", "no device was added by CCS01 in the trace")


@judges("REQ-CHF-6", severity=3, reference="tells when each device was last heard", tests=["test_chf_dlms"], answers=["CCS06"])
def last_communication(trace: Trace, device: str) -> Finding:
    case = Case()
    names = _names(trace)
    hubs = [device, *trace.devices("gpf")]
    for access in accesses(trace, device, "CCS06"):
        answer = access.dialogue.answer
        part = access.part(places.DEVICE_LOG_ACTIVE)
        if answer is None or part is None:
            continue
        if not case.check(access.succeeded, "CCS06 fails", access.dialogue.command, answer):
            continue
        for row in rows(part.value):
            name = names.get(bytes(row[0]).hex())
            stamp = time_of(row[8]) if len(row) > 8 else None
            if name is None or role_of(name) == "gpf":
                continue
            said = [event for hub in hubs for event in trace.of("zcl", name, hub, until=answer.milliseconds)]
            _check_heard(case, trace, name, stamp, said, answer)
    return case.result("CCS06 gives the time of each device's last message", "CCS06 was not sent in the trace")


def _check_heard(case: Case, trace: Trace, name: str, stamp: int | None, said: list[Event], answer: Event) -> None:
    if stamp is not None and stamp > answer.utc + STAMP:
        case.fails("%s was last heard at %s, which is to come" % (name, to_iso(stamp)), answer)
    elif said and trace.complete:
        latest = max(said, key=lambda event: event.n)
        held = stamp is not None and abs(stamp - latest.utc) <= STAMP
        case.check(held, "%s spoke at %s, CCS06 says %s" % (name, latest.time, to_iso(stamp)), latest, answer)
    else:
        case.seen(answer)


@judges(
    "REQ-CHF-7",
    severity=2,
    reference="gives both logs, with the time, its extended PAN id and the hashes of the keys",
    tests=["test_chf_dlms"],
    answers=["CCS07"],
)
def both_logs(trace: Trace, device: str) -> Finding:
    case = Case()
    for access in accesses(trace, device, "CCS07"):
        if access.dialogue.answer is not None:
            case.check(access.succeeded, "CCS07 fails", access.dialogue.command, access.dialogue.answer)
    clock_is_known = trace.complete
    for copy in copies(trace, device):
        if copy.historic is None:
            continue
        case.check(len(copy.network) == IDENTITY and int(copy.network, 16) != 0, "the log names no network", copy.event)
        for stamp in (copy.stamp, copy.historic_stamp):
            held = stamp is not None and (not clock_is_known or abs(stamp - copy.event.utc) <= STAMP)
            case.check(held or _hub_has_no_time(trace, device, copy.event), "a log is stamped %s" % to_iso(stamp), copy.event)
        for entity, key in [*copy.entries.items(), *copy.historic]:
            good = len(entity) == IDENTITY and len(key) in (0, HASH)
            case.check(good, "an entry is %s with a hash of %d octets" % (entity, len(key) // 2), copy.event)
    return case.result("CCS07 gives both logs", NO_COPY)


def _hub_has_no_time(trace: Trace, device: str, event: Event) -> bool:
    clock = trace.last("clock", event.milliseconds, source=device)
    return clock is not None and clock.get("status") != "reliable"


@judges(
    "REQ-CHF-8",
    severity=2,
    reference="takes the log and the network of the other hub",
    tests=["test_chf_dlms"],
    answers=["CCS03"],
)
def restores(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    for change in changes(trace, device):
        if change.name != "CCS03" or not change.succeeded or change.answer is None:
            continue
        later = [copy for copy in copies(trace, device) if copy.historic is not None and copy.event.n > change.answer.n]
        if not later:
            continue
        copy = later[0]
        same = set(copy.entries) == set(change.restored)
        case.check(same, "after CCS03 the log holds %s" % ", ".join(copy.entries), change.command, copy.event)
        network = copy.network == change.network
        case.check(network, "after CCS03 the network is %s" % copy.network, change.command, copy.event)
    return case.result("the log of the other hub took the place of this one's", "no log was restored and read in the trace")


# --- who joins ------------------------------------------------------------------------------------------------


@judges(
    "REQ-121-1",
    severity=1,
    reference="admits those in its log with the key of their install code, and nobody else",
    tests=["AT-121-1", "AT-121-2"],
)
def admitted_with_the_code(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    for asked in asked_to_join(trace, device):
        window = _window(trace, device, asked.device, asked.event)
        known = window is not None and asked.event.milliseconds < window.closes
        right = known and asked.code_digest in (None, window.code if window else None)
        if asked.admitted:
            why = "a key that is not its install code's" if known else "no place in the log or out of its window"
            case.check(bool(right), "%s was let in with %s" % (asked.device, why), asked.event)
        elif not right:
            case.seen(asked.event)
    return case.result("only those in the log came in, with their key and in their window", NO_JOIN)


@judges(
    "REQ-121-3",
    severity=2,
    reference="takes the stored key in the first half of the window, the install code in the second",
    tests=["AT-121-3"],
)
def halves_of_the_window(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    for asked in asked_to_join(trace, device):
        window = _window(trace, device, asked.device, asked.event)
        if window is None or not window.historic or asked.event.milliseconds >= window.closes:
            continue
        first = (asked.event.milliseconds - window.opened) * 2 < window.closes - window.opened
        if asked.code_digest not in (None, window.code):
            continue
        due = first == (asked.code_digest is None)
        half = "first" if first else "second"
        key = "stored key" if asked.code_digest is None else "install code"
        what = "in the %s half of the window the %s was %s" % (half, key, "taken" if asked.admitted else "refused")
        case.check(asked.admitted == due, what, window.command, asked.event)
    return case.result("each half of the window had its key", "no device of the historic log asked to join in the trace")


class _Window:
    """The time in which a device may join: from `opened` to `closes` (milliseconds); `code` the digest of its install code,
    `historic` whether the historic log has it."""

    def __init__(self, command: Event, opened: int, seconds: int, code: str, historic: bool) -> None:
        self.command = command
        self.opened = opened
        self.closes = opened + seconds * 1000
        self.code = code
        self.historic = historic


def _window(trace: Trace, hub: str, identity: str, until: Event) -> _Window | None:
    """The window of a device at a moment; of one that was added twice the first code counts (REQ-121-2)."""
    window = None
    historic = False
    for change in changes(trace, hub):
        if change.command.n > until.n or not change.succeeded or change.answer is None:
            continue
        if change.name == "CCS02" and change.device == identity:
            historic = historic or (change.device_type != HAND_HELD_TERMINAL and _had_key(trace, hub, change))
            window = None
        elif change.name == "CCS01" and change.device == identity:
            copy = before(copies(trace, hub), change.command)
            code = window.code if window is not None else change.code_digest
            if window is None and copy is not None and identity in copy.entries and historic is False:
                code = ""  # it was there before the trace began: its key is not known
            window = _Window(change.command, change.answer.milliseconds, change.seconds, code, historic)
    return window


@judges("REQ-121-2", severity=2, reference="ignores the key and says success", tests=["AT-121-3"], answers=["CCS01"])
def added_again(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    found = copies(trace, device)
    for change in changes(trace, device):
        earlier, later = before(found, change.command), after(found, change.command)
        if change.name != "CCS01" or change.answer is None or earlier is None or change.device not in earlier.entries:
            continue
        if not case.check(change.succeeded, "CCS01 for a device in the log fails", change.command, change.answer):
            continue
        if later is not None and change.device in later.entries:
            same = later.entries[change.device] == earlier.entries[change.device]
            what = "CCS01 for a device in the log changes its link key"
            case.check(same, what, earlier.event, change.command, later.event)
    return case.result("a device in the log kept its link key", "CCS01 was not sent for a device in the log in the trace")


@judges(
    "REQ-121-4",
    severity=2,
    reference="keeps the key in the historic log, and then removes the device",
    tests=["AT-121-4"],
    answers=["CCS02"],
)
def key_is_kept(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    found = copies(trace, device)
    types = {}
    for change in changes(trace, device):
        if change.name == "CCS01":
            types[change.device] = change.device_type
        earlier = before(found, change.command)
        if change.name != "CCS02" or not change.succeeded or earlier is None or not earlier.entries.get(change.device):
            continue
        reads = [copy for copy in found if copy.historic is not None and copy.event.n > change.command.n]
        since = [later for later in changes(trace, device) if later.name == "CCS02" and later.command.n > change.command.n]
        if not reads or types.get(change.device) == HAND_HELD_TERMINAL:
            continue
        if len([later for later in since if later.command.n < reads[0].event.n]) >= HISTORIC_ENTRIES:
            continue
        kept = dict(reads[0].historic or ()).get(change.device)
        case.check(
            kept == earlier.entries[change.device],
            "the historic log has %s of a device that left" % ("no key" if kept is None else "another key"),
            earlier.event,
            change.command,
            reads[0].event,
        )
    nothing = "no device with a link key left the log in the trace"
    return case.result("keys of devices that left are in the historic log", nothing)


@judges(
    "REQ-121-6",
    severity=2,
    reference="takes the code again after the first owner's CCS02",
    tests=["AT-121-3"],
    devices=["chf"],
)
def second_owner(trace: Trace, device: str) -> Finding:
    if not trace.complete:
        return Finding("not run", MAY_LACK)
    case = Case()
    codes: dict[str, str] = {}
    left: set[str] = set()
    for change in changes(trace, device):
        if not change.succeeded:
            if change.name == "CCS01" and change.device in left and change.answer is not None:
                room = before(copies(trace, device), change.command)
                if room is not None and len(room.entries) < ENTRIES:
                    case.fails("a device that the first owner took out cannot be added again", change.command, change.answer)
            continue
        if change.name == "CCS02":
            left.add(change.device)
        elif change.name == "CCS01":
            if change.device in left and codes.get(change.device) in (None, change.code_digest):
                _check_joins(case, trace, device, change)
            codes[change.device] = change.code_digest
    return case.result("a device came back with the same code", "no device was added again after CCS02 in the trace")


def _check_joins(case: Case, trace: Trace, hub: str, change: Change) -> None:
    """Where the device asked with the code in the second half of its window, it came in."""
    assert change.answer is not None
    opened = change.answer.milliseconds
    for asked in asked_to_join(trace, hub):
        inside = opened + change.seconds * 500 <= asked.event.milliseconds < opened + change.seconds * 1000
        if asked.device == change.device and asked.code_digest == change.code_digest and inside:
            case.check(asked.admitted, "the code is refused to the second owner", change.command, asked.event)
    case.seen(change.command, change.answer)
