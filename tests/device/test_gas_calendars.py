# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars of the gas proxy, served on the HAN (REQ-GPF-15), and money while the meter's clock is lost."""

from han.devices import client
from han.gbcs.gas_answers import NON_DISABLEMENT, TARIFF
from han.zcl.frame import Frame
from simulated import Han

MICROPYTHON_HEAP = "64M"
CALENDAR = 0x0707
NOT_FOUND = 0x8B
TARIFF_IN_FORCE, NON_DISABLEMENT_IN_FORCE = None, 0xFFFFFFFE
DATE = b"\x7a\x0c\x19\xff"


def give_calendar(han, kind, identifier, days):
    """What GCS01a or GCS05 leave in the proxy."""
    common = {"provider_id": 0, "issuer_event_id": 7, "issuer_calendar_id": identifier}
    take = han.device("gpf").tables.take
    assert take("publish_calendar", dict(common, calendar_type=kind, start_time=0, calendar_name=b"house")) == 0
    for day in range(1, days + 1):
        entries = [{"start_time_minutes": 0, "value": 1}, {"start_time_minutes": 360, "value": day}]
        assert take("publish_day_profile", dict(common, calendar_type=kind, day_id=day, schedule_entries=entries)) == 0
    refs = {"day_id_ref_" + name: 1 for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
    assert take("publish_week_profile", dict(common, week_id=1, **refs)) == 0
    special = [{"special_day_date": DATE, "day_id_ref": 2}]
    assert take("publish_special_days", dict(common, calendar_type=kind, start_time=0, special_days=special)) == 0


def asked(han, command, fields):
    """The frames with which the proxy answers the display."""
    before = len(han.frames)
    han.do("ihd", "ask", of="gas", cluster=CALENDAR, command=command, fields=fields)
    han.run(3)
    return [Frame.decode(frame[4]) for frame in han.frames[before:] if frame[1:4] == ("gpf", "ihd", CALENDAR)]


def published(frames):
    return [client.command(CALENDAR, frame) for frame in frames]


def days_of(han, identifier):
    fields = {"provider_id": 0, "issuer_calendar_id": identifier, "start_day_id": 1, "number_of_days": 0}
    return asked(han, "get_day_profiles", fields)


def with_calendars():
    han = Han(boards=("hub", "esme", "gsme", "ihd"))
    han.run(60)
    give_calendar(han, TARIFF, 11, 2)
    give_calendar(han, NON_DISABLEMENT, 22, 3)
    return han


def test_both_identifiers_mean_what_is_in_force():
    han = with_calendars()
    for identifier, meant, days in ((TARIFF_IN_FORCE, 11, 2), (NON_DISABLEMENT_IN_FORCE, 22, 3), (11, 11, 2), (22, 22, 3)):
        frames = days_of(han, identifier)
        assert len({frame.sequence for frame in frames}) == 1
        found = published(frames)
        assert [(name, fields["issuer_calendar_id"], fields["day_id"]) for name, fields in found] == [
            ("publish_day_profile", meant, day) for day in range(1, days + 1)
        ]


def test_the_other_parts():
    han = with_calendars()
    week = {"provider_id": 0, "issuer_calendar_id": NON_DISABLEMENT_IN_FORCE, "start_week_id": 1, "number_of_weeks": 0}
    ((name, fields),) = published(asked(han, "get_week_profiles", week))
    assert (name, fields["issuer_calendar_id"], fields["day_id_ref_sunday"]) == ("publish_week_profile", 22, 1)
    special = {"start_time": 0, "number_of_events": 0, "calendar_type": 0, "provider_id": 0}
    ((name, fields),) = published(asked(han, "get_special_days", dict(special, issuer_calendar_id=TARIFF_IN_FORCE)))
    assert (name, bytes(fields["special_days"][0]["special_day_date"])) == ("publish_special_days", DATE)
    wanted = {"earliest_start_time": 0, "min_issuer_event_id": None, "number_of_calendars": 0, "provider_id": 0}
    found = published(asked(han, "get_calendar", dict(wanted, calendar_type=0xFF)))
    assert [(fields["issuer_calendar_id"], fields["number_of_day_profiles"]) for _, fields in found] == [(11, 2), (22, 3)]
    ((_, fields),) = published(asked(han, "get_calendar", dict(wanted, calendar_type=NON_DISABLEMENT)))
    assert (fields["issuer_calendar_id"], bytes(fields["calendar_name"])) == (22, b"house")


def test_nothing_set_is_not_found():
    han = Han(boards=("hub", "esme", "gsme", "ihd"))
    han.run(60)
    for identifier in (TARIFF_IN_FORCE, NON_DISABLEMENT_IN_FORCE, 5):
        (frame,) = days_of(han, identifier)
        assert client.result(frame) == NOT_FOUND


def test_what_is_used_while_the_clock_is_lost_costs_all_the_same():
    for role, verb, feed in (("gsme", "gas_flow", {"litres_per_hour": 1000}), ("esme", "load", {"watts": 1000})):
        han = Han(boards=("hub", "esme", "gsme"))
        han.run(60)
        meter = han.device(role)
        han.do(role, "clock", status="invalid")
        han.do(role, verb, **feed)
        han.run(7200)
        meter.now = han.utc()
        meter.measure()
        assert meter.account.bill > 10000, role
        assert not meter.account.cost.total("day", 0), role  # nobody knows of which day it was
