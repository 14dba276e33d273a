# SPDX-License-Identifier: Apache-2.0
"""Originator counters that outlive a loss of power [GBCS 4.3.1.5]: the device's own, and the last accepted of others."""

from han.gbcs.envelope import GbcsError

_OWN = "gbcs_counter"
_ACCEPTED = "gbcs_accepted"
_ENTRY = 17  # entity identifier, line, counter

# Top-ups count on a line of their own [GBCS 14].
ORDINARY = 0
TOP_UP = 1


class Counters:
    """`values` keeps named octets over a loss of power: `get(name)` and `set(name, octets)`.

    Every change is in the store when the method returns, so nothing leaves the device before it is kept.
    """

    def __init__(self, values):
        self._values = values
        self._accepted = values.get(_ACCEPTED) or b""
        if len(self._accepted) % _ENTRY:
            raise GbcsError("the stored replay counters have %d octets, no multiple of %d" % (len(self._accepted), _ENTRY))

    def next(self):
        """A counter of the device's own that it never used before."""
        counter = int.from_bytes(self._values.get(_OWN) or b"", "big") + 1
        self._values.set(_OWN, counter.to_bytes(8, "big"))
        return counter

    def set_own(self, counter):
        """The device's own last counter, as the bench says."""
        self._values.set(_OWN, counter.to_bytes(8, "big"))

    def last(self, party, line=ORDINARY):
        """The last counter accepted from a party on a line, None where there was none."""
        at = self._find(party, line)
        return None if at is None else int.from_bytes(self._accepted[at + 9 : at + _ENTRY], "big")

    def accept(self, party, counter, line=ORDINARY):
        """Keep a counter as the last accepted."""
        entry = party + bytes((line,)) + counter.to_bytes(8, "big")
        at = self._find(party, line)
        if at is None:
            self._accepted += entry
        else:
            self._accepted = self._accepted[:at] + entry + self._accepted[at + _ENTRY :]
        self._values.set(_ACCEPTED, self._accepted)

    def _find(self, party, line):
        accepted = self._accepted
        for at in range(0, len(accepted), _ENTRY):
            if accepted[at + 8] == line and accepted[at : at + 8] == party:
                return at
        return None
