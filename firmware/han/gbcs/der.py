# SPDX-License-Identifier: Apache-2.0
"""DER, the encoding of the ASN.1 use cases [GBCS 7.2.9, 13], as a generic tree, both ways.

An element is a pair `(tag, value)`: octets for a primitive element, a list of elements for a constructed one.
The tag is the identifier octet as it stands, class and constructed bit included.
"""

from micropython import const

from han.errors import CodecError
from han.gbcs.axdr import read_length, write_length

BOOLEAN = const(0x01)
INTEGER = const(0x02)
BIT_STRING = const(0x03)
OCTET_STRING = const(0x04)
NULL = const(0x05)
OBJECT_IDENTIFIER = const(0x06)
ENUMERATED = const(0x0A)
UTF8_STRING = const(0x0C)
PRINTABLE_STRING = const(0x13)
UTC_TIME = const(0x17)
GENERALIZED_TIME = const(0x18)
SEQUENCE = const(0x30)
SET = const(0x31)
RAW = const(0)  # no tag of DER: octets that are an element already, such as a certificate
CONTEXT = const(0x80)  # + n: primitive [n]
CONTEXT_CONSTRUCTED = const(0xA0)  # + n: constructed [n]

_CONSTRUCTED = const(0x20)
_LONG_TAG = const(0x1F)

# A certificate inside a command has nine levels.
MAX_DEPTH = const(20)


def decode(octets):
    """The one element that `octets` are; raises CodecError with the offset of what is wrong."""
    items = _read_items(octets, 0, len(octets), 0, True)
    if not items:
        raise CodecError("an element is cut off", 0)
    return items[0]


def _read_items(octets, at, end, depth, single=False):
    """The elements between two offsets; `single`: there must be no second one."""
    items = []
    while at < end:
        if single and items:
            raise CodecError("%d octets too many behind the data" % (end - at), at)
        tag = octets[at]
        if tag & _LONG_TAG == _LONG_TAG or tag == 0:
            raise CodecError("%02X is no tag of an ASN.1 use case" % tag, at)
        start = at + 2
        length = octets[at + 1] if start <= end else 0x80
        if length >= 0x80:
            length, start = read_length(octets, at + 1, end)
        behind = start + length
        if behind > end:
            raise CodecError("element %02X of %d octets is cut off" % (tag, length), at)
        if not tag & _CONSTRUCTED:
            items.append((tag, bytes(octets[start:behind])))
        elif depth >= MAX_DEPTH:
            raise CodecError("elements are nested deeper than %d" % MAX_DEPTH, at)
        else:
            items.append((tag, _read_items(octets, start, behind, depth + 1)))
        at = behind
    return items


def encode(element, two_octet_lengths=False):
    """The octets of an element.

    Devices write lengths from 128 to 255 in two octets (82 00 LL), against DER: `two_octet_lengths` does so too.
    Both forms are read.
    """
    tag, value = element
    if tag == RAW:
        return value
    if tag & _CONSTRUCTED:
        value = b"".join([encode(item, two_octet_lengths) for item in value])
    out = bytearray((tag,))
    if two_octet_lengths and 0x80 <= len(value) < 0x100:
        out.extend(bytes((0x82, 0, len(value))))
    else:
        write_length(out, len(value))
    out.extend(value)
    return bytes(out)


def integer(value, tag=INTEGER):
    """The element of a number, two's complement in as few octets as it needs."""
    octets = bytearray()
    rest = value
    while True:
        octets.append(rest & 0xFF)
        rest >>= 8
        if rest in (0, -1) and (rest < 0) == (octets[-1] >= 0x80):
            return tag, bytes(reversed(octets))


def integer_of(element):
    """The number of an INTEGER or ENUMERATED element."""
    octets = element[1]
    if not isinstance(octets, bytes) or not octets:
        raise CodecError("element %02X is no number" % element[0])
    value = int.from_bytes(octets, "big")
    return value - (1 << 8 * len(octets)) if octets[0] & 0x80 else value
