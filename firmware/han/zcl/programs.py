# SPDX-License-Identifier: Apache-2.0
"""Payloads of cluster commands, by the programs of the cluster tables.

Fields are a dict in the order of the payload, `{"provider_id": 0, ...}`, values as in `han.zcl.types`:

* a repeated group is a list under its own name: of dicts, or of plain values where the group has one field;
* a count may be left out when encoding; when given it must agree with the list;
* an optional or conditional field that is not sent is not in the dict. A field before one that is sent takes the value
  that stands for "unused", where the standard has one;
* a structure chosen by a selector is a dict of its own; octets where the selector is unknown, and then as they are;
* octets after the last known field, which a later revision may have added, are in "rest" when there are any.
"""

from han.errors import CodecError
from han.zcl import operations as op
from han.zcl import types


def decode(table, program, payload):
    """The fields of `payload`. Raises CodecError."""
    fields = {}
    offset = _decode_items(table, program, len(table.programs), payload, 0, fields)
    if offset < len(payload):
        fields["rest"] = bytes(payload[offset:])
    return fields


def encode(table, program, fields):
    """The payload of `fields`. Raises CodecError, which names the field."""
    octets = bytearray()
    used = _encode_items(table, program, len(table.programs), octets, fields)
    if "rest" in fields:
        octets += fields["rest"]
        used += 1
    _refuse_unused(table, program, fields, used)
    return bytes(octets)


def field_names(table, program):
    """The names of all fields of the outermost level, groups and structures included."""
    code = table.programs
    names = []
    at = program
    while code[at]:
        start = _field_start(code, at)
        names.append(_name(table, code, start + 1))
        at = _after(code, at)
    return names


def fields_of_type(table, program, type_id):
    """The names of the fields of one data type, those in groups and structures included; lists of values too."""
    code = table.programs
    names = set()
    _collect(table, code, program, len(code), type_id, names)
    return names


def _collect(table, code, at, end, type_id, names):
    while at < end and code[at]:
        start = _field_start(code, at)
        operation = code[start]
        after = _after(code, at)
        body = _body(code, start)
        if operation == type_id or body and code[body] == type_id and operation in (op.LIST_TO_END, op.COUNTED_LIST):
            names.add(_name(table, code, start + 1))
        elif body:
            _collect(table, code, body, after, type_id, names)
        elif operation == op.STRUCTURE:
            for place in range(start + 6, after, 3):
                _collect(table, code, _word(code, place + 1), end, type_id, names)
        at = after


def _body(code, at):
    """Where the items of the group at `at` begin, 0 where it is no group."""
    if code[at] == op.LIST_TO_END or code[at] == op.GROUP_TO_END:
        return at + 5
    if code[at] == op.COUNTED_LIST or code[at] == op.COUNTED_GROUP:
        return at + 9
    return 0


def _word(code, at):
    return code[at] | code[at + 1] << 8


def _name(table, code, at):
    return table.term(_word(code, at))


def _field_start(code, at):
    """Where the item at `at` has its own operation, after what says when it is there."""
    while True:
        operation = code[at]
        if operation == op.OPTIONAL:
            at += 1
        elif operation == op.FILLED:
            at += 2
        elif operation == op.IF:
            at += 5
        else:
            return at


def _after(code, at):
    """Where the item after the one at `at` begins."""
    at = _field_start(code, at)
    operation = code[at]
    body = _body(code, at)
    if body:
        return body + _word(code, body - 2)
    if operation == op.STRUCTURE:
        return at + 6 + 3 * code[at + 5]
    if operation == op.OCTETS or operation == op.BIG_ENDIAN:
        return at + 4
    if operation == op.COUNTED_OCTETS:
        return at + 5
    return at + 3


def _number(fields, name, mask):
    """A field that counts or selects, as it is on the air: the invalid value is a number there, all ones."""
    value = fields.get(name)
    return mask if value is None else int(value)


def _holds(table, code, at, fields):
    """Whether the condition at `at` is met."""
    name = _name(table, code, at + 1)
    if name not in fields:
        raise CodecError("field %r is missing" % name)
    value = _number(fields, name, 0xFF)
    operand = code[at + 4]
    if code[at + 3] == op.EQUAL:
        return value == operand
    if code[at + 3] == op.AT_LEAST:
        return value >= operand
    return bool(value & operand)


def _variant(code, at, selector):
    """The program of the structure at `at` that `selector` chooses, None where it chooses none."""
    for place in range(at + 6, at + 6 + 3 * code[at + 5], 3):
        if code[place] == selector:
            return _word(code, place + 1)
    return None


def _take(payload, offset, length):
    if offset + length > len(payload):
        raise CodecError("%d octets expected, there are %d" % (length, len(payload) - offset), offset)
    return bytes(payload[offset : offset + length]), offset + length


def _decode_items(table, at, end, payload, offset, fields):
    code = table.programs
    while at < end and code[at]:
        operation = code[at]
        if operation == op.OPTIONAL or operation == op.FILLED:
            if offset >= len(payload):
                at = _after(code, at)
            else:
                at = _field_start(code, at)
            continue
        if operation == op.IF:
            at = at + 5 if _holds(table, code, at, fields) else _after(code, at)
            continue
        name = _name(table, code, at + 1)
        if operation < op.OPTIONAL or operation > op.BIG_ENDIAN:
            fields[name], offset = types.decode(operation, payload, offset)
            at += 3
        else:
            fields[name], offset = _decode_special(table, code, at, payload, offset, fields)
            at = _after(code, at)
    return offset


def _decode_special(table, code, at, payload, offset, fields):
    operation = code[at]
    if operation == op.OCTETS:
        return _take(payload, offset, code[at + 3])
    if operation == op.REST:
        return _take(payload, offset, len(payload) - offset)
    if operation == op.COUNTED_OCTETS:
        return _take(payload, offset, _number(fields, _name(table, code, at + 3), 0xFF))
    if operation == op.BIG_ENDIAN:
        octets, offset = _take(payload, offset, code[at + 3])
        return int.from_bytes(octets, "big"), offset
    if operation == op.STRUCTURE:
        program = _variant(code, at, _number(fields, _name(table, code, at + 3), 0xFF))
        if program is None:
            return _take(payload, offset, len(payload) - offset)
        inner = {}
        offset = _decode_items(table, program, len(code), payload, offset, inner)
        return inner, offset
    to_end = operation == op.LIST_TO_END or operation == op.GROUP_TO_END
    single = operation == op.LIST_TO_END or operation == op.COUNTED_LIST
    body = _body(code, at)
    end = _after(code, at)
    count = len(payload) if to_end else _count(table, code, at, fields)
    entries = []
    while count and (offset < len(payload) or not to_end):
        count -= 1
        if single:
            entry, offset = types.decode(code[body], payload, offset)
        else:
            entry = {}
            offset = _decode_items(table, body, end, payload, offset, entry)
        entries.append(entry)
    return entries, offset


def _count(table, code, at, fields):
    """How many entries the counted group at `at` has, by its count."""
    mask = _word(code, at + 5)
    return _number(fields, _name(table, code, at + 3), mask) & mask


def _encode_items(table, at, end, octets, fields):
    """Append the items from `at`; returns how many of `fields` were used."""
    code = table.programs
    used = 0
    left_out = []  # optional items passed over, to be filled in when a later one is there
    while at < end and code[at]:
        operation = code[at]
        if operation == op.IF:
            at = at + 5 if _holds(table, code, at, fields) else _after(code, at)
            continue
        start = _field_start(code, at)
        name = _name(table, code, start + 1)
        if operation == op.OPTIONAL or operation == op.FILLED:
            if name not in fields:
                left_out.append(at)
                at = _after(code, at)
                continue
            _fill(table, code, left_out, octets, name)
            left_out = []
        try:
            used += _encode_item(table, code, start, end, octets, fields, name)
        except CodecError as error:
            raise CodecError("field %r: %s" % (name, error.what))
        at = _after(code, start)
    return used


def _fill(table, code, left_out, octets, later):
    for at in left_out:
        start = _field_start(code, at)
        if code[at] != op.FILLED:
            name = _name(table, code, start + 1)
            raise CodecError("field %r is missing, though %r after it is there" % (name, later))
        octets += bytes((code[at + 1],)) * types.size(code[start])


def _encode_item(table, code, at, end, octets, fields, name):
    """Append one item; returns 1 where it was in `fields`, 0 where it was counted."""
    operation = code[at]
    if name not in fields:
        counted = _counted(table, code, at, end, fields)
        if counted is None:
            raise CodecError("it is missing")
        octets += types.encode(operation, counted)
        return 0
    value = fields[name]
    if operation < op.OPTIONAL or operation > op.BIG_ENDIAN:
        octets += types.encode(operation, value)
    elif operation == op.OCTETS or operation == op.REST:
        if operation == op.OCTETS and len(value) != code[at + 3]:
            raise CodecError("%d octets expected, there are %d" % (code[at + 3], len(value)))
        octets += value
    elif operation == op.COUNTED_OCTETS:
        counter = _name(table, code, at + 3)
        if counter in fields and _number(fields, counter, 0xFF) != len(value):
            raise CodecError("there are %d octets, which is not their count" % len(value))
        octets += value
    elif operation == op.BIG_ENDIAN:
        octets += bytes(reversed(value.to_bytes(code[at + 3], "little")))
    elif operation == op.STRUCTURE:
        _encode_structure(table, code, at, octets, fields, value)
    else:
        _encode_group(table, code, at, octets, fields, value)
    return 1


def _encode_structure(table, code, at, octets, fields, value):
    selector = _name(table, code, at + 3)
    if not isinstance(value, dict):
        octets += value
        return
    program = _variant(code, at, _number(fields, selector, 0xFF))
    if program is None:
        raise CodecError("%r chooses no layout; octets can be sent as they are" % selector)
    _refuse_unused(table, program, value, _encode_items(table, program, len(code), octets, value))


def _encode_group(table, code, at, octets, fields, entries):
    operation = code[at]
    to_end = operation == op.LIST_TO_END or operation == op.GROUP_TO_END
    single = operation == op.LIST_TO_END or operation == op.COUNTED_LIST
    body = _body(code, at)
    end = _after(code, at)
    if not to_end:
        _check_count(table, code, at, fields, len(entries))
    for entry in entries:
        if single:
            octets += types.encode(code[body], entry)
        else:
            used = _encode_items(table, body, end, octets, entry)
            if used != len(entry):
                raise CodecError("an entry has a field too many: %s" % ", ".join(sorted(entry)))


def _check_count(table, code, at, fields, length):
    if length > _word(code, at + 5):
        raise CodecError("%d entries are too many" % length)
    counter = _name(table, code, at + 3)
    if counter in fields and _count(table, code, at, fields) != length:
        raise CodecError("there are %d entries, but %r is %r" % (length, counter, fields[counter]))


def _counted(table, code, at, end, fields):
    """The length of the list that the field at `at` counts, None where it counts none."""
    place = _word(code, at + 1)
    at = _after(code, at)
    while at < end and code[at]:
        start = _field_start(code, at)
        if code[start] in (op.COUNTED_LIST, op.COUNTED_GROUP, op.COUNTED_OCTETS):
            if _word(code, start + 3) == place:
                entries = fields.get(_name(table, code, start + 1))
                return None if entries is None else len(entries)
        at = _after(code, at)
    return None


def _refuse_unused(table, program, fields, used):
    if used == len(fields):
        return
    known = field_names(table, program)
    unknown = [name for name in fields if name not in known and name != "rest"]
    if unknown:
        raise CodecError("there is no field %r, only %s" % (sorted(unknown)[0], ", ".join(known)))
    raise CodecError("a field is given that the others rule out: %s" % ", ".join(fields))
