# SPDX-License-Identifier: Apache-2.0
"""Protected attributes: how DLMS asks for encrypted attributes and carries them [GBCS 8, 7.2.9].

A command invokes method 1 of class 30 with a structure of (objects asked for, protection parameters). The answer and
the billing alert carry (protection parameters, octet string); the octet string is `31 00000000`, ciphertext and tag,
its plaintext a structure of the values asked for. This module knows the forms; keys are `han.gbcs.protection`.
"""

from micropython import const

from han.errors import CodecError
from han.gbcs import axdr

CLASS = const(30)
METHOD = const(1)

# Authenticated and encrypted, suite 1; invocation counter 0.
SECURITY_HEADER = b"\x31\x00\x00\x00\x00"
TAG_LENGTH = const(12)

UNRESTRICTED = const(0)
BY_DATE = const(1)

_AUTHENTICATED_ENCRYPTION = const(2)
_AGREED_KEY = const(2)
_ONE_PASS_DIFFIE_HELLMAN = b"\x02"  # C(0e, 2s)


def object_wanted(class_id, obis, number, dates=None):
    """The datum that asks for one attribute; `dates` is (from, to), COSEM date-times of 12 octets, or None."""
    if dates is None:
        restriction = (axdr.ENUM, UNRESTRICTED), (axdr.NULL, None)
    else:
        limits = [(axdr.OCTET_STRING, date) for date in dates]
        restriction = (axdr.ENUM, BY_DATE), (axdr.STRUCTURE, limits)
    return (
        axdr.STRUCTURE,
        [
            (axdr.LONG_UNSIGNED, class_id),
            (axdr.OCTET_STRING, obis),
            (axdr.INTEGER, number),
            (axdr.LONG_UNSIGNED, 0),
            (axdr.STRUCTURE, list(restriction)),
        ],
    )


def read_object_wanted(datum):
    """(class, obis, number, dates or None) of an object in a command; raises CodecError."""
    if not _has_form(datum, _OBJECT):
        raise CodecError("this is no object of a protected read")
    class_id, obis, number, _index, restriction = [value for _tag, value in datum[1]]
    if len(restriction) == 2 and restriction[0] == (axdr.ENUM, UNRESTRICTED):
        dates = None
    elif len(restriction) == 2 and restriction[0] == (axdr.ENUM, BY_DATE) and _has_form(restriction[1], _DATES):
        dates = tuple([value for _tag, value in restriction[1][1]])
    else:
        raise CodecError("the restriction of a protected read is none or by date")
    if len(obis) != 6:
        raise CodecError("an OBIS code has 6 octets, not %d" % len(obis))
    return class_id, obis, number, dates


_OBJECT = (axdr.LONG_UNSIGNED, axdr.OCTET_STRING, axdr.INTEGER, axdr.LONG_UNSIGNED, axdr.STRUCTURE)
_DATES = (axdr.OCTET_STRING, axdr.OCTET_STRING)


def _has_form(datum, tags):
    """Whether a datum is a structure of parts with these tags."""
    tag, parts = datum
    return tag == axdr.STRUCTURE and tuple([part[0] for part in parts]) == tags


def parameters(transaction, originator, recipient):
    """The array of protection parameters: `transaction` is 04 and the counter (9 octets), the entities 8 octets each."""
    key = (axdr.OCTET_STRING, _ONE_PASS_DIFFIE_HELLMAN), (axdr.OCTET_STRING, b"")
    return (
        axdr.ARRAY,
        [
            (
                axdr.STRUCTURE,
                [
                    (axdr.ENUM, _AUTHENTICATED_ENCRYPTION),
                    (
                        axdr.STRUCTURE,
                        [
                            (axdr.OCTET_STRING, transaction),
                            (axdr.OCTET_STRING, originator),
                            (axdr.OCTET_STRING, recipient),
                            (axdr.OCTET_STRING, b""),
                            (axdr.STRUCTURE, [(axdr.ENUM, _AGREED_KEY), (axdr.STRUCTURE, list(key))]),
                        ],
                    ),
                ],
            )
        ],
    )


def is_parameters(datum):
    """Whether a datum has the form of protection parameters for authenticated encryption."""
    tag, layers = datum
    if tag != axdr.ARRAY or len(layers) != 1:
        return False
    tag, layer = layers[0]
    if tag != axdr.STRUCTURE or len(layer) != 2 or layer[0] != (axdr.ENUM, _AUTHENTICATED_ENCRYPTION):
        return False
    tag, parts = layer[1]
    return tag == axdr.STRUCTURE and len(parts) == 5 and parts[0][0] == axdr.OCTET_STRING


def find(items):
    """The place in a list of data of an octet string that follows its protection parameters, or None."""
    for i in range(1, len(items)):
        tag, value = items[i]
        if tag == axdr.OCTET_STRING and value[:5] == SECURITY_HEADER and is_parameters(items[i - 1]):
            return i
    return None


def split(octets):
    """(ciphertext, tag) of a protected octet string; raises CodecError."""
    if len(octets) < len(SECURITY_HEADER) + TAG_LENGTH or octets[:5] != SECURITY_HEADER:
        raise CodecError("%d octets are no protected attributes" % len(octets))
    return octets[5:-TAG_LENGTH], octets[-TAG_LENGTH:]


def join(ciphertext, tag):
    """The protected octet string of a ciphertext and its tag."""
    return SECURITY_HEADER + ciphertext + tag[:TAG_LENGTH]
