# SPDX-License-Identifier: GPL-3.0-or-later
"""Trace files: JSON Lines, the first one names the schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hanref.errors import UsageError
from hanref.moments import milliseconds_of
from hanref.trace.event import Event

SCHEMA = "hanref-trace/1"

_COMMON = ("n", "time", "source", "destination", "kind", "sequence", "packet")

_TABLES = ("attributes", "fields", "statuses", "types", "entry", "arguments", "screen")


class Writer:
    """Writes a trace to an open text file: the header at once, then event by event."""

    def __init__(self, file: IO[str], header: dict[str, Any]) -> None:
        self.file = file
        file.write(json.dumps({"schema": SCHEMA, **header}) + "\n")

    def write(self, event: Event) -> None:
        self.file.write(json.dumps(event.as_dict()) + "\n")


def read_header(path: Path | str) -> dict[str, Any]:
    """The first line of a trace file. Raises UsageError where it is no trace this version can read."""
    with _open(path) as file:
        return _header(file.readline(), path)


def read(path: Path | str) -> tuple[dict[str, Any], Iterator[Event]]:
    """Header and events of a trace file, read as they are asked for. Raises UsageError with file and line."""
    file = _open(path)
    try:
        header = _header(file.readline(), path)
    except BaseException:
        file.close()
        raise
    return header, _events(file, path)


def _open(path: Path | str) -> IO[str]:
    try:
        return open(path, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError("%s: %s" % (path, error.strerror)) from None


def _header(line: str, path: Path | str) -> dict[str, Any]:
    try:
        header = json.loads(line)
        schema = header["schema"]
    except (ValueError, TypeError, KeyError):
        raise UsageError("%s: line 1: is no hanref trace: the first line names the schema" % path) from None
    if schema != SCHEMA:
        raise UsageError("%s: line 1: schema %r: this hanref reads %s" % (path, schema, SCHEMA))
    return dict(header)


def _events(file: IO[str], path: Path | str) -> Iterator[Event]:
    with file:
        for number, line in enumerate(file, 2):
            try:
                event = _event(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                what = "no field %s" % error if isinstance(error, KeyError) else str(error)
                raise UsageError("%s: line %d: is no event: %s" % (path, number, what)) from None
            yield event


def _event(document: dict[str, Any]) -> Event:
    frame = document["kind"] == "zcl"
    content = {name: value for name, value in document.items() if name not in _COMMON}
    octets = content.pop("octets", None) if frame else None
    for name in _TABLES:
        if not isinstance(content.get(name, {}), dict):
            raise ValueError("%s is %r, not a table" % (name, content[name]))
    n = document["n"]
    if not isinstance(n, int):
        raise ValueError("n is %r, not a number" % (n,))
    return Event(
        n,
        milliseconds_of(document["time"]),
        document.get("source"),
        document.get("destination"),
        document["kind"],
        content,
        document.get("sequence"),
        octets,
        document.get("packet"),
    )
