# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of gas readings: SECMP0015 on the simulated HAN, read as a supplier reads."""

from han.clock import from_iso, to_iso
from han.gbcs import cosem_time, envelope, gbz, protection, use_cases
from simulated import IDENTITIES, Han

SUPPLIER = "90b3d51f30010009"
BROKER = "90b3d51f30000009"
SECRETS = {SUPPLIER: bytes(range(32)).hex(), BROKER: bytes(range(32, 64)).hex()}
PARTIES = {
    SUPPLIER: {"role": use_cases.SUPPLIER, "secret": SECRETS[SUPPLIER]},
    BROKER: {"role": use_cases.ACCESS_CONTROL_BROKER, "secret": SECRETS[BROKER]},
}
GPF = bytes.fromhex(IDENTITIES["hub"])

# Read Attributes of GCS13a, GCS13c, GCS60a in GBZ form [GBCS 6.1]
REGISTER = (0x0074, b"\x01\x09\x01\x01\x07\x02\x00\x0b\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x00")
TARIFF = (0x00B6, b"\x01\x09\x01\x01\x07\x02\x00\x11\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x01\x02\x01\x04\x01\x06\x01")


class Supplier:
    """Sends reads to the GPF through the hub and opens the answers."""

    def __init__(self, han):
        self.han = han
        self.counter = 1000

    def read(self, command=REGISTER):
        """(time of the reading in ISO, clock status, answer) of a read now."""
        code, payload = command
        self.counter += 1
        message = envelope.Message(
            envelope.COMMAND, self.counter, bytes.fromhex(SUPPLIER), GPF, code, payload=payload, signature=b""
        )
        message.mac = protection.mac_of(bytes.fromhex(SECRETS[BROKER]), message)
        seen = len(self.han.of("gbcs"))
        self.han.do("hub", "gbcs", octets=envelope.encode(message).hex())
        answers = [event for event in self.han.of("gbcs")[seen:] if event["source"] != "chf" or event["destination"] is None]
        answer = envelope.decode(bytes.fromhex(answers[-1]["octets"]))
        assert answer.cra == envelope.RESPONSE
        utc = cosem_time.decode(answer.date_time)[0]
        return to_iso(utc), answer.date_time[11], answer


def han_with_supplier(**settings):
    hub = {"parties": PARTIES}
    hub.update(settings.pop("hub", {}))
    han = Han(hub=hub, **settings)
    han.do("gsme", "gas_flow", litres_per_hour=1000)
    return han, Supplier(han)


def test_at_0015_1_the_time_is_that_of_the_push_and_stays():
    han, supplier = han_with_supplier()
    han.run("10:17:00")
    time, clock_status, first = supplier.read()
    assert time == "2022-11-03T10:00:00Z"
    assert clock_status == 0x04
    han.run("10:29:59")
    time, clock_status, second = supplier.read()
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_at_0015_2_without_the_meters_time_the_proxy_stamps_when_it_stored():
    han, supplier = han_with_supplier()
    han.run("09:55:00")
    han.do("gsme", "time_report", on=False)
    han.run("10:17:00")
    time, clock_status, _ = supplier.read()
    assert time == "2022-11-03T10:00:00Z"
    assert clock_status == 0x00


def test_at_0015_3_an_unreliable_and_an_invalid_clock_are_told():
    han, supplier = han_with_supplier()
    han.run("09:55:00")
    han.do("gsme", "clock", status="unreliable")
    han.run("10:17:00")
    time, clock_status, _ = supplier.read()
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x06)
    han.do("gsme", "clock", status="invalid")
    han.run("10:50:00")
    _, clock_status, _ = supplier.read()
    assert clock_status & 0x05 == 0x05


def test_at_0015_6_missed_wakes_age_the_time():
    han, supplier = han_with_supplier()
    han.run("10:05:00")
    han.do("gsme", "link", on=False)
    han.run("11:05:00")
    time, clock_status, _ = supplier.read()
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_at_0015_7_the_time_survives_a_restart_of_the_proxy():
    han, supplier = han_with_supplier()
    han.run("10:05:00")
    han.do("hub", "power", on=False)
    han.run("10:07:00")
    han.do("hub", "power", on=True)
    han.run("10:08:00")
    time, clock_status, _ = supplier.read()
    assert (time, clock_status) == ("2022-11-03T10:00:00Z", 0x04)


def test_refreshing_one_register_set_leaves_the_other_alone():
    han, supplier = han_with_supplier()
    han.run("09:40:00")
    han.do("gsme", "gas_flow", litres_per_hour=0)
    han.run("11:05:00")
    # the tariff registers stand still and are not pushed again, the total is pushed each half hour
    assert supplier.read()[0] == "2022-11-03T11:00:00Z"
    assert supplier.read(TARIFF)[0] == "2022-11-03T10:00:00Z"


def test_a_register_never_pushed_has_an_invalid_time():
    han, supplier = han_with_supplier()
    time, clock_status, _ = supplier.read()
    assert clock_status & 0x01
    assert time != to_iso(from_iso("2022-11-03T09:00:00Z"))


def test_the_answer_carries_the_register_of_the_push():
    han, supplier = han_with_supplier()
    han.run("10:17:00")
    answer = supplier.read()[2]
    components = gbz.decode(answer.payload, answer.cra)
    assert components
    assert han.device("gpf").metering.get("current_summation_delivered") == 1000
