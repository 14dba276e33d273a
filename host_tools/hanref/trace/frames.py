# SPDX-License-Identifier: GPL-3.0-or-later
"""ZCL frames as a trace tells them: names, values, statuses. docs/architecture.md describes the fields."""

from functools import cache
from typing import Any

from han.clock import to_iso
from han.errors import HanError
from han.zcl import clusters, commands, frame, programs, status

UTC_TYPE = 0xE2
clusters.remember_names()

_REQUESTS = frozenset(
    (
        commands.READ_ATTRIBUTES,
        commands.WRITE_ATTRIBUTES,
        commands.WRITE_ATTRIBUTES_UNDIVIDED,
        commands.WRITE_ATTRIBUTES_NO_RESPONSE,
        commands.CONFIGURE_REPORTING,
        commands.READ_REPORTING_CONFIGURATION,
        commands.DISCOVER_ATTRIBUTES,
        commands.DISCOVER_ATTRIBUTES_EXTENDED,
        commands.READ_ATTRIBUTES_STRUCTURED,
        commands.WRITE_ATTRIBUTES_STRUCTURED,
    )
)
_WRITES = (commands.WRITE_ATTRIBUTES, commands.WRITE_ATTRIBUTES_UNDIVIDED, commands.WRITE_ATTRIBUTES_NO_RESPONSE)
_DIRECTIONS = ("client_to_server", "server_to_client")


def sequence_of(octets: bytes) -> int | None:
    """The transaction sequence number of a frame, None where it is cut short."""
    place = 3 if octets[:1] and octets[0] & 0x04 else 1
    return octets[place] if place < len(octets) else None


def describe(cluster: int, octets: bytes) -> dict[str, Any]:
    """What a frame of a cluster says, without its sequence number; `error` instead where it cannot be decoded."""
    content: dict[str, Any] = {"cluster": "%04X" % cluster}
    try:
        decoded = frame.Frame.decode(octets)
        content["command"] = "0x%02X" % decoded.command
        content["direction"] = _DIRECTIONS[decoded.direction]
        content["frame"] = "cluster" if decoded.frame_type == frame.CLUSTER else "global"
        if decoded.manufacturer is not None:
            content["manufacturer"] = "%04X" % decoded.manufacturer
            content["fields"] = {"payload": decoded.payload.hex()}
        elif decoded.frame_type == frame.CLUSTER:
            _describe_cluster_command(cluster, decoded, content)
        elif decoded.frame_type == frame.GLOBAL:
            _describe_global_command(cluster, decoded, content)
        else:
            content["error"] = "frame type %d is reserved" % decoded.frame_type
    except HanError as error:
        content["error"] = str(error)
    return content


def _describe_cluster_command(cluster: int, decoded: frame.Frame, content: dict[str, Any]) -> None:
    name, fields = clusters.decode_command(cluster, decoded.command, decoded.direction, decoded.payload)
    content["command"] = name
    content["fields"] = _plain_fields(fields, _times(cluster, decoded.command, decoded.direction))


def _describe_global_command(cluster: int, decoded: frame.Frame, content: dict[str, Any]) -> None:
    command = decoded.command
    content["command"] = commands.name(command) or content["command"]
    value = commands.decode(command, decoded.payload)
    is_request = command in _REQUESTS
    side = "server" if (decoded.direction == frame.TO_SERVER) == is_request else "client"
    if command == commands.READ_ATTRIBUTES:
        content["fields"] = {"attributes": [_attribute(cluster, side, identifier)[0] for identifier in value]}
    elif command == commands.READ_ATTRIBUTES_RESPONSE:
        failed = {_attribute(cluster, side, record[0])[0]: status.name(record[1]) for record in value if record[1]}
        _add_values(content, cluster, side, [(record[0], record[2], record[3]) for record in value if not record[1]])
        if failed:
            content["statuses"] = failed
    elif command in _WRITES or command == commands.REPORT_ATTRIBUTES:
        _add_values(content, cluster, side, value)
    elif command == commands.WRITE_ATTRIBUTES_RESPONSE:
        content["statuses"] = {_attribute(cluster, side, record[1])[0]: status.name(record[0]) for record in value}
    elif command == commands.DEFAULT_RESPONSE:
        content["fields"] = {"command": value[0], "status": status.name(value[1])}
    else:
        content["fields"] = {"value": _plain(value)}


def _add_values(content: dict[str, Any], cluster: int, side: str, records: list[tuple[int, int, Any]]) -> None:
    values = {}
    other_types = {}
    for identifier, type_id, value in records:
        name, known_type = _attribute(cluster, side, identifier)
        values[name] = _time(value) if type_id == UTC_TYPE else _plain(value)
        if type_id != known_type:
            other_types[name] = "0x%02X" % type_id
    content["attributes"] = values
    if other_types:
        content["types"] = other_types


@cache
def _attribute(cluster: int, side: str, identifier: int) -> tuple[str, int | None]:
    """Name and type of an attribute; its number and None where the tables have none."""
    found = clusters.table(cluster).attribute(identifier, side) if clusters.is_known(cluster) else None
    return ("0x%04X" % identifier, None) if found is None else (found.name, found.type)


@cache
def _times(cluster: int, command: int, direction: int) -> frozenset[str]:
    """Names of the fields of a command that are UTC times."""
    table = clusters.table(cluster)
    found = table.command(command, direction)
    return frozenset() if found is None else frozenset(programs.fields_of_type(table, found.program, UTC_TYPE))


def _plain_fields(fields: dict[str, Any], times: frozenset[str]) -> dict[str, Any]:
    return {name: _plain_field(value, name in times, times) for name, value in fields.items()}


def _plain_field(value: Any, is_time: bool, times: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return _plain_fields(value, times)
    if isinstance(value, list):
        return [_plain_field(entry, is_time, times) for entry in value]
    return _time(value) if is_time else _plain(value)


def _time(value: Any) -> Any:
    return to_iso(value) if isinstance(value, int) else value


def _plain(value: Any) -> Any:
    """A value as JSON can carry it: octets in hex."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
