# SPDX-License-Identifier: GPL-3.0-or-later
"""The person beside a device under test: told what happens, asked what the display shows."""

import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from hanref.observed import screen_of

HOW = "name=value ..., none for no value, nothing where it cannot be seen"


class Person:
    """`tell` shows a sentence. Answers are lines of `lines`; without them nobody is asked."""

    def __init__(self, tell: Callable[[str], None], lines: TextIO | None = None) -> None:
        self.tell = tell
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._asks = lines is not None
        if lines is not None:
            threading.Thread(target=self._listen, args=(lines,), daemon=True).start()

    @classmethod
    def at_terminal(cls, tell: Callable[[str], None]) -> "Person":
        """The one at this terminal; nobody where standard input is no terminal."""
        return cls(tell, sys.stdin if sys.stdin is not None and sys.stdin.isatty() else None)

    def ask_for_screen(self, display: str) -> None:
        """Ask what a display shows; `answered` has the answer in time."""
        if self._asks:
            self.tell("What does the %s show now? (%s)" % (display, HOW))

    def answered(self) -> dict[str, Any] | None:
        """A screen, if one was told since."""
        try:
            line = self._answers.get_nowait().strip()
        except queue.Empty:
            return None
        if not line:
            return None
        screen = _screen(line)
        if screen is None:
            self.tell("%r was not understood: %s" % (line, HOW))
        return screen

    def _listen(self, lines: TextIO) -> None:
        for line in lines:
            self._answers.put(line)


def _screen(line: str) -> dict[str, Any] | None:
    """`electricity_week=1234 gas_week=none` as items; None where it is something else."""
    items: dict[str, Any] = {}
    for word in line.replace(",", " ").split():
        name, equals, value = word.partition("=")
        if not equals or not name.replace("_", "").isalnum():
            return None
        try:
            items[name] = int(value)
        except ValueError:
            try:
                items[name] = float(value)
            except ValueError:
                items[name] = value
    return screen_of(items) if items else None
