# SPDX-License-Identifier: Apache-2.0
"""Plain data as octets, for keeping: None, booleans, integers of any size, text, octets, lists, tuples, dictionaries.

An octet says the kind. Integers follow as a length octet and their magnitude, little endian; the others with a
count of two octets.
"""

from micropython import const

from han.errors import StoreError

_NONE = const(0)
_FALSE = const(1)
_TRUE = const(2)
_POSITIVE = const(3)
_NEGATIVE = const(4)
_TEXT = const(5)
_OCTETS = const(6)
_LIST = const(7)
_TUPLE = const(8)
_DICTIONARY = const(9)


def pack(value):
    """The octets of a value; raises StoreError for a kind that cannot be kept."""
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def unpack(octets):
    """The value of all of `octets`; raises StoreError."""
    value, end = _unpack(octets, 0)
    if end != len(octets):
        raise StoreError("a kept value has %d octets too many" % (len(octets) - end))
    return value


def _pack(value, out):
    if value is None:
        out.append(_NONE)
    elif value is True or value is False:
        out.append(_TRUE if value else _FALSE)
    elif isinstance(value, int):
        _pack_integer(value, out)
    elif isinstance(value, str):
        octets = value.encode()
        _pack_head(_TEXT, len(octets), out)
        out.extend(octets)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _pack_head(_OCTETS, len(value), out)
        out.extend(value)
    elif isinstance(value, (list, tuple)):
        _pack_head(_LIST if isinstance(value, list) else _TUPLE, len(value), out)
        for item in value:
            _pack(item, out)
    elif isinstance(value, dict):
        _pack_head(_DICTIONARY, len(value), out)
        for key, item in value.items():
            _pack(key, out)
            _pack(item, out)
    else:
        raise StoreError("a value of type %s cannot be kept" % type(value).__name__)


def _pack_head(kind, count, out):
    if count > 0xFFFF:
        raise StoreError("a value of %d parts is too long to be kept" % count)
    out.append(kind)
    out.append(count & 0xFF)
    out.append(count >> 8)


def _pack_integer(value, out):
    magnitude = -1 - value if value < 0 else value
    size = 0
    while magnitude >> (size << 3):
        size += 1
    if size > 255:
        raise StoreError("an integer is too long to be kept")
    out.append(_NEGATIVE if value < 0 else _POSITIVE)
    out.append(size)
    out.extend(magnitude.to_bytes(size, "little"))


def _take(octets, at, count):
    if at + count > len(octets):
        raise StoreError("a kept value is cut short")
    return octets[at : at + count]


def _unpack(octets, at):
    kind = _take(octets, at, 1)[0]
    at += 1
    if kind <= _TRUE:
        return (None, False, True)[kind], at
    if kind <= _NEGATIVE:
        length = _take(octets, at, 1)[0]
        magnitude = int.from_bytes(_take(octets, at + 1, length), "little")
        return -1 - magnitude if kind == _NEGATIVE else magnitude, at + 1 + length
    if kind > _DICTIONARY:
        raise StoreError("a kept value is of no known kind")
    count = int.from_bytes(_take(octets, at, 2), "little")
    at += 2
    if kind <= _OCTETS:
        part = bytes(_take(octets, at, count))
        return part.decode() if kind == _TEXT else part, at + count
    items = []
    for _ in range(2 * count if kind == _DICTIONARY else count):
        item, at = _unpack(octets, at)
        items.append(item)
    if kind == _DICTIONARY:
        return {items[i]: items[i + 1] for i in range(0, len(items), 2)}, at
    return items if kind == _LIST else tuple(items), at
