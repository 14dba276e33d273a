# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces: written and read back, asked, and what is said of a broken file; frames in words."""

import io
import json
from pathlib import Path

import pytest
from hanref.errors import UsageError
from hanref.moments import moment
from hanref.trace import Event, Trace, Writer, read, read_header
from hanref.trace.frames import describe
from hypothesis import given
from hypothesis import strategies as st

START = moment("2022-11-03T10:00:00Z") * 1000


def sample() -> list[Event]:
    read_content = {"cluster": "0708", "command": "read_attributes", "fields": {"attributes": ["a"]}}
    return [
        Event(1, START, "esme", None, "power", {"on": True}),
        Event(2, START + 20, "ihd", "esme", "zcl", read_content, 5, "0005000102", 1),
        Event(3, START + 28, "esme", "ihd", "zcl", {"cluster": "0708", "command": "read_attributes_response"}, 5, "18", 2),
        Event(4, START + 9000, "ihd", "gpf", "zcl", read_content, 6, "0006000102", 3),
    ]


def written(path: Path, events: list[Event]) -> Path:
    with open(path, "w") as file:
        writer = Writer(file, {"scenario": "s", "devices": {"esme": {"role": "esme"}}})
        for event in events:
            writer.write(event)
    return path


def test_a_trace_survives_being_written(tmp_path: Path) -> None:
    path = written(tmp_path / "trace.jsonl", sample())

    header, events = read(path)

    assert read_header(path) == header
    assert header["schema"] == "hanref-trace/1"
    assert [event.as_dict() for event in events] == [event.as_dict() for event in sample()]


def test_questions() -> None:
    trace = Trace({"devices": {"esme": {}, "ppmid": {}}}, sample())

    assert [event.n for event in trace.of("zcl")] == [2, 3, 4]
    assert [event.n for event in trace.of("zcl", "ihd")] == [2, 4]
    assert [event.n for event in trace.of("zcl", "ihd", "gpf", "0708", "read_attributes")] == [4]
    assert [event.n for event in trace.of("zcl", since=START + 20, until=START + 28)] == [2]
    assert trace.last("zcl", START + 8999).n == 3  # type: ignore[union-attr]
    assert trace.last("zcl", START) is None
    assert trace.event(3).source == "esme"
    assert trace.devices("ppmid") == ["ppmid"]
    assert trace.devices("ihd") == ["ihd"]
    with pytest.raises(UsageError):
        trace.event(99)


def test_several_traces_are_one_story() -> None:
    first = Trace({"devices": {"esme": {}}}, sample()[:2])
    second = Trace({"devices": {"ihd": {}}}, [Event(1, START + 10, "ihd", None, "power", {"on": True})])

    merged = Trace.merge([first, second])

    assert [(event.n, event.source, event.kind) for event in merged.events] == [
        (1, "esme", "power"),
        (2, "ihd", "power"),
        (3, "ihd", "zcl"),
    ]
    assert set(merged.header["devices"]) == {"esme", "ihd"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 3: is no event"),
        ("[]", "line 3: is no event"),
        ('{"n": 1, "kind": "power"}', "no field 'time'"),
        ('{"n": 1, "time": "noon", "kind": "power"}', "'noon' is no time"),
        ('{"n": "1", "time": "2022-11-03T10:00:00.000Z", "kind": "power"}', "n is '1'"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path / "trace.jsonl", sample()[:1])
    with open(path, "a") as file:
        file.write(line + "\n")

    with pytest.raises(UsageError) as caught:
        Trace.read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@given(octets=st.binary(max_size=200))
def test_no_file_is_more_than_an_error(octets: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("traces") / "any"
    path.write_bytes(octets)

    with pytest.raises(UsageError):
        Trace.read(path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"schema": "hanref-trace/9"}\n')

    with pytest.raises(UsageError, match="this hanref reads hanref-trace/1"):
        read(path)


# --- frames -------------------------------------------------------------------------------------------------------

DATE = "change_of_tenancy_update_date_time"
CONTROL = "proposed_tenancy_change_control"


@pytest.mark.parametrize(
    ("cluster", "octets", "expected"),
    [
        (0x0708, "00 01 00 0002 0102", {"command": "read_attributes", "fields": {"attributes": [DATE, CONTROL]}}),
        (
            0x0708,
            "18 01 01 0002 00 e2 ffffffff 0102 86",
            {"command": "read_attributes_response", "attributes": {DATE: None}, "statuses": {CONTROL: "UNSUPPORTED_ATTRIBUTE"}},
        ),
        (0x0708, "18 01 01 0002 00 23 01000000", {"attributes": {DATE: 1}, "types": {DATE: "0x23"}}),
        (
            0x0708,
            "09 01 00 00000000 01000000 00 80c2f22a 00020000",
            {
                "command": "publish_change_of_tenancy",
                "direction": "server_to_client",
                "frame": "cluster",
                "fields": {
                    "provider_id": 0,
                    "issuer_event_id": 1,
                    "tariff_type": 0,
                    "implementation_date_time": "2022-10-31T17:29:36Z",
                    CONTROL: 512,
                },
            },
        ),
        (0x0702, "18 07 0b 0a 86", {"fields": {"command": 10, "status": "UNSUPPORTED_ATTRIBUTE"}}),
        (0x0702, "00 01", {"error": "a ZCL header needs 3 octets, there are 2 at offset 0"}),
        (0x0702, "18 01 01 3412 00 20 05", {"attributes": {"0x1234": 5}, "types": {"0x1234": "0x20"}}),
        (0x0702, "04 3412 07 00 0000", {"manufacturer": "1234", "fields": {"payload": "0000"}}),
        (0x0702, "01 01 ee", {"command": "0xEE", "direction": "client_to_server"}),
    ],
)
def test_frames_in_words(cluster: int, octets: str, expected: dict[str, object]) -> None:
    said = describe(cluster, bytes.fromhex(octets))

    assert said["cluster"] == "%04X" % cluster
    assert {name: said.get(name) for name in expected} == expected


@given(cluster=st.sampled_from((0x0000, 0x0700, 0x0702, 0x0708, 0x1234)), octets=st.binary(max_size=60))
def test_any_octets_can_be_told(cluster: int, octets: bytes) -> None:
    file = io.StringIO()
    Writer(file, {}).write(Event(1, START, "a", "b", "zcl", describe(cluster, octets)))

    assert json.loads(file.getvalue().splitlines()[1])["cluster"] == "%04X" % cluster
