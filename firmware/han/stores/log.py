# SPDX-License-Identifier: Apache-2.0
"""Circular logs on flash.

A log is a folder of segments: files of at most about 16 KB, named by the number of their first record (`%08x`). A
record is followed by its CRC-32, which begins with the record's number, so that octets in a wrong place do not pass.
Appending opens the newest segment, adds one record and closes it; a full segment is left for a new one, and the
oldest goes once the others hold `capacity` records. So a power cut can only hurt the record being written, the file
system never has to copy more than one block, and where the log ends is seen from the names and one file size.

`erase` and `erase_before` first write the number below which records are gone into a file `floor`, then remove
segments, copy what is left of the one in which that number lies, and remove `floor`. A start that finds the file
finishes the work.

A log whose record size changes needs another name.
"""

import struct
from binascii import crc32

from micropython import const

from han.errors import StoreError
from han.stores.ring import Ring

_CHECK = const(4)  # octets of CRC
_SEGMENT = const(16384)  # octets, about
_SEGMENTS = const(12)  # at most, in a full log
_FLOOR = "floor"
_NEW = "new"
_COPY = const(1024)  # octets at a time


class Log(Ring):
    """A circular log of fixed-size records which a power cut costs at most the record being written.

    `files` is described in `han.stores`; `name` is the log's folder in it. `damaged` counts what could not be read
    since the start; `segment` is about how many octets a segment has. A log takes some 500 octets of RAM, and no file
    stays open.
    """

    def __init__(self, files, name, record_size, capacity, segment=_SEGMENT):
        super().__init__(name, record_size, capacity)
        self._files = files.folder(name)
        self._stored = record_size + _CHECK
        segments = max(1, min(_SEGMENTS, (capacity * self._stored + segment - 1) // segment))
        self._full = (capacity + segments - 1) // segments
        self._starts = []  # numbers of the first records of the segments, in order
        self._clean = True  # the newest segment ends with a whole record
        self._start()

    def append(self, record):
        """Add the newest record. It is safe when this returns.

        Raises StoreError for a record of another size and where the flash takes no more; the log then stays as it was.
        """
        self._check(record)
        try:
            self._write(record)
        except OSError as error:
            self._find_end()
            raise StoreError("log %s: the flash took no record: %s" % (self.name, error))
        self._next += 1
        self._drop_oldest()

    def _write(self, record):
        number = self._next
        start = self._starts[-1] if self._starts else None
        if start == number and not self._clean:
            # Nothing in this segment is whole, and the new one would have its name.
            self._files.remove(_file_name(start))
            self._starts.pop()
            start = None
        if start is None or not self._clean or number - start >= self._full:
            start = number
        octets = bytearray(self._stored)
        octets[: self.record_size] = record
        struct.pack_into("<I", octets, self.record_size, crc32(record, number))
        file = self._files.open(_file_name(start), "ab")
        try:
            if not self._starts or start != self._starts[-1]:
                self._starts.append(start)
            file.write(octets)
            self._files.sync(file)
        finally:
            file.close()
        self._clean = True

    def _drop_oldest(self):
        starts = self._starts
        while len(starts) > 1 and self._next - starts[1] >= self.capacity:
            try:
                self._files.remove(_file_name(starts[0]))
            except OSError:
                # Out of sight it is already; the next record tries again.
                break
            starts.pop(0)
        self._first = max(self._first, starts[0], self._next - self.capacity)

    def _read(self, number, count):
        starts = self._starts
        i = len(starts) - 1
        while i and starts[i] > number:
            i -= 1
        count = min(count, self._end(i) - number)
        octets = self._octets(starts[i], number, count)
        size = self.record_size
        records = []
        for at in range(0, count * self._stored, self._stored):
            record = octets[at : at + size]
            check = octets[at + size : at + self._stored]
            if len(check) != _CHECK or struct.unpack("<I", check)[0] != crc32(record, number):
                record = None
                self.damaged += 1
            records.append(record)
            number += 1
        return records

    def _end(self, i):
        """The number after the last record of a segment."""
        return self._starts[i + 1] if i + 1 < len(self._starts) else self._next

    def _octets(self, start, number, count):
        """What the segment has where `count` records from `number` should be; less where it ends or cannot be read."""
        try:
            file = self._files.open(_file_name(start), "rb")
        except OSError:
            return b""
        try:
            file.seek((number - start) * self._stored)
            return file.read(count * self._stored)
        except OSError:
            return b""
        finally:
            file.close()

    def _start(self):
        floor = 0
        try:
            names = self._files.listdir()
        except OSError:
            names = ()
            self.damaged += 1
        for name in names:
            number = _number(name)
            if number is not None:
                self._starts.append(number)
            elif name == _FLOOR:
                floor = self._read_floor()
            elif name != _NEW:
                self.damaged += 1
        self._starts.sort()
        self._find_end()
        if self._starts:
            self._first = max(self._starts[0], self._next - self.capacity)
        if floor:
            self._clear_below(floor)

    def _find_end(self):
        """Find the next record's number: by the size of the newest segment and the check of its last record."""
        if not self._starts:
            return
        start = self._starts[-1]
        size = self._size(start)
        count = size // self._stored
        self._next = start + count
        while count and self._read(self._next - 1, 1)[0] is None:
            count -= 1
            self._next -= 1
        self._clean = size == count * self._stored
        if size % self._stored:
            self.damaged += 1

    def _size(self, start):
        """The octets of a segment; one that cannot be read is taken for the beginning of a record."""
        try:
            file = self._files.open(_file_name(start), "rb")
        except OSError:
            return 1
        try:
            return file.seek(0, 2)
        except OSError:
            return 1
        finally:
            file.close()

    def _erase_below(self, number):
        if number <= self._first:
            return
        try:
            self._write_floor(number)
        except OSError as error:
            raise StoreError("log %s: nothing was erased: %s" % (self.name, error))
        self._clear_below(number)

    def _clear_below(self, floor):
        self._first = floor
        # A floor above every record is that of a log without segments: what comes next must lie above it.
        self._next = max(self._next, floor)
        try:
            while self._starts and self._end(0) <= floor:
                self._files.remove(_file_name(self._starts[0]))
                self._starts.pop(0)
            if self._starts and self._starts[0] < floor:
                self._cut(floor)
            self._files.remove(_FLOOR)
        except OSError:
            # Out of sight it is already; the next start finishes the work.
            self.damaged += 1

    def _cut(self, floor):
        """Put what the oldest segment has from `floor` on in its place."""
        start = self._starts[0]
        left = (self._end(0) - floor) * self._stored
        old = self._files.open(_file_name(start), "rb")
        try:
            old.seek((floor - start) * self._stored)
            self._write_new(old, left)
        finally:
            old.close()
        self._files.rename(_NEW, _file_name(floor))
        self._files.remove(_file_name(start))
        self._starts[0] = floor

    def _write_new(self, old, left):
        new = self._files.open(_NEW, "wb")
        try:
            while left:
                octets = old.read(min(left, _COPY))
                if not octets:
                    break
                new.write(octets)
                left -= len(octets)
            self._files.sync(new)
        finally:
            new.close()

    def _write_floor(self, number):
        octets = struct.pack("<I", number)
        file = self._files.open(_NEW, "wb")
        try:
            file.write(octets + struct.pack("<I", crc32(octets)))
            self._files.sync(file)
        finally:
            file.close()
        self._files.rename(_NEW, _FLOOR)

    def _read_floor(self):
        """The number in the file `floor`, 0 where it cannot be read."""
        try:
            file = self._files.open(_FLOOR, "rb")
            try:
                octets = file.read(9)
            finally:
                file.close()
        except OSError:
            octets = b""
        if len(octets) == 8:
            number, check = struct.unpack("<II", octets)
            if check == crc32(octets[:4]):
                return number
        self.damaged += 1
        return 0


def _file_name(start):
    return "%08x" % start


def _number(name):
    """The number of a segment's first record, None for another file."""
    try:
        number = int(name, 16)
    except ValueError:
        return None
    return number if _file_name(number) == name else None
