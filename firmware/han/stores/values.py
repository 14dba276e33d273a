# SPDX-License-Identifier: Apache-2.0
"""Named values on flash: settings, counters, tenancy dates, keys.

One file holds entries: length (u16), CRC-32 that begins with the entry's place in the file, and one or more changes
(length of the name, name, length of the value, value). What changes together is one entry:
it is there as a whole or not at all. A change appends an entry; when the file has grown to twice what it must hold, or
its end is damaged, the values are written anew beside it and the new file takes its name.

In RAM are the names and where their values lie, not the values.
"""

import struct
from binascii import crc32

from micropython import const

from han.errors import StoreError
from han.stores.plain import pack, unpack

_HEADER = const(6)
_LONGEST = const(4095)  # octets of a value
_ROOM = const(1024)  # octets a file may grow beyond twice its values
_NEW = ".new"


class Values:
    """A dictionary of plain data (see `han.stores.plain`) which a power cut costs at most the change being written.

    `files` is described in `han.stores`; `name` is the file. `damaged` counts the places that could not be read.
    """

    def __init__(self, files, name="values"):
        self.damaged = 0
        self._files = files
        self._name = name
        self._places = {}  # name -> place in the file << 12 | length
        self._size = 0
        self._clean = True  # the file ends with a whole entry
        self._load()

    def get(self, key, default=None):
        """The value of a name, `default` where there is none or it cannot be read any more."""
        place = self._places.get(key)
        if place is None:
            return default
        try:
            file = self._files.open(self._name, "rb")
            try:
                return unpack(_value(file, place))
            finally:
                file.close()
        except (OSError, StoreError, UnicodeError):
            self.damaged += 1
            return default

    def set(self, key, value):
        """Give a name a value. It is safe when this returns; raises StoreError, and the old value stays."""
        self.set_all({key: value})

    def set_all(self, changes):
        """Give several names their values, all at once or none."""
        body = bytearray()
        places = {}
        for key, value in changes.items():
            octets = pack(value)
            if len(octets) > _LONGEST:
                raise StoreError("value %s: %d octets are too many to be kept" % (key, len(octets)))
            places[key] = _add(body, key, octets)
        if not places:
            return
        try:
            if self._clean and self._size + len(body) <= 2 * self._needed() + _ROOM:
                self._append(body, places)
            else:
                self._rewrite(body, places)
        except OSError as error:
            raise StoreError("%s: the flash took no change: %s" % (self._name, error))

    def remove(self, keys):
        """Let go of names and, unlike a new value, of what they had on the flash; all at once or none."""
        gone = [key for key in keys if key in self._places]
        if gone:
            try:
                self._rewrite(b"", gone)
            except OSError as error:
                raise StoreError("%s: nothing was removed: %s" % (self._name, error))

    def keys(self):
        """The names, in alphabetical order."""
        return sorted(self._places)

    def erase(self):
        """Let go of everything."""
        self.remove(self.keys())

    # -- inside -------------------------------------------------------------------------------------------

    def _needed(self):
        octets = 0
        for key, place in self._places.items():
            octets += _HEADER + 3 + len(key) + (place & _LONGEST)
        return octets

    def _append(self, body, places):
        self._clean = False
        file = self._files.open(self._name, "ab")
        try:
            file.write(_entry(body, self._size))
            self._files.sync(file)
        finally:
            file.close()
        self._clean = True
        self._note(self._size, places)
        self._size += _HEADER + len(body)

    def _note(self, position, places):
        """Take over the places of an entry's values; they count from its body."""
        for key, place in places.items():
            self._places[key] = place + (position + _HEADER << 12)

    def _rewrite(self, body, places):
        """Write the values anew but for the names in `places`, and then the entry `body`, if any, with those."""
        kept = {}
        new = self._files.open(self._name + _NEW, "wb")
        try:
            size = self._copy_values(new, places, kept)
            if body:
                new.write(_entry(body, size))
            self._files.sync(new)
        finally:
            new.close()
        self._files.rename(self._name + _NEW, self._name)
        self._places = kept
        self._clean = True
        if body:
            self._note(size, places)
            size += _HEADER + len(body)
        self._size = size

    def _copy_values(self, new, left_out, kept):
        """Copy every value that is not `left_out`, an entry each; note the places in `kept`, return the size."""
        size = 0
        if not self._places:
            return size
        old = self._files.open(self._name, "rb")
        try:
            for key, place in self._places.items():
                if key not in left_out:
                    body = bytearray()
                    kept[key] = _add(body, key, _value(old, place)) + (size + _HEADER << 12)
                    new.write(_entry(body, size))
                    size += _HEADER + len(body)
        finally:
            old.close()
        return size

    def _load(self):
        try:
            if self._name not in self._files.listdir():
                return
            file = self._files.open(self._name, "rb")
            try:
                self._scan(file)
            finally:
                file.close()
        except OSError:
            self.damaged += 1
            self._clean = False

    def _scan(self, file):
        size = file.seek(0, 2)
        position = 0
        while position < size:
            body = _body(file, position, size)
            if body is None:
                # Lengths that cannot be believed: go on by octets to the next entry that is whole.
                if self._clean:
                    self.damaged += 1
                self._clean = False
                position += 1
            else:
                self._note(position, _parse(body))
                position += _HEADER + len(body)
        self._size = size


def _add(body, key, octets):
    """Add a change to an entry's body; returns where its value lies in the body << 12 | its length."""
    name = key.encode()
    body.append(len(name))
    body.extend(name)
    body.extend(struct.pack("<H", len(octets)))
    place = len(body) << 12 | len(octets)
    body.extend(octets)
    return place


def _parse(body):
    """{name: place in the body << 12 | length} of an entry."""
    places = {}
    at = 0
    while at < len(body):
        end = at + 1 + body[at]
        key = str(body[at + 1 : end], "utf-8")
        length = struct.unpack_from("<H", body, end)[0]
        at = end + 2
        places[key] = at << 12 | length
        at += length
    return places


def _entry(body, position):
    return struct.pack("<HI", len(body), crc32(body, position)) + body


def _body(file, position, size):
    """The body of the entry at a position, None where there is no whole one."""
    file.seek(position)
    header = file.read(_HEADER)
    if len(header) < _HEADER:
        return None
    length, check = struct.unpack("<HI", header)
    if not length or position + _HEADER + length > size:
        return None
    body = file.read(length)
    return body if len(body) == length and crc32(body, position) == check else None


def _value(file, place):
    """The octets of a value; raises OSError where the file has fewer."""
    file.seek(place >> 12)
    octets = file.read(place & _LONGEST)
    if len(octets) != place & _LONGEST:
        raise OSError("the file is shorter than it was")
    return octets
