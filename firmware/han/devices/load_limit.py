# SPDX-License-Identifier: Apache-2.0
"""The load limit of an electricity meter: import above a threshold for some seconds is told, and where that is set the
supply goes off until it is restored (REQ-ESME-3)."""

from micropython import const

ABOVE_LIMIT = const(0x8F01)  # events [alert code table]
DISABLED = const(0x8F33)
RESTORED = const(0x8F34)

PERIOD = const(30)  # seconds that the import lasts above the limit
RESTORATION = const(300)  # seconds until the supply is enabled again; the default of a real meter is not public (I)

_STORE = "load_limit"
_ABOVE = const(1)


class LoadLimit:
    """`feed` is the load in watts; `settings` has `watts`, and may have `period`, `restoration` (s) and `disables`; None
    for a meter without a limit. `values` keeps the counter and when the supply comes back.

    `event(code)` logs and alerts, `disable()` has the supply disabled and armed, `enable()` enables a supply that is armed
    and returns whether it did.
    """

    def __init__(self, feed, values, settings, event, disable, enable):
        self._feed = feed
        self._values = values
        settings = settings or {}
        self.watts = settings.get("watts")
        self._period = settings.get("period", PERIOD)
        self._restoration = settings.get("restoration", RESTORATION)
        self._disables = settings.get("disables", False)
        self._event = event
        self._disable = disable
        self._enable = enable
        self.counter, self._restored_utc = values.get(_STORE, (0, None))
        self._since = None  # when the import went above the limit
        self._told = False
        self._restored_at = None

    def start(self, clock, time):
        """Power is on: a supply that waits to be restored is waited for again, from now on where the clock is lost."""
        self._since = None
        self._told = False
        self._restored_at = None
        if self._restored_utc is not None:
            known = clock.utc(time) is not None
            self._restored_at = max(time, clock.time_of(self._restored_utc)) if known else time + self._restoration

    def look(self, clock, supplied, time):
        """Compare the import with the limit, restore what is due."""
        if self._restored_at is not None and time >= self._restored_at:
            self._wait(None, None)
            if self._enable():
                self._event(RESTORED)
                supplied = True
        if self.watts is None or not supplied or self._feed.now(time) <= self.watts:
            self._since = None
            self._told = False
            return
        if self._since is None:
            self._since = time
        if not self._told and time - self._since >= self._period:
            self._told = True
            self._exceeded(clock, time)

    def supply_came_on(self):
        """Somebody else enabled the supply: nothing is left to be restored."""
        if self._restored_at is not None:
            self._wait(None, None)

    def deadline(self, supplied, time):
        """When to look again, None when nothing will change by itself."""
        found = self._restored_at
        if self.watts is not None and supplied:
            due = self._feed.crosses(time, self.watts, _ABOVE)
            if self._since is not None and not self._told:
                lasted = self._since + self._period
                due = lasted if due is None else min(due, lasted)
            if due is not None and (found is None or due < found):
                found = due
        return found

    def _exceeded(self, clock, time):
        self.counter += 1
        self._event(ABOVE_LIMIT)
        if not self._disables:
            self._wait(None, None)
            return
        self._event(DISABLED)
        self._disable()
        self._since = None
        self._told = False
        utc = clock.utc(time)
        self._wait(time + self._restoration, None if utc is None else utc + self._restoration)

    def _wait(self, at, utc):
        self._restored_at = at
        self._restored_utc = utc
        self._values.set(_STORE, (self.counter, utc))
