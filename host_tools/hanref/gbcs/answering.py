# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Give GBCS commands to a device made of a state file, under CPython or on MicroPython.

Shared secrets are those of the parties' private keys and the device's public key, or the other way round: whichever
the key file has.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from han.gbcs import use_cases

from hanref.errors import BenchError
from hanref.gbcs import commissioned, modelled
from hanref.gbcs.keys import AGREEMENT, PREPAYMENT, SIGNATURE, Keys
from hanref.gbcs.state import State

ROLE_NUMBERS = {
    "root": use_cases.ROOT,
    "recovery": use_cases.RECOVERY,
    "supplier": use_cases.SUPPLIER,
    "network operator": use_cases.NETWORK_OPERATOR,
    "access control broker": use_cases.ACCESS_CONTROL_BROKER,
    "transitional change of supplier": use_cases.TRANSITIONAL_CHANGE_OF_SUPPLIER,
    "wan provider": use_cases.WAN_PROVIDER,
    "issuing authority": use_cases.ISSUING_AUTHORITY,
    "load controller": use_cases.LOAD_CONTROLLER,
    "ppmid": use_cases.PPMID,
    "other": use_cases.OTHER,
}


@dataclass
class Outcome:
    """What became of the commands: an answer or None each, and what the device reported."""

    answers: list[bytes | None]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def refusals(self) -> list[str]:
        """The reasons for which commands got no answer, in order."""
        return [
            fields["reason"] + (f" ({fields['detail']})" if fields["detail"] else "")
            for kind, fields in self.events
            if kind == "gbcs_refused"
        ]


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as 65 octets."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign(private: ec.EllipticCurvePrivateKey, octets: bytes) -> bytes:
    """A GBCS signature: r then s, 32 octets each. The same message has the same one in every run [RFC 6979]."""
    r, s = decode_dss_signature(private.sign(octets, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public_key: bytes, octets: bytes, signature: bytes) -> bool:
    """Whether a GBCS signature is right under a public key of 65 octets."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    whole = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key.verify(whole, octets, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def plain_device(role: str, state: State, keys: Keys) -> dict[str, Any]:
    """The device as the plain data that `modelled.device_of` takes. It holds secrets: do not print it."""
    attributes = [
        [cluster, identifier, status, type_id, {"hex": value.hex()} if isinstance(value, bytes) else value]
        for cluster, identifier, status, type_id, value in state.attributes
    ]
    parties = []
    for entity, number in trusted(state, keys).items():
        party = keys.parties[entity]
        secret = keys.secret(entity, state.entity)
        signature_key = party.public.get(SIGNATURE)
        parties.append(
            [
                entity.hex(),
                number,
                secret.hex() if secret else None,
                point(signature_key).hex() if signature_key else None,
            ]
        )
    return {
        "role": role,
        "identity": state.entity.hex(),
        "attributes": attributes,
        "data_time": [state.utc, state.source, state.reliability],
        "utc": state.utc,
        "command_status": [list(entry) for entry in state.command_status],
        "faults": {str(number): status for number, status in state.faults.items()},
        "commissioning": commissioned.resolved(state.commissioning, keys),
        "logs": copy.deepcopy(state.logs),
        "meter": copy.deepcopy(state.meter),
        "cosem": [[*place, datum.hex()] for place, datum in state.cosem.items()],
        "cosem_methods": [[*place, datum.hex()] for place, datum in state.cosem_methods.items()],
        "clock": [state.utc, state.reliability, state.hub_utc],
        "top_ups_of": top_ups_of(state, keys),
        "parties": parties,
        "own_counter": state.own_counter,
        "accepted": {entity.hex(): counter for entity, counter in state.accepted.items()},
    }


def trusted(state: State, keys: Keys) -> dict[bytes, int]:
    """Whom the device's trust anchor cells hold, with the numbers of their roles."""
    found: dict[bytes, int] = {}
    for entity, party in keys.parties.items():
        number = ROLE_NUMBERS.get(party.role or "")
        if number is None or entity == state.entity:
            continue
        if entity in state.trusts if state.trusts is not None else number not in found.values():
            found[entity] = number
    return found


def top_ups_of(state: State, keys: Keys) -> list[str | None]:
    """Whose top-ups the device takes and the secret for them, in hex: those of the supplier it trusts."""
    for entity, number in trusted(state, keys).items():
        secret = keys.secret(entity, state.entity, PREPAYMENT) if number == use_cases.SUPPLIER else None
        if secret is not None:
            return [entity.hex(), secret.hex()]
    return [None, None]


def secrets_by_key(state: State, keys: Keys) -> dict[str, str]:
    """The secret of the device and each party, by the party's public key in hex."""
    found = {}
    for entity, party in keys.parties.items():
        public = party.public.get(AGREEMENT)
        secret = keys.secret(entity, state.entity) if entity != state.entity else None
        if public is not None and secret is not None:
            found[point(public).hex()] = secret.hex()
    return found


def signing_key(state: State, keys: Keys) -> ec.EllipticCurvePrivateKey:
    """The device's own signature key, or a test key made for this run where the key file has none."""
    party = keys.party(state.entity)
    if SIGNATURE not in party.private:
        party.private[SIGNATURE] = ec.generate_private_key(ec.SECP256R1())
        party.public[SIGNATURE] = party.private[SIGNATURE].public_key()
    return party.private[SIGNATURE]


def answer(role: str, state: State, keys: Keys, commands: Sequence[bytes]) -> Outcome:
    """Give the commands, one after the other, to the device, in this process."""
    private = signing_key(state, keys)
    by_key = secrets_by_key(state, keys)

    def agree(public_key: bytes) -> bytes | None:
        own = keys.party(state.entity).private.get(AGREEMENT)
        if own is not None:
            try:
                return own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key))
            except ValueError:
                return None
        secret = by_key.get(public_key.hex())
        return bytes.fromhex(secret) if secret else None

    device, server = modelled.device_of(plain_device(role, state, keys), lambda octets: sign(private, octets), verify, agree)
    return Outcome([modelled.answer(device, server, command) for command in commands], list(device.events))


def question(role: str, state: State, keys: Keys, commands: Sequence[bytes]) -> dict[str, Any]:
    """What `hanref.gbcs.modelled` is asked as a program: the device and the commands. It holds secrets: do not print it."""
    device = plain_device(role, state, keys)
    device["secrets_by_key"] = secrets_by_key(state, keys)
    device["signing_key"] = signing_key(state, keys).private_numbers().private_value.to_bytes(32, "big").hex()
    return {"device": device, "commands": [command.hex() for command in commands]}


def outcome(plain: dict[str, Any]) -> Outcome:
    """The outcome in what the program says; raises BenchError where the device has a fault."""
    if "fault" in plain:
        raise BenchError(f"the modelled device ended with {plain['fault']}")
    answers = [None if text is None else bytes.fromhex(text) for text in plain["answers"]]
    return Outcome(answers, [(kind, fields) for kind, fields in plain["events"]])


def answer_on_micropython(interpreter: Path, role: str, state: State, keys: Keys, commands: Sequence[bytes]) -> Outcome:
    """The same as `answer` on a MicroPython interpreter. Raises BenchError."""
    from hanref.gbcs.native import Native

    with Native(interpreter) as peer:
        return outcome(peer.ask(question(role, state, keys, commands)))
