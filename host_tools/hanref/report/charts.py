# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts of a report: what is in the trace, scaled to drawing coordinates. The template draws them as inline SVG."""

from dataclasses import dataclass, field
from typing import Any

from han.clock import to_iso

from hanref.moments import DAY, HALF_HOUR
from hanref.requirements.stamp_model import answers, pushes
from hanref.requirements.voltage_model import PERIOD, RESTART, measurement
from hanref.trace import Trace

WIDTH, HEIGHT = 1040, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 22, 34

_MOST_HALF_HOURS = 200  # finer grids than this are days
_MOST_POINTS = 1500
_LABELS = 9


@dataclass
class Axis:
    """Maps values to a stretch of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        span = (self.high - self.low) or 1
        return round(self.start + (value - self.low) / span * (self.end - self.start), 1)


@dataclass
class Chart:
    """One drawing: grid lines, labels, shaded spans, points. Coordinates are ready to be written."""

    title: str
    x: Axis
    y: Axis
    unit: str
    grid: list[float] = field(default_factory=list)
    x_labels: list[tuple[float, str]] = field(default_factory=list)
    y_labels: list[tuple[float, str]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    left: int = LEFT
    right: int = WIDTH - RIGHT


def voltage(trace: Trace, meter: str) -> Chart | None:
    """The entries of a meter's average RMS voltage log against the half-hour grid; None without entries."""
    seen = measurement(trace, meter)
    placed = [(entry, entry.utc, entry.volts) for entry in seen.entries if entry.utc is not None and entry.volts is not None]
    if not placed:
        return None
    placed = placed[-_MOST_POINTS:]
    begin, end = trace.start // 1000, trace.end // 1000
    if len(placed) < len(seen.entries):
        begin = placed[0][1] - HALF_HOUR  # a long run: its last days
    volts = [volts for _, _, volts in placed]
    chart = _chart("Average RMS voltage, each entry at the end of its period", begin, end, min(volts) - 2, max(volts) + 2, "V")
    due: dict[int, bool] = {}
    for stretch in seen.stretches:
        if stretch.end < begin:
            continue
        _draw_stretch(chart, max(begin, stretch.begin), stretch.end, stretch.period, stretch.cause == PERIOD)
        stamps = set(stretch.due()) | set(stretch.due(RESTART))
        due.update((entry.event.n, entry.utc in stamps) for entry in stretch.entries)
        points = [(utc, level) for entry, utc, level in placed if stretch.begin < entry.written <= stretch.end]
        chart.lines.append(" ".join("%s,%s" % (chart.x.at(utc), chart.y.at(level)) for utc, level in points))
    for entry, utc, level in placed:
        on_grid = due.get(entry.event.n, False)
        title = "event %d: %s, %.3f V%s" % (entry.event.n, to_iso(utc), level, "" if on_grid else ", not due then")
        chart.points.append({"x": chart.x.at(utc), "y": chart.y.at(level), "kind": "due" if on_grid else "odd", "title": title})
    for span, kind, text in [(span, "power", "no power") for span in seen.unpowered] + [
        (span, "clock", "no valid clock") for span in seen.clockless
    ]:
        if span.end < begin:
            continue
        chart.spans.append({"x": chart.x.at(max(begin, span.begin)), "to": chart.x.at(span.end), "kind": kind, "text": text})
    chart.legend = [
        ("due", "entry on a boundary that is due"),
        ("odd", "entry elsewhere"),
        ("span", "no power"),
        ("span clock", "no valid clock"),
    ]
    return chart


def gas_ages(trace: Trace, proxy: str) -> Chart | None:
    """How old the gas values were when they were read, by the time stamp of the answer; None without answers."""
    stamped = [(answer, answer.time) for answer in answers(trace, proxy) if answer.time is not None]
    if not stamped:
        return None
    times = [answer.event.utc for answer, _ in stamped]
    margin = max(600, (max(times) - min(times)) // 40)
    begin, end = min(times) - margin, max(times) + margin
    ages = [(answer.event.utc - time) / 60 for answer, time in stamped]
    chart = _chart("Age of gas values when read, by the time stamp of the answer", begin, end, 0, max(*ages, 30) * 1.1, "min")
    for (answer, time), age in zip(stamped, ages, strict=True):
        kind = "gpf" if answer.source == "GPF" else answer.reliability or "none"
        title = "event %d: %s read at %s, value of %s, status %02X (%s time, %s)" % (
            answer.event.n,
            answer.use_case,
            to_iso(answer.event.utc),
            to_iso(time),
            answer.status or 0,
            answer.source,
            answer.reliability,
        )
        chart.points.append({"x": chart.x.at(answer.event.utc), "y": chart.y.at(age), "kind": kind, "title": title})
    chart.ticks = [chart.x.at(push.frames[0].utc) for push in pushes(trace, proxy) if begin <= push.frames[0].utc <= end]
    chart.legend = [
        ("reliable", "time of the gas meter, reliable"),
        ("unreliable", "unreliable"),
        ("invalid", "invalid"),
        ("gpf", "time made by the proxy"),
        ("tick", "push of the gas meter"),
    ]
    return chart


def _chart(title: str, begin: int, end: int, low: float, high: float, unit: str) -> Chart:
    chart = Chart(title, Axis(begin, end, LEFT, WIDTH - RIGHT), Axis(low, high, HEIGHT - BOTTOM, TOP), unit)
    step = HALF_HOUR if (end - begin) // HALF_HOUR <= _MOST_HALF_HOURS else DAY
    chart.grid = [chart.x.at(utc) for utc in range(begin + -begin % step, end + 1, step)]
    label_step = next(
        (size for size in (600, 1800, 3600, 7200, 10800, 21600, 43200, DAY) if (end - begin) / size <= _LABELS),
        -(-(end - begin) // _LABELS // DAY) * DAY or DAY,
    )
    for utc in range(begin + -begin % label_step, end + 1, label_step):
        text = to_iso(utc)
        chart.x_labels.append((chart.x.at(utc), text[5:10] if utc % DAY == 0 else text[11:16]))
    chart.y_labels = [(chart.y.at(value), "%g" % value) for value in _round_values(low, high)]
    return chart


def _round_values(low: float, high: float) -> list[float]:
    """About five round numbers between two values."""
    span = (high - low) or 1
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e9) if span / size <= 6)
    first = -(-low // step) * step
    return [first + step * place for place in range(int((high - first) // step) + 1)]


def _draw_stretch(chart: Chart, begin: int, end: int, period: int, written: bool) -> None:
    chart.marks.append({"x": chart.x.at(begin), "to": chart.x.at(end), "text": "%d s" % period, "written": written})
