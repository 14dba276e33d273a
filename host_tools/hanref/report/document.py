# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data, section by section [test governance 5]: what report.html shows and report.json holds."""

from collections import Counter
from datetime import date
from typing import Any

from hanref.decode import tables
from hanref.errors import UsageError
from hanref.report import earlier
from hanref.report.environment import differences
from hanref.requirements import Verdict, predicates, requirements
from hanref.requirements.applicability import Claim, position
from hanref.requirements.table import digest
from hanref.trace import Trace

SCHEMA = "hanref-report/1"
THRESHOLDS = {1: "0", 2: "0", 3: "owner and plan", 4: "owner and plan", 5: "owner and plan"}
_PAPERS = ("type", "maker", "model", "hardware_version", "firmware_version", "image_hash")


def build(trace: Trace, verdicts: list[Verdict], before: dict[str, str] | None = None) -> dict[str, Any]:
    """All sections; `before` are verdicts of an earlier result."""
    header = trace.header
    return {
        "schema": SCHEMA,
        "title": header.get("title") or header.get("scenario") or "Judged trace",
        "span": {"start": trace.events[0].time, "end": trace.events[-1].time} if len(trace) else None,
        "device_under_test": device_under_test(trace),
        "devices": devices(trace),
        "reference": reference(trace),
        "scope": scope(verdicts),
        "environment": [{"difference": what, "risk": risk} for what, risk in differences(trace)],
        "results": [verdict.as_dict() for verdict in verdicts],
        "by_use_case": by_use_case(trace, verdicts),
        "history": history(trace),
        "regression": regression(before, verdicts),
        "defects": defects(verdicts),
        "observations": [verdict.id for verdict in verdicts if verdict.verdict == "observation"],
        "exit_criteria": criteria(verdicts, before),
        "recommendation": recommendation(verdicts),
    }


def device_under_test(trace: Trace) -> dict[str, Any] | None:
    """What is known of the device under test, and what nobody told; None where the reference was alone."""
    papers = trace.header.get("dut")
    if not papers:
        return None
    known = {name: papers.get(name) for name in _PAPERS}
    claim = papers.get("claim")
    return {"role": papers.get("role"), **known, "claim": claim, "position": _position(trace, papers.get("role"), claim)}


def _position(trace: Trace, role: str | None, claim: dict[str, Any] | None) -> str:
    """Where the claim stands on the day of the test."""
    if not claim or role is None:
        return "no specification is claimed"
    day = date.fromisoformat(trace.events[0].time[:10]) if len(trace) else None
    if day is None:
        return "the trace has no time"
    try:
        found = position("gpf" if role == "hub" else role, Claim(**claim), day)
    except UsageError as error:
        return str(error)
    may = {True: "may be installed", False: "may not be installed", None: "undecided"}[found.may_be_installed]
    return "on %s: %s, %s" % (day, may, found.reason)


def devices(trace: Trace) -> list[dict[str, Any]]:
    """The devices of the header; a trace from elsewhere may say little of them."""
    return [
        {
            "name": name,
            "role": entry.get("role", ""),
            "identity": entry.get("identity", ""),
            "configuration": entry.get("configuration") or {},
            "found": entry.get("found", ""),
        }
        for name, entry in (trace.header.get("devices") or {}).items()
    ]


def reference(trace: Trace) -> dict[str, Any]:
    """Versions of the reference, of what it ran on, and of the requirements it judges by."""
    import platform

    header = trace.header
    found = dict(header.get("reference") or {})
    found["tier"] = header.get("tier") or "a capture"
    for board, line in (header.get("boards") or {}).items():
        found["board %s" % board] = line
    found["requirements"] = "%d, sha256 %s" % (len(requirements()), digest())
    found["trace_schema"] = header.get("schema") or "hanref-trace/1"
    found["host"] = "Python %s, %s" % (platform.python_version(), platform.system())
    return found


def scope(verdicts: list[Verdict]) -> dict[str, Any]:
    """Requirements that were run, those that were not and why, and those that no trace is asked about."""
    known = predicates()
    unjudged: dict[str, list[str]] = {}
    for id, requirement in requirements().items():
        if id not in known:
            unjudged.setdefault(requirement.modification, []).append(id)
    return {
        "run": [verdict.id for verdict in verdicts if verdict.verdict != "not run"],
        "not_run": [{"id": verdict.id, "reason": verdict.reason} for verdict in verdicts if verdict.verdict == "not run"],
        "not_judged": unjudged,
    }


def by_use_case(trace: Trace, verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """GBCS messages by use case and message code, with the verdicts that rest on them."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    homes: dict[int, tuple[str, str]] = {}
    for event in trace.of("gbcs"):
        key = (event.get("use_case") or "?", event.get("message_code") or "?")
        homes[event.n] = key
        row = rows.setdefault(key, {"use_case": key[0], "message_code": key[1], "messages": Counter(), "verdicts": {}})
        row["messages"][event.get("cra") or "damaged"] += 1
    for verdict in verdicts:
        for n in verdict.evidence:
            if n in homes:
                rows[homes[n]]["verdicts"][verdict.id] = verdict.verdict
    kinds = ("command", "response", "alert", "damaged")
    return [{**rows[key], "messages": {kind: rows[key]["messages"][kind] for kind in kinds}} for key in sorted(rows)]


def history(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    """What went to and from each device over the WAN, oldest first: when, which way, under which title, and no content
    (REQ-141-1)."""
    known = tables.use_cases()
    found: dict[str, list[dict[str, Any]]] = {}
    for event in trace.of("gbcs"):
        kind, code = event.get("cra"), str(event.get("message_code") or "")
        device = event.destination if kind == "command" else event.source
        if device is None or not code:
            continue
        row = known.get(int(code, 16))
        title = "" if row is None else row.title
        line = {"time": event.time, "direction": kind, "use_case": event.get("use_case"), "message_code": code, "title": title}
        found.setdefault(device, []).append(line)
    return found


def regression(before: dict[str, str] | None, verdicts: list[Verdict]) -> dict[str, Any] | None:
    """What changed since an earlier result; None where none was given."""
    if before is None:
        return None
    changed = earlier.changes(before, verdicts)
    return {
        "compared": len(before),
        "changes": [
            {"id": change.id, "before": change.before, "now": change.now, "reason": change.reason, "better": change.better}
            for change in changed
        ],
    }


def defects(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """Failed requirements by severity, 1 to 5, against the project's thresholds [test governance 4]."""
    return [
        {
            "severity": level,
            "threshold": THRESHOLDS[level],
            "requirements": [v.id for v in verdicts if v.verdict == "fail" and v.severity == level],
        }
        for level in THRESHOLDS
    ]


def criteria(verdicts: list[Verdict], before: dict[str, str] | None) -> list[dict[str, Any]]:
    """Exit criteria: what, whether it is met, how it stands."""
    found = {row["severity"]: len(row["requirements"]) for row in defects(verdicts)}
    severe, minor = found[1] + found[2], found[3] + found[4] + found[5]
    missing = [verdict.id for verdict in verdicts if verdict.verdict == "not run"]
    worse = [change.id for change in earlier.changes(before, verdicts) if change.better is False] if before is not None else []
    return [
        {"criterion": "No defect of severity 1 or 2", "met": severe == 0, "stands": "%d found" % severe},
        {
            "criterion": "Defects of severity 3 to 5 each have an owner and a plan",
            "met": minor == 0,
            "stands": "%d to be planned" % minor,
        },
        {
            "criterion": "Every requirement in scope was run",
            "met": not missing,
            "stands": "%d not run, section 3 says why" % len(missing) if missing else "all run",
        },
        {
            "criterion": "Regression completed, nothing worse than before",
            "met": before is not None and not worse,
            "stands": "no earlier result was given"
            if before is None
            else "worse: " + ", ".join(worse)
            if worse
            else "none worse",
        },
    ]


def recommendation(verdicts: list[Verdict]) -> str:
    """In a sentence; never a certificate."""
    failed = [verdict for verdict in verdicts if verdict.verdict == "fail"]
    if any(verdict.severity <= 2 for verdict in failed):
        return "Not recommended for acceptance: there are defects of severity 1 or 2."
    if failed:
        return "Acceptance depends on plans for the defects listed."
    if all(verdict.verdict == "not run" for verdict in verdicts):
        return "Nothing was shown: no recommendation."
    return "Nothing found here speaks against acceptance, within the scope of section 3."
