# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts on screen."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hanref.report import verdicts_json
from hanref.requirements import Verdict

STYLES = {"pass": "green", "fail": "bold red", "observation": "yellow", "not run": "dim"}
NARROWEST = 100  # columns, where standard output is no terminal


def show(verdicts: list[Verdict], as_json: bool = False, remark: str = "") -> None:
    """Print the verdicts on standard output, as a table or as JSON; the remark goes with the table."""
    if as_json:
        print(verdicts_json(verdicts), end="")
        return
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Requirement", no_wrap=True)
    table.add_column("Device", no_wrap=True)
    table.add_column("C", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Reason")
    table.add_column("Events", no_wrap=True)
    for verdict in verdicts:
        table.add_row(
            verdict.id,
            verdict.device,
            verdict.confidence,
            Text(verdict.verdict, STYLES[verdict.verdict]),
            Text(verdict.reason),
            _events(verdict.evidence),
        )
    screen.print(table)
    counts = Counter(verdict.verdict for verdict in verdicts)
    screen.print(Text.assemble("\n", *_counted(counts), "\n" + remark if remark else ""))


def console() -> Console:
    """Standard output, wide enough for a table where it is no terminal."""
    screen = Console()
    if not screen.is_terminal:
        screen.width = max(screen.width, NARROWEST)
    return screen


def _events(evidence: list[int]) -> str:
    shown = " ".join(str(n) for n in evidence[:2])
    return shown + (" +%d" % (len(evidence) - 2) if len(evidence) > 2 else "")


def _counted(counts: Counter[str]) -> list[tuple[str, str]]:
    return [("%d %s   " % (counts[name], name), style) for name, style in STYLES.items() if counts[name]]
