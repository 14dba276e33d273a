# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS messages as a trace tells them."""

from dataclasses import dataclass, field
from typing import Any

from han.clock import STATUS_NAMES, to_iso
from han.errors import HanError
from han.gbcs import cosem_time, envelope, use_cases

_CRA = {envelope.COMMAND: "command", envelope.RESPONSE: "response", envelope.ALERT: "alert"}


@dataclass
class Entities:
    """Who is who at the WAN: role by entity identifier."""

    roles: dict[bytes, str] = field(default_factory=dict)

    def name(self, entity: bytes) -> str:
        """The role of an entity, its identifier in hex for a stranger."""
        return self.roles.get(entity) or entity.hex()


def describe_message(document: dict[str, Any], entities: Entities) -> tuple[str | None, str | None, dict[str, Any]]:
    """(source, destination, fields) of a `gbcs` event whose `octets` are given; `error` where they are no message,
    `date_time_error` where only the date-time is none."""
    octets = document["octets"]
    try:
        message = envelope.decode(bytes.fromhex(octets))
    except (HanError, ValueError) as error:
        return None, None, {"error": str(error), "octets": octets}
    wrong = None
    try:
        utc, status = cosem_time.decode(message.date_time) if message.date_time else (None, None)
    except HanError as error:
        utc, status, wrong = None, message.date_time[-1], str(error)
    originator, recipient = entities.name(message.originator), entities.name(message.recipient)
    source, reliability = (None, None) if status is None else cosem_time.source_and_reliability(status, originator)
    use_case = use_cases.find(message.message_code)
    fields = {
        "message_code": "%04X" % message.message_code,
        "use_case": None if use_case is None else use_case.name,
        "cra": _CRA[message.cra],
        "originator": message.originator.hex(),
        "recipient": message.recipient.hex(),
        "originator_counter": message.originator_counter,
        "date_time": to_iso(utc),
        "clock_status": None if status is None else "%02X" % status,
        "time_source": source,
        "time_reliability": _reliability(status, reliability),
        "payload": message.payload.hex(),
        "octets": octets,
    }
    if wrong is not None:
        fields["date_time_error"] = wrong
    return originator, recipient, fields


def _reliability(status: int | None, reliability: int | None) -> str | None:
    if status is None:
        return None
    return "not specified" if reliability is None else STATUS_NAMES[reliability]
