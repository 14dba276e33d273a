# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation as lanes over time: how thick the talk was, and what happened to and in the devices."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hanref.moments import milliseconds_text
from hanref.trace import Event, Trace

WIDTH = 1040
LEFT, RIGHT, TOP = 150, 14, 26
LANE = 26
_BINS = 220
_MOST_MARKS = 400
_MOST_LABELS = 10
_MINUTE = 60_000
_STEPS = [15_000] + [_MINUTE * minutes for minutes in (1, 5, 10, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)]

_MARKS = {
    "bench": "order",
    "power": "state",
    "link": "state",
    "clock": "state",
    "erase": "erase",
    "display": "screen",
    "gbcs": "gbcs",
    "gbcs_refused": "gbcs",
    "alert": "alert",
}
_TOLD = ("status", "on", "up", "fuel", "date", "code", "reason")
LEGEND = (
    ("talk", "frames, the darker the more"),
    ("order", "the bench does something"),
    ("gbcs", "GBCS message"),
    ("state", "power, link or clock"),
    ("screen", "the screen changes"),
    ("erase", "an erasure"),
)


@dataclass
class Lane:
    """One row: `bins` are (x, width, opacity, text), `marks` are (x, kind, text)."""

    label: str
    y: float
    bins: list[tuple[float, float, float, str]] = field(default_factory=list)
    marks: list[tuple[float, str, str]] = field(default_factory=list)


@dataclass
class Timeline:
    """Lanes ready to be drawn."""

    title: str
    lanes: list[Lane]
    labels: list[tuple[float, str]]
    height: float
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    legend: tuple[tuple[str, str], ...] = LEGEND


@dataclass
class _Side:
    label: str
    start: int
    frames: dict[str, Counter[int]]
    marks: dict[str, list[tuple[int, str, str]]]


def of_trace(trace: Trace) -> Timeline:
    """Every conversation of a trace, and every device with what happened to it."""
    span = max(1, trace.end - trace.start)
    side = _gather(trace, "", span, lambda event: "%s – %s" % tuple(sorted((event.source or "?", event.destination or "all"))))
    lanes = _lanes([side], [*side.marks, *side.frames], span)
    return _drawn("Who spoke when, and what happened", lanes, span, trace.start)


def of_both(a: Trace, b: Trace, label_a: str, label_b: str) -> Timeline:
    """Two traces, device by device one above the other, each from its own start."""
    span = max(1, a.end - a.start, b.end - b.start)
    sides = [_gather(trace, label, span, lambda event: event.source or "?") for trace, label in ((a, label_a), (b, label_b))]
    names = sorted({name for side in sides for name in [*side.frames, *side.marks]})
    return _drawn("What each side did, from its start", _lanes(sides, names, span), span, None)


def _gather(trace: Trace, label: str, span: int, lane_of: Any) -> _Side:
    side = _Side(label, trace.start, {}, {})
    for event in trace.events:
        at = event.milliseconds - trace.start
        if event.kind == "zcl":
            side.frames.setdefault(lane_of(event), Counter())[min(_BINS - 1, at * _BINS // span)] += 1
        elif event.kind in _MARKS:
            device = (event.destination if event.kind == "bench" else event.source) or event.destination or "?"
            if event.kind == "gbcs" and event.get("cra") == "command":
                device = event.destination or device
            marks = side.marks.setdefault(device, [])
            if len(marks) < _MOST_MARKS:
                marks.append((at, _MARKS[event.kind], "%s, event %d: %s" % (event.time[:19] + "Z", event.n, _says(event))))
    return side


def _says(event: Event) -> str:
    if event.kind == "display":
        return "screen"
    if event.kind == "gbcs":
        return "%s %s" % (event.get("use_case") or event.get("message_code"), event.get("cra"))
    if event.kind == "bench":
        return "the bench: %s" % event.get("verb")
    shown = [str(event.content[name]) for name in _TOLD if name in event.content]
    return "%s %s" % (event.kind, " ".join(shown))


def _lanes(sides: list[_Side], names: Iterable[str], span: int) -> list[Lane]:
    lanes: list[Lane] = []
    most = max((count for side in sides for bins in side.frames.values() for count in bins.values()), default=1)
    for name in dict.fromkeys(names):
        for side in sides:
            lane = Lane("%s %s" % (name, side.label) if side.label else name, TOP + LANE * len(lanes))
            for place, count in sorted(side.frames.get(name, {}).items()):
                x, end = _x(place / _BINS), _x((place + 1) / _BINS)
                opacity = round(0.2 + 0.8 * (count / most) ** 0.5, 2)
                lane.bins.append((x, round(end - x, 1), opacity, "%s: %d frames" % (lane.label, count)))
            lane.marks = [(_x(at / span), kind, text) for at, kind, text in side.marks.get(name, [])]
            lanes.append(lane)
    return lanes


def _x(share: float) -> float:
    return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - RIGHT - LEFT), 1)


def _drawn(title: str, lanes: list[Lane], span: int, start: int | None) -> Timeline:
    step = next((step for step in _STEPS if span / step <= _MOST_LABELS), _STEPS[-1] * -(-span // _STEPS[-1] // _MOST_LABELS))
    first = 0 if start is None else -start % step
    labels = [(_x(at / span), _label(at, start, step)) for at in range(first, span + 1, step)]
    return Timeline(title, lanes, labels, TOP + LANE * len(lanes) + 26)


def _label(at: int, start: int | None, step: int) -> str:
    """`+1:30` from the start, or the time of day; the date where a new one begins."""
    if start is None:
        return "+%d:%02d" % divmod(at // 60_000, 60)
    text = milliseconds_text(start + at)
    return text[5:10] if text[11:16] == "00:00" else text[11 : 16 if step >= 60_000 else 19]
