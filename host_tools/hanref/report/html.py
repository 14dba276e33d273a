# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: one HTML file, laid out as test reports of a release are [test governance 5]."""

from collections import Counter
from typing import Any

import jinja2

from hanref.report import charts, document, pictures, screens, timeline
from hanref.requirements import Verdict
from hanref.requirements.table import sources
from hanref.trace import Event, Trace

ORDER = ("fail", "observation", "pass", "not run")
_HEADER = dict.fromkeys(("scenario", "title", "tier", "seed", "reference", "capture"))
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
    return environment.get_template("report.html.j2").render(
        report=document.build(trace, verdicts, before),
        header={**_HEADER, **trace.header},
        trace=trace,
        verdicts=verdicts,
        counts=Counter(verdict.verdict for verdict in verdicts),
        order=ORDER,
        sources=sources(),
        voltage=[chart for meter in trace.devices("esme") if (chart := charts.voltage(trace, meter))],
        gas=[chart for proxy in trace.devices("gpf") if (chart := charts.gas_ages(trace, proxy))],
        changes=screens.changes(trace),
        pictures=pictures.series(trace),
        conversation=timeline.of_trace(trace),
        evidence=_evidence(trace, verdicts),
    )


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
