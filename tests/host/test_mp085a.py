# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicates of MP085A on small traces that pass, that fail and that show nothing."""

import pytest
from trace_story import Story

ALL = ["REQ-085A-%d" % n for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 13)]


def meter(start: str = "10:07:13") -> Story:
    """A meter that has just been switched on, with a good clock and 1800 s."""
    story = Story("esme", start=start)
    story.power(start, "esme", True)
    story.clock(start, "esme", "reliable")
    story.period(start, 1800)
    return story


def test_a_trace_without_entries_shows_nothing() -> None:
    story = meter().end("10:20:00")

    assert {story.verdict(id).verdict for id in ALL} == {"not run"}


def test_a_trace_without_a_meter_shows_nothing() -> None:
    verdict = Story("ihd").end("12:00:00").verdict("REQ-085A-1")

    assert (verdict.verdict, verdict.reason) == ("not run", "the trace has no esme")


def test_the_first_period_begins_on_the_half_hour() -> None:
    story = meter()
    story.entry("11:00:00")

    verdict = story.end("11:10:00").verdict("REQ-085A-1")

    assert verdict.verdict == "pass"
    assert 5 in verdict.evidence


def test_the_boundary_instant_counts_as_a_start() -> None:
    story = meter("10:30:00")
    story.entry("11:00:00")

    assert story.end("11:10:00").verdict("REQ-085A-1").verdict == "pass"


def test_a_period_that_begins_at_power_up_fails_with_its_offset() -> None:
    story = meter()
    story.entry("10:37:13")
    story.entry("11:07:13")
    story.end("11:10:00")

    first = story.verdict("REQ-085A-1")
    assert first.verdict == "fail"
    assert "10:37:13" in first.reason
    assert "off" in first.reason
    assert story.verdict("REQ-085A-6").verdict == "fail"
    utc = story.verdict("REQ-085A-2")
    assert utc.verdict == "fail"
    assert "433 s off the UTC grid" in utc.reason


def test_a_meter_that_stores_nothing_fails() -> None:
    verdict = meter().end("13:00:00").verdict("REQ-085A-1")

    assert verdict.verdict == "fail"
    assert "11:00:00" in verdict.reason


def test_a_trace_that_begins_in_the_middle_says_nothing_of_the_first_period() -> None:
    story = Story("esme")
    story.entry("11:00:00")
    story.entry("11:30:00")

    assert story.verdict("REQ-085A-1").verdict == "not run"
    assert story.verdict("REQ-085A-6").verdict == "pass"


def test_local_time_is_not_utc() -> None:
    story = meter()
    story.entry("11:00:00", stamp="12:00:00")

    assert story.end("11:10:00").verdict("REQ-085A-2").verdict == "fail"


def test_a_stamp_of_the_beginning_is_not_the_end() -> None:
    story = meter()
    story.entry("11:00:00", stamp="10:30:00")

    verdict = story.end("11:10:00").verdict("REQ-085A-3")

    assert verdict.verdict == "fail"
    assert "1800 s later" in verdict.reason


@pytest.mark.parametrize(("volts", "verdict"), [(240.0, "pass"), (239.0, "fail")])
def test_an_average_is_the_mean_of_what_was_fed(volts: float, verdict: str) -> None:
    story = meter()
    story.add("10:10:00", "bench", None, "esme", verb="voltage", arguments={"volts": 230.0})
    story.add("10:45:00", "bench", None, "esme", verb="voltage", arguments={"volts": 250.0})
    story.entry("11:00:00", volts)

    assert story.end("11:10:00").verdict("REQ-085A-3").verdict == verdict


@pytest.mark.parametrize(("volts", "verdict"), [(245.0, "pass"), (244.0, "fail")])
def test_an_average_over_a_ramp(volts: float, verdict: str) -> None:
    story = meter()
    arguments = {"volts": 240.0, "to": 250.0, "over": 1800}
    story.add("10:30:00", "bench", None, "esme", verb="voltage", arguments=arguments)
    story.entry("11:00:00", volts)

    assert story.end("11:10:00").verdict("REQ-085A-3").verdict == verdict


def test_the_default_period() -> None:
    story = meter()
    story.entry("11:00:00")
    story.entry("11:30:00")
    assert story.verdict("REQ-085A-5").verdict == "pass"

    other = Story("esme")
    other.entry("10:10:00")
    other.entry("10:20:00")
    assert other.verdict("REQ-085A-5").verdict == "fail"


def test_a_period_set_by_the_scenario_is_no_default() -> None:
    story = Story("esme")
    story.header["devices"]["esme"]["configuration"] = {"voltage_period": 600}
    story.entry("10:10:00")
    story.entry("10:20:00")

    assert story.verdict("REQ-085A-5").verdict == "not run"


def test_a_gap_and_a_repetition_fail() -> None:
    gap = meter()
    gap.entry("11:00:00")
    gap.entry("12:00:00")
    assert gap.end("12:10:00").verdict("REQ-085A-6").reason == "no entry was stored for 2022-11-03T11:30:00Z"

    twice = meter()
    twice.entry("11:00:00")
    twice.entry("11:00:01", stamp="11:00:00")
    assert twice.end("11:10:00").verdict("REQ-085A-6").verdict == "fail"


def test_an_hourly_period_runs_from_half_past_to_half_past() -> None:
    story = meter()
    story.period("10:07:14", 3600)
    story.entry("11:30:00")
    story.entry("12:30:00")
    story.end("12:40:00")

    assert story.verdict("REQ-085A-7").verdict == "pass"

    late = meter()
    late.period("10:07:14", 3600)
    late.entry("12:00:00")
    assert late.end("12:10:00").verdict("REQ-085A-7").verdict == "fail"


@pytest.mark.parametrize(
    ("minutes", "verdict", "word"),
    [
        ((37, 44, 51, 58, 65, 72), "pass", "commence"),
        ((37, 44, 51, 58, 67, 74), "pass", "restart"),
        ((37, 44, 51, 60, 67, 74), "observation", "neither"),
    ],
)
def test_a_period_that_does_not_fit(minutes: tuple[int, ...], verdict: str, word: str) -> None:
    story = meter()
    story.period("10:07:14", 420)
    for minute in minutes:
        story.entry("%02d:%02d:00" % (10 + minute // 60, minute % 60))

    found = story.end("11:15:00").verdict("REQ-085A-8")

    assert found.verdict == verdict
    assert word in found.reason


def test_a_new_period_abandons_the_running_one() -> None:
    story = meter()
    story.entry("11:00:00")
    story.period("11:11:00", 900)
    story.entry("11:45:00")
    assert story.end("11:50:00").verdict("REQ-085A-9").verdict == "pass"

    kept = meter()
    kept.entry("11:00:00")
    kept.period("11:11:00", 900)
    kept.entry("11:30:00")
    found = kept.end("11:50:00").verdict("REQ-085A-9")
    assert found.verdict == "observation"
    assert "11:30:00" in found.reason


def outage() -> Story:
    story = meter("10:00:00")
    story.entry("10:30:00")
    story.power("10:50:00", "esme", False)
    story.power("11:10:00", "esme", True)
    story.clock("11:10:00", "esme", "reliable")
    story.period("11:10:00", 1800)
    return story


def test_an_outage_leaves_no_entry() -> None:
    story = outage()
    story.entry("12:00:00")
    assert story.end("12:10:00").verdict("REQ-085A-10").verdict == "pass"


def test_an_outage_padded_with_zero_fails() -> None:
    story = outage()
    story.entry("11:10:01", volts=0.0, stamp="11:00:00")
    story.entry("12:00:00")

    assert story.end("12:10:00").verdict("REQ-085A-10").verdict == "observation"


def test_a_period_cut_by_an_outage_is_not_averaged() -> None:
    story = outage()
    story.entry("11:30:00")
    story.end("12:10:00")

    assert story.verdict("REQ-085A-10").verdict == "observation"
    whole = story.verdict("REQ-085A-13")
    assert whole.verdict == "observation"
    assert "11:30:00" in whole.reason


def test_nothing_is_stored_while_the_clock_is_invalid() -> None:
    story = meter()
    story.entry("11:00:00")
    story.clock("11:05:00", "esme", "invalid")
    story.clock("12:40:00", "esme", "reliable")
    story.entry("13:30:00")
    story.end("13:40:00")
    assert story.verdict("REQ-085A-12").verdict == "pass"
    assert story.verdict("REQ-085A-1").verdict == "pass"

    stubborn = meter()
    stubborn.clock("10:10:00", "esme", "invalid")
    stubborn.entry("11:00:00")
    assert stubborn.end("12:00:00").verdict("REQ-085A-12").verdict == "observation"


def test_a_clock_adjusted_within_tolerance_disturbs_nothing() -> None:
    story = meter()
    story.clock("10:59:47", "esme", "reliable", ahead=8)
    story.entry("10:59:52", stamp="11:00:00")
    story.entry("11:29:52", stamp="11:30:00")
    story.end("11:40:00")

    for id in ("REQ-085A-1", "REQ-085A-2", "REQ-085A-3", "REQ-085A-6"):
        assert story.verdict(id).verdict == "pass", id
