# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest plugin: the service `micropython` of pytest-embedded, and requirement markers. docs/hil.md tells how to use it.

`pytest --embedded-services micropython` gives a `dut` that is a MicroPython board: flashed with mpremote, emulated
unless `--port` names one. Nothing here is loaded unless it is asked for.
"""

import functools
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

SERVICE = "micropython"
_PR_SET_PDEATHSIG = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the service; `--port`, `--count` and `--app-path` are pytest-embedded's."""
    group = parser.getgroup("embedded-micropython")
    group.addoption("--bench", metavar="FILE", help="bench.toml: which board stands for which role (docs/bench.md)")
    group.addoption("--heap", type=int, metavar="OCTETS", help="heap of emulated boards")


def pytest_configure(config: pytest.Config) -> None:
    """Register the service with pytest-embedded, where that is installed, and the marker."""
    config.addinivalue_line("markers", "requirement(*ids): requirements that a test shows; properties in the JUnit file")
    if importlib.util.find_spec("pytest_embedded") is not None:
        # It notes the application in the JUnit file in a way that pytest warns of, for each test.
        config.addinivalue_line("filterwarnings", "ignore:record_xml_attribute is incompatible:pytest.PytestWarning")
        _register(config)
        if SERVICE in str(config.getoption("embedded_services", None)):
            _end_with_this_process(worker=hasattr(config, "workerinput"))


@functools.cache
def _end_with_this_process(worker: bool) -> None:
    """pytest-embedded forks processes of its own, which would outlive a pytest that is killed. So would a worker of
    pytest-xdist that was started where SIGINT is ignored, as in the background of a script: it is interrupted by one."""
    if sys.platform != "linux":
        return
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    if worker:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    by_main_thread = False

    def before() -> None:
        # The kernel means the thread that forks, and only that of the main thread ends with the process.
        nonlocal by_main_thread
        by_main_thread = threading.current_thread() is threading.main_thread()

    def after() -> None:
        if by_main_thread:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    os.register_at_fork(before=before, after_in_child=after)


def _register(config: pytest.Config) -> None:
    """pytest-embedded has a closed list of services and no way to add one: so it is extended from outside."""
    from pytest_embedded import dut_factory, plugin, utils

    utils.SERVICE_LIB_NAMES[SERVICE] = __name__
    if hasattr(plugin._fixture_classes_and_options_fn, SERVICE):
        return
    extended = _with_boards(plugin._fixture_classes_and_options_fn, config)
    plugin._fixture_classes_and_options_fn = extended
    dut_factory._fixture_classes_and_options_fn = extended


def _with_boards(classes_and_options: Callable[..., Any], config: pytest.Config) -> Callable[..., Any]:
    """Chooses our classes where the service is asked for."""

    @functools.wraps(classes_and_options)
    def extended(**named: Any) -> Any:
        options = classes_and_options(**named)
        if SERVICE in named["_services"]:
            from hanref.hil.service import MicroPythonApp, MicroPythonDut, MicroPythonSerial

            options.classes.update({"app": MicroPythonApp, "serial": MicroPythonSerial, "dut": MicroPythonDut})
            options.kwargs["serial"] = {
                "msg_queue": named["msg_queue"],
                "app": None,  # filled in by pytest-embedded
                "port": named["port"],
                "baud": named["baud"],
                "dut_index": named["dut_index"],
                "heap": config.getoption("heap"),
                "meta": named["_meta"],
            }
            options.kwargs["dut"]["serial"] = None
        return options

    setattr(extended, SERVICE, True)
    return extended


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Requirement ids go to the JUnit file as properties, whatever becomes of the test."""
    known = {value for name, value in item.user_properties if name == "requirement"}
    for marker in item.iter_markers("requirement"):
        for identifier in marker.args:
            if identifier not in known:
                item.user_properties.append(("requirement", identifier))
                known.add(identifier)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its boards said last: tracebacks first."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            for board in value if isinstance(value, (list, tuple)) else [value]:
                said = getattr(board, "last_words", None)
                if callable(said) and name != "request":
                    report.sections.append((f"board {getattr(board, 'board_name', name)}", said()))
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the emulated boards."""
    service = sys.modules.get("hanref.hil.service")
    if service is not None:
        service.close_boards()
