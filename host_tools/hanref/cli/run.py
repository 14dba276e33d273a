# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref run`: a scenario from start to verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT, UsageError

if TYPE_CHECKING:
    from hanref.bench.file import Bench

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
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Results go here. [default: runs/SCENARIO]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Verdicts as JSON on standard output.")] = False,
) -> None:
    """Run a scenario and judge it.

    Writes trace.jsonl, air.pcapng, keys.toml, report.html, junit.xml and verdicts.json, and prints the verdicts.
    """
    if tier not in TIERS:
        raise UsageError("--tier %s: there are %s" % (tier, ", ".join(TIERS)))
    if dut or observe:
        raise UsageError("--dut and --observe: no device under test can be attached yet")
    if bench is not None and tier == "sim":
        raise UsageError("--bench: is for boards; tier sim has none")

    from hanref.progress import ProgressBar
    from hanref.run.runner import run_and_judge
    from hanref.scenario import load

    loaded = load(scenario, tier)
    folder = out or Path("runs") / loaded.scenario.name
    boards = _bench(tier, bench)
    with ProgressBar(loaded.scenario.title) as bar:
        result, verdicts = run_and_judge(loaded, folder, seed, bar.advance, tier, boards, bar.tell)

    from hanref.report.table import show

    show(verdicts, as_json, "%d frames, %d events; results in %s" % (result.frames, len(result.trace), folder))
    if any(verdict.verdict == "fail" for verdict in verdicts):
        raise typer.Exit(EXIT_DEFECT)


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

