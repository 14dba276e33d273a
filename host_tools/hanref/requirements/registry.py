# SPDX-License-Identifier: GPL-3.0-or-later
"""How a predicate is registered, and what it answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hanref.requirements.table import requirements
from hanref.trace import Event, Trace

PASS = "pass"
FAIL = "fail"
OBSERVATION = "observation"
NOT_RUN = "not run"

EVIDENCE_KEPT = 24  # event numbers a finding names; the rest is counted in its reason


@dataclass
class Finding:
    """What a predicate found: a verdict, the reason in a sentence, the events that prove it."""

    verdict: str
    reason: str
    evidence: list[int] = field(default_factory=list)


Predicate = Callable[[Trace, str], Finding]


@dataclass(frozen=True)
class Registered:
    """A predicate with what the report says of it.

    `severity` is that of a failure [test governance 4]; `reference` says in a line what the reference does;
    `tests` are the acceptance tests, and modules of other tests, that exercise it; `answers` the use cases of commands that
    the device must answer.
    """

    requirement: str
    judge: Predicate
    severity: int
    reference: str
    tests: tuple[str, ...]
    devices: tuple[str, ...]
    answers: tuple[str, ...] = ()


_registered: dict[str, Registered] = {}


def judges(
    requirement: str,
    *,
    severity: int,
    reference: str,
    tests: Iterable[str] = (),
    devices: Iterable[str] | None = None,
    answers: Iterable[str] = (),
) -> Callable[[Predicate], Predicate]:
    """Register `predicate(trace, device)` for a requirement.

    It is called for each device of the requirement's roles in the trace, by its name there, and returns a Finding.
    `devices` narrows the roles where a trace can show only some. A predicate sees the trace alone. A command of the use
    cases `answers` that the device left without an answer speaks against it whatever the predicate says.
    """
    known = requirements()[requirement]
    roles = tuple(devices) if devices is not None else tuple(role.lower() for role in known.devices)

    def register(predicate: Predicate) -> Predicate:
        assert requirement not in _registered, requirement
        _registered[requirement] = Registered(
            requirement, predicate, severity, reference, tuple(tests), roles, tuple(answers)
        )
        return predicate

    return register


def predicates() -> dict[str, Registered]:
    """Every registered predicate by requirement, in the order of the table."""
    import hanref.requirements.modules  # noqa: F401

    return {id: _registered[id] for id in requirements() if id in _registered}


class Case:
    """Gathers what a predicate sees, and turns it into a finding.

    `seen` is an event that speaks for the device, `fails` one that speaks against it. Nothing seen is not run: what
    a trace does not show is never a pass.
    """

    def __init__(self) -> None:
        self._seen: list[int] = []
        self._failures: list[str] = []
        self._against: list[int] = []

    def seen(self, *events: Event) -> None:
        """These events show that the device does what it must."""
        self._seen.extend(event.n for event in events)

    def fails(self, reason: str, *events: Event) -> None:
        """These events show that it does not."""
        self._failures.append(reason)
        self._against.extend(event.n for event in events)

    def check(self, holds: bool, reason: str, *events: Event) -> bool:
        """`seen` where it holds, else `fails` with the reason; returns `holds`."""
        if holds:
            self.seen(*events)
        else:
            self.fails(reason, *events)
        return holds

    @property
    def failed(self) -> bool:
        return bool(self._failures)

    def result(self, holds: str, nothing: str) -> Finding:
        """The finding: `holds` says what was seen where all is well, `nothing` why nothing could be judged."""
        if self._failures:
            more = len(self._failures) - 1
            reason = self._failures[0] + (" (and %d more)" % more if more else "")
            return Finding(FAIL, reason, _kept(self._against))
        if not self._seen:
            return Finding(NOT_RUN, nothing)
        return Finding(PASS, holds, _kept(self._seen))


def _kept(numbers: list[int]) -> list[int]:
    return sorted(dict.fromkeys(numbers))[:EVIDENCE_KEPT]
