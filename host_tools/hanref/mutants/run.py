# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs mutants and the reference through the scenarios and has them judged."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanref.errors import UsageError
from hanref.mutants.mutant import Mutant
from hanref.requirements import judge, predicates, requirements
from hanref.requirements.registry import FAIL, OBSERVATION, PASS
from hanref.run.messages import Entities
from hanref.run.plan import make
from hanref.run.recorder import Recorder
from hanref.scenario import load, names
from hanref.trace import Trace

TOO_LONG = 40 * 86400  # seconds of a scenario: those beyond are for soak tests
OWN = "hanref.mutants.own"

Progress = Callable[[int, int], None]


@dataclass
class Reference:
    """What the reference came to in one scenario: verdict by requirement; `events` tells how long it is."""

    scenario: str
    seed: int
    events: int
    verdicts: dict[str, str]
    reasons: dict[str, str]

    @property
    def alarms(self) -> list[str]:
        """Requirements whose judge speaks against the reference."""
        return [id for id, verdict in self.verdicts.items() if verdict in (FAIL, OBSERVATION)]


@dataclass
class Outcome:
    """What came of a mutant: found in `scenario` with the judge's `reason`, or not."""

    title: str
    role: str
    requirement: str
    found: bool
    scenario: str
    reason: str


def load_mutants(file: Path | None) -> list[type[Mutant]]:
    """The project's mutants, or those of a file's `MUTANTS`; raises UsageError for what is none."""
    if file is None:
        from hanref.mutants.own import MUTANTS

        return list(MUTANTS)
    if not file.is_file():
        raise UsageError("%s: there is no such file" % file)
    where = "mutants_of_%s" % file.stem
    spec = importlib.util.spec_from_file_location(where, file)
    if spec is None or spec.loader is None:
        raise UsageError("%s: is no Python file" % file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[where] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError("%s: cannot be loaded: %s: %s" % (file, type(error).__name__, error)) from None
    found = getattr(module, "MUTANTS", None)
    if not isinstance(found, (list, tuple)) or not found:
        raise UsageError("%s: has no list MUTANTS" % file)
    return [_checked(entry, file) for entry in found]


def _checked(entry: Any, file: Path) -> type[Mutant]:
    kind = entry if inspect.isclass(entry) else type(entry)
    if not issubclass(kind, Mutant):
        raise UsageError("%s: MUTANTS: %r is no subclass of hanref.mutants.Mutant" % (file, entry))
    if kind.role not in ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid"):
        raise UsageError("%s: %s: role: %r is no role" % (file, kind.__name__, kind.role))
    if kind.requirement not in requirements():
        raise UsageError("%s: %s: requirement: there is no %r" % (file, kind.__name__, kind.requirement))
    return kind


def scenarios() -> list[str]:
    """The scenarios that mutants are run in: all that run in `sim` but those for soak tests."""
    found = []
    for name in names():
        heading = load(name).scenario
        if "sim" in heading.tiers and heading.duration <= TOO_LONG and heading.trace == "full":
            found.append(name)
    return found


def trace_of(scenario: str, seed: int | None = None, mutant: Mutant | None = None) -> Trace:
    """The trace of a scenario with a mutant, or with the reference, in this process."""
    from hanref.mutants.faulty import FaultySimulation

    plan = make(load(scenario), seed)
    entities = Entities(plan.wan.roles())
    recorder = Recorder(_Nowhere(), plan.header, plan.document["start"], entities, plan.orders)  # type: ignore[arg-type]
    FaultySimulation(plan.document, lambda line: recorder.take_all((line,)), mutant, entities).run()
    return recorder.trace


class _Nowhere:
    """Takes what is written and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def reference(scenario: str, seed: int) -> Reference:
    """Run and judge the reference."""
    trace = trace_of(scenario, seed)
    verdicts = judge(trace)
    return Reference(
        scenario,
        seed,
        len(trace),
        {verdict.id: verdict.verdict for verdict in verdicts},
        {verdict.id: verdict.reason for verdict in verdicts if verdict.verdict in (FAIL, OBSERVATION)},
    )


def examine(file: Path | None, place: int, candidates: list[str]) -> Outcome:
    """Run one mutant through scenarios in which the reference passes, the shortest first, until a judge finds it."""
    kind = load_mutants(file)[place]
    reason = "no scenario shows the requirement on the reference"
    if kind.requirement not in predicates():
        reason = "the requirement has no judge: a trace does not show it"
    scenario = ""
    for scenario in candidates:
        try:
            trace = trace_of(scenario, None, kind())
            verdict = judge(trace, [kind.requirement])[0]
        except UsageError as error:
            reason = str(error)
            continue
        except Exception as error:
            # Whatever a mutant's own code raises: it is told, and is no finding.
            reason = "%s: %s" % (type(error).__name__, error)
            continue
        reason = "%s: %s" % (verdict.verdict, verdict.reason)
        if verdict.verdict in (FAIL, OBSERVATION) and verdict.evidence:
            return Outcome(kind.title, kind.role, kind.requirement, True, scenario, reason)
    return Outcome(kind.title, kind.role, kind.requirement, False, scenario, reason)


def run_all(
    file: Path | None,
    seeds: Iterable[int],
    workers: int,
    progress: Progress | None = None,
    told: Callable[[Outcome], None] | None = None,
) -> tuple[list[Outcome], list[Reference]]:
    """Every mutant, and the reference in every scenario with every seed; (outcomes in order, references)."""
    kinds = load_mutants(file)
    tasks = [(name, seed) for seed in seeds for name in scenarios()]
    total = len(tasks) + len(kinds)
    done = 0
    references: list[Reference] = []
    outcomes: dict[int, Outcome] = {}
    with ProcessPoolExecutor(workers) as pool:
        first_seed = tasks[0][1]
        first = [task for task in tasks if task[1] == first_seed]
        for judged in as_completed([pool.submit(reference, *task) for task in first]):
            references.append(judged.result())
            done += 1
            if progress is not None:
                progress(done, total)
        ordered = sorted(references, key=lambda entry: entry.events)
        pending: dict[Future[Any], int | None] = {}
        for place, kind in enumerate(kinds):
            fitting = [entry.scenario for entry in ordered if entry.verdicts.get(kind.requirement) == PASS]
            pending[pool.submit(examine, file, place, fitting)] = place
        pending.update({pool.submit(reference, *task): None for task in tasks if task[1] != first_seed})
        future: Any
        for future in as_completed(pending):
            place_or_none = pending[future]
            if place_or_none is None:
                references.append(future.result())
            else:
                outcomes[place_or_none] = future.result()
                if told is not None:
                    told(outcomes[place_or_none])
            done += 1
            if progress is not None:
                progress(done, total)
    return [outcomes[place] for place in range(len(kinds))], references
