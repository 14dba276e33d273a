# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Gives a scenario's command to a fresh device and compares its answer with the published one.

The device is seeded with a state that the published answer shows (`hanref.gbcs.seed`); nothing else of that answer
reaches it. Answers with a MAC must be equal; signed ones up to the signature, which must verify under the run's own key.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from han.errors import HanError
from han.gbcs import envelope, use_cases

from hanref.errors import UsageError
from hanref.gbcs import answering, check, seed, seed_commissioning, state
from hanref.gbcs.keys import DEVICES, SIGNATURE, Keys
from hanref.replay.scenarios import Scenario

SIGNATURE_LENGTH = 64
MATCHED, DIFFERS, NOT_REPLAYED = "matched", "differs", "not replayed"
Plain = dict[str, Any]


class Interpreter(Protocol):
    """What devices run on."""

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question of `hanref.gbcs.modelled`."""


@dataclass
class Result:
    """What became of a scenario. `offset` is where the answer differs, `reason` why it was not replayed or what the device
    or the check said, `by_fault` whether the device was seeded with a fault."""

    outcome: str
    offset: int = 0
    reason: str = ""
    by_fault: bool = False

    def line(self, name: str) -> str:
        """The line of the output."""
        if self.outcome == DIFFERS:
            return f"{name} differs at octet {self.offset}"
        return f"{name} {self.outcome}" + (f": {self.reason}" if self.outcome == NOT_REPLAYED else "")


class NotReplayed(Exception):
    """A scenario that cannot be replayed, and why."""


class NoState(Exception):
    """A scenario whose answer shows no state that would give it."""


@dataclass
class Prepared:
    """A scenario with what is needed to replay it."""

    command: bytes
    response: bytes
    role: str
    shown: Plain


def prepare(scenario: Scenario, keys: Keys) -> Prepared:
    """Find out whether and how a scenario can be replayed; raises NotReplayed, NoState."""
    if scenario.command is None:
        raise NotReplayed("no command")
    if scenario.response is None:
        raise NotReplayed("no response")
    try:
        command = envelope.decode(scenario.command)
    except HanError as error:
        raise NotReplayed(f"the command cannot be read: {error}") from None
    role = keys.role(command.recipient)
    if role is None:
        raise NotReplayed("device not modelled: nobody says what it is")
    use_case = use_cases.find(command.message_code)
    if role not in DEVICES or use_case is None or not use_case.is_modelled(role):
        name = f"{command.message_code:04X}" if use_case is None else use_case.name
        raise NotReplayed(f"use case not modelled: {name} at {role.upper()}")
    _require_keys(command, keys)
    try:
        checked = check.check(scenario.response, keys)
        shown = seed.shown(scenario.command, checked, keys)
    except (HanError, ValueError, TypeError, LookupError) as error:
        raise NoState(f"no state that would give the answer: {error}") from None
    return Prepared(scenario.command, scenario.response, role, shown)


def _require_keys(command: envelope.Message, keys: Keys) -> None:
    """Keys for the MAC or signature of the command, and for what the device answers."""
    protector = command.originator if keys.is_device(command.originator) else keys.broker()
    if command.mac is not None and (protector is None or keys.secret(protector, command.recipient) is None):
        raise NotReplayed("no key")
    if command.signature and keys.signature_key(command.originator) is None:
        raise NotReplayed("no key")


def replay(scenario: Scenario, keys: Keys, interpreter: Interpreter) -> Result:
    """Replay one scenario."""
    try:
        prepared = prepare(scenario, keys)
        answer, events = give(prepared, prepared.shown, keys, interpreter)
    except NotReplayed as reason:
        return Result(NOT_REPLAYED, reason=str(reason))
    except NoState as reason:
        return Result(DIFFERS, reason=str(reason))
    by_fault = seed.is_fault(prepared.shown)
    if answer is None:
        return Result(DIFFERS, reason=events or "no answer", by_fault=by_fault)
    offset = difference(answer, prepared.response, keys)
    if offset is None:
        return Result(MATCHED, by_fault=by_fault)
    return Result(DIFFERS, offset, events, by_fault)


def give(prepared: Prepared, shown: Plain, keys: Keys, interpreter: Interpreter) -> tuple[bytes | None, str]:
    """Give the command to a device of that state: its answer, and why there is none."""
    plain = seed.surround(json.loads(json.dumps(shown)))
    try:
        model = state.parse(plain, "seed")
    except UsageError as error:
        raise NoState(f"no state that would give the answer: {error}") from None
    question = answering.question(prepared.role, model, keys, [prepared.command])
    said = interpreter.ask(question)
    if "fault" in said:
        return None, f"the modelled device ended with {said['fault']}"
    outcome = answering.outcome(said)
    return outcome.answers[0], "; ".join(outcome.refusals())


def difference(answer: bytes, expected: bytes, keys: Keys) -> int | None:
    """The first octet in which an answer differs from what is expected; None where it does not.

    Of a signed one the signature is not compared: it must be right under the key of the run. A certification request in
    it is signed with the device's new key, so that signature is not compared either.
    """
    found, wanted = _without_signatures(answer), _without_signatures(expected)
    for offset in range(len(wanted)):
        if offset >= len(found) or found[offset] != wanted[offset]:
            return offset
    if len(found) != len(wanted):
        return len(wanted)
    made = envelope.decode(answer)
    if not made.signature or made.mac is not None:
        return None
    key = keys.party(made.originator).public[SIGNATURE]
    right = answering.verify(answering.point(key), envelope.signature_input(made), made.signature)
    return None if right else len(wanted)


def _without_signatures(octets: bytes) -> bytes:
    """An answer up to its signature, if it has no MAC, and without that of a certification request."""
    try:
        message = envelope.decode(octets)
    except HanError:
        return octets
    if not message.signature or message.mac is not None:
        return octets
    requested = seed_commissioning.requested(message.payload)
    if requested is not None:
        message.payload = requested
        octets = envelope.encode(message)
    return octets[:-SIGNATURE_LENGTH]
