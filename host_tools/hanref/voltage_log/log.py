# SPDX-License-Identifier: GPL-3.0-or-later
"""A log of averages: rows of a period each, and what can be said of their times."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from hanref.moments import HALF_HOUR

TOLERANCE = 10  # seconds a period may be long or short when the clock was adjusted [REQ-085A-11]


@dataclass(frozen=True)
class Row:
    """An average: `utc` is the end of its period, `volts` one value a phase, `line` where it stands in the file."""

    utc: int
    volts: tuple[float, ...]
    line: int


@dataclass(frozen=True)
class Gap:
    """Nothing was logged after `last` (utc of an entry) until the period that ended at `next`."""

    last: int
    next: int
    period: int

    @property
    def seconds(self) -> int:
        """How long the log knows nothing."""
        return self.next - self.period - self.last


class VoltageLog:
    """Rows in order of time, of one `period` in seconds. `blank` counts the rows without a value, which are left out."""

    def __init__(self, rows: list[Row], period: int, blank: int = 0) -> None:
        self.rows = rows
        self.period = period
        self.blank = blank

    @property
    def phases(self) -> int:
        return len(self.rows[0].volts)

    @property
    def fits(self) -> bool:
        """Whether the period divides half an hour or is a multiple of it."""
        return HALF_HOUR % self.period == 0 or self.period % HALF_HOUR == 0

    def gaps(self) -> list[Gap]:
        """Where periods are missing. One that was cut short at a half hour [REQ-085A-8] is no gap."""
        longest = self.period + TOLERANCE if self.fits else 2 * self.period - 1
        return [
            Gap(one.utc, other.utc, self.period) for one, other in pairwise(self.rows) if other.utc - one.utc > longest
        ]

    def offsets(self) -> list[tuple[int, int]]:
        """(seconds after the grid of the period, number of entries), the commonest first. The grid meets each hh:00 and
        hh:30, so for half hours it is the offset from them."""
        grid = min(self.period, HALF_HOUR)
        return Counter(row.utc % grid for row in self.rows).most_common()


def usual_period(rows: list[Row]) -> int | None:
    """The commonest time between two rows, None where there are not two times."""
    apart = Counter(other.utc - one.utc for one, other in pairwise(rows) if other.utc != one.utc)
    return min(apart, key=lambda seconds: (-apart[seconds], seconds)) if apart else None
