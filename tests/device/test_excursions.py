# SPDX-License-Identifier: GPL-3.0-or-later
"""Sag, swell and extreme voltage on the simulated meter (REQ-ESME-V1)."""

from han.devices.metrology import Feed
from simulated import Han

QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}


def alerts(han):
    return [(event["time"] - han.start, event["code"]) for event in han.of("alert", "esme")]


def test_a_swell_that_lasts_is_told_and_its_end_too():
    han = Han(ihd=QUIET)
    han.run(100)
    han.do("esme", "voltage", volts=255)
    han.run(200)
    han.do("esme", "voltage", volts=240)
    han.run(100)
    assert alerts(han) == [(131, "8024"), (331, "8091")]


def test_a_short_one_is_not_told():
    han = Han(ihd=QUIET)
    han.run(100)
    han.do("esme", "voltage", volts=255)
    han.run(30)
    han.do("esme", "voltage", volts=240)
    han.run(300)
    assert alerts(han) == []


def test_a_ramp_crosses_swell_then_extreme():
    han = Han(ihd=QUIET)
    han.run(100)
    han.do("esme", "voltage", volts=230, to=290, over=600)
    han.run(1000)
    # above 253 V from second 231 of the ramp, above 287 V from second 571
    assert alerts(han) == [(100 + 231 + 31, "8024"), (100 + 571 + 31, "8020")]


def test_sag_and_extreme_under_on_one_phase_of_three():
    han = Han(ihd=QUIET, esme={"phases": 3})
    han.run(100)
    han.do("esme", "voltage", volts=170, phase=2)
    han.run(100)
    assert sorted([code for _, code in alerts(han)]) == ["802a", "802e"]


def test_crossings_are_those_that_a_look_at_every_second_finds():
    for threshold, side in ((1100, 1), (900, -1), (1399, 1), (601, -1)):
        feed = Feed(0)
        feed.total(0)
        feed.swing(10, 1000, 400, 100)
        looked = Feed(0)
        looked.total(0)
        looked.swing(10, 1000, 400, 100)
        beyond = [(looked.now(second) - threshold) * side > 0 for second in range(10, 300)]
        changes = [10 + at for at in range(1, len(beyond)) if beyond[at] != beyond[at - 1]]
        found = []
        time = 10
        while len(found) < len(changes):
            time = feed.crosses(time, threshold, side)
            found.append(time)
        assert found == changes, (threshold, side)
