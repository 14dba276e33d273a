# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges of displays, gas, clocks and electricity on small traces: each passes, fails, and is not run."""

from typing import Any

import pytest
from hanref.moments import milliseconds_of
from hanref.requirements import judge, predicates, requirements
from hanref.requirements.table import not_judged
from hanref.trace import Event, Trace

START = milliseconds_of("2022-11-07T10:00:00Z")
DATE = "change_of_tenancy_update_date_time"


class Story:
    """A trace that grows: `at` is seconds from the start."""

    def __init__(self, complete: bool = True, **configuration: Any) -> None:
        roles = ("chf", "gpf", "esme", "gsme", "ihd", "ppmid")
        devices = {role: {"role": role, "configuration": configuration.get(role, {})} for role in roles}
        self._header = {"complete": complete, "devices": devices}
        self._events: list[tuple[int, str | None, str | None, str, dict[str, Any], int | None]] = []

    def add(self, at: float, kind: str, source: str | None, destination: str | None = None, **content: Any) -> "Story":
        self._events.append((START + int(at * 1000), source, destination, kind, content, content.pop("sequence", None)))
        return self

    def zcl(self, at: float, source: str, destination: str, cluster: str, command: str, **content: Any) -> "Story":
        to_server = source in ("ihd", "ppmid") or command.startswith("get_")
        content.setdefault("direction", "client_to_server" if to_server else "server_to_client")
        return self.add(at, "zcl", source, destination, cluster=cluster, command=command, **content)

    def read(self, at: float, reader: str, server: str, cluster: str, sequence: int, **attributes: Any) -> "Story":
        self.zcl(at, reader, server, cluster, "read_attributes", sequence=sequence, fields={"attributes": list(attributes)})
        return self.zcl(at + 0.1, server, reader, cluster, "read_attributes_response", sequence=sequence, attributes=attributes)

    def verdict(self, requirement: str) -> str:
        return self.judged(requirement).verdict

    def judged(self, requirement: str) -> Any:
        events = sorted(self._events, key=lambda entry: entry[0])
        made = [
            Event(n, at, source, destination, kind, content, sequence, None)
            for n, (at, source, destination, kind, content, sequence) in enumerate(events, 1)
        ]
        return judge(Trace(self._header, made), [requirement])[0]


def ask(
    story: Story, at: float, server: str, command: str, cluster: str, fields: dict[str, Any], answer: dict[str, Any]
) -> None:
    sequence = int(at) % 251
    story.zcl(at, "ihd", server, cluster, command, sequence=sequence, fields=fields)
    story.zcl(at + 0.1, server, "ihd", cluster, sequence=sequence, **answer)


def refused(status: str, command: int = 0) -> dict[str, Any]:
    return {"command": "default_response", "fields": {"command": command, "status": status}}


def test_every_requirement_is_judged_or_says_why_not():
    assert set(requirements()) == set(predicates()) | set(not_judged())
    assert not set(predicates()) & set(not_judged())


@pytest.mark.parametrize("requirement", predicates())
def test_an_empty_trace_shows_nothing(requirement):
    assert Story().verdict(requirement) == "not run"


# --- security log ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "hidden", "form"),
    [
        (refused("NOT_AUTHORIZED"), "pass", "pass"),
        (refused("NOT_FOUND"), "pass", "observation"),
        (
            {"command": "publish_event_log", "fields": {"events": [{"log_id": 4, "event_id": 0x8F0C}]}},
            "fail",
            "observation",
        ),
    ],
)
def test_security_log(answer, hidden, form):
    story = Story()
    ask(story, 10, "esme", "get_event_log", "0709", {"event_control_log_id": 0x14}, answer)
    assert story.verdict("REQ-078-3") == hidden
    assert story.verdict("REQ-078-4") == form


def test_security_events_under_another_log_are_found():
    story = Story()
    entries = {"events": [{"log_id": 3, "event_id": 0x8F0C}]}
    answer = {"command": "publish_event_log", "fields": entries}
    ask(story, 10, "gpf", "get_event_log", "0709", {"event_control_log_id": 0x10}, answer)
    assert story.verdict("REQ-078-3") == "fail"
    assert story.verdict("REQ-IHD-7") == "fail"


# --- change of tenancy ----------------------------------------------------------------------------------------


def moved(at: float = 0, date: str = "2022-11-07T09:00:00Z") -> Story:
    return Story().add(at, "bench", None, "esme", verb="change_of_tenancy", arguments={"date": date, "control": 0x200})


@pytest.mark.parametrize(("end", "verdict"), [("2022-11-07T10:30:00Z", "pass"), ("2022-11-07T09:30:00Z", "fail")])
def test_profile_after_a_change(end, verdict):
    story = moved()
    fields = {"end_time": end, "profile_interval_period": 1, "intervals": [5, 6]}
    ask(story, 3600, "esme", "get_profile", "0702", {}, {"command": "get_profile_response", "fields": fields})
    assert story.verdict("REQ-0056-9") == verdict


@pytest.mark.parametrize(("end", "verdict"), [("2022-11-07T09:00:00Z", "fail"), ("2022-11-07T10:30:00Z", "pass")])
def test_a_second_date_ahead_does_not_lift_the_first(end, verdict):
    story = moved().add(60, "bench", None, "esme", verb="change_of_tenancy", arguments={"date": "2022-11-08T00:00:00Z"})
    fields = {"end_time": end, "profile_interval_period": 1, "intervals": [5]}
    ask(story, 3600, "esme", "get_profile", "0702", {}, {"command": "get_profile_response", "fields": fields})
    assert story.verdict("REQ-0056-9") == verdict


def test_periods_before_a_change_have_no_value():
    hidden = moved().read(60, "ihd", "esme", "0702", 1, previous_day_consumption_delivered=None)
    shown = moved().read(60, "ihd", "esme", "0702", 1, previous_day_consumption_delivered=700)
    assert hidden.verdict("REQ-0056-9") == "pass"
    assert shown.verdict("REQ-0056-9") == "fail"


def test_get_change_of_tenancy():
    good, turned, none_set = moved(), moved(), Story()
    published = {"implementation_date_time": "2022-11-07T09:00:00Z", "proposed_tenancy_change_control": 0x200}
    ask(good, 60, "esme", "get_change_of_tenancy", "0708", {}, {"command": "publish_change_of_tenancy", "fields": published})
    answer = {"command": "publish_change_of_tenancy", "fields": published, "direction": "client_to_server"}
    ask(turned, 60, "esme", "get_change_of_tenancy", "0708", {}, answer)
    ask(none_set, 60, "esme", "get_change_of_tenancy", "0708", {}, refused("NOT_FOUND"))
    assert good.verdict("REQ-0056-20") == "pass"
    assert turned.verdict("REQ-0056-20") == "observation"
    assert none_set.verdict("REQ-0056-20") == "pass"


def asking(every: float, hours: float, complete: bool = True) -> Story:
    story = Story(complete)
    at = 60.0
    while at < hours * 3600:
        for server in ("esme", "gpf"):
            story.read(at, "ihd", server, "0708", int(at) % 250, **{DATE: None})
        at += every
    for hour in range(int(hours)):
        story.read(hour * 3600 + 5, "ihd", "esme", "0702", hour, instantaneous_demand=hour)
    return story


def test_tenancy_is_asked_for_once_a_day():
    assert asking(3600, 60).verdict("REQ-0056-17") == "pass"
    assert asking(40 * 3600, 60).verdict("REQ-0056-17") == "observation"
    assert asking(40 * 3600, 60, complete=False).verdict("REQ-0056-17") == "pass"  # a frame may be missing


# --- displays -------------------------------------------------------------------------------------------------


def polling(interval: float, complete: bool = True, lost: int = 0) -> Story:
    story = Story(complete)
    for place in range(int(1800 / interval)):
        if not lost or place % lost:
            story.read(place * interval, "ihd", "esme", "0702", place % 250, instantaneous_demand=place)
    return story


def test_electricity_every_ten_seconds():
    assert polling(10).verdict("REQ-IHD-2") == "pass"
    assert polling(60).verdict("REQ-IHD-2") == "fail"
    assert polling(10, complete=False, lost=10).verdict("REQ-IHD-2") == "pass"
    assert polling(60, complete=False).verdict("REQ-IHD-2") == "fail"


def test_ambient_light_follows_the_thresholds():
    for shown, verdict in (("low", "fail"), ("medium", "pass")):
        story = Story(esme={"thresholds": [500, 2000]})
        story.add(10, "display", "ihd", screen={"electricity_power": 500, "electricity_ambient": shown})
        assert story.verdict("REQ-IHD-4") == verdict


def test_an_ihd_controls_nothing():
    quiet = polling(10).read(4000, "ihd", "esme", "0702", 1, instantaneous_demand=1)
    assert quiet.verdict("REQ-IHD-8") == "pass"
    quiet.zcl(4010, "ihd", "esme", "0702", "local_change_supply", fields={"proposed_supply_status": 2})
    assert quiet.verdict("REQ-IHD-8") == "observation"


# --- gas ------------------------------------------------------------------------------------------------------


def pushing(every: int, complete: bool = True, timed: bool = True, away: range = range(0)) -> Story:
    story = Story(complete)
    for number, at in enumerate(range(0, 13 * 3600 if away else 6 * 3600, every)):
        if at in away:
            continue
        time = milliseconds_text(at)
        first = {"current_summation_delivered": number, "current_day_alternative_consumption_delivered": 1}
        if timed:
            first["reading_snapshot_time"] = time
            story.zcl(at, "gsme", "gpf", "000A", "report_attributes", sequence=1, attributes={"time_status": 2})
        story.zcl(at, "gsme", "gpf", "0702", "report_attributes", sequence=2, attributes=first)
        cost = {"current_day_cost_consumption_delivered": 1}
        story.zcl(at + 0.1, "gsme", "gpf", "0705", "report_attributes", sequence=3, attributes=cost)
    return story


def milliseconds_text(at: int) -> str:
    return "2022-11-07T%02d:%02d:00Z" % (10 + at // 3600, at % 3600 // 60)


def test_pushes_on_each_half_hour():
    assert pushing(1800).verdict("REQ-GSME-1") == "pass"
    assert pushing(3600).verdict("REQ-GSME-1") == "fail"
    assert pushing(3600, complete=False).verdict("REQ-GSME-1") == "fail"
    assert pushing(1800, complete=False).verdict("REQ-GSME-1") == "pass"


def test_a_capture_does_not_tell_whether_a_silent_meter_was_in_reach():
    away = range(7200, 6 * 3600)
    assert pushing(1800, complete=False, away=away).verdict("REQ-GSME-1") == "pass"
    assert pushing(1800, away=away).verdict("REQ-GSME-1") == "fail"
    assert pushing(3600, complete=False, away=away).verdict("REQ-GSME-1") == "fail"


def test_pushes_carry_their_time():
    assert pushing(1800).verdict("REQ-0015-12") == "pass"
    assert pushing(1800, timed=False).verdict("REQ-0015-12") == "fail"


# --- electricity and clocks -----------------------------------------------------------------------------------


def test_power_is_refreshed():
    fresh, stale = Story(), Story()
    for place in range(120):
        fresh.read(place * 10, "ihd", "esme", "0702", place, instantaneous_demand=100 + place)
        stale.read(place * 10, "ihd", "esme", "0702", place, instantaneous_demand=100 + place // 6)
    assert fresh.verdict("REQ-ESME-1") == "pass"
    assert stale.verdict("REQ-ESME-1") == "fail"


@pytest.mark.parametrize(("code", "verdict"), [("8002", "pass"), ("8006", "fail")])
def test_average_over_voltage(code, verdict):
    story = Story()
    entry = {"utc": "2022-11-07T10:30:00Z", "volts": 268.0}
    story.add(1800, "store", "esme", store="average_rms_voltage", operation="append", entry=entry)
    story.add(1800, "alert", "esme", code=code, fields={})
    assert story.verdict("REQ-085A-14") == verdict


def test_a_clock_an_hour_ahead_is_judged_by_true_time():
    story = Story()
    story.add(0, "clock", "esme", utc="2022-11-07T11:00:00Z", status="reliable", cause="start")
    assert story.verdict("REQ-CLK-1") == "fail"
    right = Story().add(0, "clock", "esme", utc="2022-11-07T10:00:04Z", status="reliable", cause="start")
    assert right.verdict("REQ-CLK-1") == "pass"


def test_a_clock_that_jumps_in_a_capture_was_set():
    for before, verdict in ((0, "pass"), (40, "fail")):
        story = Story(complete=False)
        for hour in range(4):
            off = before if hour < 2 else 120
            time = "2022-11-07T%02d:%02d:%02dZ" % (10 + hour, off // 60, off % 60)
            story.zcl(3600 * hour, "gsme", "gpf", "0702", "report_attributes", attributes={"reading_snapshot_time": time})
        assert story.verdict("REQ-CLK-1") == verdict


def test_a_display_that_a_test_has_ask_for_the_security_log_once():
    for times, verdict in ((1, "pass"), (6, "fail")):
        story = Story(complete=False)
        for hour in range(times):
            fields = {"event_control_log_id": 0x14}
            ask(story, 3600 * hour, "esme", "get_event_log", "0709", fields, refused("NOT_AUTHORIZED"))
        assert story.verdict("REQ-IHD-7") == verdict


def test_a_large_difference_is_told():
    for alerts, verdict in ((True, "pass"), (False, "fail")):
        story = Story().add(5, "bench", None, "esme", verb="clock", arguments={"step": 120})
        story.zcl(60, "esme", "chf", "000A", "read_attributes", fields={"attributes": ["time", "time_status"]}, sequence=1)
        values = {"time": "2022-11-07T10:01:00Z", "time_status": 11}
        story.zcl(60.1, "chf", "esme", "000A", "read_attributes_response", attributes=values, sequence=1)
        if alerts:
            story.add(61, "alert", "esme", code="8f0c", fields={})
        story.add(600, "power", "chf", on=True)
        assert story.verdict("REQ-CLK-3") == verdict


def test_power_within_a_swing_is_that_of_the_last_ten_seconds():
    for age, verdict in ((0, "pass"), (8, "pass"), (60, "fail")):
        story = Story()
        story.add(0, "bench", None, "esme", verb="load", arguments={"watts": 900, "swing": 650, "swing_period": 5400})
        for number, at in enumerate(range(20, 1300, 10)):
            watts = 900 + 650 * max(0, at - age) / 1350
            story.read(at, "ihd", "esme", "0702", number % 250, instantaneous_demand=int(watts))
        assert story.verdict("REQ-ESME-1") == verdict


def test_emergency_credit_that_is_active_did_not_fail():
    for status, verdict in (("SUCCESS", "pass"), ("FAILURE", "fail")):
        story = Story()
        command = {"cluster": "0705", "sequence": 7}
        story.zcl(10, "ppmid", "esme", command="select_available_emergency_credit", fields={"originating_device": 2}, **command)
        story.zcl(10.1, "esme", "ppmid", **command, **refused(status))
        story.read(11, "ppmid", "esme", "0705", 8, emergency_credit_remaining=498828)
        assert story.verdict("REQ-ESME-5") == verdict


def test_the_number_that_is_sent_is_the_one_that_was_typed():
    for sent, verdict in (("12345678901234567890", "pass"), ("12345678901234567891", "fail")):
        story = Story()
        story.add(10, "bench", None, "ppmid", verb="top_up", arguments={"fuel": "electricity", "utrn": "12345678901234567890"})
        fields = {"originating_device": 2, "top_up_code": sent.encode().hex()}
        story.zcl(10.1, "ppmid", "esme", "0705", "consumer_top_up", sequence=7, fields=fields)
        assert story.verdict("REQ-PPMID-1") == verdict


def test_a_meter_that_never_asks_for_the_time_is_found_with_evidence():
    story = Story()
    for hour in range(60):
        story.zcl(3600 * hour, "gsme", "gpf", "0702", "report_attributes", attributes={"current_summation_delivered": 1})
    found = story.judged("REQ-CLK-2").by_device["gsme"]
    assert found["verdict"] == "observation" and found["evidence"]


def test_the_newest_half_hours_are_given_though_an_end_of_nought_is_asked_for():
    for intervals, verdict in (([5, 5], "pass"), ([], "observation")):
        story = Story()
        story.add(0, "bench", None, "esme", verb="change_of_tenancy", arguments={"date": "2022-11-07T10:00:00Z"})
        for half_hour in range(1, 6):
            story.add(1800 * half_hour, "store", "esme", store="profile_data", operation="append", entry=stored(half_hour))
        question = {"interval_channel": 0, "end_time": "2000-01-01T00:00:00Z", "number_of_periods": 4}
        answer = {"end_time": "2022-11-07T12:30:00Z", "profile_interval_period": 1, "intervals": intervals}
        given = {"command": "get_profile_response", "fields": answer}
        ask(story, 3 * 3600, "esme", "get_profile", "0702", question, given)
        assert story.verdict("REQ-0056-10") == verdict


def stored(half_hour: int) -> dict[str, Any]:
    return {"utc": milliseconds_text(1800 * half_hour), "value": 5}
