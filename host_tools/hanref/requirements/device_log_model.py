# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace shows of a hub's device logs: what was done to them over the WAN, the copies that the hub gave, who asked to
join, and what the logs must hold by then.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from han.gbcs import cosem_places as places

from hanref.requirements.wan import Access, accesses, apdu, name_of, time_of
from hanref.trace import Event, Trace

ENTRIES = 16  # that a device log holds at least [REQ-CHF-1]
HISTORIC_ENTRIES = 15
HAND_HELD_TERMINAL = 133  # device type (I)
CHANGES = ("CCS01", "CCS02", "CCS03")
CHANGED = "CS14"


@dataclass
class Copy:
    """A log as the hub gave it: hash of the link key, in hex, by EUI-64. `historic` is None in an alert."""

    event: Event
    stamp: int | None
    network: str
    entries: dict[str, str]
    historic: list[tuple[str, str]] | None = None
    historic_stamp: int | None = None


@dataclass
class Change:
    """What CCS01, CCS02 or CCS03 did: `device` in hex, of CCS01 the type, a digest of the key and the window."""

    name: str
    access: Access
    device: str = ""
    device_type: int | None = None
    code_digest: str = ""
    seconds: int = 0
    network: str = ""
    restored: list[str] = field(default_factory=list)

    @property
    def command(self) -> Event:
        return self.access.dialogue.command

    @property
    def answer(self) -> Event | None:
        return self.access.dialogue.answer

    @property
    def succeeded(self) -> bool:
        return self.access.succeeded


@dataclass
class Asked:
    """A device asked to join: with an install code (its digest) or, without one, with the key it had."""

    event: Event
    device: str
    code_digest: str | None
    admitted: bool


def digest(install_code: bytes) -> str:
    """By what a trace tells install codes apart without saying them."""
    return hashlib.sha256(install_code).hexdigest()[:16]


def changes(trace: Trace, hub: str) -> list[Change]:
    """What was done to the device log, answered or not, oldest first."""
    return trace.once("changes of %s" % hub, lambda: _changes(trace, hub))


def _changes(trace: Trace, hub: str) -> list[Change]:
    found = []
    for access in accesses(trace, hub, *CHANGES):
        change = Change(access.dialogue.name, access)
        _read(change)
        found.append(change)
    return found


def _read(change: Change) -> None:
    parts = {part.place: part.given[1] for part in change.access.parts}
    if change.name == "CCS01" and places.DEVICE_LOG_ADD in parts:
        entity, _, key, device_type = [part[1] for part in parts[places.DEVICE_LOG_ADD]]
        change.device, change.device_type, change.code_digest = bytes(entity).hex(), device_type, digest(bytes(key))
        change.seconds = parts.get(places.DEVICE_LOG_TIMEOUT, 0)
    elif change.name == "CCS02" and places.DEVICE_LOG_REMOVE in parts:
        change.device = bytes(parts[places.DEVICE_LOG_REMOVE]).hex()
    elif change.name == "CCS03" and places.DEVICE_LOG_RESTORE in parts:
        network, devices = [part[1] for part in parts[places.DEVICE_LOG_RESTORE]]
        change.network = bytes(network).hex()
        change.restored = [bytes(device[1][0][1]).hex() for device in devices]


def copies(trace: Trace, hub: str) -> list[Copy]:
    """The copies of the device log that the hub gave: answers to CCS07, alerts CS14."""
    return trace.once("copies of %s" % hub, lambda: _copies(trace, hub))


def _copies(trace: Trace, hub: str) -> list[Copy]:
    found = []
    for access in accesses(trace, hub, "CCS07"):
        part, other = access.part(places.DEVICE_LOG_READ), access.part(places.HISTORIC_LOG_READ)
        answer = access.dialogue.answer
        if answer is None or not access.succeeded or part is None or other is None:
            continue
        copy = _copy(answer, part.value)
        historic = _copy(answer, other.value)
        copy.historic = list(historic.entries.items())
        copy.historic_stamp = historic.stamp
        found.append(copy)
    for event in trace.of("gbcs", source=hub):
        if event.get("cra") == "alert" and name_of(event) == CHANGED:
            body = alert_body(event)
            if body is not None:
                found.append(_copy(event, body[2]))
    return sorted(found, key=lambda copy: copy.event.n)


def alert_body(event: Event) -> list[Any] | None:
    """(code, time, copy of the log) of a CS14, None where it holds none."""
    read = apdu(event)
    body = getattr(read, "body", None)
    return list(body[1]) if body is not None and len(body[1]) == 3 else None


def _copy(event: Event, value: Any) -> Copy:
    stamp, network, devices = [part[1] for part in value[1]]
    entries = {bytes(device[1][0][1]).hex(): bytes(device[1][1][1]).hex() for device in devices}
    return Copy(event, time_of(stamp), bytes(network).hex(), entries)


def asked_to_join(trace: Trace, hub: str) -> list[Asked]:
    """Who asked to join, and what the hub said."""
    said = trace.of("join", source=hub)
    found = []
    for order in trace.of("bench", destination=hub):
        arguments = order.get("arguments") or {}
        if order.get("verb") != "join":
            continue
        result = next((event for event in said if event.n > order.n and event.get("device") == arguments.get("device")), None)
        if result is not None:
            admitted = bool(result.get("admitted"))
            found.append(Asked(result, str(arguments["device"]), arguments.get("code_digest"), admitted))
    return found


def before(found: list[Any], event: Event) -> Any:
    """The last of these copies before an event, None where there is none."""
    earlier = [copy for copy in found if copy.event.n < event.n]
    return earlier[-1] if earlier else None


def after(found: list[Any], event: Event) -> Any:
    """The first of these copies after an event, None where there is none."""
    return next((copy for copy in found if copy.event.n > event.n), None)


def removed_spans(trace: Trace, identity: str) -> list[tuple[Event, bool]]:
    """When a device left a hub's log and came back, as (event, whether it is in the log from then on)."""
    found = []
    for hub in trace.devices("chf"):
        for change in changes(trace, hub):
            if not change.succeeded or change.answer is None:
                continue
            if change.name == "CCS03":
                found.append((change.answer, identity in change.restored))
            elif change.device == identity:
                found.append((change.answer, change.name == "CCS01"))
    return found
