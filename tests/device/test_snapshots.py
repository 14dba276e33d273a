# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots, top-ups and debt payments: what is kept and what a reader gets."""

from han.clock import DAY, from_iso
from han.devices import snapshots
from han.stores.memory import MemoryStores

MIDNIGHT = from_iso("2022-11-03T00:00:00Z")
PAYLOAD = (12345).to_bytes(6, "little") + b"\x04" + bytes(24) + b"\x14" + bytes(24)


def daily(count, capacity=31):
    log = snapshots.SnapshotLog(MemoryStores(), "daily_read", snapshots.METERING, capacity)
    for day in range(count):
        log.add(MIDNIGHT + day * DAY, day, snapshots.GENERAL, 6, PAYLOAD)
    return log


def test_a_snapshot_comes_back_as_it_was_published():
    name, fields = daily(1).serve(None, None, 0, snapshots.GENERAL)
    assert name == "publish_snapshot"
    assert fields["snapshot_time"] == MIDNIGHT
    assert fields["total_snapshots_found"] == 1
    assert fields["snapshot_sub_payload"]["current_summation_delivered"] == 12345
    assert fields["snapshot_sub_payload"]["number_of_tiers_in_use"] == 4


def test_the_range_is_half_open_and_the_oldest_comes_first():
    log = daily(5)
    times = []
    for offset in range(4):
        answer = log.serve(MIDNIGHT + DAY, MIDNIGHT + 3 * DAY, offset, snapshots.GENERAL)
        times.append(answer if isinstance(answer, int) else (answer[1]["snapshot_time"] - MIDNIGHT) // DAY)
    assert times == [1, 2, 0x8B, 0x8B]


def test_the_total_is_that_of_the_log():
    _, fields = daily(40).serve(MIDNIGHT + 39 * DAY, None, 0, snapshots.GENERAL)
    assert fields["total_snapshots_found"] == 31


def test_nothing_before_the_change_of_tenancy():
    log = daily(5)
    _, fields = log.serve(None, None, 0, snapshots.GENERAL, since=MIDNIGHT + 2 * DAY)
    assert fields["snapshot_time"] == MIDNIGHT + 3 * DAY


def test_another_cause_is_not_found():
    assert daily(3).serve(None, None, 0, snapshots.END_OF_BILLING_PERIOD) == 0x8B


def test_the_same_snapshot_again_is_kept_once():
    log = daily(3)
    assert not log.add(MIDNIGHT + 2 * DAY, 9, snapshots.GENERAL, 6, PAYLOAD)
    assert len(log) == 3


def test_top_ups_come_oldest_first_and_five_at_most():
    log = snapshots.top_up_log(MemoryStores())
    for number in range(7):
        log.add({"top_up_code": b"1234567890123456789%d" % number, "top_up_amount": -number, "top_up_time": MIDNIGHT + number})
    entries = log.newest(5, None, None)
    assert [entry["top_up_amount"] for entry in entries] == [-2, -3, -4, -5, -6]
    assert entries[0]["top_up_code"] == b"12345678901234567892"
    assert [entry["top_up_amount"] for entry in log.newest(5, MIDNIGHT + 3, MIDNIGHT + 4)] == [-3, -4]


def test_two_causes_in_one_second_are_two_snapshots():
    log = snapshots.SnapshotLog(MemoryStores(), "billing", snapshots.METERING, 12)
    assert log.add(1000, 1, snapshots.CHANGE_OF_MODE, 6, b"a")
    assert log.add(1000, 2, snapshots.TARIFF_CHANGE, 6, b"a")
    for cause in (snapshots.CHANGE_OF_MODE, snapshots.TARIFF_CHANGE):
        assert not log.add(1000, 3, cause, 6, b"a")
    assert not log.add(999, 3, snapshots.END_OF_BILLING_PERIOD, 6, b"a")
    assert [record[2] for record in log.records()] == [snapshots.CHANGE_OF_MODE, snapshots.TARIFF_CHANGE]
