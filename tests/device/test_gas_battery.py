# SPDX-License-Identifier: GPL-3.0-or-later
"""The battery of the gas meter: what remains, low capacity, loss of power (REQ-GSME-7)."""

from han.clock import DAY
from han.devices import events
from simulated import Han

MICROPYTHON_HEAP = "64M"
REMAINING = 0x0205


def with_gas(**gsme):
    return Han(boards=("hub", "gsme"), gsme=gsme)


def codes(han):
    return [event["code"] for event in han.of("alert", "gsme")]


def remaining(han, role="gsme"):
    device = han.device(role)
    return device.metering.get("remaining_battery_life_in_days")


def test_a_day_costs_a_day_and_the_proxy_is_told():
    han = with_gas()
    han.run(60)
    assert (remaining(han), remaining(han, "gpf")) == (3650, 3650)
    han.run(2 * DAY + 3600)
    assert (remaining(han), remaining(han, "gpf")) == (3648, 3648)


def test_a_low_battery_is_told_once():
    han = with_gas(battery=181)
    han.run(DAY - 60)
    assert codes(han) == []
    han.run(3 * DAY)
    assert codes(han) == ["8f1f"]
    assert 0x8F1F in [code for _, code, _ in han.device("gsme").event_logs.entries(events.GENERAL)]


def test_a_new_battery_may_become_low_again():
    han = with_gas()
    for days, wanted in ((100, ["8f1f"]), (90, ["8f1f"]), (3650, ["8f1f", "8f82"]), (180, ["8f1f", "8f82", "8f1f"])):
        han.do("gsme", "battery", days=days)
        han.run(1800)
        assert codes(han) == wanted
        assert remaining(han, "gpf") == days


def test_a_loss_of_power_is_told_and_what_remains_is_known():
    han = with_gas()
    han.do("gsme", "battery", days=1000)
    han.run(DAY)
    han.do("gsme", "power", on=False)
    han.run(DAY)
    han.do("gsme", "power", on=True)
    han.run(60)
    assert codes(han) == ["8f1d"]
    assert remaining(han) == 998


def test_nothing_is_counted_without_a_time():
    han = with_gas(clock="invalid")
    han.run(3 * DAY)
    assert remaining(han) == 3650
