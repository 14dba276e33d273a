# SPDX-License-Identifier: GPL-3.0-or-later
"""A GBCS command through the hub to a device of a HAN: the simulated one, or one of boards.

The HAN has the hub and the meter or display that the command is for; it runs until the sleeping gas meter, too, has had
the time to collect the command and to answer.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from han.clock import from_iso
from han.gbcs import envelope

from hanref.errors import UsageError
from hanref.gbcs import trust
from hanref.gbcs.answering import ROLE_NUMBERS, Outcome, point, signing_key, trusted
from hanref.gbcs.keys import PREPAYMENT, SIGNATURE, Keys
from hanref.gbcs.state import State
from hanref.gbcs.test_keys import TestKeys
from hanref.run.plan import test_identity

START = "2022-11-03T09:55:00Z"
SENT = 120  # seconds after the start
LASTS = 2400
BOARDS = {"chf": "hub", "gpf": "hub", "esme": "esme", "gsme": "gsme", "ppmid": "ppmid"}
# Whom else a HAN needs: what the proxy has comes from the meter.
BESIDE = {"chf": (), "gpf": ("gsme",), "esme": ("esme",), "gsme": ("gsme",), "ppmid": ("ppmid",)}


def entities(keys: Keys | None) -> dict[str, bytes]:
    """The devices of the HAN by role: those of the keys, test identities for the others."""
    found = {role: test_identity("hub" if role == "gpf" else role) for role in BOARDS}
    if keys is not None:
        for entity, party in keys.parties.items():
            if party.role in found:
                found[party.role] = entity
    return found


def plan(role: str, devices: dict[str, bytes], keys: Keys, command: bytes) -> dict[str, Any]:
    """The plan of a run in which the command arrives at the hub from the WAN."""
    if role not in BOARDS:
        raise UsageError(f"--to {role}: no such device on the HAN; there are {', '.join(BOARDS)}")
    start = from_iso(START)
    hub = settings(devices["gpf"], keys)
    hub["chf_identity"] = devices["chf"].hex()
    hub["trust"] = _trust(("chf", "gpf"), devices, keys)
    boards = {"hub": hub}
    for other in BESIDE[role]:
        boards[other] = settings(devices[other], keys)
        boards[other]["trust"] = _trust((other,), devices, keys)
    return {
        "start": start,
        "end": start + LASTS,
        "seed": 1,
        "trace": "full",
        "devices": boards,
        "steps": [[SENT * 1000, "chf", "gbcs", {"octets": command.hex()}]],
    }


def settings(entity: bytes, keys: Keys) -> dict[str, Any]:
    """What a device is told: its identity, whom it trusts, its own test key. It holds secrets: do not print it."""
    told: dict[str, Any] = {"identity": entity.hex()}
    parties: dict[str, Any] = {}
    for party, number in trusted(State(entity), keys).items():
        secret = keys.secret(party, entity)
        if secret is None:
            continue
        known = parties[party.hex()] = {"role": number, "secret": secret.hex()}
        public = keys.parties[party].public.get(SIGNATURE)
        if public is not None:
            known["signature_key"] = point(public).hex()
        prepayment = keys.secret(party, entity, PREPAYMENT)
        if number == ROLE_NUMBERS["supplier"] and prepayment is not None:
            told.update(supplier=party.hex(), prepayment_secret=prepayment.hex())
    told["parties"] = parties
    private = signing_key(State(entity), keys).private_numbers().private_value
    told["signing_key"] = private.to_bytes(32, "big").hex()
    return told


def _trust(roles: Iterable[str], devices: dict[str, bytes], keys: Keys) -> dict[str, Any]:
    """Trust anchor cells by role, where the keys are test keys with certificates."""
    if not isinstance(keys, TestKeys):
        return {}
    found = {role: devices[role] for role in roles if (devices[role], SIGNATURE) in keys.certificates}
    return {role: trust.settings(keys, entity, role, joined=True) for role, entity in found.items()}


def outcome(lines: Iterable[str], command: bytes) -> Outcome:
    """What the HAN's lines say of the command: its answer, and why there is none."""
    sent = envelope.decode(command)
    found: list[bytes | None] = []
    events = []
    for line in lines:
        if not line.startswith("E "):
            continue
        event = json.loads(line.split(" ", 2)[2])
        kind = event.get("kind")
        if kind == "gbcs_refused":
            events.append((kind, event))
        elif kind == "gbcs" and event.get("source_side") != "wan":
            octets = bytes.fromhex(event["octets"])
            message = envelope.decode(octets)
            if message.cra == envelope.RESPONSE and message.originator_counter == sent.originator_counter:
                found.append(octets)
    return Outcome(found[:1] or [None], events)


def send(
    role: str,
    devices: dict[str, bytes],
    keys: Keys,
    command: bytes,
    bench: Path | None = None,
    told: Callable[[str], None] | None = None,
) -> Outcome:
    """Send a command into the simulated HAN, or with a bench file into a HAN of boards, of which `told` gets a sentence now
    and then for whoever waits. Raises UsageError, BenchError."""
    document = plan(role, devices, keys, command)
    if bench is None:
        from hanref.run.simulation import Simulation

        with Simulation(document) as simulation:
            return outcome(simulation.lines(), command)
    from hanref.bench import file
    from hanref.bench.han import BoardHan

    with BoardHan(document, file.load(bench), told=told) as han:
        return outcome(han.lines(), command)
