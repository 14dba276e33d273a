# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks [NAME…] [--json]`` runs the benchmark files and prints one table of figures.

A benchmark is a file of this folder with a function ``figures()`` that yields Figure objects. A missed
number is marked, not an error: the machine may be busy. A benchmark that breaks ends with exit code 1.
"""

import argparse
import importlib
import json
import pkgutil
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, NotMeasured

HELPERS = {"__main__", "figure"}


def names() -> list[str]:
    """The benchmark files, by name."""
    found = {module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])}
    return sorted(name for name in found - HELPERS if not name.startswith("_"))


def row(figure: Figure) -> tuple[str, str, str, str]:
    """A figure as the cells of a table."""
    if figure.at_most is not None:
        target = f"at most {figure.at_most:,g}"
    elif figure.at_least is not None:
        target = f"at least {figure.at_least:,g}"
    else:
        target = ""
    held = {None: "", True: "held", False: "[bold red]missed[/]"}[figure.held]
    digits = 0 if abs(figure.value) >= 1000 else 1 if abs(figure.value) >= 10 else 3
    return f"{figure.name} {figure.note}".strip(), f"{figure.value:,.{digits}f} {figure.unit}", target, held


def main() -> int:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[*names(), []], metavar="NAME", help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="print the figures as JSON on standard output")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    table = Table("figure", "value", "to hold", "", title="hanref figures")
    results = []
    broken = False
    for name in arguments.names or names():
        progress.print(f"measuring {name} …", style="dim")
        try:
            for figure in importlib.import_module(f"benchmarks.{name}").figures():
                table.add_row(*row(figure))
                results.append({"benchmark": name, **asdict(figure), "held": figure.held})
        except NotMeasured as reason:
            table.add_row(name, f"not measured: {reason}", "", "")
        except Exception:
            traceback.print_exc()
            table.add_row(name, "[bold red]broken[/]", "", "")
            broken = True
    if arguments.json:
        print(json.dumps(results, indent=1))
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
