# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAN side of a run: remote parties with test keys of the run, and their commands."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from han.gbcs import use_cases, utrn

from hanref.errors import UsageError
from hanref.gbcs import trust
from hanref.gbcs.answering import ROLE_NUMBERS, sign
from hanref.gbcs.build import build_command, code_of
from hanref.gbcs.keys import ACCESS_CONTROL_BROKER, AGREEMENT, DEVICES, PREPAYMENT, SIGNATURE, Keys
from hanref.gbcs.test_keys import TestKeys, make_all

# Identifiers and keys here are test values of hanref (REQ-PKI-1): "hanref" in ASCII, then a number.
SUPPLIER = b"\x02hanref\x80"
BROKER = b"\x02hanref\x81"

_ROLES = {
    SUPPLIER: ("supplier", use_cases.SUPPLIER),
    BROKER: (ACCESS_CONTROL_BROKER, use_cases.ACCESS_CONTROL_BROKER),
}
# Whose commands scenarios with certificates send, in the order in which a command's sender is looked for.
SENDERS = ("supplier", "network operator", ACCESS_CONTROL_BROKER)
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Wan:
    """Who sends commands to the devices of a run, with keys made from its seed.

    `devices` maps role (`gpf`, ...) to entity identifier. With `certified` parties and devices have keys and certificates
    for everything, so that critical commands can be sent. Counters rise with every command.
    """

    def __init__(self, seed: int, devices: dict[str, bytes], certified: bool = False) -> None:
        self.devices = devices
        self.certified: TestKeys | None = None
        self.keys: Keys
        if certified:
            served = {entity: role for role, entity in devices.items() if role in DEVICES}
            self.keys = self.certified = make_all(served, seed)
        else:
            self.keys = Keys()
            for entity, (role, _) in _ROLES.items():
                self._add(seed, entity, role)
            for role, entity in devices.items():
                self._add(seed, entity, role)

    def roles(self) -> dict[bytes, str]:
        """Role by entity identifier."""
        return {entity: party.role or "" for entity, party in self.keys.parties.items()}

    def keys_of(self, *devices: str) -> dict[str, Any]:
        """What a board is told of keys, for the devices on it: `parties` with shared secrets, or `trust`. They are secrets: do
        not print them."""
        if self.certified is None:
            return {"parties": self.parties_of(self.devices[devices[-1]])}
        served = [role for role in devices if role in DEVICES]
        return {"trust": {role: trust.settings(self.certified, self.devices[role], role, joined=True) for role in served}}

    def parties_of(self, device: bytes) -> dict[str, dict[str, Any]]:
        """What a device is told of the parties: role number and shared secret by entity identifier. Gas meter and PPMID
        know each other, as after CS03C."""
        numbers = {entity: number for entity, (_, number) in _ROLES.items()}
        partner = trust.PARTNERS.get(self.keys.role(device) or "")
        if partner is not None and partner[0] in self.devices:
            numbers[self.devices[partner[0]]] = partner[1]
        return {
            entity.hex(): {"role": number, "secret": self._secret(entity, device).hex()} for entity, number in numbers.items()
        }

    def command(self, use_case: str, target: str, counter: int, parameters: dict[str, Any] | None = None) -> bytes:
        """A supplier's command under the broker's MAC; `parameters` gives the free fields of its template.

        Raises UsageError for a use case that is unknown, or that the supplier has not for the target.
        """
        return self.command_of("supplier", use_case, target, counter, parameters)

    def command_of(
        self,
        sender: str | None,
        use_case: str,
        target: str,
        counter: int,
        parameters: dict[str, Any] | None = None,
        payload: bytes | None = None,
    ) -> bytes:
        """A command of the party in a role, without one of the first that may send it, protected as its use case says; with
        `payload` in place of one that is built of `parameters`.

        Raises UsageError for a use case that is unknown, or that the sender has not for the target.
        """
        found = use_cases.find(code_of(use_case))
        assert found is not None
        may = [role for role in SENDERS if sender in (None, role) and found.allows(ROLE_NUMBERS[role], target)]
        parties = [self._party(role) for role in may if found.is_for(target)]
        if not parties:
            raise UsageError("use case %s is nothing a %s has for the %s" % (use_case, sender or "party of the run", target))
        device = self.devices[target]
        return build_command(self.keys, use_case, parties[0], device, counter, parameters, payload=payload)

    def signed_by_supplier(self, octets: bytes) -> bytes:
        """The supplier's signature of octets, in a run with certificates."""
        return sign(self.keys.party(self._party("supplier")).private[SIGNATURE], octets)

    def _party(self, role: str) -> bytes:
        return next(entity for entity, party in self.keys.parties.items() if party.role == role)

    def top_up(self, meter: str, counter: int, pounds: int) -> str:
        """The 20 digits of a top-up that the supplier makes for a meter."""
        entity, supplier = self.devices[meter], self._party("supplier")
        return str(utrn.make(self._top_up_secret(supplier, entity), supplier, entity, counter, utrn.POUNDS, pounds))

    def top_up_party(self, device: bytes) -> dict[str, str]:
        """What a meter is told of the supplier whose top-ups it takes."""
        supplier = self._party("supplier")
        return {"supplier": supplier.hex(), "prepayment_secret": self._top_up_secret(supplier, device).hex()}

    def _top_up_secret(self, supplier: bytes, device: bytes) -> bytes:
        found = self.keys.secret(supplier, device, PREPAYMENT)
        return self._secret(supplier, device) if found is None else found

    def _secret(self, party: bytes, device: bytes) -> bytes:
        secret = self.keys.secret(party, device)
        assert secret is not None  # both private keys are ours
        return secret

    def _add(self, seed: int, entity: bytes, role: str) -> None:
        party = self.keys.party(entity)
        party.role = role
        digest = hashlib.sha512(b"hanref test key agreement\x00%d\x00" % seed + entity).digest()
        private = ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER_OF_P256 - 1) + 1, ec.SECP256R1())
        party.private[AGREEMENT] = private
        party.public[AGREEMENT] = private.public_key()
