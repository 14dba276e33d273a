# SPDX-License-Identifier: GPL-3.0-or-later
"""Meters' clocks: compared with the hub's, adjusted, set within an interval (REQ-CLK-1 to 5)."""

from han.clock import INVALID, RELIABLE, UNRELIABLE
from simulated import Han

MICROPYTHON_HEAP = "32M"
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}


def codes(han, role):
    device = han.device(role)
    return [code for log in (3, 4) for _, code, _ in device.event_logs.entries(log)]


def test_a_small_difference_is_adjusted_and_logged():
    for role in ("esme", "gsme"):
        han = Han(ihd=QUIET)
        han.run(60)
        han.do(role, "clock", step=8)
        han.run("2022-11-04T10:00:00Z")
        assert han.device(role).clock.utc(han.utc()) == han.utc()
        assert codes(han, role) == [0x8145]
        assert not han.of("alert", role)


def test_a_large_difference_is_not_adjusted_but_told():
    for role in ("esme", "gsme"):
        han = Han(ihd=QUIET)
        han.run(60)
        han.do(role, "clock", step=-11)
        han.run("2022-11-04T10:00:00Z")
        assert han.device(role).clock.utc(han.utc()) == han.utc() - 11
        assert 0x8F0C in codes(han, role)
        assert "8f0c" in [event["code"] for event in han.of("alert", role)]
        assert 0x8F0C in [code for _, code, _ in han.device(role).event_logs.entries(4)]


def test_a_hub_that_is_not_synchronised_adjusts_nobody():
    han = Han(ihd=QUIET, hub={"clock": "unreliable"})
    han.run(60)
    han.do("esme", "clock", step=8)
    han.run("2022-11-04T10:00:00Z")
    assert han.device("esme").clock.utc(han.utc()) == han.utc() + 8


def set_clock(han, start, end):
    meter = han.device("esme")
    meter.now = han.utc()
    meter.timekeeper.set_now(start, end, han.utc())
    return meter.utc(), meter.clock.status


def test_set_clock_takes_the_hubs_time_only_inside_the_interval():
    han = Han(ihd=QUIET)
    han.run(60)
    han.do("esme", "clock", status="invalid")
    assert set_clock(han, han.utc() - 100, han.utc() - 50) == (None, INVALID)
    utc, status = set_clock(han, han.utc() - 10, han.utc() + 10)
    assert status == RELIABLE
    assert abs(utc - han.utc()) <= 10

    han.do("esme", "clock", status="unreliable", step=500)
    utc, status = set_clock(han, han.utc() + 100, han.utc() + 200)
    assert status == UNRELIABLE
