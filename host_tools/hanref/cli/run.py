# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref run`: a scenario from start to verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT, UsageError

if TYPE_CHECKING:
    from hanref.bench.file import Bench
    from hanref.progress import ProgressBar
    from hanref.requirements import Verdict
    from hanref.run.runner import Run
    from hanref.scenario import Scenario

TIERS = ("sim", "emulated", "physical")


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario that comes with hanref, or path of a .toml file.")],
    tier: Annotated[str, typer.Option(help="Where the devices run: sim, emulated or physical.")] = "sim",
    bench: Annotated[Path | None, typer.Option(metavar="FILE", help="Which boards stand for which role.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="In place of the scenario's own.")] = None,
    dut: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=PORT|ROLE=join:CODE", help="A role left to a device under test.")
    ] = None,
    observe: Annotated[Path | None, typer.Option(metavar="FILE", help="What a person saw on the device.")] = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Earlier verdicts.json, or its folder, for the section on regression.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Results go here. [default: runs/SCENARIO]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Verdicts as JSON on standard output.")] = False,
) -> None:
    """Run a scenario and judge it.

    Writes trace.jsonl, air.pcapng, keys.toml, report.html, junit.xml and verdicts.json, and prints the verdicts.
    """
    if tier not in TIERS:
        raise UsageError("--tier %s: there are %s" % (tier, ", ".join(TIERS)))
    if dut and (tier != "sim" or bench is not None):
        raise UsageError("--dut: the reference around the device runs in this process: leave out --tier and --bench")
    if observe and not dut:
        raise UsageError("--observe: goes with --dut; `hanref check --observe` takes it for a trace or capture")
    if bench is not None and tier == "sim":
        raise UsageError("--bench: is for boards; tier sim has none")

    from hanref.progress import ProgressBar
    from hanref.report import earlier
    from hanref.report.table import show
    from hanref.run.runner import run_and_judge
    from hanref.scenario import load

    loaded = load(scenario, tier, live=bool(dut))
    folder = out or Path("runs") / loaded.scenario.name
    before = None if previous is None else earlier.read(previous)
    boards = _bench(tier, bench)
    with ProgressBar(loaded.scenario.title) as bar:
        if dut:
            result, verdicts = _with_device(loaded, folder, dut, observe, seed, bar, before)
        else:
            result, verdicts = run_and_judge(loaded, folder, seed, bar.advance, tier, boards, bar.tell, before)
    show(verdicts, as_json, "%d frames, %d events; results in %s" % (result.frames, len(result.trace), folder))
    if any(verdict.verdict == "fail" for verdict in verdicts):
        raise typer.Exit(EXIT_DEFECT)


def _with_device(
    scenario: "Scenario",
    folder: Path,
    dut: list[str],
    observe: Path | None,
    seed: int | None,
    bar: "ProgressBar",
    before: dict[str, str] | None,
) -> "tuple[Run, list[Verdict]]":
    """A run around a device under test. What a person saw comes from a file, or is asked at the terminal."""
    from hanref import observed
    from hanref.dut.options import parse
    from hanref.dut.person import Person
    from hanref.dut.runner import run_with_device

    attachments = parse(dut)
    seen = None if observe is None else observed.load(observe)
    person = Person.at_terminal(bar.say) if seen is None or not seen.observation else Person(bar.say)
    return run_with_device(scenario, folder, attachments, person, seen, seed, bar.advance, before)


def _bench(tier: str, path: Path | None) -> "Bench | None":
    """The boards of a run; None for tier sim. Without a file all are emulated."""
    if tier == "sim":
        return None
    from hanref.bench import file

    if path is not None:
        return file.load(path)
    if tier == "physical":
        raise UsageError("--tier physical: name the boards with --bench FILE (docs/bench.md)")
    return file.Bench()

