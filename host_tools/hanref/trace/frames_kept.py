# SPDX-License-Identifier: GPL-3.0-or-later
"""ZCL frames of a long capture, kept in columns: some 50 octets a frame, where an event with its content takes 1,000.

An event is made when somebody asks for it. What all frames of a conversation have in common (who, cluster, command)
stands once, in a Shape; what a frame says is decoded from its octets on demand.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

from hanref.trace.event import Content, Event
from hanref.trace.frames import describe, sequence_of

_DECODED = 20_000  # contents kept for frames that say the same


class Shape(NamedTuple):
    """What the frames of a conversation have in common. `source` and `destination` are names of devices."""

    source: str | None
    destination: str | None
    cluster: str
    command: str
    direction: str | None
    frame: str | None
    source_endpoint: int
    destination_endpoint: int
    secured: bool


_OF_SHAPE = frozenset(Shape._fields) - {"source", "destination"}


class Decoder:
    """`describe` for frames of which many differ in their sequence number alone."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], dict[str, Any]] = {}

    def describe(self, cluster: int, octets: bytes) -> dict[str, Any]:
        """What a frame says; the same table for the same content, so nobody may change it."""
        place = 3 if octets[:1] and octets[0] & 0x04 else 1
        key = (cluster, octets[:place] + octets[place + 1 :])
        said = self._known.get(key)
        if said is None:
            if len(self._known) >= _DECODED:
                self._known.clear()
            said = self._known[key] = describe(cluster, octets)
        return said


class _Content(Mapping[str, Any]):
    """The content of a frame's event: the shape's part at hand, the rest decoded when it is first asked for."""

    __slots__ = ("_decoder", "_said", "_shape", "frame_octets")

    def __init__(self, decoder: Decoder, shape: Shape, octets: bytes) -> None:
        self._decoder = decoder
        self._shape = shape
        self._said: dict[str, Any] | None = None
        self.frame_octets = octets

    def __getitem__(self, name: str) -> Any:
        if name in _OF_SHAPE:
            value = getattr(self._shape, name)
            if value is None:
                raise KeyError(name)
            return value
        return self.decoded()[name]

    def get(self, name: str, default: Any = None) -> Any:
        if name in _OF_SHAPE:
            value = getattr(self._shape, name)
            return default if value is None else value
        return self.decoded().get(name, default)

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(self.decoded())
        names.update(dict.fromkeys(name for name in _OF_SHAPE if getattr(self._shape, name) is not None))
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def decoded(self) -> dict[str, Any]:
        said = self._said
        if said is None:
            said = self._said = self._decoder.describe(int(self._shape.cluster, 16), self.frame_octets)
        return said


class _FrameEvent(Event):
    """An event whose octets are written in hex, and whose frame is decoded, when somebody asks."""

    __slots__ = ()
    content: _Content

    @property
    def octets(self) -> str:
        return self.content.frame_octets.hex()

    @octets.setter
    def octets(self, value: str | None) -> None:
        """They are those of the frame."""

    @property
    def attributes(self) -> Content:
        return self.content.decoded().get("attributes") or {}

    @property
    def fields(self) -> Content:
        return self.content.decoded().get("fields") or {}


class Frames:
    """Columns of frames in order of time. `add` them, `finish` once with their event numbers, then ask."""

    def __init__(self) -> None:
        self.decoder = Decoder()
        self.shapes: list[Shape] = []
        self._shape_numbers: dict[Shape, int] = {}
        self._milliseconds = array("q")
        self._packets = array("I")
        self._shape_of = array("H")
        self._ends = array("Q")
        self._octets = bytearray()
        self._numbers = array("I")
        self._places: list[array[int]] = []

    def __len__(self) -> int:
        return len(self._milliseconds)

    def add(self, milliseconds: int, shape: Shape, octets: bytes, packet: int) -> None:
        """A frame, not earlier than the one before."""
        number = self._shape_numbers.get(shape)
        if number is None:
            number = self._shape_numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
            self._places.append(array("I"))
        self._places[number].append(len(self._milliseconds))
        self._milliseconds.append(milliseconds)
        self._packets.append(packet)
        self._shape_of.append(number)
        self._octets += octets
        self._ends.append(len(self._octets))

    def rename(self, shapes: list[Shape]) -> None:
        """New shapes in place of the ones there, in their order."""
        self.shapes = shapes

    def sorted(self) -> "Frames":
        """The same frames in order of time; these themselves where they are in order already."""
        times = self._milliseconds
        if all(times[place] <= times[place + 1] for place in range(len(times) - 1)):
            return self
        ordered = Frames()
        ordered.decoder = self.decoder
        for place in sorted(range(len(times)), key=times.__getitem__):
            ordered.add(times[place], self.shape(place), self.octets(place), self._packets[place])
        return ordered

    def count(self, others: Sequence[Event]) -> None:
        """Number the frames and other events, both in order of time, as one row of events."""
        self._numbers = array("I", bytes(4 * len(self)))
        n = place = 0
        times = self._milliseconds
        for event in others:
            while place < len(times) and times[place] <= event.milliseconds:
                n += 1
                self._numbers[place] = n
                place += 1
            n += 1
            event.n = n
        while place < len(times):
            n += 1
            self._numbers[place] = n
            place += 1

    def shape(self, place: int) -> Shape:
        return self.shapes[self._shape_of[place]]

    def octets(self, place: int) -> bytes:
        """The ZCL frame."""
        return bytes(self._octets[self._ends[place - 1] if place else 0 : self._ends[place]])

    def milliseconds(self, place: int) -> int:
        return self._milliseconds[place]

    def number(self, place: int) -> int:
        """The number of the frame's event."""
        return self._numbers[place]

    def event(self, place: int) -> Event:
        """The frame as an event."""
        shape, octets = self.shape(place), self.octets(place)
        return _FrameEvent(
            self._numbers[place],
            self._milliseconds[place],
            shape.source,
            shape.destination,
            "zcl",
            _Content(self.decoder, shape, octets),
            sequence_of(octets),
            packet=self._packets[place],
        )

    def place_of(self, number: int) -> int | None:
        """Where the event with a number is, None where it is no frame."""
        low, high = 0, len(self._numbers)
        while low < high:
            middle = (low + high) // 2
            if self._numbers[middle] < number:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self._numbers) and self._numbers[low] == number else None

    def select_shape(self, number: int) -> "Selection":
        """The frames of one shape."""
        return Selection(self, self._places[number])

    def select(
        self, source: str | None = None, destination: str | None = None, cluster: str | None = None, command: str | None = None
    ) -> "Selection":
        """The frames that answer every question; None leaves one open."""
        chosen = [
            self._places[number]
            for number, shape in enumerate(self.shapes)
            if (source is None or shape.source == source)
            and (destination is None or shape.destination == destination)
            and (cluster is None or shape.cluster == cluster)
            and (command is None or shape.command == command)
        ]
        if len(chosen) == len(self.shapes):
            return Selection(self, range(len(self)))
        if len(chosen) == 1:
            return Selection(self, chosen[0])
        return Selection(self, array("I", sorted(place for places in chosen for place in places)))


class Selection(Sequence[Event]):
    """Some of the frames, oldest first, read like a list of events. Events are made anew at each look."""

    def __init__(self, frames: Frames, places: Sequence[int]) -> None:
        self._frames = frames
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> "Selection": ...
    def __getitem__(self, index: int | slice) -> "Event | Selection":
        if isinstance(index, slice):
            return Selection(self._frames, self._places[index])
        return self._frames.event(self._places[index])

    def __iter__(self) -> Iterator[Event]:
        return map(self._frames.event, self._places)

    def __add__(self, other: Sequence[Event]) -> list[Event]:
        return [*self, *other]

    def __radd__(self, other: Sequence[Event]) -> list[Event]:
        return [*other, *self]

    def between(self, since: int | None, until: int | None) -> "Selection":
        """Those with `since` <= milliseconds < `until`."""
        first = 0 if since is None else self._first_from(since)
        last = len(self) if until is None else self._first_from(until)
        return self[first:last]

    def last(self, until: int) -> Event | None:
        """The newest at or before `until` (milliseconds)."""
        place = self._first_from(until + 1)
        return self[place - 1] if place else None

    def _first_from(self, milliseconds: int) -> int:
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            if self._frames.milliseconds(self._places[middle]) < milliseconds:
                low = middle + 1
            else:
                high = middle
        return low
