# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ESME answers in DLMS, sent through the hub and its tunnel."""

from dlms_wan import ALL_PARTIES, NULL, OPERATOR, Wan, act, get, put
from han.clock import INVALID, RELIABLE, from_iso, to_iso
from han.gbcs import axdr, cosem_time, dlms, protected
from han.gbcs import cosem_places as places
from simulated import Han

MICROPYTHON_HEAP = "64M"
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400, "tenancy_poll": 600}

TENANCY = 0x0022  # ECS12
CLEAR = 0x0024  # ECS15a
VOLTAGE = 0x0039  # ECS23
REGISTERS = 0x0027  # ECS17b
REGISTER_COLLECTION = (protected.CLASS, b"\x00\x00\x2b\x02\x08\xff", protected.METHOD)
SET_VOLTAGE = 0x00D1  # ECS29c


def with_meter(**esme):
    esme["parties"] = ALL_PARTIES
    han = Han(hub={"parties": ALL_PARTIES}, esme=esme, ihd=QUIET)
    han.run("09:05:00")
    return han


def test_ecs12_sets_the_attributes_that_a_display_reads():
    han = with_meter()
    date = from_iso("2022-11-03T12:00:00Z")
    _, results = Wan(han).send(TENANCY, [put(places.RESTRICT_DATA)], [(axdr.OCTET_STRING, cosem_time.encode(date))])
    assert results == [0]
    management = han.device("esme").attributes(1, 0x0708)
    assert management.get("change_of_tenancy_update_date_time") == date
    assert management.get("proposed_tenancy_change_control") == 0x0200
    han.run("12:15:00")
    assert han.device("ihd").state()["erasures"]["electricity"] == 1


def test_ecs23_reads_counters_log_and_period():
    han = with_meter()
    han.do("esme", "voltage", volts=270)
    han.run("11:01:00")
    range_ = (from_iso("2022-11-03T10:00:00Z"), from_iso("2022-11-03T11:00:00Z"))
    data, results = Wan(han, OPERATOR).send(
        VOLTAGE,
        [
            get(places.UNDER_COUNTER_1),
            get(places.UNDER_COUNTER_UNIT_1),
            get(places.OVER_COUNTER_1),
            get(places.OVER_COUNTER_UNIT_1),
            get(places.VOLTAGE_LOG_1, range_),
            get(places.VOLTAGE_PERIOD_1),
        ],
        [NULL] * 6,
    )
    assert results == [0] * 6
    assert data[0] == (axdr.DOUBLE_LONG_UNSIGNED, 0)
    assert data[2] == (axdr.DOUBLE_LONG_UNSIGNED, 1)
    assert data[5] == (axdr.DOUBLE_LONG_UNSIGNED, 1800)
    entries = [(to_iso(utc)[11:16], volts) for utc, volts in data[4][1][1]]
    assert entries == [("10:00", 270), ("10:30", 270), ("11:00", 270)]


def test_ecs29c_writes_the_period_and_the_running_one_is_dropped():
    han = with_meter()
    han.run("10:41:00")
    conditions = [
        places.EXTREME_OVER_THRESHOLD,
        places.EXTREME_OVER_PERIOD,
        places.EXTREME_UNDER_THRESHOLD,
        places.EXTREME_UNDER_PERIOD,
        places.SAG_THRESHOLD,
        places.SAG_PERIOD,
        places.SWELL_THRESHOLD,
        places.SWELL_PERIOD,
        places.AVERAGE_OVER_THRESHOLD_1,
        places.AVERAGE_UNDER_THRESHOLD_1,
    ]
    values = [900, 280, 20, 170, 20, 210, 20, 250, 20, 260, 205]
    _, results = Wan(han, OPERATOR).send(
        SET_VOLTAGE,
        [put(place) for place in [places.VOLTAGE_PERIOD_1] + conditions],
        [(axdr.DOUBLE_LONG_UNSIGNED, value) for value in values],
    )
    assert results == [0] * 11
    han.run("11:35:00")
    stamps = [event["entry"]["utc"][11:16] for event in han.of("store", "esme") if "volts" in event["entry"]]
    assert stamps[-2:] == ["11:15", "11:30"]
    assert han.device("esme").excursions[0].conditions["swell"].threshold == 250000


def test_at_0015_5_every_answer_with_a_time_leaves_the_clock_status_unspecified():
    for status in ("reliable", "unreliable"):
        han = with_meter()
        han.do("esme", "clock", status=status)
        operator = Wan(han, OPERATOR)
        operator.send(VOLTAGE, [get(places.VOLTAGE_PERIOD_1)], [NULL])
        assert_unspecified(operator.answer, han)
        supplier = Wan(han)
        transaction = b"\x04" + (supplier.counter + 1).to_bytes(8, "big")
        parties = protected.parameters(transaction, bytes.fromhex(supplier.party), supplier.recipient)
        wanted = (axdr.STRUCTURE, [(axdr.ARRAY, [protected.object_wanted(*places.IMPORT_REGISTERS)]), parties])
        _, results = supplier.send(REGISTERS, [act(REGISTER_COLLECTION)], [wanted])
        assert results == [0]
        assert_unspecified(supplier.answer, han)


def assert_unspecified(answer, han):
    utc, clock_status = cosem_time.decode(answer.date_time)
    assert abs(utc - han.utc()) < 10
    assert clock_status == cosem_time.NOT_SPECIFIED == 0xFF


def test_ecs15a_clears_the_event_log_and_leaves_the_security_log():
    han = with_meter()
    logs = han.device("esme").event_logs
    logs.record(han.utc(), 0x8145)
    logs.record(han.utc(), 0x8F0C)
    _, results = Wan(han).send(CLEAR, [act(places.CLEAR_EVENT_LOG)], [(axdr.INTEGER, 0)])
    assert results == [0]
    assert 0x8145 not in [code for _, code, _ in logs.entries(3)]
    assert [code for _, code, _ in logs.entries(4)] == [0x8F0C, 0x8F52]


def test_after_the_first_failure_nothing_is_executed():
    han = with_meter()
    unknown = (1, b"\x00\x00\x00\x00\x00\x01", 2)
    _, results = Wan(han, OPERATOR).send(
        VOLTAGE, [get(places.VOLTAGE_PERIOD_1), get(unknown), get(places.OVER_COUNTER_1)], [NULL] * 3
    )
    assert results == [0, 4, 250]


def test_ecs70_sets_the_clock_inside_the_interval_only():
    han = with_meter()
    meter = han.device("esme")
    han.do("esme", "clock", status="invalid")

    def set_clock(start, end):
        limits = [cosem_time.encode(None), cosem_time.encode(start), cosem_time.encode(end)]
        apdu = dlms.AccessRequest(
            dlms.invoke_id(1),
            [
                put(places.TIME_CLOCK_BASE),
                act(places.TIME_PRESET),
                act(places.TIME_ADJUST),
                get(places.TIME_VALUE),
                get(places.TIME_STATUS),
            ],
            [
                (axdr.ENUM, 5),
                (axdr.STRUCTURE, [(axdr.OCTET_STRING, octets) for octets in limits]),
                (axdr.INTEGER, 0),
                NULL,
                NULL,
            ],
        )
        return answered(meter, apdu, han)

    data, results = set_clock(han.utc() + 100, han.utc() + 200)
    assert results == [0] * 5
    assert data[4] == (axdr.UNSIGNED, INVALID)
    data, results = set_clock(han.utc() - 100, han.utc() + 200)
    assert data[4] == (axdr.UNSIGNED, RELIABLE)
    assert cosem_time.decode(data[3][1])[0] == han.utc()


def answered(meter, apdu, han):
    """What the meter's objects answer to an access request, past the checks of the message around it."""
    from han.gbcs import dlms_answer

    class Holder:
        pass

    request = Holder()
    request.content = apdu
    meter.now = han.utc()
    response = dlms.decode(dlms_answer.answer(meter.server, request, None))
    return response.data, [result for _, result in response.results]
