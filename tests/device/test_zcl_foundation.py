# SPDX-License-Identifier: GPL-3.0-or-later
"""The foundation: what a cluster answers, when it is silent, and what a client asks."""

from han.errors import CodecError, UnknownNameError
from han.message import BROADCAST, Message
from han.zcl import clusters, commands, foundation, status
from han.zcl.attributes import Attributes
from han.zcl.frame import CLUSTER, GLOBAL, TO_CLIENT, TO_SERVER, Frame
from support import equal, raises

METERING = 0x0702
BASIC = 0x0000
DEVICE_MANAGEMENT = 0x0708
PEER = b"\x00\xdb\x12\x34\x56\x78\x90\xa1"
OWN = b"\x00\xdb\x12\x34\x56\x78\x90\xa2"

UINT8 = 0x20
UINT48 = 0x25
INT24 = 0x2A
ENUM8 = 0x30
STRING = 0x42


def meter():
    attributes = Attributes(METERING)
    attributes.set("current_summation_delivered", 12345)
    attributes.set("instantaneous_demand", -500)
    attributes.set("supply_status", 2)
    return attributes


def message(octets, cluster=METERING, destination=OWN):
    return Message(PEER, destination, 1, 1, cluster, octets)


def request(command, value, sequence=7, direction=TO_SERVER, disable=False, manufacturer=None):
    payload = value if isinstance(value, bytes) else commands.encode(command, value)
    return Frame(GLOBAL, command, payload, sequence, direction, disable, manufacturer).encode()


def answer(attributes, octets, handler=None, cluster=METERING, destination=OWN, time=0):
    return foundation.answer(attributes, message(octets, cluster, destination), handler, time)


def default_response(octets):
    """(command, status) of a default response, checked in its header."""
    frame = Frame.decode(octets)
    equal((frame.frame_type, frame.command, frame.disable_default_response), (GLOBAL, commands.DEFAULT_RESPONSE, True))
    return commands.decode(frame.command, frame.payload)


# -- read ----------------------------------------------------------------------------------------------------


def test_read():
    octets = answer(meter(), b"\x00\x21\x00\x00\x00\x00\x04")
    equal(octets, b"\x18\x21\x01\x00\x00\x00\x25\x39\x30\x00\x00\x00\x00\x00\x04\x00\x2a\x0c\xfe\xff")


def test_an_absent_attribute_is_refused_inside_its_record():
    octets = answer(meter(), foundation.read(METERING, [0x0001, 0x0014], 9))
    equal(foundation.parse_response(octets), [(1, status.UNSUPPORTED_ATTRIBUTE, None, None), (0x14, 0, ENUM8, 2)])


def test_read_of_a_client():
    flags = Attributes(METERING, "client")
    flags.set("functional_notification_flags", 0x800)
    octets = answer(flags, foundation.read(METERING, ["functional_notification_flags"], 9, TO_CLIENT))
    equal(octets, b"\x10\x09\x01\x00\x00\x00\x1b\x00\x08\x00\x00")


def test_read_of_nothing():
    equal(answer(meter(), b"\x00\x01\x00"), b"\x18\x01\x01")


def test_computed_values_and_the_gate():
    attributes = meter()
    total = [1]
    attributes.reader("current_summation_delivered", lambda: total[0])
    read = foundation.read(METERING, ["current_summation_delivered", "supply_status"], 1)
    total[0] = 2
    equal(foundation.parse_response(answer(attributes, read))[0], (0, 0, UINT48, 2))
    seen = []

    def gate(identifier, received, time):
        seen.append((identifier, received.source, time))
        return status.NOT_AUTHORIZED if identifier == 0 else status.SUCCESS

    attributes.gate = gate
    records = foundation.parse_response(answer(attributes, read, time=77))
    equal(records, [(0, status.NOT_AUTHORIZED, None, None), (0x14, 0, ENUM8, 2)])
    equal(seen, [(0, PEER, 77), (0x14, PEER, 77)])
    records = foundation.parse_response(answer(attributes, foundation.read(METERING, [1], 1)))
    equal(records, [(1, status.UNSUPPORTED_ATTRIBUTE, None, None)])


# -- write ---------------------------------------------------------------------------------------------------


def basic():
    attributes = Attributes(BASIC)
    attributes.set("location_description", "")
    attributes.set("physical_environment", 0)
    attributes.set("zcl_version", 3)
    return attributes


WRITES = [(0x0010, STRING, "meter cupboard"), (0x0000, UINT8, 4), (0x0011, UINT8, 1), (0x0012, UINT8, 1)]
REFUSED = [
    (status.READ_ONLY, 0x0000),
    (status.INVALID_DATA_TYPE, 0x0011),
    (status.UNSUPPORTED_ATTRIBUTE, 0x0012),
]


def write(attributes, command, records):
    return answer(attributes, request(command, records), cluster=BASIC)


def test_write_takes_what_it_can():
    attributes = basic()
    octets = write(attributes, commands.WRITE_ATTRIBUTES, WRITES)
    equal(octets[:3], b"\x18\x07\x04")
    equal(foundation.parse_response(octets), REFUSED)
    equal(attributes.get("location_description"), "meter cupboard")
    equal(attributes.get("zcl_version"), 3)


def test_write_of_all_is_answered_with_one_octet():
    equal(write(basic(), commands.WRITE_ATTRIBUTES, WRITES[:1]), b"\x18\x07\x04\x00")


def test_undivided_write_takes_all_or_nothing():
    attributes = basic()
    octets = write(attributes, commands.WRITE_ATTRIBUTES_UNDIVIDED, WRITES)
    equal(foundation.parse_response(octets), REFUSED)
    equal(attributes.get("location_description"), "")
    write(attributes, commands.WRITE_ATTRIBUTES_UNDIVIDED, WRITES[:1])
    equal(attributes.get("location_description"), "meter cupboard")


def test_write_without_response_is_silent():
    attributes = basic()
    equal(write(attributes, commands.WRITE_ATTRIBUTES_NO_RESPONSE, WRITES), None)
    equal(attributes.get("location_description"), "meter cupboard")


def test_a_writer_may_refuse():
    attributes = basic()
    attributes.writer = lambda identifier, value, received, time: status.INVALID_VALUE
    equal(
        foundation.parse_response(write(attributes, commands.WRITE_ATTRIBUTES, WRITES[:1])),
        [(status.INVALID_VALUE, 0x0010)],
    )
    equal(attributes.get("location_description"), "")


# -- report --------------------------------------------------------------------------------------------------


def test_a_report_is_handed_on_and_acknowledged():
    mirror = Attributes(METERING, "client")
    seen = []

    def reported(cluster, records, received, time):
        seen.append((cluster, records, received.source, time))
        return status.SUCCESS

    mirror.reported = reported
    octets = foundation.report(METERING, [("current_summation_delivered", 5), (0xFFFE, 1)], 3)
    equal(octets, b"\x08\x03\x0a\x00\x00\x25\x05\x00\x00\x00\x00\x00\xfe\xff\x30\x01")
    equal(default_response(answer(mirror, octets, time=9)), (commands.REPORT_ATTRIBUTES, status.SUCCESS))
    equal(seen, [(METERING, [(0, UINT48, 5), (0xFFFE, ENUM8, 1)], PEER, 9)])


def test_a_report_may_be_refused():
    mirror = Attributes(METERING, "client")
    mirror.reported = lambda cluster, records, received, time: status.NOT_AUTHORIZED
    octets = foundation.report(METERING, [(0, 5)], 3, disable_default_response=True)
    equal(default_response(answer(mirror, octets)), (commands.REPORT_ATTRIBUTES, status.NOT_AUTHORIZED))


def test_a_report_nobody_takes_is_a_failure():
    octets = foundation.report(METERING, [(0, 5)], 3)
    equal(default_response(answer(Attributes(METERING, "client"), octets)), (0x0A, status.FAILURE))


# -- default responses ---------------------------------------------------------------------------------------


def test_malformed_payloads():
    for octets in (
        b"\x00\x01\x00\x00",  # half an identifier
        b"\x00\x01\x02\x00\x00",  # a write without type
        b"\x08\x01\x0a\x00\x00\x25\x01",  # a value cut short
        b"\x00\x01\x06\x00",
        b"\x00\x01\x0c\x00",
        b"\x10\x01\x0c\x00",  # default responses disabled: errors come anyway
        b"\x02\x01\x00",  # reserved frame type
    ):
        equal(default_response(answer(meter(), octets)), (octets[2], status.MALFORMED_COMMAND), repr(octets))


def test_octets_without_a_header_are_not_answered():
    for octets in (b"", b"\x00", b"\x00\x01", b"\x04\x01\x02\x03"):
        equal(answer(meter(), octets), None)


def test_unknown_commands():
    equal(default_response(answer(meter(), b"\x00\x01\x30")), (0x30, status.UNSUP_GENERAL_COMMAND))
    equal(default_response(answer(meter(), b"\x00\x01\x0e\x00\x00\x00")), (0x0E, status.UNSUP_GENERAL_COMMAND))
    equal(default_response(answer(meter(), b"\x01\x01\x77", refuse)), (0x77, status.UNSUP_CLUSTER_COMMAND))
    equal(default_response(answer(meter(), b"\x01\x01\x05\x00\x00\x00\x00")), (0x05, status.UNSUP_CLUSTER_COMMAND))


def refuse(name, fields, received, time):
    raise AssertionError("%s should not have reached the handler" % name)


def test_a_cluster_that_is_not_there():
    equal(default_response(answer(None, b"\x00\x01\x00\x00\x00")), (0x00, status.UNSUPPORTED_CLUSTER))
    equal(default_response(answer(None, b"\x01\x01\x00")), (0x00, status.UNSUPPORTED_CLUSTER))
    equal(default_response(answer(None, b"\x00\x01\x00\x00\x00", refuse)), (0x00, status.UNSUPPORTED_CLUSTER))


def test_manufacturers():
    vendor = b"\x34\x12"
    equal(
        answer(meter(), b"\x04" + vendor + b"\x01\x00\x00\x00"),
        b"\x1c" + vendor + b"\x01\x0b\x00" + bytes((status.UNSUP_MANUF_GENERAL_COMMAND,)),
    )
    equal(
        answer(meter(), b"\x05" + vendor + b"\x01\x06", refuse),
        b"\x1c" + vendor + b"\x01\x0b\x06" + bytes((status.UNSUP_MANUF_CLUSTER_COMMAND,)),
    )
    equal(answer(meter(), b"\x04" + vendor + b"\x01\x0b\x00\x01"), None)


def test_the_wildcard_manufacturer_reads_standard_attributes():
    octets = answer(meter(), b"\x04\xff\xff\x01\x00\x14\x00")
    equal(octets, b"\x18\x01\x01\x14\x00\x00\x30\x02")


def test_a_default_response_is_never_answered():
    for octets in (b"\x00\x01\x0b\x00\x81", b"\x08\x01\x0b\x00\x00", b"\x00\x01\x0b", b"\x00\x01\x0b\x00"):
        equal(answer(meter(), octets), None)


def test_other_responses_are_acknowledged_when_that_is_asked_for():
    equal(default_response(answer(meter(), b"\x00\x01\x01\x00\x00\x86")), (0x01, status.SUCCESS))
    equal(answer(meter(), b"\x10\x01\x01\x00\x00\x86"), None)
    equal(default_response(answer(meter(), b"\x00\x01\x12\x01")), (0x12, status.SUCCESS))


def test_a_broadcast_is_never_answered():
    seen = []

    def handler(name, fields, received, time):
        seen.append(name)
        return status.FAILURE

    for octets in (b"\x00\x01\x00\x00\x00", b"\x00\x01\x30", b"\x01\x01\x77", b"\x01\x01\x05\x00\x00\x00\x00"):
        equal(answer(meter(), octets, handler, destination=BROADCAST), None)
    equal(seen, ["take_snapshot"])


def test_a_broadcast_report_is_taken():
    mirror = Attributes(METERING, "client")
    seen = []
    mirror.reported = lambda cluster, records, received, time: seen.append(records)
    equal(answer(mirror, foundation.report(METERING, [(0, 5)], 3), destination=BROADCAST), None)
    equal(seen, [[(0, UINT48, 5)]])


# -- commands of a cluster -----------------------------------------------------------------------------------


def test_a_command_is_answered_by_another():
    seen = []

    def handler(name, fields, received, time):
        seen.append((name, fields, received.source, time))
        return "request_fast_poll_mode_response", {"applied_update_period": 5, "fast_poll_mode_end_time": 100}

    octets = foundation.command(
        METERING, "request_fast_poll_mode", TO_SERVER, {"fast_poll_update_period": 2, "duration": 1}, 0x55
    )
    equal(octets, b"\x01\x55\x03\x02\x01")
    equal(answer(meter(), octets, handler, time=4), b"\x19\x55\x03\x05\x64\x00\x00\x00")
    equal(seen, [("request_fast_poll_mode", {"fast_poll_update_period": 2, "duration": 1}, PEER, 4)])


def test_a_command_to_a_client():
    def handler(name, fields, received, time):
        equal((name, fields), ("request_mirror", {}))
        return "request_mirror_response", {"end_point_id": 2}

    equal(answer(None, b"\x09\x01\x01", handler), b"\x11\x01\x01\x02\x00")


def test_a_status_is_answered_by_a_default_response():
    octets = b"\x01\x05\x05\x00\x00\x00\x00"
    ok = lambda name, fields, received, time: status.SUCCESS  # noqa: E731
    bad = lambda name, fields, received, time: status.NOT_FOUND  # noqa: E731
    quiet = lambda name, fields, received, time: None  # noqa: E731
    equal(answer(meter(), octets, ok), b"\x18\x05\x0b\x05\x00")
    equal(answer(meter(), b"\x11" + octets[1:], ok), None)
    equal(answer(meter(), b"\x11" + octets[1:], bad), b"\x18\x05\x0b\x05\x8b")
    equal(answer(meter(), octets, quiet), None)


def test_a_malformed_command_does_not_reach_the_handler():
    equal(default_response(answer(meter(), b"\x01\x05\x05\x00\x00", refuse)), (0x05, status.MALFORMED_COMMAND))


def test_longer_payloads_of_later_revisions_are_taken():
    seen = []
    handler = lambda name, fields, received, time: seen.append(fields)  # noqa: E731
    equal(answer(meter(), b"\x01\x05\x05\x01\x00\x00\x00\xaa", handler), None)
    equal(seen, [{"snapshot_cause": 1, "rest": b"\xaa"}])


def test_only_named_commands_are_taken():
    attributes = meter()
    attributes.received = ("get_profile",)
    equal(
        default_response(answer(attributes, b"\x01\x05\x05\x00\x00\x00\x00", refuse)),
        (0x05, status.UNSUP_CLUSTER_COMMAND),
    )


def test_an_error_of_the_handler_is_not_the_senders():
    def handler(name, fields, received, time):
        return "request_fast_poll_mode_response", {}

    raises(CodecError, answer, meter(), b"\x01\x01\x03\x02\x01", handler)


# -- discovery -----------------------------------------------------------------------------------------------


def test_discovery_of_attributes():
    octets = answer(meter(), request(commands.DISCOVER_ATTRIBUTES, (0, 2)))
    equal(octets[:3], b"\x18\x07\x0d")
    equal(foundation.parse_response(octets), (False, [(0, UINT48), (0x14, ENUM8)]))
    octets = answer(meter(), request(commands.DISCOVER_ATTRIBUTES, (0x15, 2)))
    equal(foundation.parse_response(octets), (True, [(0x400, INT24)]))
    octets = answer(meter(), request(commands.DISCOVER_ATTRIBUTES, (0x500, 2)))
    equal(foundation.parse_response(octets), (True, []))


def test_extended_discovery_tells_the_access():
    octets = answer(basic(), request(commands.DISCOVER_ATTRIBUTES_EXTENDED, (0, 9)), cluster=BASIC)
    equal(foundation.parse_response(octets), (True, [(0, UINT8, 1), (0x10, STRING, 3), (0x11, ENUM8, 3)]))


def test_discovery_of_commands():
    attributes = meter()
    attributes.received = ("get_snapshot", "get_profile", "get_sampled_data")
    attributes.generated = ("publish_snapshot", "get_profile_response")
    octets = answer(attributes, request(commands.DISCOVER_COMMANDS_RECEIVED, (0, 2)))
    equal(foundation.parse_response(octets), (False, [0x00, 0x06]))
    octets = answer(attributes, request(commands.DISCOVER_COMMANDS_RECEIVED, (7, 2)))
    equal(foundation.parse_response(octets), (True, [0x08]))
    octets = answer(attributes, request(commands.DISCOVER_COMMANDS_GENERATED, (0, 255)))
    equal(foundation.parse_response(octets), (True, [0x00, 0x06]))
    octets = answer(meter(), request(commands.DISCOVER_COMMANDS_GENERATED, (0, 255)))
    equal(foundation.parse_response(octets), (True, []))


# -- the client ----------------------------------------------------------------------------------------------


def test_reads_by_name():
    octets = foundation.read(DEVICE_MANAGEMENT, ["change_of_tenancy_update_date_time", "proposed_tenancy_change_control"], 0x21)
    equal(octets, b"\x00\x21\x00\x00\x02\x01\x02")
    raises(UnknownNameError, foundation.read, DEVICE_MANAGEMENT, ["change_of_heart"], 1)
    equal(foundation.read(METERING, [], 1), b"\x00\x01\x00")
    equal(foundation.read(METERING, (1, 2), 1), b"\x00\x01\x00\x01\x00\x02\x00")


def test_writes_by_name():
    equal(
        foundation.write(BASIC, [("location_description", "x")], 5),
        b"\x00\x05\x02\x10\x00\x42\x01x",
    )
    equal(
        foundation.write(BASIC, [("physical_environment", 1)], 5, command=commands.WRITE_ATTRIBUTES_NO_RESPONSE),
        b"\x00\x05\x05\x11\x00\x30\x01",
    )
    raises(CodecError, foundation.write, BASIC, [(0x7777, 1)], 5)


def test_requests_of_reporting():
    octets = foundation.configure_reporting(METERING, [("instantaneous_demand", 5, 60, 10), ("supply_status", 0, 60, None)], 1)
    equal(
        foundation.parse_response(octets),
        [(0, 0x400, INT24, 5, 60, 10), (0, 0x14, ENUM8, 0, 60, None)],
    )


def test_responses_that_cannot_be_read():
    raises(CodecError, foundation.parse_response, b"\x18")
    raises(CodecError, foundation.parse_response, b"\x18\x01\x01\x00")
    raises(CodecError, foundation.parse_response, b"\x19\x01\x01\x00")
    equal(foundation.parse(b"\x18\x01"), None)


def test_what_counts_as_an_answer():
    for octets, expected in (
        (b"\x18\x01\x01", True),
        (b"\x18\x01\x0b\x00\x00", True),
        (b"\x19\x01\x07", True),
        (b"\x00\x01\x00", False),
        (b"\x00\x01\x05", False),
        (b"\x08\x01\x0a", False),
        (b"\x00\x01\x33", False),
        (b"\x03\x01\x00", False),
    ):
        equal(bool(foundation.is_answer(Frame.decode(octets))), expected, repr(octets))


def test_server_and_client_understand_each_other():
    server = meter()
    names = ["current_summation_delivered", "instantaneous_demand", "supply_status", "status"]
    records = foundation.parse_response(answer(server, foundation.read(METERING, names, 1)))
    table = clusters.table(METERING)
    equal([table.attribute(record[0]).name for record in records], names)
    equal([record[3] for record in records], [12345, -500, 2, None])
    equal(Frame.decode(answer(server, b"\x01\x05\x05\x00\x00\x00\x00")).frame_type, GLOBAL)
    equal(Frame.decode(foundation.command(METERING, "take_snapshot", TO_SERVER, {"snapshot_cause": 1}, 2)).frame_type, CLUSTER)
