# SPDX-License-Identifier: Apache-2.0
"""Answers of the gas proxy and the gas meter out of their logs and tables [GBCS 10.4, reference 11.3].

`answer(logs, name, fields)` takes a ZCL command as han.zcl decodes it and returns a ZCL status or a list of
(name, fields) to answer with. Reading changes nothing. What it asks of `logs`, every list oldest first:

* `snapshots(cause)`, `prepay_snapshots(cause)`: (identifier, utc, cause, ...) of the logs that hold what any of these
  causes made; entries of other causes may be among them; `payload(entry)`: the fields of an entry's payload;
* `debts()`: (utc, amount, debt type, outstanding debt); `top_ups()`: (utc, amount, code in octets);
* `samples(sample_id, start, count)`: (utc of the first, interval in seconds, [sample or None, ...]) of at most `count`
  samples from the first at or after `start`; an empty list where there are none;
* `events(log_id)`: (utc, event code, data octets), None for a log that is not there; `clear_events(log_id)`: whether
  the log was cleared;
* `calendar(kind)`: the calendar in force, TARIFF or NON_DISABLEMENT, or None: `issuer_event_id`,
  `issuer_calendar_id`, `start_time` and `name` where they are known, `days` [(day, [(minutes, value), ...])], `weeks`
  [(week, [day of Monday, ...])], `seasons` [(date in 4 octets, week)], `special_start`, `special_days`
  [(date in 4 octets, day)];
* `price()` and `billing_period()`: the fields of publish_price and publish_billing_period, or None.

A dated read takes what is at or after its start and before its end (REQ-GPF-11; for others than snapshots I).
"""

from micropython import const

from han.zcl import status

TARIFF = const(0x00)
NON_DISABLEMENT = const(0x03)

# Issuer calendar identifiers that stand for the calendar in force (REQ-GPF-15); all ones decode as no value.
_TARIFF_IN_FORCE = (None, 0xFFFFFFFF)
_NON_DISABLEMENT_IN_FORCE = const(0xFFFFFFFE)
_ALL_TYPES = const(0xFF)

# Payloads of snapshots: with tiers and blocks but without billing part; debt and credit.
_TIERS_AND_BLOCKS = const(0x06)
_DEBT_AND_CREDIT = const(0x00)

# The daily log has days of 24 hours, which no number of seconds in 16 bits says.
_DAY = const(86400)

_ALL = const(0xFFFF)  # samples
_WITH_DATA = const(0x10)  # of the event control: not the identifiers alone


def answer(logs, name, fields):
    """Answer a command; see the module's description. UNSUP_CLUSTER_COMMAND where it is none of these."""
    found = _ANSWERS.get(name)
    return status.UNSUP_CLUSTER_COMMAND if found is None else found(logs, fields)


def _whole(fields):
    """Fields of an answer that comes in one piece."""
    fields.update(command_index=0, total_number_of_commands=1)
    return fields


def _is_within(utc, start, end):
    """Whether a time is at or after `start` and before `end`; all ones, None, is never and no end."""
    return start is not None and utc >= start and (end is None or utc < end)


def _within(entries, start, end):
    """The entries, whose first element is a time, of a period."""
    return [entry for entry in entries if _is_within(entry[0], start, end)]


# --- snapshots ------------------------------------------------------------------------------------------------


def _snapshot(entries, start, end, fields):
    """The entry that a command asks for and how many have its cause, or None.

    The number counts the log, whatever the dates; the offset counts what lies between them.
    """
    caused = [entry for entry in entries if entry[2] & fields["snapshot_cause"]]
    dated = [entry for entry in caused if _is_within(entry[1], start, end)]
    offset = fields["snapshot_offset"]
    if offset is None or offset >= len(dated):
        return None
    return dated[offset], len(caused)


def _published(entry, total, payload_type):
    return _whole(
        {
            "snapshot_id": entry[0],
            "snapshot_time": entry[1],
            "total_snapshots_found": total,
            "snapshot_cause": entry[2],
            "snapshot_payload_type": payload_type,
        }
    )


def _get_snapshot(logs, fields):
    entries = logs.snapshots(fields["snapshot_cause"])
    found = _snapshot(entries, fields["start_time"], fields["end_time"], fields)
    if found is None:
        return status.NOT_FOUND
    published = _published(found[0], found[1], _TIERS_AND_BLOCKS)
    published["snapshot_sub_payload"] = logs.payload(found[0])
    return [("publish_snapshot", published)]


def _get_prepay_snapshot(logs, fields):
    entries = logs.prepay_snapshots(fields["snapshot_cause"])
    found = _snapshot(entries, fields["earliest_start_time"], fields["latest_end_time"], fields)
    if found is None:
        return status.NOT_FOUND
    published = _published(found[0], found[1], _DEBT_AND_CREDIT)
    published["snapshot_payload"] = logs.payload(found[0])
    return [("publish_prepay_snapshot", published)]


# --- prepayment logs ------------------------------------------------------------------------------------------


def _get_debt_repayment_log(logs, fields):
    dated = _within(logs.debts(), fields.get("from_date_time", 0), fields["latest_end_time"])
    debts = [entry for entry in dated if entry[2] == fields["debt_type"]]
    debts = debts[-(fields["number_of_records"] or 0) :]
    if not debts:
        return status.NOT_FOUND
    names = ("collection_time", "amount_collected", "debt_type", "outstanding_debt")
    return [("publish_debt_log", _whole({"debts": [dict(zip(names, entry)) for entry in debts]}))]


def _get_top_up_log(logs, fields):
    dated = _within(logs.top_ups(), fields.get("from_date_time", 0), fields["latest_end_time"])
    top_ups = dated[-(fields["number_of_records"] or 0) :]
    if not top_ups:
        return status.NOT_FOUND
    names = ("top_up_time", "top_up_amount", "top_up_code")
    return [("publish_top_up_log", _whole({"top_ups": [dict(zip(names, entry)) for entry in top_ups]}))]


# --- profile and daily consumption ------------------------------------------------------------------------------


def _get_sampled_data(logs, fields):
    start = fields["sample_start_time"]
    count = fields["number_of_samples"]
    if start is None:
        return status.NOT_FOUND
    start, interval, samples = logs.samples(fields["sample_id"], start, _ALL if count is None else count)
    if not samples:
        return status.NOT_FOUND
    return [
        (
            "get_sampled_data_response",
            {
                "sample_id": fields["sample_id"],
                "sample_start_time": start,
                "sample_type": fields["sample_type"],
                "sample_request_interval": None if interval == _DAY else interval,
                "number_of_samples": len(samples),
                "samples": samples,
            },
        )
    ]


# --- event logs -----------------------------------------------------------------------------------------------


def _get_event_log(logs, fields):
    control = fields["event_control_log_id"]
    log_id = control & 0x0F
    events = logs.events(log_id)
    if events is None:
        return status.NOT_FOUND
    matching = _within(events, fields["start_time"], fields["end_time"])
    if fields["event_id"]:
        matching = [entry for entry in matching if entry[1] == fields["event_id"]]
    shown = matching[fields["event_offset"] or 0 :]
    if fields["number_of_events"]:
        shown = shown[: fields["number_of_events"]]
    if not shown:
        return status.NOT_FOUND
    records = [
        {
            "log_id": log_id,
            "event_id": code,
            "event_time": utc,
            "event_data": data if control & _WITH_DATA else b"",
        }
        for utc, code, data in shown
    ]
    return [
        (
            "publish_event_log",
            {
                "total_number_of_matching_events": len(matching),
                "command_index": 0,
                "total_commands": 1,
                "log_payload_control": 0,
                "events": records,
            },
        )
    ]


def _clear_event_log(logs, fields):
    log_id = fields["log_id"]
    cleared = 1 << log_id if log_id is not None and log_id < 8 and logs.clear_events(log_id) else 0
    return [("clear_event_log_response", {"cleared_event_logs": cleared})]


# --- calendars and prices -------------------------------------------------------------------------------------


def _calendar(logs, fields):
    """(calendar, its kind) that a command means, (None, kind) where there is none."""
    identifier = fields["issuer_calendar_id"]
    if identifier in _TARIFF_IN_FORCE:
        return logs.calendar(TARIFF), TARIFF
    if identifier == _NON_DISABLEMENT_IN_FORCE:
        return logs.calendar(NON_DISABLEMENT), NON_DISABLEMENT
    for kind in (TARIFF, NON_DISABLEMENT):
        calendar = logs.calendar(kind)
        if calendar is not None and calendar["issuer_calendar_id"] == identifier:
            return calendar, kind
    return None, TARIFF


def _of(calendar):
    """The fields that every part of a calendar begins with."""
    return {
        "provider_id": 0,
        "issuer_event_id": calendar["issuer_event_id"],
        "issuer_calendar_id": calendar["issuer_calendar_id"],
    }


def _numbered(entries, start, count):
    """Those of (number, ...) from a number on, at most `count`, 0 for all."""
    found = [entry for entry in entries if start is not None and entry[0] >= start]
    return found[:count] if count else found


def _get_calendar(logs, fields):
    """The calendars in force of a type, 255 for all, that are at least as new as an event."""
    wanted = fields["calendar_type"]
    newest = fields["min_issuer_event_id"]
    published = []
    for kind in (TARIFF, NON_DISABLEMENT):
        calendar = logs.calendar(kind)
        if calendar is None or wanted not in (kind, None, _ALL_TYPES):
            continue
        if newest is None or calendar["issuer_event_id"] >= newest:
            found = _of(calendar)
            found.update(
                start_time=calendar.get("start_time", 0),
                calendar_type=kind,
                calendar_time_reference=0,
                calendar_name=calendar.get("name", b""),
                number_of_seasons=len(calendar["seasons"]),
                number_of_week_profiles=len(calendar["weeks"]),
                number_of_day_profiles=len(calendar["days"]),
            )
            published.append(("publish_calendar", found))
    count = fields["number_of_calendars"]
    return (published[:count] if count else published) or status.NOT_FOUND


def _get_day_profiles(logs, fields):
    calendar, kind = _calendar(logs, fields)
    days = _numbered(calendar["days"], fields["start_day_id"], fields["number_of_days"]) if calendar else ()
    published = []
    for day, entries in days:
        profile = _whole(_of(calendar))
        profile.update(
            day_id=day,
            total_number_of_schedule_entries=len(entries),
            calendar_type=kind,
            schedule_entries=[{"start_time_minutes": minutes, "value": value} for minutes, value in entries],
        )
        published.append(("publish_day_profile", profile))
    return published or status.NOT_FOUND


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _get_week_profiles(logs, fields):
    calendar, _ = _calendar(logs, fields)
    weeks = _numbered(calendar["weeks"], fields["start_week_id"], fields["number_of_weeks"]) if calendar else ()
    published = []
    for week, days in weeks:
        profile = _of(calendar)
        profile["week_id"] = week
        for name, day in zip(_WEEKDAYS, days):
            profile["day_id_ref_" + name] = day
        published.append(("publish_week_profile", profile))
    return published or status.NOT_FOUND


def _get_seasons(logs, fields):
    calendar, _ = _calendar(logs, fields)
    if not calendar or not calendar["seasons"]:
        return status.NOT_FOUND
    published = _whole(_of(calendar))
    published["seasons"] = [{"season_start_date": date, "week_id_ref": week} for date, week in calendar["seasons"]]
    return [("publish_seasons", published)]


def _get_special_days(logs, fields):
    calendar, kind = _calendar(logs, fields)
    if not calendar or not calendar["special_days"]:
        return status.NOT_FOUND
    days = [{"special_day_date": date, "day_id_ref": day} for date, day in calendar["special_days"]]
    published = _whole(_of(calendar))
    published.update(
        start_time=calendar["special_start"],
        calendar_type=kind,
        total_number_of_special_days=len(days),
        special_days=days,
    )
    return [("publish_special_days", published)]


def _get_current_price(logs, fields):
    price = logs.price()
    return status.NOT_FOUND if price is None else [("publish_price", price)]


def _get_billing_period(logs, fields):
    period = logs.billing_period()
    return status.NOT_FOUND if period is None else [("publish_billing_period", period)]


_ANSWERS = {
    "get_snapshot": _get_snapshot,
    "get_prepay_snapshot": _get_prepay_snapshot,
    "get_debt_repayment_log": _get_debt_repayment_log,
    "get_top_up_log": _get_top_up_log,
    "get_sampled_data": _get_sampled_data,
    "get_event_log": _get_event_log,
    "clear_event_log_request": _clear_event_log,
    "get_calendar": _get_calendar,
    "get_day_profiles": _get_day_profiles,
    "get_week_profiles": _get_week_profiles,
    "get_seasons": _get_seasons,
    "get_special_days": _get_special_days,
    "get_current_price": _get_current_price,
    "get_billing_period": _get_billing_period,
}
