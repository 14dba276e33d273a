# SPDX-License-Identifier: Apache-2.0
"""Average RMS voltage: measurement periods that start on the hour or half hour (REQ-085A-1 to 16)."""

from han.clock import HALF_HOUR

COMMENCE = "commence"  # periods run on from the first anchor (REQ-085A-8, I)
RESTART = "restart"  # a period that does not fit is cut at each hh:00 and hh:30 (REQ-085A-8, I)

TOLERANCE = 10  # seconds a clock adjustment may stretch or shorten a period (REQ-085A-11)


class MeasurementPeriods:
    """When periods begin and end, and the averages over whole ones.

    `inputs` holds a metrology.Feed in millivolts a phase, all on the same boundaries (REQ-085A-15). `store(utc, averages)` is
    called once a whole period with the UTC of its end (REQ-085A-3) and the millivolts of each phase. All `utc`
    are the meter's clock, `time` the node's.
    """

    def __init__(self, inputs, store, period=1800, anchor=COMMENCE):
        self.inputs = inputs
        self.period = period
        self.anchor = anchor
        self._store = store
        self._start = None
        self._end = None  # None while waiting for the start
        self._totals = ()
        self._began = 0

    def begin(self, utc):
        """Wait for the next hh:00 or hh:30; the boundary instant counts as a start (REQ-085A-1, AT-085A-2)."""
        self._start = utc + -utc % HALF_HOUR
        self._end = None

    def abandon(self):
        """The running period is dropped without an entry (REQ-085A-9, 10, 12)."""
        self._start = None
        self._end = None

    def set_period(self, seconds, utc):
        """A new period was written: drop the running one, start over at the next boundary (REQ-085A-9)."""
        self.period = seconds
        if utc is None:
            self.abandon()
        else:
            self.begin(utc)

    def deadline(self):
        """The meter's UTC of the next boundary, None when nothing is measured."""
        return self._start if self._end is None else self._end

    def tick(self, utc, time):
        """The clock reads `utc`: begin and end what is due."""
        if self._start is None:
            return
        if self._end is None and utc >= self._start:
            self._open(utc, time)
        elif self._end is not None and utc >= self._end:
            if utc - self._end > TOLERANCE:
                self.begin(utc)  # the boundary was missed: no entry for a period of unknown length
            else:
                self._close(time)
                self._open(utc, time)

    def _open(self, utc, time):
        if utc - self._start > TOLERANCE:
            self.begin(utc)
            if utc < self._start:
                return
        self._totals = [source.total(time) for source in self.inputs]
        self._began = time
        end = self._start + self.period
        boundary = self._start - self._start % HALF_HOUR + HALF_HOUR
        if self.anchor == RESTART and HALF_HOUR % self.period and self.period % HALF_HOUR and end > boundary:
            self._start = boundary  # would be cut there: no average of less than the whole period (REQ-085A-13)
            self._end = None
        else:
            self._end = end

    def _close(self, time):
        seconds = time - self._began
        if seconds > 0:
            averages = [
                (source.total(time) - total + seconds // 2) // seconds
                for source, total in zip(self.inputs, self._totals)
            ]
            self._store(self._end, averages)
        self._start = self._end


class AverageThresholds:
    """Over- and under-voltage by consecutive period averages (REQ-085A-14, REQ-ESME-V2).

    `crossings(averages)` gives (code, phase) of each event; codes are those of phase-less events, phases 1 to 3
    of a polyphase meter are the next three [alert codes].
    """

    OVER = 0x8002
    OVER_RETURN = 0x8085
    UNDER = 0x8006
    UNDER_RETURN = 0x8089

    def __init__(self, phases, over=264000, under=200000):
        self.over = [over] * phases
        self.under = [under] * phases
        self.over_counters = [0] * phases
        self.under_counters = [0] * phases
        self._over = [False] * phases
        self._under = [False] * phases

    def crossings(self, averages):
        events = []
        polyphase = len(averages) > 1
        for phase, value in enumerate(averages):
            place = phase + 1 if polyphase else 0
            over = value > self.over[phase]
            if over != self._over[phase]:
                self._over[phase] = over
                self.over_counters[phase] += over
                events.append((self.OVER if over else self.OVER_RETURN) + place)
            under = value < self.under[phase]
            if under != self._under[phase]:
                self._under[phase] = under
                self.under_counters[phase] += under
                events.append((self.UNDER if under else self.UNDER_RETURN) + place)
        return events
