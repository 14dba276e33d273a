# SPDX-License-Identifier: Apache-2.0
"""The stores in RAM, with the same methods as those on flash: for tests and for simulated devices."""

from han.stores.plain import pack, unpack
from han.stores.ring import Ring


class MemoryLog(Ring):
    """A log in one bytearray, which grows until the log is full. See `han.stores.log.Log`."""

    def __init__(self, name, record_size, capacity):
        super().__init__(name, record_size, capacity)
        self._octets = bytearray()

    def append(self, record):
        """Add the newest record; raises StoreError for one of another size."""
        self._check(record)
        at = self._next % self.capacity * self.record_size
        if at == len(self._octets):
            self._octets.extend(record)
        else:
            self._octets[at : at + self.record_size] = record
        self._next += 1
        if len(self) > self.capacity:
            self._first += 1

    def _read(self, number, count):
        size = self.record_size
        at = number % self.capacity * size
        count = min(count, self.capacity - number % self.capacity)
        octets = self._octets
        return [bytes(octets[i : i + size]) for i in range(at, at + count * size, size)]

    def _erase_below(self, number):
        self._first = number
        if not len(self):
            self._octets = bytearray()
            self._first = self._next = 0


class MemoryValues:
    """Named values in RAM. See `han.stores.values.Values`."""

    def __init__(self):
        self.damaged = 0
        self._values = {}

    def get(self, key, default=None):
        octets = self._values.get(key)
        return default if octets is None else unpack(octets)

    def set(self, key, value):
        # As octets, so that a value is what it was when it was kept, whatever the caller does to it afterwards.
        self._values[key] = pack(value)

    def set_all(self, changes):
        self._values.update({key: pack(value) for key, value in changes.items()})

    def remove(self, keys):
        for key in keys:
            self._values.pop(key, None)

    def keys(self):
        return sorted(self._values)

    def erase(self):
        self._values.clear()


class MemoryStores:
    """The stores of a device in RAM. See `han.stores.flash.FlashStores`."""

    def __init__(self):
        self.values = MemoryValues()
        self._logs = {}

    def log(self, name, record_size, capacity):
        if name not in self._logs:
            self._logs[name] = MemoryLog(name, record_size, capacity)
        return self._logs[name]

    def damaged(self):
        return {}

    def octets(self):
        """Octets of all records."""
        return sum([log.record_size * len(log) for log in self._logs.values()])

    def contents(self):
        """{log: [octets of a record, capacity in records, the records in hex, oldest first]}."""
        return {
            name: [log.record_size, log.capacity, "".join([bytes(record).hex() for record in log.oldest_first()])]
            for name, log in self._logs.items()
        }
