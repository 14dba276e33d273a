# SPDX-License-Identifier: GPL-3.0-or-later
"""Timings as distributions: what is told of them, and when two of them count as different."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from math import log, sqrt

_SIGNIFICANCE = 0.001
_FEW = 8  # below this many, shapes say nothing and only middles are compared
_LEAST_RATIO = 1.1  # what is significant and small is no difference a person would care for
_LEAST_RATIO_OF_FEW = 1.5
_LEAST = 0.25  # seconds
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_KEPT = 5000  # values; more are thinned evenly


class Distribution:
    """Durations in seconds. `add` them; ask for quantiles, a text, or whether another one differs."""

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values = array("d", values)
        self._step = 1
        self._sorted = False
        self.count = len(self._values)

    def add(self, seconds: float) -> None:
        if self.count % self._step == 0:
            self._values.append(seconds)
            self._sorted = False
            if len(self._values) >= 2 * _KEPT:
                self._values = self._values[::2]
                self._step *= 2
        self.count += 1

    @property
    def values(self) -> "array[float]":
        """What is kept, in order of size."""
        if not self._sorted:
            self._values = array("d", sorted(self._values))
            self._sorted = True
        return self._values

    def quantile(self, share: float) -> float:
        """The value below which that share lies; 0 without values."""
        values = self.values
        return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    def text(self) -> str:
        """As a person reads it: the middle, and the span of nine in ten."""
        if not self.count:
            return "none"
        low, high = self.quantile(0.05), self.quantile(0.95)
        if high - low < 0.0005 + 0.01 * self.median:
            return seconds_text(self.median)
        return "%s (%s to %s)" % (seconds_text(self.median), seconds_text(low), seconds_text(high))

    def as_dict(self) -> dict[str, float]:
        """For JSON: count and quantiles in seconds."""
        return {
            "count": self.count,
            **{name: round(self.quantile(share), 3) for name, share in (("p5", 0.05), ("median", 0.5), ("p95", 0.95))},
        }

    def differs(self, other: "Distribution") -> bool:
        """Whether the two are not of one kind, as far as the numbers of values can tell.

        Two-sample Kolmogorov-Smirnov; and somewhere a quantile must differ by more than a tenth and a quarter second.
        """
        if not self.count or not other.count:
            return bool(self.count) != bool(other.count)
        if min(self.count, other.count) < _FEW:
            return _apart(self.median, other.median, _LEAST_RATIO_OF_FEW)
        if not any(_apart(self.quantile(share), other.quantile(share), _LEAST_RATIO) for share in _SHARES):
            return False
        n, m = len(self.values), len(other.values)
        return _greatest_distance(self.values, other.values) > sqrt(-log(_SIGNIFICANCE / 2) / 2) * sqrt((n + m) / (n * m))


def _greatest_distance(one: "array[float]", other: "array[float]") -> float:
    return max(abs(bisect_right(one, x) / len(one) - bisect_right(other, x) / len(other)) for x in {*one, *other})


def _apart(one: float, other: float, ratio: float) -> bool:
    low, high = sorted((one, other))
    return high - low > _LEAST and high > ratio * low


def seconds_text(seconds: float) -> str:
    """A duration as people write it: 40 ms, 10.0 s, 30 min, 24 h."""
    if seconds < 1:
        return "%.0f ms" % (seconds * 1000)
    if seconds < 120:
        return "%.1f s" % seconds
    if seconds < 7200:
        return "%.1f min" % (seconds / 60)
    return "%.1f h" % (seconds / 3600)
