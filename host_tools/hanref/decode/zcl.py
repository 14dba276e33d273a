# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents of GBZ components in the terms of the field: names, times as dates, numbers scaled and with their unit."""

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from han.errors import CodecError
from han.gbcs import gbz
from han.zcl import clusters, commands, programs, status

from hanref.decode import tables
from hanref.decode.times import utc_text, zigbee_activation_text, zigbee_date_text

Tree = dict[str, Any]
clusters.remember_names()

# Amounts of money in GB messages have five digits behind the point: Price Trailing Digit is 50 in every template.
_MONEY_DIGITS = 0x50
# The name by which the table of quantities means event and alert codes.
_EVENT = "event"
# From a client of the cluster to its server, and back; see han.zcl.frame.
_TO_SERVER, _TO_CLIENT = 0, 1
_SERVER_TO_CLIENT = 0x08
# A time in which zero means at once and all ones never [GBCS 9.2].
_ACTIVATION_NAME = re.compile(r"(.*_)?implementation(_date)?_time|start(_date)?_time")


# --- names --------------------------------------------------------------------------------------------------


@cache
def cluster_name(cluster: int) -> str:
    """`metering`; the number where the cluster has no table."""
    return str(clusters.table(cluster).name) if clusters.is_known(cluster) else "%04x" % cluster


@cache
def attribute_name(cluster: int, identifier: int) -> str:
    """`current_summation_delivered`; the number where the table has none."""
    attribute = clusters.table(cluster).attribute(identifier) if clusters.is_known(cluster) else None
    return "%04x" % identifier if attribute is None else str(attribute.name)


@cache
def command_name(cluster: int, command: int, is_global: bool, direction: int) -> str:
    """`publish_snapshot`; the number where the table has none."""
    if is_global:
        name = commands.name(command)
    else:
        found = clusters.table(cluster).command(command, direction) if clusters.is_known(cluster) else None
        name = found.name if found else None
    return name or "%02x" % command


@cache
def status_name(code: int) -> str:
    """`NOT_FOUND`; the number where it has no name."""
    return status.name(code) or "%02x" % code


@cache
def _table(cluster: int) -> clusters.Table:
    """The table of a cluster that keeps the names it has looked up: a board has no memory for that."""
    table = clusters.table(cluster)
    table.term = cache(table.term)
    return table


@cache
def _program(cluster: int, command: int, direction: int) -> int | None:
    """The place of the layout of a cluster's command, None where the table has none."""
    found = _table(cluster).command(command, direction) if clusters.is_known(cluster) else None
    return None if found is None else int(found.program)


def direction_of(component: gbz.Component) -> int:
    """Which way a component's command goes."""
    return _TO_CLIENT if component.frame_control & _SERVER_TO_CLIENT else _TO_SERVER


def header(component: gbz.Component) -> Tree:
    """What a component is, by names."""
    return _header(component.cluster, component.command, component.frame_control).copy()


@cache
def _header(cluster: int, command: int, frame_control: int) -> Tree:
    direction = _TO_CLIENT if frame_control & _SERVER_TO_CLIENT else _TO_SERVER
    return {"cluster": cluster_name(cluster), "command": command_name(cluster, command, not frame_control & 3, direction)}


# --- meaning of values --------------------------------------------------------------------------------------


@cache
def _rules(cluster: int) -> list[tables.Row]:
    return [row for row in tables.rows("gbz-quantities.csv") if int(row["cluster"], 16) == cluster]


@cache
def _rule(cluster: int, name: str) -> tables.Row | None:
    """How a number of that name is read: scaled by which others, or an enumeration."""
    for row in _rules(cluster):
        if fnmatchcase(name, row["name"]):
            return row
    return None


@cache
def _symbols() -> dict[tuple[str, int], str]:
    return {(row["field"], int(row["value"])): row["symbol"] for row in tables.rows("zcl-units.csv")}


@cache
def _codes(name: str) -> dict[int, str]:
    """The names of an enumeration."""
    found = tables.clusters()["enums"].get(name, {})
    return {int(value, 16): text for value, text in found.get("values", {}).items()}


@cache
def _bits(name: str) -> list[tuple[int, str]]:
    """(mask, name) of the single bits of a bitmap."""
    found = tables.clusters()["bitmaps"].get(name, {})
    masks = [(int(mask, 16), text) for mask, text in found.get("masks", {}).items()]
    return [(mask, text) for mask, text in masks if mask and not mask & mask - 1]


@cache
def _words(name: str) -> str:
    """`CubicMeterPerHour` as words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def event_text(code: int) -> str:
    """An event or alert code as it is written, with what it means."""
    text = tables.alert_codes().get(code)
    return "%04x %s" % (code, text) if text else "%04x" % code


@lru_cache(maxsize=4096)
def meaning(enumeration: str, value: int) -> Any:
    """The name of a code, the names of the bits that are set, or the number itself."""
    if enumeration == _EVENT:
        return event_text(value) if value in tables.alert_codes() else value
    codes = _codes(enumeration)
    if codes:
        return _words(codes[value]) if value in codes else value
    bits = _bits(enumeration)
    return [_words(text) for mask, text in bits if value & mask] if bits else value


@cache
def _facts(cluster: int) -> dict[str, tuple[str, str]]:
    """(type, enumeration) of each field name of a cluster's commands and of the structures they hold."""
    facts: dict[str, tuple[str, str]] = {}
    source = tables.clusters()
    found = source["clusters"].get("0x%04X" % cluster, {"commands": []})
    pending = [field for command in found["commands"] for field in command.get("fields", [])]
    while pending:
        field = pending.pop()
        pending += field.get("fields", [])
        for variant in source["structures"].get(field.get("ref"), {}).get("variants", {}).values():
            pending += variant
        if "name" in field:
            facts.setdefault(field["name"], (field.get("type", ""), field.get("enum", "")))
    return facts


def _first(names: str, *contexts: Tree) -> int | None:
    """The first of the named numbers that is there."""
    for context in contexts:
        for name in names.split("|"):
            value = context.get(name)
            if isinstance(value, int):
                return value
    return None


def _unit(names: str, *contexts: Tree) -> str | None:
    for context in contexts:
        for name in names.split("|"):
            value = context.get(name)
            if isinstance(value, int):
                return _symbols().get((name, value))
    return None


def scaled(cluster: int, name: str, value: int, *contexts: Tree) -> tuple[str, str | None] | None:
    """(decimal text, unit) of a number that others in the message scale; None where nothing does."""
    rule = _rule(cluster, name)
    if rule is None or rule["enumeration"]:
        return None
    if rule["trailing_digit"]:
        digits = _first(rule["trailing_digit"], *contexts)
        if digits is None:
            if rule["unit"] != "currency":
                return None
            digits = _MONEY_DIGITS
        number = Decimal(value).scaleb(-(digits >> 4))
        unit = _unit(rule["unit"], *contexts) if rule["unit"] else None
        return format(number, "f"), unit or ("currency" if rule["unit"] == "currency" else None)
    multiplier = _first(rule["multiplier"], *contexts)
    divisor = _first(rule["divisor"], *contexts)
    if not multiplier or not divisor:
        return None
    return format(Decimal(value) * multiplier / divisor, "f"), _unit(rule["unit"], *contexts)


# --- components ---------------------------------------------------------------------------------------------


def component(item: gbz.Component, data: bytes) -> Tree:
    """The content of a component whose ZCL payload is `data` in clear."""
    content = header(item)
    if item.from_date_time is not None:
        content["from_date_time"] = zigbee_activation_text(item.from_date_time)
    if not item.is_global():
        _command(item, data, content)
    elif item.command == gbz.READ_ATTRIBUTES:
        identifiers = commands.decode(item.command, data)
        content["attributes"] = [attribute_name(item.cluster, identifier) for identifier in identifiers]
    elif item.command == gbz.DEFAULT_RESPONSE:
        # The answered command is one of the cluster's own, or FF for any.
        content["answers"] = "any" if data[0] == 0xFF else answered(item, data[0])
        content["status"] = status_name(data[1])
    return content


def answered(item: gbz.Component, command: int) -> str:
    """The name of the command that a default response answers: it went the other way."""
    return command_name(item.cluster, command, False, 1 - direction_of(item))


def attributes(cluster: int, records: list[Tree], message: Tree) -> list[Tree]:
    """Records of a read answer by name. `message` holds the numbers of all components that may scale these."""
    context = {attribute_name(cluster, int(record["id"], 16)): record.get("value") for record in records}
    contents = []
    for record in records:
        name = attribute_name(cluster, int(record["id"], 16))
        content: Tree = {"name": name}
        if "value" in record:
            _value(cluster, name, record["value"], content, context, message)
            if record["type"] == "e2":
                content["value"] = utc_text(record["value"])
        else:
            content["status"] = status_name(int(record["status"], 16))
        contents.append(content)
    return contents


def _value(cluster: int, name: str, value: Any, content: Tree, *contexts: Tree) -> None:
    content["value"] = value
    if not isinstance(value, int):
        return
    number = scaled(cluster, name, value, *contexts)
    if number:
        content["scaled"] = number[0]
        if number[1]:
            content["unit"] = number[1]
        return
    rule = _rule(cluster, name)
    if rule:
        content["meaning"] = meaning(rule["enumeration"], value)


def _command(item: gbz.Component, data: bytes, content: Tree) -> None:
    program = _program(item.cluster, item.command, direction_of(item))
    if program is None:
        return
    try:
        fields = programs.decode(_table(item.cluster), program, data)
    except CodecError as error:
        # The payload is there in hex; what its fields are cannot be said.
        content["error"] = error.what
        return
    content["fields"] = _fields(item.cluster, fields, fields)


def _fields(cluster: int, fields: Tree, context: Tree) -> Tree:
    content: Tree = {}
    for name, value in fields.items():
        reading, enumeration, is_scaled = _reading(cluster, name)
        if isinstance(value, int):
            if reading:
                content[name] = _time(reading, value)
            elif enumeration:
                content[name] = meaning(enumeration, value)
            else:
                content[name] = value
                number = scaled(cluster, name, value, fields, context) if is_scaled else None
                if number:
                    content[name + "_scaled"] = " ".join(part for part in number if part)
        elif isinstance(value, dict):
            content[name] = _fields(cluster, value, context)
        elif isinstance(value, list):
            content[name] = [_fields(cluster, item, context) if isinstance(item, dict) else _plain(item) for item in value]
        elif isinstance(value, bytes) and reading == _DATE:
            content[name] = zigbee_date_text(value)
        elif value is None and reading == _ACTIVATION:
            # All ones, which as a number is no value, as such a time means never.
            content[name] = zigbee_activation_text(0xFFFFFFFF)
        else:
            content[name] = _plain(value)
    return content


_UTC, _DATE, _ACTIVATION = "utc", "date", "activation"


@cache
def _reading(cluster: int, name: str) -> tuple[str, str, bool]:
    """How a field is read: as which kind of time, by which enumeration, whether others scale it."""
    kind, enumeration = _facts(cluster).get(name, ("", ""))
    if kind == "UTC":
        return _ACTIVATION if _ACTIVATION_NAME.fullmatch(name) else _UTC, "", False
    if kind == "date":
        return _DATE, "", False
    rule = _rule(cluster, name)
    if rule and not rule["enumeration"]:
        return "", "", True
    return "", rule["enumeration"] if rule else enumeration, False


def _time(reading: str, seconds: int) -> str:
    return zigbee_activation_text(seconds) if reading == _ACTIVATION else utc_text(seconds)


def _plain(value: Any) -> Any:
    return octets_text(value) if isinstance(value, bytes) else value


def octets_text(octets: bytes) -> str:
    """Octets as text where they are printable text, else as hex."""
    if octets.isascii():
        text = octets.decode()
        if text.isprintable():
            return text
    return octets.hex()


# --- alerts -------------------------------------------------------------------------------------------------


def alert(code: int, alert_code: int, time: int, rest: bytes) -> Tree:
    """The head of an alert, and what belongs to the codes of section 3.4."""
    content: Tree = {
        "alert": "%04x" % alert_code,
        "meaning": tables.alert_codes().get(alert_code),
        "time": utc_text(time),
    }
    if len(rest) == 15 and rest[0] == 14:
        content["instruction"] = instruction(rest[1:])
    elif len(rest) == 34 and rest[:2] == b"\x09\x20":
        content["hash"] = rest[2:].hex()
    elif rest:
        content["data"] = rest.hex()
    return content


def instruction(octets: bytes) -> Tree:
    """What a future-dated alert names: message code, counter, cluster, frame control, command."""
    code, counter = int.from_bytes(octets[:2], "big"), octets[2:10].hex()
    cluster = int.from_bytes(octets[10:12], "big")
    frame_control, command = octets[12], octets[13]
    use_case = tables.use_cases().get(code)
    direction = _TO_CLIENT if frame_control & _SERVER_TO_CLIENT else _TO_SERVER
    return {
        "message_code": "%04x" % code,
        "use_case": use_case.name if use_case else None,
        "originator_counter": counter,
        "cluster": cluster_name(cluster),
        "command": command_name(cluster, command, not frame_control & 3, direction),
    }
