# SPDX-License-Identifier: GPL-3.0-or-later
"""Python values as JSON text and back, the same under CPython and MicroPython.

JSON alone has no bytes, tuples, exact floats or dictionaries with other keys than text; each is an
object with one key here. Integers have any size.
"""

import json
import struct


def pack(value):
    """Return ``value`` as something the JSON writer of either interpreter can write."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, float):
        # NaN and infinity have no JSON form, and the two interpreters round decimals differently.
        return {"float": struct.pack("<d", value).hex()}
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [pack(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[pack(key), pack(item)] for key, item in value.items()]}
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
