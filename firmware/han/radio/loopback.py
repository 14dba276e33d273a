# SPDX-License-Identifier: Apache-2.0
"""The air of a simulated HAN: one channel, one frame at a time, in virtual milliseconds."""

from heapq import heappop, heappush

from han.message import BROADCAST

_TURN_AROUND = 8  # ms from the decision to send until the frame is on the air
_PARENT_HOLDS = 7680  # ms a parent keeps a frame for a sleeping child [IEEE 802.15.4 macTransactionPersistenceTime]


class Loopback:
    """Carries messages between nodes of one process.

    `nodes` maps EUI-64 to Node. `tapped(milliseconds, message)` is called for every frame as it goes out. `random()` in
    [0, 1) decides which frames are lost, doubled and late: the shares `loss`, `duplicates` and `reorder`, which may change.
    """

    def __init__(self, nodes, tapped, random=None, loss=0.0, duplicates=0.0, reorder=0.0):
        self._nodes = nodes
        self._tapped = tapped
        self._random = random
        self.loss = loss
        self.duplicates = duplicates
        self.reorder = reorder
        self.queue = []  # a heap of (milliseconds, order, message, until); empty while the air is quiet
        self._order = 0
        self._busy_until = 0
        self.frames = 0
        self.lost = 0

    def send(self, messages, now):
        """Queue messages at virtual time `now` (ms)."""
        for message in messages:
            start = now + _TURN_AROUND
            if start < self._busy_until:
                start = self._busy_until
            # 250 kbit/s: 32 us an octet, and about 60 octets of headers and security
            self._busy_until = start + 2 + (len(message.payload) + 60) // 31
            if self.reorder and self._random() < self.reorder:
                start += int(self._random() * 400)
            self._push(start, message, None)
            if self.duplicates and self._random() < self.duplicates:
                self._push(start + 30, message, None)

    def _push(self, at, message, until):
        self._order += 1
        heappush(self.queue, (at, self._order, message, until))

    def deliver(self):
        """Put the next frame on the air; returns (milliseconds, node, message) of each reception."""
        now, _, message, until = heappop(self.queue)
        sender = self._nodes.get(message.source)
        if until is None:
            if sender is None or not sender.powered or not sender.in_reach:
                return ()
            self.frames += 1
            self._tapped(now, message)
            if self.loss and self._random() < self.loss:
                self.lost += 1
                return ()
        if message.destination == BROADCAST:
            return [
                (now, node, message)
                for node in self._nodes.values()
                if node is not sender and node.powered and node.in_reach and not node.asleep()
            ]
        node = self._nodes.get(message.destination)
        if node is None or not node.powered or not node.in_reach:
            self.lost += 1
            return ()
        if node.asleep():
            if until is None:
                until = now + _PARENT_HOLDS
            if now < until:
                self._push(now + 500, message, until)
            else:
                self.lost += 1
            return ()
        return ((now, node, message),)
