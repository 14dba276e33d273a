# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with key stores on both interpreters: arguments and results are plain data."""

from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT, Certificate
from han.crypto.keystore import KeyStore
from han.errors import CryptoError
from han.stores.memory import MemoryValues


def read(octets):
    """What a certificate says; None for octets that are none."""
    try:
        found = Certificate(octets)
    except CryptoError:
        return None
    return [
        found.entity,
        found.role,
        found.public_key,
        found.usages,
        found.key_identifier,
        found.authority_key_identifier,
        found.valid_from,
        found.valid_until,
        found.signature,
    ]


def commission(root, issuer, certificates, agreement, signing):
    """A device's key store with these certificates (a list of (octets, role or None)) and private keys."""
    values = MemoryValues()
    keys = KeyStore(values)
    keys.add_root(root)
    for octets, role in certificates:
        keys.import_certificate(octets, [issuer], role=role)
    keys.set_private(KEY_AGREEMENT, agreement)
    keys.set_private(DIGITAL_SIGNATURE, signing)
    return values, keys


def secrets(root, issuer, certificates, agreement, signing, parties, message):
    """(secrets with the parties, their roles, a signature, the cells), worked out and again after a restart."""
    values, keys = commission(root, issuer, certificates, agreement, signing)
    found = [_answers(keys, parties, message)]
    found.append(_answers(KeyStore(values), parties, message))
    return found


def _answers(keys, parties, message):
    return [
        [keys.secret(party) for party in parties],
        [keys.role(party) for party in parties],
        keys.sign(message),
        keys.cells(),
    ]
