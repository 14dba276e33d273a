# SPDX-License-Identifier: GPL-3.0-or-later
"""DLMS payloads: the generic tree, and the same in the terms of the field (objects, attributes, logs, alerts)."""

from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from han.gbcs import axdr, dlms, protected
from han.gbcs.envelope import Message

from hanref.decode import cosem, tables
from hanref.decode.protection import Opener, is_encrypted
from hanref.decode.times import utc_text

Tree = dict[str, Any]
Datum = tuple[int, Any]

_NAMES = {
    axdr.NULL: "null",
    axdr.ARRAY: "array",
    axdr.STRUCTURE: "structure",
    axdr.BOOLEAN: "boolean",
    axdr.BIT_STRING: "bit-string",
    axdr.DOUBLE_LONG: "i32",
    axdr.DOUBLE_LONG_UNSIGNED: "u32",
    axdr.OCTET_STRING: "octet-string",
    axdr.VISIBLE_STRING: "visible-string",
    axdr.UTF8_STRING: "utf8-string",
    axdr.BCD: "bcd",
    axdr.INTEGER: "i8",
    axdr.LONG: "i16",
    axdr.UNSIGNED: "u8",
    axdr.LONG_UNSIGNED: "u16",
    axdr.COMPACT_ARRAY: "compact-array",
    axdr.LONG64: "i64",
    axdr.LONG64_UNSIGNED: "u64",
    axdr.ENUM: "enum",
    axdr.FLOAT_32: "f32",
    axdr.FLOAT_64: "f64",
    axdr.DATE_TIME: "date-time",
    axdr.DATE: "date",
    axdr.TIME: "time",
    axdr.DONT_CARE: "dont-care",
}
_CHOICES = {
    dlms.GET: "get",
    dlms.SET: "set",
    dlms.ACTION: "action",
    dlms.GET_WITH_SELECTION: "get-with-selection",
    dlms.SET_WITH_SELECTION: "set-with-selection",
}
_APDUS = {
    dlms.ACCESS_REQUEST: "access-request",
    dlms.ACCESS_RESPONSE: "access-response",
    dlms.DATA_NOTIFICATION: "data-notification",
}


# --- the generic tree ---------------------------------------------------------------------------------------


def data_tree(datum: Datum) -> Tree:
    """A datum by the name of its type."""
    return data_trees([datum])[0]


def data_trees(data: list[Datum]) -> list[Tree]:
    """Data by the names of their types."""
    trees: list[Tree] = []
    for tag, value in data:
        if tag in (axdr.STRUCTURE, axdr.ARRAY):
            value = data_trees(value)
        elif tag == axdr.COMPACT_ARRAY:
            type_, items = value
            if not _is_plain(type_):
                items = [_item_tree(type_, item) for item in items]
            value = {"type": _type_tree(type_), "items": items}
        elif tag == axdr.BIT_STRING:
            value = {"bits": value[0], "hex": value[1].hex()}
        elif isinstance(value, bytes):
            value = value.hex()
        trees.append({_NAMES[tag]: value})
    return trees


def _type_tree(type_: Any) -> Any:
    if isinstance(type_, int):
        return "%02x" % type_
    if type_[0] == axdr.ARRAY:
        return {"%02x" % axdr.ARRAY: [type_[1], _type_tree(type_[2])]}
    return {"%02x" % axdr.STRUCTURE: [_type_tree(part) for part in type_[1]]}


def _is_plain(type_: Any) -> bool:
    """Whether items of a compact array are numbers only, which are in a tree as they are."""
    if isinstance(type_, int):
        return type_ in axdr.NUMBERS
    return all(map(_is_plain, type_[1])) if type_[0] == axdr.STRUCTURE else _is_plain(type_[2])


def _item_tree(type_: Any, item: Any) -> Any:
    if isinstance(item, list):
        if type_[0] == axdr.ARRAY:
            return [_item_tree(type_[2], part) for part in item]
        return [_item_tree(part, entry) for part, entry in zip(type_[1], item, strict=True)]
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, tuple):
        return {"bits": item[0], "hex": item[1].hex()}
    return item


@lru_cache(maxsize=8192)
def _known(code: int, choice: int, class_id: int, obis: bytes, number: int) -> tuple[cosem.Attribute, Tree, Tree]:
    """(attribute or method, tree, start of the content) of a specification; all are shared and never changed."""
    is_method = choice == dlms.ACTION
    found = cosem.attribute(code, class_id, obis, is_method, number)
    tree: Tree = {
        "choice": _CHOICES[choice],
        "class": class_id,
        "obis": dlms.obis_text(obis),
        "method" if is_method else "attribute": number,
    }
    return found, tree, {"do": _CHOICES[choice], **cosem.head(found)}


def _specification_trees(code: int, specifications: list[dlms.Specification]) -> list[Tree]:
    trees = []
    for item in specifications:
        _, tree, _ = _known(code, item.choice, item.class_id, item.obis, item.number)
        if item.selection is not None:
            tree = {**tree, "selector": item.selector, "selection": data_tree(item.selection)}
        trees.append(tree)
    return trees


# --- messages -----------------------------------------------------------------------------------------------


def decode(
    message: Message, opener: Opener, about: list[cosem.Attribute] | None = None
) -> tuple[Tree, Tree, list[cosem.Attribute] | None]:
    """(tree, content, attributes) of a message's payload; raises CodecError with the offset in the payload.

    `about` are the attributes of the command that a response answers, where the command is known: a response does not
    say what it is about. Those of a command are the third thing returned.
    """
    apdu = dlms.decode(message.payload)
    tree: Tree = {
        "apdu": _APDUS[apdu.tag],
        "long_invoke_id_and_priority": apdu.invoke_id.hex(),
        "date_time": apdu.date_time.hex(),
    }
    code = message.message_code
    if apdu.tag == dlms.ACCESS_REQUEST:
        tree["specs"] = _specification_trees(code, apdu.specifications)
        tree["data"] = data_trees(apdu.data)
        items, about = _requested(code, apdu)
        return tree, {"items": items}, about
    if apdu.tag == dlms.ACCESS_RESPONSE:
        return tree, _response(code, apdu, tree, opener, about), None
    body = tree["body"] = data_tree(apdu.body)
    return tree, _alert(code, apdu.body, _opened(apdu.body, body, opener)), None


def _opened(datum: Datum, tree: Tree, opener: Opener) -> Datum | None:
    """The decrypted datum of one that holds protected attributes, added to its tree; None for any other."""
    if datum[0] != axdr.STRUCTURE:
        return None
    place = protected.find(datum[1])
    if place is None or not is_encrypted(datum[1][place][1]):
        return None
    plaintext = opener.open(datum[1][place][1])
    if plaintext is None:
        return None
    plain: Datum = axdr.decode(plaintext)
    tree["structure"][place].update(decrypted_hex=plaintext.hex(), decrypted=data_tree(plain))
    return plain


def _response(code: int, apdu: dlms.AccessResponse, tree: Tree, opener: Opener, about: list[cosem.Attribute] | None) -> Tree:
    tree["request_specs_present"] = 0 if apdu.specifications is None else 1
    if apdu.specifications is not None:
        tree["specs"] = _specification_trees(code, apdu.specifications)
    data = tree["data"] = data_trees(apdu.data)
    plains = [_opened(datum, part, opener) for datum, part in zip(apdu.data, data, strict=True)]
    tree["results"] = [{"choice": _CHOICES[choice], "result": result} for choice, result in apdu.results]
    return {"items": _answered(code, apdu, plains, about)}


# --- contents -----------------------------------------------------------------------------------------------


def _requested(code: int, apdu: dlms.AccessRequest) -> tuple[list[Tree], list[cosem.Attribute]]:
    items, about = [], []
    for item, datum in zip(apdu.specifications, apdu.data, strict=True):
        found, _, start = _known(code, item.choice, item.class_id, item.obis, item.number)
        content = start.copy()
        if item.selection is not None:
            _selection(item.selection, content)
        if datum[0] != axdr.NULL:
            is_protected = found.class_id == protected.CLASS and found.is_method
            wanted = cosem.wanted(code, datum) if is_protected else None
            content.update(wanted or {"value": cosem.value(datum, found.shape)})
        items.append(content)
        about.append(found)
    return items, about


def _selection(selection: Datum, content: Tree) -> None:
    """A range of time: from and to, where the selection has that form."""
    if selection[0] == axdr.STRUCTURE and len(selection[1]) == 4:
        limits = selection[1][1:3]
        if all(tag == axdr.DOUBLE_LONG_UNSIGNED for tag, _ in limits):
            content["from"], content["to"] = (utc_text(seconds) for _, seconds in limits)
            return
    content["selection"] = cosem.value(selection)


def _answered(
    code: int, apdu: dlms.AccessResponse, plains: list[Datum | None], about: list[cosem.Attribute] | None
) -> list[Tree]:
    found = _about(code, apdu, about)
    items: list[Tree] = []
    for index, (datum, plain, (choice, result)) in enumerate(zip(apdu.data, plains, apdu.results, strict=True)):
        content: Tree = {"do": _CHOICES[choice]}
        if found:
            content.update(cosem.head(found[index]))
        if plain is not None:
            content["protected"] = _protected(code, plain)
        elif datum[0] == axdr.STRUCTURE and protected.find(datum[1]) is not None:
            content["encrypted"] = True
        elif datum[0] != axdr.NULL:
            content["value"] = cosem.value(datum, found[index].shape) if found else cosem.value(datum)
        content["result"] = _results().get(result, result)
        items.append(content)
    _scale(items)
    return items


def _about(code: int, apdu: dlms.AccessResponse, about: list[cosem.Attribute] | None) -> list[cosem.Attribute] | None:
    """Which attributes a response is about: as it echoes, as its command said, or in the order of the table."""
    if apdu.specifications is not None:
        return [_known(code, x.choice, x.class_id, x.obis, x.number)[0] for x in apdu.specifications]
    if about is not None and len(about) == len(apdu.data):
        return about
    rows, actions = _expected(code)
    return rows if actions == [choice == dlms.ACTION for choice, _ in apdu.results] else None


@cache
def _expected(code: int) -> tuple[list[cosem.Attribute], list[bool]]:
    """The attributes and methods that a use case names in its command, in order, and which of them are methods."""
    rows = [row for row in cosem.attributes(code) if not _is_inner(code, row)]
    return rows, [row.is_method for row in rows]


@cache
def _protected_codes() -> frozenset[int]:
    return frozenset(row.code for row in tables.cosem_rows() if row.class_id == protected.CLASS)


def _is_inner(code: int, row: cosem.Attribute) -> bool:
    """Whether an attribute is read through a protected read, not by itself."""
    return code in _protected_codes() and row.class_id != protected.CLASS


def _protected(code: int, plain: Datum) -> list[Tree]:
    """The values of a protected read, each an attribute of the use case in the order of the table."""
    rows = [row for row in cosem.attributes(code) if _is_inner(code, row)]
    parts = plain[1] if plain[0] == axdr.STRUCTURE else [plain]
    if len(rows) != len(parts):
        return [{"value": cosem.value(part)} for part in parts]
    return [{**cosem.head(row), "value": cosem.value(part, row.shape)} for row, part in zip(rows, parts, strict=True)]


@cache
def _results() -> dict[int, str]:
    return {int(row["result"]): row["name"] for row in tables.rows("cosem-results.csv")}


def _scale(items: list[Tree]) -> None:
    """Registers whose scaler and unit are in the same answer also get their scaled value."""
    units = {
        item["obis"]: item["value"]
        for item in items
        if item.get("name") == "scaler_unit" and isinstance(item.get("value"), dict)
    }
    for item in items if units else ():
        unit = units.get(item.get("obis"))
        if unit is None or item.get("name") != "value" or not isinstance(item.get("value"), int):
            continue
        if isinstance(unit.get("scaler"), int):
            item["scaled"] = _power(item["value"], unit["scaler"])
            if unit.get("unit") != "none":
                item["unit"] = unit.get("unit")


def _power(value: int, exponent: int) -> str:
    return format(Decimal(value).scaleb(exponent), "f") if exponent < 0 else str(value * 10**exponent)


# --- alerts -------------------------------------------------------------------------------------------------


def _alert(code: int, body: Datum, plain: Datum | None) -> Tree:
    """Alert code, time and what belongs to the use case; the bare value where the body has another form."""
    tag, parts = body
    if tag != axdr.STRUCTURE or len(parts) < 2 or parts[0][0] != axdr.LONG_UNSIGNED:
        return {"value": cosem.value(body)}
    alert_code = parts[0][1]
    content: Tree = {
        "alert": "%04x" % alert_code,
        "meaning": tables.alert_codes().get(alert_code),
        "time": cosem.value(parts[1]),
    }
    if plain is not None:
        content["protected"] = _protected(code, plain)
    elif protected.find(parts) is not None:
        content["encrypted"] = True
    elif len(parts) == 3 and parts[2][0] == axdr.OCTET_STRING and len(parts[2][1]) in (10, 19):
        content["instruction"] = _instruction(parts[2][1])
    elif len(parts) > 2:
        found = cosem.attributes(code)
        shape = found[0].shape if len(found) == 1 else cosem.Shape()
        content["data"] = [cosem.value(part, shape) for part in parts[2:]]
    return content


def _instruction(octets: bytes) -> Tree:
    """The instruction that an alert names: message code and counter, then class, OBIS and attribute."""
    code = int.from_bytes(octets[:2], "big")
    use_case = tables.use_cases().get(code)
    content: Tree = {
        "message_code": "%04x" % code,
        "use_case": use_case.name if use_case else None,
        "originator_counter": octets[2:10].hex(),
    }
    if len(octets) > 10:
        class_id = int.from_bytes(octets[10:12], "big")
        content.update(cosem.head(cosem.attribute(code, class_id, octets[12:18], False, octets[18])))
    return content
