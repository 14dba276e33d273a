# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty devices: what a mutant may change, what is found, and that the scenarios say nothing against the reference."""

import pytest
from han.clock import from_iso
from hanref.errors import UsageError
from hanref.mutants import Mutant, MutantEvent
from hanref.mutants.frames import native_time
from hanref.mutants.own import MUTANTS
from hanref.mutants.run import examine, load_mutants, reference, scenarios, trace_of
from hanref.requirements import judge, predicates

LONG = ("normal-week", "change-of-tenancy", "november-2022", "gsme-out-of-reach")
SHORT = "hub-exchange"
DATE = "change_of_tenancy_update_date_time"

FILE = """
from hanref.mutants import Mutant

class Late(Mutant):
    role, requirement, title = "gpf", "REQ-0015-7", "a stamp half an hour late"

    def sends(self, event):
        if event["kind"] == "gbcs" and event["date_time"]:
            event["date_time"] = event["date_time"].replace(":00:00Z", ":29:00Z")
        return event

class Nothing(Mutant):
    role, requirement, title = "esme", "REQ-0056-1", "no deviation at all"

MUTANTS = [Late, Nothing]
"""


def test_there_are_forty_and_each_breaks_something_that_is_judged():
    assert len(MUTANTS) >= 40
    assert {mutant.requirement for mutant in MUTANTS} <= set(predicates())
    assert all(mutant.title and mutant.role for mutant in MUTANTS)


def test_mutants_of_a_file(tmp_path):
    file = tmp_path / "theirs.py"
    file.write_text(FILE)
    assert [mutant.__name__ for mutant in load_mutants(file)] == ["Late", "Nothing"]
    assert examine(file, 0, [SHORT]).found
    assert not examine(file, 1, [SHORT]).found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MUTANTS = []", "has no list MUTANTS"),
        ("MUTANTS = [int]", "is no subclass"),
        ("import nothing_of_that_name", "cannot be loaded"),
        ("from hanref.mutants import Mutant\nclass A(Mutant):\n    role = 'cad'\nMUTANTS = [A]", "is no role"),
        ("from hanref.mutants import Mutant\nclass A(Mutant):\n    role = 'ihd'\nMUTANTS = [A]", "requirement: there is no"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, words):
    file = tmp_path / "theirs.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        load_mutants(file)


class Everything(Mutant):
    """Has every method and changes nothing: the trace is that of the reference."""

    role = "esme"

    def received(self, event):
        return [event]

    def sends(self, event):
        return event

    def value(self, name, value, now):
        return value

    def clock(self, utc, status):
        return utc, status

    def deadline(self, utc):
        return utc

    def restart(self):
        pass


@pytest.mark.parametrize("role", ["esme", "hub", "gsme", "ihd"])
def test_a_mutant_that_changes_nothing_is_the_reference(role):
    mutant = Everything()
    mutant.role = role
    theirs, ours = trace_of(SHORT, None, mutant), trace_of(SHORT)
    assert [event.as_dict() for event in theirs.events] == [event.as_dict() for event in ours.events]


def test_events_by_key_and_by_attribute():
    event = MutantEvent({"kind": "zcl", "command": "read_attributes"})
    assert event.command == event["command"] == "read_attributes"
    assert event["screen"] == {} and event.sequence is None
    event.command = "default_response"
    assert event["command"] == "default_response"


class AnotherType(Mutant):
    role = "esme"

    def sends(self, event):
        if event["kind"] == "zcl" and DATE in event["attributes"]:
            event["types"][DATE] = "0x23"
        return event


def test_what_is_put_into_an_empty_table_counts():
    trace = trace_of(SHORT, None, AnotherType())
    answers = trace.of("zcl", "esme", None, "0708", "read_attributes_response")
    assert answers and all(event.get("types") == {DATE: "0x23"} for event in answers)
    assert not any("types" in event.content for event in trace.of("display"))


class AsksOnceMore(Mutant):
    role = "ihd"
    asked = False

    def sends(self, event):
        if self.asked or event["destination"] != "gpf":
            return event
        self.asked = True
        fields = {"event_control_log_id": 4, "event_id": 0, "start_time": event["time"], "end_time": None}
        fields.update(number_of_events=0, event_offset=0)
        question = {"kind": "zcl", "destination": "esme", "cluster": "0709", "command": "get_event_log", "fields": fields}
        return [event, question]


def test_a_frame_made_from_nothing_reaches_another_device():
    trace = trace_of(SHORT, None, AsksOnceMore())
    (question,) = trace.of("zcl", "ihd", "esme", "0709", "get_event_log")
    (answer,) = trace.of("zcl", "esme", "ihd", "0709", "default_response")
    assert answer.sequence == question.sequence and answer.fields["status"] == "NOT_AUTHORIZED"


class LosesCommands(Mutant):
    role = "hub"

    def received(self, event):
        return None if event["kind"] == "gbcs" and event["destination"] == "gsme" else event


def test_what_only_passes_through_the_hub_is_its_too():
    assert judge(trace_of("clock-trouble", None, LosesCommands()), ["REQ-CHF-11"])[0].verdict == "fail"


class KeepsAlertsToItself(Mutant):
    role = "chf"

    def sends(self, event):
        return None if event["kind"] == "gbcs" and event["cra"] == "alert" else event


class Deaf(Mutant):
    role = "chf"

    def received(self, event):
        return None if event["kind"] == "gbcs" and event["use_case"] == "CCS06" else event


def test_alerts_are_the_mutants_and_a_command_without_answer_is_a_defect():
    assert judge(trace_of("device-log", None, KeepsAlertsToItself()), ["REQ-CHF-4"])[0].verdict == "fail"
    found = judge(trace_of("device-log", None, Deaf()), ["REQ-CHF-6"])[0]
    assert (found.verdict, bool(found.evidence)) == ("fail", True) and "CCS06" in found.reason


class TypesNoDigits(Mutant):
    role = "ppmid"

    def sends(self, event):
        if event["command"] == "consumer_top_up":
            event["fields"]["top_up_code"] = "90" * 20
        return event


def test_a_number_of_any_octets_is_refused():
    trace = trace_of("prepayment-day", None, TypesNoDigits())
    answers = trace.of("zcl", "esme", "ppmid", "0705", "consumer_top_up_response")
    assert answers and not any(event.fields["top_up_value"] for event in answers)
    assert judge(trace, ["REQ-PPMID-1"])[0].verdict == "fail"


class DropsItsTime(Mutant):
    role = "gsme"

    def sends(self, event):
        return None if event["command"] == "report_attributes" and event["cluster"] == "000A" else event


def test_a_report_that_is_not_sent_is_not_waited_for():
    assert judge(trace_of(SHORT, None, DropsItsTime()), ["REQ-0015-12"])[0].verdict == "fail"


def test_times_are_taken_with_milliseconds_and_text_as_octets():
    assert native_time("2022-11-07T10:00:00.250Z") == from_iso("2022-11-07T10:00:00Z")
    assert native_time("on") == "on"


def test_one_of_each_kind_is_found():
    wanted = {"StampsTheAnswer", "WrongType", "WakesHourly", "SlowGas", "WrongDirection", "EpochForNone"}
    for place, mutant in enumerate(MUTANTS):
        if mutant.__name__ in wanted:
            assert examine(None, place, [SHORT]).found, mutant.title


@pytest.mark.parametrize("name", [name for name in scenarios() if name not in LONG])
def test_nothing_is_said_against_the_reference(name):
    assert reference(name, 2).reasons == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("name", scenarios())
def test_nothing_is_said_against_the_reference_with_ten_seeds(name, seed):
    assert reference(name, seed).reasons == {}


@pytest.mark.soak
@pytest.mark.parametrize("place", range(len(MUTANTS)), ids=lambda place: MUTANTS[place].__name__)
def test_every_mutant_is_found(place):
    requirement = MUTANTS[place].requirement
    fitting = [name for name in scenarios() if judge(trace_of(name), [requirement])[0].verdict == "pass"]
    assert examine(None, place, fitting).found
