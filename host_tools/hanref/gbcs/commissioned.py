# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device is commissioned with, in a state file.

    "commissioning": {
      "cells": [[2, 0, 0, {"hex": entity}, {"hex": key identifier}], ...],
                                    trust anchor cells: role, key usage (0 digital signature, 4 key agreement,
                                    5 certificate signing), cell usage (0 management, 1 prepayment), whose key, which
      "authorities": [[{"hex": name}, {"hex": public key}, {"hex": key identifier}], ...],
                                    trusted beside the root in its cell, for this device alone
      "own_certificates": {"0": {"hex": certificate}, "4": ...},      by key usage
      "pending_keys": {"0": {"hex": public key}},                     made, and waiting for a certificate
      "next_keys": {"4": {"hex": public key}},                        what the device makes when it is asked for a key
      "request_names": [{"hex": subject}, {"hex": attributes}],       of its certification requests, whole DER elements
      "device_log": [[{"hex": entity}, device type], ...],            types as in the ASN.1 use cases
      "firmware": [version, null or [{"hex": hash}, version]]         that runs, and the image held
    }

An operation of such a device may end with a fault: `faults` of the state counts the operations of a command from 0.
"""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from han.crypto.certificate import CERTIFICATE_SIGNING, DIGITAL_SIGNATURE, KEY_AGREEMENT

from hanref.errors import UsageError
from hanref.gbcs import keys as key_files
from hanref.gbcs.keys import Keys
from hanref.gbcs.state_logs import Check, fields, number, numbered, octets, row, rows

MANAGEMENT, PREPAYMENT = 0, 1
USAGES = (DIGITAL_SIGNATURE, KEY_AGREEMENT, CERTIFICATE_SIGNING)
PURPOSES = {
    (DIGITAL_SIGNATURE, MANAGEMENT): key_files.SIGNATURE,
    (KEY_AGREEMENT, MANAGEMENT): key_files.AGREEMENT,
    (KEY_AGREEMENT, PREPAYMENT): key_files.PREPAYMENT,
}
POINT_LENGTH = 65


def one_of(*allowed: int) -> Check:
    """A number out of a few."""

    def check(value: Any, where: str) -> int:
        if number(value, where) not in allowed:
            raise UsageError(f"{where}: {value} is none of {', '.join(map(str, allowed))}")
        return int(value)

    return check


def entity(value: Any, where: str) -> dict[str, str]:
    """An entity identifier as octets."""
    if len(octets(value, where)["hex"]) != 16:
        raise UsageError(f"{where}: an entity identifier has 8 octets")
    return dict(value)


def point(value: Any, where: str) -> dict[str, str]:
    """A public key as octets: 04 and both coordinates."""
    if len(octets(value, where)["hex"]) != 2 * POINT_LENGTH:
        raise UsageError(f"{where}: a public key has {POINT_LENGTH} octets")
    return dict(value)


def optional(item: Check) -> Check:
    """An item or null."""
    return lambda value, where: None if value is None else item(value, where)


COMMISSIONING: dict[str, Check] = {
    "cells": rows(row(number, one_of(*USAGES), one_of(MANAGEMENT, PREPAYMENT), entity, octets)),
    "authorities": rows(row(octets, point, octets)),
    "own_certificates": numbered(octets),
    "pending_keys": numbered(point),
    "next_keys": numbered(point),
    "request_names": row(octets, octets),
    "device_log": rows(row(entity, number)),
    "firmware": row(number, optional(row(octets, number))),
}


def parse(plain: Any, where: str) -> dict[str, Any]:
    """What is in plain data, checked; raises UsageError, which begins with `where` and the place."""
    for name in fields(plain, where):
        if name not in COMMISSIONING:
            raise UsageError(f"{where}: {name}: no such field; there are {', '.join(COMMISSIONING)}")
    return {name: COMMISSIONING[name](value, f"{where}: {name}") for name, value in plain.items()}


def resolved(plain: dict[str, Any] | None, keys: Keys) -> dict[str, Any] | None:
    """As `hanref.gbcs.stated_commissioning` takes it: octets as digits, cells with the public keys of the key file."""
    if plain is None:
        return None
    found: dict[str, Any] = _digits(plain)
    found["cells"] = [[*cell, _public_key(cell, keys).hex()] for cell in found.get("cells", ())]
    return found


def _digits(value: Any) -> Any:
    if isinstance(value, dict):
        return value["hex"] if list(value) == ["hex"] else {name: _digits(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_digits(item) for item in value]
    return value


def _public_key(cell: list[Any], keys: Keys) -> bytes:
    """The public key in a cell: the one its identifier names, else that of its usage; empty where nobody knows it."""
    _, usage, cell_usage, holder, identifier = cell
    party = keys.parties.get(bytes.fromhex(holder))
    public = {} if party is None else party.public
    for key in public.values():
        if key_identifier(key).hex() == identifier:
            return _octets_of(key)
    purpose = PURPOSES.get((usage, cell_usage))
    return _octets_of(public[purpose]) if purpose in public else b""


def _octets_of(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def key_identifier(key: Any) -> bytes:
    """The short form of a key's identifier: 0100 and the last 60 bits of its hash [RFC 5280 4.2.1.2]."""
    digest = x509.SubjectKeyIdentifier.from_public_key(key).digest
    return bytes((0x40 | digest[-8] & 0x0F,)) + digest[-7:]
