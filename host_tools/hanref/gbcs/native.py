# SPDX-License-Identifier: GPL-3.0-or-later
"""Modelled devices on the native MicroPython: one process for a replay, a fresh device a question."""

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import han

from hanref import toolchain
from hanref.errors import BenchError
from hanref.gbcs import modelled

LIMIT = 60.0  # seconds for one answer
HEAP = "32m"


class Native:
    """Asks `hanref.gbcs.modelled` on an interpreter; keys travel through a pipe, never on a command line."""

    def __init__(self, interpreter: Path | None = None) -> None:
        self.interpreter = interpreter or toolchain.micropython()
        firmware = Path(han.__file__).parent.parent
        try:
            self._process = subprocess.Popen(
                [str(self.interpreter), "-X", f"heapsize={HEAP}", str(modelled.__file__), str(firmware)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            raise BenchError(f"{self.interpreter}: {error.strerror or error}") from None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question of `hanref.gbcs.modelled`; raises BenchError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(LIMIT, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            raise BenchError(f"{self.interpreter}: {self._last_words()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def _last_words(self) -> str:
        self._process.kill()
        _, errors = self._process.communicate()
        lines = errors.strip().splitlines()
        return lines[-1] if lines else f"no answer within {LIMIT:g} s"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
