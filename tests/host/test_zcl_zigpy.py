# SPDX-License-Identifier: GPL-3.0-or-later
"""zigpy reads what we write, and finds the same values, for every cluster and command it has."""

from enum import Enum
from typing import Any

import pytest
import zcl_examples as examples
import zigpy.zcl.clusters  # noqa: F401  (fills the registry)
from han.zcl import clusters, commands, foundation, types
from han.zcl.frame import Frame
from hypothesis import given, settings
from hypothesis import strategies as st
from zigpy import types as zigpy_types
from zigpy.zcl import Cluster
from zigpy.zcl import foundation as zigpy_foundation

KNOWN = {number: Cluster._registry[number] for number in clusters.known() if number in Cluster._registry}


def zigpy_command(command: examples.Command) -> Any:
    """zigpy's definition of a command, None where it has none."""
    cluster = KNOWN.get(command.cluster)
    if cluster is None:
        return None
    return (cluster.client_commands if command.direction else cluster.server_commands).get(command.identifier)


SHARED = [command for command in examples.COMMANDS if zigpy_command(command) is not None]


def plain(value: Any) -> Any:
    """zigpy's value as Python's: numbers, octets, texts, lists."""
    if value is None:
        return None
    if isinstance(value, zigpy_types.Struct):
        return [plain(getattr(value, field.name)) for field in value.fields]
    if isinstance(value, zigpy_types.EUI64):
        return bytes(reversed(value))
    if isinstance(value, Enum | int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return bytes(value)
    return [plain(entry) for entry in value]


def raw(value: Any, kind: str) -> Any:
    """Our value as zigpy has it: the invalid value is the number that stands for it."""
    if value is not None or kind in ("nodata", "unk"):
        return value
    bits = examples.bits_of(kind) or {"UTC": 32, "bool": 8, "bacOID": 32}.get(kind, 16)
    return -(1 << bits - 1) if kind.startswith("int") else (1 << bits) - 1


def test_zigpy_knows_enough_to_judge():
    assert {0x0000, 0x0003, 0x0009, 0x000A, 0x0019, 0x0025, 0x0702, 0x0B05} <= set(KNOWN)
    assert len(SHARED) >= 45


@pytest.mark.parametrize("number", KNOWN, ids=lambda number: f"{number:04x}")
def test_attributes_have_zigpys_types(number):
    table = clusters.table(number)
    for identifier, theirs in KNOWN[number].attributes.items():
        ours = [table.type(identifier, side) for side in ("server", "client")]
        assert int(theirs.zcl_type) in ours, theirs


@pytest.mark.parametrize("command", SHARED, ids=str)
def test_zigpy_reads_cluster_commands(command):
    schema = zigpy_command(command).schema
    kinds = [field.get("type") for field in command.entry["fields"]]

    @settings(max_examples=20, deadline=None)
    @given(example=examples.examples(command))
    def check(example):
        fields, octets = example
        assert clusters.encode_command(command.cluster, command.name, command.direction, fields) == octets
        read, rest = schema.deserialize(octets)
        assert rest == b""
        assert read.serialize() == octets
        theirs = [plain(getattr(read, field.name)) for field in read.fields]
        for value, kind, found in zip(fields.values(), kinds, theirs, strict=False):
            if isinstance(value, int | None) and isinstance(found, int):
                assert found == raw(value, kind)
            elif isinstance(value, list) and not any(isinstance(entry, dict) for entry in value):
                assert [0xFFFFFF if entry is None else entry for entry in value] == found

    check()


# zigpy's reading of these is not the standard's.
NOT_ZIGPYS = {
    "read_attributes_structured": "it has no records for selectors",
    "write_attributes_structured": "it has no records for selectors",
    "write_attributes_structured_response": "it has no records for selectors",
}


def zigpy_payload(command: int, payload: bytes) -> Any:
    """A global command's payload as zigpy reads it: it must use up all octets."""
    schema = zigpy_foundation.GENERAL_COMMANDS[zigpy_foundation.GeneralCommand(command)].schema
    read, rest = schema.deserialize(payload)
    assert rest == b""
    return read


def _is_for_zigpy(typed: tuple[int, Any]) -> bool:
    """zigpy has no invalid string: it takes its length for 255 octets."""
    return typed[1] is not None or types.size(typed[0]) is not None


values = examples.simple_values().filter(_is_for_zigpy)
simple_records = st.lists(st.tuples(examples.identifiers, values).map(lambda pair: (pair[0], *pair[1])), max_size=5)
FOR_ZIGPY = {
    **examples.GLOBAL,
    "read_attributes_response": st.lists(
        st.tuples(examples.identifiers, values).map(lambda pair: (pair[0], 0, *pair[1]))
        | st.tuples(examples.identifiers, examples.statuses, st.none(), st.none()),
        max_size=5,
    ),
    "write_attributes": simple_records,
    "write_attributes_undivided": simple_records,
    "write_attributes_no_response": simple_records,
    "report_attributes": simple_records,
}


def without_text(value: Any) -> bool:
    """zigpy counts the characters of a text where the octets of UTF-8 are meant, and rewrites a NaN: leave them out."""
    if isinstance(value, list | tuple):
        return all(without_text(entry) for entry in value)
    return not isinstance(value, str | float)


@pytest.mark.parametrize("name", sorted(set(FOR_ZIGPY) - set(NOT_ZIGPYS)))
def test_zigpy_reads_global_commands(name):
    command = commands.identifier(name)

    @settings(max_examples=40, deadline=None)
    @given(value=FOR_ZIGPY[name])
    def check(value):
        payload = commands.encode(command, value)
        read = zigpy_payload(command, payload)
        if name == "configure_reporting":  # zigpy cannot write again what it has read without a reportable change
            assert [config_of(record) for record in read.config_records] == [
                (record[0], record[1], *(record[2:5] if record[0] == 0 else record[2:])) for record in value
            ]
        elif without_text(value):
            assert read.serialize() == payload

    check()


def config_of(record: Any) -> tuple[int, ...]:
    """zigpy's record of Configure Reporting, up to the reportable change."""
    head = (int(record.direction), int(record.attrid))
    if head[0]:
        return (*head, int(record.timeout))
    return (*head, int(record.datatype), int(record.min_interval), int(record.max_interval))


@settings(max_examples=200, deadline=None)
@given(records=FOR_ZIGPY["read_attributes_response"])
def test_zigpy_finds_the_values_of_a_read(records):
    payload = commands.encode(commands.READ_ATTRIBUTES_RESPONSE, records)
    found = zigpy_payload(commands.READ_ATTRIBUTES_RESPONSE, payload).status_records
    assert [(int(record.attrid), int(record.status)) for record in found] == [record[:2] for record in records]
    for (_, failed, type_id, value), record in zip(records, found, strict=True):
        if failed:
            continue
        assert int(record.value.type) == type_id
        kind = types.name(type_id)
        if kind.startswith("data"):
            assert int.from_bytes(record.value.value.serialize(), "little") == value
        elif isinstance(value, int) and not isinstance(value, bool):
            assert int(record.value.value) == value
        elif value is None and kind.startswith(("uint", "int", "UTC", "enum")):
            assert int(record.value.value) == raw(value, kind)
        elif kind.startswith("octstr") and value is not None:
            assert bytes(record.value.value) == value


@settings(max_examples=200, deadline=None)
@given(
    frame_type=st.integers(0, 1),
    command=examples.octets,
    sequence=examples.octets,
    direction=st.integers(0, 1),
    disable=st.booleans(),
    manufacturer=st.none() | examples.identifiers,
    payload=st.binary(max_size=20),
)
def test_zigpy_reads_frames(frame_type, command, sequence, direction, disable, manufacturer, payload):
    octets = Frame(frame_type, command, payload, sequence, direction, disable, manufacturer).encode()
    header, rest = zigpy_foundation.ZCLHeader.deserialize(octets)
    assert rest == payload
    assert (header.tsn, header.command_id, header.manufacturer) == (sequence, command, manufacturer)
    control = header.frame_control
    assert (control.frame_type, control.direction, control.disable_default_response) == (frame_type, direction, disable)
    assert header.serialize() + rest == octets


def test_zigpys_frames_are_answered():
    from zcl_answers import answered

    header = zigpy_foundation.ZCLHeader.general(5, zigpy_foundation.GeneralCommand.Read_Attributes)
    schema = zigpy_foundation.GENERAL_COMMANDS[zigpy_foundation.GeneralCommand.Read_Attributes].schema
    octets = header.serialize() + schema([0x0000, 0x0001]).serialize()
    answer_header, rest = zigpy_foundation.ZCLHeader.deserialize(answered(octets))
    assert (answer_header.tsn, answer_header.command_id) == (5, 1)
    first, second = zigpy_payload(1, rest).status_records
    assert int(first.value.value) == 5
    assert second.status == zigpy_foundation.Status.UNSUPPORTED_ATTRIBUTE
    assert foundation.parse_response(answered(octets))[0][3] == 5
