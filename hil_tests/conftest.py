# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards and HANs for the tests of this folder. docs/hil.md tells how to run them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hanref.air.simulation import Conditions
from hanref.bench.file import Bench, load
from hanref.bench.han import BoardHan
from hanref.run.plan import make
from hanref.scenario import parse

MOST_AT_ONCE = 4  # tests; each has up to four boards
HEADING = """
[scenario]
name = "hil"
title = "hil"
start = 2022-11-03T10:07:13Z
duration = "1h"
tiers = ["emulated", "physical"]
"""


def pytest_configure(config: pytest.Config) -> None:
    """The tests of this folder are for boards: the service need not be named on the command line."""
    if not config.getoption("embedded_services"):
        config.option.embedded_services = "micropython"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Several tests at a time, where all boards are emulated and nobody wants to watch one."""
    option = config.option
    if hasattr(config, "workerinput") or "PYTEST_XDIST_WORKER" in os.environ:
        return  # one of several already
    watched = option.usepdb or option.capture == "no" or option.collectonly or any("::" in name for name in config.args)
    alone = watched or option.port or option.bench or not config.pluginmanager.hasplugin("xdist")
    if not alone and option.numprocesses is None:
        # One more than there are processors, for boards and bench wait for each other now and then.
        option.numprocesses, option.dist = min(MOST_AT_ONCE, len(os.sched_getaffinity(0)) + 1), "loadfile"


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Bench:
    """The boards of `--bench`, else emulated ones."""
    path = request.config.getoption("bench")
    return load(Path(path)) if path else Bench()


HanMaker = Callable[..., BoardHan]


@pytest.fixture
def make_han(bench: Bench) -> Iterator[HanMaker]:
    """`make_han("[devices.hub]\\n…", conditions)` flashes the boards of these devices and brings them on one network."""
    with ExitStack() as stack:

        def made(devices: str, conditions: Conditions | None = None, **changes: Any) -> BoardHan:
            plan = make(parse(HEADING + devices, "hil.toml"))
            return stack.enter_context(BoardHan({**plan.document, **changes}, bench, conditions=conditions))

        yield made
