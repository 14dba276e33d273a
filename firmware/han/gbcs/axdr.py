# SPDX-License-Identifier: Apache-2.0
"""A-XDR, the encoding of COSEM data in DLMS payloads [GBCS 7.2.9, Blue Book 4.1.5], both ways.

A datum is a pair `(tag, value)`:

    NULL, DONT_CARE                     None
    ARRAY, STRUCTURE                    list of data
    BOOLEAN                             bool
    BIT_STRING                          (number of bits, octets)
    integers, ENUM                      int
    FLOAT_32, FLOAT_64                  float
    VISIBLE_STRING, UTF8_STRING         str
    COMPACT_ARRAY                       (type, [item, ..])
    OCTET_STRING, BCD and the dates     bytes

The type of a compact array is a tag, or `(ARRAY, count, type)`, or `(STRUCTURE, [type, ..])`; its items are bare
values, lists for arrays and structures.
"""

import struct

from micropython import const

from han.errors import CodecError

NULL = const(0x00)
ARRAY = const(0x01)
STRUCTURE = const(0x02)
BOOLEAN = const(0x03)
BIT_STRING = const(0x04)
DOUBLE_LONG = const(0x05)
DOUBLE_LONG_UNSIGNED = const(0x06)
OCTET_STRING = const(0x09)
VISIBLE_STRING = const(0x0A)
UTF8_STRING = const(0x0C)
BCD = const(0x0D)
INTEGER = const(0x0F)
LONG = const(0x10)
UNSIGNED = const(0x11)
LONG_UNSIGNED = const(0x12)
COMPACT_ARRAY = const(0x13)
LONG64 = const(0x14)
LONG64_UNSIGNED = const(0x15)
ENUM = const(0x16)
FLOAT_32 = const(0x17)
FLOAT_64 = const(0x18)
DATE_TIME = const(0x19)
DATE = const(0x1A)
TIME = const(0x1B)
DONT_CARE = const(0xFF)

# The deepest structure of the use cases has six levels; octets that pretend more are refused before they cost stack.
MAX_DEPTH = const(16)

# How `struct` reads numbers, and their octets.
NUMBERS = {
    DOUBLE_LONG: (">i", 4),
    DOUBLE_LONG_UNSIGNED: (">I", 4),
    INTEGER: (">b", 1),
    LONG: (">h", 2),
    UNSIGNED: (">B", 1),
    LONG_UNSIGNED: (">H", 2),
    LONG64: (">q", 8),
    LONG64_UNSIGNED: (">Q", 8),
    ENUM: (">B", 1),
    FLOAT_32: (">f", 4),
    FLOAT_64: (">d", 8),
}
_DATES = {DATE_TIME: 12, DATE: 5, TIME: 4}
_STRINGS = (OCTET_STRING, VISIBLE_STRING, UTF8_STRING, BCD)


# --- lengths ------------------------------------------------------------------------------------------------


def read_length(octets, at, end):
    """(length, offset behind it) of a BER length: one octet below 128, else 80 + n and n octets."""
    if at >= end:
        raise CodecError("a length is cut off", at)
    length = octets[at]
    if length < 0x80:
        return length, at + 1
    count = length - 0x80
    if not 1 <= count <= 4:
        raise CodecError("a length is coded %02X" % length, at)
    if at + 1 + count > end:
        raise CodecError("a length is cut off", at)
    return int.from_bytes(octets[at + 1 : at + 1 + count], "big"), at + 1 + count


def write_length(out, length):
    """Append a BER length in its shortest form."""
    if length < 0x80:
        out.append(length)
    elif length < 0x100:
        out.append(0x81)
        out.append(length)
    elif length < 0x10000:
        out.append(0x82)
        out.extend(length.to_bytes(2, "big"))
    else:
        out.append(0x84)
        out.extend(length.to_bytes(4, "big"))


# --- decoding -----------------------------------------------------------------------------------------------


def decode(octets):
    """The one datum that `octets` are; raises CodecError with the offset of what is wrong."""
    datum, at = read(octets, 0, len(octets))
    if at != len(octets):
        raise CodecError("%d octets too many behind the data" % (len(octets) - at), at)
    return datum


def read(octets, at, end):
    """(datum, offset behind it): the datum that begins at `at` and must stop before `end`."""
    items, behind = read_items(octets, at, end, 1)
    return items[0], behind


def read_items(octets, at, end, count, depth=0):
    """(list of `count` data, offset behind them)."""
    items = []
    for _ in range(count):
        if at >= end:
            raise CodecError("data are cut off", at)
        start = at
        tag = octets[at]
        at += 1
        number = NUMBERS.get(tag)
        if number is not None:
            at += number[1]
            if at > end:
                raise CodecError("data of type %02X are cut off" % tag, start)
            value = struct.unpack_from(number[0], octets, start + 1)[0]
        elif tag == ARRAY or tag == STRUCTURE:
            if depth >= MAX_DEPTH:
                raise CodecError("data are nested deeper than %d" % MAX_DEPTH, start)
            inner, at = read_length(octets, at, end)
            if inner > end - at:
                raise CodecError("a list of %d cannot be in %d octets" % (inner, end - at), start)
            value, at = read_items(octets, at, end, inner, depth + 1)
        elif tag == COMPACT_ARRAY:
            value, at = _read_compact_array(octets, start, end)
        else:
            value, at = read_value(octets, at, end, tag, start)
        items.append((tag, value))
    return items, at


def read_value(octets, at, end, tag, start):
    """(value, offset behind it) of a simple type, without its tag. `start` is the offset that errors name."""
    if tag in _STRINGS:
        length = octets[at] if at < end else 0x80
        if length < 0x80:
            at += 1
        else:
            length, at = read_length(octets, at, end)
        behind = at + length
        if behind > end:
            raise CodecError("a string of %d octets is cut off" % length, start)
        value = bytes(octets[at:behind])
        return value if tag == OCTET_STRING else _text(tag, value, start), behind
    if tag == NULL or tag == DONT_CARE:
        return None, at
    if tag in NUMBERS:
        form, size = NUMBERS[tag]
        if at + size > end:
            raise CodecError("data of type %02X are cut off" % tag, start)
        return struct.unpack_from(form, octets, at)[0], at + size
    if tag == BOOLEAN:
        if at >= end:
            raise CodecError("a boolean is cut off", start)
        return octets[at] != 0, at + 1
    if tag == BIT_STRING:
        bits, at = read_length(octets, at, end)
        behind = at + (bits + 7) // 8
        if behind > end:
            raise CodecError("a string of %d bits is cut off" % bits, start)
        return (bits, bytes(octets[at:behind])), behind
    if tag in _DATES:
        behind = at + _DATES[tag]
        if behind > end:
            raise CodecError("a date is cut off", start)
        return bytes(octets[at:behind]), behind
    raise CodecError("%02X is no type of COSEM data" % tag, start)


def _text(tag, octets, start):
    """Octets of a string type as its value."""
    if tag == VISIBLE_STRING:
        # ASCII by the book; an octet above it is one letter, as in ISO 8859-1, and does not spoil the message.
        return "".join([chr(octet) for octet in octets])
    if tag != UTF8_STRING:
        return octets
    try:
        return octets.decode()
    except (UnicodeError, ValueError):
        raise CodecError("a utf8-string is no UTF-8", start)


# --- compact arrays -----------------------------------------------------------------------------------------


def _read_compact_array(octets, at, end):
    start = at
    type_, at = _read_type(octets, at + 1, end, 0)
    length, at = read_length(octets, at, end)
    behind = at + length
    if behind > end:
        raise CodecError("a compact array of %d octets is cut off" % length, start)
    items = []
    # A row of numbers alone, the form of the logs, is read in one go.
    row = _row_format(type_)
    if row is not None:
        size = struct.calcsize(row)
        while at + size <= behind:
            items.append(list(struct.unpack_from(row, octets, at)))
            at += size
        if at != behind:
            raise CodecError("the last row of a compact array is cut off", at)
    while at < behind:
        item, at = _read_item(octets, at, behind, type_)
        items.append(item)
    return (type_, items), behind


def _row_format(type_):
    if isinstance(type_, int) or type_[0] != STRUCTURE:
        return None
    form = ">"
    for part in type_[1]:
        if not isinstance(part, int) or part not in NUMBERS:
            return None
        form += NUMBERS[part][0][1]
    return form


def _read_type(octets, at, end, depth):
    if at >= end:
        raise CodecError("the type of a compact array is cut off", at)
    tag = octets[at]
    if tag != ARRAY and tag != STRUCTURE:
        # An item without octets would make the number of items a guess.
        if tag not in NUMBERS and tag not in _STRINGS and tag not in _DATES and tag not in (BOOLEAN, BIT_STRING):
            raise CodecError("%02X is no type for the items of a compact array" % tag, at)
        return tag, at + 1
    if depth >= MAX_DEPTH:
        raise CodecError("data are nested deeper than %d" % MAX_DEPTH, at)
    start = at
    if tag == ARRAY:
        if at + 3 > end:
            raise CodecError("the type of a compact array is cut off", at)
        count = octets[at + 1] << 8 | octets[at + 2]
        item, at = _read_type(octets, at + 3, end, depth + 1)
        return (ARRAY, count, item), at
    count, at = read_length(octets, at + 1, end)
    if not 0 < count <= end - at:
        raise CodecError("a structure of %d in a compact array" % count, start)
    parts = []
    for _ in range(count):
        part, at = _read_type(octets, at, end, depth + 1)
        parts.append(part)
    return (STRUCTURE, parts), at


def _read_item(octets, at, end, type_):
    if isinstance(type_, int):
        return read_value(octets, at, end, type_, at)
    start = at
    items = []
    if type_[0] == STRUCTURE:
        for part in type_[1]:
            item, at = _read_item(octets, at, end, part)
            items.append(item)
    else:
        count, part = type_[1:]
        if isinstance(part, int) and part in NUMBERS:
            form, size = NUMBERS[part]
            if at + count * size > end:
                raise CodecError("an array of %d in a compact array is cut off" % count, start)
            items = list(struct.unpack_from(">%d%s" % (count, form[1]), octets, at)) if count else []
            at += count * size
        else:
            for _ in range(count):
                item, at = _read_item(octets, at, end, part)
                items.append(item)
    if at == start:
        raise CodecError("an item of a compact array has no octets", start)
    return items, at


# --- encoding -----------------------------------------------------------------------------------------------


def encode(datum):
    """The octets of a datum; raises CodecError for a value that its type cannot hold."""
    out = bytearray()
    write(out, datum)
    return bytes(out)


def write(out, datum):
    """Append the octets of a datum to the bytearray `out`."""
    tag, value = datum
    out.append(tag)
    if tag == ARRAY or tag == STRUCTURE:
        write_length(out, len(value))
        for item in value:
            write(out, item)
    elif tag == COMPACT_ARRAY:
        type_, items = value
        _write_type(out, type_)
        contents = bytearray()
        for item in items:
            _write_item(contents, type_, item)
        write_length(out, len(contents))
        out.extend(contents)
    else:
        _write_value(out, tag, value)


def _write_value(out, tag, value):
    if tag in NUMBERS:
        _write_number(out, tag, value)
    elif tag in _STRINGS:
        octets = _octets_of(tag, value) if isinstance(value, str) else value
        write_length(out, len(octets))
        out.extend(octets)
    elif tag == BOOLEAN:
        out.append(0xFF if value else 0)  # as all published messages have it
    elif tag == BIT_STRING:
        bits, octets = value
        if len(octets) != (bits + 7) // 8:
            raise CodecError("%d bits do not fill %d octets" % (bits, len(octets)))
        write_length(out, bits)
        out.extend(octets)
    elif tag in _DATES:
        if len(value) != _DATES[tag]:
            raise CodecError("a date of type %02X has %d octets, not %d" % (tag, _DATES[tag], len(value)))
        out.extend(value)
    elif tag != NULL and tag != DONT_CARE:
        raise CodecError("%02X is no type of COSEM data" % tag)


def _octets_of(tag, text):
    if tag == UTF8_STRING:
        return text.encode()
    try:
        return bytes([ord(letter) for letter in text])
    except (ValueError, OverflowError):
        raise CodecError("%r has letters that a visible-string cannot hold" % text)


def _write_number(out, tag, value):
    form, size = NUMBERS[tag]
    if tag != FLOAT_32 and tag != FLOAT_64:
        # MicroPython's struct cuts a number that does not fit, so look first.
        signed = tag in (DOUBLE_LONG, INTEGER, LONG, LONG64)
        limit = 1 << size * 8 - signed
        if not (-limit if signed else 0) <= value < limit:
            raise CodecError("%d does not fit into type %02X" % (value, tag))
    out.extend(struct.pack(form, value))


def _write_type(out, type_):
    if isinstance(type_, int):
        out.append(type_)
        return
    out.append(type_[0])
    if type_[0] == ARRAY:
        out.extend(type_[1].to_bytes(2, "big"))
        _write_type(out, type_[2])
    else:
        write_length(out, len(type_[1]))
        for part in type_[1]:
            _write_type(out, part)


def _write_item(out, type_, item):
    if isinstance(type_, int):
        _write_value(out, type_, item)
        return
    if type_[0] == STRUCTURE:
        parts = type_[1]
    else:
        parts = [type_[2]] * type_[1]
    if len(item) != len(parts):
        raise CodecError("an item of a compact array has %d parts, not %d" % (len(item), len(parts)))
    for i in range(len(parts)):
        _write_item(out, parts[i], item[i])
