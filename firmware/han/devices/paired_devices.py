# SPDX-License-Identifier: Apache-2.0
"""The device log of a device that is not the hub's CHF: with which others it works (CS03, CS04, CS07, GCS59) [GBCS 13.7]."""

from micropython import const

from han.errors import StoreError
from han.gbcs.elements import Failed
from han.gbcs.join_codes import CONFLICT, JOINED, LOG_FULL, WRITE_FAILURE

ENTRIES = const(16)  # as many as the hub's; the number for other devices is not public (I)

_NAME = "paired_devices"


class PairedDevices:
    """[(entity identifier, device type), ...], kept in `values`; `changed()` is called after every change."""

    def __init__(self, values, changed=None, capacity=ENTRIES):
        self._values = values
        self._changed = changed
        self._capacity = capacity

    def keeps_nothing(self):
        return True  # but in `values`

    def entries(self):
        """The entries, oldest first."""
        return self._values.get(_NAME, [])

    def join(self, entity, device_type):
        """Add a device; one that is there already stays. Raises Failed with the result code, StoreError."""
        entries = self.entries()
        for known, known_type in entries:
            if known == entity:
                if known_type != device_type:
                    raise Failed(CONFLICT)
                return
        if len(entries) >= self._capacity:
            raise Failed(LOG_FULL)
        self._keep(entries + [(entity, device_type)])

    def remove(self, entity):
        """Take a device out; whether it was there. Raises StoreError."""
        entries = self.entries()
        left = [entry for entry in entries if entry[0] != entity]
        if len(left) == len(entries):
            return False
        self._keep(left)
        return True

    def restore(self, entries):
        """Let these take the place of what is there; returns the result code of each."""
        kept = []
        codes = []
        for entity, device_type in entries:
            code = JOINED if len(kept) < self._capacity else LOG_FULL
            if (entity, device_type) not in kept and any(known == entity for known, _type in kept):
                code = CONFLICT
            elif code == JOINED and (entity, device_type) not in kept:
                kept.append((entity, device_type))
            codes.append(code)
        try:
            self._keep(kept)
        except StoreError:
            return [WRITE_FAILURE] * len(entries)
        return codes

    def _keep(self, entries):
        self._values.set(_NAME, entries)
        if self._changed is not None:
            self._changed()
