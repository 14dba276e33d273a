# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS messages between devices of the HAN, as tunnels carry them: a PPMID's to the gas meter and back [GBCS 10, 14]."""

from dataclasses import dataclass
from typing import Any

from han.errors import HanError
from han.gbcs import envelope, gbz

from hanref.trace import Event, Trace
from hanref.trace.frames import describe
from hanref.trace.tunnels import message_in

TUNNELING = "0704"
TOP_UP = 0x009B  # PCS01
EMERGENCY_CREDIT = 0x0090  # PCS02


@dataclass
class Carried:
    """A message, and the event in which a device sent it the first time."""

    event: Event
    message: envelope.Message

    def said(self) -> dict[str, Any]:
        """What its only ZCL command says, as a frame's event does; empty where it has none or another number of them."""
        try:
            components = gbz.decode(self.message.payload, self.message.cra, self.message.message_code).components
        except HanError:
            return {}
        if len(components) != 1 or components[0].encrypted:
            return {}
        (component,) = components
        head = bytes((component.frame_control, component.sequence, component.command))
        return describe(component.cluster, head + bytes(component.payload))


def carried(trace: Trace, code: int) -> list[Carried]:
    """The messages with a message code, each once, oldest first: out of tunnels, and out of logs of messages."""
    found: dict[bytes, Carried] = {}
    events = [*trace.of("zcl", cluster=TUNNELING, command="transfer_data"), *trace.of("gbcs")]
    for event in sorted(events, key=lambda event: (event.milliseconds, event.n)):
        octets = event.get("octets") if event.kind == "gbcs" else event.fields.get("data")
        message = message_in(bytes.fromhex(octets)) if isinstance(octets, str) else None
        if message is None or message in found:
            continue
        decoded = envelope.decode(message)
        if decoded.message_code == code:
            found[message] = Carried(event, decoded)
    return list(found.values())


@dataclass
class Question:
    """A command from device to device, and the answers to it."""

    command: Carried
    answers: list[Carried]

    @property
    def refused(self) -> str | None:
        """The status of a default response, None where the answer is another or none."""
        said = self.answers[0].said() if self.answers else {}
        return str(said["fields"].get("status")) if said.get("command") == "default_response" else None


def questions(trace: Trace, code: int) -> list[Question]:
    """The commands with a message code, oldest first, with their answers."""
    messages = carried(trace, code)
    return [
        Question(command, [answer for answer in messages if _answers(answer.message, command.message)])
        for command in messages
        if command.message.cra == envelope.COMMAND
    ]


def _answers(answer: envelope.Message, command: envelope.Message) -> bool:
    return (
        answer.cra == envelope.RESPONSE
        and answer.originator_counter == command.originator_counter
        and (answer.originator, answer.recipient) == (command.recipient, command.originator)
    )
