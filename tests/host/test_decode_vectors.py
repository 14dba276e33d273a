# SPDX-License-Identifier: GPL-3.0-or-later
"""Every published message decodes to the values published with it, protection included."""

import io
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hanref.cli import main
from hanref.decode import tables
from hanref.decode.as_table import panel
from hanref.decode.batch import Batch, Result
from hanref.decode.message import Decoded
from hanref.gbcs import keys
from rich.console import Console

FOLDER = os.getenv("HANREF_VECTORS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="the published messages are not here: set HANREF_VECTORS to their folder")


@cache
def published() -> list[dict[str, Any]]:
    messages = []
    for path in sorted(Path(FOLDER or "").glob("*/*.json")):
        messages += json.loads(path.read_text())["messages"]
    return messages


@cache
def decoded() -> list[Decoded]:
    batch = Batch(keys.load(Path(FOLDER or "") / "keys.json"))
    found = []
    for message in published():
        result = batch.result(bytes.fromhex(message["hex"]))
        assert result.decoded is not None, f"{message['id']}: {result.error}"
        found.append(result.decoded)
    return found


def folded(value: Any) -> Any:
    """Hex is compared without case, and text with it."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, list):
        return [folded(item) for item in value]
    if isinstance(value, dict):
        return {name: folded(item) for name, item in value.items()}
    return value


def test_every_value_is_as_published() -> None:
    assert published()
    differences = []
    for message, found in zip(published(), decoded(), strict=True):
        tree = found.tree()
        for name, expected in message["expect"].items():
            if folded(tree[name]) != folded(expected):
                differences.append(f"{message['id']}: {name}: {tree[name]!r} is not {expected!r}")
    assert not differences, differences[:3]


def test_what_is_absent_there_is_null_here() -> None:
    for message, found in zip(published(), decoded(), strict=True):
        tree = found.tree()
        for name in ("mac", "mac_check", "signature_check", "date_time_utc", "supplementary_remote_party_id"):
            if name not in message["expect"]:
                assert tree[name] is None, (message["id"], name)


def test_every_encrypted_block_opens() -> None:
    checks = [found.decryption_check for found in decoded()]
    assert set(checks) == {None, "valid"}
    assert checks.count("valid") == sum("plaintext" in str(m["expect"]) or "decrypted" in str(m["expect"]) for m in published())


def test_contents_have_names() -> None:
    for message, found in zip(published(), decoded(), strict=True):
        content = found.content
        for component in content.get("components", []):
            assert "error" not in component, message["id"]
            assert component["cluster"].isidentifier(), message["id"]
            assert component["command"].isidentifier(), message["id"]
        if found.payload_family == "DLMS" and "items" in content:
            assert all("obis" in item for item in content["items"]), message["id"]
            assert all(item["class_name"] for item in content["items"]), message["id"]
        if found.payload_family == "ASN.1":
            # Commands without parameters say nothing.
            assert content or found.message.payload == b"\x05\x00", message["id"]
            assert "value" not in content, message["id"]


def test_alerts_say_what_they_mean() -> None:
    for message, found in zip(published(), decoded(), strict=True):
        if found.message.cra == 3:
            assert found.content["meaning"], message["id"]
            assert len(found.content["alert"]) == 4


def test_gas_reads_say_whose_time_it_is() -> None:
    roles = {"00": "reliable", "02": "unreliable", "04": "reliable"}
    seen = set()
    for message, found in zip(published(), decoded(), strict=True):
        status = message["expect"].get("clock_status")
        if status in roles:
            source = "GSME" if status != "00" else found.time_source
            assert (found.time_source, found.time_reliability) == (source, roles[status])
            seen.add((found.time_source, found.time_reliability))
        elif status is not None:
            assert found.time_reliability == "not specified"
        else:
            assert (found.time_source, found.time_reliability) == (None, None)
    assert {("GSME", "reliable"), ("GSME", "unreliable"), ("GPF", "reliable")} <= seen


def test_the_command_gives_one_line_a_message(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "messages.hex"
    file.write_text("".join(f"# {message['id']}\n{message['hex']}\n" for message in published()))
    main_exit(["decode", str(file), "--json", "--keys", str(Path(FOLDER or "") / "keys.json")], 0)
    lines = capfd.readouterr().out.splitlines()
    trees = [json.loads(line) for line in lines]
    assert [tree["index"] for tree in trees] == list(range(len(published())))
    titles = {code: use_case.title for code, use_case in tables.use_cases().items()}
    for message, tree in zip(published(), trees, strict=True):
        assert tree["title"] == titles[int(message["expect"]["message_code"], 16)]
        assert folded(tree["payload"]) == folded(message["expect"]["payload"])


def main_exit(arguments: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert (left.value.code or 0) == code


def test_every_message_can_be_shown_as_a_table() -> None:
    console = Console(file=io.StringIO(), width=100)
    for index, found in enumerate(decoded()):
        console.print(panel(Result(index, found)))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert shown.count("╭") == len(published())
