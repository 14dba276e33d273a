# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a HAN runs in tier `sim`, what two days with trace and capture take, and the heap of each device."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hanref import resources, toolchain
from hanref.run.plan import make
from hanref.run.runner import simulate
from hanref.run.simulation import command
from hanref.scenario import load

from benchmarks.figure import Figure

TWO_DAYS = 3.5
WITH_TRACE = 50_000
WITHOUT = 120_000
ROUNDS = 3
MONTH = 30 * 86400  # seconds

HEAP = """
import gc, json, sys
board, tables = json.loads(sys.stdin.read())
gc.collect()
before = gc.mem_alloc()
from han.devices import roles
identities = {name: bytes.fromhex(tables[name]["identity"]) for name in tables}
node = roles.node(board, tables[board], identities)
node.power(True, 720748800)
gc.collect()
print(gc.mem_alloc() - before)
"""


def figures() -> Iterator[Figure]:
    """Simulated seconds a second, seconds for two days, octets of heap a device."""
    scenario = load("november-2022")
    plan = make(scenario, None).document
    days = plan["end"] - plan["start"]
    for trace, limit in (("full", WITH_TRACE), ("summary", WITHOUT)):
        plan["trace"] = trace
        seconds = min(devices_alone(plan) for _ in range(ROUNDS))
        yield Figure(f"devices alone, {trace} trace", days / seconds, "x real time", at_least=limit)
    by_clock, by_core = month()
    yield Figure("first month of thirteen-months, summary trace", by_clock, "x real time", at_least=WITHOUT)
    yield Figure("the same by the time of its core, on a busy machine", by_core, "x real time")
    with tempfile.TemporaryDirectory() as folder:
        seconds = min(whole_run(Path(folder)) for _ in range(ROUNDS))
    yield Figure("two days with trace and capture", seconds, "s", at_most=TWO_DAYS)
    for board in plan["devices"]:
        octets = heap(plan["devices"], board)
        yield Figure(f"heap of {board} with its code, native MicroPython (64-bit words)", octets / 1024, "KB")


def month() -> tuple[float, float]:
    """How many times faster than real time the first month of the longest scenario runs: by the clock, and by the processor
    time it takes."""
    plan = make(load("thirteen-months"), None).document
    plan["end"] = plan["start"] + MONTH
    before = os.times()
    seconds = devices_alone(plan)
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return MONTH / seconds, MONTH / busy


def devices_alone(plan: dict[str, object]) -> float:
    """Seconds of the native MicroPython process, its output read and thrown away."""
    start = time.perf_counter()
    subprocess.run(
        command(toolchain.micropython(), str(plan["trace"])),
        input=json.dumps(plan).encode(),
        cwd=resources.firmware(),
        env={"MICROPYPATH": f".frozen:{resources.firmware()}"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def whole_run(folder: Path) -> float:
    """Seconds from the scenario to a complete trace and capture."""
    start = time.perf_counter()
    simulate(load("november-2022"), folder)
    return time.perf_counter() - start


def heap(tables: dict[str, object], board: str) -> int:
    """Octets that the devices of a board take once they run, with their code."""
    done = subprocess.run(
        [str(toolchain.micropython()), "-X", "heapsize=64M", "-c", HEAP],
        input=json.dumps([board, tables]).encode(),
        cwd=resources.compiled_firmware(),
        env={"MICROPYPATH": f".frozen:{resources.compiled_firmware()}"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(done.stdout)
