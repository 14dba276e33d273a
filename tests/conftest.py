# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every portable test (tests/device) on CPython and again on native MicroPython.

pytest collects such a file as usual; beside each function stands an item ``name[micropython]``. One
interpreter process serves a file. The summary counts both.
"""

import ast
import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from micropython_peer import MicroPythonPeer
from micropython_process import FIRMWARE, TESTS, MicroPythonProcess, MicroPythonStopped
from support import Skip

DEVICE_TESTS = TESTS / "device"
LIMIT = 300.0  # seconds for one test function on MicroPython
FIGURE = "figure"
PATHS = [str(FIRMWARE), str(TESTS / "micropython")]


class MicroPythonFailure(Exception):
    """A portable test failed on MicroPython; the text is MicroPython's traceback and what was printed."""


class MicroPythonFile(pytest.File):
    """The functions of one portable test file, run on MicroPython."""

    process: MicroPythonProcess | None = None
    heap = "16M"

    def collect(self) -> Iterator["MicroPythonItem"]:
        for statement in ast.parse(self.path.read_text(), str(self.path)).body:
            if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_"):
                yield MicroPythonItem.from_parent(self, name=f"{statement.name}[micropython]", function=statement)
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "MICROPYTHON_HEAP":
                self.heap = ast.literal_eval(statement.value)

    def run(self, name: str) -> dict[str, str]:
        """Run one function; a crash or a hang costs the process, and the next function gets a new one."""
        try:
            if self.process is None:
                self.process = MicroPythonProcess(
                    "runner.py", str(self.path.parent), self.path.stem, *PATHS, heap=self.heap
                )
                started = json.loads(self.process.ask(None, LIMIT))
                if started["outcome"] != "passed":
                    self.teardown()
                    return started
            answer: dict[str, str] = json.loads(self.process.ask(name, LIMIT))
            answer["output"] = self.process.output
            return answer
        except MicroPythonStopped as error:
            self.process = None
            return {"outcome": "failed", "text": str(error)}

    def teardown(self) -> None:
        if self.process is not None:
            self.process.close()
            self.process = None


class MicroPythonItem(pytest.Item):
    """One portable test function on MicroPython."""

    def __init__(self, *, function: ast.FunctionDef, **named: Any) -> None:
        super().__init__(**named)
        self.funcargs: dict[str, Any] = {}  # pytest-embedded looks into every item's fixtures
        self.tested = function.name
        self.line = function.lineno

    def runtest(self) -> None:
        assert isinstance(self.parent, MicroPythonFile)
        answer = self.parent.run(self.tested)
        if answer["outcome"] == "skipped":
            pytest.skip(answer["text"])
        if answer["outcome"] != "passed":
            printed = answer.get("output", "")
            raise MicroPythonFailure(answer["text"] + (f"\nprinted:\n{printed}" if printed else ""))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, self.name


def is_portable_test(path: Path) -> bool:
    """Whether a file holds tests for both interpreters."""
    return path.parent == DEVICE_TESTS and path.name.startswith("test_") and path.suffix == ".py"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Beside pytest's own module of a portable test file put one for MicroPython."""
    if is_portable_test(file_path):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Let ``support.skip`` skip under CPython too."""
    try:
        return (yield)
    except Skip as reason:
        pytest.skip(str(reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests gave, and how many portable tests ran on each interpreter."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    figures = [text for report in reports if report.when == "call" for name, text in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
        for text in figures:
            terminalreporter.write_line(text)
    counts = {"CPython": {"passed": 0, "failed": 0, "skipped": 0}, "MicroPython": {"passed": 0, "failed": 0, "skipped": 0}}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            if report.when == "call" and "tests/device/" in report.nodeid:
                interpreter = "MicroPython" if report.nodeid.endswith("[micropython]") else "CPython"
                counts[interpreter][outcome] += 1
    if any(counts["CPython"].values()) or any(counts["MicroPython"].values()):
        terminalreporter.section("device and codec tests")
        for interpreter, count in counts.items():
            words = ", ".join(f"{number} {outcome}" for outcome, number in count.items() if number or outcome == "passed")
            terminalreporter.write_line(f"{interpreter}: {words}")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`figure("12 of …")` prints a figure at the end of the tests, wherever they ran, and puts it in the JUnit file."""
    return lambda text: request.node.user_properties.append((FIGURE, text))


@pytest.fixture(scope="session")
def micropython_peer() -> Iterator[MicroPythonPeer]:
    """A MicroPython process that answers calls (see tests/micropython_peer.py)."""
    peer = MicroPythonPeer()
    yield peer
    peer.close()
