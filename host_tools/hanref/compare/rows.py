# SPDX-License-Identifier: GPL-3.0-or-later
"""Two behaviours side by side, as rows: what differs, and what is equal."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from hanref.compare.behaviour import Answering, Asking, Behaviour, Values
from hanref.compare.distribution import Distribution
from hanref.requirements import Verdict

ASKS = "asks"
AFTER = "how soon after what"
ANSWERS = "answers"
DELAYS = "answers within"
SHOWS = "shows"
DOES = "does"
SECTIONS = (ASKS, AFTER, ANSWERS, DELAYS, SHOWS, DOES)

NOTHING = "–"
_SAME_RATE = 0.2  # share by which numbers of frames an hour may differ
_SAME_COUNT = 2  # frames that a start or an end may add


@dataclass
class Row:
    """One thing a device did, on each side; `different` says whether a person should look at it."""

    section: str
    device: str
    what: str
    a: str
    b: str
    different: bool
    why: str = ""
    measured: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class VerdictRow:
    """A requirement on each side; None where a side has no verdict on it."""

    id: str
    device: str
    a: str | None
    b: str | None
    different: bool
    reason_a: str
    reason_b: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def of_verdicts(a: list[Verdict], b: list[Verdict]) -> list[VerdictRow]:
    """Verdicts of both sides by requirement, differences first."""
    first, second = {verdict.id: verdict for verdict in a}, {verdict.id: verdict for verdict in b}
    rows = []
    for id in dict.fromkeys([*first, *second]):
        one, other = first.get(id), second.get(id)
        verdicts = (one.verdict if one else None, other.verdict if other else None)
        named = one or other
        assert named is not None
        reasons = (one.reason if one else "", other.reason if other else "")
        rows.append(VerdictRow(id, named.device, *verdicts, verdicts[0] != verdicts[1], *reasons))
    return sorted(rows, key=lambda row: not row.different)


def of_behaviour(a: Behaviour, b: Behaviour) -> list[Row]:
    """Everything that either side did, differences first, in the order of the sections."""
    rows = [*_asks(a, b), *_reactions(a, b), *_answers(a, b), *_delays(a, b), *_shows(a, b), *_does(a, b)]
    return sorted(rows, key=lambda row: (not row.different, SECTIONS.index(row.section), row.device, row.what))


def _both(one: dict[Any, Any], other: dict[Any, Any]) -> list[Any]:
    return list(dict.fromkeys([*one, *other]))


def _asks(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    for key in _both(a.asks, b.asks):
        one, other = a.asks.get(key), b.asks.get(key)
        device, of, what = key
        why = _why_asks(one, other, a.hours, b.hours)
        measured = {"a": _asked(one, a.hours), "b": _asked(other, b.hours)}
        yield Row(ASKS, device, "%s of %s" % (what, of), _ask_text(one), _ask_text(other), bool(why), why, measured)


def _why_asks(one: Asking | None, other: Asking | None, hours: float, other_hours: float) -> str:
    if one is None or other is None:
        return "only one side asks this"
    low, high = sorted((_rate(one.count, hours), _rate(other.count, other_hours)))
    spare = _SAME_COUNT / max(min(hours, other_hours), 0.01)
    if high - low > spare and high > low * (1 + _SAME_RATE):
        return "how often"
    if one.intervals.differs(other.intervals) and min(one.count, other.count) > _SAME_COUNT:
        return "the rhythm"
    if bool(one.unanswered > _SAME_COUNT) != bool(other.unanswered > _SAME_COUNT):
        return "whether it is answered"
    return ""


def _ask_text(asking: Asking | None) -> str:
    if asking is None:
        return NOTHING
    text = "%d times" % asking.count if asking.count != 1 else "once"
    if asking.intervals.count:
        text += ", every " + asking.intervals.text()
    if asking.unanswered:
        text += ", %d unanswered" % asking.unanswered
    return text


def _asked(asking: Asking | None, hours: float) -> dict[str, Any] | None:
    if asking is None:
        return None
    interval = asking.intervals.as_dict() if asking.intervals.count else None
    rate = round(_rate(asking.count, hours), 3)
    return {"count": asking.count, "an_hour": rate, "unanswered": asking.unanswered, "interval": interval}


def _rate(count: int, hours: float) -> float:
    return count / hours if hours else float(count)


def _reactions(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    # What a side never was subjected to is no difference of its devices.
    triggers = {key[:2] for key in a.reactions} & {key[:2] for key in b.reactions}
    for key in _both(a.reactions, b.reactions):
        if key[:2] in triggers:
            yield _timed(AFTER, key[0], "%s: %s" % key[1:], a.reactions.get(key), b.reactions.get(key))


def _delays(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    for key in _both(a.delays, b.delays):
        yield _timed(DELAYS, key[0], "%s to %s" % (key[2], key[1]), a.delays.get(key), b.delays.get(key))


def _timed(section: str, device: str, what: str, one: Distribution | None, other: Distribution | None) -> Row:
    why = ""
    if one is None or other is None:
        why = "only one side does this"
    elif one.differs(other):
        why = "how soon"
    measured = {"a": one.as_dict() if one else None, "b": other.as_dict() if other else None}
    return Row(
        section, device, what, one.text() if one else NOTHING, other.text() if other else NOTHING, bool(why), why, measured
    )


def _answers(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    for key in _both(a.answers, b.answers):
        one, other = a.answers.get(key), b.answers.get(key)
        device, cluster, name = key
        why = _why_answers(one, other)
        yield Row(ANSWERS, device, "%s %s" % (cluster, name), _answer_text(one), _answer_text(other), bool(why), why)


def _why_answers(one: Answering | None, other: Answering | None) -> str:
    if one is None or other is None:
        return "only one side gives this"
    if one.types != other.types:
        return "the type"
    if set(one.statuses) != set(other.statuses):
        return "the status"
    if one.values.differs(other.values):
        return "the values"
    return ""


def _answer_text(answering: Answering | None) -> str:
    if answering is None:
        return NOTHING
    parts = [answering.values.text()] if answering.count else []
    other_types = sorted(answering.types - {"as specified"})
    if other_types:
        parts.append("type %s" % ", ".join(other_types))
    if answering.statuses:
        parts.append("status %s" % ", ".join(sorted(answering.statuses)))
    return "; ".join(parts)


def _shows(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    for key in _both(a.shows, b.shows):
        one: Values | None = a.shows.get(key)
        other: Values | None = b.shows.get(key)
        why = "only one side shows this" if one is None or other is None else "the values" if one.differs(other) else ""
        yield Row(
            SHOWS,
            key[0],
            key[2].replace("_", " "),
            one.text() if one else NOTHING,
            other.text() if other else NOTHING,
            bool(why),
            why,
        )


def _does(a: Behaviour, b: Behaviour) -> Iterator[Row]:
    for key in _both(a.events, b.events):
        one, other = a.events.get(key, 0), b.events.get(key, 0)
        low, high = sorted((_rate(one, a.hours), _rate(other, b.hours)))
        spare = _SAME_COUNT / max(min(a.hours, b.hours), 0.01)
        different = not one or not other or (high - low > spare and high > low * (1 + _SAME_RATE))
        why = "how often" if different else ""
        yield Row(DOES, key[0], key[2], "%d times" % one, "%d times" % other, different, why, {"a": one, "b": other})
