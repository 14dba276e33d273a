# SPDX-License-Identifier: GPL-3.0-or-later
"""A week of a bad air: what the gas proxy holds is what the meter has, all the same."""

from han.clock import DAY
from simulated import Han
from support import equal

MICROPYTHON_HEAP = "64M"

QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}
BAD_AIR = {"loss": 0.3, "duplicates": 0.2, "reorder": 0.2}
METERING = 0x0702
REQUEST_MIRROR_RESPONSE = 0x01
GOOD_AIR = {"loss": 0, "duplicates": 0, "reorder": 0}


def weather(han, conditions):
    air = han.simulation.air
    air.loss, air.duplicates, air.reorder = [conditions[name] for name in ("loss", "duplicates", "reorder")]


def a_week_of(seed):
    """A HAN set up on a bad air, after a week on it and two hours on a good one."""
    han = Han(start="2022-11-02T21:40:00Z", ihd=QUIET, air=dict(BAD_AIR), seed=seed)
    han.do("gsme", "gas_flow", litres_per_hour=1000, swing=800, swing_period=36000)
    for _ in range(7):
        han.run(DAY)
        han.frames.clear()
        han.events.clear()
    assert han.simulation.air.lost > han.simulation.air.frames // 4
    weather(han, GOOD_AIR)
    han.run(2 * 3600)
    return han


def records(log):
    return list(log.records())


def entries(han, role):
    return list(han.device(role).half_hours.between(0, 0xFFFFFFFF))


def has_mirror(frame):
    """Whether the hub tells the meter where its mirror is."""
    _, source, _, cluster, octets = frame
    return source == "gpf" and cluster == METERING and octets[0] & 1 and octets[2] == REQUEST_MIRROR_RESPONSE


def test_after_two_quiet_hours_the_logs_of_the_proxy_are_those_of_the_meter():
    for seed in (1, 8):  # nothing of the first midnight arrives; the very first push comes in pieces
        han = a_week_of(seed)
        meter, proxy = han.device("gsme"), han.device("gpf")
        kept = list(proxy.half_hours.between(0, 0xFFFFFFFF))
        equal(kept, list(meter.half_hours.between(0, 0xFFFFFFFF)))
        assert len(kept) >= 7 * 48
        for log in ("daily_reads", "prepayment_daily_reads", "billing", "prepayment_billing"):
            equal(records(getattr(proxy, log)), records(getattr(meter.wan, log)))
        equal(len(records(proxy.daily_reads)), 7)


def test_a_meter_that_is_mute_for_hours_after_it_asked_for_its_mirror_is_asked_for_them():
    han = Han(start="2022-11-02T21:40:00Z", ihd=QUIET)
    han.do("gsme", "gas_flow", litres_per_hour=1000)
    while not [frame for frame in han.frames if has_mirror(frame)]:
        han.simulation.advance(han.simulation.now + 1)
    assert not entries(han, "gpf")
    han.do("gsme", "link", on=False)
    han.run(9 * 3600)
    assert not entries(han, "gpf")
    han.do("gsme", "link", on=True)
    han.run(2 * 3600)
    equal(entries(han, "gpf"), entries(han, "gsme"))
    assert len(entries(han, "gpf")) >= 22
