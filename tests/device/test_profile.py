# SPDX-License-Identifier: GPL-3.0-or-later
"""Profile data logs, and what a reader on the HAN gets of them."""

from han.clock import DAY, HALF_HOUR, from_iso
from han.devices import profile
from han.stores.memory import MemoryLog

MIDNIGHT = from_iso("2022-11-03T00:00:00Z")


def half_hours(count, capacity=100):
    log = profile.PeriodLog(MemoryLog("profile", profile.RECORD, capacity))
    for number in range(1, count + 1):
        log.append(MIDNIGHT + number * HALF_HOUR, number)
    return log


def samples(log, start, count, since=None):
    fields = {"sample_id": 0, "sample_start_time": start, "sample_type": 0, "number_of_samples": count}
    return profile.serve_profile("get_sampled_data", fields, log, None, since)


def test_slots_slept_through_are_entries_without_a_value():
    log = half_hours(2)
    assert log.append(MIDNIGHT + 5 * HALF_HOUR, 50) == 3
    assert [value for _, value in log.between(0, 0xFFFFFFFF)] == [1, 2, None, None, 50]


def test_the_same_half_hour_again_changes_nothing():
    log = half_hours(3)
    assert log.append(MIDNIGHT + 3 * HALF_HOUR, 99) == 0
    assert len(log) == 3


def test_a_full_log_loses_its_oldest():
    log = half_hours(105)
    assert len(log) == 100
    assert next(log.between(0, 0xFFFFFFFF)) == (MIDNIGHT + 6 * HALF_HOUR, 6)


def test_used_after_a_date_leaves_out_the_half_hour_it_lies_in():
    log = half_hours(10)
    last = MIDNIGHT + 10 * HALF_HOUR
    assert log.used_after(MIDNIGHT + 7 * HALF_HOUR, last + DAY) == 8 + 9 + 10
    assert log.used_after(MIDNIGHT + 7 * HALF_HOUR + 1, last) == 9 + 10
    assert log.used_after(last, last + DAY) == 0
    assert log.used_after(MIDNIGHT - DAY, last) is None


def test_samples_come_oldest_first_from_the_start_asked_for():
    name, answer = samples(half_hours(10), MIDNIGHT + HALF_HOUR, 3)
    assert name == "get_sampled_data_response"
    assert answer["sample_start_time"] == MIDNIGHT + HALF_HOUR
    assert answer["samples"] == [2, 3, 4]


def test_nothing_of_the_former_occupier_is_served():
    log = half_hours(10)
    _, answer = samples(log, MIDNIGHT, 10, since=MIDNIGHT + 4 * HALF_HOUR)
    assert answer["samples"] == [5, 6, 7, 8, 9, 10]
    assert samples(log, MIDNIGHT, 10, since=MIDNIGHT + 10 * HALF_HOUR) == 0x8B

    fields = {"interval_channel": 0, "end_time": None, "number_of_periods": 9}
    _, answer = profile.serve_profile("get_profile", fields, log, None, MIDNIGHT + 7 * HALF_HOUR)
    assert answer["intervals"] == [10, 9, 8]
    assert answer["number_of_periods_delivered"] == 3


def test_a_profile_of_another_channel_is_not_there():
    fields = {"interval_channel": 1, "end_time": None, "number_of_periods": 9}
    _, answer = profile.serve_profile("get_profile", fields, half_hours(3), None, None)
    assert answer["status"] == 2
    assert answer["intervals"] == []
