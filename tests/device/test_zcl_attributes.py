# SPDX-License-Identifier: GPL-3.0-or-later
"""What a side of a cluster holds, and when its attributes are reported."""

from han.errors import CodecError, UnknownNameError
from han.message import Message
from han.zcl import commands, foundation, reporting, status
from han.zcl.attributes import Attributes
from han.zcl.frame import GLOBAL, TO_CLIENT, Frame
from support import equal, raises

METERING = 0x0702
UINT48 = 0x25
INT24 = 0x2A
ENUM8 = 0x30
SUMMATION = 0x0000
SUPPLY = 0x0014
DEMAND = 0x0400


def test_values_by_name_and_identifier():
    attributes = Attributes(METERING)
    attributes.set("current_summation_delivered", 1 << 47)
    equal(attributes.get(SUMMATION), 1 << 47)
    attributes.set(DEMAND, None)
    equal(attributes.get("instantaneous_demand", 5), None)
    equal(attributes.get("supply_status", 5), 5)
    equal(attributes.identifiers(), [SUMMATION, DEMAND])
    equal((attributes.has("supply_status"), attributes.has(DEMAND)), (False, True))
    equal(attributes.name(DEMAND), "instantaneous_demand")
    equal(attributes.name(0x7777), None)
    attributes.remove(DEMAND)
    equal(attributes.record(DEMAND), (status.UNSUPPORTED_ATTRIBUTE, None, None))


def test_values_that_do_not_fit_are_refused():
    attributes = Attributes(METERING)
    raises(CodecError, attributes.set, "supply_status", 256)
    raises(CodecError, attributes.set, "supply_status", "on")
    raises(CodecError, attributes.set, 0x7777, 1)
    raises(UnknownNameError, attributes.set, "supply", 1)
    equal(attributes.identifiers(), [])


def test_another_type_than_the_tables():
    attributes = Attributes(METERING)
    attributes.set("supply_status", 2, 0x21)
    equal(attributes.record(SUPPLY), (0, 0x21, 2))
    attributes.set("supply_status", 300)
    equal(attributes.record(SUPPLY), (0, 0x21, 300))
    attributes.set(0x7777, 1, 0x20)
    equal(attributes.record(0x7777), (0, 0x20, 1))


def test_readers_give_the_present_value():
    attributes = Attributes(METERING)
    values = [1, 2]
    attributes.reader("current_summation_delivered", values.pop)
    equal(attributes.get("current_summation_delivered"), 2)
    equal(attributes.record(SUMMATION), (0, UINT48, 1))
    equal(attributes.identifiers(), [SUMMATION])


# -- reporting -----------------------------------------------------------------------------------------------


def configure(attributes, settings, time=0):
    octets = foundation.configure_reporting(METERING, settings, 1)
    reply = foundation.answer(attributes, Message(b"", b"", 1, 1, METERING, octets), None, time)
    return foundation.parse_response(reply)


def settings_of(attributes, records):
    octets = Frame(
        GLOBAL, commands.READ_REPORTING_CONFIGURATION, commands.encode(commands.READ_REPORTING_CONFIGURATION, records)
    ).encode()
    return foundation.parse_response(foundation.answer(attributes, Message(b"", b"", 1, 1, METERING, octets)))


def meter():
    attributes = Attributes(METERING)
    attributes.set("current_summation_delivered", 100)
    attributes.set("supply_status", 2)
    attributes.set("instantaneous_demand", 0)
    attributes.reports()
    return attributes


def test_periodic_reports():
    attributes = meter()
    equal(configure(attributes, [("supply_status", 0, 60, None)], time=1000), [])
    engine = attributes.reporting
    equal(engine.deadline(), 1060)
    equal(engine.records(1059), [])
    equal(engine.records(1060), [(SUPPLY, ENUM8, 2)])
    equal(engine.records(1060), [])
    equal(engine.deadline(), 1120)


def test_a_change_waits_for_the_minimum_interval():
    attributes = meter()
    configure(attributes, [("supply_status", 10, 60, None)])
    attributes.set("supply_status", 0)
    engine = attributes.reporting
    equal(engine.deadline(), 10)
    equal(engine.records(9), [])
    equal(engine.records(10), [(SUPPLY, ENUM8, 0)])
    equal(engine.deadline(), 70)


def test_no_minimum_interval_reports_a_change_at_once():
    attributes = meter()
    configure(attributes, [("supply_status", 0, 60, None)])
    attributes.set("supply_status", 0)
    equal(attributes.reporting.records(0), [(SUPPLY, ENUM8, 0)])


def test_a_change_smaller_than_the_reportable_one_waits_for_the_period():
    attributes = meter()
    configure(attributes, [("instantaneous_demand", 0, 60, 50)])
    engine = attributes.reporting
    attributes.set("instantaneous_demand", -49)
    equal(engine.records(5), [])
    attributes.set("instantaneous_demand", -50)
    equal(engine.records(6), [(DEMAND, INT24, -50)])
    attributes.set("instantaneous_demand", None)
    equal(engine.records(7), [(DEMAND, INT24, None)])
    equal(engine.records(67), [(DEMAND, INT24, None)])


def test_a_period_of_zero_reports_changes_alone():
    attributes = meter()
    configure(attributes, [("current_summation_delivered", 1, 0, 1)])
    engine = attributes.reporting
    equal(engine.deadline(), None)
    equal(engine.records(100000), [])
    attributes.set("current_summation_delivered", 101)
    equal(engine.records(100000), [(SUMMATION, UINT48, 101)])


def test_the_stopping_period():
    attributes = meter()
    configure(attributes, [("supply_status", 0, 60, None), ("instantaneous_demand", 0, 60, 1)])
    equal(configure(attributes, [("supply_status", 0, reporting.STOPPED, None)]), [])
    equal(attributes.reporting.due(60), [DEMAND])
    equal(settings_of(attributes, [(0, SUPPLY)]), [(status.NOT_FOUND, 0, SUPPLY)])


def test_several_attributes_share_a_report():
    attributes = meter()
    configure(attributes, [("instantaneous_demand", 0, 60, 1), ("supply_status", 0, 60, None)])
    equal([record[0] for record in attributes.reporting.records(60)], [SUPPLY, DEMAND])


def test_configurations_that_are_refused():
    attributes = meter()
    equal(configure(attributes, [("supply_status", 61, 60, None)]), [(status.INVALID_VALUE, 0, SUPPLY)])
    equal(configure(attributes, [(0x0001, 0, 60, 1)]), [(status.UNSUPPORTED_ATTRIBUTE, 0, 1)])
    attributes.set("status", 1, 0x19)
    equal(configure(attributes, [("status", 0, 60, None)]), [(status.INVALID_DATA_TYPE, 0, 0x200)])
    equal(attributes.reporting.deadline(), None)
    silent = Attributes(METERING)
    silent.set("supply_status", 2)
    equal(configure(silent, [("supply_status", 0, 60, None)]), [(status.UNREPORTABLE_ATTRIBUTE, 0, SUPPLY)])
    equal(settings_of(silent, [(0, SUPPLY)]), [(status.UNREPORTABLE_ATTRIBUTE, 0, SUPPLY)])


def test_settings_are_read_back():
    attributes = meter()
    configure(attributes, [("instantaneous_demand", 5, 60, 10)])
    equal(
        settings_of(attributes, [(0, DEMAND), (0, SUPPLY), (0, 0x7777)]),
        [
            (0, 0, DEMAND, INT24, 5, 60, 10),
            (status.NOT_FOUND, 0, SUPPLY),
            (status.UNSUPPORTED_ATTRIBUTE, 0, 0x7777),
        ],
    )


def test_reports_that_are_promised():
    display = Attributes(METERING, "client")
    payload = commands.encode(commands.CONFIGURE_REPORTING, [(1, DEMAND, 900)])
    octets = Frame(GLOBAL, commands.CONFIGURE_REPORTING, payload, 1, TO_CLIENT).encode()
    received = Message(b"", b"", 1, 1, METERING, octets)
    equal(foundation.parse_response(foundation.answer(display, received)), [(status.UNREPORTABLE_ATTRIBUTE, 1, DEMAND)])
    display.reported = lambda cluster, records, received, time: status.SUCCESS
    equal(foundation.parse_response(foundation.answer(display, received)), [])
    equal(display.reporting.expected, {DEMAND: 900})
    equal(settings_of(display, [(1, DEMAND), (1, 0)]), [(0, 1, DEMAND, 900), (status.NOT_FOUND, 1, 0)])


def test_a_direction_that_does_not_exist_is_refused():
    octets = b"\x00\x01\x06\x02\x00\x00\x84\x03"
    reply = foundation.answer(meter(), Message(b"", b"", 1, 1, METERING, octets))
    equal(foundation.parse_response(reply), [(status.INVALID_FIELD, 2, 0)])
