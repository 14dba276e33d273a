# SPDX-License-Identifier: GPL-3.0-or-later
"""Python values as JSON text and back, the same under CPython and MicroPython.

JSON alone has no bytes, tuples, exact floats or dictionaries with other keys than text; each is an
object with one key here. Integers have any size.
"""

import json
import struct


def hexadecimal(octets):
    """``octets`` in hex; MicroPython's ``bytes.hex`` gives ``b""`` for no octets."""
    return octets.hex() if octets else ""


def pack(value):
    """Return ``value`` as something the JSON writer of either interpreter can write."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        # MicroPython reads a surrogate pair of JSON as two characters.
        octets = value.encode()
        return value if len(octets) == len(value) else {"utf8": hexadecimal(octets)}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"hex": hexadecimal(bytes(value))}
    if isinstance(value, float):
        # NaN and infinity have no JSON form, and the two interpreters round decimals differently.
        return {"float": struct.pack("<d", value).hex()}
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [pack(item) for item in value]}
    if isinstance(value, dict):
        # A dictionary of MicroPython has no order; written sorted, equal ones are written equally.
        pairs = [[pack(key), pack(item)] for key, item in value.items()]
        return {"dict": sorted(pairs, key=lambda pair: json.dumps(pair[0]))}
    raise TypeError("a %s cannot be sent between interpreters" % type(value).__name__)


def unpack(value):
    """The inverse of ``pack``; every kind of octet string becomes ``bytes``."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "hex":
        return bytes.fromhex(content)
    if kind == "utf8":
        return bytes.fromhex(content).decode()
    if kind == "float":
        return struct.unpack("<d", bytes.fromhex(content))[0]
    if kind == "tuple":
        return tuple([unpack(item) for item in content])
    if kind == "dict":
        return {unpack(key): unpack(item) for key, item in content}
    raise ValueError("unknown kind of value: " + kind)


def write(value):
    """``value`` as one line of text."""
    return json.dumps(pack(value))


def read(text):
    """The value in a line written by ``write``."""
    return unpack(json.loads(text))
