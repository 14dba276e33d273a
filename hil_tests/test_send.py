# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref send --bench`: a command for each kind of board, through the hub, and the answer of the device on it."""

import subprocess
import sys
from pathlib import Path

import pytest
from han.gbcs import envelope

COMMANDS = {
    "gpf": ("GCS13a",),
    "esme": ("ECS26b", "--from", "network operator"),
    "gsme": ("GCS40a", "--set", "issuer_event_id=1", "--set", "credit_adjustment_value=500000"),
}


@pytest.mark.parametrize("role", COMMANDS)
def test_send_to_a_board(request: pytest.FixtureRequest, tmp_path: Path, role: str) -> None:
    path = request.config.getoption("bench")
    if path is None:
        path = tmp_path / "bench.toml"
        path.write_text("", encoding="utf-8")  # every role is played by an emulated board
    program = "import sys; from hanref.cli import main; main()"
    use_case, *more = COMMANDS[role]
    done = subprocess.run(
        [sys.executable, "-c", program, "send", use_case, "--to", role, "--bench", str(path), *more],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    message = envelope.decode(bytes.fromhex(done.stdout.strip()))
    assert message.cra == envelope.RESPONSE
    # It was decoded with the run's keys, and is authentic.
    assert use_case in done.stderr and " valid" in done.stderr and "invalid" not in done.stderr
