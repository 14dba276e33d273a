# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of gas readings: SECMP0015 on the simulated HAN, read as a supplier reads."""

from gas_supplier import PARTIES, REGISTER, TARIFF, Supplier
from han.clock import from_iso, to_iso
from han.gbcs import cosem_time, gbz
from simulated import Han


def read(supplier, command=REGISTER):
    """(time of the reading in ISO, clock status, answer) of a read now."""
    answer = supplier.read(command)
    return to_iso(cosem_time.decode(answer.date_time)[0]), answer.date_time[11], answer


def han_with_supplier(**settings):
    hub = {"parties": PARTIES}
    hub.update(settings.pop("hub", {}))
    han = Han(hub=hub, **settings)
    han.do("gsme", "gas_flow", litres_per_hour=1000)
    return han, Supplier(han)


def test_at_0015_1_the_time_is_that_of_the_push_and_stays():
    han, supplier = han_with_supplier()
    han.run("10:17:00")
    time, clock_status, first = read(supplier)
    assert time == "2022-11-03T10:00:00Z"
    assert clock_status == 0x04
    han.run("10:29:59")
    time, clock_status, second = read(supplier)
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_at_0015_2_without_the_meters_time_the_proxy_stamps_when_it_stored():
    han, supplier = han_with_supplier()
    han.run("09:55:00")
    han.do("gsme", "time_report", on=False)
    han.run("10:17:00")
    time, clock_status, _ = read(supplier)
    assert time == "2022-11-03T10:00:00Z"
    assert clock_status == 0x00


def test_at_0015_3_an_unreliable_and_an_invalid_clock_are_told():
    han, supplier = han_with_supplier()
    han.run("09:55:00")
    han.do("gsme", "clock", status="unreliable")
    han.run("10:17:00")
    time, clock_status, _ = read(supplier)
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x06)
    han.do("gsme", "clock", status="invalid")
    han.run("10:50:00")
    _, clock_status, _ = read(supplier)
    assert clock_status & 0x05 == 0x05


def test_at_0015_6_missed_wakes_age_the_time():
    han, supplier = han_with_supplier()
    han.run("10:05:00")
    han.do("gsme", "link", on=False)
    han.run("11:05:00")
    time, clock_status, _ = read(supplier)
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_at_0015_7_the_time_survives_a_restart_of_the_proxy():
    han, supplier = han_with_supplier()
    han.run("10:05:00")
    han.do("hub", "power", on=False)
    han.run("10:07:00")
    han.do("hub", "power", on=True)
    han.run("10:08:00")
    time, clock_status, _ = read(supplier)
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_refreshing_one_register_set_leaves_the_other_alone():
    han, supplier = han_with_supplier()
    han.run("09:40:00")
    han.do("gsme", "gas_flow", litres_per_hour=0)
    han.run("11:05:00")
    # the tariff registers stand still and are not pushed again, the total is pushed each half hour
    assert read(supplier)[0] == "2022-11-03T11:00:00Z"
    assert read(supplier, TARIFF)[0] == "2022-11-03T10:00:00Z"


def test_a_register_never_pushed_has_an_invalid_time():
    han, supplier = han_with_supplier()
    time, clock_status, _ = read(supplier)
    assert clock_status & 0x01
    assert time != to_iso(from_iso("2022-11-03T09:00:00Z"))


def test_the_answer_carries_the_register_of_the_push():
    han, supplier = han_with_supplier()
    han.run("10:17:00")
    answer = read(supplier)[2]
    components = gbz.decode(answer.payload, answer.cra)
    assert components
    assert han.device("gpf").metering.get("current_summation_delivered") == 1000


# Read Attributes of GCS60 and of GCS60a: the balance of credit mode and that of prepayment
BALANCE = b"\x01\x09\x02\x00\x07\x02\x00\x05\x00\x00\x00\x00\x0a\x01\x07\x05\x00\x05\x00\x01\x00\x01\x00"
GCS60, GCS60A = 0x008D, 0x012A


def test_at_0015_4_the_balance_with_and_without_its_time():
    han, supplier = han_with_supplier()
    han.run("10:17:00")
    plain, timed = supplier.read((GCS60, BALANCE)), supplier.read((GCS60A, BALANCE))
    assert (plain.message_code, timed.message_code) == (GCS60, GCS60A)
    assert plain.date_time is None
    assert cosem_time.decode(timed.date_time) == (from_iso("2022-11-03T10:00:00Z"), 0x04)
    assert records(plain) == records(timed)
    assert len(records(plain)) == 2


def records(message):
    """What the components of an answer say, whatever the form of the message."""
    found = gbz.decode(message.payload, message.cra, message.message_code).components
    return [(component.cluster, component.command, bytes(component.payload)) for component in found]
