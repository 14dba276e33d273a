# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated board with parts of the firmware in ROMFS and nothing running: to measure and try parts on."""

import ast
import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mpremote.romfs import make_romfs
from mpremote.transport_serial import SerialTransport

from hanref import resources
from hanref.boards.emulated import EmulatedBoard
from hanref.errors import BenchError
from hanref.flash.remote import Remote

MIPS_125 = 3  # icount: an instruction takes 2^3 ns


class BareBoard:
    """A board with the compiled modules of `packages` (folders below the firmware, `han` is always there).

    ``icount`` None lets it run as fast as the host does. ``flash`` keeps its flash in a file, ROMFS included.
    """

    def __init__(self, uid: str, packages: tuple[str, ...], icount: int | None = MIPS_125, flash: Path | None = None) -> None:
        self.board = EmulatedBoard(uid, icount=icount, flash=flash)
        try:
            with Remote(self.board.port) as remote:
                remote.write_romfs(_image(packages), lambda octets: None)
        except BaseException:
            self.board.close()
            raise

    def run(self, script: str, limit: float = 300) -> Any:
        """Run a script on a freshly started interpreter; what it prints is one Python literal, which is returned."""
        with self.started(script) as transport:
            said, failed = transport.follow(limit)
        if failed:
            raise BenchError(f"emulated board {self.board.uid}: {failed.decode().strip().splitlines()[-1]}")
        return ast.literal_eval(said.decode())

    @contextlib.contextmanager
    def started(self, script: str) -> Iterator[SerialTransport]:
        """The line to a freshly started interpreter on which a script has just begun."""
        transport = SerialTransport(self.board.port, 115200, exclusive=False)
        try:
            transport.enter_raw_repl()
            transport.exec_raw_no_follow("import sys; sys.path.insert(0, '/rom')\n" + script)
            yield transport
        finally:
            with contextlib.suppress(OSError):
                transport.close()

    def close(self) -> None:
        """End the board."""
        self.board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _image(packages: tuple[str, ...]) -> bytes:
    """The ROMFS image of the compiled packages."""
    compiled = resources.compiled_firmware()
    with tempfile.TemporaryDirectory() as folder:
        for package in ("han", *packages):
            (Path(folder) / package).mkdir(parents=True, exist_ok=True)
            for module in (compiled / package).glob("*.mpy"):
                (Path(folder) / package / module.name).write_bytes(module.read_bytes())
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the tree
            return bytes(make_romfs(folder, mpy_cross=False))
