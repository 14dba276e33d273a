# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace shows of changes of tenancy: orders, what servers tell, what displays ask, erase and show."""

from dataclasses import dataclass
from typing import Any

from han.errors import HanError
from han.gbcs import cosem_places as places
from han.gbcs import envelope, gbz, use_cases
from han.zcl import commands

from hanref.moments import moment
from hanref.requirements.clock_model import clock_offset as clock_offset
from hanref.requirements.wan import Access, accesses, time_of
from hanref.trace import Event, Trace
from hanref.trace.frames import describe

CLUSTER = "0708"
DATE = "change_of_tenancy_update_date_time"
CONTROL = "proposed_tenancy_change_control"
ASK = "get_change_of_tenancy"
TELL = "publish_change_of_tenancy"
CLEAR_CONSUMER_DATA = 0x200  # change control bit 9 [REQ-0056-7]

GCS09 = "%04X" % use_cases.code_of("GCS09")

# The server that tells of a fuel's tenancy.
FUELS = {"electricity": "esme", "gas": "gpf"}

_KEPT = ("balance", "price", "tariff", "credit", "debt")
_HISTORY = ("_today", "_week", "_month")
_NO_ANSWER_AFTER = 10_000  # milliseconds


@dataclass
class Order:
    """A change of tenancy given to a server: `date` in utc, `accepted` None where no answer is in the trace."""

    event: Event
    date: int | None
    control: int
    accepted: bool | None
    answer: Event | None = None


@dataclass
class Told:
    """A server's answer about the change of tenancy; `date` None is "none set", `supported` False a refusal."""

    event: Event
    date: int | None
    control: int | None
    supported: bool = True


def orders(trace: Trace, server: str) -> list[Order]:
    """Changes of tenancy the server was given, in order: GCS09 for gas; ECS12, or what the bench set, for electricity."""
    found = []
    for event in trace.of("bench", destination=server):
        arguments = event.get("arguments") or {}
        if event.get("verb") == "change_of_tenancy" and "use_case" not in arguments:
            control = arguments.get("control", CLEAR_CONSUMER_DATA)
            found.append(Order(event, _moment(arguments.get("date")), control, True))
    for event in trace.of("gbcs", destination=server):
        if event.get("message_code") == GCS09 and event.get("cra") == "command":
            order = _gcs09(trace, event)
            if order is not None:
                found.append(order)
    found += [order for access in accesses(trace, server, "ECS12") if (order := _ecs12(access)) is not None]
    return sorted(found, key=lambda order: order.event.n)


def published(event: Event) -> dict[str, Any] | None:
    """The PublishChangeOfTenancy in a GCS09 command, None where it holds none."""
    for component in _components(event):
        said = describe(component.cluster, bytes((component.frame_control, 0, component.command)) + component.payload)
        if said.get("command") == TELL and said["cluster"] == CLUSTER:
            return {"octets": len(component.payload), **said["fields"]}
    return None


def default_response(event: Event) -> tuple[int, int] | None:
    """(command, status) of the default response in a GBCS answer, None where it is something else."""
    components = _components(event)
    if len(components) == 1 and components[0].is_global() and components[0].command == commands.DEFAULT_RESPONSE:
        payload = components[0].payload
        if len(payload) == 2:
            return payload[0], payload[1]
    return None


def told(trace: Trace, server: str, listener: str | None = None) -> list[Told]:
    """What a server answered about the change of tenancy, in order."""
    found = []
    for event in trace.of("zcl", source=server, destination=listener, cluster=CLUSTER):
        command = event.get("command")
        if command == "read_attributes_response":
            if DATE in event.attributes or CONTROL in event.attributes:
                attributes = event.attributes
                found.append(Told(event, _moment(attributes.get(DATE)), attributes.get(CONTROL), DATE in attributes))
            elif DATE in (event.get("statuses") or {}):
                found.append(Told(event, None, None, False))
        elif command == TELL:
            fields = event.fields
            found.append(Told(event, _moment(fields.get("implementation_date_time")), fields.get(CONTROL)))
    return found


def refusals(trace: Trace, server: str) -> list[Event]:
    """Default responses to a read of the Device Management cluster: no server may answer a read that way."""
    return [
        event
        for event in trace.of("zcl", source=server, cluster=CLUSTER, command="default_response")
        if event.fields.get("command") == commands.READ_ATTRIBUTES and _is_to_a_read(trace, event)
    ]


def questions(trace: Trace, display: str, server: str) -> list[Event]:
    """What a display asked a server about the change of tenancy."""
    reads = [
        event
        for event in trace.of("zcl", display, server, CLUSTER, "read_attributes")
        if DATE in event.fields.get("attributes", ())
    ]
    return sorted(reads + trace.of("zcl", display, server, CLUSTER, ASK), key=lambda event: event.n)


def erasures(trace: Trace, display: str, fuel: str) -> list[Event]:
    """When a display erased what it held of a fuel."""
    return [event for event in trace.of("erase", source=display) if event.get("fuel") == fuel]


def screens_around(trace: Trace, display: str, milliseconds: int, n: int) -> tuple[Event | None, Event | None]:
    """The last screen shown before event `n` and the first after it."""
    shown = trace.of("display", source=display)
    before = [event for event in shown if event.n < n]
    after = [event for event in shown if event.n > n and event.milliseconds >= milliseconds]
    return (before[-1] if before else None), (after[0] if after else None)


def history(screen: Event, fuel: str) -> dict[str, Any]:
    """The items of a screen that are a fuel's history."""
    return {
        name: value
        for name, value in (screen.get("screen") or {}).items()
        if name.startswith(fuel + "_") and (name.endswith(_HISTORY) or "_previous_" in name)
    }


def kept(screen: Event) -> dict[str, Any]:
    """The items of a screen that no erasure may touch: tariff and balance."""
    return {
        name: value
        for name, value in (screen.get("screen") or {}).items()
        if any(word in name for word in _KEPT)
    }


def survivors(before: Event, after: Event, fuel: str) -> dict[str, Any]:
    """Figures of a fuel's history that are on the screen before and after, and are not nothing."""
    then, now = history(before, fuel), history(after, fuel)
    return {name: value for name, value in then.items() if _is_figure(value) and now.get(name) == value}


def _gcs09(trace: Trace, event: Event) -> Order | None:
    fields = published(event)
    if fields is None:
        return None
    answer = next(
        (
            other
            for other in trace.of("gbcs", source=event.destination, since=event.milliseconds)
            if other.n > event.n
            and other.get("cra") == "response"
            and other.get("originator_counter") == event.get("originator_counter")
            and other.get("recipient") == event.get("originator")
        ),
        None,
    )
    status = None if answer is None else default_response(answer)
    accepted = None if answer is None else status is not None and status[1] == 0
    return Order(event, _moment(fields.get("implementation_date_time")), fields.get(CONTROL, 0), accepted, answer)


def _ecs12(access: Access) -> Order | None:
    part = access.part(places.RESTRICT_DATA)
    date = None if part is None else time_of(part.given[1])
    if part is None or date is None:
        return None
    answer = access.dialogue.answer
    accepted = None if answer is None else access.succeeded
    return Order(access.dialogue.command, date, CLEAR_CONSUMER_DATA, accepted, answer)


def _components(event: Event) -> list[gbz.Component]:
    try:
        message = envelope.decode(bytes.fromhex(event.get("octets") or ""))
        return list(gbz.decode(message.payload, message.cra, message.message_code).components)
    except (HanError, ValueError):
        return []


def _is_to_a_read(trace: Trace, event: Event) -> bool:
    """A default response to command 0 may answer a global read or the cluster's own command 0."""
    asked = trace.of(
        "zcl",
        event.destination,
        event.source,
        CLUSTER,
        since=event.milliseconds - _NO_ANSWER_AFTER,
        until=event.milliseconds + 1,
    )
    same = [question for question in asked if question.sequence == event.sequence and question.n < event.n]
    return bool(same) and same[-1].get("command") == "read_attributes"


def _is_figure(value: Any) -> bool:
    if isinstance(value, list):
        return any(_is_figure(entry) for entry in value)
    return value not in (None, 0, "")


def _moment(value: Any) -> int | None:
    return None if value is None else moment(value)
