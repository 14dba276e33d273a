# SPDX-License-Identifier: Apache-2.0
"""How long a meter, or one phase of it, was without supply (REQ-ESME-4, REQ-GSME-7)."""

from micropython import const

LONG = const(180)  # seconds: "3 minutes or longer"

_STORE = "power"
_RUNNING = const(0)
_DEAD = const(50000)  # millivolts below which a phase is not supplied (I)
_BELOW = const(-1)


class Outage:
    """`values` keeps when the power went: a meter has the time to write that down.

    A board that loses its power without warning has not; then the outage is known, and how long it took is not.
    """

    def __init__(self, values):
        self._values = values

    def begins(self, utc):
        """The power goes at `utc`, None while the clock has no time."""
        self._values.set(_STORE, [utc])

    def ends(self):
        """The power is back: [utc at which it went, None where that is not known], None at the very first start."""
        kept = self._values.get(_STORE)
        self._values.set(_STORE, _RUNNING)
        return [None] if kept == _RUNNING else kept


def is_long(began, utc):
    """Whether an outage that began at `began` lasted for three minutes or longer; one of unknown length did not."""
    return began is not None and utc is not None and utc - began >= LONG


class PhaseWatch:
    """One phase of a meter that the others keep running. `feed` is its voltage in millivolts."""

    def __init__(self, feed):
        self._feed = feed
        self._dead = None  # node time at which it went

    def look(self, time):
        """Seconds for which the phase was dead, when it has just come back; None otherwise."""
        if self._feed.now(time) < _DEAD:
            if self._dead is None:
                self._dead = time
            return None
        began = self._dead
        self._dead = None
        return None if began is None else time - began

    def deadline(self, time):
        """When to look again, None when nothing will change by itself."""
        return self._feed.crosses(time, _DEAD, _BELOW)
