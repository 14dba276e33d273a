# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of test authorities, made here with the firmware's own DER and signatures."""

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.crypto import ecdsa, p256
from han.crypto.certificate import CERTIFICATE_SIGNING
from han.crypto.keystore import TEST_ROOT_MARK
from han.gbcs import der
from han.gbcs.elements import sequence, usage

FROM, UNTIL = b"20200101000000Z", b"20300101000000Z"

_KEY = (der.RAW, bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107"))
_ALGORITHM = (der.RAW, bytes.fromhex("300a06082a8648ce3d040302"))
_UNIT, _UNIQUE, _COMMON = b"\x55\x04\x0b", b"\x55\x04\x2d", b"\x55\x04\x03"
_USAGE, _KEY_IDENTIFIER, _AUTHORITY = b"\x55\x1d\x0f", b"\x55\x1d\x0e", b"\x55\x1d\x23"


def private_key(number):
    """A private key, 32 octets."""
    return number.to_bytes(32, "big")


def identifier(number):
    """What the key of that number is called: no hash, so that one sees which it is."""
    return b"\x40" + number.to_bytes(7, "big")


def name(unit, entity=None, common=None):
    """The name of a subject: its role in hexadecimal, its entity identifier or its common name."""
    parts = [(_UNIT, (der.UTF8_STRING, unit.encode()))] if unit else []
    if entity is not None:
        parts.append((_UNIQUE, (der.BIT_STRING, b"\0" + entity)))
    if common is not None:
        parts.append((_COMMON, (der.UTF8_STRING, common)))
    return sequence(*[(der.SET, [sequence((der.OBJECT_IDENTIFIER, kind), value)]) for kind, value in parts])


def certificate(subject, key, key_usage, issuer, issuer_key, dates=(FROM, UNTIL)):
    """The octets of a certificate; keys are numbers, names are elements."""
    extensions = [
        (_KEY_IDENTIFIER, (der.OCTET_STRING, identifier(key))),
        (_AUTHORITY, sequence((der.CONTEXT, identifier(issuer_key)))),
        (_USAGE, usage(key_usage)),
    ]
    wrapped = [sequence((der.OBJECT_IDENTIFIER, kind), (der.OCTET_STRING, der.encode(value))) for kind, value in extensions]
    body = sequence(
        (der.CONTEXT_CONSTRUCTED, [der.integer(2)]),
        der.integer(key),
        _ALGORITHM,
        issuer,
        sequence(*[(der.GENERALIZED_TIME, date) for date in dates]),
        subject,
        sequence(_KEY, (der.BIT_STRING, b"\0" + p256.public_key(private_key(key)))),
        (der.CONTEXT_CONSTRUCTED + 3, [sequence(*wrapped)]),
    )
    signed = der.encode(body)
    signature = ecdsa.sign(private_key(issuer_key), signed)
    halves = sequence(*[der.integer(int.from_bytes(signature[at : at + 32], "big")) for at in (0, 32)])
    return der.encode(sequence((der.RAW, signed), _ALGORITHM, (der.BIT_STRING, b"\0" + der.encode(halves))))


class Authority:
    """A root with its issuing authority."""

    def __init__(self, common, key):
        self.root_name = name("00", common=common)
        self.root_key = key
        self.root = certificate(self.root_name, key, CERTIFICATE_SIGNING, self.root_name, key)
        self.issuer_name = name("07", common=common + b" I")
        self.issuer_key = key + 1
        self.issuer = certificate(self.issuer_name, key + 1, CERTIFICATE_SIGNING, self.root_name, key)

    def issue(self, unit, entity, key, key_usage, dates=(FROM, UNTIL)):
        """A certificate of a party (role in hexadecimal) or, without a role, of a device."""
        return certificate(name(unit, entity), key, key_usage, self.issuer_name, self.issuer_key, dates)


def own_authority(key=0x1000):
    """An authority that devices take."""
    return Authority(TEST_ROOT_MARK, key)


def strange_authority():
    """One that they do not know."""
    return Authority(b"SOME OTHER ROOT", 0x2000)
