# SPDX-License-Identifier: GPL-3.0-or-later
"""Trace events to frames and messages and back, so that a mutant may change either."""

import copy
from typing import Any

from han.clock import from_iso, to_iso
from han.errors import HanError
from han.gbcs import cosem_time, envelope, protection
from han.message import BROADCAST, Message
from han.zcl import clusters, commands, status, types
from han.zcl.frame import CLUSTER, GLOBAL, TO_CLIENT, TO_SERVER, Frame

from hanref.errors import UsageError
from hanref.mutants.mutant import MutantEvent
from hanref.run.messages import Entities, describe_message
from hanref.trace.frames import UTC_TYPE, describe

_WITH_VALUES = (commands.REPORT_ATTRIBUTES, commands.WRITE_ATTRIBUTES, commands.WRITE_ATTRIBUTES_UNDIVIDED)
_IDENTITY = 16  # hexadecimal digits of an EUI-64


class Names:
    """Role names of radios and endpoints, both ways."""

    def __init__(self, nodes: dict[str, Any]) -> None:
        self._nodes = nodes

    def of(self, identity: bytes, endpoint: int) -> str:
        if identity == BROADCAST:
            return "*"
        for node in self._nodes.values():
            if node.identity == identity:
                return str(node.role_at(endpoint))
        return identity.hex()

    def endpoint(self, name: str) -> int | None:
        """The endpoint of a device on this HAN, None where it has several or is unknown."""
        found = [device for node in self._nodes.values() for device in node.devices if device.role == name]
        endpoints = {endpoint for device in found for endpoint in device.endpoints}
        return endpoints.pop() if len(endpoints) == 1 else None

    def identity(self, name: str) -> bytes:
        if name == "*":
            return bytes(BROADCAST)
        for board, node in self._nodes.items():
            if name == board or any(device.role == name for device in node.devices):
                return bytes(node.identity)
        if len(name) == _IDENTITY:
            return bytes.fromhex(name)
        raise UsageError("a mutant sends to %r, which is not on this HAN" % name)


def event_of(message: Message, names: Names, now: int) -> MutantEvent:
    """The trace event of an APS data unit."""
    event = MutantEvent(_base("zcl", names.of(message.source, message.source_endpoint), now))
    event["destination"] = names.of(message.destination, message.destination_endpoint)
    event.update(copy.deepcopy(describe(message.cluster, message.payload)))
    event["source_endpoint"] = message.source_endpoint
    event["destination_endpoint"] = message.destination_endpoint
    event["secured"] = message.secured
    event["sequence"] = message.payload[1] if len(message.payload) > 1 else None
    event["octets"] = message.payload.hex()
    return event


def report_of(role: str, kind: str, fields: dict[str, Any], now: int) -> MutantEvent:
    """The trace event of what a device reports."""
    return MutantEvent({**_base(kind, role, now), **copy.deepcopy(fields)})


def _base(kind: str, source: str, now: int) -> dict[str, Any]:
    return {"kind": kind, "source": source, "destination": None, "time": to_iso(now)[:-1] + ".000Z"}


def is_same(event: MutantEvent, original: MutantEvent) -> bool:
    return {**event} == {**original}


def message_of(event: MutantEvent, original: MutantEvent, message: Message, names: Names) -> Message:
    """The APS data unit of an event made from that of `message`; raises UsageError for what cannot be encoded."""
    if is_same(event, original):
        return message
    try:
        octets = _octets(event, original, message.payload)
    except (HanError, ValueError, TypeError, KeyError, IndexError) as error:
        raise UsageError("a mutant's frame cannot be encoded: %s: %s" % (event.get("command"), error)) from None
    source, destination = message.source, message.destination
    endpoint = event.get("destination_endpoint", message.destination_endpoint)
    if event.get("destination") != original.get("destination"):
        destination = names.identity(event["destination"])
        if endpoint == message.destination_endpoint:
            endpoint = names.endpoint(event["destination"]) or endpoint
    return Message(
        source,
        destination,
        event.get("source_endpoint", message.source_endpoint),
        endpoint,
        int(event["cluster"], 16) if isinstance(event["cluster"], str) else event["cluster"],
        octets,
        event.get("secured", message.secured),
    )


def acknowledgement(report: Message) -> Message:
    """The default response to a report, as its receiver would send it."""
    said = Frame.decode(report.payload)
    payload = bytes((said.command, 0))
    answer = Frame(GLOBAL, commands.DEFAULT_RESPONSE, payload, said.sequence, 1 - said.direction, True)
    return Message(
        report.destination,
        report.source,
        report.destination_endpoint,
        report.source_endpoint,
        report.cluster,
        bytes(answer.encode()),
        report.secured,
    )


def _octets(event: MutantEvent, original: MutantEvent, payload: bytes) -> bytes:
    if event.get("octets") not in (None, original.get("octets")):
        return bytes.fromhex(event["octets"])
    if "error" in original or "manufacturer" in original:
        raise UsageError("give other octets: the frame is not one of the tables'")
    before = Frame.decode(payload)
    cluster = int(event["cluster"], 16) if isinstance(event["cluster"], str) else event["cluster"]
    direction = TO_CLIENT if event["direction"] == "server_to_client" else TO_SERVER
    number = commands.identifier(event["command"])
    is_global = number is not None
    frame = Frame(
        GLOBAL if is_global else CLUSTER,
        0,
        b"",
        event["sequence"] or 0,
        direction,
        before.disable_default_response,
    )
    if number is not None:
        frame.command = number
        frame.payload = _global_payload(event, original, cluster, number, before)
        return bytes(frame.encode())
    # The fields are those of the command as it was decoded: a direction bit that is turned changes nothing else.
    known = before.direction if event["command"] == original["command"] else direction
    found = clusters.table(cluster).command_named(event["command"], known)
    frame.command = found.id
    if event["fields"] == original["fields"] and event["command"] == original["command"]:
        frame.payload = before.payload
    else:
        frame.payload = clusters.encode_command(cluster, event["command"], known, _native(dict(event["fields"])))
    return bytes(frame.encode())


def _global_payload(event: MutantEvent, original: MutantEvent, cluster: int, number: int, before: Frame) -> bytes:
    if number == commands.DEFAULT_RESPONSE:
        fields = event["fields"]
        return bytes((_number(fields.get("command", 0)), _status(fields.get("status", "SUCCESS"))))
    # Names are those of the side as the original frame told it.
    direction = before.direction
    if number == commands.READ_ATTRIBUTES:
        side = "client" if direction == TO_CLIENT else "server"
        names = event["fields"].get("attributes", ())
        return bytes(commands.identifier_list([_identifier(cluster, name, side) for name in names]))
    if number == commands.READ_ATTRIBUTES_RESPONSE:
        side = "server" if direction == TO_CLIENT else "client"
        return bytes(commands.encode(number, _records(event, original, cluster, side, before)))
    if number in _WITH_VALUES:
        is_report = number == commands.REPORT_ATTRIBUTES
        side = "server" if (direction == TO_CLIENT) == is_report else "client"
        values = [(name, *_typed(event, cluster, side, name, value)) for name, value in event["attributes"].items()]
        return bytes(commands.encode(number, [(_identifier(cluster, name, side), *rest) for name, *rest in values]))
    if event["command"] == original["command"]:
        return bytes(before.payload)
    raise UsageError("give octets for a frame %s" % event["command"])


def _records(event: MutantEvent, original: MutantEvent, cluster: int, side: str, before: Frame) -> list[Any]:
    """Records of a read response in the order of the original, new ones after them."""
    attributes, failed = event["attributes"], event["statuses"]
    order = []
    if before.frame_type == GLOBAL and before.command == commands.READ_ATTRIBUTES_RESPONSE:
        order = [record[0] for record in commands.decode(before.command, before.payload)]
    entries = {_identifier(cluster, name, side): name for name in [*attributes, *failed]}
    records: list[Any] = []
    for entry in [*[entry for entry in order if entry in entries], *[entry for entry in entries if entry not in order]]:
        name = entries[entry]
        if name in failed:
            records.append((entry, _status(failed[name]), None, None))
        else:
            records.append((entry, 0, *_typed(event, cluster, side, name, attributes[name])))
    return records


def _typed(event: MutantEvent, cluster: int, side: str, name: str, value: Any) -> tuple[int, Any]:
    """(type, value as han.zcl.types has it) of an attribute; `types` of the event goes before the table's."""
    given = event["types"].get(name)
    known = clusters.table(cluster).type(_identifier(cluster, name, side), side)
    type_id = known if given is None else _number(given)
    if type_id is None:
        raise UsageError("attribute %s has no known type: give types" % name)
    native = _native(value)
    if known == UTC_TYPE and isinstance(value, str):
        native = _utc(value)
    try:
        types.encode(type_id, native)
    except (HanError, ValueError, TypeError, OverflowError):
        # A type that cannot hold the value: whatever of it fits, as a careless cast in C would have it.
        native = (native or 0) & 0xFF if isinstance(native, int) or native is None else native
    return type_id, native


def _identifier(cluster: int, name: Any, side: str) -> int:
    if isinstance(name, int):
        return name
    if name.startswith("0x"):
        return int(name, 16)
    return int(clusters.table(cluster).identifier(name, side))


def _status(value: Any) -> int:
    if isinstance(value, int):
        return value
    found = status.identifier(value)
    if found is None:
        return int(value, 16)
    return int(found)


def _number(value: Any) -> int:
    if isinstance(value, int):
        return value
    found = commands.identifier(value)
    return int(value, 16) if found is None else int(found)


def _native(value: Any) -> Any:
    """A value as han.zcl has it, of one as traces have it: ISO times as utc, octets in hex; other text is taken as it is."""
    if isinstance(value, dict):
        return {name: _native(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_native(entry) for entry in value]
    if isinstance(value, str):
        if _is_time(value):
            return _utc(value)
        try:
            return bytes.fromhex(value)
        except ValueError:
            return value.encode()
    return value


def native_time(value: Any) -> Any:
    """A value of which a time may be ISO text, with a time as utc."""
    return _utc(value) if isinstance(value, str) and _is_time(value) else value


def _is_time(text: str) -> bool:
    return text.endswith("Z") and text[10:11] == "T"


def _utc(text: str) -> int:
    """The utc of ISO text, with milliseconds or without."""
    return int(from_iso(text[:19] + "Z"))


# --- GBCS -----------------------------------------------------------------------------------------------------


def gbcs_event(octets: bytes, entities: Entities, now: int) -> MutantEvent | None:
    """The trace event of a GBCS message, None for octets that are none."""
    source, destination, fields = describe_message({"octets": octets.hex()}, entities)
    if source is None or "error" in fields:
        return None
    event = MutantEvent(_base("gbcs", source, now))
    event["destination"] = destination
    event.update(fields)
    return event


def gbcs_octets(event: MutantEvent, original: MutantEvent, octets: bytes, secret: bytes | None) -> bytes:
    """The octets of a message that a mutant may have changed, with a MAC under `secret`."""
    if is_same(event, original):
        return octets
    if event.get("octets") not in (None, original.get("octets")):
        return bytes.fromhex(event["octets"])
    message = envelope.decode(octets)
    moment, clock_status = event.get("date_time"), event.get("clock_status")
    if moment is None and clock_status is None:
        message.date_time = None
    else:
        utc = _utc(moment) if isinstance(moment, str) else moment
        number = int(clock_status, 16) if isinstance(clock_status, str) else clock_status
        message.date_time = cosem_time.encode(utc, cosem_time.NOT_SPECIFIED if number is None else number)
    message.payload = bytes.fromhex(event["payload"])
    code = event["message_code"]
    message.message_code = int(code, 16) if isinstance(code, str) else code
    message.originator_counter = event["originator_counter"]
    if message.mac is not None and secret is not None:
        message.mac = protection.mac_of(secret, message)
    return bytes(envelope.encode(message))
