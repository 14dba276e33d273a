# SPDX-License-Identifier: GPL-3.0-or-later
"""Change of tenancy on the HAN: SECMP0056 on the simulated HAN."""

from han.clock import DAY, from_iso
from simulated import Han

MICROPYTHON_HEAP = "64M"  # every frame of some hours is kept

CLEAR_CONSUMER_DATA = 0x0200


def lived_in(**settings):
    """A HAN on which both fuels were used for an hour."""
    han = Han(**settings)
    han.do("esme", "load", watts=1000)
    han.do("gsme", "gas_flow", litres_per_hour=2000)
    han.run("10:40:00")
    return han


def erasures(han):
    return han.device("ihd").state()["erasures"]


def move_gas(han, date, event=None):
    """What GCS09 asks of the GPF."""
    proxy = han.device("gpf")
    proxy.now = han.utc()
    fields = {
        "provider_id": 0,
        "issuer_event_id": han.utc() if event is None else event,
        "tariff_type": 0,
        "implementation_date_time": date,
        "proposed_tenancy_change_control": CLEAR_CONSUMER_DATA,
    }
    return proxy.gbcs_command(0x0708, "publish_change_of_tenancy", fields, None)


def test_at_0056_1_factory_state_reads_the_defaults():
    han = Han()
    han.run("09:10:00")
    for role, endpoint in (("esme", 1), ("gpf", 1)):
        management = han.device(role).attributes(endpoint, 0x0708)
        assert management.record(0x0200) == (0, 0xE2, None)
        assert management.record(0x0201) == (0, 0x1B, 0)


def test_at_0056_2_history_is_intact_until_the_minute_and_gone_after_it():
    han = lived_in()
    date = han.utc() + 60
    han.do("esme", "change_of_tenancy", date=date, control=CLEAR_CONSUMER_DATA)
    management = han.device("esme").attributes(1, 0x0708)
    assert management.get("change_of_tenancy_update_date_time") == date
    han.run("10:40:59")
    assert han.screen()["electricity_today"] > 1000
    assert erasures(han)["electricity"] == 0
    han.run("11:11:30")
    assert erasures(han)["electricity"] == 1
    assert han.screen()["electricity_today"] <= 510


def test_at_0056_5_same_date_once_later_again_earlier_not():
    han = lived_in()
    first = han.utc() - DAY
    counts = []
    for date in (first, first, first + 3600, first + 1800, None):
        han.do("esme", "change_of_tenancy", date=date, control=CLEAR_CONSUMER_DATA)
        han.run(3700)
        counts.append(erasures(han)["electricity"])
    assert counts == [1, 1, 2, 2, 2]


def test_at_0056_6_one_fuel_leaves_the_other_alone():
    han = lived_in()
    before = han.screen()["electricity_today"]
    move_gas(han, han.utc() - DAY)
    han.run(3700)
    assert erasures(han) == {"electricity": 0, "gas": 1}
    assert han.screen()["electricity_today"] > before
    before = han.screen()["gas_today"]
    han.do("esme", "change_of_tenancy", date=han.utc() - DAY, control=CLEAR_CONSUMER_DATA)
    han.run(3700)
    assert erasures(han) == {"electricity": 1, "gas": 1}
    assert han.screen()["gas_today"] > before > 0


def test_at_0056_10_a_meter_from_before_the_change():
    han = lived_in(esme={"change_of_tenancy": False})
    state = han.device("ihd").state()
    assert state["tenancy_supported"]["electricity"] is False
    assert state["tenancy_supported"]["gas"] is True
    assert han.screen()["electricity_today"] > 1000


def test_an_older_event_changes_nothing():
    han = lived_in()
    date = han.utc() + 3600
    assert move_gas(han, date, event=1000) == 0
    assert move_gas(han, date + 10, event=999) == 0
    management = han.device("gpf").attributes(1, 0x0708)
    assert management.get("change_of_tenancy_update_date_time") == date


def test_a_cancellation_names_what_it_cancels():
    han = lived_in()
    date = han.utc() + 3600
    move_gas(han, date, event=1000)
    assert move_gas(han, None, event=1001) == 0x8B
    assert move_gas(han, None, event=1000) == 0
    management = han.device("gpf").attributes(1, 0x0708)
    assert management.get("change_of_tenancy_update_date_time") is None
    assert management.get("proposed_tenancy_change_control") == 0


def test_what_is_read_again_starts_at_the_date():
    han = lived_in()
    date = from_iso("2022-11-03T10:30:00Z")
    move_gas(han, date)
    han.run("11:32:00")
    today = han.screen()["gas_today"]
    # 2 m3 an hour are about 22.4 kWh: after the date only what came after it may show
    assert today is not None and today <= 23000
    assert han.device("gpf").energy.total("day", 0) > 50000


def test_a_display_that_was_away_asks_for_the_tenancy_first():
    han = lived_in()
    han.do("ihd", "link", on=False)
    han.run("11:00:00")
    assert han.screen()["electricity_power"] is None
    han.do("esme", "change_of_tenancy", date=han.utc() - 60, control=CLEAR_CONSUMER_DATA)
    han.run("11:20:00")
    seen = len(han.frames)
    han.do("ihd", "link", on=True)
    han.run("11:40:00")
    asked = [frame for frame in han.frames[seen:] if frame[1] == "ihd" and frame[2] == "esme"]
    assert asked[0][3] == 0x0708
    assert erasures(han)["electricity"] == 1


def test_power_lost_while_erasing():
    han = lived_in()
    display = han.device("ihd")
    fuel = display.fuels[0]
    fuel.keep()
    fuel.values.set("erasing_electricity", han.utc() - 60)  # the mark is there, the data too: power went between
    han.do("ihd", "power", on=False)
    han.do("ihd", "power", on=True)
    assert display.screen()["electricity_today"] is None
    assert fuel.values.get("memory_electricity") == {}
    assert erasures(han)["electricity"] == 1
