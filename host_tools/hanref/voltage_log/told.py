# SPDX-License-Identifier: GPL-3.0-or-later
"""A log of averages as a trace that requirements judge, and in words."""

from collections.abc import Iterator
from typing import Any

from han.clock import to_iso

from hanref.moments import HALF_HOUR
from hanref.trace import Event, Trace
from hanref.voltage_log.log import VoltageLog

# What averages and their times show; of the rest a log of them says nothing.
SHOWS = (
    "REQ-085A-2",
    "REQ-085A-6",
    "REQ-085A-7",
    "REQ-085A-8",
    "REQ-085A-10",
    "REQ-085A-15",
    "REQ-085A-16",
    "REQ-ESME-V3",
)
METER = "esme"
_GAPS_SHOWN = 5


def trace_of(log: VoltageLog, title: str) -> Trace:
    """The log as a trace of an electricity meter: each entry as if it had been written when its period ended."""
    configuration = {"phases": log.phases, "voltage_period": log.period}
    header: dict[str, Any] = {
        "title": title,
        "files": [title],
        "tier": "log",
        "start": to_iso(log.rows[0].utc - log.period),
        "complete": False,
        "shows": list(SHOWS),
        "devices": {METER: {"role": METER, "configuration": configuration}},
    }
    told = sorted(_told(log), key=lambda entry: entry[0])
    events = [Event(n, utc * 1000, METER, None, kind, content) for n, (utc, kind, content) in enumerate(told, 1)]
    return Trace(header, events)


def _told(log: VoltageLog) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(utc, kind, content) of each event."""
    begin = log.rows[0].utc - log.period
    yield begin, "metrology", {"name": "voltage_period", "value": log.period}
    for row in log.rows:
        entry: dict[str, Any] = {"utc": to_iso(row.utc), "volts": row.volts[0]}
        if log.phases > 1:
            entry["phases"] = list(row.volts)
        content = {"store": "average_rms_voltage", "operation": "append", "entry": entry, "row": row.line}
        yield row.utc, "store", content
    for gap in log.gaps():
        yield gap.last, "gap", {"begins": True, "seconds": gap.seconds}
        yield gap.next - gap.period, "gap", {"begins": False, "seconds": gap.seconds}


def describe(log: VoltageLog) -> list[str]:
    """What is in the log, in sentences: its extent, the offset from the half hours, its gaps."""
    first, last = to_iso(log.rows[0].utc), to_iso(log.rows[-1].utc)
    lines = ["%d averages of %d s each, ending %s to %s" % (len(log.rows), log.period, first, last)]
    if log.blank:
        lines.append("%d rows have no value" % log.blank)
    lines.append(_offset(log))
    gaps = log.gaps()
    for gap in gaps[:_GAPS_SHOWN]:
        lines.append("gap of %d s: nothing from %s to %s" % (gap.seconds, to_iso(gap.last), to_iso(gap.next - gap.period)))
    if len(gaps) > _GAPS_SHOWN:
        lines.append("and %d more gaps" % (len(gaps) - _GAPS_SHOWN))
    lines += ["no gaps"] * (not gaps)
    return lines


def _offset(log: VoltageLog) -> str:
    offsets = log.offsets()
    grid = "the half hours" if log.period >= HALF_HOUR else "the grid of %d s from each half hour" % log.period
    if not log.fits:
        return "a period of %d s fits no half hour: offsets are not told" % log.period
    if len(offsets) == 1:
        return "offset from %s: %d s" % (grid, offsets[0][0])
    shown = ["%d s (%d entries)" % pair for pair in offsets[:4]] + ["..."] * (len(offsets) > 4)
    return "offsets from %s: %s" % (grid, ", ".join(shown))
