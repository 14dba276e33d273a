# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""What went over the WAN: commands with their answers, alerts, and what DLMS ones asked, wrote and got."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from han.errors import HanError
from han.gbcs import axdr, cosem_time, der, dlms, elements, envelope, gbz, use_cases

from hanref.trace import Event, Trace
from hanref.trace.frames import describe

SUCCESS = 0
Place = tuple[int, bytes, int]


@dataclass
class Dialogue:
    """A command with its answer; `answer` is None where none is in the trace."""

    name: str
    command: Event
    answer: Event | None


@dataclass
class Part:
    """One thing that a DLMS command asked for: `given` the value that went with it, `result` and `value` what came back."""

    place: Place
    given: Any
    result: int | None = None
    value: Any = None
    dates: tuple[int, int] | None = None


@dataclass
class Access:
    """A DLMS command with its answer, part by part."""

    dialogue: Dialogue
    parts: list[Part] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        return bool(self.parts) and all(part.result == SUCCESS for part in self.parts)

    def part(self, place: Place) -> Part | None:
        return next((part for part in self.parts if part.place == place), None)


def name_of(event: Event) -> str:
    """The use case of a message, by its code; empty for none."""
    code = str(event.get("message_code") or "").removeprefix("0x")
    found = use_cases.find(int(code, 16)) if code else None
    return "" if found is None else str(found.name)


def dialogues(trace: Trace, device: str, *names: str) -> list[Dialogue]:
    """The commands of these use cases to a device, or of all, oldest first."""
    found = []
    answers = [event for event in trace.of("gbcs", source=device) if event.get("cra") == "response"]
    for command in trace.of("gbcs", destination=device):
        name = name_of(command)
        if command.get("cra") != "command" or (names and name not in names):
            continue
        found.append(Dialogue(name, command, next((event for event in answers if _answers(event, command)), None)))
    return found


def _answers(event: Event, command: Event) -> bool:
    return (
        event.n > command.n
        and event.get("originator_counter") == command.get("originator_counter")
        and event.get("recipient") == command.get("originator")
        and event.get("message_code") == command.get("message_code")
    )


def alerts(trace: Trace, device: str, name: str, since: int, until: int) -> list[Event]:
    """The alerts of a use case that a device sent from `since` to `until`, milliseconds."""
    found = trace.of("gbcs", source=device, since=since, until=until + 1)
    return [event for event in found if event.get("cra") == "alert" and name_of(event) == name]


def payload(event: Event) -> bytes:
    """The payload of a message, empty where it cannot be read."""
    return _payload(str(event.get("octets") or ""))


@lru_cache(maxsize=4096)
def _payload(octets: str) -> bytes:
    try:
        return bytes(envelope.decode(bytes.fromhex(octets)).payload)
    except (HanError, ValueError):
        return b""


def apdu(event: Event) -> Any:
    """The DLMS APDU of a message, None where it holds none."""
    try:
        return dlms.decode(payload(event))
    except (HanError, ValueError, IndexError):
        return None


def access(dialogue: Dialogue) -> Access:
    """What a DLMS command asked for and got; without parts where it cannot be read."""
    asked = apdu(dialogue.command)
    got = None if dialogue.answer is None else apdu(dialogue.answer)
    found = Access(dialogue)
    if asked is None or asked.tag != dlms.ACCESS_REQUEST:
        return found
    for number, wanted in enumerate(asked.specifications):
        part = Part((wanted.class_id, bytes(wanted.obis), wanted.number), asked.data[number], dates=_dates(wanted.selection))
        if got is not None and got.tag == dlms.ACCESS_RESPONSE and number < len(got.results):
            part.result = got.results[number][1]
            part.value = got.data[number]
        found.parts.append(part)
    return found


def accesses(trace: Trace, device: str, *names: str) -> list[Access]:
    """The DLMS commands of these use cases to a device, part by part."""
    return [access(dialogue) for dialogue in dialogues(trace, device, *names)]


def components(event: Event) -> list[dict[str, Any]]:
    """What a GBZ message says, component by component, in the words of a trace; those that are encrypted are left out."""
    try:
        message = envelope.decode(bytes.fromhex(str(event.get("octets") or "")))
        found = gbz.decode(message.payload, message.cra, message.message_code).components
    except (HanError, ValueError):
        return []
    told = []
    for component in found:
        if not component.encrypted:
            frame = bytes((component.frame_control, 0, component.command)) + bytes(component.payload)
            told.append({**describe(component.cluster, frame), "from": component.from_date_time})
    return told


def gbz_succeeded(dialogue: Dialogue) -> bool:
    """Whether a GBZ command was answered, and no component by a default response that is no success."""
    if dialogue.answer is None:
        return False
    answers = components(dialogue.answer)
    return bool(answers) and all(
        answer.get("command") != "default_response" or answer["fields"].get("status") == "SUCCESS" for answer in answers
    )


def asn1(event: Event) -> list[Any]:
    """The elements in the SEQUENCE of an ASN.1 message, empty where it is none."""
    try:
        tag, value = der.decode(payload(event))
    except (HanError, ValueError):
        return []
    return list(value) if tag == der.SEQUENCE else []


def asn1_integer(event: Event) -> int | None:
    """The number that an ASN.1 message is, None where it is none."""
    try:
        return int(elements.integer(der.decode(payload(event))))
    except (HanError, ValueError):
        return None


def asn1_octets(event: Event) -> bytes | None:
    """The octets that an ASN.1 message is, None where it is none."""
    try:
        return bytes(elements.octets(der.decode(payload(event))))
    except (HanError, ValueError):
        return None


def asn1_time(element: Any) -> int | None:
    """`utc` of a GeneralizedTime, None where it is none."""
    try:
        return int(elements.read_time(element))
    except (HanError, ValueError, TypeError):
        return None


def _dates(selection: Any) -> tuple[int, int] | None:
    try:
        return int(selection[1][1][1]), int(selection[1][2][1])
    except (TypeError, IndexError, ValueError):
        return None


def rows(value: Any) -> list[list[Any]]:
    """The rows of an array of structures, or of a compact array, as bare values."""
    if value is None or value[0] not in (axdr.ARRAY, axdr.COMPACT_ARRAY):
        return []
    if value[0] == axdr.COMPACT_ARRAY:
        return [list(row) for row in value[1][1]]
    return [[part[1] for part in row[1]] for row in value[1]]


def time_of(octets: Any) -> int | None:
    """`utc` of a COSEM date-time, None for none."""
    try:
        found = cosem_time.decode(bytes(octets))[0]
    except (HanError, TypeError, ValueError):
        return None
    return None if found is None else int(found)
