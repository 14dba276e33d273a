# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison on screen: what differs; what is equal is counted."""

from rich.table import Table
from rich.text import Text

from hanref.compare import Comparison
from hanref.report.table import STYLES, console


def show(comparison: Comparison) -> None:
    """Print it on standard output."""
    screen = console()
    screen.print(Text("A  %s\nB  %s\n" % comparison.names))
    _verdicts(comparison, screen)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Device", "What", "A", "B", "Differs in"):
        table.add_column(name, no_wrap=name == "Device")
    section = None
    for row in comparison.rows:
        if not row.different:
            continue
        if row.section != section:
            section = row.section
            table.add_row(Text(section, "bold cyan"), "", "", "", "")
        table.add_row(row.device, Text(row.what), Text(row.a), Text(row.b), Text(row.why))
    if table.row_count:
        screen.print(table)
    counted = ["%s %d different, %d equal" % (name, *pair) for name, pair in comparison.counts().items() if any(pair)]
    screen.print(Text("\nBehaviour: " + "; ".join(counted)))


def _verdicts(comparison: Comparison, screen) -> None:  # type: ignore[no-untyped-def]
    different = [row for row in comparison.verdicts if row.different]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Requirement", "Device", "A", "B", "Reason"):
        table.add_column(name, no_wrap=name != "Reason")
    for row in different:
        a, b = row.a or "not judged", row.b or "not judged"
        worse = row.reason_b if b in ("fail", "observation") or a == "pass" else row.reason_a
        table.add_row(row.id, row.device, Text(a, STYLES.get(a, "")), Text(b, STYLES.get(b, "")), Text(worse))
    if different:
        screen.print(table)
    screen.print(Text("\nVerdicts: %d different, %d equal\n" % (len(different), len(comparison.verdicts) - len(different))))
