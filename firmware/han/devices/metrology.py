# SPDX-License-Identifier: Apache-2.0
"""What is measured, as the bench feeds it: voltage, load, gas flow. One sample a second, sums instead of samples."""


class Feed:
    """An integer quantity with one sample each second: constant, a ramp, or a swing around a value.

    Units are the caller's (millivolts, watts, millilitres an hour). `total(time)` is the sum of all samples up to
    `time`, so the difference of two totals is the sum between them, exact but for one rounding a ramp, however often the
    total is asked for.
    """

    def __init__(self, value):
        self._sum = 0  # up to the start of the present leg
        self._until = None  # the last question; there are no samples up to the first
        self._steady(0, value)

    def constant(self, time, value):
        """From `time` on the quantity is `value`."""
        self.total(time)
        self._steady(time, value)

    def ramp(self, time, value, to, over):
        """From `value` at `time` to `to` after `over` seconds, constant then."""
        self.total(time)
        self._begin(time, value, ((to, over),), False)

    def swing(self, time, value, swing, period):
        """A triangle of height `swing` around `value`, rising first, each `period` seconds."""
        self.total(time)
        quarter = period // 4
        self._begin(
            time,
            value,
            ((value + swing, quarter), (value - swing, period - 2 * quarter), (value, quarter)),
            True,
        )

    def now(self, time):
        """The quantity at `time`, which must not lie before the last question."""
        self.total(time)
        if self._over is None:
            return self._from
        return self._from + (self._to - self._from) * (time - self._start) // self._over

    def total(self, time):
        """Sum of the samples at every whole second up to and including `time`."""
        if self._until is None:
            self._until = self._start = time
        elif time > self._until:
            self._until = time
        while self._over is not None and time >= self._start + self._over:
            self._sum += self._of_leg(self._over)
            self._next_leg()
        return self._sum + self._of_leg(time - self._start)

    def _of_leg(self, seconds):
        """Sum of the first samples of the present leg, which follow its start."""
        if not self._over:
            return seconds * self._from
        return seconds * self._from + (self._to - self._from) * (seconds * (seconds + 1) // 2) // self._over

    def crosses(self, time, threshold, side):
        """The first second after `time` at which being beyond `threshold` (above it for side 1, below for -1) changes.

        None when it does not as long as nothing else is fed; the present leg and one round of a swing are looked at.
        """
        beyond = (self.now(time) - threshold) * side > 0
        start, begin, to, over, leg = self._start, self._from, self._to, self._over, self._leg
        for _ in range(len(self._legs) + 1):
            if over is None:
                return None
            if ((to - threshold) * side > 0) != beyond:
                return self._first_beyond(max(time + 1, start), start, begin, to, over, threshold, side, beyond)
            start, begin = start + over, to
            leg += 1
            if leg == len(self._legs):
                if not self._repeat:
                    return None
                leg = 0
            to, over = self._legs[leg]
        return None

    def _first_beyond(self, low, start, begin, to, over, threshold, side, beyond):
        """Bisection on a leg that ends on the other side of the threshold."""
        high = start + over
        while low < high:
            middle = (low + high) // 2
            value = begin + (to - begin) * (middle - start) // over
            if ((value - threshold) * side > 0) != beyond:
                high = middle
            else:
                low = middle + 1
        return low

    def _steady(self, time, value):
        self._begin(time, value, (), False)

    def _begin(self, time, value, legs, repeat):
        asked = self._until
        if asked is not None:
            self._sum = self.total(asked)
        self._start = time
        self._from = value
        self._legs = legs
        self._repeat = repeat
        self._leg = -1
        self._to = value
        self._over = 0
        self._next_leg()
        if asked is not None and asked > time:
            # It began earlier, while nobody measured or it was counted otherwise: it has gone on since, and adds nothing.
            before = self._sum
            counted = self.total(asked) - before
            self._sum -= counted

    def _next_leg(self):
        self._start += self._over
        self._from = self._to
        self._leg += 1
        if self._leg == len(self._legs):
            if not self._repeat:
                self._over = None
                return
            self._leg = 0
        self._to, self._over = self._legs[self._leg]


def feed(quantity, arguments, name, time, scale=1):
    """Apply the bench's `{name: value[, "swing", "swing_period"]}` or `{name: value, "to", "over"}`; values times `scale`.

    With `elapsed` it began so many seconds ago: what is measured went on while the meter had no power.
    """
    time -= arguments.get("elapsed", 0)
    value = _scaled(arguments[name], scale)
    if arguments.get("swing"):
        quantity.swing(time, value, _scaled(arguments["swing"], scale), arguments.get("swing_period", 3600))
    elif "to" in arguments:
        quantity.ramp(time, value, _scaled(arguments["to"], scale), arguments["over"])
    else:
        quantity.constant(time, value)


def _scaled(value, scale):
    return int(value * scale + 0.5)
