# SPDX-License-Identifier: Apache-2.0
"""Elements of the ASN.1 use cases, both ways: trust anchor cells, key usages, moments, entries of a device log
[GBCS 13, reference 2.5, 7.3]. What reads one raises CodecError for an element of another form.
"""

from han import clock
from han.crypto.certificate import CERTIFICATE_SIGNING, DIGITAL_SIGNATURE, KEY_AGREEMENT
from han.errors import CodecError, HanError
from han.gbcs import der

ENTITY_LENGTH = 8
# The moment that cancels what was planned [reference 4.3].
NEVER = b"99991231235959Z"
_CELL_USAGE = 0  # where a cell does not say another

NULL = (der.NULL, b"")


class Failed(HanError):
    """An operation of a device that ends with a `code` of its use case; `found` is what there is nevertheless."""

    def __init__(self, code, found=b""):
        super().__init__("the operation ends with code %d" % code)
        self.code = code
        self.found = found


def items(element, tag=der.SEQUENCE):
    """The elements in one of that tag, or its octets."""
    if element[0] != tag:
        raise CodecError("element %02X is not %02X" % (element[0], tag))
    return element[1]


def octets(element, length=None):
    """The octets of an OCTET STRING, of one length where it is said."""
    found = items(element, der.OCTET_STRING)
    if length is not None and len(found) != length:
        raise CodecError("an octet string of %d octets, not %d" % (len(found), length))
    return found


def integer(element, tag=der.INTEGER):
    """The number of an INTEGER that is not negative, or of an element with an implicit tag."""
    items(element, tag)
    value = der.integer_of(element)
    if value < 0:
        raise CodecError("the number %d is negative" % value)
    return value


def sequence(*elements):
    """A SEQUENCE of these."""
    return der.SEQUENCE, list(elements)


# --- cells ----------------------------------------------------------------------------------------------------


def read_usage(element):
    """The one key usage of a BIT STRING, by its bit; None where it has none, several or one that GBCS does not use."""
    found = items(element, der.BIT_STRING)
    for number in (DIGITAL_SIGNATURE, KEY_AGREEMENT, CERTIFICATE_SIGNING):
        if found[1:].rstrip(b"\0") == bytes((0x80 >> number,)):
            return number
    return None


def usage(number):
    """The BIT STRING of one key usage."""
    return der.BIT_STRING, bytes((7 - number, 0x80 >> number))


def read_cell(fields):
    """(role, key usage, cell usage) of the fields of a cell's identifier."""
    if not 2 <= len(fields) <= 3:
        raise CodecError("the identifier of a cell has %d fields" % len(fields))
    key_usage = read_usage(fields[1])
    if key_usage is None:
        raise CodecError("the identifier of a cell names no key usage of GBCS")
    return integer(fields[0]), key_usage, integer(fields[2]) if len(fields) == 3 else _CELL_USAGE


def cell(found):
    """The identifier of a cell (role, key usage, cell usage)."""
    return sequence(der.integer(found[0]), *cell_usage(found[1], found[2]))


def cell_usage(key_usage, of_cell):
    """The elements for the key usage and the usage of a cell; the second is left out where it is the usual one."""
    if of_cell == _CELL_USAGE:
        return [usage(key_usage)]
    return [usage(key_usage), der.integer(of_cell)]


# --- moments --------------------------------------------------------------------------------------------------


def read_time(element):
    """`utc` of a GeneralizedTime in UTC with seconds."""
    text = items(element, der.GENERALIZED_TIME)
    if len(text) != 15 or text[14:] != b"Z" or not all(0x30 <= digit <= 0x39 for digit in text[:14]):
        raise CodecError("a time that is not written as YYYYMMDDhhmmssZ")
    try:
        return clock.moment(int(text[:4]), *[int(text[at : at + 2]) for at in range(4, 14, 2)])
    except clock.TimeError as error:
        raise CodecError(str(error))


def time_text(utc):
    """The digits of a moment, `20221103100000`."""
    return "%04d%02d%02d%02d%02d%02d" % clock.civil(utc)


def time(utc):
    """The element of a moment; a device without a time says where its count begins."""
    return der.GENERALIZED_TIME, (time_text(utc or 0) + "Z").encode()


# --- device logs ----------------------------------------------------------------------------------------------


def read_entry(element):
    """(entity identifier, device type) of an entry of a device log."""
    entity, device_type = items(element)
    return octets(entity, ENTITY_LENGTH), integer(device_type)


def entry(pair):
    """The element of (entity identifier, device type)."""
    return sequence((der.OCTET_STRING, pair[0]), der.integer(pair[1]))
