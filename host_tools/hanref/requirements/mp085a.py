# SPDX-License-Identifier: GPL-3.0-or-later
"""MP085A: voltage measurement periods start on the hour or half past."""

from collections.abc import Iterable

from han.clock import to_iso

from hanref.moments import HALF_HOUR
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.voltage_model import (
    CLOCK,
    COMMENCE,
    DEFAULT_PERIOD,
    GAP,
    PERIOD,
    POWER,
    RESTART,
    START,
    TOLERANCE,
    Entry,
    Measurement,
    Stretch,
    fed_mean,
    measurement,
)
from hanref.trace import Trace

NO_ENTRIES = "the trace shows no entry of the average RMS voltage log"
RESOLUTION = 0.1  # volts an average may be off the mean of what was fed


@judges(
    "REQ-085A-1",
    severity=2,
    reference="waits for the next hh:00 or hh:30, the boundary itself counting as a start",
    tests=["AT-085A-1", "AT-085A-2", "AT-085A-3", "AT-085A-4"],
)
def first_period(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for stretch in _with_cause(seen, START, CLOCK):
        if stretch.event is not None:
            _check_first_entry(case, stretch)
    return case.result("the first period began at the next hh:00 or hh:30", _nothing(seen, "the meter starting to measure"))


@judges(
    "REQ-085A-2",
    severity=2,
    reference="takes boundaries from its UTC clock",
    tests=["AT-085A-12"],
)
def utc_boundaries(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for entry, stretch in _placed(seen):
        if entry.utc is None or not stretch.fits:
            continue
        off = entry.utc % min(stretch.period, HALF_HOUR)
        case.check(off == 0, "an entry is stamped %s, %d s off the UTC grid" % (to_iso(entry.utc), off), entry.event)
        late = entry.written + stretch.offset - entry.utc
        case.check(
            abs(late) <= TOLERANCE,
            "the entry stamped %s was written at %s" % (to_iso(entry.utc), to_iso(entry.written)),
            entry.event,
        )
    for stretch in seen.stretches:
        if trace.complete and stretch.event is not None and not stretch.entries and stretch.surely_due():
            case.fails("no entry was stored at the boundary %s" % to_iso(stretch.first_due), stretch.event)
    return case.result("all boundaries are UTC half hours or their parts", NO_ENTRIES)


@judges(
    "REQ-085A-3",
    severity=2,
    reference="stores the arithmetic mean of the samples with the UTC of the end of the period",
    tests=["AT-085A-9"],
)
def average_and_end(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for entry, stretch in _placed(seen):
        if not case.check(entry.utc is not None, "an entry has no time stamp", entry.event) or entry.utc is None:
            continue
        late = entry.written + stretch.offset - entry.utc
        if not case.check(
            abs(late) <= TOLERANCE,
            "the entry stamped %s was written %d s later: not the end of its period" % (to_iso(entry.utc), late),
            entry.event,
        ):
            continue
        if not case.check(entry.volts is not None, "the entry of %s has no average" % to_iso(entry.utc), entry.event):
            continue
        end = entry.utc - stretch.offset
        mean = fed_mean(trace, device, end - stretch.period, end)
        if mean is not None and entry.volts is not None:
            case.check(
                abs(mean - entry.volts) <= RESOLUTION,
                "the entry of %s holds %.3f V, the samples had a mean of %.3f V" % (to_iso(entry.utc), entry.volts, mean),
                entry.event,
            )
    return case.result("every entry holds the average and the end of its period", NO_ENTRIES)


@judges(
    "REQ-085A-5",
    severity=3,
    reference="measures over 1800 s until another period is written",
    tests=["AT-085A-1"],
)
def default_period(trace: Trace, device: str) -> Finding:
    configuration = trace.header.get("devices", {}).get(device, {}).get("configuration", {})
    if configuration.get("voltage_period", DEFAULT_PERIOD) != DEFAULT_PERIOD:
        return Case().result("", "the scenario sets a period of its own before the start")
    case = Case()
    seen = measurement(trace, device)
    for stretch in seen.stretches:
        if stretch.cause == PERIOD:
            break
        for one, other in zip(stretch.entries, stretch.entries[1:], strict=False):
            if one.utc is not None and other.utc is not None:
                apart = other.utc - one.utc
                case.check(
                    apart == DEFAULT_PERIOD,
                    "entries %s and %s are %d s apart though no period was written"
                    % (to_iso(one.utc), to_iso(other.utc), apart),
                    one.event,
                    other.event,
                )
    return case.result(
        "entries are 1800 s apart where no period was written", _nothing(seen, "two entries before a period was written")
    )


@judges(
    "REQ-085A-6",
    severity=2,
    reference="keeps every boundary on the grid of the period, which meets each hh:00 and hh:30",
    tests=["AT-085A-3", "AT-085A-6"],
)
def dividing_period(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for stretch in seen.stretches:
        if HALF_HOUR % stretch.period == 0:
            _check_grid(case, stretch)
    return case.result("boundaries stay on the hour and half hour grid", _nothing(seen, "a period that divides 1800 s"))


@judges(
    "REQ-085A-7",
    severity=2,
    reference="starts a long period on hh:00 or hh:30, whichever comes first",
    tests=["AT-085A-4"],
)
def multiple_period(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for stretch in seen.stretches:
        if stretch.period % HALF_HOUR == 0 and stretch.period > HALF_HOUR:
            _check_grid(case, stretch)
    return case.result("long periods start on hh:00 or hh:30", _nothing(seen, "a period that is a multiple of 1800 s"))


@judges(
    "REQ-085A-8",
    severity=4,
    reference="runs on from the anchor without gaps (anchor=commence)",
    tests=["AT-085A-5"],
)
def odd_period(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    used: set[str] = set()
    for stretch in seen.stretches:
        if stretch.fits or not stretch.entries:
            continue
        fitting = [anchor for anchor in (COMMENCE, RESTART) if _follows(stretch, anchor)]
        used.update(fitting[:1])
        case.check(
            bool(fitting),
            "entries with a period of %d s follow neither anchor=commence nor anchor=restart" % stretch.period,
            *_events(stretch.entries),
        )
    return case.result("anchor=%s was used" % " and ".join(sorted(used)), _nothing(seen, "a period that does not fit 1800 s"))


@judges(
    "REQ-085A-9",
    severity=4,
    reference="drops the running period without an entry and starts at the next hh:00 or hh:30",
    tests=["AT-085A-6"],
)
def period_written(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for stretch in _with_cause(seen, PERIOD):
        _check_first_entry(case, stretch)
    return case.result(
        "a new period starts at the next hh:00 or hh:30, the running one leaves no entry",
        _nothing(seen, "a period being written"),
    )


@judges(
    "REQ-085A-10",
    severity=4,
    reference="leaves no entry for the broken period and starts at the next hh:00 or hh:30 after power returns",
    tests=["AT-085A-7"],
)
def power_loss(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for stretch in _with_cause(seen, POWER):
        _check_first_entry(case, stretch)
        _check_no_zero(case, stretch.entries)
    _check_after_gaps(case, seen)
    for span in seen.unpowered:
        for entry in seen.entries:
            covers = entry.utc is not None and span.begin < entry.utc <= span.end
            if covers or span.begin < entry.written < span.end:
                case.fails("there is an entry for %s, when the meter had no power" % _stamp(entry), span.event, entry.event)
    return case.result("no entry for a broken period, the next starts on hh:00 or hh:30", _nothing(seen, "a loss of power"))


@judges(
    "REQ-085A-12",
    severity=4,
    reference="stores nothing while its clock is invalid",
    tests=["AT-099-2", "test_voltage"],
)
def clock_invalid(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for span in seen.clockless:
        inside = [entry for entry in seen.entries if span.begin < entry.written < span.end]
        if inside:
            case.fails("an entry was stored while the clock was invalid", span.event, *_events(inside))
        elif span.end - span.begin >= HALF_HOUR:
            case.seen(span.event)
    return case.result(
        "nothing was stored while the clock was invalid", "the clock of the meter was never invalid for half an hour"
    )


@judges(
    "REQ-085A-13",
    severity=4,
    reference="stores averages of whole periods alone",
    tests=["AT-085A-6", "AT-085A-7"],
)
def whole_periods(trace: Trace, device: str) -> Finding:
    case = Case()
    seen = measurement(trace, device)
    for entry, stretch in seen.placed():
        if entry.utc is None:
            continue
        if stretch is None:
            case.fails("the entry of %s was stored while the meter could not measure" % to_iso(entry.utc), entry.event)
        else:
            whole = entry.utc - stretch.period >= stretch.begin + stretch.offset - TOLERANCE or stretch.event is None
            case.check(
                whole,
                "the entry of %s averages less than the %d s of its period" % (to_iso(entry.utc), stretch.period),
                entry.event,
            )
    return case.result("every average covers a whole period", NO_ENTRIES)


def _with_cause(seen: Measurement, *causes: str) -> list[Stretch]:
    return [stretch for stretch in seen.stretches if stretch.cause in causes]


def _placed(seen: Measurement) -> Iterable[tuple[Entry, Stretch]]:
    for stretch in seen.stretches:
        for entry in stretch.entries:
            yield entry, stretch


def _events(found: Iterable[Entry]) -> list:  # type: ignore[type-arg]
    return [entry.event for entry in found]


def _stamp(entry: Entry) -> str:
    return to_iso(entry.utc) or "no time"


def _nothing(seen: Measurement, what: str) -> str:
    return "the trace does not show %s" % what if seen.entries else NO_ENTRIES


def _check_first_entry(case: Case, stretch: Stretch) -> None:
    """The first entry of a stretch is that of the period that begins at the next hh:00 or hh:30."""
    expected = to_iso(stretch.first_due)
    causes = [stretch.event] if stretch.event is not None else []
    if not stretch.entries:
        if stretch.surely_due():
            case.fails("no entry was stored, %s was due first" % expected, *causes)
        return
    first = stretch.entries[0]
    off = "" if first.utc is None else ", %d s off" % (first.utc - stretch.first_due)
    case.check(
        first.utc == stretch.first_due,
        "the first entry is stamped %s, due was %s%s" % (_stamp(first), expected, off),
        *causes,
        first.event,
    )


def _check_after_gaps(case: Case, seen: Measurement) -> None:
    """After a gap of a log, whatever it came from, a period begins on hh:00 or hh:30, or where one would have begun."""
    before: Entry | None = None
    for stretch in seen.stretches:
        first = stretch.entries[0] if stretch.entries else None
        if stretch.cause == GAP and first is not None and first.utc is not None:
            began = first.utc - stretch.period
            goes_on = before is not None and before.utc is not None and (began - before.utc) % stretch.period == 0
            case.check(
                began % HALF_HOUR == 0 or goes_on,
                "after a gap a period began at %s, not on hh:00 or hh:30" % to_iso(began),
                first.event,
            )
        if stretch.event is None:
            # A meter on one phase has no power while there are no volts; of three phases one may be dead.
            _check_no_zero(case, [entry for entry in stretch.entries if not (entry.event.get("entry") or {}).get("phases")])
        before = stretch.entries[-1] if stretch.entries else before


def _check_no_zero(case: Case, found: list[Entry]) -> None:
    for entry in found:
        if entry.volts == 0:
            case.fails("the entry of %s pads the outage with zero volts" % _stamp(entry), entry.event)


def _check_grid(case: Case, stretch: Stretch) -> None:
    """Every entry is due, none twice, none left out."""
    if stretch.event is None and stretch.entries:
        off = stretch.anchor % min(stretch.period, HALF_HOUR)
        case.check(
            off == 0, "periods of %d s begin %d s off the hour and half hour" % (stretch.period, off), stretch.entries[0].event
        )
    due = set(stretch.due())
    written = set()
    for entry in stretch.entries:
        fresh = entry.utc not in written
        written.add(entry.utc)
        if not fresh:
            case.fails("%s is stored twice" % _stamp(entry), entry.event)
        else:
            case.check(
                entry.utc in due,
                "the entry of %s is off the grid of %d s from %s" % (_stamp(entry), stretch.period, to_iso(stretch.anchor)),
                entry.event,
            )
    missing = sorted(set(stretch.surely_due()) - written)
    if stretch.entries and missing:
        case.fails("no entry was stored for %s" % to_iso(missing[0]), stretch.entries[0].event)


def _follows(stretch: Stretch, anchor: str) -> bool:
    stamps = [entry.utc for entry in stretch.entries]
    return set(stretch.surely_due(anchor)) <= set(stamps) <= set(stretch.due(anchor)) and len(set(stamps)) == len(stamps)
