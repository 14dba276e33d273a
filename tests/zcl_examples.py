# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for ZCL values, and for the commands of the cluster tables, with octets that our code did not make.

The octets come from zigpy's types, laid out by walking the source of the tables.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

from hanref.generate import clusters as generator
from hanref.generate.naming import snake_case
from hypothesis import strategies as st
from zigpy import types as zigpy

SOURCE = json.loads(generator.SOURCE.read_text(encoding="utf-8"))
TYPES = {name: int(entry["id"], 16) for name, entry in SOURCE["zcl_types"].items()}
DIRECTIONS = {"client_to_server": 0, "server_to_client": 1}

# Text that keeps its octets: any Unicode but surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def bits_of(name: str) -> int:
    return int("".join(character for character in name if character.isdigit()) or 0)


def values(name: str) -> st.SearchStrategy[Any]:
    """Values of the type called `name`, None where it has an invalid value."""
    if name.startswith(("data", "map")) and name != "nodata":
        return st.integers(0, (1 << bits_of(name)) - 1)
    if name == "key128":
        return st.binary(min_size=16, max_size=16)
    if name in ("nodata", "unk"):
        return st.none()
    return st.none() | _valid(name)


def _valid(name: str) -> st.SearchStrategy[Any]:
    if name.startswith("uint"):
        return st.integers(0, (1 << bits_of(name)) - 2)
    if name.startswith("int"):
        most = (1 << bits_of(name) - 1) - 1
        return st.integers(-most, most)
    if name in ("UTC", "bacOID"):
        return st.integers(0, 0xFFFFFFFE)
    if name in ("enum16", "clusterId", "attribId"):
        return st.integers(0, 0xFFFE)
    if name == "enum8":
        return st.integers(0, 0xFE)
    if name == "bool":
        return st.booleans()
    if name in ("semi", "single", "double"):
        return st.floats(width={"semi": 16, "single": 32, "double": 64}[name], allow_nan=False)
    if name.startswith("octstr"):
        return st.binary(max_size=20)
    if name.startswith("string"):
        return texts
    if name in ("ToD", "date"):
        return st.binary(min_size=4, max_size=4).filter(lambda octets: octets != b"\xff" * 4)
    if name == "EUI64":
        return st.binary(min_size=8, max_size=8).filter(lambda octets: octets != b"\xff" * 8)
    if name == "struct":
        return st.lists(simple_values(), max_size=4)
    if name in ("array", "set", "bag"):
        return st.sampled_from(SIMPLE).flatmap(
            lambda inner: st.tuples(st.just(TYPES[inner]), st.lists(values(inner), max_size=4))
        )
    raise KeyError(name)


COLLECTIONS = ("array", "struct", "set", "bag")
SIMPLE = sorted(set(TYPES) - {*COLLECTIONS, "nodata", "unk"})


def simple_values() -> st.SearchStrategy[tuple[int, Any]]:
    """(type number, value) of the types that are no collections."""
    return st.sampled_from(SIMPLE).flatmap(lambda name: st.tuples(st.just(TYPES[name]), values(name)))


def typed_values() -> st.SearchStrategy[tuple[int, Any]]:
    """(type number, value) of every type."""
    return st.sampled_from(sorted(TYPES)).flatmap(lambda name: st.tuples(st.just(TYPES[name]), values(name)))


identifiers = st.integers(0, 0xFFFF)
statuses = st.integers(1, 0xFF)
octets = st.integers(0, 0xFF)
seconds = st.integers(0, 0xFFFF)


def _is_analog(name: str) -> bool:
    return name.startswith(("uint", "int")) or name in ("semi", "single", "double", "ToD", "date", "UTC")


def _own_settings() -> st.SearchStrategy[tuple[Any, ...]]:
    def of(name: str) -> st.SearchStrategy[tuple[Any, ...]]:
        change = values(name) if _is_analog(name) else st.none()
        return st.tuples(st.just(0), identifiers, st.just(TYPES[name]), seconds, seconds, change)

    return st.sampled_from(SIMPLE).flatmap(of)


_settings = _own_settings() | st.tuples(st.just(1), identifiers, seconds)
_records = st.lists(st.tuples(identifiers, typed_values()).map(lambda pair: (pair[0], *pair[1])), max_size=5)
_indices = st.lists(identifiers, max_size=4)
_page = st.tuples(st.booleans(), st.lists(octets, max_size=8))

# The payload of every global command, in the form of han.zcl.commands.
GLOBAL: dict[str, st.SearchStrategy[Any]] = {
    "read_attributes": st.lists(identifiers, max_size=8),
    "read_attributes_response": st.lists(
        st.tuples(identifiers, typed_values()).map(lambda pair: (pair[0], 0, *pair[1]))
        | st.tuples(identifiers, statuses, st.none(), st.none()),
        max_size=5,
    ),
    "write_attributes": _records,
    "write_attributes_undivided": _records,
    "write_attributes_no_response": _records,
    "write_attributes_response": st.lists(st.tuples(statuses, identifiers), max_size=5),
    "configure_reporting": st.lists(_settings, max_size=4),
    "configure_reporting_response": st.lists(st.tuples(statuses, st.integers(0, 1), identifiers), max_size=4),
    "read_reporting_configuration": st.lists(st.tuples(st.integers(0, 1), identifiers), max_size=5),
    "read_reporting_configuration_response": st.lists(
        _settings.map(lambda record: (0, *record)) | st.tuples(statuses, st.integers(0, 1), identifiers), max_size=4
    ),
    "report_attributes": _records,
    "default_response": st.tuples(octets, octets),
    "discover_attributes": st.tuples(identifiers, octets),
    "discover_attributes_response": st.tuples(st.booleans(), st.lists(st.tuples(identifiers, octets), max_size=5)),
    "discover_attributes_extended": st.tuples(identifiers, octets),
    "discover_attributes_extended_response": st.tuples(
        st.booleans(), st.lists(st.tuples(identifiers, octets, st.integers(0, 7)), max_size=5)
    ),
    "discover_commands_received": st.tuples(octets, octets),
    "discover_commands_received_response": _page,
    "discover_commands_generated": st.tuples(octets, octets),
    "discover_commands_generated_response": _page,
    "read_attributes_structured": st.lists(st.tuples(identifiers, _indices), max_size=3),
    "write_attributes_structured": st.lists(
        st.tuples(identifiers, st.integers(0, 15), _indices, simple_values()).map(lambda row: (*row[:3], *row[3])),
        max_size=3,
    ),
    "write_attributes_structured_response": st.lists(st.tuples(statuses, identifiers, _indices), max_size=3),
}


def zigpy_octets(name: str, value: Any) -> bytes:
    """The octets of a value that is no collection, by zigpy."""
    bits = bits_of(name)
    if name.startswith(("uint", "int")):
        signed = name.startswith("int")
        if value is None:
            value = -(1 << bits - 1) if signed else (1 << bits) - 1
        return getattr(zigpy, f"{'int' if signed else 'uint'}{bits}{'s' if signed else '_t'}")(value).serialize()
    if name.startswith(("data", "map")):
        return getattr(zigpy, f"uint{bits}_t")(value).serialize()
    if name in ("UTC", "bacOID"):
        return zigpy.uint32_t(0xFFFFFFFF if value is None else value).serialize()
    if name in ("enum8", "bool"):
        return zigpy.uint8_t(0xFF if value is None else value).serialize()
    if name in ("enum16", "clusterId", "attribId"):
        return zigpy.uint16_t(0xFFFF if value is None else value).serialize()
    if name in ("octstr", "string", "octstr16", "string16"):
        kind = zigpy.LongOctetString if name.endswith("16") else zigpy.LVBytes
        if value is None:
            return b"\xff\xff" if name.endswith("16") else b"\xff"
        # Not zigpy's CharacterString: its length counts characters where the octets of UTF-8 are meant.
        return kind(value.encode() if isinstance(value, str) else value).serialize()
    if name == "EUI64":
        return zigpy.EUI64(reversed(b"\xff" * 8 if value is None else value)).serialize()
    if name in ("ToD", "date"):
        return b"\xff" * 4 if value is None else bytes(value)
    if name == "key128":
        return bytes(value)
    if name in ("semi", "single", "double"):
        # CPython's, not zigpy's, whose subnormal halves are wrong.
        return struct.pack({"semi": "<e", "single": "<f", "double": "<d"}[name], float("nan") if value is None else value)
    raise KeyError(name)


@dataclass(frozen=True)
class Command:
    """One command of the source."""

    cluster: int
    entry: Any

    @property
    def identifier(self) -> int:
        return int(self.entry["id"], 16)

    @property
    def direction(self) -> int:
        return DIRECTIONS[self.entry["direction"]]

    @property
    def name(self) -> str:
        return snake_case(self.entry["name"])

    def __str__(self) -> str:
        return f"{self.cluster:04x}-{self.name}-to-{'client' if self.direction else 'server'}"


COMMANDS = [
    Command(int(identifier, 16), entry) for identifier, cluster in SOURCE["clusters"].items() for entry in cluster["commands"]
]


@st.composite
def examples(draw: st.DrawFn, command: Command) -> tuple[dict[str, Any], bytes]:
    """Fields of a command and their octets."""
    groups = list(generator.GROUP_NAMES.get(command.entry["name"], []))
    return Layout(draw, groups, selectors(command)).items(command.entry["fields"])


class Layout:
    """Draws the values of fields in order and lays out their octets."""

    def __init__(self, draw: st.DrawFn, groups: list[str], selectors: dict[str, list[int]]) -> None:
        self.draw = draw
        self.groups = groups
        self.selectors = selectors

    def items(self, fields: list[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
        drawn: dict[str, Any] = {}
        octets = b""
        counts = self.counts(fields)
        for field in fields:
            if "condition" in field and not holds(field["condition"], drawn):
                continue
            if "condition" not in field and field.get("optional") and not self.draw(st.booleans()):
                break  # optional fields end the payload together
            octets += self.item(field, drawn, counts)
        return drawn, octets

    def counts(self, fields: list[dict[str, Any]]) -> dict[str, int]:
        """How many entries each count announces."""
        found = {}
        for field in fields:
            repeat = field.get("repeat", "")
            if repeat.startswith("count:") and not repeat.startswith("count:from"):
                found[repeat[6:].partition("&")[0]] = self.draw(st.integers(0, 4))
        return found

    def item(self, field: dict[str, Any], drawn: dict[str, Any], counts: dict[str, int]) -> bytes:
        if "repeat" in field:
            return self.group(field, drawn, counts)
        kind, name = field["type"], field["name"]
        if kind == "choice":
            return self.choice(field["choices"], drawn)
        if kind == "struct_ref":
            return self.structure(name, field["ref"], drawn)
        if kind == "bytes_to_end":
            drawn[name] = self.draw(st.binary(max_size=40))
            return bytes(drawn[name])
        if kind.endswith("big-endian") and kind.startswith("uint"):
            size = int(kind[4:-11]) // 8
            drawn[name] = self.draw(st.integers(0, (1 << 8 * size) - 1))
            return int(drawn[name]).to_bytes(size, "big")
        if "length" in field:
            drawn[name] = self.draw(st.binary(min_size=field["length"], max_size=field["length"]))
            return bytes(drawn[name])
        if name in self.selectors and self.draw(st.integers(0, 3)):
            drawn[name] = self.draw(st.sampled_from(self.selectors[name]))
        else:
            drawn[name] = counts[name] if name in counts else self.draw(values(kind))
        if name in counts and kind == "map8":  # the other half of the octet is free
            drawn[name] |= self.draw(st.integers(0, 15)) << 4
        return zigpy_octets(kind, drawn[name])

    def group(self, field: dict[str, Any], drawn: dict[str, Any], counts: dict[str, int]) -> bytes:
        name = self.groups.pop(0)
        rest = list(self.groups)
        counter = field["repeat"].removeprefix("count:").partition("&")[0]
        count = counts[counter] if counter in counts else self.draw(st.integers(0, 3))
        entries, octets = [], b""
        for _ in range(count):
            self.groups = list(rest)
            inner, more = self.items(field["fields"])
            octets += more
            entries.append(inner if len(field["fields"]) > 1 else next(iter(inner.values())))
        drawn[name] = entries
        return octets

    def choice(self, choices: dict[str, list[dict[str, Any]]], drawn: dict[str, Any]) -> bytes:
        octets = b""
        for condition, fields in choices.items():
            if holds(condition, drawn):
                data = self.draw(st.binary(max_size=20))
                for field in fields:
                    if field.get("repeat"):
                        drawn["image_data"] = data
                        octets += data
                    elif field["name"] == "data_size":
                        drawn["data_size"] = len(data)
                        octets += bytes([len(data)])
                    else:
                        octets += self.item(field, drawn, {})
        return octets

    def structure(self, name: str, reference: str, drawn: dict[str, Any]) -> bytes:
        structure = SOURCE["structures"][reference]
        selector = drawn[structure["selector"]]
        for key, fields in structure["variants"].items():
            if int(key.split(" ")[0]) == selector:
                inner = Layout(self.draw, list(generator.GROUP_NAMES.get(reference, [])), {})
                drawn[name], octets = inner.items(fields)
                return octets
        drawn[name] = self.draw(st.binary(max_size=10))
        return bytes(drawn[name])


def holds(condition: str, drawn: dict[str, Any]) -> bool:
    """Whether `name==value`, `name>=value` or `name&mask` holds."""
    for sign in ("==", ">=", "&"):
        if sign in condition:
            name, text = condition.split(sign)
            value = 0xFF if drawn[name] is None else drawn[name]
            operand = int(text, 0)
            return bool({"==": value == operand, ">=": value >= operand, "&": value & operand}[sign])
    raise ValueError(condition)


def selectors(command: Command) -> dict[str, list[int]]:
    """The field that chooses the structure of a command, with the values that choose one."""
    for field in command.entry["fields"]:
        if field.get("type") == "struct_ref":
            structure = SOURCE["structures"][field["ref"]]
            return {structure["selector"]: [int(key.split(" ")[0]) for key in structure["variants"]]}
    return {}
