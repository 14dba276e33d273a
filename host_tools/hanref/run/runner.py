# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a scenario and writes what comes of it."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from han.message import BROADCAST

from hanref.errors import UsageError
from hanref.requirements import Verdict, judge
from hanref.run.messages import Entities
from hanref.run.output import OutputFolder
from hanref.run.plan import Plan, make
from hanref.run.recorder import FrameTap, Recorder
from hanref.run.simulation import Simulation
from hanref.scenario import Scenario
from hanref.trace import Trace

if TYPE_CHECKING:
    from hanref.air.tap import Tap
    from hanref.bench.file import Bench

Progress = Callable[[int, int], None]  # milliseconds simulated, milliseconds in all


@dataclass
class Run:
    """What came of a run: `trace` in memory, `summary` of the HAN, frames on the air."""

    plan: Plan
    trace: Trace
    summary: dict[str, object]
    frames: int


def simulate(scenario: Scenario, folder: Path, seed: int | None = None, progress: Progress | None = None) -> Run:
    """Run a scenario on the simulated HAN; writes trace.jsonl, air.pcapng and keys.toml to `folder`.

    The same scenario and seed give the same trace, octet for octet. Raises UsageError for a scenario that cannot be
    run there, BenchError where the HAN itself fails.
    """
    if "sim" not in scenario.scenario.tiers:
        raise UsageError("scenario %s does not run in tier sim, but in %s" % (scenario.scenario.name, scenario.scenario.tiers))
    plan = make(scenario, seed)
    with Simulation(plan.document) as simulation:
        # These take a moment to load; the HAN is at work meanwhile.
        from hanref.air.keys import Keys
        from hanref.air.network import Network
        from hanref.air.tap import Tap

        radios = dict.fromkeys(plan.identities[role] for role in plan.document["devices"])
        network = Network(plan.document["seed"], list(radios), extended_pan_id=plan.identities["hub"])
        with (
            open(folder / "trace.jsonl", "w", encoding="utf-8", buffering=1 << 20) as file,
            closing(Tap(folder / "air.pcapng", network)) as tap,
        ):
            recorder = Recorder(
                file,
                plan.header,
                plan.document["start"],
                Entities(plan.wan.roles()),
                plan.orders,
                _to_tap(tap, plan.identities),
                _progress(progress, plan),
            )
            recorder.take_all(simulation.lines())
        keys = Keys.of(network)
        keys.roles = {plan.identities[role]: role for role in plan.document["devices"]}
        keys.write(folder / "keys.toml")
    return Run(plan, recorder.trace, recorder.summary, recorder.frames)


def run_on_boards(
    scenario: Scenario,
    folder: Path,
    tier: str,
    bench: "Bench",
    seed: int | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Run:
    """Run a scenario on the boards of a bench; writes the same files as `simulate`, but for boards with radios of their
    own, whose air is not captured and whose network key the bench does not know.

    `told` gets a sentence on what goes on before the run. Raises UsageError for a scenario or bench that cannot be,
    BenchError where a board fails.
    """
    from hanref.bench.han import BoardHan

    heading = scenario.scenario
    if tier not in heading.tiers:
        raise UsageError("scenario %s does not run in tier %s, but in %s" % (heading.name, tier, heading.tiers))
    plan = make(scenario, seed)
    plan.header["tier"] = tier
    with BoardHan(plan.document, bench, folder / "air.pcapng", told=told) as han:
        plan.header["boards"] = {role: installed.version_line for role, installed in han.installed.items()}
        with open(folder / "trace.jsonl", "w", encoding="utf-8", buffering=1 << 20) as file:
            recorder = Recorder(
                file,
                plan.header,
                plan.document["start"],
                Entities(plan.wan.roles()),
                plan.orders,
                lambda *_: han.packets.popleft(),
                _progress(progress, plan),
            )
            recorder.take_all(han.lines())
        if han.simulated_air:
            han.air.keys().write(folder / "keys.toml")
    return Run(plan, recorder.trace, recorder.summary, recorder.frames)


def run_and_judge(
    scenario: Scenario,
    out: Path,
    seed: int | None = None,
    progress: Progress | None = None,
    tier: str = "sim",
    bench: "Bench | None" = None,
    told: Callable[[str], None] | None = None,
    before: dict[str, str] | None = None,
) -> tuple[Run, list[Verdict]]:
    """Run, judge the trace and write every result to `out`, complete or not at all.

    `bench` is for tiers with boards; `before` are verdicts of an earlier result, for the report.
    """
    with OutputFolder(out) as folder:
        if bench is None:
            run = simulate(scenario, folder.work, seed, progress)
        else:
            run = run_on_boards(scenario, folder.work, tier, bench, seed, progress, told)
        from hanref.report import write_all

        verdicts = judge(run.trace)
        write_all(folder.work, run.trace, verdicts, before)
    return run, verdicts


def _to_tap(capture: "Tap", identities: dict[str, bytes]) -> FrameTap:
    """The tap knows radios, the trace roles."""
    radios = {"*": BROADCAST, **identities}

    def tap(
        milliseconds: int,
        source: str,
        destination: str,
        source_endpoint: int,
        destination_endpoint: int,
        cluster: int,
        octets: bytes,
        secured: bool,
    ) -> int:
        packet = capture.packets + 1
        capture.frame(
            milliseconds,
            radios[source],
            radios[destination],
            source_endpoint,
            destination_endpoint,
            cluster,
            octets,
            secured,
        )
        return packet

    return tap


def _progress(progress: Progress | None, plan: Plan) -> Callable[[int], None] | None:
    if progress is None:
        return None
    total = (plan.document["end"] - plan.document["start"]) * 1000
    return lambda done: progress(done, total)
