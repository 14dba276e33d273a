# SPDX-License-Identifier: Apache-2.0
"""What every log of fixed-size records answers, whatever holds the records."""

import struct

from micropython import const

from han.errors import StoreError

_CHUNK = const(512)  # octets read at a time


class Ring:
    """A log of `capacity` records of `record_size` octets; a full one overwrites the oldest.

    Records are numbered from the first that was ever appended; `_first` is the oldest that is kept, `_next` the
    number that the next one gets. A record that was damaged on the flash keeps its place and is None.
    """

    def __init__(self, name, record_size, capacity):
        if record_size < 1 or capacity < 1:
            raise StoreError("log %s: a record has at least one octet and a log holds at least one record" % name)
        self.name = name
        self.record_size = record_size
        self.capacity = capacity
        self.damaged = 0
        self._first = 0
        self._next = 0

    def __len__(self):
        return self._next - self._first

    def __iter__(self):
        return self.oldest_first()

    def record(self, age):
        """The record that is `age` records old (0 is the newest), None where it is damaged; raises StoreError."""
        if not 0 <= age < len(self):
            raise StoreError("log %s: no record of age %d among %d" % (self.name, age, len(self)))
        return self._read(self._next - 1 - age, 1)[0]

    def oldest_first(self):
        """The readable records in the order in which they came."""
        return self._forward(self._first)

    def newest_first(self):
        """The readable records, the newest first."""
        step = self._records_in_a_chunk()
        stop = self._next
        while stop > self._first:
            start = max(self._first, stop - step)
            records = []
            while start + len(records) < stop:
                records += self._read(start + len(records), stop - start - len(records))
            for i in range(len(records) - 1, -1, -1):
                if records[i] is not None:
                    yield records[i]
            stop = start

    def between(self, start, end):
        """The records with start <= utc < end, oldest first.

        For logs whose records begin with their UTC (u32, little endian) and are in the order of it.
        """
        for record in self._forward(self._position(start)):
            if _utc(record) >= end:
                return
            yield record

    def erase(self):
        """Let go of every record, at once or, when power goes, not at all."""
        self._erase_below(self._next)

    def erase_before(self, utc):
        """Let go of the records older than a UTC, at once or, when power goes, not at all; see `between`."""
        self._erase_below(self._position(utc))

    def _check(self, record):
        if len(record) != self.record_size:
            raise StoreError("log %s: a record of %d octets, not %d" % (self.name, self.record_size, len(record)))

    def _records_in_a_chunk(self):
        return max(1, _CHUNK // self.record_size)

    def _forward(self, start):
        step = self._records_in_a_chunk()
        # The log may grow and drop its oldest while a caller goes through it.
        while max(start, self._first) < self._next:
            start = max(start, self._first)
            records = self._read(start, min(step, self._next - start))
            for record in records:
                if record is not None:
                    yield record
            start += len(records)

    def _position(self, utc):
        """The number of the first record that is not older than `utc`."""
        low = self._first
        high = self._next
        while low < high:
            middle = (low + high) >> 1
            probe = middle
            record = None
            while record is None and probe < high:
                record = self._read(probe, 1)[0]
                probe += 1
            if record is None or _utc(record) >= utc:
                high = middle
            else:
                low = probe
        return low

    def _read(self, number, count):
        """The records from `number` on: a list of at most `count`, at least one; None where one is damaged."""
        raise NotImplementedError

    def _erase_below(self, number):
        """Let go of the records below `number`."""
        raise NotImplementedError


def _utc(record):
    return struct.unpack_from("<I", record)[0]
