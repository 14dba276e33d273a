# SPDX-License-Identifier: GPL-3.0-or-later
"""Load limit, outages and maximum demand of the electricity meter (REQ-ESME-3, 4, 8)."""

from han.clock import from_iso
from han.devices import events
from simulated import IDENTITIES, Han

MICROPYTHON_HEAP = "64M"
LIMIT = {"watts": 5000, "restoration": 600, "disables": True}
CLEAR_CONSUMER_DATA = 0x0200


def with_meter(**esme):
    return Han(boards=("hub", "esme"), esme=esme)


def told(han):
    """(UTC, code) of the meter's alerts."""
    return [(event["time"], event["code"]) for event in han.of("alert", "esme")]


def codes(han):
    return [code for _, code in told(han)]


# --- load limit ------------------------------------------------------------------------------------------------


def test_at_esme_3_import_above_the_limit_for_thirty_seconds_is_told():
    han = with_meter(load_limit={"watts": 5000})
    han.do("esme", "load", watts=6000)
    start = han.utc()
    han.run(29)
    assert codes(han) == []
    han.run(600)
    assert told(han) == [(start + 30, "8f01")]
    assert han.device("esme").account.supply_is_on()
    assert han.device("esme").supply.limit.counter == 1


def test_an_interruption_starts_the_thirty_seconds_anew():
    han = with_meter(load_limit={"watts": 5000})
    for watts in (6000, 5000, 6000):
        han.do("esme", "load", watts=watts)
        han.run(25)
    assert codes(han) == []
    han.run(10)
    assert codes(han) == ["8f01"]


def test_a_ramp_is_told_thirty_seconds_after_it_crossed_the_limit():
    han = with_meter(load_limit={"watts": 5000})
    start = han.utc()
    han.do("esme", "load", watts=4000, to=6000, over=2000)
    han.run(1500)
    assert told(han) == [(start + 1001 + 30, "8f01")]


def test_at_esme_3_the_supply_goes_off_and_comes_back():
    han = with_meter(load_limit=LIMIT)
    meter = han.device("esme")
    start = han.utc()
    han.do("esme", "load", watts=6000)
    han.run(100)
    assert told(han) == [(start + 30, "8f01"), (start + 30, "8f33")]
    assert [event["status"] for event in han.of("supply", "esme")] == ["off", "armed"]
    used = meter.watt_hours()
    han.do("esme", "load", watts=1000)
    han.run(300)
    assert meter.watt_hours() == used == 6000 * 30 // 3600
    han.run(400)
    assert told(han)[2:] == [(start + 630, "8f34")]
    assert meter.account.supply_is_on()
    han.do("esme", "load", watts=1000)
    assert meter.watt_hours() > used


def test_a_load_that_stays_above_the_limit_is_disabled_again():
    han = with_meter(load_limit=LIMIT)
    han.do("esme", "load", watts=6000)
    han.run(30 + 600 + 31)
    assert codes(han) == ["8f01", "8f33", "8f34", "8f01", "8f33"]


def test_a_supply_enabled_by_hand_is_not_restored_again():
    han = with_meter(load_limit=LIMIT)
    han.do("esme", "load", watts=6000)
    han.run(60)
    han.do("esme", "load", watts=100)
    han.device("esme").account.enable_supply()
    han.run(2000)
    assert codes(han) == ["8f01", "8f33"]


def test_a_loss_of_power_does_not_forget_to_restore():
    han = with_meter(load_limit=LIMIT)
    start = han.utc()
    han.do("esme", "load", watts=6000)
    han.run(60)
    han.do("esme", "load", watts=100)
    han.do("esme", "power", on=False)
    han.run(60)
    han.do("esme", "power", on=True)
    assert not han.device("esme").account.supply_is_on()
    han.run(800)
    assert told(han)[2:] == [(start + 120, "8f35"), (start + 630, "8f34")]


# --- outages ---------------------------------------------------------------------------------------------------


def outage(han, seconds):
    han.do("esme", "power", on=False)
    han.run(seconds)
    han.do("esme", "power", on=True)
    han.run(300)


def test_at_esme_4_outages_of_less_and_of_more_than_three_minutes():
    han = with_meter()
    han.run(60)
    for seconds, code in ((179, "8f35"), (180, "8f36"), (4000, "8f36")):
        seen = len(told(han))
        outage(han, seconds)
        assert codes(han)[seen:] == [code], seconds


def test_the_first_start_is_no_outage():
    han = with_meter()
    han.run(3600)
    assert codes(han) == []


def test_an_outage_that_nobody_saw_begin_is_told_without_its_length():
    han = with_meter()
    meter = han.device("esme")
    han.run(60)
    meter.start(han.utc())
    assert [code for _, code, _ in meter.event_logs.entries(events.GENERAL)] == [0x8F35]


def test_a_phase_alone():
    han = with_meter(phases=3)
    han.run(60)
    for phase, seconds in ((1, 100), (2, 200), (3, 100)):
        han.do("esme", "voltage", volts=0, phase=phase)
        han.run(seconds)
        han.do("esme", "voltage", volts=240, phase=phase)
        han.run(10)
    restored = [code for code in codes(han) if code.startswith("8f3")]
    assert restored == ["8f37", "8f3a", "8f3b"]


# --- maximum demand --------------------------------------------------------------------------------------------


def maximum(han):
    metering = han.device("esme").attributes(1, 0x0702)
    return metering.record(0x0002)[2], metering.record(0x0008)[2]


def test_at_esme_8_the_greatest_half_hour_on_the_grid():
    han = Han(start="2022-11-03T09:10:00Z", boards=("hub", "esme"))
    assert maximum(han) == (None, None)
    for watts, until in ((1000, "10:00:00"), (3000, "10:15:00"), (1000, "10:40:00"), (9000, "10:45:00"), (0, "11:31:00")):
        han.do("esme", "load", watts=watts)
        han.run(until)
    # 10:00 to 10:30 had a mean of 2000 W, 10:30 to 11:00 one of 1833 W
    assert maximum(han) == (2000, from_iso("2022-11-03T10:30:00Z"))
    seen = [(event["value"], event["utc"]) for event in han.of("metrology", "esme") if event["name"] == "maximum_demand"]
    assert seen[-1] == (2000, "2022-11-03T10:30:00Z")
    stamps = [from_iso(utc) % 1800 for _, utc in seen]
    assert stamps == [0] * len(seen)


def test_the_maximum_outlives_a_loss_of_power():
    han = with_meter()
    han.do("esme", "load", watts=2000)
    han.run("09:31:00")
    outage(han, 60)
    han.run("10:31:00")
    assert maximum(han)[1] == from_iso("2022-11-03T09:30:00Z")


def test_a_former_occupiers_maximum_is_not_for_the_han():
    han = with_meter()
    han.do("esme", "load", watts=4000)
    han.run("10:31:00")
    han.do("esme", "load", watts=1000)
    han.do("esme", "change_of_tenancy", date=from_iso("2022-11-03T10:31:00Z"), control=CLEAR_CONSUMER_DATA)
    assert maximum(han) == (None, None)
    han.run("11:31:00")
    assert maximum(han) == (1000, from_iso("2022-11-03T11:30:00Z"))
    assert han.device("esme").supply.demand.greatest == (4000, from_iso("2022-11-03T09:30:00Z"))


def test_the_outage_alert_goes_to_the_network_operator():
    from han.gbcs import cosem_time, dlms, envelope

    operator = "90b3d51f30020009"
    parties = {operator: {"role": 3, "secret": bytes(range(32)).hex()}}
    settings = {"parties": parties, "signing_key": (bytes(31) + b"\x09").hex()}
    han = Han(boards=("hub", "esme"), hub={"parties": parties}, esme=settings)
    han.run(300)
    began = han.utc()
    outage(han, 400)
    (octets,) = [event["octets"] for event in han.of("gbcs")]
    alert = envelope.decode(bytes.fromhex(octets))
    assert (alert.message_code, alert.recipient.hex(), alert.originator.hex()) == (0x0067, operator, IDENTITIES["esme"])
    body = dlms.decode(alert.payload).body[1]
    assert body[0][1] == 0x8F36
    assert [cosem_time.decode(time[1])[0] for time in body[2:]] == [began, began + 400]
