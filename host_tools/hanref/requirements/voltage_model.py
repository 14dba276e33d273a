# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace shows of a meter's voltage measurement: stretches of undisturbed measuring, and log entries.

A stretch begins when the meter can measure (power, a valid clock, a period) and ends with the next disturbance. Its
first period begins at the next hh:00 or hh:30, and entries follow a period apart [REQ-085A-1, 6 to 10, 12].
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from hanref.moments import HALF_HOUR, moment
from hanref.requirements.clock_model import offset_after, status_after
from hanref.trace import Event, Trace

TOLERANCE = 10  # seconds a meter's clock may be off UTC [REQ-CLK-1]
DEFAULT_PERIOD = 1800  # REQ-085A-5

COMMENCE = "commence"
RESTART = "restart"

START = "start"
POWER = "power"
PERIOD = "period"
CLOCK = "clock"
GAP = "gap"  # a log says nothing of a time, nor why


@dataclass
class Entry:
    """A log entry: `utc` as the meter stamped it, None where the stamp is no time."""

    event: Event
    utc: int | None
    volts: float | None

    @property
    def written(self) -> int:
        """True time at which it was written."""
        return self.event.utc


@dataclass
class Span:
    """A time, in true utc, in which the meter could not measure, and the event that began it."""

    begin: int
    end: int
    event: Event


@dataclass
class Stretch:
    """Undisturbed measuring from `begin` to `end` (true utc) with one period.

    `cause` is what made it begin, `event` the event that shows it: None where the trace begins in the middle.
    `offset` is the meter's clock minus true time.
    """

    begin: int
    end: int
    period: int
    cause: str
    event: Event | None
    offset: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether the period divides half an hour or is a multiple of it."""
        return HALF_HOUR % self.period == 0 or self.period % HALF_HOUR == 0

    @property
    def anchor(self) -> int:
        """The meter's utc at which the first period begins."""
        if self.event is None and self.entries and self.entries[0].utc is not None:
            return self.entries[0].utc - self.period  # begun before the trace: its first entry tells
        utc = self.begin + self.offset
        return utc + -utc % HALF_HOUR

    def due(self, anchor: str = COMMENCE) -> list[int]:
        """Stamps of the entries that fall due up to the end, the last one perhaps with the end itself."""
        stamps = []
        start = self.anchor
        last = self.end + self.offset
        while start + self.period <= last + TOLERANCE:
            end = start + self.period
            boundary = start - start % HALF_HOUR + HALF_HOUR
            if anchor == RESTART and not self.fits and end > boundary:
                start = boundary
                continue
            stamps.append(end)
            start = end
        return stamps

    def surely_due(self, anchor: str = COMMENCE) -> list[int]:
        """As `due`, without what falls due so near the end that it need not be written."""
        return [stamp for stamp in self.due(anchor) if stamp < self.end + self.offset - TOLERANCE]

    @property
    def first_due(self) -> int:
        return self.anchor + self.period


@dataclass
class Measurement:
    """All stretches of a meter, its entries, and when it had no valid clock or no power."""

    stretches: list[Stretch]
    entries: list[Entry]
    clockless: list[Span]
    unpowered: list[Span]

    def placed(self) -> list[tuple[Entry, Stretch | None]]:
        """Every entry with the stretch in which it was written, None where it was written outside of any."""
        homes = {entry.event.n: stretch for stretch in self.stretches for entry in stretch.entries}
        return [(entry, homes.get(entry.event.n)) for entry in self.entries]


def measurement(trace: Trace, meter: str) -> Measurement:
    """What the trace shows of `meter`."""
    walk = _Walk(trace)
    for event in _disturbances(trace, meter):
        walk.take(event)
    walk.close()
    found = entries(trace, meter)
    for stretch in walk.stretches:
        first = bisect_right(found, stretch.begin, key=_written)
        stretch.entries = found[first : bisect_right(found, stretch.end, key=_written)]
    return Measurement(walk.stretches, found, walk.clockless, walk.unpowered)


def entries(trace: Trace, meter: str) -> list[Entry]:
    """Entries of the average RMS voltage log, in the order written."""
    return [
        _entry(event)
        for event in trace.of("store", source=meter)
        if event.get("store") == "average_rms_voltage" and event.get("operation") == "append"
    ]


def fed_mean(trace: Trace, meter: str, begin: int, end: int) -> float | None:
    """The mean of the volts that the bench fed from `begin` to `end` (true utc), None where it cannot be told."""
    orders = [event for event in trace.of("bench", destination=meter) if _feeds_first_phase(event)]
    total = 0.0
    covered = begin
    for order, following in zip(orders, [*orders[1:], None], strict=False):
        until = min(end, following.utc) if following is not None else end
        if until <= covered:
            continue
        if order.utc > covered:
            return None
        piece = _fed_sum(order, covered, until)
        if piece is None:
            return None
        total += piece
        covered = until
        if covered == end:
            return total / (end - begin)
    return None


def _feeds_first_phase(order: Event) -> bool:
    """Whether an order sets the voltage of the phase whose averages an entry's `volts` are."""
    return order.get("verb") == "voltage" and (order.get("arguments") or {}).get("phase", 1) == 1


def _fed_sum(order: Event, begin: int, end: int) -> float | None:
    """Volt-seconds of one order between two moments after it, None for a swing cut in the middle."""
    arguments = order.get("arguments") or {}
    volts = float(arguments.get("volts", 0))
    if arguments.get("swing"):
        return volts * (end - begin) if (end - begin) % arguments.get("swing_period", 3600) == 0 else None
    if "to" not in arguments:
        return volts * (end - begin)
    knee = order.utc + max(1, int(arguments.get("over", 1)))
    slope = (float(arguments["to"]) - volts) / (knee - order.utc)
    ramp_end = min(end, knee)
    total = 0.0
    if begin < ramp_end:
        total += (ramp_end - begin) * (volts + slope * ((begin + ramp_end) / 2 - order.utc))
    return total + max(0, end - max(begin, knee)) * float(arguments["to"])


def _written(entry: Entry) -> int:
    return entry.written


def _entry(event: Event) -> Entry:
    entry = event.get("entry") or {}
    try:
        return Entry(event, moment(entry.get("utc")), entry.get("volts"))
    except ValueError:
        return Entry(event, None, entry.get("volts"))


def _disturbances(trace: Trace, meter: str) -> list[Event]:
    """Power, clock and period of the meter; where it reports no periods, the bench's orders count."""
    periods = [event for event in trace.of("metrology", source=meter) if event.get("name") == "voltage_period"]
    if not periods:
        periods = [event for event in trace.of("bench", destination=meter) if event.get("verb") == "voltage_period"]
    found = trace.of("power", source=meter) + trace.of("clock", source=meter) + periods
    return sorted(found + trace.of("gap", source=meter), key=lambda event: event.n)


class _Walk:
    """Goes through the disturbances of a meter once, in order."""

    def __init__(self, trace: Trace) -> None:
        begin, end = trace.start // 1000, trace.end // 1000
        self._trace = trace
        self.stretches: list[Stretch] = []
        self.clockless: list[Span] = []
        self.unpowered: list[Span] = []
        self._begin = begin
        self._end = end
        self._off: Event | None = None
        self._lost: Event | None = None
        self._period = DEFAULT_PERIOD
        self._offset = 0
        self._open: Stretch | None = Stretch(begin, end, self._period, START, None, 0)

    def take(self, event: Event) -> None:
        if event.kind == "power":
            self._power(event)
        elif event.kind == "clock":
            self._clock(event)
        elif event.kind == "gap":
            self._stop(event.utc)
            if not event.get("begins"):
                self._open = Stretch(event.utc, self._end, self._period, GAP, None, self._offset)
        else:
            self._written(event)

    def close(self) -> None:
        """The trace ends."""
        self._stop(self._end)
        if self._lost is not None:
            self.clockless.append(Span(self._lost.utc, self._end, self._lost))
        if self._off is not None:
            self.unpowered.append(Span(self._off.utc, self._end, self._off))

    def _power(self, event: Event) -> None:
        if not event.get("on"):
            self._off = self._off or event
            self._stop(event.utc)
        elif self._off is not None:
            self.unpowered.append(Span(self._off.utc, event.utc, self._off))
            self._off = None
            self._start(event, POWER)
        elif event.utc <= self._begin + 1 and self._open is not None:
            self._open.event = event  # power came on where the trace begins

    def _clock(self, event: Event) -> None:
        valid = status_after(self._trace, event) != "invalid"
        before = self._offset
        self._offset = offset_after(self._trace, event, before)
        stepped = abs(self._offset - before) > TOLERANCE
        if not valid:
            self._lost = self._lost or event
            self._stop(event.utc)
        elif self._lost is not None or stepped:
            if self._lost is not None:
                self.clockless.append(Span(self._lost.utc, event.utc, self._lost))
                self._lost = None
            self._stop(event.utc)
            self._start(event, CLOCK)
        elif self._open is not None:
            self._open.offset = self._offset
            if event.utc <= self._begin + 1:
                self._open.event = event

    def _written(self, event: Event) -> None:
        """A period: reported with the start of a stretch, or written into a running one."""
        arguments = event.get("arguments") or {}
        period = event.get("value", arguments.get("seconds"))
        if not isinstance(period, int) or period <= 0:
            return
        self._period = period
        if self._open is None:
            return
        if event.utc <= self._open.begin:
            self._open.period = period
        else:
            self._stop(event.utc)
            self._start(event, PERIOD)

    def _start(self, event: Event, cause: str) -> None:
        if self._off is None and self._lost is None:
            self._open = Stretch(event.utc, self._end, self._period, cause, event, self._offset)

    def _stop(self, utc: int) -> None:
        if self._open is not None and utc > self._open.begin:
            self._open.end = utc
            self.stretches.append(self._open)
        self._open = None
