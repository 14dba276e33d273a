# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the heap on emulated boards: five boards with full stores, after hours of traffic on their network.

And whether the November 2022 scenario still passes with a hub that has little more than half of the heap.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from han.devices import roles
from han.node.files import Folder
from han.stores.flash import FlashStores
from hanref import scenario
from hanref.bench.file import Bench, Entry
from hanref.bench.han import BoardHan
from hanref.boards.emulated import HEAP
from hanref.flash.image import Image
from hanref.flash.install import STORES, Installed
from hanref.flash.remote import Remote
from hanref.link import Link
from hanref.run.plan import make
from hanref.run.runner import run_and_judge

from benchmarks.figure import Figure

SCENARIO = "november-2022"
LITTLE = 120_000  # octets of heap
FREE = {"hub": 80 * 1024}  # the role with a number to hold
LARGEST = {"hub": 16 * 1024}
INTERVALS = {"profile_data": 1800, "daily_consumption": 86400, "average_rms_voltage": 1800}  # of other logs a minute


class Quick(Folder):
    """A folder on the host whose files need not outlive a loss of power."""

    def sync(self, file: Any) -> None:
        file.flush()

    def folder(self, name: str) -> "Quick":
        return Quick(f"{self._path}/{name}")  # type: ignore[no-untyped-call]


def fill(board: str, settings: dict[str, Any], start: int, folder: Path) -> None:
    """Write the stores of a board's devices to `folder`, every log full up to `start`."""
    identities = {other: bytes.fromhex(identity) for other, identity in settings["identities"].items()}
    stores: dict[str, FlashStores] = {}

    def made(role: str) -> FlashStores:
        files = Quick(str(folder / role))  # type: ignore[no-untyped-call]
        return stores.setdefault(role, FlashStores(files))

    roles.node(board, settings["settings"], identities, made)
    for store in stores.values():
        for name, log in store._logs.items():
            interval = INTERVALS.get(name, 60)
            first = start - start % interval - log.capacity * interval
            for number in range(log.capacity):
                log.append((first + number * interval).to_bytes(4, "little") + bytes(log.record_size - 4))


class FullHan(BoardHan):
    """A HAN of boards whose logs are full before it starts."""

    def _flash_one(self, role: str, image: Image) -> Installed:
        installed = super()._flash_one(role, image)
        with tempfile.TemporaryDirectory() as name, Remote(self.places[role].port) as remote:
            fill(role, self.settings(role), self.plan["start"], Path(name))
            for path in sorted(Path(name).rglob("*")):
                if path.is_file():
                    remote.write_file(f"{STORES}/{path.relative_to(name)}", path.read_bytes(), lambda octets: None)
        with Link.open(self.places[role].port) as link:
            link.start()
        return installed


def figures() -> Iterator[Figure]:
    """Free heap and its largest block for each role, and the verdicts with little heap."""
    for role, health in steady_state().items():
        name = f"heap of {HEAP:,}, {role}"
        yield Figure(f"{name}: free in steady state", health["heap_free"], "octets", at_least=FREE.get(role))
        yield Figure(f"{name}: largest free block", health["largest_free"], "octets", at_least=LARGEST.get(role))
    failed = failures_with(LITTLE)
    yield Figure(f"heap of {LITTLE:,}, hub: requirements that fail in {SCENARIO}", len(failed), "", at_most=0)


def steady_state() -> dict[str, dict[str, int]]:
    """What each board says of its heap after the scenario."""
    plan = make(scenario.load(SCENARIO, "emulated")).document
    with tempfile.TemporaryDirectory() as flashes, FullHan(plan, Bench(), flashes=Path(flashes)) as han:
        for _ in han.lines():
            pass
        return {role: place.request("health") for role, place in han.places.items()}


def failures_with(heap: int) -> list[str]:
    """The requirements that do not pass when the hub has so much heap."""
    bench = Bench(boards={"hub": Entry(heap=heap)})
    with tempfile.TemporaryDirectory() as folder:
        _, verdicts = run_and_judge(scenario.load(SCENARIO, "emulated"), Path(folder) / "out", tier="emulated", bench=bench)
    return [verdict.id for verdict in verdicts if verdict.verdict == "fail"]
