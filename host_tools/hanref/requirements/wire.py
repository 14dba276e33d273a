# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and answers on the wire: who asked whom what, and what came back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanref.requirements.device_log_model import removed_spans
from hanref.trace import Event, Trace
from hanref.trace.trace import role_of

ANSWERED_WITHIN = 10_000  # milliseconds
READERS = ("ihd", "ppmid", "cad")  # who reads over the HAN
GLOBAL_READ = 0  # command number of Read Attributes, as default responses name it


@dataclass
class Exchange:
    """A question with its answer; `answer` is None where none is in the trace."""

    question: Event
    answer: Event | None
    turned: bool = False  # the answer has the direction bit of a question

    @property
    def refused(self) -> str | None:
        """The status of a default response, None where the answer is another or none."""
        if self.answer is None or self.answer.get("command") != "default_response":
            return None
        return str(self.answer.fields.get("status"))


def is_reader(name: str | None) -> bool:
    """Whether a device is one that only reads over the HAN: a display, a prepayment interface, any other Type 2 device."""
    return role_of(name) in READERS


def exchanges(trace: Trace, server: str, cluster: str, command: str, asker: str | None = None) -> list[Exchange]:
    """What was asked of a server over the HAN by one command, oldest first, with its answers.

    An answer has the sequence number of the question and comes within ten seconds. A question that is sent again counts
    once.
    """
    return list(each_exchange(trace, server, cluster, command, asker))


def each_exchange(
    trace: Trace, server: str, cluster: str, command: str, asker: str | None = None
) -> Iterator[Exchange]:
    """As `exchanges`, one at a time: a long capture holds half a million."""
    last: Exchange | None = None
    answers = _Answers(trace, server, cluster)
    for question in trace.of("zcl", asker, server, cluster, command):
        if question.get("direction") != "client_to_server" or (asker is None and not is_reader(question.source)):
            continue
        answer = answers.to(question)
        if last is not None and _again(last.question, question):
            last.answer = last.answer or answer
            continue
        if last is not None:
            yield _finished(last)
        last = Exchange(question, answer)
    if last is not None:
        yield _finished(last)


class _Answers:
    """What a server sent to those who asked, looked up in order of the questions: each frame is passed once."""

    def __init__(self, trace: Trace, server: str, cluster: str) -> None:
        self._trace = trace
        self._server = server
        self._cluster = cluster
        self._rows: dict[str | None, tuple[Sequence[Event], int]] = {}

    def to(self, question: Event) -> Event | None:
        """The answer to a question that is not earlier than the one before."""
        row, place = self._rows.get(question.source) or (
            self._trace.of("zcl", self._server, question.source, self._cluster),
            0,
        )
        while place < len(row) and row[place].n < question.n:
            place += 1
        self._rows[question.source] = row, place
        for later in range(place, len(row)):
            event = row[later]
            if event.milliseconds - question.milliseconds > ANSWERED_WITHIN:
                break
            if event.sequence == question.sequence and event.get("command") != "report_attributes":
                return event
        return None


def _finished(exchange: Exchange) -> Exchange:
    exchange.turned = exchange.answer is not None and exchange.answer.get("direction") == "client_to_server"
    return exchange


def must_answer(trace: Trace, exchange: Exchange) -> bool:
    """Whether an answer that is not there speaks against the server: the trace is whole, and both were there to talk."""
    question = exchange.question
    if not trace.complete or trace.end - question.milliseconds <= ANSWERED_WITHIN:
        return False
    begin, end = question.milliseconds - 1, question.milliseconds + ANSWERED_WITHIN
    return all(present(trace, name, begin, end) for name in (question.source, question.destination))


def present(trace: Trace, device: str | None, begin: int, end: int) -> bool:
    """Whether a device had power, was in reach and in the hub's device log from `begin` to `end` (milliseconds), as far as
    the trace tells."""
    if device is None:
        return False
    lacking: set[tuple[str | None, str]] = set()
    for event, what, there in _presence(trace, device):
        if event.milliseconds > end:
            break
        if event.milliseconds > begin and (lacking or not there):
            return False
        if there:
            lacking.discard((event.destination or event.source, what))
        else:
            lacking.add((event.destination or event.source, what))
    return not lacking


def presence(trace: Trace, device: str) -> list[Event]:
    """The events that ended or began a device's presence, as far as the device itself notices."""
    return [event for event, what, _ in _presence(trace, device) if what != "log"]


def _presence(trace: Trace, device: str) -> list[tuple[Event, str, bool]]:
    """What ended and began a device's presence, in order: power as it says, reach as the bench ordered, its place in the hub's
    device log. What is done to the hub is done to the CHF and the GPF."""
    found = [(event, "power", event.get("on") is not False) for event in trace.of("power", source=device)]
    for name in (device, "hub") if device in ("gpf", "chf") else (device,):
        found += [
            (event, "link", bool((event.get("arguments") or {}).get("on", True)))
            for event in trace.of("bench", destination=name)
            if event.get("verb") == "link"
        ]
    identity = (trace.header.get("devices", {}).get(device) or {}).get("identity")
    if identity and trace.of("gbcs"):
        found += [(event, "log", there) for event, there in removed_spans(trace, identity)]
    return sorted(found, key=lambda change: change[0].n)


def _again(first: Event, second: Event) -> bool:
    return (
        first.source == second.source
        and first.sequence == second.sequence
        and first.octets == second.octets
        and second.milliseconds - first.milliseconds <= ANSWERED_WITHIN
    )
