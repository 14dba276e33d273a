# SPDX-License-Identifier: GPL-3.0-or-later
"""DER of the ASN.1 use cases: known octets, both ways, and what is refused where."""

from han.errors import CodecError
from han.gbcs import der
from support import equal, raises

ELEMENTS = (
    ((der.NULL, b""), "0500"),
    ((der.INTEGER, b"\x00\xff"), "020200ff"),
    ((der.OCTET_STRING, bytes(200)), "0481c8" + "00" * 200),
    ((der.SEQUENCE, []), "3000"),
    ((der.SEQUENCE, [(der.ENUMERATED, b"\x05"), (der.CONTEXT_CONSTRUCTED + 1, [(der.NULL, b"")])]), "30070a0105a1020500"),
    ((der.CONTEXT + 4, b"\x01"), "840101"),
)


def test_elements_are_written_and_read():
    for element, octets in ELEMENTS:
        equal(der.encode(element), bytes.fromhex(octets), octets)
        equal(der.decode(bytes.fromhex(octets)), element, octets)


def test_devices_write_longer_lengths_in_two_octets():
    element = (der.SEQUENCE, [(der.OCTET_STRING, bytes(130))])
    octets = der.encode(element, True)
    equal(octets[:8], bytes.fromhex("3082008604820082"))
    equal(der.decode(octets), element)
    equal(der.encode((der.OCTET_STRING, bytes(127)), True)[:2], b"\x04\x7f")


def test_numbers_have_as_few_octets_as_they_need():
    for value, octets in ((0, "00"), (127, "7f"), (128, "0080"), (-1, "ff"), (-128, "80"), (-129, "ff7f"), (0x8F66, "008f66")):
        element = der.integer(value)
        equal(element, (der.INTEGER, bytes.fromhex(octets)))
        equal(der.integer_of(element), value)
    raises(CodecError, der.integer_of, (der.INTEGER, b""))
    raises(CodecError, der.integer_of, (der.SEQUENCE, []))


def test_elements_that_cannot_be_are_refused_at_their_offset():
    for octets, offset, words in (
        ("", 0, "cut off"),
        ("30", 1, "length is cut off"),
        ("3003020100" + "00", 5, "1 octets too many"),
        ("30030201", 0, "30 of 3 octets is cut off"),
        ("3003020200", 2, "02 of 2 octets is cut off"),
        ("30020480", 3, "coded 80"),
        ("1f0100", 0, "1F is no tag"),
        ("0000", 0, "00 is no tag"),
    ):
        error = raises(CodecError, der.decode, bytes.fromhex(octets))
        equal(error.offset, offset, octets)
        assert words in error.what, error.what


def test_deep_nesting_is_refused_and_the_deepest_allowed_is_read():
    element = (der.NULL, b"")
    for _ in range(der.MAX_DEPTH):
        element = (der.SEQUENCE, [element])
    equal(der.decode(der.encode(element)), element)
    octets = b""
    for _ in range(60):
        octets = bytes((der.SEQUENCE, len(octets))) + octets
    error = raises(CodecError, der.decode, octets)
    assert "deeper than" in error.what
