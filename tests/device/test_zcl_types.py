# SPDX-License-Identifier: GPL-3.0-or-later
"""ZCL data types: known octets of every type, invalid values, refusals."""

from han.errors import CodecError
from han.zcl import types
from support import equal, raises

# type name, value, octets. One line a type at least; integers at their greatest width.
KNOWN = (
    ("nodata", None, b""),
    ("data8", 0xFF, b"\xff"),
    ("data16", 0x1234, b"\x34\x12"),
    ("data24", 0x123456, b"\x56\x34\x12"),
    ("data32", 0x12345678, b"\x78\x56\x34\x12"),
    ("data40", 0x123456789A, b"\x9a\x78\x56\x34\x12"),
    ("data48", 0x123456789ABC, b"\xbc\x9a\x78\x56\x34\x12"),
    ("data56", 0x123456789ABCDE, b"\xde\xbc\x9a\x78\x56\x34\x12"),
    ("data64", 0x123456789ABCDEF0, b"\xf0\xde\xbc\x9a\x78\x56\x34\x12"),
    ("bool", False, b"\x00"),
    ("bool", True, b"\x01"),
    ("bool", None, b"\xff"),
    ("map8", 0xFF, b"\xff"),
    ("map16", 0xFFFF, b"\xff\xff"),
    ("map24", 0x0A0B0C, b"\x0c\x0b\x0a"),
    ("map32", 0xFFFFFFFF, b"\xff\xff\xff\xff"),
    ("map40", 1, b"\x01\x00\x00\x00\x00"),
    ("map48", 1, b"\x01\x00\x00\x00\x00\x00"),
    ("map56", 1, b"\x01\x00\x00\x00\x00\x00\x00"),
    ("map64", 0xFFFFFFFFFFFFFFFF, b"\xff" * 8),
    ("uint8", 0xFE, b"\xfe"),
    ("uint8", None, b"\xff"),
    ("uint16", 0xFFFE, b"\xfe\xff"),
    ("uint24", 0xFFFFFE, b"\xfe\xff\xff"),
    ("uint24", None, b"\xff\xff\xff"),
    ("uint32", 0xFFFFFFFE, b"\xfe\xff\xff\xff"),
    ("uint40", 0xFFFFFFFFFE, b"\xfe\xff\xff\xff\xff"),
    ("uint48", 123456789012345, b"\x79\xdf\x0d\x86\x48\x70"),
    ("uint48", None, b"\xff" * 6),
    ("uint56", 0xFFFFFFFFFFFFFE, b"\xfe" + b"\xff" * 6),
    ("uint64", 0xFFFFFFFFFFFFFFFE, b"\xfe" + b"\xff" * 7),
    ("uint64", None, b"\xff" * 8),
    ("int8", -1, b"\xff"),
    ("int8", None, b"\x80"),
    ("int16", -2, b"\xfe\xff"),
    ("int24", -500, b"\x0c\xfe\xff"),
    ("int24", 0x7FFFFF, b"\xff\xff\x7f"),
    ("int24", None, b"\x00\x00\x80"),
    ("int32", -0x7FFFFFFF, b"\x01\x00\x00\x80"),
    ("int40", -1, b"\xff" * 5),
    ("int48", -0x7FFFFFFFFFFF, b"\x01\x00\x00\x00\x00\x80"),
    ("int56", 0x7FFFFFFFFFFFFF, b"\xff" * 6 + b"\x7f"),
    ("int64", None, b"\x00" * 7 + b"\x80"),
    ("enum8", 0, b"\x00"),
    ("enum8", None, b"\xff"),
    ("enum16", None, b"\xff\xff"),
    ("semi", 1.0, b"\x00\x3c"),
    ("semi", -2.5, b"\x00\xc1"),
    ("semi", None, b"\x00\x7e"),
    ("single", 0.5, b"\x00\x00\x00\x3f"),
    ("double", -1.5, b"\x00\x00\x00\x00\x00\x00\xf8\xbf"),
    ("octstr", b"\x00\xff", b"\x02\x00\xff"),
    ("octstr", b"", b"\x00"),
    ("octstr", None, b"\xff"),
    ("string", "12 £", b"\x05\x31\x32\x20\xc2\xa3"),
    ("string", "", b"\x00"),
    ("string", None, b"\xff"),
    ("octstr16", b"ab", b"\x02\x00ab"),
    ("octstr16", None, b"\xff\xff"),
    ("string16", "ab", b"\x02\x00ab"),
    ("string16", None, b"\xff\xff"),
    ("array", (0x21, [1, None, 3]), b"\x21\x03\x00\x01\x00\xff\xff\x03\x00"),
    ("array", None, b"\xff\xff\xff"),
    ("struct", [(0x20, 7), (0x42, "x")], b"\x02\x00\x20\x07\x42\x01x"),
    ("struct", None, b"\xff\xff"),
    ("set", (0x48, [(0x20, [1]), (0x20, [])]), b"\x48\x02\x00\x20\x01\x00\x01\x20\x00\x00"),
    ("bag", (0x30, []), b"\x30\x00\x00"),
    ("ToD", b"\x0c\x1e\x00\x00", b"\x0c\x1e\x00\x00"),
    ("ToD", None, b"\xff\xff\xff\xff"),
    ("date", b"\x7a\x0b\x06\x07", b"\x7a\x0b\x06\x07"),
    ("UTC", 740121216, b"\x80\x5a\x1d\x2c"),
    ("UTC", None, b"\xff\xff\xff\xff"),
    ("clusterId", 0x0702, b"\x02\x07"),
    ("attribId", None, b"\xff\xff"),
    ("bacOID", None, b"\xff\xff\xff\xff"),
    ("EUI64", b"\x00\xdb\x12\x34\x56\x78\x90\xa1", b"\xa1\x90\x78\x56\x34\x12\xdb\x00"),
    ("EUI64", None, b"\xff" * 8),
    ("key128", bytes(range(16)), bytes(range(16))),
    ("unk", None, b""),
)


def test_known_octets_of_every_type():
    seen = set()
    for name, value, octets in KNOWN:
        type_id = types.identifier(name)
        seen.add(type_id)
        equal(types.encode(type_id, value), octets, name)
        equal(types.decode(type_id, b"\xaa" + octets + b"\xbb", 1), (value, 1 + len(octets)), name)
    equal(seen, {type_id for type_id in range(256) if types.is_known(type_id)})


def test_memoryviews_are_read_as_octets():
    for name, value, octets in KNOWN:
        equal(types.decode(types.identifier(name), memoryview(octets), 0)[0], value, name)


def test_names_and_numbers_belong_together():
    for type_id in range(256):
        if types.is_known(type_id):
            equal(types.identifier(types.name(type_id)), type_id)
    raises(CodecError, types.name, 0x70)
    raises(CodecError, types.identifier, "uint72")
    raises(CodecError, types.identifier, "str")


def test_sizes():
    equal(types.size(types.identifier("uint48")), 6)
    equal(types.size(types.identifier("key128")), 16)
    equal(types.size(types.identifier("octstr")), None)
    equal(types.size(types.identifier("struct")), None)
    raises(CodecError, types.size, 0x01)


def test_quantities_are_analog():
    analog = {types.name(type_id) for type_id in range(256) if types.is_known(type_id) and types.is_analog(type_id)}
    expected = {"%s%d" % (sign, bits) for sign in ("uint", "int") for bits in range(8, 72, 8)}
    equal(analog, expected | {"semi", "single", "double", "ToD", "date", "UTC"})


def test_integers_that_do_not_fit_are_refused():
    for name, value in (("uint8", 256), ("uint8", -1), ("map24", 1 << 24), ("int8", 128), ("int8", -129), ("uint48", 1 << 48)):
        error = raises(CodecError, types.encode, types.identifier(name), value)
        assert name in str(error) and str(value) in str(error), error
        assert not types.fits(types.identifier(name), value)


def test_values_of_another_kind_are_refused():
    for name, value in (
        ("uint8", "1"),
        ("uint8", 1.5),
        ("uint8", b"1"),
        ("map16", b"12"),
        ("octstr", "text"),
        ("octstr", 3),
        ("string", 3),
        ("bool", 2),
        ("EUI64", b"\x00" * 7),
        ("key128", b""),
        ("date", b"\x00"),
        ("single", "x"),
        ("nodata", 1),
        ("array", [1, 2, 3]),
        ("struct", 5),
    ):
        raises(CodecError, types.encode, types.identifier(name), value)


def test_types_without_an_invalid_value_refuse_none():
    for name in ("data8", "map8", "map64", "key128"):
        raises(CodecError, types.encode, types.identifier(name), None)


def test_the_number_of_the_invalid_value_is_encoded_as_it():
    equal(types.encode(types.identifier("uint32"), 0xFFFFFFFF), b"\xff\xff\xff\xff")
    equal(types.encode(types.identifier("int8"), -128), b"\x80")


def test_truth_values_are_numbers():
    equal(types.encode(types.identifier("uint8"), True), b"\x01")
    equal(types.encode(types.identifier("bool"), 1), b"\x01")


def test_text_that_is_no_utf8_is_taken_octet_by_octet():
    octets = b"\x04GB\xdb\x12"
    equal(types.decode(types.identifier("string"), octets, 0), ("GB\xdb\x12", 5))
    equal(types.encode(types.identifier("string"), octets[1:]), octets)


def test_strings_of_the_invalid_length_are_refused():
    equal(len(types.encode(types.identifier("octstr"), bytes(254))), 255)
    raises(CodecError, types.encode, types.identifier("octstr"), bytes(255))
    raises(CodecError, types.encode, types.identifier("octstr16"), bytes(65535))


def test_every_type_cut_short_is_refused_with_its_offset():
    for name, _, octets in KNOWN:
        for length in range(len(octets)):
            error = raises(CodecError, types.decode, types.identifier(name), b"\xaa" + octets[:length], 1)
            assert error.offset is not None and 1 <= error.offset <= 1 + length, (name, length, error)


def test_an_unknown_type_is_refused():
    raises(CodecError, types.decode, 0x02, b"\x00\x00", 0)
    raises(CodecError, types.encode, 0x02, 0)
    raises(CodecError, types.encode, 0x02, None)


def test_a_bool_is_no_other_number():
    raises(CodecError, types.decode, types.identifier("bool"), b"\x02", 0)


def test_collections_of_nothing_and_too_deep_ones_are_refused():
    raises(CodecError, types.decode, types.identifier("array"), b"\x00\xfe\xff", 0)
    raises(CodecError, types.encode, types.identifier("array"), (0x00, [None]))
    octets = b"\x48\x01\x00" * 20 + b"\x20\x01\x00\x05"
    raises(CodecError, types.decode, types.identifier("array"), octets, 0)
    raises(CodecError, types.decode, types.identifier("struct"), b"\x01\x00\x4c" * 20, 0)


def test_halves_keep_zero_subnormal_and_infinity():
    semi = types.identifier("semi")
    for value, octets in ((0.0, b"\x00\x00"), (2.0**-24, b"\x01\x00"), (65504.0, b"\xff\x7b"), (float("inf"), b"\x00\x7c")):
        equal(types.encode(semi, value), octets)
        equal(types.decode(semi, octets, 0)[0], value)
    raises(CodecError, types.encode, semi, 65520.0)
    raises(CodecError, types.encode, types.identifier("single"), 1e39)
