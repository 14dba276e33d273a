# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref compare`: two runs side by side."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of results, trace or capture.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other one.")],
    keys: Annotated[list[Path] | None, typer.Option(metavar="PATH", help="keys.toml, where A or B is a capture.")] = None,
    role: Annotated[list[str] | None, typer.Option(metavar="ADDRESS=ROLE", help="Who is who in a capture.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write comparison.html and comparison.json there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON on standard output.")] = False,
) -> None:
    """Lay two runs side by side: verdicts, and what each side asked, answered and showed.

    Differences come first, what is equal is folded. Timings are compared as distributions.
    """
    from hanref import compare as comparing
    from hanref.compare.table import show
    from hanref.importer import given, read_all
    from hanref.progress import ProgressBar
    from hanref.run.output import OutputFolder

    with ProgressBar("reading") as bar:
        one, other = (read_all([comparing.trace_of(path)], given(role or (), files=keys or ()), bar.advance) for path in (a, b))
        bar.tell("comparing")
        if out is None:
            comparison = comparing.compare(one, other, (str(a), str(b)))
        else:
            with OutputFolder(out) as folder:
                comparison = comparing.compare(one, other, (str(a), str(b)))
                comparing.write(folder.work, comparison)
    if as_json:
        print(json.dumps(comparison.as_dict(), ensure_ascii=False))
    else:
        show(comparison)
    if comparison.failed:
        raise typer.Exit(EXIT_DEFECT)
