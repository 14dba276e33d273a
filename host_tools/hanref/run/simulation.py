# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAN of tier `sim`: one native MicroPython process that is handed the plan and prints what happens."""

import json
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from hanref.errors import BenchError
from hanref.resources import firmware
from hanref.toolchain import ToolchainError, micropython

HEAP = "64M"
MACHINE_CODE = ("x86_64", "AMD64")  # machines for which MicroPython makes it
_LAST_WORDS = 1200  # characters of standard error that an error quotes at most


def command(interpreter: Path, trace: str) -> list[str]:
    """The command line of a HAN. One whose trace is a summary runs for months: it is compiled to machine code as it is
    loaded, where the interpreter can; its errors then name no lines."""
    native = ["-X", "emit=native"] if trace == "summary" and platform.machine() in MACHINE_CODE else []
    return [str(interpreter), "-X", "heapsize=" + HEAP, *native, "-m", "han.node.sim"]


class Simulation:
    """A HAN in its own process. Use as a context manager; `lines` gives its output as it comes.

    Raises BenchError where there is no interpreter, or the process fails.
    """

    def __init__(self, plan: dict[str, Any], source: Path | None = None) -> None:
        self._plan = plan
        self._source = source or firmware()
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None

    def __enter__(self) -> "Simulation":
        try:
            interpreter = micropython()
        except ToolchainError as error:
            raise BenchError("no native MicroPython: %s" % error) from None
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                command(interpreter, self._plan.get("trace", "full")),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=self._source,
                env={"MICROPYPATH": str(self._source)},
                encoding="utf-8",
                bufsize=1 << 20,
            )
        except OSError as error:
            raise BenchError("%s: %s" % (interpreter, error.strerror)) from None
        assert self._process.stdin is not None
        try:
            json.dump(self._plan, self._process.stdin)
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it ended already; `lines` says why
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._errors is not None:
            self._errors.close()

    def lines(self) -> Iterator[str]:
        """Every line of output, without its end. Raises BenchError where the process does not end well."""
        assert self._process is not None and self._process.stdout is not None
        finished = False
        for line in self._process.stdout:
            finished = line.startswith("Z ")
            yield line
        code = self._process.wait()
        if code or not finished:
            raise BenchError("the simulated HAN ended with code %d: %s" % (code, self._last_words()))

    def _last_words(self) -> str:
        assert self._errors is not None
        self._errors.seek(0)
        said = self._errors.read().strip()
        return said[-_LAST_WORDS:].replace("\n", " | ") or "it said nothing"
