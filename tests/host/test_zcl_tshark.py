# SPDX-License-Identifier: GPL-3.0-or-later
"""tshark takes every command and attribute we write for what it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zcl_examples as examples
from han.zcl import clusters, commands, types
from han.zcl.frame import CLUSTER, GLOBAL, TO_CLIENT, Frame
from hanref.air.keys import Keys
from hanref.air.network import Network
from hanref.air.tap import Tap
from hypothesis import Phase, given, settings
from tshark import dissect, needs_tshark

HUB = bytes.fromhex("00db12345678a001")
DISPLAY = bytes.fromhex("00db12345678a002")
ROOM = 60  # octets of payload that fit a frame without fragments

# tshark's short names of the clusters.
PROTOCOLS = {
    0x0000: "general.basic", 0x0003: "general.identify", 0x0009: "general.alarms", 0x0019: "general.ota",
    0x0700: "se.price", 0x0701: "se.drlc", 0x0702: "se.met", 0x0703: "se.msg", 0x0704: "se.tun", 0x0705: "se.pp",
    0x0706: "se.energy_management", 0x0707: "se.calendar", 0x0708: "se.device_management", 0x0709: "se.events",
    0x070A: "se.mdu_pairing", 0x070B: "se.sub_ghz", 0x0800: "se.ke",
}  # fmt: skip

# Where tshark 4.0 is known to be wrong, for fields of these names that are empty.
WANTS_ONE = {"schedule_snapshot": "schedules", "configure_notification_flags": "bit_field_allocations"}


def capture(path: Path, frames: list[tuple[int, Frame]], *fields: str) -> list[dict[str, list[str]]]:
    """What tshark makes of ZCL frames, each given with its cluster."""
    network = Network(7, [HUB, DISPLAY])
    with Tap(path, network) as tap:
        for index, (cluster, frame) in enumerate(frames):
            tap.frame(1000 + index, HUB, DISPLAY, 1, 1, cluster, frame.encode(), True)
    packets = dissect(path, Keys.of(network), "data.data", *fields)
    packets = [packet for packet in packets if "zbee_zcl" in packet["frame.protocols"][0]]
    assert len(packets) == len(frames)
    return packets


def drawn(strategy: Any) -> list[Any]:
    """A few examples, the same in every run."""
    found = []

    @settings(max_examples=8, database=None, derandomize=True, phases=[Phase.generate], deadline=None)
    @given(strategy)
    def collect(example):
        found.append(example)

    collect()
    return found


def is_left_out(command: examples.Command, fields: dict[str, Any]) -> bool:
    if command.name == "transfer_data":
        return True  # its content is taken for a GBCS message
    return command.name in WANTS_ONE and not fields[WANTS_ONE[command.name]]


@needs_tshark
def test_every_command_is_recognised_and_well_formed(tmp_path):
    sent = []
    for command in examples.COMMANDS:
        for fields, octets in drawn(examples.examples(command)):
            if len(octets) <= ROOM and not is_left_out(command, fields):
                payload = clusters.encode_command(command.cluster, command.name, command.direction, fields)
                assert payload == octets
                sent.append((command, Frame(CLUSTER, command.identifier, payload, 1, command.direction, True)))
    assert {str(command) for command, _ in sent} >= {
        str(command) for command in examples.COMMANDS if command.name != "transfer_data"
    }

    shown = {0: [f"zbee_zcl_{name}.cmd.srv_rx.id" for name in PROTOCOLS.values()]}
    shown[1] = [f"zbee_zcl_{name}.cmd.srv_tx.id" for name in PROTOCOLS.values() if name != "general.basic"]
    packets = capture(tmp_path / "commands.pcapng", [(command.cluster, frame) for command, frame in sent], *shown[0], *shown[1])

    for packet, (command, frame) in zip(packets, sent, strict=True):
        where = f"{command} {frame.payload.hex()}"
        assert packet["_ws.malformed"] == [], where
        assert packet["data.data"] == [], where
        side = "tx" if command.direction else "rx"
        field = f"zbee_zcl_{PROTOCOLS[command.cluster]}.cmd.srv_{side}.id"
        assert [int(number, 0) for number in packet[field]] == [command.identifier], where


@needs_tshark
def test_fields_of_commands_have_the_values_we_gave_them(tmp_path):
    given_fields = [
        (
            0x0708,
            "publish_change_of_tenancy",
            {
                "provider_id": 0x01020304,
                "issuer_event_id": 0x05060708,
                "tariff_type": 1,
                "implementation_date_time": 740121216,
                "proposed_tenancy_change_control": 0x0200,
            },
            "zbee_zcl_se.device_management.publish_change_of_tenancy.",
            {"provider_id": 0x01020304, "issuer_event_id": 0x05060708, "tariff_type": 1},
        ),
        (
            0x0702,
            "get_sampled_data_response",
            {
                "sample_id": 0x0102,
                "sample_start_time": 740121216,
                "sample_type": 4,
                "sample_request_interval": 1800,
                "samples": [1, 0x123456, None],
            },
            "zbee_zcl_se.met.get_sampled_data_rsp.",
            {
                "sample_id": 0x0102,
                "sample_type": 4,
                "sample_request_interval": 1800,
                "number_of_samples": 3,
                "samples": [1, 0x123456, 0xFFFFFF],
            },
        ),
        (
            0x0702,
            "publish_snapshot",
            {
                "snapshot_id": 7,
                "snapshot_time": 740121216,
                "total_snapshots_found": 2,
                "command_index": 1,
                "total_number_of_commands": 3,
                "snapshot_cause": 0x1001,
                "snapshot_payload_type": 128,
                "snapshot_sub_payload": {},
            },
            "zbee_zcl_se.met.publish_snapshot.",
            {"snapshot_id": 7, "snapshots_found": 2, "command_index": 1, "total_commands": 3, "payload_type": 128},
        ),
    ]
    frames, fields = [], []
    for cluster, name, values, prefix, expected in given_fields:
        number = clusters.table(cluster).command_named(name, TO_CLIENT).id
        payload = clusters.encode_command(cluster, name, TO_CLIENT, values)
        frames.append((cluster, Frame(CLUSTER, number, payload, 1, TO_CLIENT, True)))
        fields += [prefix + field for field in expected]

    packets = capture(tmp_path / "fields.pcapng", frames, *fields)

    for packet, (_, _, _, prefix, expected) in zip(packets, given_fields, strict=True):
        for field, value in expected.items():
            shown = [int(text, 0) for text in packet[prefix + field]]
            assert shown == (value if isinstance(value, list) else [value]), field


# The generic field under which tshark prints a value.
VALUE_FIELDS = {
    "uint8": "uint8", "uint16": "uint16", "uint24": "uint24", "uint32": "uint32", "uint48": "uint48", "int8": "int8",
    "int16": "int16", "int24": "int24", "int32": "int32", "map8": "bitmap8", "map16": "bitmap16", "map32": "bitmap32",
    "enum8": "uint8", "octstr": "ostr", "string": "str", "bool": "boolean",
}  # fmt: skip


def readings() -> Iterator[tuple[int, list[tuple[int, int, int, Any]]]]:
    """Answers to reads of every server attribute of the Smart Energy clusters, a few attributes at a time."""
    seed = 1
    for cluster in (0x0700, 0x0702, 0x0705, 0x0706, 0x0707, 0x0708, 0x070B):
        records: list[tuple[int, int, int, Any]] = []
        for attribute in clusters.table(cluster).attributes():
            name = types.name(attribute.type)
            seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
            if name == "octstr":
                value: Any = b"GB%d" % (seed % 1000)
            else:
                value = seed % (1 << min(examples.bits_of(name) or 31, 31) - 1)
            # 0xFFFE and the payment control have fields of their own; UTC prints as text.
            if name in VALUE_FIELDS and attribute.id < 0xFFFD and (cluster, attribute.id) != (0x0705, 0):
                records.append((attribute.id, 0, attribute.type, value))
            if len(records) == 5:
                yield cluster, records
                records = []
        if records:
            yield cluster, records


@needs_tshark
def test_every_attribute_has_its_identifier_type_and_value(tmp_path):
    sent = list(readings())
    assert sum(len(records) for _, records in sent) > 2000
    frames = [
        (
            cluster,
            Frame(GLOBAL, 1, commands.encode(commands.READ_ATTRIBUTES_RESPONSE, records), 1, TO_CLIENT, True),
        )
        for cluster, records in sent
    ]
    attribute_fields = {cluster: f"zbee_zcl_{PROTOCOLS[cluster]}.attr_id" for cluster, _ in sent}
    value_fields = [f"zbee_zcl.attr.{field}" for field in sorted(set(VALUE_FIELDS.values()))]

    packets = capture(
        tmp_path / "attributes.pcapng",
        frames,
        "zbee_zcl.attr.data.type",
        *attribute_fields.values(),
        *value_fields,
    )

    for packet, (cluster, records) in zip(packets, sent, strict=True):
        where = f"{cluster:04x} {records}"
        assert packet["_ws.malformed"] == [] and packet["data.data"] == [], where
        shown = [int(text, 0) for text in packet[attribute_fields[cluster]]]
        assert shown == [record[0] for record in records], where
        shown = [int(text, 0) for text in packet["zbee_zcl.attr.data.type"]]
        assert shown == [record[2] for record in records], where
        expected: dict[str, list[Any]] = {field: [] for field in value_fields}
        for _, _, type_id, value in records:
            expected[f"zbee_zcl.attr.{VALUE_FIELDS[types.name(type_id)]}"].append(value)
        for field, values in expected.items():
            assert [as_value(text, field) for text in packet[field]] == values, f"{field}: {where}"


def as_value(text: str, field: str) -> Any:
    return bytes.fromhex(text.replace(":", "")) if field.endswith("ostr") else int(text, 0)


@needs_tshark
def test_global_commands_are_well_formed(tmp_path):
    frames = []
    for name in ("read_attributes", "write_attributes_response", "default_response", "discover_attributes"):
        found = drawn(examples.GLOBAL[name])
        command = commands.identifier(name)
        frames += [(0x0702, Frame(GLOBAL, command, commands.encode(command, value), 1)) for value in found]

    packets = capture(tmp_path / "global.pcapng", frames, "zbee_zcl.cmd.id")

    for packet, (_, frame) in zip(packets, frames, strict=True):
        assert packet["_ws.malformed"] == [], frame.payload.hex()
        assert int(packet["zbee_zcl.cmd.id"][0], 0) == frame.command
