# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the console protocol hanref-console/1 (docs/console.md)."""

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import serial
from han.node.console import LONGEST, PROTOCOL, checked

from hanref.errors import BenchError
from hanref.link.ports import BAUD_RATE, open_port

ANSWER_LIMIT = 10.0  # seconds
_REPEAT_AFTER = 2.5  # seconds without an answer until a request is sent again
_KEPT_LINES = 400
_MARKS = (b"=", b"!")
_CHECKED = 9
_RUN = b"\r\x03\x03\x02\x04"  # interrupt, friendly prompt, soft reset: boot.py and main.py run


class NoAnswer(BenchError):
    """A board that did not answer in time."""


class BoardRefused(BenchError):
    """A board that answered with an error; `kind` is the name of its exception."""

    def __init__(self, where: str, verb: str, error: str, kind: str) -> None:
        super().__init__(f"{where}: {verb}: {error}")
        self.kind = kind


class Link:
    """The console of one board. A thread reads the port, so that a board that reports is never held up.

    `name` says in errors which board it is. What is neither answer nor event goes to `log`, a bounded queue of lines;
    `damaged` counts lines whose check fails. `on_event` is called in the reading thread, in the order of events, and
    `on_octets` with all that the board says.
    """

    def __init__(
        self,
        port: serial.SerialBase,
        name: str = "",
        on_event: Callable[[dict[str, Any]], None] | None = None,
        on_octets: Callable[[bytes], None] | None = None,
    ) -> None:
        self.name = name or str(port.port)
        self.log: deque[str] = deque(maxlen=_KEPT_LINES)
        self.damaged = 0
        self.on_event = on_event
        self._on_octets = on_octets
        self._port = port
        self._port.timeout = 0.2
        self._number = secrets.randbelow(100_000_000)  # not that of the request an earlier client ended with
        self._answers: dict[int, tuple[str, dict[str, Any]]] = {}
        self._arrived = threading.Condition()
        self._broken: str | None = None
        self._closing = False
        self._reader = threading.Thread(target=self._read, name=f"console of {self.name}", daemon=True)
        self._reader.start()

    @classmethod
    def open(
        cls,
        port: str,
        name: str = "",
        on_event: Callable[[dict[str, Any]], None] | None = None,
        baud_rate: int = BAUD_RATE,
    ) -> Self:
        """Open a port; raises PortError."""
        return cls(open_port(port, baud_rate), name, on_event)

    def close(self) -> None:
        """Give the port back. The firmware goes on."""
        self.stop()
        self._port.close()

    def stop(self) -> None:
        """Read no more; the port stays open."""
        self._closing = True
        cancel = getattr(self._port, "cancel_read", None)
        if cancel is not None and self._port.is_open:
            cancel()
        self._reader.join(2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- requests ----------------------------------------------------------------------------------------------

    def request(self, verb: str, limit: float = ANSWER_LIMIT, /, **arguments: Any) -> dict[str, Any]:
        """Ask and wait for the answer. Raises BoardRefused, NoAnswer."""
        return self.finish(self.begin(verb, **arguments), limit)

    def begin(self, verb: str, /, **arguments: Any) -> "Request":
        """Send a request without waiting, so that several boards work at once; `finish` gets the answer."""
        self._number += 1
        line = checked("#%d %s %s" % (self._number, verb, json.dumps(arguments))).encode()
        if len(line) > LONGEST:
            raise BenchError(f"{self.name}: {verb}: a line of {len(line)} octets, {LONGEST} are the most")
        self._write(line)
        return Request(self._number, verb, line)

    def finish(self, request: "Request", limit: float = ANSWER_LIMIT) -> dict[str, Any]:
        """The answer to a request; it is sent again while none comes. Raises BoardRefused, NoAnswer."""
        end = time.monotonic() + limit
        repeat = time.monotonic() + _REPEAT_AFTER
        with self._arrived:
            while request.number not in self._answers:
                if self._broken is not None:
                    raise NoAnswer(f"{self.name}: {request.verb}: {self._broken}")
                now = time.monotonic()
                if now >= end:
                    raise NoAnswer(f"{self.name}: {request.verb}: no answer within {limit:g} s{self._last_words()}")
                if now >= repeat:
                    repeat = now + _REPEAT_AFTER
                    # The empty line before it ends whatever an earlier, damaged one left behind.
                    self._write(b"\n" + request.line)
                self._arrived.wait(min(end, repeat) - now)
            outcome, content = self._answers.pop(request.number)
        if outcome != "ok":
            error = str(content.get("error")) or "no reason given"
            raise BoardRefused(self.name, request.verb, error, str(content.get("kind")))
        return content

    def hello(self, limit: float = ANSWER_LIMIT) -> dict[str, Any]:
        """What `version` answers. A board that is at its prompt is started first. Raises NoAnswer, BenchError."""
        end = time.monotonic() + limit
        try:
            version = self.request("version", min(1.0, limit))
        except NoAnswer:
            self.start()
            version = self.request("version", max(1.0, end - time.monotonic()))
        if version.get("protocol") != PROTOCOL:
            raise BenchError(f"{self.name}: speaks {version.get('protocol')}, this bench {PROTOCOL}: flash it again")
        return version

    def write(self, octets: bytes) -> None:
        """Octets to the board as they are. Raises NoAnswer where the port is gone."""
        self._write(octets)

    def start(self) -> None:
        """Start the firmware from wherever the board is: boot.py and main.py run."""
        self._write(_RUN)

    def interrupt(self) -> None:
        """End the firmware with Ctrl-C; the board gives its prompt."""
        self._write(b"\r\x03\x03")

    def wait_for(self, text: str, limit: float = ANSWER_LIMIT) -> str:
        """The next line of the log with `text` in it. Raises NoAnswer."""
        end = time.monotonic() + limit
        with self._arrived:
            while True:
                while self.log:
                    line = self.log.popleft()
                    if text in line:
                        return line
                rest = end - time.monotonic()
                if rest <= 0 or self._broken is not None:
                    raise NoAnswer(f"{self.name}: did not say {text!r} within {limit:g} s")
                self._arrived.wait(rest)

    # -- reading -----------------------------------------------------------------------------------------------

    def _write(self, octets: bytes) -> None:
        try:
            self._port.write(octets)
        except (serial.SerialException, OSError, TypeError) as error:
            raise NoAnswer(f"{self.name}: the port is gone: {error}") from None

    def _read(self) -> None:
        pending = b""
        while not self._closing:
            try:
                octets = self._port.read(max(1, self._port.in_waiting))
            except (serial.SerialException, OSError, TypeError, ValueError) as error:
                if not self._closing:
                    with self._arrived:
                        self._broken = f"the port is gone: {error}"
                        self._arrived.notify_all()
                return
            if octets:
                if self._on_octets is not None:
                    self._on_octets(octets)
                *lines, pending = (pending + octets).split(b"\n")
                pending = pending[-2 * LONGEST * 4 :]
                self._take(lines)

    def _take(self, lines: list[bytes]) -> None:
        for line in lines:
            message = parse(line)
            if message is None:
                self.damaged += line[:1] in _MARKS
                with self._arrived:
                    self.log.append(line.decode(errors="replace").rstrip("\r"))
                    self._arrived.notify_all()
            elif message[0] is None:
                if self.on_event is not None:
                    self.on_event(message[2])
            else:
                with self._arrived:
                    self._answers[message[0]] = message[1:]
                    self._arrived.notify_all()

    def _last_words(self) -> str:
        said = [line for line in list(self.log)[-6:] if line.strip()]
        return "; it said last: " + " | ".join(said) if said else ""


class Request:
    """A request that is on its way."""

    def __init__(self, number: int, verb: str, line: bytes) -> None:
        self.number = number
        self.verb = verb
        self.line = line


def parse(line: bytes) -> tuple[int | None, str, dict[str, Any]] | None:
    """(number, outcome, content) of an answer, (None, "", content) of an event; None for any other line.

    What stands before the answer in the same line, a print without an end, is passed over.
    """
    line = line.rstrip(b"\r\n ")
    if line[-_CHECKED : 1 - _CHECKED] != b"*":
        return None
    check = line[1 - _CHECKED :]
    body = line[:-_CHECKED]
    for start in _starts(body):
        text = body[start:]
        if b"%08x" % crc32(text) == check:
            return _content(text)
    return None


def _starts(body: bytes) -> list[int]:
    return [at for at in range(len(body)) if body[at : at + 1] in _MARKS][:64]


def _content(text: bytes) -> tuple[int | None, str, dict[str, Any]] | None:
    try:
        if text[:1] == b"!":
            number, outcome, content = None, "", json.loads(text[1:])
        else:
            first, outcome_text, rest = text[1:].split(b" ", 2)
            number, outcome, content = int(first), outcome_text.decode(), json.loads(rest)
    except ValueError:
        return None
    return (number, outcome, content) if isinstance(content, dict) else None
