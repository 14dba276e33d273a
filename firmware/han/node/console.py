# SPDX-License-Identifier: Apache-2.0
"""The bench's way to a running board: the line protocol hanref-console/1, octets in, lines out.

docs/console.md defines the protocol. Nothing here reads or writes: the board's loop feeds what came over its serial
line and sends what it gets back.
"""

import gc
import json
from binascii import crc32, hexlify

from han.errors import HanError

PROTOCOL = "hanref-console/1"
LONGEST = 8192  # octets of a line; a longer one is dropped whole

_KEPT = 512  # octets of an answer that is kept in case its request comes again
_MARK = ord("#")
_STAR = ord("*")
_CHECKED = 9  # octets of a star and its check


def checked(text):
    """A line of the protocol: its text, a star, the CRC-32 of the text in eight hex digits, and the line's end."""
    check = hexlify((crc32(text.encode()) & 0xFFFFFFFF).to_bytes(4, "big"))
    return "".join((text, "*", str(check, "ascii"), "\n"))


def event(fields):
    """The line of an event; `fields` is plain data."""
    return checked("!" + json.dumps(fields))


class Console:
    """Answers the requests in a stream of octets.

    `serve(verb, arguments)` does what a request asks and returns plain data; what it raises becomes an error answer,
    and an exception that is no HanError goes to `complain(error)` as well. `counts` says how many lines were served,
    damaged (a request whose check fails), too long, or no request at all.
    """

    def __init__(self, serve, complain=None, longest=LONGEST):
        self.counts = {"served": 0, "repeated": 0, "damaged": 0, "long": 0, "garbage": 0}
        self._serve = serve
        self._complain = complain
        self._longest = longest
        self._line = bytearray()
        self._dropping = False
        self._last_check = None
        self._last_answer = None

    def feed(self, octets):
        """Take octets, in whatever pieces they come; returns the lines to send."""
        answers = []
        start = 0
        while True:
            end = octets.find(b"\n", start)
            if end < 0:
                self._add(octets[start:])
                return answers
            self._add(octets[start:end])
            start = end + 1
            answer = self._end_line()
            if answer is not None:
                answers.append(answer)

    def _add(self, octets):
        if self._dropping:
            return
        if len(self._line) + len(octets) > self._longest:
            self._line = bytearray()
            self._dropping = True
        else:
            self._line.extend(octets)

    def _end_line(self):
        if self._dropping:
            self._dropping = False
            self.counts["long"] += 1
            return None
        line = bytes(self._line).strip()
        self._line = bytearray()
        if not line:
            return None
        if line[0] != _MARK:
            self.counts["garbage"] += 1
            return None
        return self._request(line)

    def _request(self, line):
        text = line[:-_CHECKED]
        check = line[-_CHECKED:]
        if not text or check[0] != _STAR or b"*%08x" % (crc32(text) & 0xFFFFFFFF) != check:
            self.counts["damaged"] += 1
            return None
        parts = text[1:].split(b" ", 2)
        if not parts[0].isdigit() or len(parts[0]) > 9:
            self.counts["damaged"] += 1
            return None
        if check == self._last_check and self._last_answer is not None:
            # The answer was lost on the way, and the request has come again: it must not be done twice.
            self.counts["repeated"] += 1
            return self._last_answer
        self.counts["served"] += 1
        answer = self._answer(int(parts[0]), parts)
        self._last_check = check
        self._last_answer = answer if len(answer) <= _KEPT else None
        return answer

    def _answer(self, number, parts):
        try:
            outcome = "ok"
            result = self._serve(*_verb(parts))
            text = json.dumps({} if result is None else result)
        except HanError as error:
            outcome, text = _refused(error)
        except MemoryError as error:
            gc.collect()
            outcome, text = _refused(error)
        except (KeyError, TypeError, ValueError) as error:
            # What a verb meets when an argument is missing or of another kind.
            outcome, text = _refused(error)
            self._complained(error)
        except Exception as error:
            outcome, text = _refused(error)
            self._complained(error)
        return checked("=%d %s %s" % (number, outcome, text))

    def _complained(self, error):
        if self._complain is not None:
            self._complain(error)


class RequestError(HanError):
    """A request that is whole, but cannot be understood."""


def _verb(parts):
    """(verb, arguments) of the parts of a request; raises RequestError."""
    try:
        verb = str(parts[1], "utf-8")
        arguments = json.loads(str(parts[2], "utf-8")) if len(parts) > 2 else {}
    except (IndexError, ValueError, RuntimeError):
        raise RequestError("the request is no verb with a JSON object after it")
    if not isinstance(arguments, dict):
        raise RequestError("the arguments of %s are no JSON object" % verb)
    return verb, arguments


def _refused(error):
    return "error", json.dumps({"error": str(error), "kind": type(error).__name__})
