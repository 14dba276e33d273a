# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: one HTML file, laid out as test reports of a release are [test governance 5]."""

from collections import Counter
from typing import Any

import jinja2

from hanref.report import charts, earlier, screens
from hanref.report.environment import differences
from hanref.requirements import Verdict, predicates, requirements
from hanref.requirements.table import modifications, sources
from hanref.trace import Event, Trace

ORDER = ("fail", "observation", "pass", "not run")
_HEADER = dict.fromkeys(("scenario", "title", "tier", "seed", "devices", "reference", "dut"))
_EVIDENCE_LINES = 400  # events listed with what they say


def render(trace: Trace, verdicts: list[Verdict], before: dict[str, str] | None = None) -> str:
    """The whole page; `before` are verdicts of an earlier result."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hanref.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["short"] = _short
    return environment.get_template("report.html.j2").render(
        header={**_HEADER, **trace.header},
        devices=_devices(trace),
        trace=trace,
        verdicts=verdicts,
        counts=Counter(verdict.verdict for verdict in verdicts),
        order=ORDER,
        titles=modifications(),
        sources=sources(),
        unjudged=_unjudged(),
        defects=_defects(verdicts),
        differences=differences(trace),
        voltage=[chart for meter in trace.devices("esme") if (chart := charts.voltage(trace, meter))],
        gas=[chart for proxy in trace.devices("gpf") if (chart := charts.gas_ages(trace, proxy))],
        changes=screens.changes(trace),
        messages=_messages(trace),
        evidence=_evidence(trace, verdicts),
        criteria=_criteria(verdicts),
        before=before,
        changed=[] if before is None else earlier.changes(before, verdicts),
    )


def _devices(trace: Trace) -> list[dict[str, Any]]:
    """The devices of the header; a trace from elsewhere may say little of them."""
    known = trace.header.get("devices") or {}
    return [
        {
            "name": name,
            "role": entry.get("role", ""),
            "identity": entry.get("identity", ""),
            "configuration": entry.get("configuration") or {},
        }
        for name, entry in known.items()
    ]


def _unjudged() -> dict[str, list[str]]:
    """Requirements without a predicate, by modification."""
    found: dict[str, list[str]] = {}
    known = predicates()
    for id, requirement in requirements().items():
        if id not in known:
            found.setdefault(requirement.modification, []).append(id)
    return found


def _defects(verdicts: list[Verdict]) -> dict[int, list[Verdict]]:
    """Failed requirements by severity, 1 to 5."""
    return {level: [v for v in verdicts if v.verdict == "fail" and v.severity == level] for level in range(1, 6)}


def _criteria(verdicts: list[Verdict]) -> list[tuple[str, bool, str]]:
    """Exit criteria: (what, met, how it stands)."""
    defects = _defects(verdicts)
    severe = len(defects[1]) + len(defects[2])
    minor = sum(len(defects[level]) for level in (3, 4, 5))
    missing = [verdict.id for verdict in verdicts if verdict.verdict == "not run"]
    return [
        ("No defect of severity 1 or 2", severe == 0, "%d found" % severe),
        ("Defects of severity 3 to 5 each have an owner and a plan", minor == 0, "%d to be planned" % minor),
        ("Every requirement in scope was run", not missing, "not run: " + ", ".join(missing) if missing else "all run"),
    ]


def _messages(trace: Trace) -> list[dict[str, Any]]:
    """GBCS messages by use case and message code."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for event in trace.of("gbcs"):
        key = (event.get("use_case") or "?", event.get("message_code") or "?")
        found.setdefault(key, Counter())[event.get("cra") or "damaged"] += 1
    return [{"use_case": use_case, "code": code, "counts": counts} for (use_case, code), counts in sorted(found.items())]


def _evidence(trace: Trace, verdicts: list[Verdict]) -> list[tuple[Event, str, list[str]]]:
    """Events that verdicts cite, what each says, and for which requirements it speaks."""
    cited: dict[int, list[str]] = {}
    for verdict in verdicts:
        for n in verdict.evidence:
            cited.setdefault(n, []).append(verdict.id)
    return [(event := trace.event(n), _short(event), cited[n]) for n in sorted(cited)[:_EVIDENCE_LINES]]


def _short(event: Event) -> str:
    """What an event says, in a line."""
    content = event.content
    if event.kind == "zcl":
        return "%s %s%s" % (content.get("cluster"), content.get("command"), _values(content))
    if event.kind == "gbcs":
        parts = [content.get("use_case") or "unknown use case", content.get("cra") or ""]
        if content.get("clock_status"):
            parts.append("%s status %s" % (content.get("date_time"), content.get("clock_status")))
        return " ".join(parts)
    if event.kind == "display":
        return "screen"
    hidden = ("octets", "payload")
    return ", ".join("%s %s" % (name, _plain(value)) for name, value in content.items() if name not in hidden)


def _values(content: Any) -> str:
    values = content.get("attributes") or content.get("fields") or {}
    text = ", ".join("%s %s" % (name, _plain(value)) for name, value in values.items())
    return ": " + text if text else ""


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join("%s %s" % (name, _plain(entry)) for name, entry in value.items())
    if isinstance(value, list):
        return " ".join(_plain(entry) for entry in value)
    return str(value)
