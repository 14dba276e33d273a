# SPDX-License-Identifier: GPL-3.0-or-later
"""tshark's GBCS dissectors read the same out of published messages as we do: envelope, GBZ components, ZCL header.

Messages go in as exported PDUs, which name their dissector. tshark takes a pre-command for a message that is cut off.
"""

import json
import os
import struct
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hanref.decode.message import Decoded, decode
from tshark import TSHARK, needs_tshark

FOLDER = os.getenv("HANREF_VECTORS")
pytestmark = [
    needs_tshark,
    pytest.mark.skipif(not FOLDER, reason="the published messages are not here: set HANREF_VECTORS to their folder"),
]

HEADER = "gbcs_message.grouping_header."
FIELDS = (
    "_ws.malformed",
    "frame.protocols",
    HEADER + "cra_flag",
    HEADER + "originator_counter",
    HEADER + "business_originator_id",
    HEADER + "business_target_id",
    HEADER + "message_code",
    HEADER + "supplementary_remote_party_id",
    HEADER + "supplementary_remote_party_counter",
    HEADER + "supplementary_remote_party_originator_counter",
    "gbcs_message.mac",
    "gbcs_gbz.profile_id",
    "gbcs_gbz.components",
    "gbcs_gbz.alert_code",
    "gbcs_gbz.extended_header_control",
    "gbcs_gbz.extended_header_cluster",
    "gbcs_gbz.extended_header_length",
    "gbcs_gbz.additional_frame_counter",
    "gbcs_gbz.encrypted_payload",
    "zbee_zcl.cmd.tsn",
)
# Link type for packets that begin with the name of their dissector.
UPPER_PDU, DISSECTOR_NAME = 252, 12


@cache
def published() -> list[dict[str, Any]]:
    messages = []
    for path in sorted(Path(FOLDER or "").glob("*/*.json")):
        messages += json.loads(path.read_text())["messages"]
    return messages


def capture(path: Path) -> None:
    name = b"gbcs_message"
    head = struct.pack(">HH", DISSECTOR_NAME, len(name)) + name + bytes(4)
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, UPPER_PDU)]
    for message in published():
        packet = head + bytes.fromhex(message["hex"])
        parts += [struct.pack("<IIII", 0, 0, len(packet), len(packet)), packet]
    path.write_bytes(b"".join(parts))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[str]]]:
    path = tmp_path_factory.mktemp("tshark") / "messages.pcap"
    capture(path)
    command = [TSHARK or "tshark", "-n", "-r", str(path), "-T", "fields", "-E", "aggregator=;", "-E", "separator=\t"]
    for field in FIELDS:
        command += ["-e", field]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    lines = output.removesuffix("\n").split("\n")
    return [
        {field: value.split(";") if value else [] for field, value in zip(FIELDS, line.split("\t"), strict=True)}
        for line in lines
    ]


@cache
def decoded() -> list[Decoded]:
    return [decode(bytes.fromhex(message["hex"])) for message in published()]


def numbers(values: list[str]) -> list[int]:
    return [int(value, 0) for value in values]


def test_nothing_is_malformed_but_pre_commands(judged: list[dict[str, list[str]]]) -> None:
    for found, mine in zip(judged, decoded(), strict=True):
        assert bool(found["_ws.malformed"]) == (mine.message.signature is None)


def test_grouping_headers_agree(judged: list[dict[str, list[str]]]) -> None:
    for found, mine in zip(judged, decoded(), strict=True):
        message = mine.message
        assert numbers(found[HEADER + "cra_flag"]) == [message.cra]
        assert numbers(found[HEADER + "originator_counter"]) == [message.originator_counter]
        assert found[HEADER + "business_originator_id"] == [message.originator.hex(":")]
        assert found[HEADER + "business_target_id"] == [message.recipient.hex(":")]
        assert numbers(found[HEADER + "message_code"]) == [message.message_code]
        party = message.supplementary_remote_party
        assert found[HEADER + "supplementary_remote_party_id"] == ([party.hex(":")] if party else [])
        for name, value in (
            ("supplementary_remote_party_counter", message.supplementary_remote_party_counter),
            ("supplementary_remote_party_originator_counter", message.supplementary_originator_counter),
        ):
            if message.certificate is None:  # tshark takes the first octets of a certificate for a counter
                assert numbers(found[HEADER + name]) == ([] if value is None else [value])
        if message.mac is not None:
            assert found["gbcs_message.mac"] == [message.mac.hex()]


def test_gbz_components_agree(judged: list[dict[str, list[str]]]) -> None:
    seen = 0
    for found, mine in zip(judged, decoded(), strict=True):
        if mine.payload_family != "GBZ" or mine.message.signature is None:
            continue
        tree = mine.payload
        components = tree.get("components", [])
        assert numbers(found["gbcs_gbz.profile_id"]) == [0x0109]
        assert numbers(found["gbcs_gbz.components"]) == [tree["component_count"]]
        assert numbers(found["gbcs_gbz.alert_code"]) == ([int(tree["alert_code"], 16)] if "alert_code" in tree else [])
        if "alert_rest" in tree:
            continue  # what tshark names there are not components
        assert numbers(found["gbcs_gbz.extended_header_control"]) == [int(c["control"], 16) for c in components]
        assert numbers(found["gbcs_gbz.extended_header_cluster"]) == [int(c["cluster"], 16) for c in components]
        assert numbers(found["gbcs_gbz.extended_header_length"]) == [c["length"] for c in components]
        secret = [c for c in components if "encrypted" in c]
        assert numbers(found["gbcs_gbz.additional_frame_counter"]) == [c["additional_header_frame_counter"] for c in secret]
        # Security header, ciphertext, tag; tshark shows the ciphertext by itself.
        assert found["gbcs_gbz.encrypted_payload"] == [c["ciphered_information"][10:-24] for c in secret]
        clear = [c for c in components if "encrypted" not in c]
        assert numbers(found["zbee_zcl.cmd.tsn"]) == [c["sequence"] for c in clear]
        seen += len(components)
    assert seen
