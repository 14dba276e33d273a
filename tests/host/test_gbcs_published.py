# SPDX-License-Identifier: GPL-3.0-or-later
"""The published answers with a time: octet for octet, and with other states in their fields alone."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from gbcs_asking import NOON, STAMPED, ask, hanref, readings
from han.clock import from_iso
from han.gbcs import cosem_time, envelope
from hanref import toolchain
from hanref.gbcs import answering, check, keys, seed, state


@pytest.fixture
def published() -> Path:
    folder = os.environ.get("HANREF_VECTORS")
    if not folder:
        pytest.skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    return Path(folder)


def published_pairs(folder: Path, name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(command, response) of each scenario of a use case."""
    messages = json.loads((folder / "gbz" / f"{name}.json").read_text())["messages"]
    commands = {message["scenario"]: message for message in messages if message["kind"] == "command"}
    return [(commands[message["scenario"]], message) for message in messages if message["kind"] == "response"]


def published_state(command: dict[str, Any], response: dict[str, Any], known: keys.Keys) -> tuple[str, dict[str, Any]]:
    """(role, state file) of a published answer: the identity, the registers and the time that it shows."""
    checked = check.check(bytes.fromhex(response["hex"]), known)
    role = known.role(checked.message.originator)
    assert role is not None
    plain = seed.state_of(bytes.fromhex(command["hex"]), checked, known)
    return role, {name: plain[name] for name in ("entity", "attributes", "time")}


@pytest.mark.parametrize("name", STAMPED)
def test_published_answers_are_equal_octet_for_octet(name: str, published: Path) -> None:
    known = keys.load(published / "keys.json")
    for command, response in published_pairs(published, name):
        role, plain = published_state(command, response, known)
        model = state.parse(plain, "state")
        request = bytes.fromhex(command["hex"])
        expected = bytes.fromhex(response["hex"])
        assert answering.answer(role, model, known, [request]).answers == [expected], response["id"]
        there = answering.answer_on_micropython(toolchain.micropython(), role, model, known, [request])
        assert there.answers == [expected], response["id"]


def test_published_command_through_the_command_line(published: Path, tmp_path: Path) -> None:
    known = keys.load(published / "keys.json")
    command, response = published_pairs(published, "GCS13a")[-1]
    role, plain = published_state(command, response, known)
    file = tmp_path / "state.json"
    file.write_text(json.dumps(plain))
    arguments = ["--to", role, "--state", str(file), "--keys", str(published / "keys.json")]
    done = hanref("send", "--hex", command["hex"], *arguments)
    assert (done.returncode, done.stdout) == (0, response["hex"] + "\n")
    # The octets alone on standard output; what they say, for the reader, beside them.
    assert re.search(r"MAC +valid", done.stderr)
    assert re.search(r"encrypted attributes +valid", done.stderr)
    spaced = " ".join(re.findall("..", command["hex"])).upper() + "\n"
    assert hanref("send", "--hex", "-", *arguments, typed=spaced).stdout == response["hex"] + "\n"
    micropython = hanref("send", "--hex", command["hex"], *arguments, "--interpreter", "micropython")
    assert micropython.stdout == response["hex"] + "\n"


@pytest.mark.parametrize("name", STAMPED)
def test_other_registers_times_and_counters_change_their_fields_alone(name: str, published: Path) -> None:
    known = keys.load(published / "keys.json")
    command, response = next(pair for pair in published_pairs(published, name) if pair[0]["scenario"].startswith("SUCCESS"))
    role, plain = published_state(command, response, known)
    entity = bytes.fromhex(plain["entity"])
    before = check.check(ask(known, state.parse(plain, "state"), name, 77, role), known)
    for attributes in plain["attributes"].values():
        for record in attributes.values():
            if record.get("type") in ("25", "23", "2B"):
                record["value"] += 1
    plain["time"] = {"utc": NOON, "source": "GPF" if role == "gpf" else "GSME", "status": "unreliable"}
    after = check.check(ask(known, state.parse(plain, "state"), name, 78, role), known)
    for checked in (before, after):
        assert checked.mac == "valid"
        assert checked.message.originator == entity
        assert None not in checked.plaintexts
    assert cosem_time.decode(after.message.date_time) == (from_iso(NOON), 0x02)
    assert after.message.originator_counter == 78
    for one, other in zip(readings(before), readings(after), strict=True):
        assert len(one) == len(other)
        first, second = seed.records(one), seed.records(other)
        assert list(first) == list(second)
        for identifier, record in first.items():
            if record.get("type") in ("25", "23", "2B"):
                assert second[identifier] == {"value": record["value"] + 1, "type": record["type"]}
            else:
                assert second[identifier] == record


def test_published_kinds_of_damage_each_have_their_reason(published: Path) -> None:
    """The damages of the published negative copies, done to the GCS13a command."""
    known = keys.load(published / "keys.json")
    command, response = published_pairs(published, "GCS13a")[-1]
    role, plain = published_state(command, response, known)
    model = state.parse(plain, "state")
    good = bytes.fromhex(command["hex"])
    template = bytes.fromhex(response["hex"])
    reasons = set()
    for copy in json.loads((published / "crypto.json").read_text())["negative"]:
        damaged = same_damage(template, bytes.fromhex(copy["hex"]), good)
        if damaged is None:
            continue  # in the date-time, which a command has not
        outcome = answering.answer(role, model, known, [damaged, good])
        assert outcome.answers == [None, template], copy["name"]
        (refusal,) = outcome.refusals()
        reasons.add(refusal.partition(" (")[0])
    assert reasons == {"wrong MAC", "malformed"}


def same_damage(whole: bytes, damaged: bytes, good: bytes) -> bytes | None:
    """Do to the command `good` what was done to the answer `whole`; None where the command has no such field."""
    if len(damaged) < len(whole):
        return good[: len(damaged) - len(whole)]
    if len(damaged) > len(whole):
        return good + damaged[len(whole) :]
    (at,) = [index for index in range(len(whole)) if whole[index] != damaged[index]]
    answer, command = envelope.decode(whole), envelope.decode(good)
    if at >= len(whole) - envelope.MAC_LENGTH:
        place = at - len(whole) + len(good)
    elif at >= answer.payload_offset:
        place = command.payload_offset + (at - answer.payload_offset) % len(command.payload)
    elif at > 42:  # date-time
        return None
    else:
        place = at
    copy = bytearray(good)
    copy[place] ^= whole[at] ^ damaged[at]
    return bytes(copy)
