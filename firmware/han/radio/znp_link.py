# SPDX-License-Identifier: Apache-2.0
"""Frames of the Z-Stack serial protocol, out of octets that come in any pieces and may be damaged.

A frame is FE, length, two octets of command, data (at most 250 octets), exclusive-or of all from the length on.
"""

from micropython import const

START = const(0xFE)
MAX_DATA = const(250)
_OVERHEAD = const(5)
_ROOM = const(768)
STALL = const(250)  # milliseconds after which an unfinished frame is suspected to have lost an octet


def frame(command, data):
    """The octets of a frame. `command` is CMD0 * 256 + CMD1; `data` is what follows, at most 250 octets."""
    octets = bytearray(_OVERHEAD + len(data))
    octets[0] = START
    octets[1] = len(data)
    octets[2] = command >> 8
    octets[3] = command & 0xFF
    octets[4:-1] = data
    check = 0
    for index in range(1, len(octets) - 1):
        check ^= octets[index]
    octets[-1] = check
    return octets


class Link:
    """Finds the frames in what the co-processor sends.

    `received(command, data)` is called for each; `data` is a memoryview that is valid during the call only.
    `dropped` counts octets that belonged to no frame.
    """

    def __init__(self, received):
        self._received = received
        self._octets = bytearray(_ROOM)
        self._view = memoryview(self._octets)
        self._start = 0
        self._end = 0
        self._begun = None  # when the unfinished frame at `_start` was first seen
        self.dropped = 0

    def reset(self):
        """Forget what is unfinished."""
        self._start = self._end = 0
        self._begun = None

    def feed(self, octets, time):
        """Take octets from the wire; `time` in milliseconds tells a frame that takes too long."""
        given = 0
        view = memoryview(octets)
        while given < len(view):
            if self._end == _ROOM:
                self._compact()
            count = min(len(view) - given, _ROOM - self._end)
            self._octets[self._end : self._end + count] = view[given : given + count]
            self._end += count
            given += count
            self._find_frames()
            if self._start < self._end and self._begun is not None and time - self._begun > STALL:
                self._look_behind()
        if self._start == self._end:
            self._begun = None
        elif self._begun is None:
            self._begun = time

    def _compact(self):
        rest = self._end - self._start
        self._octets[:rest] = bytes(self._view[self._start : self._end])
        self._start = 0
        self._end = rest

    def _find_frames(self):
        octets = self._octets
        while self._start < self._end:
            start = self._start
            if octets[start] != START:
                self._skip()
                continue
            if self._end - start < 2:
                return
            if octets[start + 1] > MAX_DATA:
                self._skip()
                continue
            if self._end - start < octets[start + 1] + _OVERHEAD:
                return
            if self._is_frame(start):
                self._take(start)
            else:
                self._skip()  # one octet only: a whole frame may stand inside what was damaged

    def _is_frame(self, at):
        octets = self._octets
        check = 0
        for index in range(at + 1, at + octets[at + 1] + 4):
            check ^= octets[index]
        return check == octets[at + octets[at + 1] + 4]

    def _take(self, at):
        length = self._octets[at + 1]
        command = self._octets[at + 2] << 8 | self._octets[at + 3]
        self._start = at + length + _OVERHEAD
        self._begun = None
        self._received(command, self._view[at + 4 : at + 4 + length])

    def _skip(self):
        self._start += 1
        self.dropped += 1
        self._begun = None

    def _look_behind(self):
        """The frame at the start does not end: go on with a whole one behind it, if there is one."""
        octets = self._octets
        for at in range(self._start + 1, self._end - 4):
            if (
                octets[at] == START
                and octets[at + 1] <= MAX_DATA
                and at + octets[at + 1] + _OVERHEAD <= self._end
                and self._is_frame(at)
            ):
                self.dropped += at - self._start
                self._start = at
                self._find_frames()
                return
