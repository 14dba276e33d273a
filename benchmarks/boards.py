# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated boards: how long a flash takes."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hanref import resources
from hanref.boards import find
from hanref.boards.emulated import EmulatedBoard
from hanref.flash.image import image, needed
from hanref.flash.install import install
from hanref.flash.settings import for_role

from benchmarks.figure import Figure

BOARD = "mps2_an385"


def figures() -> Iterator[Figure]:
    """Seconds and octets of a flash."""
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
