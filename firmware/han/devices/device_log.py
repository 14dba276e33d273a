# SPDX-License-Identifier: Apache-2.0
"""The hub's Device Log and Historic Device Log: who may be on the HAN, and with which key (REQ-CHF-1 to 5, REQ-121-1 to 4)."""

from micropython import const

ENTRIES = const(16)  # [REQ-CHF-1]
HISTORIC_ENTRIES = const(15)  # [REQ-CHF-2]

# Device types of CCS01 [GBCS 12.1].
TYPE_ESME = const(0)
TYPE_GSME = const(1)
TYPE_HCALCS = const(13)
TYPE_IHD = const(128)
TYPE_CAD = const(130)
TYPE_PPMID = const(132)
TYPE_HAND_HELD_TERMINAL = const(133)  # number not public (I)

# What `admit` says.
REFUSED = None
WITH_INSTALL_CODE = "install_code"
WITH_STORED_KEY = "stored_key"


class DeviceLog:
    """Both logs. Entity identifiers are 8 octets, keys 16.

    An entry is [entity, type, install code key, link key or None]. `hash_of(key)` gives the hash of a link key that is shown
    in the WAN's reads [GBCS 12.1]; `values` keeps the logs over a loss of power; `changed()` is called after every addition,
    removal and change of a hash (REQ-CHF-4).
    """

    def __init__(self, values, hash_of, changed, own_entity=None):
        self._values = values
        self._hash_of = hash_of
        self._changed = changed
        self._own = own_entity
        self._windows = {}  # entity -> (opened, seconds)
        self.entries = values.get("device_log", [])
        self.historic = values.get("historic_device_log", [])

    def find(self, entity):
        """The entry of a device, None when it is not in the log."""
        for entry in self.entries:
            if entry[0] == entity:
                return entry
        return None

    def add(self, entity, device_type, key, join_timeout, time):
        """CCS01: a device may join for `join_timeout` seconds. Returns whether there was room.

        For an id already in the log the key is ignored and the existing link key stays: success (REQ-121-2).
        """
        entry = self.find(entity)
        if entry is None:
            if len(self.entries) >= ENTRIES:
                return False
            self.entries.append([entity, device_type, key, None])
            self._keep()
        self._windows[entity] = (time, join_timeout)
        return True

    def open(self, entity, join_timeout, time):
        """The device may join for so many seconds from now on."""
        self._windows[entity] = (time, join_timeout)

    def is_open(self, time):
        """Whether any device may join now."""
        return any([0 <= time - opened < seconds for opened, seconds in self._windows.values()])

    def remove(self, entity):
        """CCS02: the key goes into the historic log first (REQ-121-4). Returns whether the device was in the log."""
        entry = self.find(entity)
        if entry is None:
            return False
        link_key = entry[3]
        if link_key is not None and entry[1] != TYPE_HAND_HELD_TERMINAL and entity != self._own:
            self.historic = [old for old in self.historic if old[0] != entity]
            self.historic.append([entity, entry[1], link_key])
            self.historic = self.historic[-HISTORIC_ENTRIES:]
        self.entries.remove(entry)
        self._windows.pop(entity, None)
        self._keep()
        return True

    def admit(self, entity, time):
        """Which key a device that asks to join must use now: WITH_INSTALL_CODE, WITH_STORED_KEY or REFUSED.

        A device in the historic log: the stored key in the first half of the window, the install code in the second
        (REQ-121-3).
        """
        window = self._windows.get(entity)
        if window is None or self.find(entity) is None or not 0 <= time - window[0] < window[1]:
            return REFUSED
        if self.stored_key(entity) is not None and (time - window[0]) * 2 < window[1]:
            return WITH_STORED_KEY
        return WITH_INSTALL_CODE

    def joins(self, entity, key, time):
        """A device asks to join with `key`; returns whether it may (REQ-121-1)."""
        how = self.admit(entity, time)
        if how is REFUSED:
            return False
        expected = self.find(entity)[2] if how == WITH_INSTALL_CODE else self.stored_key(entity)
        return _same(expected, key)

    def stored_key(self, entity):
        """The link key in the historic log, None when it has none of the device."""
        for old in self.historic:
            if old[0] == entity:
                return old[2]
        return None

    def established(self, entity, link_key):
        """The device and the hub have agreed a link key: its hash changes (REQ-CHF-4)."""
        entry = self.find(entity)
        if entry is not None and entry[3] != link_key:
            entry[3] = link_key
            self._keep()

    def restore(self, entries):
        """CCS03: the log of another hub: a list of (entity, type, hash of the link key), which is used as install key."""
        self.entries = [[entity, device_type, key, None] for entity, device_type, key in entries]
        self._windows.clear()
        self._keep()

    def shown(self):
        """(entity, type, hash) of the entries as the WAN reads them; the hash is empty until there is a link key."""
        return [(entry[0], entry[1], b"" if entry[3] is None else self._hash_of(entry[3])) for entry in self.entries]

    def historic_shown(self):
        """(entity, type, hash) of the historic entries, oldest first."""
        return [(old[0], old[1], self._hash_of(old[2])) for old in self.historic]

    def _keep(self):
        self._values.set_all({"device_log": self.entries, "historic_device_log": self.historic})
        self._changed()


def _same(first, second):
    """Whether two keys are equal, in time that does not depend on where they differ."""
    if len(first) != len(second):
        return False
    difference = 0
    for index in range(len(first)):
        difference |= first[index] ^ second[index]
    return difference == 0
