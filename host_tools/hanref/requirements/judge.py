# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks every predicate about a trace."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from hanref.errors import UsageError
from hanref.requirements.registry import EVIDENCE_KEPT, FAIL, NOT_RUN, OBSERVATION, PASS, Finding, Registered, predicates
from hanref.requirements.table import Requirement, requirements
from hanref.requirements.unanswered import unanswered
from hanref.trace import Trace

KEY_ESTABLISHMENT = "0800"
_WORST_FIRST = (FAIL, OBSERVATION, PASS, NOT_RUN)


@dataclass
class Verdict:
    """What a trace says of one requirement; `as_dict` is an object of verdicts.json.

    `by_device` holds the finding of each device where several were judged.
    """

    id: str
    verdict: str
    device: str
    confidence: str
    severity: int
    reason: str
    tests: list[str]
    evidence: list[int]
    modification: str
    text: str
    reference: str
    by_device: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge(trace: Trace, only: Iterable[str] | None = None) -> list[Verdict]:
    """The verdict on every requirement that has a predicate, or on those of `only`, in the order of the table."""
    wanted = None if only is None else set(only)
    table = requirements()
    return [_verdict(trace, table[id], registered) for id, registered in predicates().items() if wanted is None or id in wanted]


def overall(verdicts: Iterable[Verdict]) -> str:
    """The worst of several verdicts; observations and what was not run do not make a run fail."""
    found = {verdict.verdict for verdict in verdicts}
    return next((name for name in _WORST_FIRST if name in found), NOT_RUN)


def _verdict(trace: Trace, requirement: Requirement, registered: Registered) -> Verdict:
    names = [name for role in registered.devices for name in trace.devices(role)]
    hidden = requirement.id not in trace.header.get("shows", (requirement.id,))
    try:
        findings = {
            name: Finding(NOT_RUN, "this kind of log does not show it")
            if hidden
            else _blocked(trace, name) or _as_confidence(_finding(trace, name, registered), requirement)
            for name in names
        }
    except (ValueError, TypeError, KeyError) as error:
        # A field is not what its kind of event has: the trace is broken, and no device is to blame.
        raise UsageError("the trace cannot be judged for %s: %s" % (requirement.id, error)) from error
    worst = _combined(findings, registered)
    return Verdict(
        requirement.id,
        worst.verdict,
        ", ".join(findings) or ", ".join(registered.devices),
        requirement.confidence,
        registered.severity,
        worst.reason,
        list(registered.tests),
        worst.evidence,
        requirement.modification,
        requirement.text,
        registered.reference,
        {name: asdict(finding) for name, finding in findings.items()} if len(findings) > 1 else {},
    )


def _finding(trace: Trace, name: str, registered: Registered) -> Finding:
    """What the predicate says, unless a command that asks for it got no answer at all."""
    finding = registered.judge(trace, name)
    silent = unanswered(trace, name, *registered.answers) if registered.answers and finding.verdict != FAIL else []
    if not silent:
        return finding
    first = silent[0]
    return Finding(FAIL, "%s of %s was not answered" % (first.name, first.command.time), [one.command.n for one in silent])


def _blocked(trace: Trace, name: str) -> Finding | None:
    """A device under test that never took part, or wants what the reference does not do, is not judged."""
    for event in trace.of("dut", source=name):
        if event.get("blocks"):
            frames = trace.of("zcl", source=name, cluster=KEY_ESTABLISHMENT)[:EVIDENCE_KEPT]
            return Finding(NOT_RUN, str(event.get("blocks")), [frame.n for frame in frames] or [event.n])
    return None


def _as_confidence(finding: Finding, requirement: Requirement) -> Finding:
    """A finding against what this project inferred is an observation, never a defect."""
    if finding.verdict == FAIL and requirement.confidence == "I":
        finding.verdict = OBSERVATION
    return finding


def _combined(findings: dict[str, Finding], registered: Registered) -> Finding:
    if not findings:
        return Finding(NOT_RUN, "the trace has no %s" % " and no ".join(registered.devices))
    if len(findings) == 1:
        return next(iter(findings.values()))
    worst = min((finding.verdict for finding in findings.values()), key=_WORST_FIRST.index)
    chosen = {name: finding for name, finding in findings.items() if finding.verdict == worst}
    others = [name for name, finding in findings.items() if finding.verdict == NOT_RUN and worst != NOT_RUN]
    reason = "; ".join("%s: %s" % (name, finding.reason) for name, finding in chosen.items())
    if others:
        reason += "; not run for %s" % ", ".join(others)
    return Finding(worst, reason, sorted(n for finding in chosen.values() for n in finding.evidence))
