# SPDX-License-Identifier: GPL-3.0-or-later
"""How long `hanref --help` takes, from the shell's point of view."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure

ROUNDS = 7
LIMIT = 250.0


def figures() -> Iterator[Figure]:
    """The median of some runs, in milliseconds."""
    program = Path(sys.executable).with_name("hanref")
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([str(program), "--help"], check=True, capture_output=True)
        times.append((time.perf_counter() - start) * 1000)
    yield Figure("hanref --help, median", sorted(times)[ROUNDS // 2], "ms", at_most=LIMIT)
