# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages written in hex: from files, standard input or the command line, one a line."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from han.errors import CodecError
from han.gbcs import envelope

from hanref.errors import UsageError

_HEX = re.compile(r"(?:0x)?[0-9a-f\s]+", re.IGNORECASE)
_NO_HEX = re.compile(r"[^0-9a-fA-F]")


class NoHex(CodecError):
    """A line that is no hex; the offset counts octets up to the first wrong letter."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(what, offset)  # type: ignore[no-untyped-call]


def messages(arguments: list[str]) -> Iterator[bytes | NoHex]:
    """The messages that the arguments name: files, `-` for standard input, or hex itself.

    Raises UsageError for a file that cannot be read and for an argument that is neither.
    """
    for argument in arguments:
        if argument == "-":
            yield from _from_lines(sys.stdin)
        elif _is_file(argument):
            yield from _from_file(Path(argument))
        elif _HEX.fullmatch(argument):
            yield octets(argument.removeprefix("0x").removeprefix("0X"))
        else:
            raise UsageError(f"{argument}: no file, and no message in hex")


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except OSError:
        # A message is longer than any file name may be.
        return False


def _from_file(path: Path) -> Iterator[bytes | NoHex]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from _from_lines(file)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: no text; messages are written in hex, one a line") from None


def _digits(line: str) -> str:
    """A line without comment and line end."""
    return line.partition("#")[0].strip()


def _from_lines(lines: Iterable[str]) -> Iterator[bytes | NoHex]:
    """One message a line; all lines together where none of them alone is a message but the whole is."""
    kept: Iterator[str] = filter(None, map(_digits, lines))
    first = next(kept, None)
    if first is None:
        return
    if not _is_message(octets(first)):
        rest = list(kept)
        if not any(_is_message(octets(line)) for line in rest) and _is_message(octets("".join([first, *rest]))):
            first, rest = "".join([first, *rest]), []
        kept = iter(rest)
    for line in chain([first], kept):
        yield octets(line)


def octets(digits: str) -> bytes | NoHex:
    """The octets of hexadecimal digits, spaces allowed; the error (not raised) where they are none."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        digits = "".join(digits.split())
        wrong = _NO_HEX.search(digits)
        if wrong:
            return NoHex("%r is no hexadecimal digit" % wrong[0], wrong.start() // 2)
        return NoHex("an odd number of hexadecimal digits", len(digits) // 2)


def _is_message(candidate: bytes | NoHex) -> bool:
    if isinstance(candidate, NoHex):
        return False
    try:
        envelope.decode(candidate)
    except CodecError:
        return False
    return True
