# SPDX-License-Identifier: GPL-3.0-or-later
"""ZCL frame headers and the payloads of global commands, against octets of the specification."""

from han.errors import CodecError
from han.zcl import commands, frame, status
from han.zcl.frame import CLUSTER, GLOBAL, TO_CLIENT, TO_SERVER, Frame
from support import equal, raises


def fields(found):
    return (
        found.frame_type,
        found.command,
        found.payload,
        found.sequence,
        found.direction,
        found.disable_default_response,
        found.manufacturer,
    )


def test_a_plain_request():
    octets = bytes((0x00, 0x21, 0x00, 0x00, 0x02, 0x01, 0x02))
    found = Frame.decode(octets)
    equal(fields(found), (GLOBAL, 0, octets[3:], 0x21, TO_SERVER, False, None))
    equal(found.encode(), octets)


def test_every_bit_of_the_header():
    found = Frame(CLUSTER, 0x05, b"\x01", 0xFE, TO_CLIENT, True, 0x1234)
    equal(found.encode(), bytes((0x1D, 0x34, 0x12, 0xFE, 0x05, 0x01)))
    equal(fields(Frame.decode(found.encode())), fields(found))


def test_headers_cut_short():
    for octets in (b"", b"\x00", b"\x00\x01", b"\x04\x01\x02\x03"):
        raises(CodecError, Frame.decode, octets)
    equal(Frame.decode(b"\x00\x01\x02").payload, b"")


def test_reserved_bits_are_ignored_and_reserved_types_kept():
    equal(Frame.decode(b"\xe0\x01\x02").frame_type, GLOBAL)
    equal(Frame.decode(b"\x03\x01\x02").frame_type, 3)


# command, value, octets
KNOWN = (
    ("read_attributes", [0x0200, 0x0201], b"\x00\x02\x01\x02"),
    ("read_attributes", [], b""),
    (
        "read_attributes_response",
        [(0x0200, 0, 0xE2, None), (0x0201, status.UNSUPPORTED_ATTRIBUTE, None, None)],
        b"\x00\x02\x00\xe2\xff\xff\xff\xff\x01\x02\x86",
    ),
    ("write_attributes", [(0, 0x42, "ab"), (1, 0x20, 5)], b"\x00\x00\x42\x02ab\x01\x00\x20\x05"),
    ("write_attributes_undivided", [(1, 0x20, 5)], b"\x01\x00\x20\x05"),
    ("write_attributes_no_response", [(1, 0x20, 5)], b"\x01\x00\x20\x05"),
    ("write_attributes_response", [], b"\x00"),
    ("write_attributes_response", [(0x88, 1), (0x86, 2)], b"\x88\x01\x00\x86\x02\x00"),
    (
        "configure_reporting",
        [(0, 0x0000, 0x25, 10, 300, 1), (0, 0x0014, 0x30, 0, 600, None), (1, 0x0400, 900)],
        b"\x00\x00\x00\x25\x0a\x00\x2c\x01\x01\x00\x00\x00\x00\x00\x00\x14\x00\x30\x00\x00\x58\x02\x01\x00\x04\x84\x03",
    ),
    ("configure_reporting_response", [], b"\x00"),
    ("configure_reporting_response", [(0x8C, 0, 0x14)], b"\x8c\x00\x14\x00"),
    ("read_reporting_configuration", [(0, 0), (1, 0x400)], b"\x00\x00\x00\x01\x00\x04"),
    (
        "read_reporting_configuration_response",
        [(0, 0, 0x0000, 0x20, 1, 2, 3), (0, 1, 0x0400, 900), (0x8B, 0, 5)],
        b"\x00\x00\x00\x00\x20\x01\x00\x02\x00\x03\x00\x01\x00\x04\x84\x03\x8b\x00\x05\x00",
    ),
    ("report_attributes", [(0xFFFE, 0x30, 1)], b"\xfe\xff\x30\x01"),
    ("default_response", (0x0B, 0x81), b"\x0b\x81"),
    ("discover_attributes", (0x0100, 20), b"\x00\x01\x14"),
    ("discover_attributes_response", (True, [(0, 0x25), (1, 0x25)]), b"\x01\x00\x00\x25\x01\x00\x25"),
    ("discover_attributes_response", (False, []), b"\x00"),
    ("read_attributes_structured", [(5, []), (6, [1, 2])], b"\x05\x00\x00\x06\x00\x02\x01\x00\x02\x00"),
    ("write_attributes_structured", [(6, 1, [3], 0x20, 9)], b"\x06\x00\x11\x03\x00\x20\x09"),
    ("write_attributes_structured_response", [], b"\x00"),
    ("write_attributes_structured_response", [(0x8E, 6, [3])], b"\x8e\x06\x00\x01\x03\x00"),
    ("discover_commands_received", (0, 255), b"\x00\xff"),
    ("discover_commands_received_response", (True, [0, 6]), b"\x01\x00\x06"),
    ("discover_commands_generated", (2, 1), b"\x02\x01"),
    ("discover_commands_generated_response", (False, [2]), b"\x00\x02"),
    ("discover_attributes_extended", (0, 9), b"\x00\x00\x09"),
    ("discover_attributes_extended_response", (True, [(0, 0x25, 1)]), b"\x01\x00\x00\x25\x01"),
)


def test_payloads_of_every_global_command():
    for name, value, octets in KNOWN:
        command = commands.identifier(name)
        equal(commands.encode(command, value), octets, name)
        equal(commands.decode(command, octets), value, name)
    equal({name for name, _, _ in KNOWN}, {commands.name(number) for number in range(0x17)})


def test_payloads_cut_short_are_refused():
    for name, _, octets in KNOWN:
        if len(octets) > 1:
            # Dropping the last octet always cuts a record, but for lists of single octets.
            if name in ("discover_commands_received_response", "discover_commands_generated_response"):
                continue
            raises(CodecError, commands.decode, commands.identifier(name), octets[:-1])


def test_a_record_of_unknown_type_is_refused():
    raises(CodecError, commands.decode, commands.REPORT_ATTRIBUTES, b"\x00\x00\x01\x00")
    raises(CodecError, commands.decode, commands.CONFIGURE_REPORTING, b"\x00\x00\x00\x01\x00\x00\x00\x00")


def test_numbers_that_are_no_global_command():
    equal(commands.name(0x17), None)
    equal(commands.identifier("read"), None)
    raises(CodecError, commands.decode, 0x17, b"")
    raises(CodecError, commands.encode, 0x17, b"")


def test_statuses_by_name_and_number():
    for number in range(256):
        name = status.name(number)
        if not name.startswith("0x"):
            equal(status.identifier(name), number)
            equal(getattr(status, name), number)
    equal(status.identifier("SUCC"), None)
    equal(status.name(0x55), "0x55")


def test_frame_constants():
    equal((frame.GLOBAL, frame.CLUSTER, frame.TO_SERVER, frame.TO_CLIENT), (0, 1, 0, 1))
