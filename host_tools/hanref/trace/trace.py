# SPDX-License-Identifier: GPL-3.0-or-later
"""A trace in memory, with the questions that requirements ask of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from hanref.errors import UsageError
from hanref.trace.event import Event
from hanref.trace.file import read

Made = TypeVar("Made")


def role_of(name: str | None) -> str | None:
    """The role in a device's name: several devices of a role are `ihd`, `ihd.2`, ..."""
    return None if name is None else name.partition(".")[0]


class Trace:
    """Events in order of time, found by kind, source, destination, cluster and command.

    Answers are cached, so a question asked by many requirements costs once.
    """

    def __init__(self, header: dict[str, Any], events: Iterable[Event] = ()) -> None:
        self.header = header
        self.events = list(events)
        self._by_kind: dict[str, list[Event]] | None = None
        self._answers: dict[tuple[str | None, ...], list[Event]] = {}
        self._by_number: dict[int, Event] | None = None
        self._worked_out: dict[str, Any] = {}

    @classmethod
    def read(cls, path: Path | str) -> "Trace":
        """The trace in a file; raises UsageError."""
        header, events = read(path)
        return cls(header, events)

    @classmethod
    def merge(cls, traces: list["Trace"]) -> "Trace":
        """Several traces as one, numbered anew in order of time."""
        if len(traces) == 1:
            return traces[0]
        events = sorted((event for trace in traces for event in trace.events), key=lambda event: event.milliseconds)
        for n, event in enumerate(events, 1):
            event.n = n
        header = dict(traces[0].header)
        header["complete"] = all(trace.complete for trace in traces)
        header["devices"] = {name: entry for trace in traces for name, entry in trace.header.get("devices", {}).items()}
        return cls(header, events)

    def __len__(self) -> int:
        return len(self.events)

    def event(self, n: int) -> Event:
        """The event with a number; raises UsageError."""
        if self._by_number is None:
            self._by_number = {event.n: event for event in self.events}
        try:
            return self._by_number[n]
        except KeyError:
            raise UsageError("the trace has no event %d" % n) from None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: a run of ours, and not a capture in which frames may be lost."""
        return bool(self.header.get("complete", True))

    @property
    def start(self) -> int:
        """Milliseconds since 2000 of the first event, 0 in an empty trace."""
        return self.events[0].milliseconds if self.events else 0

    @property
    def end(self) -> int:
        """Milliseconds since 2000 of the last event, 0 in an empty trace."""
        return self.events[-1].milliseconds if self.events else 0

    def devices(self, role: str) -> list[str]:
        """Names of the devices of a role: those the header lists and those that say something."""
        names = set(self.header.get("devices", {}))
        for events in self._kinds().values():
            names.update(event.source for event in events if event.source is not None)
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
        """Events of a kind, oldest first; None leaves a question open. `since` <= milliseconds < `until`."""
        key = (kind, source, destination, cluster, command)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = [
                event
                for event in self._kinds().get(kind, ())
                if (source is None or event.source == source)
                and (destination is None or event.destination == destination)
                and (cluster is None or event.content.get("cluster") == cluster)
                and (command is None or event.content.get("command") == command)
            ]
        if since is None and until is None:
            return found
        first = 0 if since is None else bisect_left(found, since, key=_milliseconds)
        last = len(found) if until is None else bisect_left(found, until, key=_milliseconds)
        return found[first:last]

    def last(self, kind: str, until: int, **questions: str | None) -> Event | None:
        """The newest event of a kind at or before `until` (milliseconds), None where there is none."""
        found = self.of(kind, **questions)  # type: ignore[arg-type]
        place = bisect_right(found, until, key=_milliseconds)
        return found[place - 1] if place else None

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make()` gives, worked out once under a name."""
        if name not in self._worked_out:
            self._worked_out[name] = make()
        return self._worked_out[name]

    def _kinds(self) -> dict[str, list[Event]]:
        if self._by_kind is None:
            self._by_kind = {}
            for event in self.events:
                self._by_kind.setdefault(event.kind, []).append(event)
        return self._by_kind


def _milliseconds(event: Event) -> int:
    return event.milliseconds
