# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumption by day, week and month, and what is left of it after a change of tenancy."""

from han.clock import DAY, from_iso
from han.devices.history import History, period_number, period_start


def test_periods_begin_where_the_calendar_says():
    thursday = from_iso("2022-11-03T10:00:00Z")
    assert period_start("day", period_number("day", thursday)) == from_iso("2022-11-03T00:00:00Z")
    assert period_start("week", period_number("week", thursday)) == from_iso("2022-10-31T00:00:00Z")
    assert period_start("month", period_number("month", thursday)) == from_iso("2022-11-01T00:00:00Z")
    monday = from_iso("2022-11-07T00:00:00Z")
    assert period_number("week", monday) == period_number("week", thursday) + 1
    assert period_number("week", monday - 1) == period_number("week", thursday)


def filled(days):
    """10 Wh on each of so many days, counted at noon, the last one 2022-11-03."""
    history = History()
    noon = from_iso("2022-11-03T12:00:00Z")
    for back in range(days - 1, -1, -1):
        history.add(noon - back * DAY, 10)
    return history


def test_days_weeks_and_months_roll():
    history = filled(100)
    assert [history.total("day", age) for age in range(9)] == [10] * 9
    assert history.total("week", 0) == 40
    assert [history.total("week", age) for age in range(1, 6)] == [70] * 5
    assert [history.total("month", age) for age in range(4)] == [30, 310, 300, 310]


def test_days_without_use_are_zero_and_not_skipped():
    history = History()
    history.add(from_iso("2022-11-01T12:00:00Z"), 10)
    history.add(from_iso("2022-11-04T12:00:00Z"), 5)
    assert [history.total("day", age) for age in range(5)] == [5, 0, 0, 10, None]


def test_nothing_before_a_change_of_tenancy_is_visible():
    history = filled(20)
    history.hide_before(from_iso("2022-11-02T00:00:00Z"), lambda date, end: 20)
    assert [history.visible("day", age) for age in range(4)] == [10, 10, None, None]
    assert history.visible("week", 0) == 20
    assert history.visible("week", 1) is None
    assert history.visible("month", 0) == 20
    assert history.total("week", 0) == 40


def test_a_straddling_period_is_blank_as_far_as_it_ran_when_nothing_finer_is_known():
    history = filled(20)
    history.hide_before(from_iso("2022-11-03T12:00:01Z"), lambda date, end: None)
    assert history.visible("day", 0) == 0
    assert history.visible("week", 0) == 0
    history.add(from_iso("2022-11-03T13:00:00Z"), 3)
    assert history.visible("day", 0) == 3
    assert history.visible("week", 0) == 3
    assert history.visible("month", 0) == 3


def test_it_comes_back_after_a_loss_of_power():
    history = filled(5)
    again = History()
    again.restore(history.state())
    assert again.total("week", 0) == history.total("week", 0)
