# SPDX-License-Identifier: GPL-3.0-or-later
"""Published scenarios of the gas proxy's use cases: a device seeded with what the answer shows gives that answer."""

import json
import os
from pathlib import Path

import pytest
from hanref import toolchain
from hanref.gbcs import answering, check, keys, seed, state

FOLDER = os.environ.get("HANREF_VECTORS")
GAS_PROXY = [
    "GCS09",
    "GCS13a",
    "GCS13b",
    "GCS13c",
    "GCS14",
    "GCS15b",
    "GCS15c",
    "GCS15d",
    "GCS15e",
    "GCS16a",
    "GCS16b",
    "GCS17",
    "GCS21b",
    "GCS21f",
    "GCS21j",
    "GCS21k",
    "GCS33",
    "GCS38",
    "GCS46",
    "GCS60",
    "GCS60a",
    "GCS61",
    "CS10a",
    "CS10b",
    "CS11",
    "GCS59",
]


@pytest.mark.parametrize("use_case", GAS_PROXY)
def test_published_answers_come_out_of_the_seeded_device(use_case: str) -> None:
    if not FOLDER:
        pytest.skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    known = keys.load(Path(FOLDER) / "keys.json")
    (file,) = Path(FOLDER).glob(f"*/{use_case}.json")
    messages = json.loads(file.read_text())["messages"]
    commands = {message["scenario"]: bytes.fromhex(message["hex"]) for message in messages if message["kind"] == "command"}
    answers = [message for message in messages if message["kind"] == "response" and message["scenario"] in commands]
    assert answers
    for response in answers:
        expected = bytes.fromhex(response["hex"])
        command = commands[response["scenario"]]
        checked = check.check(expected, known)
        role = known.role(checked.message.originator)
        assert role is not None
        plain = json.loads(json.dumps(seed.state_of(command, checked, known)))
        model = state.parse(plain, "seed")
        assert answering.answer(role, model, known, [command]).answers == [expected], response["id"]
        there = answering.answer_on_micropython(toolchain.micropython(), role, model, known, [command])
        assert there.answers == [expected], response["id"]
