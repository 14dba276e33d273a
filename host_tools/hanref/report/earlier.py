# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts of an earlier result, and what has changed since [test governance 5, item 6]."""

import json
from dataclasses import dataclass
from pathlib import Path

from hanref.errors import UsageError
from hanref.requirements import Verdict

_RANK = {"fail": 0, "observation": 1, "not run": 2, "pass": 3}


@dataclass(frozen=True)
class Change:
    """A requirement whose verdict is another now. `better` is None where one of them was not run or not there."""

    id: str
    before: str
    now: str
    reason: str
    better: bool | None


def read(path: Path) -> dict[str, str]:
    """Verdict by requirement, of a verdicts.json or of the folder that holds it. Raises UsageError."""
    file = path / "verdicts.json" if path.is_dir() else path
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        found = {str(row["id"]): str(row["verdict"]) for row in rows}
    except OSError as error:
        raise UsageError("%s: cannot be read: %s" % (file, error.strerror)) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError("%s: holds no verdicts: a verdicts.json of hanref is expected" % file) from None
    unknown = sorted(set(found.values()) - set(_RANK))
    if unknown:
        raise UsageError("%s: unknown verdict %r" % (file, unknown[0]))
    return found


def changes(before: dict[str, str], verdicts: list[Verdict]) -> list[Change]:
    """What is not as it was, the worst first."""
    found = []
    for verdict in verdicts:
        former = before.get(verdict.id, "not run")
        if former != verdict.verdict:
            known = "not run" not in (former, verdict.verdict)
            better = _RANK[verdict.verdict] > _RANK[former] if known else None
            found.append(Change(verdict.id, former, verdict.verdict, verdict.reason, better))
    return sorted(found, key=lambda change: (_RANK[change.now], change.id))
