# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref requirements`: every numbered requirement, its tests and last verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanref.cli.app import app
from hanref.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from rich.text import Text

    from hanref.requirements.applicability import Position


@app.command()
def requirements(
    modification: Annotated[str | None, typer.Option(metavar="M", help="Only those of one, as SECMP0015 or 0015.")] = None,
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What each device claims to follow: shows what applies to it.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--date", metavar="D", help="For --profile, as 2022-11-03. [default: today]")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Results of a run. [default: the newest in runs/]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """List the requirements with source, confidence, tests and the verdict of the last run.

    With --profile: whether the versions that devices claim may be installed on the date, and which requirements bind them.
    """
    from hanref.requirements import applicability

    if on is not None and profile is None:
        raise UsageError("--date: goes with --profile")
    claims = None if profile is None else applicability.load_profile(profile)
    positions = []
    if claims is not None:
        day = _day(on)
        positions = [applicability.position(role, claim, day) for role, claim in claims.items()]
    rows = _rows(_selected(modification), _last_verdicts(results))
    if claims is not None:
        known = applicability.applicable(claims)
        for row in rows:
            row["applies"] = known[row["id"]]
    if as_json:
        _print_json(rows, positions)
    else:
        _print_tables(rows, positions, claims is not None)


def _selected(modification: str | None) -> set[str]:
    from hanref.requirements.table import modifications

    if modification is None:
        return set(modifications())
    wanted = modification.upper()
    found = {name for name in modifications() if name.upper() == wanted or name.upper().endswith(wanted)}
    if not found:
        raise UsageError("--modification %s: there are %s" % (modification, ", ".join(modifications())))
    return found


def _day(text: str | None) -> "date":
    from datetime import date

    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("--date %s: write it as 2022-11-03" % text) from None


def _last_verdicts(folder: Path | None) -> dict[str, str]:
    """Verdict by requirement of a folder of results, or of the newest under runs/."""
    import json

    if folder is None:
        found = sorted(Path("runs").glob("*/verdicts.json"), key=lambda path: path.stat().st_mtime)
        if not found:
            return {}
        file = found[-1]
    else:
        file = folder / "verdicts.json"
    try:
        return {entry["id"]: entry["verdict"] for entry in json.loads(file.read_text(encoding="utf-8"))}
    except (ValueError, KeyError, TypeError):
        raise UsageError("%s: is no list of verdicts" % file) from None


def _rows(modifications: set[str], verdicts: dict[str, str]) -> list[dict[str, Any]]:
    from hanref.requirements import predicates, requirements
    from hanref.requirements.table import exercised_by, not_judged

    judged = predicates()
    rows = []
    for requirement in requirements().values():
        if requirement.modification not in modifications:
            continue
        predicate = judged.get(requirement.id)
        rows.append(
            {
                "id": requirement.id,
                "modification": requirement.modification,
                "devices": list(requirement.devices),
                "confidence": requirement.confidence,
                "text": requirement.text,
                "source": requirement.source,
                "tests": exercised_by(requirement.id) if predicate is None else list(predicate.tests),
                "severity": None if predicate is None else predicate.severity,
                "judged": predicate is not None,
                "not_judged": None if predicate is not None else not_judged()[requirement.id],
                "verdict": verdicts.get(requirement.id),
            }
        )
    return rows


def _print_json(rows: list[dict[str, Any]], positions: "list[Position]") -> None:
    import json

    document: Any = rows
    if positions:
        document = {"devices": [_position(entry) for entry in positions], "requirements": rows}
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _position(entry: "Position") -> dict[str, Any]:
    return {
        "role": entry.role,
        "specification": entry.row.specification,
        "version": entry.row.version,
        "may_be_installed": entry.may_be_installed,
        "reason": entry.reason,
        "confidence": entry.row.confidence,
    }


def _print_tables(rows: list[dict[str, Any]], positions: "list[Position]", with_profile: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from hanref.report.table import STYLES, console

    screen = console()
    if positions:
        table = Table("Device", "Specification", "Version", "May be installed", "", box=None, pad_edge=False)
        words = {True: Text("yes", "green"), False: Text("no", "bold red"), None: Text("unknown", "yellow")}
        for entry in positions:
            allowed = words[entry.may_be_installed]
            table.add_row(entry.role, entry.row.specification, entry.row.version, allowed, entry.reason)
        screen.print(table)
        screen.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Requirement", "Devices", "C", "Verdict", *(["Applies"] if with_profile else []), "Tests"):
        table.add_column(name, no_wrap=name in ("Requirement", "C", "Verdict"))
    table.add_column("Text")
    for row in rows:
        verdict = row["verdict"] or ("" if row["judged"] else "not judged")
        cells = [row["id"], " ".join(row["devices"]), row["confidence"], Text(verdict, STYLES.get(verdict, "dim"))]
        if with_profile:
            cells.append({True: "yes", False: "no", None: "-"}[row["applies"]])
        table.add_row(*cells, " ".join(row["tests"]), _described(row))
    screen.print(table)


def _described(row: dict[str, Any]) -> "Text":
    """The text of a requirement, with the reason where it has no judge."""
    from rich.text import Text

    found = Text(row["text"])
    if not row["judged"]:
        found.append(" [%s]" % row["not_judged"], "yellow")
    return found
