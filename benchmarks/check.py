# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a long capture: frames a second and memory of `hanref check`, beside tshark's time on the same file.

The capture is the traffic of a run of the November 2022 scenario, repeated one after the other in time up to a million frames.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hanref.air import capture
from hanref.air.keys import Keys
from hanref.errors import EXIT_DEFECT
from hanref.run.runner import simulate
from hanref.scenario import load

from benchmarks.figure import Figure

FRAMES = 1_000_000
_MEGABYTE = 1024  # ru_maxrss counts kilobytes


def long_capture(source: Path, target: Path, frames: int) -> int:
    """Write `frames` packets: those of `source` again and again, each time later. Returns how many it wrote."""
    packets = list(capture.read(source))
    span = packets[-1].time - packets[0].time + 60_000_000
    with capture.Writer(target) as writer:
        for place in range(frames):
            turn, which = divmod(place, len(packets))
            writer.packet(packets[which].time + turn * span, packets[which].octets)
    return frames


def measured(command: list[str]) -> tuple[float, float]:
    """(seconds, megabytes at the peak) of a process of its own. Raises CalledProcessError where it ends badly.

    Code 1 is a defect found: days that are repeated contradict each other.
    """
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, EXIT_DEFECT):
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - start, used.ru_maxrss / _MEGABYTE


def figures() -> Iterator[Figure]:
    """Rate and peak memory of `hanref check`, and tshark's time for reading the same frames."""
    with tempfile.TemporaryDirectory(prefix="hanref-check-") as name:
        folder = Path(name)
        simulate(load("november-2022"), folder)
        frames = long_capture(folder / "air.pcapng", folder / "long.pcapng", FRAMES)
        start = [sys.executable, "-c", "from hanref.cli import main; main()"]
        seconds, megabytes = measured([*start, "check", str(folder / "long.pcapng"), "--keys", str(folder / "keys.toml")])
        yield Figure("hanref check, capture of a million frames", frames / seconds, "frames/s", at_least=5000)
        yield Figure("hanref check, peak memory", megabytes, "MB", at_most=400)
        if shutil.which("tshark"):
            options = Keys.read(folder / "keys.toml").tshark_options()
            reading = ["tshark", "-r", str(folder / "long.pcapng"), *options, "-Y", "zbee_zcl", "-w", "/dev/null"]
            seconds, megabytes = measured(reading)
            yield Figure("tshark, the same file", frames / seconds, "frames/s", note="(dissects, judges nothing)")
            yield Figure("tshark, peak memory", megabytes, "MB")
