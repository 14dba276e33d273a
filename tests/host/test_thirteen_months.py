# SPDX-License-Identifier: GPL-3.0-or-later
"""Thirteen months of a HAN: full logs that equal what was fed to the meters, flat memory. A few days in every test."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hanref.run.plan import make
from hanref.run.runner import simulate
from hanref.run.simulation import Simulation
from hanref.scenario import load
from hanref.scenario.steps import Command, TopUp
from long_run import LongRun

DAY = 86400
FULL = (
    ("esme", "profile_data"),
    ("esme", "average_rms_voltage"),
    ("gpf", "profile_data"),
    *(
        (role, name)
        for role in ("gpf", "gsme")
        for name in ("daily_read", "prepayment_daily_read", "billing", "prepayment_billing", "top_ups", "debt_payments")
    ),
)
MONTH = 30 * DAY * 1000
SLACK = 100_000  # octets by which the heap in use, without the logs, may differ between months
RESIDENT_SLACK = 8 << 20


def checked(plan: dict[str, Any], summary: dict[str, Any]) -> LongRun:
    """The check of the scenario's run, with the payments it makes."""
    scenario = load("thirteen-months")
    top_ups = [(scenario.when(step), (step.pounds or 0) * 100000) for step in scenario.step if isinstance(step, TopUp)]
    billings = [scenario.when(step) for step in scenario.step if isinstance(step, Command)]
    return LongRun(plan, summary, sorted(top_ups), sorted(billings))


def frames_at_least(seconds: int) -> int:
    """A read every ten seconds and its answer."""
    return seconds // 10 * 2


def first_days(days: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan of the first days, and the summary of their run."""
    plan = make(load("thirteen-months"), None).document
    plan["end"] = plan["start"] + days * DAY
    with Simulation(plan) as simulation:
        return plan, json.loads(list(simulation.lines())[-1][2:])


def test_three_days_of_thirteen_months_equal_what_was_fed() -> None:
    plan, summary = first_days(3)
    run = checked(plan, summary)
    assert run.check() == []
    assert summary["frames"] >= frames_at_least(3 * DAY - 600)
    assert summary["lost"] == 0
    assert run.full(("esme", "profile_data")) == ["esme profile_data: 144 of 19056"]


def test_a_wrong_entry_is_found() -> None:
    plan, summary = first_days(1)
    size, capacity, octets = summary["logs"]["gpf"]["profile_data"]
    place = 2 * (20 * size + 4)
    wrong = "%02x" % (int(octets[place : place + 2], 16) ^ 1)
    summary["logs"]["gpf"]["profile_data"] = [size, capacity, octets[:place] + wrong + octets[place + 2 :]]
    summary["histories"]["esme"]["history"][1][0][0] += 1
    found = checked(plan, summary).check()
    assert len(found) == 2
    assert found[0].startswith("gpf profile_data: ")
    assert found[1].startswith("esme history, days: ")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_thirteen_months_fill_every_log_with_what_was_fed(tmp_path: Path, figure: Callable[[str], None]) -> None:
    resident = []

    def look(done: int, total: int) -> None:
        if done // MONTH > len(resident):
            resident.append((_resident(_children()), _resident([os.getpid()])))

    began = time.perf_counter()
    before = os.times().children_user
    run = simulate(load("thirteen-months"), tmp_path, progress=look)
    wall = time.perf_counter() - began
    busy = os.times().children_user - before
    plan, summary = run.plan.document, run.summary
    seconds = plan["end"] - plan["start"]
    found = checked(plan, summary)
    memory = [in_use - stored for _, in_use, stored in summary["memory"]]
    figure(
        "13 months in %.0f s (%.0f s of one core): %.0f times real time, %.0f of one core; %d frames, %d lost"
        % (wall, busy, seconds / wall, seconds / busy, summary["frames"], summary["lost"])
    )
    figure("heap in use without logs by month, KB: " + " ".join("%d" % (octets // 1024) for octets in memory))
    months = " ".join("%d+%d" % (han >> 20, bench >> 20) for han, bench in resident)
    figure("resident by month, MB (HAN, bench): " + months)
    assert found.check() == []
    assert found.full(*FULL) == []
    assert summary["frames"] >= frames_at_least(seconds - 600)
    assert summary["lost"] == 0
    assert len(memory) == 13
    assert max(memory) - min(memory) < SLACK
    assert len(resident) == 13
    for side in range(2):
        assert max(each[side] for each in resident) - resident[0][side] < RESIDENT_SLACK


def _children() -> list[int]:
    return [int(number) for number in Path("/proc/self/task/%d/children" % os.getpid()).read_text().split()]


def _resident(processes: list[int]) -> int:
    """Octets of memory that processes have."""
    pages = [int(Path("/proc/%d/statm" % number).read_text().split()[1]) for number in processes]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")
