# SPDX-License-Identifier: GPL-3.0-or-later
"""COSEM values in the terms of the field: names of objects, attributes and fields, dates as dates, logs as rows."""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from han.errors import CodecError
from han.gbcs import axdr, protected
from han.gbcs.dlms import obis_text

from hanref.decode import tables
from hanref.decode.times import activation_text, cosem_text, utc_text
from hanref.decode.zcl import event_text, octets_text

Tree = dict[str, Any]
Datum = tuple[int, Any]

_DATE_TIME, _DATE, _TIME, _LOGICAL_NAME = 12, 5, 4, 6
_OPTIONAL = "[["
_BOUNDS = re.compile(r"\[.*?\]")


# --- shapes -------------------------------------------------------------------------------------------------


@dataclass
class Shape:
    """How a value is built: `fields` of a structure in order, `items` of an array, else the `type` of a leaf.

    `reading` says what a leaf of that name is: TIMESTAMP, UNIT, NAME (an OBIS code), DATE, TIME, ACTIVATION, EVENT, or
    nothing that its type does not tell.
    """

    type: str = ""
    fields: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    reading: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether the part is there only in some meters."""
        parts = [self.items] if self.items else list(self.fields.values())
        return all(part.is_optional for part in parts) if parts else _OPTIONAL in self.type


TIMESTAMP, UNIT, NAME, DATE, TIME, ACTIVATION, EVENT = "timestamp", "unit", "name", "date", "time", "activation", "event"
_ANYTHING = Shape()


def _reading(name: str, type_: str) -> str:
    if "timestamp" in name.lower():
        return TIMESTAMP
    if name == "unit" or name.endswith("_unit"):
        return UNIT
    if name.lower().endswith("logcode"):
        return EVENT
    if "logical_name" in name or name.endswith("_reference") or type_.startswith("octet-string(6)"):
        return NAME
    if "activat" in name:
        return ACTIVATION
    if "date" in name:
        return DATE
    return TIME if name.endswith("time") else ""


@dataclass(frozen=True, eq=False)
class Attribute:
    """One attribute or method of an object: COSEM name, what the use case calls the object, and its shape."""

    class_id: int
    obis: bytes
    is_method: bool
    number: int
    name: str
    item: str
    shape: Shape

    @property
    def key(self) -> tuple[int, bytes, bool, int]:
        """Class, OBIS, whether it is a method, number."""
        return self.class_id, self.obis, self.is_method, self.number


def _place(root: Shape, path: str, type_: str) -> None:
    """Add the leaf at `path` (`buffer[1..12].entry.timestamp`) to a shape."""
    here = root
    name = ""
    for position, part in enumerate(_BOUNDS.sub("[", path).split(".")):
        name = part.removesuffix("[")
        if position and here.items is not None:
            # The part behind an array is the name of its items.
            here = here.items
        elif position:
            here = here.fields.setdefault(name, Shape())
        if part.endswith("[") and here.items is None:
            here.items = Shape()
    here.type = type_
    here.reading = _reading(name, type_)


@cache
def _structures() -> dict[tuple[int, bool, int], tuple[bool, list[str]]]:
    """(whether it is an array of them, names of the parts) of structures that the attribute table leaves open."""
    return {
        (int(row["class"]), row["kind"] == "M", int(row["number"])): (row["array"] == "yes", row["parts"].split())
        for row in tables.rows("cosem-structures.csv")
    }


def _attribute(rows: list[tables.CosemRow]) -> Attribute:
    first = rows[0]
    root = Shape()
    for row in rows:
        if row.path.startswith("range_descriptor"):
            continue
        if "." in row.path or "[" in row.path:
            _place(root, row.path, row.type)
        elif not root.type:
            root.type = row.type
    structure = _structures().get((first.class_id, first.is_method, first.number))
    if structure:
        is_array, parts = structure
        fields = {name: root.fields.get(name) or Shape(reading=_reading(name, "")) for name in parts}
        root = Shape(items=Shape(fields=fields)) if is_array else Shape(fields=fields)
    name = next((row.name for row in rows if row.name), "")
    if not root.reading:
        root.reading = _reading(name, root.type)
    return Attribute(first.class_id, first.obis, first.is_method, first.number, name, first.item.partition(":")[0], root)


@cache
def _groups() -> dict[int, dict[tuple[int, bytes, bool, int], list[tables.CosemRow]]]:
    """The rows of each message code by attribute, in their order."""
    groups: dict[int, dict[tuple[int, bytes, bool, int], list[tables.CosemRow]]] = {}
    for row in tables.cosem_rows():
        key = (row.class_id, row.obis, row.is_method, row.number)
        groups.setdefault(row.code, {}).setdefault(key, []).append(row)
    return groups


@cache
def attributes(code: int) -> tuple[Attribute, ...]:
    """The attributes and methods of a message code in the order in which it names them; empty where none is known."""
    return tuple(_attribute(rows) for rows in _groups().get(code, {}).values())


@cache
def _by_key(code: int) -> dict[tuple[int, bytes, bool, int], Attribute]:
    return {attribute.key: attribute for attribute in attributes(code)}


@cache
def _anywhere() -> dict[tuple[int, bytes, bool, int], Attribute]:
    found: dict[tuple[int, bytes, bool, int], Attribute] = {}
    for code in _groups():
        for attribute in attributes(code):
            known = found.setdefault(attribute.key, attribute)
            if not known.shape.fields and not known.shape.items:
                found[attribute.key] = attribute
    return found


@cache
def _names() -> dict[tuple[int, bool, int], str]:
    return {(key[0], key[2], key[3]): attribute.name for key, attribute in _anywhere().items() if attribute.name}


@lru_cache(maxsize=4096)
def attribute(code: int, class_id: int, obis: bytes, is_method: bool, number: int) -> Attribute:
    """The attribute or method as the message code means it, or any other use case, or by its class alone."""
    key = (class_id, obis, is_method, number)
    found = _by_key(code).get(key) or _anywhere().get(key)
    if found is None:
        name = _names().get((class_id, is_method, number), "")
        found = Attribute(class_id, obis, is_method, number, name, "", _ANYTHING)
    return found


@lru_cache(maxsize=4096)
def head(found: Attribute) -> Tree:
    """What an attribute or method is, as the start of its content."""
    content: Tree = {
        "class": found.class_id,
        "class_name": tables.cosem_classes().get(found.class_id),
        "obis": obis_text(found.obis),
        "method" if found.is_method else "attribute": found.number,
    }
    if found.name:
        content["name"] = found.name
    if found.item:
        content["object"] = found.item
    return content


# --- values -------------------------------------------------------------------------------------------------


def value(datum: Datum, shape: Shape = _ANYTHING) -> Any:
    """A datum as plain values: structures with the names of their fields, dates as text, octets as text or hex."""
    tag, content = datum
    if tag == axdr.STRUCTURE:
        return _structure(content, shape)
    if tag == axdr.ARRAY:
        inner = shape.items or _ANYTHING
        # Plain numbers are most of all data: they need no reading.
        if not inner.reading:
            return [item[1] if item[1].__class__ is int else value(item, inner) for item in content]
        return [value(item, inner) for item in content]
    if tag == axdr.COMPACT_ARRAY:
        return _rows(content, shape)
    return _leaf(tag, content, shape)


def _leaf(tag: int, content: Any, shape: Shape) -> Any:
    if isinstance(content, int):
        if shape.reading == TIMESTAMP and tag == axdr.DOUBLE_LONG_UNSIGNED:
            return utc_text(content)
        if shape.reading == UNIT and tag == axdr.ENUM:
            return tables.cosem_units().get(content, content) or "none"
        return event_text(content) if shape.reading == EVENT else content
    if tag == axdr.OCTET_STRING:
        return _octets(content, shape.reading)
    if tag == axdr.BIT_STRING:
        bits, octets = content
        return bin(int.from_bytes(b"\1" + octets, "big"))[3 : 3 + bits]
    if tag in _DATES:
        return cosem_text(content)
    return content.hex() if isinstance(content, bytes) else content


_DATES = (axdr.DATE_TIME, axdr.DATE, axdr.TIME)


def _octets(octets: bytes, reading: str) -> str:
    length = len(octets)
    if length == _DATE_TIME and octets[9:11] == b"\x80\x00":
        return activation_text(octets) if reading == ACTIVATION else cosem_text(octets)
    if length == _LOGICAL_NAME and reading == NAME:
        return obis_text(octets)
    if length == _DATE and reading == DATE or length == _TIME and reading == TIME:
        return cosem_text(octets)
    return octets_text(octets)


def _named(count: int, shape: Shape) -> dict[str, Shape] | None:
    """Names and shapes of the parts of a structure of `count`, None where the table has another number of them."""
    fields = shape.fields
    if len(fields) > count:
        fields = {name: inner for name, inner in fields.items() if not inner.is_optional}
    return fields if fields and len(fields) == count else None


def _structure(parts: list[Datum], shape: Shape) -> Any:
    named = _named(len(parts), shape)
    if named is None:
        return [part[1] if part[1].__class__ is int else value(part) for part in parts]
    return {
        name: part[1] if part[1].__class__ is int and not inner.reading else value(part, inner)
        for part, (name, inner) in zip(parts, named.items(), strict=True)
    }


def _rows(content: tuple[Any, list[Any]], shape: Shape) -> Tree:
    """A compact array: the names of its columns where they are known, and its rows."""
    type_, items = content
    if isinstance(type_, int) or type_[0] != axdr.STRUCTURE:
        return {"columns": None, "rows": [_item(type_, item, _ANYTHING) for item in items]}
    types = type_[1]
    named = _named(len(types), shape.items or _ANYTHING)
    shapes = list(named.values()) if named else [_ANYTHING] * len(types)
    # Columns of plain numbers pass as they are.
    others = [
        (index, part, inner)
        for index, (part, inner) in enumerate(zip(types, shapes, strict=True))
        if not isinstance(part, int) or part in _OCTETS or inner.reading in (TIMESTAMP, UNIT, EVENT)
    ]
    rows = []
    for item in items:
        row = list(item)
        for index, part, inner in others:
            row[index] = _item(part, row[index], inner)
        rows.append(row)
    return {"columns": list(named) if named else None, "rows": rows}


_OCTETS = (axdr.OCTET_STRING, axdr.BIT_STRING, axdr.BCD, *_DATES)


def _item(type_: Any, item: Any, shape: Shape) -> Any:
    if isinstance(type_, int):
        return _leaf(type_, item, shape)
    if type_[0] == axdr.ARRAY:
        if isinstance(type_[2], int) and type_[2] in axdr.NUMBERS:
            return item
        inner = shape.items or _ANYTHING
        return [_item(type_[2], part, inner) for part in item]
    named = _named(len(type_[1]), shape)
    if named is None:
        return [_item(part, entry, _ANYTHING) for part, entry in zip(type_[1], item, strict=True)]
    return {name: _item(part, entry, inner) for part, entry, (name, inner) in zip(type_[1], item, named.items(), strict=True)}


# --- protected reads ----------------------------------------------------------------------------------------


def wanted(code: int, datum: Datum) -> Tree | None:
    """The content of a command's protected read: which attributes of which dates; None for another form."""
    tag, parts = datum
    if tag != axdr.STRUCTURE or len(parts) != 2 or parts[0][0] != axdr.ARRAY or not protected.is_parameters(parts[1]):
        return None
    objects = []
    try:
        for item in parts[0][1]:
            class_id, obis, number, dates = protected.read_object_wanted(item)
            content = dict(head(attribute(code, class_id, obis, False, number)))
            if dates is not None:
                content["from"], content["to"] = (value((axdr.OCTET_STRING, date)) for date in dates)
            objects.append(content)
    except CodecError:
        return None
    return {"protected_read": objects}
