# SPDX-License-Identifier: GPL-3.0-or-later
"""A trace of which the frames were captured: a million of them may be in memory."""

from collections.abc import Iterator, Sequence
from typing import Any, cast, overload

from hanref.errors import UsageError
from hanref.trace.event import Event
from hanref.trace.frames_kept import Frames, Selection
from hanref.trace.trace import Trace, role_of


class CapturedTrace(Trace):
    """A trace whose frames are kept in columns; `others` are the events beside them, also frames of other traces."""

    def __init__(self, header: dict[str, Any], frames: Frames, others: list[Event]) -> None:
        super().__init__(header, sorted(others, key=lambda event: event.milliseconds))
        self._others = self.events
        self._frames = frames.sorted()
        self._frames.count(self._others)
        self.events = cast("list[Event]", _Row(self._frames, self._others))
        self._selections: dict[tuple[str | None, ...], Selection] = {}

    def event(self, n: int) -> Event:
        place = self._frames.place_of(n)
        if place is not None:
            return self._frames.event(place)
        for event in self._others:
            if event.n == n:
                return event
        raise UsageError("the trace has no event %d" % n)

    def devices(self, role: str) -> list[str]:
        names = set(self.header.get("devices", {}))
        names.update(shape.source for shape in self._frames.shapes if shape.source is not None)
        names.update(event.source for event in self._others if event.source is not None)
        return sorted(name for name in names if role_of(name) == role)

    def of(
        self,
        kind: str,
        source: str | None = None,
        destination: str | None = None,
        cluster: str | None = None,
        command: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[Event]:
        """As Trace.of. What comes back reads like a list, and must not be changed."""
        others = super().of(kind, source, destination, cluster, command, since, until)
        if kind != "zcl":
            return others
        found = self._selection(source, destination, cluster, command)
        if since is not None or until is not None:
            found = found.between(since, until)
        if not others:
            return cast("list[Event]", found)
        return sorted([*found, *others], key=lambda event: event.n)

    def last(self, kind: str, until: int, **questions: str | None) -> Event | None:
        other = super().last(kind, until, **questions) if kind != "zcl" else None
        if kind != "zcl":
            return other
        found = self.of(kind, until=until + 1, **questions)  # type: ignore[arg-type]
        return found[-1] if found else None

    def _selection(self, *questions: str | None) -> Selection:
        found = self._selections.get(questions)
        if found is None:
            found = self._selections[questions] = self._frames.select(*questions)
        return found

    def _kinds(self) -> dict[str, list[Event]]:
        if self._by_kind is None:
            self._by_kind = {}
            for event in self._others:
                self._by_kind.setdefault(event.kind, []).append(event)
        return self._by_kind


class _Row(Sequence[Event]):
    """Frames and other events as one row, by their numbers."""

    def __init__(self, frames: Frames, others: list[Event]) -> None:
        self._frames = frames
        self._others = {event.n: event for event in others}

    def __len__(self) -> int:
        return len(self._frames) + len(self._others)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> "Event | list[Event]":
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        other = self._others.get(index + 1)
        if other is not None:
            return other
        place = self._frames.place_of(index + 1)
        if place is None:
            raise IndexError(index)
        return self._frames.event(place)

    def __iter__(self) -> Iterator[Event]:
        place = 0
        for n in range(1, len(self) + 1):
            other = self._others.get(n)
            if other is not None:
                yield other
            else:
                yield self._frames.event(place)
                place += 1
