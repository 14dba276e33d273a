# SPDX-License-Identifier: GPL-3.0-or-later
"""Call functions in a long-lived MicroPython process, so that hypothesis examples run there too.

    def test_round_trip(micropython_peer):
        @given(binary())
        def check(octets):
            micropython_peer.same("han.zcl.frame:decode", octets)
        check()

Arguments and results are None, booleans, integers of any size, floats, text, octet strings, and lists,
tuples and dictionaries of these; every kind of octet string arrives as ``bytes``. A module of helpers
that both interpreters import (say, one that returns an object's fields as a tuple) goes into
``tests/device`` under a name that does not begin with ``test_``.
"""

import importlib
from pathlib import Path
from typing import Any

import wire_values
from micropython_process import FIRMWARE, TESTS, MicroPythonProcess, MicroPythonStopped

SEARCH_PATH = (FIRMWARE, TESTS / "device", TESTS / "micropython")


class PeerError(Exception):
    """A call raised on MicroPython: ``name`` is the exception's class, ``text`` its message."""

    def __init__(self, name: str, text: str, traceback: str) -> None:
        super().__init__(f"{name}: {text}\n{traceback}")
        self.name = name
        self.text = text
        self.traceback = traceback


class MicroPythonPeer:
    """A MicroPython process that answers calls; it is started at the first call and after a crash."""

    def __init__(self, paths: tuple[Path, ...] = (), heap: str = "16M", limit: float = 20.0) -> None:
        self._paths = [str(path) for path in (*SEARCH_PATH, *paths)]
        self._heap = heap
        self._limit = limit
        self._process: MicroPythonProcess | None = None
        self.calls = 0

    def call(self, function: str, *arguments: Any) -> Any:
        """Return the result of ``module:name`` on MicroPython, or raise PeerError with what it raised."""
        answer = self._answer(function, arguments)
        if answer[0] == "raises":
            raise PeerError(*answer[1:])
        return answer[1]

    def outcome(self, function: str, *arguments: Any) -> tuple[str, Any]:
        """``("value", result)`` or ``("raises", class name)``."""
        answer = self._answer(function, arguments)
        return answer[0], answer[1]

    def same(self, function: str, *arguments: Any) -> tuple[str, Any]:
        """Call ``function`` on both interpreters, fail unless the outcomes are equal, return the outcome."""
        here = outcome_here(function, *arguments)
        there = self.outcome(function, *arguments)
        # Compared in written form: there NaN equals itself, and 1, 1.0 and True differ.
        assert wire_values.write(here) == wire_values.write(there), f"{function}: CPython {here}, MicroPython {there}"
        return here

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _answer(self, function: str, arguments: tuple[Any, ...]) -> list[Any]:
        if self._process is None:
            self._process = MicroPythonProcess("peer_server.py", *self._paths, heap=self._heap)
        self.calls += 1
        question = wire_values.write([function, list(arguments)])
        try:
            answer: list[Any] = wire_values.read(self._process.ask(question, self._limit))
        except MicroPythonStopped:
            self.close()
            raise
        return answer


def outcome_here(function: str, *arguments: Any) -> tuple[str, Any]:
    """What ``MicroPythonPeer.outcome`` gives, from this interpreter."""
    module, _, attributes = function.partition(":")
    found: Any = importlib.import_module(module)
    for part in attributes.split("."):
        found = getattr(found, part)
    try:
        return "value", wire_values.unpack(wire_values.pack(found(*arguments)))
    except Exception as error:
        return "raises", type(error).__name__
