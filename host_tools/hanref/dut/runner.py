# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a scenario around a device under test and writes what comes of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from hanref.dut.live import JOIN_LIMIT, LONGEST, LiveHan
from hanref.dut.options import Attachment
from hanref.dut.person import Person
from hanref.errors import UsageError
from hanref.observed import Observed
from hanref.requirements import Verdict, judge
from hanref.run.messages import Entities
from hanref.run.output import OutputFolder
from hanref.run.plan import Plan, make
from hanref.run.recorder import Recorder
from hanref.run.runner import Run
from hanref.scenario import Scenario

Progress = Callable[[int, int], None]


def run_with_device(
    scenario: Scenario,
    out: Path,
    attachments: dict[str, Attachment],
    person: Person,
    observed: Observed | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    before: dict[str, str] | None = None,
    limit: float = JOIN_LIMIT,
    pace: float = 1.0,
) -> tuple[Run, list[Verdict]]:
    """Run in real time, judge, and write every result to `out`, complete or not at all.

    Beside `out` stands a file of settings with test keys for each device that needs them. Raises UsageError for a scenario
    that is not for this, BenchError where the reference fails.
    """
    observed = observed or Observed()
    plan = _plan(scenario, attachments, observed, seed)
    seen = observed.events(plan.document["start"], "--observe")
    with OutputFolder(out) as folder:
        with (
            LiveHan(
                plan.document,
                attachments,
                person,
                folder.work / "air.pcapng",
                limit=limit,
                pace=pace,
                observed=seen,
                settings_beside=_beside(out),
            ) as han,
            open(folder.work / "trace.jsonl", "w", encoding="utf-8", buffering=1 << 20) as file,
        ):
            total = (plan.document["end"] - plan.document["start"]) * 1000
            recorder = Recorder(
                file,
                plan.header,
                plan.document["start"],
                Entities(plan.wan.roles()),
                plan.orders,
                lambda *_: han.packets.popleft(),
                None if progress is None else lambda done: progress(done, total),
            )
            recorder.take_all(han.lines())
            han.air.keys().write(folder.work / "keys.toml")
        from hanref.report import write_all

        verdicts = judge(recorder.trace)
        write_all(folder.work, recorder.trace, verdicts, before)
    return Run(plan, recorder.trace, recorder.summary, recorder.frames), verdicts


def _plan(scenario: Scenario, attachments: dict[str, Attachment], observed: Observed, seed: int | None) -> Plan:
    heading = scenario.scenario
    missing = [role for role in attachments if role not in scenario.devices.present()]
    if missing:
        raise UsageError("--dut %s: the scenario %s has no such device" % (missing[0], heading.name))
    if heading.duration > LONGEST:
        raise UsageError(
            "scenario %s takes %d minutes of real time: a plan for a device under test takes at most %d (docs/dut.md)"
            % (heading.name, heading.duration // 60, LONGEST // 60)
        )
    plan = make(scenario, seed)
    plan.header["dut"] = {"role": next(iter(attachments)), **(observed.device.model_dump() if observed.device else {})}
    plan.header["dut"]["roles"] = list(attachments)
    return plan


def _beside(out: Path) -> Callable[[str, dict[str, object]], Path]:
    """Writes the settings of a device under test, which hold test keys, where its owner alone reads them."""

    def write(role: str, settings: dict[str, object]) -> Path:
        path = out.absolute().with_name("%s.dut-%s.json" % (out.name, role))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=1)
        return path

    return write
