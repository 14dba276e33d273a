# SPDX-License-Identifier: GPL-3.0-or-later
"""What a whole run puts on the air, judged by tshark and zigpy: every frame of the November 2022 scenario."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hanref.air.keys import Keys
from hanref.run.runner import run_and_judge
from hanref.scenario import load
from tshark import dissect, needs_tshark
from zigpy.zcl import foundation
from zigpy.zcl.clusters import CLUSTERS_BY_ID

READ, READ_RESPONSE, REPORT, DEFAULT_RESPONSE = 0x00, 0x01, 0x0A, 0x0B
EPOCH = 946684800
NO_TIME = 0xFFFFFFFF


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run of november-2022."""
    out = tmp_path_factory.mktemp("judged") / "out"
    run_and_judge(load("november-2022"), out)
    return out


def zcl_events(folder: Path) -> Iterator[dict[str, Any]]:
    with open(folder / "trace.jsonl", encoding="utf-8") as lines:
        for line in lines:
            if '"kind": "zcl"' in line or '"kind":"zcl"' in line:
                yield json.loads(line)


@needs_tshark
def test_tshark_takes_every_frame_through_to_zcl(folder: Path) -> None:
    packets = dissect(folder / "air.pcapng", Keys.read(folder / "keys.toml"), "wpan.fcs_ok")

    assert all(packet["frame.protocols"][0].startswith("wpan:zbee_nwk:zbee_aps:zbee_zcl") for packet in packets)
    assert not any(packet["_ws.malformed"] for packet in packets)
    assert Counter(packet["wpan.fcs_ok"][0] for packet in packets).keys() <= {"1", "True"}
    assert len(packets) == sum(1 for _ in zcl_events(folder)) >= 34560


def test_zigpy_reads_the_same_out_of_every_frame(folder: Path) -> None:
    seen: Counter[str] = Counter()
    for event in zcl_events(folder):
        header, payload = foundation.ZCLHeader.deserialize(bytes.fromhex(event["octets"]))
        assert header.tsn == event["sequence"]
        to_client = header.direction == foundation.Direction.Server_to_Client
        assert to_client == (event["direction"] == "server_to_client")
        if header.frame_control.is_cluster:
            seen["cluster"] += cluster_command(event, header, payload)
            continue
        command, rest = foundation.GENERAL_COMMANDS[header.command_id].schema.deserialize(payload)
        assert rest == b""
        if header.command_id == READ:
            names = event["fields"]["attributes"]
            assert len(names) == len(command.attribute_ids)
        elif header.command_id in (READ_RESPONSE, REPORT):
            records = command.status_records if header.command_id == READ_RESPONSE else command.attribute_reports
            attributes(event, records)
        elif header.command_id == DEFAULT_RESPONSE:
            assert event["fields"] == {"command": command.command_id, "status": event["fields"]["status"]}
        seen[str(header.command_id)] += 1
    assert seen[str(READ_RESPONSE)] > 17000
    assert seen[str(REPORT)] > 300
    assert seen["cluster"] > 0


def attributes(event: dict[str, Any], records: list[Any]) -> None:
    """The values of a frame, in the order in which both read them."""
    good = [record.value.value for record in records if getattr(record, "status", 0) == 0]
    failed = [record for record in records if getattr(record, "status", 0) != 0]
    assert len(event.get("statuses", {})) == len(failed), event
    for (name, value), theirs in zip(event.get("attributes", {}).items(), good, strict=True):
        assert same(value, theirs), (event["n"], name, value, theirs)


def same(ours: Any, theirs: Any) -> bool:
    """Whether a value of the trace is zigpy's: None is the invalid value, a time is ISO text there."""
    if ours is None:
        octets = theirs.serialize()
        return octets in (b"\xff" * len(octets), b"\x00" * (len(octets) - 1) + b"\x80")
    if isinstance(ours, str) and ours.endswith("Z"):
        from han.clock import from_iso

        return from_iso(ours) == int(theirs)
    if isinstance(ours, str):
        return bytes(theirs).hex() == ours if isinstance(theirs, bytes) else str(theirs) == ours
    return int(theirs) == ours


def cluster_command(event: dict[str, Any], header: Any, payload: bytes) -> int:
    """The fields of a cluster's command, where zigpy has the cluster and the command; 1 where it has."""
    cluster = CLUSTERS_BY_ID.get(int(event["cluster"], 16))
    if cluster is None:
        return 0
    to_client = header.direction == foundation.Direction.Server_to_Client
    commands = cluster.client_commands if to_client else cluster.server_commands
    known = commands.get(header.command_id)
    if known is None:
        return 0
    _, rest = known.schema.deserialize(payload)
    assert rest == b"", event
    return 1
