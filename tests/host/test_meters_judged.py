# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges of meter events and firmware: they hold on the scenarios that show them, and fail on each deviation that is put into
their traces."""

from collections.abc import Callable
from typing import Any

import pytest
from hanref.mutants.own import MUTANTS
from hanref.mutants.run import examine, trace_of
from hanref.requirements import judge
from hanref.trace import Event, Trace

SCENARIO = "meter-events"
SHOWN = (
    "REQ-078-1",
    "REQ-078-2",
    "REQ-0023-1",
    "REQ-0023-2",
    "REQ-0023-3",
    "REQ-0023-5",
    "REQ-GSME-4",
    "REQ-GSME-5",
    "REQ-GSME-6",
    "REQ-GSME-7",
    "REQ-ESME-3",
    "REQ-ESME-4",
    "REQ-ESME-8",
    "REQ-GPF-15",
)

Change = Callable[[Event], Event | None]


@pytest.fixture(scope="module")
def reference() -> Trace:
    return trace_of(SCENARIO)


def changed(trace: Trace, change: Change) -> Trace:
    """The trace with each event as `change` makes it, None to leave it out."""
    return Trace(trace.header, [made for event in trace.events if (made := change(event)) is not None])


def with_content(event: Event, **content: Any) -> Event:
    return Event(
        event.n,
        event.milliseconds,
        event.source,
        event.destination,
        event.kind,
        {**event.content, **content},
        event.sequence,
        event.octets,
        event.packet,
    )


def without_alert(code: str) -> Change:
    return lambda event: None if event.kind == "alert" and event.get("code") == code else event


def other_alert(code: str, given: str) -> Change:
    return lambda event: with_content(event, code=given) if event.kind == "alert" and event.get("code") == code else event


def without_supply(status: str) -> Change:
    return lambda event: None if event.kind == "supply" and event.get("status") == status else event


def other_octets(use_case: str, cra: str, old: str, new: str) -> Change:
    """Every message of a use case with some of its octets changed."""

    def change(event: Event) -> Event:
        if event.kind != "gbcs" or (event.get("use_case"), event.get("cra")) != (use_case, cra):
            return event
        assert old in event.get("octets")
        return with_content(event, octets=event.get("octets").replace(old, new))

    return change


def configurations(old: str, new: str) -> Change:
    """Answers to GCS20r with some of their octets changed, where they have them."""

    def change(event: Event) -> Event:
        if event.kind == "gbcs" and event.get("use_case") == "GCS20r" and event.get("cra") == "response":
            return with_content(event, octets=event.get("octets").replace(old, new))
        return event

    return change


def other_limit(event: Event) -> Event:
    """The bench fed a little more than the meter thinks."""
    if event.kind == "bench" and event.get("verb") == "gas_flow" and event.get("arguments")["litres_per_hour"] == 6100:
        return with_content(event, arguments={"litres_per_hour": 6190})
    return event


def rarer_samples(event: Event) -> Event | None:
    return None if event.get("store") == "network_data" and event.n % 2 else event


def other_calendar(event: Event) -> Event:
    """The proxy takes the one calendar for the other."""
    fields = event.fields
    if event.kind == "zcl" and event.get("command") == "publish_day_profile" and fields.get("issuer_calendar_id") == 32:
        return with_content(event, fields={**fields, "issuer_calendar_id": 31})
    return event


def demand_of_a_minute(event: Event) -> Event:
    if event.get("name") == "maximum_demand":
        return with_content(event, value=event.get("value") + 300)
    return event


def test_the_scenario_shows_them(reference):
    found = {verdict.id: verdict.verdict for verdict in judge(reference, SHOWN)}
    assert found == dict.fromkeys(SHOWN, "pass")


DEVIATIONS: list[tuple[str, Change]] = [
    ("REQ-ESME-3", without_alert("8f01")),
    ("REQ-ESME-3", without_alert("8f33")),
    ("REQ-ESME-3", without_alert("8f34")),
    ("REQ-ESME-3", without_supply("armed")),
    ("REQ-ESME-3", other_alert("8f35", "8f01")),
    ("REQ-ESME-4", without_alert("8f35")),
    ("REQ-ESME-4", other_alert("8f36", "8f35")),
    ("REQ-ESME-4", other_alert("8f39", "8f3b")),
    ("REQ-ESME-4", other_alert("8f3c", "8f3b")),
    ("REQ-ESME-8", demand_of_a_minute),
    # What the meter answers: two events alike, an event of another group, one missing; a status that is success.
    ("REQ-GPF-15", other_calendar),
    ("REQ-078-1", configurations("19811b", "0d811b")),
    ("REQ-078-1", configurations("5481", "548f")),
    ("REQ-078-1", configurations("bf810b", "be810b")),
    ("REQ-078-2", configurations("0b058b", "0b0500")),
    ("REQ-078-2", configurations("0b058b", "0b068b")),
    ("REQ-0023-1", other_octets("GCS24", "response", "0b0e00", "0b0e85")),
    ("REQ-0023-2", other_octets("GCS24a", "response", "0b0d00", "0b0d01")),
    ("REQ-0023-3", other_octets("GCS24", "command", "3c2c01", "3c1027")),
    ("REQ-GSME-4", other_octets("GCS31", "response", "0200", "0300")),
    ("REQ-0023-5", without_alert("81bf")),
    ("REQ-0023-5", lambda event: without_supply("off")(event) and without_supply("armed")(event)),
    ("REQ-0023-5", other_limit),
    ("REQ-0023-5", other_octets("GCS24a", "command", "f0f001010010", "fff801010010")),
    ("REQ-GSME-4", rarer_samples),
    ("REQ-GSME-7", without_alert("8f1f")),
    ("REQ-GSME-7", without_alert("8f1d")),
]


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS)
def test_a_deviation_is_found(reference, requirement, change):
    (found,) = judge(changed(reference, change), [requirement])
    assert found.verdict in ("fail", "observation"), found.reason
    assert found.evidence


# --- firmware -------------------------------------------------------------------------------------------------

FIRMWARE = ("REQ-0024-1", "REQ-CHF-13", "REQ-PPMID-9")


@pytest.fixture(scope="module")
def firmware() -> Trace:
    return trace_of("firmware")


def test_the_firmware_scenario_shows_them(firmware):
    assert {verdict.id: verdict.verdict for verdict in judge(firmware, FIRMWARE)} == dict.fromkeys(FIRMWARE, "pass")


def all_good(event: Event) -> Event:
    """The images were whole: the meter refuses what it should take."""
    if event.kind == "bench" and event.get("verb") == "image":
        arguments = {name: value for name, value in event.get("arguments").items() if name != "damage"}
        return with_content(event, arguments=arguments)
    return event


def runs_the_new_one(event: Event) -> Event:
    return with_content(event, running=3) if event.kind == "firmware" and event.get("started") is False else event


def ends(code: str, others: str) -> Change:
    """CCS08 and its alert say something else."""
    return lambda event: other_octets("CCS08", "alert", code, others)(event) if code in (event.get("octets") or "") else event


FIRMWARE_DEVIATIONS: list[tuple[str, Change]] = [
    ("REQ-0024-1", all_good),
    ("REQ-0024-1", runs_the_new_one),
    ("REQ-0024-1", without_alert("8f43")),
    ("REQ-0024-1", without_alert("8f72")),
    ("REQ-0024-1", other_alert("8f1c", "8f72")),
    ("REQ-CHF-13", without_alert("8f89")),
    ("REQ-CHF-13", other_alert("8f89", "8f8a")),
    ("REQ-CHF-13", ends("008f8a", "008f89")),
    ("REQ-CHF-13", lambda event: None if event.get("use_case") == "CCS08" else event),
    ("REQ-PPMID-9", lambda event: None if event.get("use_case") == "CS09" else event),
    ("REQ-PPMID-9", other_octets("CS08", "response", "04040000000", "04040000010")),
]


@pytest.mark.parametrize(("requirement", "change"), FIRMWARE_DEVIATIONS)
def test_a_deviation_of_firmware_is_found(firmware, requirement, change):
    (found,) = judge(changed(firmware, change), [requirement])
    assert found.verdict in ("fail", "observation"), found.reason
    assert found.evidence


@pytest.mark.parametrize("name", ["EveryOutageShort", "ListsAnEventTwice"])
def test_a_faulty_meter_is_found(name):
    place = next(place for place, mutant in enumerate(MUTANTS) if mutant.__name__ == name)
    assert examine(None, place, [SCENARIO]).found
