# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicates of SECMP0015 on small traces that pass, that fail and that show nothing."""

import pytest
from trace_story import Story

ALL = ["REQ-0015-%d" % n for n in (1, 3, 4, 6, 7, 8, 9)]


def han() -> Story:
    story = Story("gpf", "gsme")
    story.clock("10:00:00", "gpf", "reliable")
    story.clock("10:00:00", "gsme", "reliable")
    return story


def test_no_read_shows_nothing() -> None:
    story = han()
    story.push("10:30:00")

    assert {story.verdict(id).verdict for id in ALL} == {"not run"}


def test_a_read_before_any_push_says_nothing_of_whose_time_it_is() -> None:
    story = han()
    story.answer("10:17:00", "10:17:00", 0)

    assert story.verdict("REQ-0015-1").verdict == "pass"
    assert {story.verdict(id).verdict for id in ("REQ-0015-4", "REQ-0015-7", "REQ-0015-8")} == {"not run"}


def test_the_time_of_the_push() -> None:
    story = han()
    push = story.push("10:30:00")
    answer = story.answer("10:47:00", "10:30:00")

    for id in ("REQ-0015-1", "REQ-0015-3", "REQ-0015-4", "REQ-0015-7"):
        verdict = story.verdict(id)
        assert verdict.verdict == "pass", verdict
    assert story.verdict("REQ-0015-7").evidence == [push.n, answer.n]


def test_an_answer_without_a_date_time_fails() -> None:
    story = han()
    story.push("10:30:00")
    story.answer("10:47:00", None)

    assert story.verdict("REQ-0015-1").verdict == "fail"


def test_the_time_of_the_answer_fails() -> None:
    story = han()
    story.push("10:30:00")
    story.answer("10:47:00", "10:47:00")

    verdict = story.verdict("REQ-0015-7")
    assert verdict.verdict == "fail"
    assert "10:30:00" in verdict.reason


def test_an_older_push_fails() -> None:
    story = han()
    story.push("10:30:00")
    story.push("11:00:00")
    story.answer("11:17:00", "10:30:00")

    assert story.verdict("REQ-0015-7").verdict == "fail"


def test_a_wrong_format_fails() -> None:
    story = han()
    story.push("10:30:00")
    answer = story.answer("10:47:00", "10:30:00")
    octets = answer.content["octets"]
    assert "8000" in octets
    answer.content["octets"] = octets.replace("00800004", "00003c04")  # British Summer Time

    assert story.verdict("REQ-0015-3").verdict == "fail"


@pytest.mark.parametrize(
    ("synchronised", "stamp", "status", "requirement", "verdict"),
    [
        (True, True, 4, "REQ-0015-4", "pass"),
        (True, True, 0, "REQ-0015-4", "fail"),
        (True, True, 6, "REQ-0015-4", "fail"),
        (True, True, 0xFF, "REQ-0015-4", "fail"),
        (False, True, 6, "REQ-0015-6", "pass"),
        (False, True, 4, "REQ-0015-6", "observation"),
        (False, True, 2, "REQ-0015-6", "observation"),
        (False, None, 5, "REQ-0015-6", "pass"),
        (False, None, 4, "REQ-0015-6", "observation"),
        (True, False, 0, "REQ-0015-4", "pass"),
        (True, False, 4, "REQ-0015-4", "fail"),
    ],
)
def test_the_clock_status(synchronised: bool, stamp: bool | None, status: int, requirement: str, verdict: str) -> None:
    story = han()
    story.push("10:30:00", stamp, synchronised)
    story.answer("10:47:00", "10:30:00", status)

    assert story.verdict(requirement).verdict == verdict


@pytest.mark.parametrize(
    ("stamp", "status", "verdict"),
    [
        ("10:30:01", 0, "pass"),
        ("10:30:00", 4, "observation"),
        ("10:47:00", 0, "observation"),
        ("10:00:00", 0, "observation"),
    ],
)
def test_a_push_without_a_time_is_stamped_on_receipt(stamp: str, status: int, verdict: str) -> None:
    story = han()
    story.push("10:30:00", False)
    story.answer("10:47:00", stamp, status)

    assert story.verdict("REQ-0015-8").verdict == verdict


@pytest.mark.parametrize(("stamp", "verdict"), [("10:30:00", "pass"), ("11:00:00", "observation")])
def test_a_set_keeps_its_stamp_when_another_is_refreshed(stamp: str, verdict: str) -> None:
    story = han()
    story.push("10:30:00", current_summation_delivered=1, current_tier1_summation_delivered=1)
    story.push("11:00:00", current_summation_delivered=1)
    story.answer("11:17:00", stamp, use_case="GCS13c")

    assert story.verdict("REQ-0015-9").verdict == verdict


def test_a_refreshed_set_says_nothing_of_the_others() -> None:
    story = han()
    story.push("10:30:00")
    story.answer("10:47:00", "10:30:00")

    assert story.verdict("REQ-0015-9").verdict == "not run"


def test_a_push_the_sniffer_missed_is_no_defect() -> None:
    story = han()
    story.header["complete"] = False
    story.push("10:30:00")
    story.answer("11:17:00", "11:00:00")

    assert story.verdict("REQ-0015-7").verdict == "not run"


def test_the_time_of_the_answer_fails_in_a_capture_too() -> None:
    story = han()
    story.header["complete"] = False
    story.push("10:30:00")
    story.answer("11:17:00", "11:17:00")

    assert story.verdict("REQ-0015-7").verdict == "fail"


def test_a_push_the_proxy_never_got_counts_for_nothing() -> None:
    """The proxy answers every report; a report without an answer was lost on the air."""
    story = han()
    story.push("10:30:00").sequence = 1
    story.zcl("10:30:00", "gpf", "gsme", "0702", "default_response", 1, fields={"command": 10, "status": "SUCCESS"})
    story.push("11:00:00").sequence = 2
    story.answer("11:17:00", "10:30:00")

    assert story.verdict("REQ-0015-7").verdict == "pass"


def test_a_capture_that_lost_the_meters_time_is_no_defect() -> None:
    story = han()
    story.header["complete"] = False
    story.push("10:30:00", False)
    story.answer("10:47:00", "10:30:00", 4)

    assert {story.verdict(id).verdict for id in ALL[2:]} == {"not run"}


def test_a_wrong_status_fails_in_a_capture_too() -> None:
    story = han()
    story.header["complete"] = False
    story.push("10:30:00")
    story.answer("10:47:00", "10:30:00", 0)

    assert story.verdict("REQ-0015-4").verdict == "fail"
