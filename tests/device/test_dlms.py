# SPDX-License-Identifier: GPL-3.0-or-later
"""DLMS payloads and COSEM data: known octets, both ways, and what is refused where."""

from han.errors import CodecError
from han.gbcs import axdr, dlms, protected
from support import equal, raises

# Data of every type, as the Blue Book writes them.
DATA = (
    ((axdr.NULL, None), "00"),
    ((axdr.DONT_CARE, None), "ff"),
    ((axdr.ARRAY, [(axdr.UNSIGNED, 1), (axdr.UNSIGNED, 2)]), "010211011102"),
    ((axdr.ARRAY, []), "0100"),
    ((axdr.STRUCTURE, [(axdr.INTEGER, -5), (axdr.ENUM, 254)]), "02020ffb16fe"),
    ((axdr.BOOLEAN, True), "03ff"),
    ((axdr.BOOLEAN, False), "0300"),
    ((axdr.BIT_STRING, (7, b"\xfe")), "0407fe"),
    ((axdr.BIT_STRING, (9, b"\xff\x80")), "0409ff80"),
    ((axdr.DOUBLE_LONG, -2), "05fffffffe"),
    ((axdr.DOUBLE_LONG_UNSIGNED, 0xFFFFFFFE), "06fffffffe"),
    ((axdr.OCTET_STRING, b""), "0900"),
    ((axdr.OCTET_STRING, b"\x00\xff"), "090200ff"),
    ((axdr.OCTET_STRING, bytes(200)), "0981c8" + "00" * 200),
    ((axdr.OCTET_STRING, bytes(300)), "0982012c" + "00" * 300),
    ((axdr.VISIBLE_STRING, "ALCS"), "0a04414c4353"),
    ((axdr.VISIBLE_STRING, "\u00a3"), "0a01a3"),
    ((axdr.UTF8_STRING, "\u00a3"), "0c02c2a3"),
    ((axdr.BCD, b"\x12"), "0d0112"),
    ((axdr.LONG, -300), "10fed4"),
    ((axdr.LONG_UNSIGNED, 65535), "12ffff"),
    ((axdr.LONG64, -1), "14ffffffffffffffff"),
    ((axdr.LONG64_UNSIGNED, 1 << 63), "158000000000000000"),
    ((axdr.FLOAT_32, 1.5), "173fc00000"),
    ((axdr.FLOAT_64, 1.5), "183ff8000000000000"),
    ((axdr.DATE_TIME, b"\x07\xe6\x0b\x03\xff\x0a\x00\x00\x00\x80\x00\x00"), "1907e60b03ff0a000000800000"),
    ((axdr.DATE, b"\x07\xe6\x0b\x03\xff"), "1a07e60b03ff"),
    ((axdr.TIME, b"\x0a\x00\x00\x00"), "1b0a000000"),
    ((axdr.COMPACT_ARRAY, (axdr.LONG, [1, -1])), "1310040001ffff"),
    (
        (axdr.COMPACT_ARRAY, ((axdr.STRUCTURE, [axdr.DOUBLE_LONG_UNSIGNED, axdr.LONG_UNSIGNED]), [[1, 2], [3, 4]])),
        "1302020612" + "0c" + "000000010002" + "000000030004",
    ),
    (
        (
            axdr.COMPACT_ARRAY,
            ((axdr.STRUCTURE, [axdr.UNSIGNED, axdr.OCTET_STRING, axdr.BOOLEAN]), [[1, b"\xaa", True], [2, b"", False]]),
        ),
        "13" + "0203110903" + "07" + "0101aaff" + "020000",
    ),
    (
        (axdr.COMPACT_ARRAY, ((axdr.STRUCTURE, [axdr.UNSIGNED, (axdr.ARRAY, 2, axdr.LONG)]), [[9, [1, -2]]])),
        "13" + "020211" + "01000210" + "05" + "090001fffe",
    ),
    ((axdr.COMPACT_ARRAY, ((axdr.ARRAY, 2, axdr.UTF8_STRING), [["a", "bc"]])), "130100020c" + "05" + "0161026263"),
    ((axdr.COMPACT_ARRAY, (axdr.UNSIGNED, [])), "131100"),
    ((axdr.COMPACT_ARRAY, ((axdr.ARRAY, 2, (axdr.STRUCTURE, [axdr.LONG])), [[[1], [2]]])), "1301000202011004" + "00010002"),
)


def test_data_of_every_type_are_written_and_read():
    for datum, octets in DATA:
        equal(axdr.encode(datum), bytes.fromhex(octets), octets)
        equal(axdr.decode(bytes.fromhex(octets)), datum, octets)


def test_a_true_boolean_may_be_any_octet_but_zero():
    equal(axdr.decode(b"\x03\x01"), (axdr.BOOLEAN, True))


def test_lengths_may_be_longer_than_needed():
    equal(axdr.decode(b"\x09\x82\x00\x01\xaa"), (axdr.OCTET_STRING, b"\xaa"))


def refused(octets, offset, words):
    error = raises(CodecError, axdr.decode, bytes.fromhex(octets))
    equal(error.offset, offset, octets)
    assert words in error.what, error.what


def test_data_that_cannot_be_are_refused_at_their_offset():
    refused("", 0, "cut off")
    refused("06000000", 0, "cut off")
    refused("0203110112", 4, "cut off")
    refused("020211011200", 4, "cut off")
    refused("07", 0, "07 is no type")
    refused("0905aa", 0, "string of 5")
    refused("0982", 1, "length is cut off")
    refused("0980", 1, "coded 80")
    refused("0409ff", 0, "9 bits")
    refused("0c01ff", 0, "UTF-8")
    refused("110111", 2, "1 octets too many")
    refused("1907e6", 0, "date")
    refused("1312060001000200", 0, "compact array of 6")
    refused("13020106050000000100", 9, "row")
    refused("131300", 1, "13 is no type for the items")
    refused("130000", 1, "00 is no type for the items")


def test_a_structure_without_parts_or_an_array_without_items_cannot_fill_a_compact_array():
    refused("1302000100", 1, "structure of 0")
    refused("130100000601aa", 6, "no octets")


def test_counts_that_octets_cannot_hold_cost_nothing():
    refused("01840fffffff", 0, "list of")
    refused("02847fffffffff", 0, "list of")
    refused("1301ffff06" + "04" + "00000001", 6, "array of 65535")
    refused("1301ffff01ffff01ffff06" + "04" + "00000001", 12, "array of 65535")


def test_deep_nesting_is_refused_and_the_deepest_allowed_is_read():
    deep = b"\x01\x01" * axdr.MAX_DEPTH + b"\x11\x07"
    equal(axdr.encode(axdr.decode(deep)), deep)
    error = raises(CodecError, axdr.decode, b"\x01\x01" * 1000 + b"\x11\x07")
    assert "deeper than" in error.what
    error = raises(CodecError, axdr.decode, b"\x13" + b"\x02\x01" * 1000 + b"\x11\x01\x07")
    assert "deeper than" in error.what


def test_values_that_their_type_cannot_hold_are_not_written():
    for datum in (
        (axdr.UNSIGNED, 256),
        (axdr.UNSIGNED, -1),
        (axdr.INTEGER, 128),
        (axdr.LONG, -32769),
        (axdr.DOUBLE_LONG_UNSIGNED, 1 << 32),
        (axdr.LONG64, 1 << 63),
        (axdr.BIT_STRING, (9, b"\xff")),
        (axdr.DATE, b"\x00"),
        (axdr.VISIBLE_STRING, "\u20ac"),
        (0x07, 1),
        (axdr.COMPACT_ARRAY, ((axdr.STRUCTURE, [axdr.UNSIGNED]), [[1, 2]])),
    ):
        raises(CodecError, axdr.encode, datum)


# --- the access service -------------------------------------------------------------------------------------

# Set the change of tenancy date, then read it: two specifications.
REQUEST = (
    "d9" + "200003e8" + "00"
    "02" + "02" + "0001" + "00005e2c0302" + "02" + "01" + "0001" + "00005e2c0302" + "02"
    "02" + "090c07e60b03ff0a000000800000" + "00"
)
RESPONSE = "da" + "200003e8" + "00" + "00" + "02" + "00" + "090c07e60b03ff0a000000800000" + "02" + "0200" + "0100"
ALERT = "0f" + "200007d1" + "00" + "0202" + "128f0a" + "090c07df0101ff000000008000ff"
LOG_REQUEST = "d920000001000104" + "00070100201800ff0201" + "020206000000010600000002" + "0100"


def test_a_request_is_read_and_written():
    apdu = dlms.decode(bytes.fromhex(REQUEST))
    equal(apdu.tag, dlms.ACCESS_REQUEST)
    equal(apdu.invoke_id, dlms.invoke_id(0xFF0000000003E8))
    first, second = apdu.specifications
    equal((first.choice, first.class_id, dlms.obis_text(first.obis), first.number), (dlms.SET, 1, "0-0:94.44.3.2", 2))
    equal(second.choice, dlms.GET)
    equal(apdu.data[1], (axdr.NULL, None))
    equal(dlms.encode(apdu), bytes.fromhex(REQUEST))


def test_a_selection_is_read_and_written():
    apdu = dlms.decode(bytes.fromhex(LOG_REQUEST))
    equal(apdu.specifications[0].selector, 1)
    equal(apdu.specifications[0].selection[1][0], (axdr.DOUBLE_LONG_UNSIGNED, 1))
    equal(dlms.encode(apdu), bytes.fromhex(LOG_REQUEST))


def test_a_response_is_read_and_written():
    apdu = dlms.decode(bytes.fromhex(RESPONSE))
    equal(apdu.results, [(dlms.SET, 0), (dlms.GET, 0)])
    equal(dlms.encode(apdu), bytes.fromhex(RESPONSE))


def test_a_response_may_echo_its_specifications():
    echo = "da" + "200003e8" + "00" + "01" + "01" + "01" + "0001" + "00005e2c0302" + "02" + "01" + "1107" + "01" + "0100"
    apdu = dlms.decode(bytes.fromhex(echo))
    equal(apdu.specifications[0].class_id, 1)
    equal(dlms.encode(apdu), bytes.fromhex(echo))


def test_an_alert_is_read_and_written():
    apdu = dlms.decode(bytes.fromhex(ALERT))
    equal(apdu.body[1][0], (axdr.LONG_UNSIGNED, 0x8F0A))
    equal(dlms.encode(apdu), bytes.fromhex(ALERT))


def test_payloads_that_cannot_be_are_refused_at_their_offset():
    for octets, offset, words in (
        ("", 0, "0 octets"),
        ("d8" + REQUEST[2:], 0, "D8 is no APDU"),
        (REQUEST + "00", 43, "1 octets too many"),
        (REQUEST[:-2], 42, "cut off"),
        (REQUEST[:10] + "03" + REQUEST[12:], 5, "date-time"),
        (REQUEST[:12] + "30" + REQUEST[14:], 6, "48 specifications"),
        (REQUEST[:14] + "09" + REQUEST[16:], 7, "09 is no choice"),
        (RESPONSE[:12] + "02" + RESPONSE[14:], 6, "flag"),
        (RESPONSE[:-2], 23, "2 results"),
        (RESPONSE[:-10] + "01" + "0200", 23, "1 results for 2 data"),
        (ALERT[:-2], 11, "string of 12"),
    ):
        error = raises(CodecError, dlms.decode, bytes.fromhex(octets))
        equal(error.offset, offset, octets)
        assert words in error.what, error.what


def test_an_obis_code_has_one_text():
    equal(dlms.obis_text(dlms.logical_name("1-0:32.24.0.255")), "1-0:32.24.0.255")
    raises(CodecError, dlms.logical_name, "1-0:32.24.0.256")
    raises(CodecError, dlms.logical_name, "voltage")


# --- protected attributes -----------------------------------------------------------------------------------


def test_objects_wanted_are_written_and_read():
    dates = (bytes(12), b"\x07\xe6" + bytes(10))
    for wanted in ((7, b"\x00\x00\x62\x01\x00\xff", 2, dates), (1, b"\x00\x00\x5e\x2c\x22\x0a", 2, None)):
        equal(protected.read_object_wanted(axdr.decode(axdr.encode(protected.object_wanted(*wanted)))), wanted)
    raises(CodecError, protected.read_object_wanted, (axdr.STRUCTURE, [(axdr.UNSIGNED, 1)]))
    raises(CodecError, protected.read_object_wanted, (axdr.UNSIGNED, 1))
    wanted = protected.object_wanted(1, b"obis..", 2)
    for place, datum in ((0, (axdr.OCTET_STRING, b"x")), (1, (axdr.OCTET_STRING, b"")), (4, (axdr.STRUCTURE, []))):
        parts = list(wanted[1])
        parts[place] = datum
        raises(CodecError, protected.read_object_wanted, (axdr.STRUCTURE, parts))


def test_protected_octets_are_found_behind_their_parameters():
    parameters = protected.parameters(b"\x04" + bytes(8), b"device00", b"supplier")
    octets = protected.join(b"\x01\x02", bytes(12))
    data = [parameters, (axdr.OCTET_STRING, octets)]
    equal(protected.find(data), 1)
    equal(protected.find(data[1:]), None)
    equal(protected.find([(axdr.ARRAY, []), data[1]]), None)
    equal(protected.split(octets), (b"\x01\x02", bytes(12)))
    raises(CodecError, protected.split, octets[:16])
