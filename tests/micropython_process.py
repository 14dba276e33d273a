# SPDX-License-Identifier: GPL-3.0-or-later
"""A native MicroPython process that is asked line by line, shared by the test runner and the peer."""

import os
import selectors
import subprocess
import tempfile
import time
from pathlib import Path

from hanref import toolchain

TESTS = Path(__file__).resolve().parent
FIRMWARE = TESTS.parent / "firmware"
MARK = b"\x01hanref:"


class MicroPythonStopped(Exception):
    """The interpreter ended or did not answer in time; the text says which, with its last output."""


class MicroPythonProcess:
    """One interpreter running a script that answers each line with one line that begins with MARK.

    ``output`` holds what the script printed besides its answers since the last question.
    """

    def __init__(self, script: str, *arguments: str, heap: str = "16M") -> None:
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(toolchain.micropython()), "-X", f"heapsize={heap}", str(TESTS / "micropython" / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        self._pending = b""
        self.output = ""

    def ask(self, question: str | None, limit: float) -> str:
        """Send a line (None: only wait) and return the answer; MicroPythonStopped after ``limit`` seconds."""
        assert self._process.stdin is not None
        self.output = ""
        if question is not None:
            try:
                self._process.stdin.write(question.encode() + b"\n")
            except BrokenPipeError:
                raise MicroPythonStopped(self._farewell("ended")) from None
        end = time.monotonic() + limit
        while True:
            line = self._line(end, limit)
            if line.startswith(MARK):
                return line[len(MARK) :].decode()
            self.output += line.decode(errors="replace") + "\n"

    def _line(self, end: float, limit: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not selector.select(max(0.0, end - time.monotonic())):
                    self.close()
                    raise MicroPythonStopped(self._farewell(f"gave no answer within {limit:g} s"))
                octets = os.read(descriptor, 65536)
                if not octets:
                    raise MicroPythonStopped(self._farewell("ended"))
                self._pending += octets
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _farewell(self, what: str) -> str:
        self.close()
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace")
        return f"MicroPython {what} (exit code {self._process.returncode})\n{self.output}{errors}"

    def close(self) -> None:
        """End the process; harmless when it has ended already."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
