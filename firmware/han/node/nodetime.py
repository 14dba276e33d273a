# SPDX-License-Identifier: Apache-2.0
"""The node's time: seconds since 2000 that run with the board's tick counter, or stand still until the bench steps them."""

from han.errors import BenchError

RUNNING = "running"
HELD = "held"


class Ticks:
    """Milliseconds that only go forward, from a counter that wraps around: ask more often than it does.

    `counter()` gives its value, `difference(later, earlier)` subtracts two of them.
    """

    def __init__(self, counter, difference):
        self._counter = counter
        self._difference = difference
        self._last = counter()
        self._passed = 0

    def milliseconds(self):
        """Milliseconds since the object was made."""
        now = self._counter()
        self._passed += self._difference(now, self._last)
        self._last = now
        return self._passed


class NodeTime:
    """`milliseconds()` only goes forward; `utc` is the time now, None while it is not known. Held, it stands until `step`."""

    def __init__(self, milliseconds, utc=None, mode=RUNNING):
        self.mode = mode
        self.milliseconds = milliseconds
        self._since = milliseconds()
        self._utc = utc  # at `_since`

    def now(self):
        """The time in seconds, None before it was first set."""
        if self._utc is None or self.mode == HELD:
            return self._utc
        return self._utc + (self.milliseconds() - self._since) // 1000

    def set(self, utc):
        """It is `utc` now, and time runs."""
        self.mode = RUNNING
        self._utc = utc
        self._since = self.milliseconds()

    def step(self, utc):
        """It is `utc` now, and time stands; raises BenchError where a time that stands would go back."""
        if self.mode == HELD and self._utc is not None and utc < self._utc:
            raise BenchError("time stands at %d and cannot be stepped back to %d" % (self._utc, utc))
        self.mode = HELD
        self._utc = utc

    def milliseconds_until(self, utc):
        """How long until a moment: 0 when it has come, None while time stands or is not known."""
        if self._utc is None or self.mode == HELD:
            return None
        return max(0, (utc - self._utc) * 1000 - (self.milliseconds() - self._since))
