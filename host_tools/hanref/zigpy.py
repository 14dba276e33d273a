# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete Smart Energy clusters for zigpy: `import hanref.zigpy` registers them, and any zigpy program has them.

Price, Metering, Messaging, Tunneling, Prepayment, Calendar, Device Management, Events, Key Establishment and Sub-GHz, from
the same tables as the firmware; what the tables' source marks "do not implement" is left out. Where zigpy has an attribute
under a name of its own, that name stays beside ours.

Attributes of the server side are `AttributeDefs`, as zigpy wants it; those of the client side that have numbers of
their own are there too, and all of them in `client_attributes` {identifier: definition}.

Commands are encoded and decoded by `han.zcl`: fields by name, those that are not sent left out, lists and groups as
Python lists and dicts, octet strings as bytes, times as seconds since 2000. NO_VALUE is what says "no value" on the air.
"""

import json
import re
from importlib import resources
from typing import Any, Self

import zigpy.types as t
import zigpy.zcl.clusters  # noqa: F401  (fills the registry, so that ours come after zigpy's own)
from han.errors import HanError
from han.zcl import clusters, programs
from zigpy.zcl import Cluster, foundation

from hanref.generate.naming import snake_case

CLUSTERS = (0x0700, 0x0702, 0x0703, 0x0704, 0x0705, 0x0707, 0x0708, 0x0709, 0x0800, 0x070B)
LEFT_OUT = "do not implement"
UTC_TYPE = 0xE2

_ACCESS = {"r": "Read", "w": "Write", "p": "Report"}

clusters.remember_names()


class NoValue:
    """The value on the air that says "no value", as FFFFFFFF of a time."""

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE = NoValue()


class Schema(foundation.CommandSchema):
    """The fields of one command; `layout` is (cluster, command number, name, direction of han.zcl.frame)."""

    layout: tuple[int, int, str, int]

    def serialize(self) -> bytes:
        """The payload; raises ValueError for fields that do not fit."""
        cluster, _, name, direction = self.layout
        fields = {field.name: _plain(value) for field, value in self.assigned_fields() if value is not None}
        try:
            return _encoded(cluster, name, direction, fields)
        except HanError as error:
            raise ValueError("%s: %s" % (name, error)) from None

    @classmethod
    def deserialize(cls, data: bytes) -> tuple[Self, bytes]:
        """The fields of a payload and what is left of it; raises ValueError."""
        cluster, number, name, direction = cls.layout
        try:
            fields = clusters.decode_command(cluster, number, direction, bytes(data))[1]
        except HanError as error:
            raise ValueError("%s: %s" % (name, error)) from None
        rest = fields.pop("rest", b"")
        return cls(**{field: NO_VALUE if value is None else value for field, value in fields.items()}), rest


def _encoded(cluster: int, name: str, direction: int, fields: dict[str, Any]) -> bytes:
    """The payload. A time that was not given is FFFFFFFF where the command must have one."""
    try:
        return bytes(clusters.encode_command(cluster, name, direction, fields))
    except HanError:
        table = clusters.table(cluster)
        command = table.command_named(name, direction)
        times = [field for field in programs.fields_of_type(table, command.program, UTC_TYPE) if field not in fields]
        if not times:
            raise
        return bytes(clusters.encode_command(cluster, name, direction, {**fields, **dict.fromkeys(times)}))


def _plain(value: Any) -> Any:
    """A value of zigpy's types as han.zcl has it."""
    if isinstance(value, NoValue):
        return None
    if isinstance(value, t.EUI64):
        return bytes(reversed(value.serialize()))
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _schema(cluster: int, number: int, name: str, direction: int) -> type[Schema]:
    table = clusters.table(cluster)
    command = table.command(number, direction)
    fields = {}
    if command.program:
        for field in programs.field_names(table, command.program):
            fields[field] = t.StructField(type=object, optional=True)
    body: dict[str, Any] = {"__annotations__": dict.fromkeys(fields, object), **fields}
    body["layout"] = (cluster, number, name, direction)
    return type("".join(part.title() for part in name.split("_")), (Schema,), body)


def _commands(number: int, entry: dict[str, Any], direction: str) -> dict[str, foundation.ZCLCommandDef]:
    found = {}
    to_client = direction == "server_to_client"
    for command in entry["commands"]:
        if command["direction"] != direction or LEFT_OUT in command.get("note", ""):
            continue
        identifier = int(command["id"], 16)
        known = clusters.table(number).command(identifier, int(to_client))
        if known is None:
            continue
        schema = _schema(number, identifier, known.name, int(to_client))
        found[known.name] = foundation.ZCLCommandDef(id=t.uint8_t(identifier), schema=schema, name=known.name)
    return found


def _attributes(entry: dict[str, Any], side: str) -> dict[str, foundation.ZCLAttributeDef]:
    found = {}
    for attribute in entry["attributes"]:
        if attribute["side"] not in (side, "both") or LEFT_OUT in attribute.get("note", ""):
            continue
        type_id = int(attribute["type_id"], 16)
        name = identifier(attribute["name"])
        found[name] = foundation.ZCLAttributeDef(
            id=t.uint16_t(int(attribute["id"], 16)),
            name=name,
            type=foundation.DataType.from_type_id(foundation.DataTypeId(type_id)).python_type,
            zcl_type=foundation.DataTypeId(type_id),
            access=_access(attribute.get("access") or "r"),
            mandatory=bool(attribute.get("mandatory")),
        )
    return found


def identifier(name: str) -> str:
    """The name of an attribute as Python has it."""
    return re.sub(r"\W+", "_", snake_case(name)).strip("_")


def _access(letters: str) -> foundation.ZCLAttributeAccess:
    access = foundation.ZCLAttributeAccess.NONE
    for letter, name in _ACCESS.items():
        if letter in letters:
            access |= getattr(foundation.ZCLAttributeAccess, name)
    return access


def _define(entry: dict[str, Any]) -> type[Cluster]:
    """Make the class of a cluster, which registers itself in zigpy in place of its own."""
    number = int(entry["id"], 16)
    theirs = Cluster._registry.get(number)
    server, client = _attributes(entry, "server"), _attributes(entry, "client")
    numbers = {attribute.id for attribute in server.values()}
    alone = {name: attribute for name, attribute in client.items() if attribute.id not in numbers and name not in server}
    kept = {}
    for attribute in theirs.AttributeDefs if theirs is not None else ():
        if attribute.name not in server and attribute.name not in alone and not attribute.name.endswith("_"):
            kept[attribute.name] = attribute
    definitions = {**kept, **server, **alone}
    body = {
        "cluster_id": number,
        "ep_attribute": snake_case(entry["name"].replace(" ", "").replace("-", "")) if theirs is None else theirs.ep_attribute,
        "name": entry["name"],
        "client_attributes": {attribute.id: attribute for attribute in client.values()},
        "AttributeDefs": type("AttributeDefs", (foundation.BaseAttributeDefs,), definitions),
        "ServerCommandDefs": type(
            "ServerCommandDefs", (foundation.BaseCommandDefs,), _commands(number, entry, "client_to_server")
        ),
        "ClientCommandDefs": type(
            "ClientCommandDefs", (foundation.BaseCommandDefs,), _commands(number, entry, "server_to_client")
        ),
    }
    made: type[Cluster] = type(entry["name"].replace(" ", "").replace("-", ""), (Cluster,), body)
    # Of two names for one number zigpy shows the one that is later in the alphabet; here it is ours.
    for attribute in [*server.values(), *alone.values()]:
        made.attributes[attribute.id] = attribute
        made._attributes_by_id[attribute.id][attribute.is_manufacturer_specific][attribute.manufacturer_code] = attribute
    return made


def _all() -> dict[int, type[Cluster]]:
    text = (resources.files("hanref") / "data" / "zse-clusters.json").read_text(encoding="utf-8")
    entries = {int(entry["id"], 16): entry for entry in json.loads(text)["clusters"].values()}
    return {number: _define(entries[number]) for number in CLUSTERS}


registered = _all()

Price = registered[0x0700]
Metering = registered[0x0702]
Messaging = registered[0x0703]
Tunneling = registered[0x0704]
Prepayment = registered[0x0705]
Calendar = registered[0x0707]
DeviceManagement = registered[0x0708]
Events = registered[0x0709]
SubGhz = registered[0x070B]
KeyEstablishment = registered[0x0800]
