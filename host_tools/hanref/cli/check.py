# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref check`: judges what happened on a HAN, on any bench."""

from pathlib import Path
from typing import Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Traces of runs, together one story.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write verdicts.json, junit.xml and report.html there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Verdicts as JSON on standard output.")] = False,
) -> None:
    """Judge traces: which requirement holds, which fails, and the events that prove it.

    What a trace does not show is not run, never a pass.
    """
    from hanref.report.table import show
    from hanref.requirements import judge
    from hanref.run.output import OutputFolder
    from hanref.trace import Trace

    trace = Trace.merge([Trace.read(file) for file in files])
    if out is None:
        verdicts = judge(trace)
    else:
        from hanref.report import write_all

        with OutputFolder(out) as folder:
            verdicts = judge(trace)
            write_all(folder.work, trace, verdicts)
    show(verdicts, as_json, "%d events of %s" % (len(trace), ", ".join(str(file) for file in files)))
    if any(verdict.verdict == "fail" for verdict in verdicts):
        raise typer.Exit(EXIT_DEFECT)
