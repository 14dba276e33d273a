# SPDX-License-Identifier: GPL-3.0-or-later
"""Published scenarios of the ASN.1 use cases: answers on MicroPython, and the alerts of what was planned for a date."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from han.clock import UNRELIABLE
from han.gbcs import asn1_answer, der, elements, envelope, use_cases
from hanref.gbcs import answering, check, keys, modelled, native, seed_commissioning, state
from hanref.replay import replayer, scenarios

FOLDER = os.environ.get("HANREF_VECTORS")
FILES = sorted((Path(FOLDER) / "asn1").glob("*.json")) if FOLDER else []
WHY = "the published vectors are not here: set HANREF_VECTORS to their folder"
PLANNED = {"FD-CS06", "FD-CS02b", "CS02g"}
NOT_MODELLED = ("no command", "no response", "no key", "use case not modelled", "device not modelled")


@pytest.fixture(scope="module")
def known() -> keys.Keys:
    if not FOLDER:
        pytest.skip(WHY)
    return keys.load(Path(FOLDER) / "keys.json")


@pytest.fixture(scope="module")
def interpreter() -> Iterator[native.Native]:
    with native.Native() as peer:
        yield peer


@pytest.mark.skipif(not FOLDER, reason=WHY)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_answers(path: Path, known: keys.Keys, interpreter: native.Native) -> None:
    for scenario in scenarios.load(path.parent, [json.loads(path.read_text())["use_case"]]):
        result = replayer.replay(scenario, known, interpreter)
        if result.outcome == replayer.NOT_REPLAYED:
            assert result.reason.startswith(NOT_MODELLED)
        else:
            assert result.outcome == replayer.MATCHED, (scenario.name, result.offset, result.reason)


def alerts() -> list[Any]:
    """(command, alert) of the scenarios in which something happens at its date at a modelled device."""
    found = []
    for path in FILES:
        messages = json.loads(path.read_text())["messages"]
        commands = {(m["srv"], m["scenario"]): bytes.fromhex(m["hex"]) for m in messages if m["kind"] == "command"}
        for message in messages:
            octets = bytes.fromhex(message["hex"])
            command = commands.get((message["srv"], message["scenario"]))
            if message["kind"] != "alert" or command is None:
                continue
            if use_cases.find(envelope.decode(octets).message_code).name in PLANNED:
                found.append(pytest.param(command, octets, id=message["id"]))
    return found


@pytest.mark.skipif(not FOLDER, reason=WHY)
@pytest.mark.parametrize(("command", "alert"), alerts())
def test_alerts(command: bytes, alert: bytes, known: keys.Keys) -> None:
    """A device seeded with what the alert says of the state before, at the moment it says, sends that alert."""
    asked, told = envelope.decode(command), envelope.decode(alert)
    role = known.role(asked.recipient)
    if not use_cases.find(asked.message_code).is_modelled(role):
        pytest.skip(f"no model of {role} carries that out")
    _, moment, *rest = elements.items(der.decode(told.payload))
    name = use_cases.find(asked.message_code).name
    outcome = rest[-1] if name == "CS06" else elements.sequence(elements.NULL, rest[-1])
    shown = envelope.Message(envelope.RESPONSE, 0, asked.recipient, asked.originator, asked.message_code, der.encode(outcome))
    plain: dict[str, Any] = {"entity": asked.recipient.hex(), "faults": {}}
    seed_commissioning.take(plain, name, asked, shown, known)
    model = state.parse(json.loads(json.dumps(plain)), "seed")
    device, server = modelled.device_of(
        answering.plain_device(str(role), model, known),
        lambda octets: answering.sign(answering.signing_key(model, known), octets),
    )
    assert modelled.answer(device, server, command) is not None, device.events
    device.utc = device.clock.utc = elements.read_time(moment)
    device.clock.status = UNRELIABLE
    device.operations.begin()
    server.counters.set_own(told.originator_counter - 1)
    (made,) = asn1_answer.carry_out_due(server, 0)
    assert made[:-64] == alert[:-64]
    assert check.check(made, known).signature == "valid"
