# SPDX-License-Identifier: GPL-3.0-or-later
"""What a display showed before and after a change of tenancy."""

from dataclasses import dataclass
from typing import Any

from hanref.requirements.tenancy_model import FUELS, erasures, screens_around
from hanref.trace import Event, Trace

NOTHING = "–"
_LATER = 1_800_000  # milliseconds


@dataclass
class Change:
    """One erasure: the screens around it and the one half an hour later, as rows of (item, texts, whether gone)."""

    display: str
    fuel: str
    date: str
    erased: Event
    columns: list[tuple[str, Event | None]]
    rows: list[tuple[str, list[str], bool]]


def changes(trace: Trace) -> list[Change]:
    """Every erasure in the trace, oldest first."""
    found = []
    for role in ("ihd", "ppmid"):
        for display in trace.devices(role):
            for fuel in FUELS:
                found += [_change(trace, display, fuel, event) for event in erasures(trace, display, fuel)]
    return sorted(found, key=lambda change: change.erased.n)


def _change(trace: Trace, display: str, fuel: str, erased: Event) -> Change:
    before, after = screens_around(trace, display, erased.milliseconds, erased.n)
    later = next(iter(trace.of("display", source=display, since=erased.milliseconds + _LATER)), None)
    columns = [("before", before), ("after", after), ("half an hour later", later)]
    items = sorted(
        {name for _, shown in columns if shown is not None for name in _screen(shown) if name.startswith(fuel + "_")},
        key=_rank,
    )
    rows = []
    for name in items:
        texts = [text_of(name, _screen(shown).get(name)) if shown is not None else "" for _, shown in columns]
        rows.append((name.removeprefix(fuel + "_").replace("_", " "), texts, texts[0] != NOTHING and texts[1] == NOTHING))
    return Change(display, fuel, erased.get("date") or "", erased, columns, rows)


def _screen(event: Event) -> dict[str, Any]:
    return event.get("screen") or {}


def _rank(name: str) -> tuple[int, str]:
    order = ("_today", "_week", "_month", "_days", "_weeks", "_months")
    return next((place for place, end in enumerate(order) if name.endswith(end)), len(order)), name


def text_of(name: str, value: Any) -> str:
    """A figure as a person reads it: kWh, m3, pounds; a dash for no value."""
    if isinstance(value, list):
        shown = [text_of(name, entry) for entry in value]
        while len(shown) > 1 and shown[-1] == NOTHING:
            shown.pop()
        return ", ".join(shown)
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    if any(word in name for word in ("cost", "balance", "price", "credit", "debt")):
        return "£%.2f" % (value / 100000)
    if name.endswith("_power"):
        return "%d W" % value
    if name == "gas_register":
        return "%.3f m³" % (value / 1000)
    return "%.3f kWh" % (value / 1000)
