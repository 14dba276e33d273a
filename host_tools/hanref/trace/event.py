# SPDX-License-Identifier: GPL-3.0-or-later
"""One event of a trace."""

from collections.abc import Mapping
from typing import Any

from hanref.moments import milliseconds_text

Content = Mapping[str, Any]


class Event:
    """What happened: `n` counts from 1, `milliseconds` from 2000-01-01T00:00:00Z.

    `content` holds the fields of its kind; frames that say the same share one. What differs between those stands apart
    and is None on other events: `sequence`, `octets`, and `packet`, the number of the frame in the capture.
    """

    __slots__ = ("content", "destination", "kind", "milliseconds", "n", "octets", "packet", "sequence", "source")

    def __init__(
        self,
        n: int,
        milliseconds: int,
        source: str | None,
        destination: str | None,
        kind: str,
        content: Content,
        sequence: int | None = None,
        octets: str | None = None,
        packet: int | None = None,
    ) -> None:
        self.n = n
        self.milliseconds = milliseconds
        self.source = source
        self.destination = destination
        self.kind = kind
        self.content = content
        self.sequence = sequence
        self.octets = octets
        self.packet = packet

    @property
    def utc(self) -> int:
        """Seconds since 2000."""
        return self.milliseconds // 1000

    @property
    def time(self) -> str:
        """ISO time with milliseconds."""
        return milliseconds_text(self.milliseconds)

    @property
    def attributes(self) -> Content:
        """Attributes of a frame by name, empty where it has none."""
        return self.content.get("attributes") or {}

    @property
    def fields(self) -> Content:
        """Fields of a command by name, empty where it has none."""
        return self.content.get("fields") or {}

    def get(self, name: str, default: Any = None) -> Any:
        """A field of the event's kind."""
        return self.content.get(name, default)

    def as_dict(self) -> dict[str, Any]:
        """The event as it stands in a trace file."""
        document: dict[str, Any] = {
            "n": self.n,
            "time": self.time,
            "source": self.source,
            "destination": self.destination,
            "kind": self.kind,
            **self.content,
        }
        if self.sequence is not None:
            document["sequence"] = self.sequence
        if self.packet is not None:
            document["packet"] = self.packet
        if self.octets is not None:
            document["octets"] = self.octets
        return document

    def __eq__(self, other: object) -> bool:
        """The same event of the same trace; one of a capture is made anew each time somebody looks."""
        return isinstance(other, Event) and (self.n, self.milliseconds, self.kind) == (other.n, other.milliseconds, other.kind)

    def __hash__(self) -> int:
        return hash((self.n, self.milliseconds))

    def __repr__(self) -> str:
        return "Event(%d, %s, %s > %s, %s)" % (self.n, self.time, self.source, self.destination, self.kind)
