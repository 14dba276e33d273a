# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs side by side: verdicts, and what a person would see of their behaviour."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanref.compare.behaviour import Behaviour, gather
from hanref.compare.rows import SECTIONS, Row, VerdictRow, of_behaviour, of_verdicts
from hanref.errors import UsageError
from hanref.requirements import judge
from hanref.trace import Trace

SCHEMA = "hanref-comparison/1"


@dataclass
class Comparison:
    """Two traces with their verdicts and behaviour; rows have what differs first."""

    names: tuple[str, str]
    traces: tuple[Trace, Trace]
    verdicts: list[VerdictRow]
    rows: list[Row]
    hours: tuple[float, float]

    @property
    def failed(self) -> bool:
        """Whether a requirement fails on either side."""
        return any("fail" in (row.a, row.b) for row in self.verdicts)

    def counts(self) -> dict[str, tuple[int, int]]:
        """(different, equal) rows by section."""
        counted: Counter[tuple[str, bool]] = Counter((row.section, row.different) for row in self.rows)
        return {name: (counted[(name, True)], counted[(name, False)]) for name in SECTIONS}

    def as_dict(self) -> dict[str, Any]:
        """What comparison.json holds."""
        return {
            "schema": SCHEMA,
            "a": {"name": self.names[0], "hours": round(self.hours[0], 3), "events": len(self.traces[0])},
            "b": {"name": self.names[1], "hours": round(self.hours[1], 3), "events": len(self.traces[1])},
            "verdicts": [row.as_dict() for row in self.verdicts],
            "behaviour": [row.as_dict() for row in self.rows],
        }


def compare(a: Trace, b: Trace, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """Lay two traces side by side. Raises UsageError where one cannot be judged."""
    one: Behaviour = gather(a)
    other: Behaviour = gather(b)
    verdicts = of_verdicts(judge(a), judge(b))
    return Comparison(names, (a, b), verdicts, of_behaviour(one, other), (one.hours, other.hours))


def trace_of(path: Path) -> Path:
    """The trace of a folder of results, or the file itself. Raises UsageError."""
    if not path.is_dir():
        return path
    for name in ("trace.jsonl", "air.pcapng"):
        if (path / name).is_file():
            return path / name
    raise UsageError("%s: holds no trace.jsonl: name a folder of `hanref run`, or a trace" % path)


def write(folder: Path, comparison: Comparison) -> None:
    """Write comparison.json and comparison.html to a folder."""
    from hanref.compare.html import render

    text = json.dumps(comparison.as_dict(), indent=1, ensure_ascii=False)
    (folder / "comparison.json").write_text(text + "\n", encoding="utf-8")
    (folder / "comparison.html").write_text(render(comparison), encoding="utf-8")
