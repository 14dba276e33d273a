# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty devices: what a mutant may change, what is found, and that the scenarios say nothing against the reference."""

import pytest
from hanref.errors import UsageError
from hanref.mutants import Mutant, MutantEvent
from hanref.mutants.own import MUTANTS
from hanref.mutants.run import examine, load_mutants, reference, scenarios, trace_of
from hanref.requirements import judge, predicates

LONG = ("normal-week", "change-of-tenancy", "november-2022", "gsme-out-of-reach")
SHORT = "hub-exchange"

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
