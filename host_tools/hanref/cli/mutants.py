# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref mutants`: faulty devices, and whether the judges find them."""

from pathlib import Path
from typing import Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT


@app.command()
def mutants(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE.py]", help="In place of the project's own mutants.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="With how many seeds the reference is judged.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at once.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """Run faulty devices through the scenarios: each must be found, and nothing said against the reference.

    FILE.py holds MUTANTS, subclasses of hanref.mutants.Mutant. Exit status 0 if all are found and there is no false alarm.
    """
    import json
    from dataclasses import asdict

    from hanref.mutants.run import Outcome, run_all
    from hanref.progress import ProgressBar

    def tell(outcome: Outcome) -> None:
        if not as_json:
            mark = "found    " if outcome.found else "NOT FOUND"
            where = " (%s)" % outcome.scenario if outcome.scenario else ""
            print("%s  %-12s %s%s\n           %s" % (mark, outcome.requirement, outcome.title, where, outcome.reason))

    with ProgressBar("mutants") as bar:
        outcomes, references = run_all(file, range(1, seeds + 1), workers, bar.advance, tell)
    alarms = [(entry, id) for entry in references for id in entry.alarms]
    found = sum(outcome.found for outcome in outcomes)
    if as_json:
        document = {
            "mutants": [asdict(outcome) for outcome in outcomes],
            "false_alarms": [
                {"scenario": entry.scenario, "seed": entry.seed, "requirement": id, "reason": entry.reasons[id]}
                for entry, id in alarms
            ],
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for entry, id in alarms:
            print("false alarm  %s in %s, seed %d: %s" % (id, entry.scenario, entry.seed, entry.reasons[id]))
        print("found %d of %d, %d false alarms" % (found, len(outcomes), len(alarms)))
    if found < len(outcomes) or alarms:
        raise typer.Exit(EXIT_DEFECT)
