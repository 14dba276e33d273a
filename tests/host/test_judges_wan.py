# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges of what goes over the WAN: each passes on the reference's run, and speaks against it with one thing changed."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from han.gbcs import axdr, cosem_time, dlms, envelope, gbz
from hanref.moments import milliseconds_of
from hanref.requirements import judge
from hanref.requirements.wan import name_of
from hanref.run.runner import simulate
from hanref.scenario import load
from hanref.trace import Event, Trace

Content = dict[str, Any]
Change = Callable[[Event], Content | None]  # the content that an event has instead, or None where it did not happen
PROXY, PPMID = "0268616e72656603", "0268616e72656605"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """The traces of the scenarios in which a supplier commands, as the reference runs them."""
    folder = tmp_path_factory.mktemp("wan")
    return {name: run(name, folder / name) for name in ("device-log", "supplier-day")}


def run(name: str, folder: Path) -> Trace:
    folder.mkdir()
    return simulate(load(name), folder).trace


def verdict(trace: Trace, requirement: str) -> str:
    return judge(trace, [requirement])[0].verdict


def with_change(trace: Trace, change: Change) -> Trace:
    """The same trace, with the content of its events as `change` has it."""
    events = []
    for event in trace.events:
        content = change(event)
        if content is not None:
            packed = content.get("destination_", event.destination)
            content.pop("destination_", None)
            events.append(
                Event(event.n, event.milliseconds, event.source, packed, event.kind, content, event.sequence, event.octets)
            )
    return Trace(trace.header, events)


# --- changes ------------------------------------------------------------------------------------------------------------


def message(use_case: str, cra: str, edit: Callable[[Any], None] | None, number: int | None = None) -> Change:
    """Messages of a use case with another APDU, or not sent where there is no `edit`; with `number` that one alone."""
    seen = [0]

    def change(event: Event) -> Content | None:
        content = dict(event.content)
        if event.kind != "gbcs" or event.get("cra") != cra or name_of(event) != use_case:
            return content
        seen[0] += 1
        if number is not None and seen[0] != number:
            return content
        if edit is None:
            return None
        found = envelope.decode(bytes.fromhex(content["octets"]))
        apdu = dlms.decode(found.payload)
        edit(apdu)
        found.payload = dlms.encode(apdu)
        content["octets"] = envelope.encode(found).hex()
        return content

    return change


def nothing_found(use_case: str) -> Change:
    """Answers of a use case say that there is nothing."""

    def change(event: Event) -> Content | None:
        content = dict(event.content)
        if event.kind == "gbcs" and event.get("cra") == "response" and name_of(event) == use_case:
            found = envelope.decode(bytes.fromhex(content["octets"]))
            part = gbz.decode(found.payload, found.cra, found.message_code).components[0]
            none = gbz.Component(part.cluster, 0x18, part.sequence, gbz.DEFAULT_RESPONSE, b"\x00\x8b")
            found.payload = gbz.encode(gbz.Payload([none]))
            content["octets"] = envelope.encode(found).hex()
        return content

    return change


def refused(apdu: Any) -> None:
    apdu.results = [(choice, 1) for choice, _ in apdu.results]


def log(apdu: Any, place: int = 0) -> list[Any]:
    """[time, network, devices] of a log in an answer to CCS07."""
    found: list[Any] = apdu.data[place][1]
    return found


def empty_log(apdu: Any) -> None:
    apdu.data[0] = (axdr.COMPACT_ARRAY, (apdu.data[0][1][0], []))


def turned(apdu: Any) -> None:
    apdu.data[0] = (axdr.COMPACT_ARRAY, (apdu.data[0][1][0], list(apdu.data[0][1][1])[::-1]))


def other_network(apdu: Any) -> None:
    log(apdu)[1] = (axdr.OCTET_STRING, bytes(8))


def no_devices(apdu: Any) -> None:
    log(apdu)[2] = (axdr.ARRAY, [])


def other_hashes(place: int) -> Callable[[Any], None]:
    def edit(apdu: Any) -> None:
        devices = [part[1] for part in log(apdu, place)[2][1]]
        log(apdu, place)[2] = (axdr.ARRAY, [(axdr.STRUCTURE, [one[0], (axdr.OCTET_STRING, bytes(16))]) for one in devices])

    return edit


def one_more_in_the_past(apdu: Any) -> None:
    devices = list(log(apdu, 1)[2][1])
    proxy = [(axdr.OCTET_STRING, bytes.fromhex(PROXY)), (axdr.OCTET_STRING, bytes(16))]
    log(apdu, 1)[2] = (axdr.ARRAY, [*devices, (axdr.STRUCTURE, proxy)])


def alert_without_devices(apdu: Any) -> None:
    backup = apdu.body[1][2]
    backup[1][2] = (axdr.ARRAY, [])


def last_week(apdu: Any) -> None:
    """Every device was last heard a week ago."""
    for row in apdu.data[0][1]:
        row[1][8] = (axdr.OCTET_STRING, cosem_time.encode(cosem_time.decode(row[1][8][1])[0] - 7 * 86400))


def an_hour_ahead(apdu: Any) -> None:
    utc = cosem_time.decode(apdu.data[3][1])[0] or 0
    apdu.data[3] = (axdr.OCTET_STRING, cosem_time.encode(utc + 3600))


def status_seven(apdu: Any) -> None:
    apdu.data[4] = (axdr.UNSIGNED, 7)


def other_code(apdu: Any) -> None:
    apdu.body[1][0] = (axdr.LONG_UNSIGNED, 0x8F84)


def joins(admitted: bool) -> Change:
    """Whoever asked to join was let in, or not."""

    def change(event: Event) -> Content | None:
        return {**event.content, "admitted": admitted} if event.kind == "join" else dict(event.content)

    return change


def to_the_stranger(event: Event) -> Content | None:
    """What the hub says to the display goes to the prepayment interface, which it took out of its log."""
    content = dict(event.content)
    if event.kind == "zcl" and event.source in ("chf", "gpf") and event.destination == "ihd":
        content["destination_"] = "ppmid"
    return content


def frames(source: str, command: str, destination: str, **values: Any) -> Change:
    """Frames with other values: attributes, or fields, that they have by these names."""

    def change(event: Event) -> Content | None:
        content = dict(event.content)
        mine = event.kind == "zcl" and (event.source, event.destination, event.get("command")) == (source, destination, command)
        for part in ("attributes", "fields") if mine else ():
            if part in content:
                found = {name: values[name] for name in content[part] if name in values}
                content[part] = {**content[part], **found}
        return content

    return change


def first_values(source: str, command: str, destination: str, name: str) -> Change:
    """An attribute always reads as it did at first."""
    first: dict[str, Any] = {}

    def change(event: Event) -> Content | None:
        content = dict(event.content)
        mine = event.kind == "zcl" and (event.source, event.destination, event.get("command")) == (source, destination, command)
        if mine and name in content.get("attributes", {}):
            first.setdefault(name, content["attributes"][name])
            content["attributes"] = {**content["attributes"], name: first[name]}
        return content

    return change


READ = "read_attributes_response"
SNAPSHOT, BALANCES = "publish_snapshot", "publish_prepay_snapshot"
WAN = [
    ("REQ-CHF-1", "device-log", message("CCS01", "response", refused)),
    ("REQ-CHF-2", "device-log", message("CCS07", "response", one_more_in_the_past)),
    ("REQ-CHF-3", "device-log", to_the_stranger),
    ("REQ-CHF-4", "device-log", message("CS14", "alert", None)),
    ("REQ-CHF-4", "device-log", message("CS14", "alert", other_code)),
    ("REQ-CHF-5", "device-log", message("CS14", "alert", alert_without_devices)),
    ("REQ-CHF-6", "device-log", message("CCS06", "response", last_week)),
    ("REQ-CHF-7", "device-log", message("CCS07", "response", other_network)),
    ("REQ-CHF-7", "device-log", message("CCS07", "response", refused)),
    ("REQ-CHF-8", "device-log", message("CCS07", "response", no_devices)),
    ("REQ-CHF-9", "device-log", message("ECS35c", "response", turned)),
    ("REQ-CHF-10", "device-log", message("ECS35c", "response", empty_log)),
    ("REQ-CHF-10", "device-log", message("ECS35d", "response", empty_log, 2)),
    ("REQ-121-1", "device-log", joins(True)),
    ("REQ-121-2", "device-log", message("CCS07", "response", other_hashes(0), 5)),
    ("REQ-121-3", "device-log", joins(True)),
    ("REQ-121-3", "device-log", joins(False)),
    ("REQ-121-4", "device-log", message("CCS07", "response", other_hashes(1))),
    ("REQ-121-6", "device-log", joins(False)),
    ("REQ-078-5", "supplier-day", message("ECS35b", "response", refused)),
    ("REQ-078-5", "supplier-day", message("ECS35d", "response", empty_log)),
    ("REQ-078-5", "supplier-day", nothing_found("CS10b")),
    ("REQ-ESME-6", "supplier-day", message("ECS35b", "response", empty_log, 2)),
    ("REQ-ESME-7", "supplier-day", message("ECS100", "alert", None)),
    ("REQ-ESME-7", "supplier-day", message("ECS100", "alert", other_code)),
    ("REQ-0056-6", "supplier-day", message("ECS12", "response", refused)),
    ("REQ-0056-6", "supplier-day", frames("esme", READ, "ihd", proposed_tenancy_change_control=0)),
    ("REQ-CLK-4", "supplier-day", message("ECS70", "response", an_hour_ahead)),
    ("REQ-CLK-5", "supplier-day", message("ECS70", "response", status_seven)),
    ("REQ-GPF-2", "supplier-day", frames("gpf", BALANCES, "ihd", snapshot_id=99)),
    ("REQ-GPF-3", "supplier-day", frames("gpf", SNAPSHOT, "ihd", snapshot_id=99)),
    ("REQ-GPF-3", "supplier-day", frames("gsme", SNAPSHOT, "gpf", snapshot_cause=2)),
    ("REQ-GPF-6", "supplier-day", frames("gpf", BALANCES, "ihd", snapshot_payload={})),
    ("REQ-GPF-12", "supplier-day", first_values("gpf", READ, "ihd", "standing_charge")),
    ("REQ-GPF-13", "supplier-day", frames("gpf", READ, "ihd", standing_charge=28000)),
    ("REQ-GPF-14", "supplier-day", nothing_found("CS10a")),
    ("REQ-GPF-16", "supplier-day", message("GCS62", "alert", None)),
    ("REQ-GSME-8", "supplier-day", first_values("gsme", "report_attributes", "gpf", "bill_to_date_delivered")),
]


@pytest.mark.parametrize("requirement", sorted({requirement for requirement, _, _ in WAN}))
def test_the_reference_passes(runs: dict[str, Trace], requirement: str) -> None:
    scenario = next(name for id, name, _ in WAN if id == requirement)
    assert verdict(runs[scenario], requirement) == "pass"


@pytest.mark.parametrize(("requirement", "scenario", "change"), WAN)
def test_each_can_fail(runs: dict[str, Trace], requirement: str, scenario: str, change: Change) -> None:
    assert verdict(with_change(runs[scenario], change), requirement) in ("fail", "observation")


def test_nothing_speaks_against_the_reference(runs: dict[str, Trace]) -> None:
    for trace in runs.values():
        against = [(one.id, one.reason) for one in judge(trace) if one.verdict in ("fail", "observation")]
        assert not against


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scenario", ["device-log", "supplier-day"])
def test_a_tenth_of_what_was_sent_is_missing(runs: dict[str, Trace], scenario: str, seed: int) -> None:
    """Frames and messages that are cut out of a capture speak against nobody."""
    chance = random.Random(seed)
    whole = runs[scenario]
    left = [event for event in whole.events if event.kind not in ("gbcs", "zcl") or chance.random() > 0.1]
    verdicts = judge(Trace({**whole.header, "complete": False}, left))
    assert not [(one.id, one.reason) for one in verdicts if one.verdict in ("fail", "observation")]


def test_removals_and_returns_end_and_begin_presence(runs: dict[str, Trace]) -> None:
    from hanref.requirements.device_log_model import removed_spans

    spans = [there for _, there in removed_spans(runs["device-log"], PPMID)]
    assert spans[:4] == [False, True, False, True]


def test_the_same_seed_gives_the_same_trace(tmp_path: Path) -> None:
    """Keys, certificates and signatures come out of the seed."""
    for name in ("first", "second"):
        run("device-log", tmp_path / name)
    first, second = ((tmp_path / name / "trace.jsonl").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(("given", "expected"), [([700, 710], "pass"), ([700, 711], "observation")])
def test_the_meter_gives_its_half_hours_as_they_were(given: list[int], expected: str) -> None:
    """REQ-GSME-3 (I): what it answers is what it stored."""
    start = milliseconds_of("2022-11-07T10:00:00Z")
    events = []
    for place, value in enumerate((700, 710), 1):
        entry = {"utc": "2022-11-07T%02d:%02d:00Z" % (10 + place // 2, place % 2 * 30), "value": value}
        content = {"store": "profile_data", "operation": "append", "entry": entry}
        events.append(Event(place, start + place * 1_800_000, "gsme", None, "store", content))
    fields = {"sample_id": 0, "sample_start_time": "2022-11-07T10:00:00Z", "sample_request_interval": 1800, "samples": given}
    answer = {"cluster": "0702", "command": "get_sampled_data_response", "direction": "server_to_client", "fields": fields}
    events.append(Event(3, start + 4_000_000, "gsme", "gpf", "zcl", answer))
    assert verdict(Trace({"devices": {"gsme": {"role": "gsme"}, "gpf": {"role": "gpf"}}}, events), "REQ-GSME-3") == expected
