# SPDX-License-Identifier: Apache-2.0
"""Sag, swell and extreme voltage: a condition that lasts, and its end that lasts as long (REQ-ESME-V1)."""

ABOVE = 1
BELOW = -1

# name: (side, threshold in millivolts, seconds, event when it begins, event when it ends); codes of a single-phase
# meter, phases 1 to 3 of a polyphase one are the next three [device requirements 5.2].
DEFAULTS = (
    ("extreme_over", ABOVE, 287000, 30, 0x8020, 0x808D),
    ("swell", ABOVE, 253000, 30, 0x8024, 0x8091),
    ("extreme_under", BELOW, 180000, 30, 0x8028, 0x8095),
    ("sag", BELOW, 216000, 30, 0x802C, 0x8099),
)


class Excursion:
    """One condition on one phase. `threshold` (mV) and `seconds` may be changed while it runs."""

    def __init__(self, side, threshold, seconds, begins, ends):
        self.side = side
        self.threshold = threshold
        self.seconds = seconds
        self.active = False
        self._begins = begins
        self._ends = ends
        self._since = None  # when the voltage went where the state is not yet

    def look(self, feed, time):
        """The event due at `time`, or None."""
        beyond = (feed.now(time) - self.threshold) * self.side > 0
        if beyond == self.active:
            self._since = None
            return None
        if self._since is None:
            self._since = time
        if time - self._since <= self.seconds:
            return None
        self.active = beyond
        self._since = None
        return self._begins if beyond else self._ends

    def deadline(self, feed, time):
        """When to look again, None when nothing will change by itself."""
        if self._since is not None:
            lasting = self._since + self.seconds + 1
            crossing = feed.crosses(time, self.threshold, self.side)
            return lasting if crossing is None or crossing > lasting else crossing
        return feed.crosses(time, self.threshold, self.side)


class Excursions:
    """All conditions of one phase; `phase` is None on a single-phase meter, otherwise 1 to 3."""

    def __init__(self, feed, phase=None):
        self._feed = feed
        place = phase or 0
        self.conditions = {
            name: Excursion(side, threshold, seconds, begins + place, ends + place)
            for name, side, threshold, seconds, begins, ends in DEFAULTS
        }

    def look(self, time):
        """The events due at `time`."""
        found = [condition.look(self._feed, time) for condition in self.conditions.values()]
        return [event for event in found if event is not None]

    def deadline(self, time):
        """When to look again, None when nothing will change by itself."""
        earliest = None
        for condition in self.conditions.values():
            due = condition.deadline(self._feed, time)
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        return earliest
