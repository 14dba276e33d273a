# SPDX-License-Identifier: Apache-2.0
"""Every ZCL data type: its octets and its Python value [ZCL 2.6].

| type | value |
|---|---|
| uint, int, enum, UTC, clusterId, attribId, bacOID | int; the invalid value is None |
| data, map | int; there is no invalid value |
| bool | False, True; the invalid value is None |
| semi, single, double | float; NaN is None |
| octstr, octstr16 | bytes; None is the invalid string, not the empty one |
| string, string16 | str; None as before. Octets that are no UTF-8 are taken as one character each, and can be sent |
|                  | as bytes: meters put identifiers into their texts                                            |
| EUI64 | 8 octets, most significant first; the invalid value is None |
| ToD, date | 4 octets as sent; the invalid value is None |
| key128 | 16 octets as sent |
| array, set, bag | (element type, [values]); None invalid |
| struct | [(type, value), ...]; None invalid |
| nodata, unk | None |

UTC counts seconds from 2000-01-01T00:00:00Z. All integers are little endian on the air, and exact at any width.
"""

from micropython import const

from han.errors import CodecError
from han.zcl.tables.types import KINDS, NAMES, SIZES

# Kinds of value, as the generator of the table numbers them.
_NUMBER = const(1)  # unsigned, all ones invalid
_CODE = const(2)  # the same, but discrete
_BITS = const(3)  # unsigned, no invalid value
_SIGNED = const(4)
_BOOL = const(5)
_FLOAT = const(6)
_OCTETS = const(7)
_TEXT = const(8)
_LIST = const(9)
_STRUCT = const(10)
_ADDRESS = const(11)
_MOMENT = const(12)
_KEY = const(13)
_NOTHING = const(15)


# MicroPython keeps the state of a function of more than eleven slots on its heap, and searches the heap anew after it
# has freed that: `encode` and `decode` stay below, and leave what is rare to others.


def encode(type_id, value):
    """The octets of `value` as data type `type_id`. Raises CodecError where it does not fit."""
    kind = KINDS[type_id]
    if kind > _SIGNED or not isinstance(value, int):
        return _encode_other(type_id, kind, value)
    size = SIZES[type_id]
    if kind == _SIGNED:
        # -2^(n-1) is the invalid value; as a number it stands for itself.
        if -(1 << (size << 3) - 1) <= value < 1 << (size << 3) - 1:
            return (value & (1 << (size << 3)) - 1).to_bytes(size, "little")
    elif kind and value >= 0 and not value >> (size << 3):
        return value.to_bytes(size, "little")
    raise _misfit(type_id, value)


def decode(type_id, buffer, offset=0):
    """The value at `offset` of `buffer`, and the offset of what follows it. Raises CodecError."""
    kind = KINDS[type_id]
    end = offset + SIZES[type_id]
    if end > len(buffer):
        raise _too_short(type_id, buffer, offset)
    if kind > _SIGNED or not kind:
        return _decode_other(type_id, buffer, offset, end)
    if end - offset == 1:
        value = buffer[offset]
    else:
        value = int.from_bytes(buffer[offset:end], "little")
    if kind == _SIGNED:
        if buffer[end - 1] & 0x80:
            value -= 1 << (end - offset << 3)
            if value == -1 << (end - offset << 3) - 1:
                value = None
    # The last octet rules out nearly every value without arithmetic on long integers.
    elif buffer[end - 1] == 0xFF and kind <= _CODE and value + 1 == 1 << (end - offset << 3):
        value = None
    return value, end


def fits(type_id, value):
    """Whether `encode` takes `value`, found without building its octets where that is cheap."""
    kind = KINDS[type_id]
    if _NUMBER <= kind <= _BITS and isinstance(value, int):
        return value >= 0 and not value >> (SIZES[type_id] << 3)
    return _encodes(type_id, value)


def _encodes(type_id, value):
    try:
        encode(type_id, value)
    except CodecError:
        return False
    return True


def is_known(type_id):
    """Whether `type_id` is a data type."""
    return KINDS[type_id] != 0


def is_collection(type_id):
    """Whether the type is an array, set, bag or struct."""
    return KINDS[type_id] == _LIST or KINDS[type_id] == _STRUCT


def size_on_air(type_id):
    """Octets of a value, or of its length where it has one; 0 for a type without octets and for an unknown one."""
    return SIZES[type_id]


def is_analog(type_id):
    """Whether values of the type are quantities, so that a reportable change makes sense [ZCL 2.6.1]."""
    kind = KINDS[type_id]
    return kind == _NUMBER or kind == _SIGNED or kind == _FLOAT or kind == _MOMENT


def size(type_id):
    """Octets of a value of the type, None where that depends on the value. Raises CodecError."""
    kind = KINDS[type_id]
    if not kind:
        raise CodecError("%s is not a data type" % _described(type_id))
    if _OCTETS <= kind <= _STRUCT:
        return None
    return SIZES[type_id]


def name(type_id):
    """The name of the type, as `uint48`. Raises CodecError."""
    start = NAMES.find(b"\n%02x" % type_id)
    if start < 0:
        raise CodecError("0x%02X is not a data type" % type_id)
    return NAMES[start + 3 : NAMES.find(b"\n", start + 3)].decode()


def identifier(name):
    """The number of the type called `name`. Raises CodecError."""
    wanted = name.encode() + b"\n"
    start = NAMES.find(wanted)
    while start >= 0:
        if NAMES[start - 3] == 10:  # the line begins with two hexadecimal digits
            return int(NAMES[start - 2 : start], 16)
        start = NAMES.find(wanted, start + 1)
    raise CodecError("%r is not the name of a data type" % name)


def _misfit(type_id, value):
    return CodecError("%s cannot be %r" % (_described(type_id), value))


def _too_short(type_id, buffer, offset):
    what = "%s needs %d octets, there are %d" % (_described(type_id), SIZES[type_id], max(len(buffer) - offset, 0))
    return CodecError(what, offset)


def _described(type_id):
    return "type 0x%02X" % type_id if not KINDS[type_id] else name(type_id)


def _encode_other(type_id, kind, value):
    if value is None:
        return _invalid(type_id, kind, SIZES[type_id])
    try:
        if isinstance(value, bool):  # on MicroPython it is no int
            value = int(value)
            if kind and kind <= _SIGNED:
                return encode(type_id, value)
        return _encode_value(type_id, kind, SIZES[type_id], value)
    except (TypeError, AttributeError, ValueError):
        raise _misfit(type_id, value)


def _invalid(type_id, kind, size):
    if kind == _NOTHING:
        return b""
    if kind == _SIGNED:
        return bytes(size - 1) + b"\x80"
    if kind == _FLOAT:
        return _uncommon().encode_float(size, float("nan"))
    if kind == _LIST or kind == _STRUCT:
        return b"\xff\xff\xff" if kind == _LIST else b"\xff\xff"
    if not kind or kind == _BITS or kind == _KEY:
        raise CodecError("%s has no invalid value, so it cannot be None" % _described(type_id))
    return b"\xff" * size


def _encode_value(type_id, kind, size, value):
    if kind == _BOOL:
        if value == 0 or value == 1:
            return b"\x01" if value else b"\x00"
    elif kind == _FLOAT:
        if isinstance(value, (int, float)):
            return _uncommon().encode_float(size, value)
    elif kind == _TEXT:
        return _string(type_id, size, value if isinstance(value, (bytes, bytearray)) else value.encode())
    elif kind == _OCTETS:
        if not isinstance(value, int):  # of which `bytes` would make zeros
            return _string(type_id, size, bytes(value))
    elif kind == _LIST:
        return _uncommon().encode_list(value)
    elif kind == _STRUCT:
        return _uncommon().encode_struct(value)
    elif _ADDRESS <= kind <= _KEY and len(value) == size:
        value = bytes(value)
        return bytes(reversed(value)) if kind == _ADDRESS else value
    raise _misfit(type_id, value)


def _string(type_id, size, octets):
    if len(octets) >= (1 << (size << 3)) - 1:
        raise CodecError("%d octets are too many for %s" % (len(octets), name(type_id)))
    return len(octets).to_bytes(size, "little") + octets


def _decode_other(type_id, buffer, offset, end):
    kind = KINDS[type_id]
    if not kind:
        raise CodecError("%s is not a data type" % _described(type_id), offset)
    if kind == _BOOL:
        octet = buffer[offset]
        if octet > 1 and octet != 0xFF:
            raise CodecError("a bool cannot be 0x%02X" % octet, offset)
        return (None if octet == 0xFF else octet == 1), end
    if kind == _OCTETS or kind == _TEXT:
        length = int.from_bytes(buffer[offset:end], "little")
        if length == (1 << (end - offset << 3)) - 1:
            return None, end
        if end + length > len(buffer):
            raise CodecError("a string of %d octets has %d" % (length, len(buffer) - end), offset)
        octets = bytes(buffer[end : end + length])
        return (octets if kind == _OCTETS else _text(octets)), end + length
    if kind == _ADDRESS:
        octets = bytes(reversed(bytes(buffer[offset:end])))
        return (None if octets == b"\xff" * 8 else octets), end
    if kind == _MOMENT or kind == _KEY:
        octets = bytes(buffer[offset:end])
        return (None if kind == _MOMENT and octets == b"\xff\xff\xff\xff" else octets), end
    if kind == _FLOAT:
        value = _uncommon().decode_float(bytes(buffer[offset:end]))
        return (None if value != value else value), end
    if kind == _NOTHING:
        return None, end
    return _uncommon().decode_collection(type_id, buffer, offset)


def _uncommon():
    from han.zcl import uncommon

    return uncommon


def _text(octets):
    try:
        return octets.decode()
    except UnicodeError:
        return "".join([chr(octet) for octet in octets])
