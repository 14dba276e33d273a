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

    from hanref.run.runner import run_and_judge
    from hanref.scenario import load

    loaded = load(scenario, tier)
    folder = out or Path("runs") / loaded.scenario.name
    boards = _bench(tier, bench)
    with _progress_bar(loaded.scenario.title) as bar:
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


class _progress_bar:
    """A bar on standard error while a run goes on; nothing where that is no terminal."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._title = title
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> "_progress_bar":
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, done: int, total: int) -> None:
        """So many milliseconds of all have been run."""
        self._bar.update(self._task, completed=done, total=total, description=self._title)

    def tell(self, sentence: str) -> None:
        """What goes on before."""
        self._bar.update(self._task, description=sentence)
