# SPDX-License-Identifier: Apache-2.0
"""Maximum demand: the greatest mean power of a half hour that starts at minute 00 or 30, stamped at its end (REQ-ESME-8)."""

from han.clock import HALF_HOUR

_STORE = "maximum_demand"
_HALF_HOURS_AN_HOUR = 2


class MaximumDemand:
    """Watts and the UTC of the end of their half hour: `greatest` since the meter was made, `shown` since the change of
    tenancy, which is what a reader on the HAN gets. `values` keeps both."""

    def __init__(self, values):
        self._values = values
        kept = values.get(_STORE)
        self.greatest, self.shown, self._since = kept if kept else (None, None, None)

    def take(self, utc, watt_hours, since):
        """A half hour ended at `utc`; `since` is the change of tenancy in force. Whether it was the greatest."""
        self.hide_before(since)
        watts = watt_hours * _HALF_HOURS_AN_HOUR
        found = _is_greater(watts, self.greatest)
        shown = (since is None or utc - HALF_HOUR >= since) and _is_greater(watts, self.shown)
        if found:
            self.greatest = (watts, utc)
        if shown:
            self.shown = (watts, utc)
        if found or shown:
            self._keep()
        return found

    def hide_before(self, since):
        """A change of tenancy: a demand of before it is not for the HAN."""
        if since == self._since:
            return
        self._since = since
        if self.shown is not None and since is not None and self.shown[1] - HALF_HOUR < since:
            self.shown = None
        self._keep()

    def _keep(self):
        self._values.set(_STORE, (self.greatest, self.shown, self._since))


def _is_greater(watts, known):
    return known is None or watts > known[0]
