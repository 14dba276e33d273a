# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers out of the gas logs and tables: what falls into a period, how much of it, and what is not there."""

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.gbcs import gas_answers
from han.zcl import clusters, status
from support import equal

DAY = 86400
DAILY, BILLING = 0x01, 0x02
PAYLOAD = {
    "accumulated_debt": 1,
    "type_1_debt_remaining": 2,
    "type_2_debt_remaining": 3,
    "type_3_debt_remaining": 4,
    "emergency_credit_remaining": 5,
    "credit_remaining": -6,
}
TIERS = {
    "current_summation_delivered": 100,
    "number_of_tiers_in_use": 4,
    "tier_summations": [1, 2, 3, 4],
    "number_of_tiers_and_block_thresholds_in_use": 0x14,
    "tier_block_summations": [5, 6, 7, 8],
}
CALENDAR = {
    "issuer_event_id": 11,
    "issuer_calendar_id": 12,
    "days": [(1, [(0, 1), (420, 2)]), (2, [(0, 3)])],
    "weeks": [(1, [1, 1, 1, 1, 1, 2, 2])],
    "seasons": [(b"\xff\x03\x1d\xff", 1)],
    "special_start": 0,
    "special_days": [(b"\xff\x0c\x19\xff", 2)],
}


class Logs:
    """Ten days of everything."""

    cleared = ()

    def snapshots(self, cause):
        return [(day, day * DAY, DAILY if day % 2 else BILLING, TIERS) for day in range(1, 11)]

    def payload(self, entry):
        return entry[3]

    def prepay_snapshots(self, cause):
        return [(day, day * DAY, DAILY, PAYLOAD) for day in range(1, 11)]

    def debts(self):
        return [(day * DAY, day, 2 if day != 3 else 1, 0) for day in range(1, 11)]

    def top_ups(self):
        return [(day * DAY, day * 100, b"code") for day in range(1, 11)]

    def samples(self, sample_id, start, count):
        if sample_id == 1:
            return DAY, DAY, [7, None, 9][:count]
        return start, 1800, list(range(5))[:count] if start < 10 * DAY else []

    def events(self, log_id):
        return [(day * DAY, 0x8F00 + day, b"\x00\x74") for day in range(1, 11)] if log_id == 3 else None

    def clear_events(self, log_id):
        self.cleared += (log_id,)
        return log_id == 3

    def calendar(self, kind):
        return CALENDAR if kind == gas_answers.TARIFF else None

    def price(self):
        return None

    def billing_period(self):
        return {
            "provider_id": 0,
            "issuer_event_id": 1,
            "billing_period_start_time": DAY,
            "billing_period_duration": 1,
            "billing_period_duration_type": 0x22,
            "tariff_type": 0,
        }


CLUSTERS = {"snapshot": 0x0702, "sampled": 0x0702, "prepay": 0x0705, "debt": 0x0705, "top": 0x0705, "event": 0x0709}


def ask(name, **fields):
    """The answers to a command; each must be one that can be encoded."""
    found = gas_answers.answer(Logs(), name, fields)
    if not isinstance(found, int):
        for answer, values in found:
            cluster = 0x0707
            for word, number in CLUSTERS.items():
                if word in answer:
                    cluster = number
            if answer in ("publish_price", "publish_billing_period"):
                cluster = 0x0700
            if answer == "publish_prepay_snapshot":
                cluster = 0x0705
            decoded = clusters.decode_command(
                cluster,
                clusters.table(cluster).command_named(answer, 1).id,
                1,
                clusters.encode_command(cluster, answer, 1, values),
            )
            equal(decoded[0], answer)
    return found


def snapshot(offset, start=0, end=None, cause=DAILY | BILLING):
    found = ask("get_snapshot", start_time=start, end_time=end, snapshot_offset=offset, snapshot_cause=cause)
    return found if isinstance(found, int) else (found[0][1]["snapshot_id"], found[0][1]["total_snapshots_found"])


def test_snapshots_are_counted_in_the_log_and_chosen_within_the_dates():
    equal([snapshot(offset) for offset in range(11)][0::5], [(1, 10), (6, 10), status.NOT_FOUND])
    equal(snapshot(0, 3 * DAY, 5 * DAY), (3, 10))
    equal(snapshot(1, 3 * DAY, 5 * DAY), (4, 10))
    equal(snapshot(2, 3 * DAY, 5 * DAY), status.NOT_FOUND)
    equal(snapshot(0, 3 * DAY + 1), (4, 10))
    equal(snapshot(1, cause=BILLING), (4, 5))
    equal(snapshot(0, cause=0x4000), status.NOT_FOUND)


def test_times_and_offsets_that_are_none_find_nothing():
    equal(snapshot(None), status.NOT_FOUND)
    equal(snapshot(0, None), status.NOT_FOUND)


def test_prepay_snapshots():
    fields = {"earliest_start_time": 0, "latest_end_time": None, "snapshot_offset": 9, "snapshot_cause": DAILY}
    name, found = ask("get_prepay_snapshot", **fields)[0]
    equal(name, "publish_prepay_snapshot")
    equal((found["snapshot_id"], found["snapshot_payload_type"], found["snapshot_payload"]), (10, 0, PAYLOAD))
    fields["snapshot_offset"] = 10
    equal(ask("get_prepay_snapshot", **fields), status.NOT_FOUND)


def debts(start, end, count, debt_type=2):
    fields = {"from_date_time": start, "latest_end_time": end, "number_of_records": count, "debt_type": debt_type}
    found = ask("get_debt_repayment_log", **fields)
    return found if isinstance(found, int) else [entry["amount_collected"] for entry in found[0][1]["debts"]]


def test_debt_payments():
    equal(debts(0, None, 10), [1, 2, 4, 5, 6, 7, 8, 9, 10])
    equal(debts(0, None, 3), [8, 9, 10])
    equal(debts(2 * DAY, 5 * DAY, 10), [2, 4])
    equal(debts(0, None, 10, 1), [3])
    equal(debts(11 * DAY, None, 10), status.NOT_FOUND)


def test_top_ups():
    found = ask("get_top_up_log", from_date_time=9 * DAY, latest_end_time=None, number_of_records=5)
    equal([entry["top_up_amount"] for entry in found[0][1]["top_ups"]], [900, 1000])
    equal(found[0][1]["top_ups"][0]["top_up_code"], b"code")
    found = ask("get_top_up_log", from_date_time=0, latest_end_time=DAY, number_of_records=5)
    equal(found, status.NOT_FOUND)


def samples(sample_id, start, count):
    found = ask("get_sampled_data", sample_id=sample_id, sample_start_time=start, sample_type=0, number_of_samples=count)
    if isinstance(found, int):
        return found
    fields = found[0][1]
    return fields["sample_start_time"], fields["sample_request_interval"], fields["samples"]


def test_samples():
    equal(samples(0, DAY, 3), (DAY, 1800, [0, 1, 2]))
    equal(samples(0, DAY, None), (DAY, 1800, [0, 1, 2, 3, 4]))
    equal(samples(0, 20 * DAY, 3), status.NOT_FOUND)
    equal(samples(0, None, 3), status.NOT_FOUND)
    equal(samples(1, 0, 3), (DAY, None, [7, None, 9]))  # no number of seconds in 16 bits is a day


def events(control, start=0, end=None, event=0, count=0, offset=0):
    found = ask(
        "get_event_log",
        event_control_log_id=control,
        event_id=event,
        start_time=start,
        end_time=end,
        number_of_events=count,
        event_offset=offset,
    )
    if isinstance(found, int):
        return found
    fields = found[0][1]
    return fields["total_number_of_matching_events"], [(e["event_id"] & 0xFF, e["event_data"]) for e in fields["events"]]


def test_event_logs():
    equal(events(0x13, 9 * DAY), (2, [(9, b"\x00\x74"), (10, b"\x00\x74")]))
    equal(events(0x03, 9 * DAY), (2, [(9, b""), (10, b"")]))
    equal(events(0x13, count=1, offset=2), (10, [(3, b"\x00\x74")]))
    equal(events(0x13, event=0x8F05), (1, [(5, b"\x00\x74")]))
    equal(events(0x14), status.NOT_FOUND)
    equal(events(0x13, 20 * DAY), status.NOT_FOUND)


def test_clearing_an_event_log_says_which():
    equal(ask("clear_event_log_request", log_id=3), [("clear_event_log_response", {"cleared_event_logs": 0x08})])
    for log_id in (4, 9, None):
        equal(ask("clear_event_log_request", log_id=log_id), [("clear_event_log_response", {"cleared_event_logs": 0})])


def test_calendars_in_force_and_by_identifier():
    for identifier in (None, 0xFFFFFFFF, 12):
        days = ask("get_day_profiles", issuer_calendar_id=identifier, start_day_id=1, number_of_days=0)
        equal([fields["day_id"] for _, fields in days], [1, 2])
        equal(days[0][1]["total_number_of_schedule_entries"], 2)
    equal(len(ask("get_day_profiles", issuer_calendar_id=12, start_day_id=1, number_of_days=1)), 1)
    equal(ask("get_day_profiles", issuer_calendar_id=12, start_day_id=3, number_of_days=0), status.NOT_FOUND)
    for identifier in (0xFFFFFFFE, 13):
        equal(ask("get_day_profiles", issuer_calendar_id=identifier, start_day_id=1, number_of_days=0), status.NOT_FOUND)
        equal(ask("get_seasons", issuer_calendar_id=identifier), status.NOT_FOUND)
        equal(ask("get_special_days", issuer_calendar_id=identifier), status.NOT_FOUND)
    weeks = ask("get_week_profiles", issuer_calendar_id=12, start_week_id=1, number_of_weeks=0)
    equal((weeks[0][1]["day_id_ref_monday"], weeks[0][1]["day_id_ref_sunday"]), (1, 2))
    equal(ask("get_seasons", issuer_calendar_id=12)[0][1]["seasons"][0]["week_id_ref"], 1)
    equal(ask("get_special_days", issuer_calendar_id=12)[0][1]["total_number_of_special_days"], 1)


def test_price_and_billing_period():
    equal(ask("get_current_price"), status.NOT_FOUND)
    equal(ask("get_billing_period")[0][0], "publish_billing_period")


def test_other_commands_are_not_known():
    equal(ask("get_change_of_tenancy"), status.UNSUP_CLUSTER_COMMAND)
