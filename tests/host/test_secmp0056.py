# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicates of SECMP0056 on small traces that pass, that fail and that show nothing."""

import pytest
from han.gbcs import envelope, gbz
from trace_story import CONTROL, DATE, ROLES, Story, utc

METERS = ["REQ-0056-%d" % n for n in (1, 2, 3, 4, 5, 7, 8)]
DISPLAYS = ["REQ-0056-%d" % n for n in (11, 13, 14, 15, 16, 18)]


def han(**header: object) -> Story:
    return Story("esme", "gpf", "ihd", **header)


def test_silence_shows_nothing() -> None:
    story = han().end("12:00:00")

    assert {story.verdict(id).verdict for id in METERS + DISPLAYS} == {"not run"}


# --- the meter and the proxy ------------------------------------------------------------------------------------


def test_an_answer_with_the_attributes() -> None:
    story = han()
    story.ask("10:30:20")
    story.tell("10:30:20", None)

    for id in ("REQ-0056-1", "REQ-0056-3", "REQ-0056-4"):
        assert story.verdict(id).verdict == "pass", id
    assert story.verdict("REQ-0056-2").verdict == "not run"


def test_a_meter_from_before_the_change() -> None:
    story = han()
    story.ask("10:30:20")
    refused = {DATE: "UNSUPPORTED_ATTRIBUTE", CONTROL: "UNSUPPORTED_ATTRIBUTE"}
    story.zcl("10:30:20", "esme", "ihd", "0708", "read_attributes_response", attributes={}, statuses=refused)

    assert story.verdict("REQ-0056-1").verdict == "fail"
    assert story.verdict("REQ-0056-4").verdict == "not run"


def test_a_default_response_is_no_answer_to_a_read() -> None:
    story = han()
    story.ask("10:30:20", "gpf").sequence = 9
    story.zcl("10:30:20", "gpf", "ihd", "0708", "default_response", 9, fields={"command": 0, "status": "UNSUPPORTED_ATTRIBUTE"})

    assert story.verdict("REQ-0056-2").verdict == "fail"


def test_not_found_answers_the_command_with_the_same_number() -> None:
    story = han()
    story.zcl("10:30:20", "ihd", "gpf", "0708", "get_change_of_tenancy", 9)
    story.zcl("10:30:20", "gpf", "ihd", "0708", "default_response", 9, fields={"command": 0, "status": "NOT_FOUND"})

    assert story.verdict("REQ-0056-2").verdict == "not run"


def test_another_type_is_an_observation() -> None:
    story = han()
    story.tell("10:30:20", None, types={DATE: "0x23"})

    verdict = story.verdict("REQ-0056-3")
    assert verdict.verdict == "observation"
    assert "0x23" in verdict.reason


def test_an_attribute_that_can_be_written_is_an_observation() -> None:
    story = han()
    story.zcl("10:30:20", "ihd", "esme", "0708", "write_attributes", 3, attributes={DATE: None})
    story.zcl("10:30:20", "esme", "ihd", "0708", "write_attributes_response", 3, statuses={})

    assert story.verdict("REQ-0056-3").verdict == "observation"


def test_a_change_nobody_gave_fails() -> None:
    story = han()
    story.tell("10:30:20", "09:00:00")

    assert story.verdict("REQ-0056-4").verdict == "fail"


def test_a_capture_may_have_missed_the_change() -> None:
    story = han(complete=False)
    story.tell("10:30:20", "09:00:00")

    assert story.verdict("REQ-0056-4").verdict == "not run"


def gcs09(story: Story, time: str, date: str, status: int | None = 0) -> None:
    """The supplier's GCS09 and the proxy's answer."""
    fields = b"\0" * 4 + utc(time).to_bytes(4, "little") + b"\0" + utc(date).to_bytes(4, "little") + b"\x00\x02\x00\x00"
    message = envelope.Message(envelope.COMMAND, 5, ROLES["supplier"], ROLES["gpf"], 0x72, b"", None, b"", b"\0" * 12)
    message.payload = gbz.encode(gbz.Payload([gbz.Component(0x0708, 9, 0, 0, fields)]))
    told = {"message_code": "0072", "use_case": "GCS09", "originator_counter": 5}
    story.add(time, "gbcs", "supplier", "gpf", cra="command", originator="s", octets=envelope.encode(message).hex(), **told)
    if status is None:
        return
    message.cra = envelope.RESPONSE
    message.payload = gbz.encode(gbz.Payload([gbz.Component(0x0708, 0, 0, 0x0B, bytes((0, status)))]))
    story.add(time, "gbcs", "gpf", "supplier", cra="response", recipient="s", octets=envelope.encode(message).hex(), **told)


@pytest.mark.parametrize(("status", "verdict"), [(0, "pass"), (1, "fail"), (None, "fail")])
def test_gcs09_is_answered_with_success(status: int | None, verdict: str) -> None:
    story = han()
    gcs09(story, "10:30:00", "10:00:00", status)

    assert story.end("11:30:00").verdict("REQ-0056-5").verdict == verdict


def test_a_change_shows_at_once() -> None:
    story = han()
    story.order("10:30:00", "12:00:00")
    story.tell("10:30:20", "12:00:00")
    gcs09(story, "10:40:00", "09:00:00")
    story.tell("10:40:20", "09:00:00", server="gpf")

    for id in ("REQ-0056-7", "REQ-0056-8"):
        verdict = story.verdict(id)
        assert verdict.verdict == "pass", verdict
        assert set(verdict.by_device) == {"esme", "gpf"}
        assert {finding["verdict"] for finding in verdict.by_device.values()} == {"pass"}


def test_a_date_that_is_held_back_fails() -> None:
    story = han()
    story.order("10:30:00", "12:00:00")
    story.tell("10:30:20", None)
    story.tell("12:00:20", "12:00:00")

    assert story.verdict("REQ-0056-8").verdict == "fail"


def test_a_change_control_without_bit_9_fails() -> None:
    story = han()
    story.order("10:30:00", "12:00:00")
    story.tell("10:30:20", "12:00:00", control=0)

    verdict = story.verdict("REQ-0056-7")
    assert verdict.verdict == "fail"
    assert "0x00000200 was given" in verdict.reason


def test_a_refused_gcs09_changes_nothing() -> None:
    story = han()
    gcs09(story, "10:30:00", "09:00:00", status=1)
    story.tell("10:40:20", None, server="gpf")

    assert story.verdict("REQ-0056-8").verdict == "not run"


# --- the display ------------------------------------------------------------------------------------------------


def test_a_display_that_asks_both() -> None:
    story = han()
    story.ask("10:30:20", "esme")
    assert story.verdict("REQ-0056-11").verdict == "not run"

    story.ask("10:30:20", "gpf")
    assert story.verdict("REQ-0056-11").verdict == "pass"


def test_a_display_that_never_asks_the_proxy_fails_after_a_day() -> None:
    story = han()
    story.ask("10:30:20", "esme")
    for time in ("2022-11-03T10:31:00Z", "2022-11-03T22:31:00Z", "2022-11-04T10:32:00Z"):
        story.zcl(time, "ihd", "gpf", "0702", "read_attributes", fields={"attributes": []})

    verdict = story.verdict("REQ-0056-11")
    assert verdict.verdict == "fail"
    assert "never asked the gpf" in verdict.reason


def test_a_display_that_does_not_ask_after_a_change_fails_after_an_hour() -> None:
    story = han()
    story.order("10:30:00", "10:00:00")
    for time in ("10:31:00", "11:32:00"):
        story.zcl(time, "ihd", "esme", "0702", "read_attributes", fields={"attributes": []})

    assert story.verdict("REQ-0056-11").verdict == "fail"


def learns(date: str, at: str = "10:30:20") -> Story:
    """A display that holds data of both fuels and learns of a change of tenancy on electricity."""
    story = han()
    story.screen("10:29:00", electricity_week=900, gas_week=700, electricity_price=34)
    story.order("10:29:50", date)
    story.ask(at)
    story.tell(at, date)
    return story


def after(story: Story, time: str, **items: object) -> Story:
    shown = {"electricity_week": None, "gas_week": 700, "electricity_price": 34, **items}
    story.screen(time, **shown)
    story.zcl(time, "esme", "ihd", "0702", "read_attributes_response", attributes={})
    story.zcl("15:00:00", "ihd", "esme", "0702", "read_attributes", fields={"attributes": []})
    return story.end("15:00:00")


def test_an_erasure_as_it_should_be() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")
    after(story, "10:30:21")

    for id in ("REQ-0056-13", "REQ-0056-16", "REQ-0056-18"):
        verdict = story.verdict(id)
        assert verdict.verdict == "pass", verdict
    assert story.verdict("REQ-0056-14").verdict == "not run"


def test_a_display_that_keeps_the_weekly_total_fails() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")
    after(story, "10:30:21", electricity_week=900)

    verdict = story.verdict("REQ-0056-13")
    assert verdict.verdict == "fail"
    assert "electricity_week" in verdict.reason
    assert verdict.severity == 1


def test_a_display_that_never_erases_fails() -> None:
    story = after(learns("10:00:00"), "14:00:00", electricity_week=900)

    assert story.verdict("REQ-0056-13").verdict == "fail"


def test_a_display_that_reports_nothing_shows_nothing() -> None:
    story = han()
    story.ask("10:30:20")
    story.tell("10:30:20", "10:00:00")
    story.zcl("15:00:00", "ihd", "esme", "0702", "read_attributes", fields={"attributes": []})

    assert story.verdict("REQ-0056-13").verdict == "not run"


def test_a_date_ahead_is_waited_for() -> None:
    story = learns("12:00:00")
    story.erase("12:00:00", "electricity", "12:00:00")

    assert after(story, "12:00:01").verdict("REQ-0056-14").verdict == "pass"


def test_erasing_at_once_for_a_date_ahead_is_an_observation() -> None:
    story = learns("12:00:00")
    story.erase("10:30:20", "electricity", "12:00:00")
    after(story, "10:30:21")

    verdict = story.verdict("REQ-0056-14")
    assert verdict.verdict == "observation"
    assert "before the date" in verdict.reason


def test_erasing_never_for_a_date_ahead_is_an_observation() -> None:
    story = after(learns("12:00:00"), "14:00:00", electricity_week=900)

    assert story.verdict("REQ-0056-14").verdict == "observation"
    assert story.verdict("REQ-0056-13").verdict == "fail"


def test_the_date_is_judged_on_the_devices_clock() -> None:
    story = han()
    story.clock("10:01:00", "ihd", "reliable", ahead=600)
    story.order("10:29:50", "12:00:00")
    story.tell("10:30:20", "12:00:00")
    story.erase("11:50:00", "electricity", "12:00:00")

    assert after(story, "11:50:01").verdict("REQ-0056-14").verdict == "pass"


def test_the_same_date_again_erases_nothing() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")
    assert story.verdict("REQ-0056-15").verdict == "not run"

    story.tell("11:00:20", "10:00:00")
    assert story.verdict("REQ-0056-15").verdict == "pass"


@pytest.mark.parametrize(("date", "verdict"), [("10:45:00", "pass"), ("10:00:00", "observation"), ("09:00:00", "observation")])
def test_a_second_erasure(date: str, verdict: str) -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")
    story.tell("11:00:20", date)
    story.erase("11:00:20", "electricity", date)

    assert story.verdict("REQ-0056-15").verdict == verdict


def test_an_erasure_that_leaves_something_out() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00", ["consumption", "cost"])

    verdict = after(story, "10:30:21").verdict("REQ-0056-16")
    assert verdict.verdict == "observation"
    assert "budgets, demand_peaks, messages, top_up_history" in verdict.reason


def test_an_erasure_that_takes_the_tariff_with_it() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")

    assert after(story, "10:30:21", electricity_price=None).verdict("REQ-0056-16").verdict == "observation"


def test_an_erasure_that_clears_the_other_fuel() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "electricity", "10:00:00")

    verdict = after(story, "10:30:21", gas_week=None).verdict("REQ-0056-18")
    assert verdict.verdict == "observation"
    assert "gas_week" in verdict.reason


def test_the_other_fuels_date() -> None:
    story = learns("10:00:00")
    story.erase("10:30:20", "gas", "10:00:00")

    assert story.verdict("REQ-0056-18").verdict == "observation"


def test_two_displays_are_judged_each() -> None:
    story = Story("esme", "gpf", "ihd", "ihd.2")
    story.ask("10:30:20", "esme")
    story.ask("10:30:20", "gpf")
    for time in ("2022-11-03T10:31:00Z", "2022-11-04T10:32:00Z"):
        for server in ("esme", "gpf"):
            story.zcl(time, "ihd.2", server, "0702", "read_attributes", fields={"attributes": []})

    verdict = story.verdict("REQ-0056-11")

    assert verdict.verdict == "fail"
    assert verdict.reason.startswith("ihd.2: ")
    assert verdict.by_device["ihd"]["verdict"] == "pass"
