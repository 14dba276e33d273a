# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and programs read of a judged trace: verdicts.json, junit.xml, report.html, report.json, the table on screen."""

import json
from collections.abc import Iterable
from pathlib import Path

from hanref.requirements import Verdict
from hanref.trace import Trace


def write_all(folder: Path, trace: Trace, verdicts: list[Verdict], before: dict[str, str] | None = None) -> None:
    """Write verdicts.json, junit.xml, report.json and report.html to a folder; `before` are verdicts of an earlier result."""
    from hanref.report import document, html, junit

    (folder / "verdicts.json").write_text(verdicts_json(verdicts), encoding="utf-8")
    junit.write(folder / "junit.xml", trace, verdicts)
    text = json.dumps(document.build(trace, verdicts, before), indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(html.render(trace, verdicts, before), encoding="utf-8")


def verdicts_json(verdicts: Iterable[Verdict]) -> str:
    """The text of verdicts.json: a list of objects, one a requirement."""
    return json.dumps([verdict.as_dict() for verdict in verdicts], indent=2, ensure_ascii=False) + "\n"
