# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a modelled device over GBCS and read its answer: shared by the tests of `hanref send`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from han.gbcs import gbz
from hanref.gbcs import answering, build, check, keys, state

STAMPED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
DEVICE = bytes.fromhex("a1a2a3a4a5a6a7a8")
REGISTERS = {
    "0702": {"0302": 1000, "0301": 1, "0300": 1, "0000": 12345678, "0700": 1, "0701": 2, "0702": 3, "0703": 4,
             "0100": 5, "0102": 6, "0104": 7, "0106": 8, "0A00": 4711},
    "0700": {"0617": 0x50, "0616": 826},
    "0705": {"0005": 1, "0002": -2, "0001": 3, "0231": 4, "0211": 5, "0221": 6},
}  # fmt: skip
NOON = "2022-11-03T12:00:00Z"


def stated(**changes: Any) -> state.State:
    plain: dict[str, Any] = {
        "entity": DEVICE.hex(),
        "attributes": REGISTERS,
        "time": {"utc": NOON, "source": "GSME", "status": "reliable"},
    }
    plain.update(changes)
    return state.parse(plain, "state")


def party(known: keys.Keys, role: str) -> bytes:
    return build.party(known, role, "test")


def ask(known: keys.Keys, model: state.State, name: str, counter: int = 1000, role: str = "gpf", **named: Any) -> bytes:
    """The answer to a command of the supplier."""
    command = build.build_command(known, name, party(known, "supplier"), model.entity, counter, **named)
    outcome = answering.answer(role, model, known, [command])
    assert outcome.answers[0] is not None, outcome.refusals()
    return outcome.answers[0]


def readings(checked: check.Checked) -> list[bytes]:
    """The ZCL payloads of an answer, decrypted."""
    found = []
    plaintexts = iter(checked.plaintexts)
    message = checked.message
    for component in gbz.decode(message.payload, message.cra, message.message_code).components:
        payload = next(plaintexts) if component.encrypted else component.payload
        assert payload is not None
        found.append(payload)
    return found


def hanref(*arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    code = "import sys; from hanref.cli import main; main()"
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'firmware'}{os.pathsep}{root / 'host_tools'}"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], input=typed, capture_output=True, text=True, env=environment, timeout=60
    )
