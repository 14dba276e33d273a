# SPDX-License-Identifier: Apache-2.0
"""The data types that no GB cluster has: floats and collections. `han.zcl.types` loads this where one comes along."""

import math
import struct

from micropython import const

from han.errors import CodecError
from han.zcl import types

_STRUCT = const(0x4C)
_DEEPEST = const(4)  # collections within collections


def encode_list(value):
    """The octets of an array, set or bag: (element type, [values])."""
    element_type, elements = value
    if not types.size_on_air(element_type) or len(elements) >= 0xFFFF:
        raise CodecError("%d elements of type 0x%02X cannot be sent" % (len(elements), element_type))
    octets = [bytes((element_type,)), len(elements).to_bytes(2, "little")]
    for element in elements:
        octets.append(types.encode(element_type, element))
    return b"".join(octets)


def encode_struct(value):
    """The octets of a struct: [(type, value), ...]."""
    if len(value) >= 0xFFFF:
        raise CodecError("a struct of %d elements is too long" % len(value))
    octets = [len(value).to_bytes(2, "little")]
    for element_type, element in value:
        octets.append(bytes((element_type,)) + types.encode(element_type, element))
    return b"".join(octets)


def decode_collection(type_id, buffer, offset):
    """The collection at `offset`, and the offset of what follows it. Raises CodecError."""
    return _decode(type_id, buffer, offset, _DEEPEST)


def _decode(type_id, buffer, offset, deepest):
    if not deepest:
        raise CodecError("collections within collections, deeper than %d" % _DEEPEST, offset)
    start = offset
    element_type = 0
    if type_id != _STRUCT:
        element_type = _octet(buffer, offset)
        offset += 1
    count = _octet(buffer, offset) | _octet(buffer, offset + 1) << 8
    offset += 2
    if count == 0xFFFF:
        return None, offset
    if type_id != _STRUCT and not types.size_on_air(element_type):
        # Elements without octets would let three octets ask for any amount of memory.
        raise CodecError("a collection cannot be of type 0x%02X" % element_type, start)
    elements = []
    for _ in range(count):
        if type_id == _STRUCT:
            element_type = _octet(buffer, offset)
            offset += 1
        if types.is_collection(element_type):
            element, offset = _decode(element_type, buffer, offset, deepest - 1)
        else:
            element, offset = types.decode(element_type, buffer, offset)
        elements.append((element_type, element) if type_id == _STRUCT else element)
    return (elements if type_id == _STRUCT else (element_type, elements)), offset


def _octet(buffer, offset):
    if offset >= len(buffer):
        raise CodecError("a collection ends early", offset)
    return buffer[offset]


def encode_float(size, value):
    """The octets of a float of 2, 4 or 8 octets. Raises CodecError for a number that is too great."""
    if size == 2:
        return _encode_half(value)
    try:
        octets = struct.pack("<f" if size == 4 else "<d", value)
    except OverflowError:
        octets = None
    # MicroPython makes infinity of a number that is too great.
    if octets is None or abs(decode_float(octets)) == float("inf") != abs(value):
        raise CodecError("%r does not fit a float of %d octets" % (value, size))
    return octets


def decode_float(octets):
    """The number of 2, 4 or 8 octets."""
    if len(octets) == 2:
        return _decode_half(octets[0] | octets[1] << 8)
    return struct.unpack("<f" if len(octets) == 4 else "<d", octets)[0]


def _decode_half(half):
    sign = -1.0 if half & 0x8000 else 1.0
    exponent = half >> 10 & 0x1F
    fraction = half & 0x3FF
    if exponent == 0x1F:
        return float("nan") if fraction else sign * float("inf")
    if not exponent:
        return sign * fraction / 16777216.0
    return sign * (1024 + fraction) * 2.0 ** (exponent - 25)


def _encode_half(value):
    """Half precision, rounded to the nearest, ties to even [IEEE 754]; MicroPython's struct lacks it."""
    if value != value:
        return b"\x00\x7e"
    sign = 0x8000 if math.copysign(1.0, value) < 0 else 0
    value = abs(value)
    if value == float("inf"):
        return (sign | 0x7C00).to_bytes(2, "little")
    exponent = max(math.frexp(value)[1] - 1, -14) if value else -14
    scaled = value * 2.0 ** (10 - exponent)
    half = int(scaled)
    if scaled - half > 0.5 or scaled - half == 0.5 and half & 1:
        half += 1
    half += exponent + 14 << 10
    if half >= 0x7C00:
        raise CodecError("%r does not fit a float of 2 octets" % value)
    return (sign | half).to_bytes(2, "little")
