# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is interrupted or killed leaves no emulated board behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STARTED = 60.0  # seconds until its boards run
GONE = 15.0
WORKERS = 10.0  # that pytest-xdist gives its workers to end by themselves, when it is interrupted
BOARD = b"qemu-system-arm"


def descendants_of(process: int, program: bytes = b"") -> set[int]:
    """The processes that a process and those below it have started, with `program` those of that name."""
    parents, commands = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(entry.name)] = int(status[1])
        commands[int(entry.name)] = command
    found, above = set(), {process}
    while above := {child for child, parent in parents.items() if parent in above}:
        found |= above
    return {child for child in found if commands[child].startswith(program)}


def wait_until(condition: object, limit: float) -> bool:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


PYTEST = ["-m", "pytest", "-q", "--embedded-services", "micropython", "test_waiting.py"]
SEVERAL = ["--numprocesses", "2"]
WAITING = """
import time
def test_waiting(dut):
    time.sleep(60)
def test_waiting_too(dut):
    time.sleep(60)
"""
RUN = ["-c", "from hanref.cli import main; main(['run', 'november-2022', '--tier', 'emulated', '--out', 'out'])"]
# As at a terminal, and as in the background of a script, whatever this process was started from.
TERMINAL = ["env", "--default-signal=INT"]
BACKGROUND = ["env", "--ignore-signal=INT"]
CASES = [
    pytest.param([*TERMINAL, sys.executable, *arguments], number, id=f"{name}-{number.name}")
    for name, arguments, numbers in (
        ("pytest", PYTEST, (signal.SIGINT, signal.SIGKILL)),
        ("pytest-several", PYTEST + SEVERAL, (signal.SIGINT, signal.SIGKILL)),
        ("run", RUN, (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)),
    )
    for number in numbers
] + [
    pytest.param([*BACKGROUND, sys.executable, *arguments], signal.SIGKILL, id=f"{name}-in-background-SIGKILL")
    for name, arguments in (("pytest", PYTEST), ("pytest-several", PYTEST + SEVERAL))
]


@pytest.mark.parametrize(("command", "number"), CASES)
def test_no_board_is_left(command: list[str], number: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "output"
    (tmp_path / "test_waiting.py").write_text(WAITING)
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=tmp_path)
    try:
        assert wait_until(lambda: descendants_of(process.pid, BOARD) or process.poll() is not None, STARTED)
        assert descendants_of(process.pid, BOARD), output.read_text()[-2000:]
        time.sleep(0.3)
        descendants = descendants_of(process.pid)
        os.kill(process.pid, number)
        process.wait(GONE + WORKERS if SEVERAL[0] in command else GONE)
        assert wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in descendants), GONE)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
