# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and answers on the wire: who asked whom what, and what came back."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    for question in trace.of("zcl", asker, server, cluster, command):
        if question.get("direction") != "client_to_server" or (asker is None and not is_reader(question.source)):
            continue
        answer = _answer_to(trace, question)
        if last is not None and _again(last.question, question):
            last.answer = last.answer or answer
            continue
        if last is not None:
            yield _finished(last)
        last = Exchange(question, answer)
    if last is not None:
        yield _finished(last)


def _answer_to(trace: Trace, question: Event) -> Event | None:
    since, until = question.milliseconds, question.milliseconds + ANSWERED_WITHIN + 1
    for event in trace.of("zcl", question.destination, question.source, question.get("cluster"), None, since, until):
        if event.sequence == question.sequence and event.n > question.n and event.get("command") != "report_attributes":
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
    """Whether a device had power and was in reach from `begin` to `end` (milliseconds), as far as the trace tells."""
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
    """The events that ended or began a device's presence."""
    return [event for event, _, _ in _presence(trace, device)]


def _presence(trace: Trace, device: str) -> list[tuple[Event, str, bool]]:
    """What ended and began a device's presence, in order: power as it says, reach as the bench ordered. What is done to
    the hub is done to the CHF and the GPF."""
    found = [(event, "power", event.get("on") is not False) for event in trace.of("power", source=device)]
    for name in (device, "hub") if device in ("gpf", "chf") else (device,):
        found += [
            (event, "link", bool((event.get("arguments") or {}).get("on", True)))
            for event in trace.of("bench", destination=name)
            if event.get("verb") == "link"
        ]
    return sorted(found, key=lambda change: change[0].n)


def _again(first: Event, second: Event) -> bool:
    return (
        first.source == second.source
        and first.sequence == second.sequence
        and first.octets == second.octets
        and second.milliseconds - first.milliseconds <= ANSWERED_WITHIN
    )
