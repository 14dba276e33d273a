# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref replay`: published commands to modelled devices, answers compared."""

from pathlib import Path
from typing import Annotated

import typer

from hanref.cli.app import app

TIERS = ("sim", "emulated")


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="Published messages: FAMILY/USE CASE.json.", show_default=False)],
    keys: Annotated[Path | None, typer.Option(metavar="PATH", help="Key file or folder. [default: FOLDER/keys.json]")] = None,
    use_case: Annotated[list[str] | None, typer.Option(metavar="U", help="Only this use case; may be repeated.")] = None,
    tier: Annotated[str, typer.Option(help="Where the devices run: sim or emulated.")] = "sim",
    vary: Annotated[
        int | None, typer.Option(metavar="SEED", help="Change every number, time and counter that a device is seeded with.")
    ] = None,
) -> None:
    """Give published commands to modelled devices and compare their answers with the published ones.

    Each scenario has a fresh device, seeded with a state that would give its answer. A line a scenario, then how many
    matched by state and by a seeded fault, then how many in all. Exit status 0 when all that were replayed matched.
    """
    from hanref.errors import EXIT_DEFECT, UsageError
    from hanref.gbcs import keys as key_files
    from hanref.replay import report, scenarios
    from hanref.replay.places import open_place

    if tier not in TIERS:
        raise UsageError(f"--tier {tier}: there are {', '.join(TIERS)}")
    found = scenarios.load(folder, use_case or ())
    known = key_files.load(keys or folder / "keys.json")
    with open_place(tier) as place:
        if not report.run(found, known, place, vary):
            raise typer.Exit(EXIT_DEFECT)
