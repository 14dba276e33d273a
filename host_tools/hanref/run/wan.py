# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAN side of a run: a supplier and an Access Control Broker with test keys of the run, and their commands."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from han.gbcs import use_cases, utrn

from hanref.errors import UsageError
from hanref.gbcs.build import build_command, code_of
from hanref.gbcs.keys import ACCESS_CONTROL_BROKER, AGREEMENT, Keys

# Identifiers and keys here are test values of hanref (REQ-PKI-1): "hanref" in ASCII, then a number.
SUPPLIER = b"\x02hanref\x80"
BROKER = b"\x02hanref\x81"

_ROLES = {
    SUPPLIER: ("supplier", use_cases.SUPPLIER),
    BROKER: (ACCESS_CONTROL_BROKER, use_cases.ACCESS_CONTROL_BROKER),
}
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Wan:
    """Who sends commands to the devices of a run, with keys made from its seed.

    `devices` maps role (`gpf`, ...) to entity identifier. Counters rise with every command.
    """

    def __init__(self, seed: int, devices: dict[str, bytes]) -> None:
        self.devices = devices
        self.keys = Keys()
        for entity, (role, _) in _ROLES.items():
            self._add(seed, entity, role)
        for role, entity in devices.items():
            self._add(seed, entity, role)

    def roles(self) -> dict[bytes, str]:
        """Role by entity identifier."""
        return {entity: party.role or "" for entity, party in self.keys.parties.items()}

    def parties_of(self, device: bytes) -> dict[str, dict[str, Any]]:
        """What a device is told of the parties: role number and shared secret by entity identifier."""
        known = {}
        for entity, (_, number) in _ROLES.items():
            known[entity.hex()] = {"role": number, "secret": self._secret(entity, device).hex()}
        return known

    def command(self, use_case: str, target: str, counter: int, parameters: dict[str, Any] | None = None) -> bytes:
        """A supplier's command under the broker's MAC; `parameters` gives the free fields of its template.

        Raises UsageError for a use case that is unknown, or that the supplier has not for the target.
        """
        found = use_cases.find(code_of(use_case))
        assert found is not None
        if not found.is_for(target) or not found.allows(use_cases.SUPPLIER, target):
            raise UsageError("use case %s is nothing a supplier has for the %s" % (use_case, target))
        return build_command(self.keys, use_case, SUPPLIER, self.devices[target], counter, parameters)

    def top_up(self, meter: str, counter: int, pounds: int) -> str:
        """The 20 digits of a top-up that the supplier makes for a meter."""
        entity = self.devices[meter]
        return str(utrn.make(self._secret(SUPPLIER, entity), SUPPLIER, entity, counter, utrn.POUNDS, pounds))

    def top_up_party(self, device: bytes) -> dict[str, str]:
        """What a meter is told of the supplier whose top-ups it takes."""
        return {"supplier": SUPPLIER.hex(), "prepayment_secret": self._secret(SUPPLIER, device).hex()}

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
