# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file of `hanref send`: what a modelled device holds when the command reaches it.

    {
      "entity": "00-DB-12-34-56-78-90-A3",
      "attributes": {
        "0702": {"0302": 1000, "0301": 1, "0300": 1, "0000": 12345},
        "0705": {"0001": {"status": "C0"}, "0002": {"value": 5, "type": "2B"}}
      },
      "time": {"utc": "2022-11-03T10:00:00Z", "source": "GSME", "status": "reliable"}
    }

Clusters and attributes are hexadecimal. A value is a number, true or false, a text, hexadecimal digits for octet
strings, {"hex": "00FF"} for any string, or null for the type's invalid value; its type is that of the cluster's table
unless `type` says another. An attribute with a `status` fails with it; one that is not there is not supported. `time`
is when the values held: `source` is the clock it came from, GSME or GPF, `status` reliable, unreliable or invalid,
`utc` ISO text, seconds since 2000, or null. Optional are:

* `command_status`, the ZCL status with which commands end: {"0708": {"publish_change_of_tenancy": "00"}};
* `faults`, the status with which single components of the command fail, counted from 0: {"3": "C0"};
* `counters`: {"own": 2000, "accepted": {"90B3D51F30010000": 1000}};
* `trusts`, the entities that the device's trust anchor cells hold, of those in the key file: ["90B3D51F30010000"];
  without it these are the first of each role;
* `commissioning`, trust anchor cells, own keys, device log and firmware: see `hanref.gbcs.commissioned`;
* `logs`, what the reads of logs and tables are answered from: see `hanref.gbcs.state_logs`;
* `meter`, settings and account of a gas meter: see `hanref.gbcs.state_meter`;
* `cosem`, attributes by class, OBIS code and number, as A-XDR: {"3/1-0:32.32.0.4/2": {"hex": "0600000093"}}, and
  `cosem_methods`, what methods return;
* `hub_time`, what a Set Clock finds: ISO text or seconds since 2000.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from han.clock import STATUS_NAMES
from han.errors import HanError
from han.zcl import clusters, types

from hanref.errors import UsageError
from hanref.gbcs import commissioned, state_logs, state_meter
from hanref.gbcs.keys import entity_of
from hanref.moments import moment

SOURCES = ("gsme", "gpf")
FIELDS = (
    "entity",
    "attributes",
    "time",
    "command_status",
    "faults",
    "counters",
    "trusts",
    "commissioning",
    "logs",
    "meter",
    "cosem",
    "cosem_methods",
    "hub_time",
)
OCTET_STRINGS = (0x41, 0x43)
Attribute = tuple[int, int, int, int | None, Any]


@dataclass
class State:
    """What a state file says: attributes as (cluster, identifier, status, type, value)."""

    entity: bytes
    attributes: list[Attribute] = field(default_factory=list)
    utc: int | None = None
    source: str = "gpf"
    reliability: int = STATUS_NAMES.index("invalid")
    command_status: list[tuple[int, str, int]] = field(default_factory=list)
    faults: dict[int, int] = field(default_factory=dict)
    trusts: list[bytes] | None = None
    commissioning: dict[str, Any] | None = None
    logs: dict[str, Any] = field(default_factory=dict)
    meter: dict[str, Any] = field(default_factory=dict)
    cosem: dict[state_meter.Place, bytes] = field(default_factory=dict)
    cosem_methods: dict[state_meter.Place, bytes] = field(default_factory=dict)
    hub_utc: int | None = None
    own_counter: int | None = None
    accepted: dict[bytes, int] = field(default_factory=dict)


def load(path: Path) -> State:
    """The state in a file, `-` for standard input; raises UsageError naming file and field."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        plain = json.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}") from None
    return parse(plain, str(path))


def parse(plain: object, where: str) -> State:
    """The state in plain data; raises UsageError, which begins with `where` and the field."""
    content = _object(plain, where)
    for name in content:
        if name not in FIELDS:
            raise UsageError(f"{where}: {name}: no such field; there are {', '.join(FIELDS)}")
    if "entity" not in content:
        raise UsageError(f"{where}: entity: missing; write the device's entity identifier, 16 hexadecimal digits")
    state = State(entity_of(str(content["entity"]), f"{where}: entity"))
    for cluster_text, attributes in _object(content.get("attributes", {}), f"{where}: attributes").items():
        place = f"{where}: attributes: {cluster_text}"
        cluster = _hexadecimal(cluster_text, 4, place)
        for identifier_text, value in _object(attributes, place).items():
            state.attributes.append(_attribute(cluster, identifier_text, value, f"{place}: {identifier_text}"))
    if "time" in content:
        _take_time(state, _object(content["time"], f"{where}: time"), f"{where}: time")
    for cluster_text, commands in _object(content.get("command_status", {}), f"{where}: command_status").items():
        place = f"{where}: command_status: {cluster_text}"
        for name, status in _object(commands, place).items():
            number = _hexadecimal(status, 2, f"{place}: {name}")
            state.command_status.append((_hexadecimal(cluster_text, 4, place), str(name), number))
    for component, status in _object(content.get("faults", {}), f"{where}: faults").items():
        if not component.isdecimal():
            raise UsageError(f"{where}: faults: {component}: say the number of a component, from 0")
        state.faults[int(component)] = _hexadecimal(status, 2, f"{where}: faults: {component}")
    if "trusts" in content:
        if not isinstance(content["trusts"], list):
            raise UsageError(f"{where}: trusts: a list of entity identifiers is expected")
        state.trusts = [entity_of(str(text), f"{where}: trusts") for text in content["trusts"]]
    if "commissioning" in content:
        state.commissioning = commissioned.parse(content["commissioning"], f"{where}: commissioning")
    state.logs = state_logs.parse(content.get("logs", {}), f"{where}: logs")
    state.meter = state_meter.parse(content.get("meter", {}), f"{where}: meter")
    state.cosem = state_meter.objects(content.get("cosem", {}), f"{where}: cosem")
    state.cosem_methods = state_meter.objects(content.get("cosem_methods", {}), f"{where}: cosem_methods")
    if "hub_time" in content:
        state.hub_utc = state_logs.time(content["hub_time"], f"{where}: hub_time")
    _take_counters(state, _object(content.get("counters", {}), f"{where}: counters"), f"{where}: counters")
    return state


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: an object is expected")
    return value


def _hexadecimal(text: object, digits: int, where: str) -> int:
    """A number in hexadecimal digits, with or without 0x, or a JSON number."""
    if isinstance(text, int) and not isinstance(text, bool):
        number = text
    else:
        try:
            number = int(str(text), 16)
        except ValueError:
            raise UsageError(f"{where}: {text!r} is not hexadecimal") from None
    if not 0 <= number < 16**digits:
        raise UsageError(f"{where}: {text!r} has more than {digits} hexadecimal digits")
    return number


def _attribute(cluster: int, identifier_text: str, value: object, where: str) -> Attribute:
    identifier = _hexadecimal(identifier_text, 4, where)
    type_id = _table_type(cluster, identifier)
    status = 0
    if isinstance(value, dict):
        for name in value:
            if name not in ("value", "type", "status"):
                raise UsageError(f"{where}: {name}: no such field; there are value, type and status")
        status = _hexadecimal(value.get("status", 0), 2, f"{where}: status")
        if "type" in value:
            type_id = _hexadecimal(value["type"], 2, f"{where}: type")
        value = value.get("value")
    if status:
        return cluster, identifier, status, None, None
    if type_id is None:
        raise UsageError(
            f"{where}: the cluster's table has no such attribute: give its type, as in {{'value': 1, 'type': '25'}}"
        )
    value = _value(type_id, value, where)
    try:
        types.encode(type_id, value)
    except HanError as error:
        raise UsageError(f"{where}: {error}") from None
    return cluster, identifier, 0, type_id, value


def _table_type(cluster: int, identifier: int) -> int | None:
    if not clusters.is_known(cluster):
        return None
    found: int | None = clusters.table(cluster).type(identifier)
    return found


def _value(type_id: int, value: object, where: str) -> object:
    if not types.is_known(type_id):
        raise UsageError(f"{where}: 0x{type_id:02X} is no ZCL data type")
    if isinstance(value, dict):
        return bytes.fromhex(state_logs.octets(value, where)["hex"])
    if not isinstance(value, str):
        return value
    if type_id in OCTET_STRINGS:
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise UsageError(f"{where}: {value!r} is not hexadecimal, as octet strings are written") from None
    if types.size(type_id) is None:
        return value
    try:
        return int(value, 0)
    except ValueError:
        raise UsageError(f"{where}: {value!r} is no number") from None


def _take_time(state: State, plain: dict[str, Any], where: str) -> None:
    for name in plain:
        if name not in ("utc", "source", "status"):
            raise UsageError(f"{where}: {name}: no such field; there are utc, source and status")
    utc = plain.get("utc")
    try:
        state.utc = utc if utc is None or isinstance(utc, int) else moment(utc)
    except ValueError as error:
        raise UsageError(f"{where}: utc: {error}") from None
    if state.utc is not None and not 0 <= state.utc < 0xFFFFFFFF:
        raise UsageError(f"{where}: utc: {utc!r} is not between 2000 and 2136")
    state.source = str(plain.get("source", "gpf")).lower()
    if state.source not in SOURCES:
        raise UsageError(f"{where}: source: {plain['source']!r} is neither GSME nor GPF")
    status = str(plain.get("status", "invalid" if utc is None else "reliable")).lower()
    if status not in STATUS_NAMES:
        raise UsageError(f"{where}: status: {plain['status']!r}: say reliable, unreliable or invalid")
    state.reliability = STATUS_NAMES.index(status)


def _take_counters(state: State, plain: dict[str, Any], where: str) -> None:
    for name, value in plain.items():
        if name == "own":
            state.own_counter = _counter(value, f"{where}: own")
        elif name == "accepted":
            for entity, counter in _object(value, f"{where}: accepted").items():
                place = f"{where}: accepted: {entity}"
                state.accepted[entity_of(entity, place)] = _counter(counter, place)
        else:
            raise UsageError(f"{where}: {name}: no such field; there are own and accepted")


def _counter(value: object, where: str) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 64:
        raise UsageError(f"{where}: {value!r} is no counter of 64 bits")
    return value
