# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated boards: how long a flash takes, how much heap the hub has left in a running HAN."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hanref import resources, scenario
from hanref.bench.file import Bench, Entry
from hanref.bench.han import BoardHan
from hanref.boards import find
from hanref.boards.emulated import HEAP, EmulatedBoard
from hanref.flash.image import image, needed
from hanref.flash.install import install
from hanref.flash.settings import for_role
from hanref.run.plan import make
from hanref.run.runner import run_and_judge

from benchmarks.figure import Figure

BOARD = "mps2_an385"
FREE_KB = 80.0
LARGEST_KB = 16.0
SMALL = 120_000  # octets of heap with which a hub still does everything


def figures() -> Iterator[Figure]:
    """Seconds and octets of a flash; KB of the hub's heap."""
    yield from _flashing()
    yield from _heap()
    yield from _small_hub()


def _flashing() -> Iterator[Figure]:
    board = find(BOARD)
    hub = image("hub")
    settings = for_role(board, "hub")
    with tempfile.TemporaryDirectory(prefix="hanref-") as folder:
        with EmulatedBoard("flashed", flash=Path(folder) / "flash") as emulated:
            cold = install(board, emulated.port, hub, settings)
            unchanged = install(board, emulated.port, hub, settings)
        yield Figure("flash of a hub, blank board", cold.seconds, "s", note=f"({cold.octets} octets)")
        yield Figure("flash of a hub, nothing changed", unchanged.seconds, "s", note=f"({unchanged.octets} octets)")
        sources = _sources("hub", Path(folder))
        with EmulatedBoard("copied", flash=Path(folder) / "other") as emulated:
            began = time.monotonic()
            command = [sys.executable, "-m", "mpremote", "connect", emulated.port, "fs", "cp", "-r", str(sources), ":"]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            took = time.monotonic() - began
        octets = sum(path.stat().st_size for path in sources.rglob("*.py"))
        yield Figure("mpremote fs cp -r of the same sources", took, "s", note=f"({octets} octets)")


def _sources(role: str, folder: Path) -> Path:
    """The sources of the modules of a role, in a folder of their own."""
    firmware = resources.firmware()
    for module in needed(role, firmware):
        base = firmware.joinpath(*module.split("."))
        path = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        target = folder / "sources" / path.relative_to(firmware)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder / "sources" / "han"


def _heap() -> Iterator[Figure]:
    plan = make(scenario.load("november-2022", "emulated"))
    with BoardHan(plan.document, Bench()) as han:
        for _ in han.lines():
            pass
        for role, place in han.places.items():
            health = place.request("health")
            hub = role == "hub"
            note = f"(heap={HEAP}, after november-2022)"
            free, largest = health["heap_free"] / 1024, health["largest_free"] / 1024
            yield Figure(f"{role}: heap free", free, "KB", at_least=FREE_KB if hub else None, note=note)
            yield Figure(f"{role}: largest free block", largest, "KB", at_least=LARGEST_KB if hub else None)


def _small_hub() -> Iterator[Figure]:
    bench = Bench(boards={"hub": Entry(heap=SMALL)})
    with tempfile.TemporaryDirectory(prefix="hanref-") as folder:
        _, verdicts = run_and_judge(
            scenario.load("november-2022", "emulated"), Path(folder) / "results", tier="emulated", bench=bench
        )
    counts = Counter(verdict.verdict for verdict in verdicts)
    failed = counts["fail"] + counts["observation"]
    note = f"({counts['pass']} pass, {counts['not run']} not run)"
    yield Figure(f"november-2022, hub with heap={SMALL}: not passed", failed, "", at_most=0, note=note)
