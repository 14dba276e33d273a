# SPDX-License-Identifier: GPL-3.0-or-later
"""GBZ payloads: the generic tree, and the same in the terms of the field (cluster, command and attribute names)."""

from typing import Any

from han.errors import CodecError
from han.gbcs import gbz
from han.gbcs.envelope import ALERT, Message
from han.zcl.tables.types import KINDS, SIZES

from hanref.decode import tables, zcl
from hanref.decode.protection import Opener, is_encrypted

Tree = dict[str, Any]

# Octets in hex.
_HEX = ["%02x" % octet for octet in range(256)]
_OCTET_STRING, _CHARACTER_STRING = 0x41, 0x42
_INVALID_LENGTH = 0xFF
_SIGNED = range(0x28, 0x30)
_NUMBERS = (1, 2, 3, 4, 5, 12)  # kinds of ZCL data types that are one integer


def decode(message: Message, opener: Opener) -> tuple[Tree, Tree]:
    """(tree, content) of a message's payload; raises CodecError with the offset in the payload."""
    payload = gbz.decode(message.payload, message.cra, message.message_code)
    tree: Tree = {"profile": "%04x" % gbz.PROFILE, "component_count": len(payload.components) or payload.count}
    content: Tree = {}
    if message.cra == ALERT:
        tree["alert_code"] = "%04x" % payload.alert_code
        tree["alert_time"] = payload.alert_time
        content = zcl.alert(message.message_code, payload.alert_code, payload.alert_time, payload.content)
        if payload.content:
            tree["alert_rest"] = payload.content.hex()
    if payload.components:
        trees = tree["components"] = []
        contents = content["components"] = []
        # Header of the payload, of the alert.
        at = 3 + (6 if message.cra == ALERT else 0)
        last = len(payload.components) - 1
        for index, component in enumerate(payload.components):
            component_tree, component_content, at = _component(message, component, index == last, at, opener)
            trees.append(component_tree)
            contents.append(component_content)
        _name_attributes(payload.components, trees, contents)
    return tree, content


def _name_attributes(components: list[gbz.Component], trees: list[Tree], contents: list[Tree]) -> None:
    """Add the answers to reads by name: multiplier, unit or currency may stand in another component."""
    numbers: Tree = {}
    answers = []
    for component, tree, content in zip(components, trees, contents, strict=True):
        records = tree.get("attributes")
        if records is not None:
            answers.append((component.cluster, records, content))
            for record in records:
                if "value" in record:
                    numbers[zcl.attribute_name(component.cluster, int(record["id"], 16))] = record["value"]
    for cluster, records, content in answers:
        content["attributes"] = zcl.attributes(cluster, records, numbers)


def _component(message: Message, component: gbz.Component, is_last: bool, at: int, opener: Opener) -> tuple[Tree, Tree, int]:
    """(tree, content, offset behind it) of one component that begins at `at`."""
    data = component.payload
    has_time = component.from_date_time is not None
    length = len(data) + (7 if component.encrypted or has_time else 3)
    tree: Tree = {
        "control": _HEX[is_last | component.encrypted << 1 | has_time << 4],
        "cluster": "%04x" % component.cluster,
        "length": length,
        "frame_control": _HEX[component.frame_control],
        "sequence": component.sequence,
        "command": _HEX[component.command],
    }
    behind = at + 5 + length
    if component.encrypted:
        if not is_encrypted(data):
            raise CodecError("the ciphered information is no encrypted data", behind - len(data))
        tree["encrypted"] = True
        tree["additional_header_control"] = 0
        tree["additional_header_frame_counter"] = component.frame_counter
        tree["ciphered_information"] = data.hex()
        plaintext = opener.open(data)
        if plaintext is None:
            content = zcl.header(component)
            content["encrypted"] = "wrong tag" if opener.result == "invalid" else "no key"
            return tree, content, behind
        tree["plaintext"] = plaintext.hex()
        data = plaintext
    else:
        if has_time:
            tree["from_date_time"] = component.from_date_time
        tree["zcl_payload"] = data.hex()
    try:
        _details(message, component, data, tree)
    except CodecError as error:
        raise CodecError(error.what, (error.offset or 0) + behind - len(component.payload)) from None
    content = zcl.component(component, data)
    return tree, content, behind


def _details(message: Message, component: gbz.Component, data: bytes, tree: Tree) -> None:
    """What a payload of a known form says, added to its tree."""
    command = component.command
    if component.is_global():
        if command == gbz.READ_ATTRIBUTES:
            tree["attributes_requested"] = _identifiers(data)
        elif command == gbz.READ_ATTRIBUTES_RESPONSE:
            tree["attributes"] = attributes(data)
        elif command == gbz.DEFAULT_RESPONSE:
            if len(data) != 2:
                raise CodecError("a default response has 2 octets, not %d" % len(data), 0)
            tree["default_response"] = {"command": _HEX[data[0]], "status": _HEX[data[1]]}
        return
    template = tables.templates().get((message.message_code, message.cra, component.cluster, command))
    if template is not None:
        tree["fields"] = fields(template, data)


def _identifiers(data: bytes) -> list[str]:
    if len(data) % 2:
        raise CodecError("a list of attributes ends within an identifier", len(data) - 1)
    return [_HEX[data[at + 1]] + _HEX[data[at]] for at in range(0, len(data), 2)]


def attributes(data: bytes) -> list[Tree]:
    """The records of a Read Attributes Response, values as they stand."""
    records: list[Tree] = []
    at = 0
    while at < len(data):
        if at + 3 > len(data):
            raise CodecError("an attribute record is cut off", at)
        status = data[at + 2]
        record: Tree = {"id": _HEX[data[at + 1]] + _HEX[data[at]], "status": _HEX[status]}
        at += 3
        if not status:
            if at >= len(data):
                raise CodecError("an attribute record is cut off", at)
            record["type"] = _HEX[data[at]]
            record["value"], at = _value(data[at], data, at + 1)
        records.append(record)
    return records


def _value(type_id: int, data: bytes, at: int) -> tuple[Any, int]:
    """(value, offset behind it): integers as they stand, octet strings in hex, text an octet a character."""
    size: int = SIZES[type_id]
    if KINDS[type_id] in _NUMBERS:
        behind = at + size
        if behind > len(data):
            raise CodecError("a value of type %02X is cut off" % type_id, at)
        return int.from_bytes(data[at:behind], "little", signed=type_id in _SIGNED), behind
    if type_id in (_OCTET_STRING, _CHARACTER_STRING):
        return _string(data, at, type_id == _CHARACTER_STRING)
    if not size or at + size > len(data):
        raise CodecError("a value of type %02X cannot be read" % type_id, at)
    return data[at : at + size].hex(), at + size


def _string(data: bytes, at: int, text: bool) -> tuple[str | None, int]:
    if at >= len(data):
        raise CodecError("a string is cut off", at)
    length = data[at]
    if length == _INVALID_LENGTH:
        return None, at + 1
    behind = at + 1 + length
    if behind > len(data):
        raise CodecError("a string of %d octets is cut off" % length, at)
    octets = data[at + 1 : behind]
    return octets.decode("latin-1") if text else octets.hex(), behind


def fields(template: tuple[tables.Field, ...], data: bytes) -> Tree:
    """The fields of a template by key; what follows them is `_rest`."""
    values: Tree = {}
    at = 0
    for field in template:
        if not field.size:
            values[field.key], at = _string(data, at, field.text)
            continue
        behind = at + field.size
        if behind > len(data):
            raise CodecError("the field %s is cut off" % field.key, at)
        values[field.key] = int.from_bytes(data[at:behind], "little", signed=field.signed)
        at = behind
    if at < len(data):
        values["_rest"] = data[at:].hex()
    return values
