# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of GBCS messages: a line is `[ISO time] hex`; blank lines and `#` comments are skipped."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from han.errors import HanError
from han.gbcs import envelope, use_cases

from hanref.errors import UsageError
from hanref.moments import milliseconds_of

_TIME = re.compile(r"\[?(\d{4}-\d{2}-\d{2}T[0-9:.]+Z)\]?\s+")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F\s]+")


class Logged(NamedTuple):
    """A message of a log: milliseconds since 2000 (None: no time was written down), and its octets."""

    milliseconds: int | None
    octets: bytes


def is_log(path: Path) -> bool:
    """Whether a file looks like such a log: text whose first line with anything in it is hex, with a time or without."""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                text = line.partition("#")[0].strip()
                if text:
                    return _HEX.fullmatch(_TIME.sub("", text, count=1)) is not None
    except (OSError, UnicodeDecodeError):
        return False
    return False


def read(path: Path) -> list[Logged]:
    """The messages of a log, in its order. Raises UsageError naming file and line."""
    found = []
    last: int | None = None
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                text = line.partition("#")[0].strip()
                if text:
                    message = _line(text, "%s: line %d" % (path, number))
                    last = message.milliseconds if message.milliseconds is not None else last
                    found.append(message._replace(milliseconds=last))
    except OSError as error:
        raise UsageError("%s: cannot be read: %s" % (path, error.strerror)) from None
    except UnicodeDecodeError:
        raise UsageError("%s: no text; a log has lines [ISO time] hex" % path) from None
    if not found:
        raise UsageError("%s: the log holds no message" % path)
    return found


def _line(text: str, where: str) -> Logged:
    milliseconds = None
    stamped = _TIME.match(text)
    if stamped:
        try:
            milliseconds = milliseconds_of(stamped[1])
        except ValueError as error:
            raise UsageError("%s: %s" % (where, error)) from None
        text = text[stamped.end() :]
    try:
        octets = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError("%s: neither [ISO time] hex nor hex: %r" % (where, text[:40])) from None
    try:
        envelope.decode(octets)
    except HanError as error:
        raise UsageError("%s: no GBCS message: %s" % (where, error)) from None
    return Logged(milliseconds, octets)


def devices(messages: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """(entity, role) of the devices that the use cases of the messages show: who takes their commands, who answers."""
    for octets in messages:
        try:
            message = envelope.decode(octets)
        except HanError:
            continue
        use_case = use_cases.find(message.message_code)
        if use_case is None:
            continue
        targets = [role for role in use_cases.TARGETS if use_case.is_for(role)]
        if len(targets) == 1:
            entity = message.recipient if message.cra == envelope.COMMAND else message.originator
            yield entity, targets[0]
