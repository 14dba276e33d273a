# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the lines of a HAN into a trace, a trace file and a capture, in one pass.

A run of two simulated days has some 35,000 frames and most of them were seen before but for the sequence number, so
what a frame says is decoded and written as JSON once.
"""

import json
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple

from hanref.errors import BenchError
from hanref.moments import milliseconds_text
from hanref.run.messages import Entities, describe_message
from hanref.trace import Event, Trace, Writer
from hanref.trace.event import Content
from hanref.trace.frames import describe

CACHED_FRAMES = 20000

_MANUFACTURER_SPECIFIC = 0x04
_ALL = "*"

# Frame to the tap: (milliseconds since 2000, source, destination, endpoints, cluster, octets, secured); returns the
# number of its packet in the capture.
FrameTap = Callable[[int, str, str, int, int, int, bytes, bool], int]


class Order(NamedTuple):
    """A step of the bench: when (milliseconds since 2000), to whom, what, as a `bench` event tells it."""

    milliseconds: int
    destination: str
    content: Content


class _Said(NamedTuple):
    """What frames that differ in their sequence number alone have in common, as an event's parts and as JSON."""

    source: str
    destination: str
    content: Content
    json: str
    source_endpoint: int
    destination_endpoint: int
    cluster: int
    secured: bool


class Recorder:
    """Takes lines and gathers the events of a run.

    `file` receives the trace as JSON Lines; `orders` are what the bench does, which is written down before whatever
    happens at its time or later; `tap` is handed every frame, `progress` the milliseconds simulated so far.
    """

    def __init__(
        self,
        file: IO[str],
        header: dict[str, Any],
        start: int,
        entities: Entities,
        orders: Iterable[Order] = (),
        tap: FrameTap | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.trace = Trace(header)
        self.frames = 0
        self.summary: dict[str, Any] = {}
        self._writer = Writer(file, header)
        self._write = file.write
        self._start = start * 1000
        self._entities = entities
        self._orders = list(orders)[::-1]
        self._tap = tap
        self._progress = progress
        self._said: dict[str, _Said] = {}
        self._second = (-1, "")

    def take_all(self, lines: Iterable[str]) -> None:
        """Take every line; raises BenchError for one that is none of ours."""
        frame = self._frame
        for line in lines:
            try:
                if line[0] == "F":
                    frame(line)
                else:
                    self._other(line)
            except (ValueError, KeyError, IndexError) as error:
                raise BenchError("the HAN printed a line that is no event: %r: %s" % (line[:200], error)) from None

    def _frame(self, line: str) -> None:
        _, time, rest = line.split(" ", 2)
        milliseconds = self._start + int(time)
        if self._orders and self._orders[-1].milliseconds <= milliseconds:
            self._write_orders(milliseconds)
        head, _, octets = rest.rstrip().rpartition(" ")
        # The sequence number follows the frame control, and the manufacturer code where there is one.
        place = 6 if int(octets[:2], 16) & _MANUFACTURER_SPECIFIC else 2
        key = head + octets[:place] + octets[place + 2 :]
        said = self._said.get(key)
        if said is None:
            said = self._describe(key, head, octets)
        digits = octets[place : place + 2]
        sequence = int(digits, 16) if digits else None
        self.frames += 1
        packet = self.frames
        if self._tap is not None:
            packet = self._tap(
                milliseconds,
                said.source,
                said.destination,
                said.source_endpoint,
                said.destination_endpoint,
                said.cluster,
                bytes.fromhex(octets),
                said.secured,
            )
        events = self.trace.events
        n = len(events) + 1
        events.append(Event(n, milliseconds, said.source, said.destination, "zcl", said.content, sequence, octets, packet))
        self._write(
            '{"n": %d, "time": "%s", %s, "sequence": %s, "packet": %d, "octets": "%s"}\n'
            % (n, self._time(milliseconds), said.json, "null" if sequence is None else sequence, packet, octets)
        )

    def _describe(self, key: str, head: str, octets: str) -> _Said:
        source, destination, source_endpoint, destination_endpoint, cluster, secured = head.split(" ")
        content = describe(int(cluster, 16), bytes.fromhex(octets))
        content["source_endpoint"] = int(source_endpoint)
        content["destination_endpoint"] = int(destination_endpoint)
        content["secured"] = secured == "1"
        event = {"source": source, "destination": destination, "kind": "zcl", **content}
        said = _Said(
            source,
            destination,
            content,
            json.dumps(event)[1:-1],
            int(source_endpoint),
            int(destination_endpoint),
            int(cluster, 16),
            secured == "1",
        )
        if len(self._said) >= CACHED_FRAMES:
            self._said.clear()
        self._said[key] = said
        return said

    def _other(self, line: str) -> None:
        letter = line[0]
        if letter == "E":
            _, time, document = line.split(" ", 2)
            self._event(self._start + int(time), json.loads(document))
        elif letter == "P":
            if self._progress is not None:
                self._progress(int(line[2:]))
        elif letter == "Z":
            self.summary = json.loads(line[2:])
            self._write_orders(self._orders[0].milliseconds if self._orders else 0)
        else:
            raise ValueError("it begins with %r" % letter)

    def _event(self, milliseconds: int, document: dict[str, Any]) -> None:
        kind = document.pop("kind")
        source = document.pop("source", None)
        destination = document.pop("destination", None)
        for name, value in document.items():
            if isinstance(value, dict):
                # The order of a table on MicroPython means nothing; people look for items in theirs.
                document[name] = dict(sorted(value.items()))
        if kind == "gbcs":
            source, destination, document = describe_message(document, self._entities)
        self._write_orders(milliseconds)
        self._append(milliseconds, source, destination, kind, document)

    def _write_orders(self, milliseconds: int) -> None:
        """Write down the orders that were due up to a moment."""
        while self._orders and self._orders[-1].milliseconds <= milliseconds:
            order = self._orders.pop()
            self._append(order.milliseconds, None, order.destination, "bench", order.content)

    def _append(self, milliseconds: int, source: str | None, destination: str | None, kind: str, content: Content) -> None:
        event = Event(len(self.trace.events) + 1, milliseconds, source, destination, kind, content)
        self.trace.events.append(event)
        self._writer.write(event)

    def _time(self, milliseconds: int) -> str:
        second, rest = divmod(milliseconds, 1000)
        if second != self._second[0]:
            self._second = (second, milliseconds_text(second * 1000)[:-5])
        return "%s.%03dZ" % (self._second[1], rest)
