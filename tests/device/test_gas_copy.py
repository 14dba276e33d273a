# SPDX-License-Identifier: GPL-3.0-or-later
"""The gas proxy's copies of the meter's logs, and how they are repaired after missed wakes."""

from han.clock import DAY
from simulated import Han

MICROPYTHON_HEAP = "64M"

QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}


def han_with_gas(**settings):
    han = Han(start="2022-11-03T00:00:00Z", ihd=QUIET, **settings)
    han.do("gsme", "gas_flow", litres_per_hour=1000, swing=800, swing_period=36000)
    return han


def entries(han, role):
    return list(han.device(role).half_hours.between(0, 0xFFFFFFFF))


def test_each_push_becomes_an_entry_equal_to_the_meters():
    han = han_with_gas()
    han.run("06:10:00")
    assert len(entries(han, "gpf")) == 12
    assert entries(han, "gpf") == entries(han, "gsme")[-12:]


def test_missed_wakes_are_filled_from_the_meters_own_profile():
    han = han_with_gas()
    han.run("02:10:00")
    han.do("gsme", "link", on=False)
    han.run("20:10:00")
    han.do("gsme", "link", on=True)
    han.run("22:10:00")
    copied = entries(han, "gpf")
    assert copied == entries(han, "gsme")[-len(copied) :]
    assert len(copied) == 44
    assert all([value is not None for _, value in copied])


def test_daily_reads_missed_are_fetched_too():
    han = han_with_gas()
    han.run("2022-11-04T12:10:00Z")
    han.do("gsme", "link", on=False)
    han.run("2022-11-07T12:10:00Z")
    han.do("gsme", "link", on=True)
    han.run("2022-11-07T14:10:00Z")
    kept = [record[0] for record in han.device("gpf").daily_reads.records()]
    assert kept[-4:] == [han.start + day * DAY for day in (1, 2, 3, 4)]
    days = list(han.device("gpf").days.between(0, 0xFFFFFFFF))
    assert [utc for utc, _ in days][-3:] == [han.start + day * DAY for day in (2, 3, 4)]
    expected = [han.device("gsme").half_hours.used_between(utc - DAY, utc) for utc, _ in days]
    assert [used for _, used in days] == expected


def test_a_display_reads_the_profile_from_the_proxy_but_nothing_of_the_former_occupier():
    han = han_with_gas()
    han.run("12:10:00")
    fields = {"sample_id": 0, "sample_start_time": han.start, "sample_type": 0, "number_of_samples": 10}
    proxy = han.device("gpf")
    proxy.now = han.utc()
    _, answer = proxy._read_logs("get_sampled_data", fields, None, 0)
    assert answer["samples"] == [value for _, value in entries(han, "gpf")[:10]]
    proxy.tenancy.publish(0, 1, 0, han.start + 6 * 3600, 0x0200, han.utc())
    _, answer = proxy._read_logs("get_sampled_data", fields, None, 0)
    assert answer["sample_start_time"] == han.start + 6 * 3600
    ((_, answer),) = proxy.gbcs_command(0x0702, "get_sampled_data", fields, None)
    assert answer["sample_start_time"] == han.start
