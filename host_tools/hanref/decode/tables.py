# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference tables as the decoder looks things up in them. Each is read once, when it is first needed."""

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """The rows of a table of the data folder."""
    return list(csv.DictReader((files("hanref.data") / name).read_text(encoding="utf-8").splitlines()))


# --- message codes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UseCase:
    """A message code: what it is called and how its payload is written (`DLMS`, `GBZ`, `ASN.1`, `DLMS/GBZ`, ...)."""

    code: int
    name: str
    title: str
    protocol: str
    category: str


@cache
def use_cases() -> dict[int, UseCase]:
    """The use case of every message code."""
    return {
        int(row["message_code"], 16): UseCase(
            int(row["message_code"], 16), row["use_case"], row["title"], row["protocol"], row["message_type"]
        )
        for row in rows("gbcs-use-cases.csv")
        if row["message_code"]
    }


@cache
def alert_codes() -> dict[int, str]:
    """What every event and alert code means."""
    return {int(row["code"], 16): row["meaning"] for row in rows("gbcs-alert-codes.csv")}


# --- GBZ templates ------------------------------------------------------------------------------------------

_SIZES = {"UINT8": 1, "ENUM8": 1, "BITMAP8": 1, "UINT16": 2, "BITMAP16": 2, "UINT24": 3, "UINT32": 4, "BITMAP32": 4}
_FIELD = re.compile(r"(.+) (UINT\d+|INT32|ENUM8|BITMAP\d+|UTCTIME|OCTETSTRING|CHARSTRING|ZSE STRUCT)(=.*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """A field of a GBZ template; `size` 0 is a string with its length in front."""

    key: str
    size: int
    signed: bool = False
    text: bool = False


def field_key(name: str) -> str:
    """The key of a field: its name in lower case, other characters `_`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _template(text: str) -> tuple[Field, ...]:
    """The fields up to the first structure; what has no type (attributes, remarks) is none."""
    fields = []
    for part in text.split(";"):
        match = _FIELD.fullmatch(part.strip())
        if not match:
            continue
        kind = match[2].upper()
        if kind == "ZSE STRUCT":
            break
        if kind in ("OCTETSTRING", "CHARSTRING"):
            fields.append(Field(field_key(match[1]), 0, text=kind == "CHARSTRING"))
        else:
            fields.append(Field(field_key(match[1]), _SIZES.get(kind, 4), signed=kind == "INT32"))
    return tuple(fields)


@cache
def templates() -> dict[tuple[int, int, int, int], tuple[Field, ...]]:
    """The fields of a cluster's command by (message code, CRA flag, cluster, command).

    Two templates of one key are told apart by nothing but their order: the first counts, as in published decodes.
    """
    table: dict[tuple[int, int, int, int], tuple[Field, ...]] = {}
    flags = {"command": 1, "response": 2, "alert": 3}
    for row in rows("gbcs-gbz-templates.csv"):
        code, cluster, command = (int(row[name], 16) for name in ("message_code", "cluster", "command_id"))
        table.setdefault((code, flags[row["direction"]], cluster, command), _template(row["fields"]))
    return table


# --- clusters -----------------------------------------------------------------------------------------------


@cache
def clusters() -> dict[str, Any]:
    """The cluster tables as they are in the project's data, with what the board leaves out: enumerations."""
    content: dict[str, Any] = json.loads((files("hanref.data") / "zse-clusters.json").read_text(encoding="utf-8"))
    return content


# --- COSEM --------------------------------------------------------------------------------------------------


@cache
def cosem_classes() -> dict[int, str]:
    """The names of the COSEM interface classes."""
    return {int(row["class"]): row["name"] for row in rows("cosem-classes.csv")}


@cache
def cosem_units() -> dict[int, str]:
    """The symbols of the COSEM units of measure; empty where there is no unit."""
    return {int(row["unit"]): row["symbol"] for row in rows("cosem-units.csv")}


@dataclass(frozen=True)
class CosemRow:
    """A row of the table of attributes and methods: `path` is the place in the value, empty for the value itself."""

    code: int
    item: str
    class_id: int
    obis: bytes
    is_method: bool
    number: int
    name: str
    path: str
    type: str


def _obis(text: str) -> bytes:
    return bytes(int(part) for part in re.split(r"[-:.]", text))


@cache
def cosem_rows() -> tuple[CosemRow, ...]:
    """The table of COSEM attributes and methods, in its order."""
    table = []
    for row in rows("gbcs-dlms-attributes.csv"):
        name, _, path = row["cosem_name"].replace(" ", "").partition(":")
        table.append(
            CosemRow(
                int(row["message_code"], 16),
                row["data_item"],
                int(row["class"]),
                _obis(row["obis"]),
                row["kind"] == "M",
                int(row["number"]),
                "" if name == "seenotescolumn" else name,
                path,
                row["type"],
            )
        )
    return tuple(table)
