# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges of gas payments on small traces: each passes, fails, and is not run."""

from typing import Any

import pytest
from han.gbcs import envelope, gbz
from han.zcl import clusters
from test_judges import Story

DISPLAY, METER = bytes.fromhex("0a0b0c0d0e0f0005"), bytes.fromhex("0a0b0c0d0e0f0003")
NUMBER = "73943329566794656644"
TOP_UP, EMERGENCY_CREDIT = 0x009B, 0x0090
PREPAYMENT = 0x0705


def message(cra: int, code: int, counter: int, frame_control: int, command: int, payload: bytes, mac: bool = True) -> str:
    ends = (DISPLAY, METER) if cra == envelope.COMMAND else (METER, DISPLAY)
    made = envelope.Message(cra, counter, *ends, code, signature=b"" if mac else bytes(64))
    made.mac = bytes(12) if mac else None
    made.payload = gbz.encode(gbz.Payload([gbz.Component(PREPAYMENT, frame_control, 0, command, payload)]))
    return str(envelope.encode(made).hex())


def send(story: Story, at: float, source: str, octets: str, prefix: str = "") -> None:
    """Through the hub: from the device to it, and on to the other."""
    fields = {"tunnel_id": 1, "data": prefix + octets}
    story.zcl(at, source, "chf", "0704", "transfer_data", fields=fields)
    other = "gsme" if source == "ppmid" else "ppmid"
    fields = {"tunnel_id": 1, "data": ("0200" if other == "gsme" else "") + octets}
    story.zcl(at + 1, "chf", other, "0704", "transfer_data", fields=fields)


def top_up(
    story: Story, at: float, counter: int = 1, origin: int = 2, code: int = TOP_UP, mac: bool = True, number: str = NUMBER
) -> None:
    fields = {"originating_device": origin, "top_up_code": number.encode()}
    payload = clusters.encode_command(PREPAYMENT, "consumer_top_up", 0, fields)
    send(story, at, "ppmid", message(envelope.COMMAND, code, counter, 0x01, 0x04, payload, mac))


def response(story: Story, at: float, counter: int = 1, result: int = 0, value: int = 1000000, source: int = 2) -> None:
    fields = {"result_type": result, "top_up_value": value, "source_of_top_up": source, "credit_remaining": 5}
    payload = clusters.encode_command(PREPAYMENT, "consumer_top_up_response", 1, fields)
    send(story, at, "gsme", message(envelope.RESPONSE, TOP_UP, counter, 0x09, 0x03, payload), "03")


def ordered(story: Story, at: float, verb: str = "top_up") -> None:
    story.add(at, "bench", None, "ppmid", verb=verb, arguments={"fuel": "gas", "pounds": 10})


def told(story: Story, at: float, result: str, value: int | None = None, what: str = "top_up") -> None:
    story.add(at, "payment", "ppmid", fuel="gas", what=what, result=result, value=value)


def whole(**answer: Any) -> Story:
    story = Story()
    ordered(story, 10)
    top_up(story, 11)
    response(story, 100, **answer)
    story.zcl(4000, "ppmid", "esme", "0702", "read_attributes", fields={"attributes": []})
    return story


def test_a_gas_top_up() -> None:
    good = whole()
    told(good, 102, "accepted", 1000000)
    assert good.verdict("REQ-PPMID-2") == "pass"
    assert good.verdict("REQ-GSME-9") == "pass"
    assert Story().verdict("REQ-PPMID-2") == "not run"


@pytest.mark.parametrize(
    ("result", "value"), [("refused", None), ("accepted", 500000), (None, None)], ids=["wrong", "other value", "not told"]
)
def test_a_gas_top_up_of_which_something_else_is_told(result: str | None, value: int | None) -> None:
    story = whole()
    if result is not None:
        told(story, 102, result, value)
    else:
        told(story, 20, "mistyped")  # somebody sees what is told
    assert story.verdict("REQ-PPMID-2") == "fail"


def test_a_gas_top_up_that_is_told_twice() -> None:
    story = whole()
    told(story, 102, "accepted", 1000000)
    told(story, 103, "accepted", 1000000)
    assert story.verdict("REQ-PPMID-2") == "fail"


@pytest.mark.parametrize("how", [{"origin": 1}, {"mac": False}, {"number": "123"}])
def test_a_gas_top_up_of_another_form(how: dict[str, Any]) -> None:
    story = Story()
    top_up(story, 11, **how)
    assert story.verdict("REQ-PPMID-2") == "fail"


def test_what_is_typed_in_is_sent() -> None:
    story = Story()
    ordered(story, 10)
    story.zcl(4000, "ppmid", "esme", "0702", "read_attributes", fields={"attributes": []})
    assert story.verdict("REQ-PPMID-2") == "fail"


def test_the_meter_answers_once_and_credits_once() -> None:
    twice = whole()
    response(twice, 110, value=999000)
    assert twice.verdict("REQ-GSME-9") == "fail"
    again = whole()
    top_up(again, 200, counter=2)
    response(again, 210, counter=2)
    assert again.verdict("REQ-GSME-9") == "fail"
    refused = whole()
    top_up(refused, 200, counter=2)
    response(refused, 210, counter=2, result=2, value=0)
    assert refused.verdict("REQ-GSME-9") == "pass"
    silent = Story()
    top_up(silent, 11)
    silent.zcl(4000, "ppmid", "esme", "0702", "read_attributes", fields={"attributes": []})
    assert silent.verdict("REQ-GSME-9") == "fail"


def emergency(status: int, results: list[str]) -> Story:
    story = Story()
    ordered(story, 10, "emergency_credit")
    fields = {"command_issue_date_time": 5, "originating_device": 2}
    payload = clusters.encode_command(PREPAYMENT, "select_available_emergency_credit", 0, fields)
    send(story, 11, "ppmid", message(envelope.COMMAND, EMERGENCY_CREDIT, 1, 0x01, 0x00, payload))
    answer = message(envelope.RESPONSE, EMERGENCY_CREDIT, 1, 0x08, 0x0B, bytes((0, status)))
    send(story, 100, "gsme", answer, "03")
    for place, result in enumerate(results):
        told(story, 102 + place, result, what="emergency_credit")
    story.zcl(4000, "ppmid", "esme", "0702", "read_attributes", fields={"attributes": []})
    return story


def test_gas_emergency_credit() -> None:
    assert emergency(0, ["success"]).verdict("REQ-PPMID-3") == "pass"
    assert emergency(1, ["refused"]).verdict("REQ-PPMID-3") == "pass"
    assert emergency(0, ["refused"]).verdict("REQ-PPMID-3") == "fail"
    assert emergency(0, ["success", "refused"]).verdict("REQ-PPMID-3") == "fail"
    assert emergency(1, ["refused"]).verdict("REQ-GSME-9") == "pass"


# --- the proxy ------------------------------------------------------------------------------------------------


def top_ups(*hours: int) -> list[dict[str, Any]]:
    return [
        {"top_up_code": f"3{hour}", "top_up_amount": hour, "top_up_time": f"2022-11-07T{hour:02d}:00:00Z"} for hour in hours
    ]


def kept(published: list[Any], given: list[Any], number: int = 5) -> Story:
    story = Story()
    for place, entry in enumerate(published):
        story.zcl(10 + place, "gsme", "gpf", "0705", "publish_top_up_log", fields={"top_ups": [entry]})
    fields = {"latest_end_time": None, "number_of_records": number}
    story.zcl(100, "ppmid", "gpf", "0705", "get_top_up_log", sequence=7, fields=fields)
    if given:
        answer = {"command": "publish_top_up_log", "fields": {"top_ups": given}}
    else:
        answer = {"command": "default_response", "fields": {"command": 8, "status": "NOT_FOUND"}}
    story.zcl(100.1, "gpf", "ppmid", "0705", sequence=7, **answer)
    return story


def test_top_ups_in_the_proxy() -> None:
    assert kept(top_ups(1, 2), top_ups(1, 2)).verdict("REQ-GPF-4") == "pass"
    assert kept(top_ups(1, 2), top_ups(2), number=1).verdict("REQ-GPF-4") == "pass"
    assert kept(top_ups(1, 2, 3, 4, 5, 6), top_ups(2, 3, 4, 5, 6)).verdict("REQ-GPF-4") == "pass"
    assert kept(top_ups(1, 2), top_ups(2)).verdict("REQ-GPF-4") == "fail"
    assert kept(top_ups(1, 2), []).verdict("REQ-GPF-4") == "fail"
    assert kept([], top_ups(1)).verdict("REQ-GPF-4") == "not run"


def debts(*hours: int) -> list[dict[str, Any]]:
    return [
        {
            "collection_time": f"2022-11-07T{hour:02d}:00:00Z",
            "amount_collected": hour,
            "debt_type": 2,
            "outstanding_debt": 100 - hour,
        }
        for hour in hours
    ]


def test_payments_of_debt_in_the_proxy() -> None:
    for at_a_time, verdict in ((1, "pass"), (2, "fail")):
        story = Story()
        entries = debts(1, 2)
        for place in range(0, 2, at_a_time):
            published = entries[place : place + at_a_time]
            story.zcl(10 + place, "gsme", "gpf", "0705", "publish_debt_log", fields={"debts": published})
        fields = {"latest_end_time": None, "number_of_records": 10, "debt_type": 2}
        story.zcl(100, "ppmid", "gpf", "0705", "get_debt_repayment_log", sequence=7, fields=fields)
        story.zcl(100.1, "gpf", "ppmid", "0705", "publish_debt_log", sequence=7, fields={"debts": entries})
        assert story.verdict("REQ-GPF-5") == verdict
