# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""The public keys of authorities that published certificates name and nobody publishes.

From a signature and what was signed follow the few public keys under which it is right [SEC 1, 4.1.6]; the identifier of
the authority's key in the certificate says which of them it is. So a replay can let a device trust the published roots
as a second test root, and the device follows paths of certificates as always.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from han.crypto.certificate import CERTIFICATE_SIGNING, Certificate, CertificateError

from hanref.gbcs.commissioned import key_identifier

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
HALF = 32
Point = tuple[int, int] | None


def trusted(certificates: Iterable[bytes], of_devices: bool = False) -> list[list[Any]]:
    """The authorities, as a state has them, that signed the authorities among these certificates, or with `of_devices` all.

    Who signed a remote party's certificate has to be shown by a path of certificates; a device's comes without.
    """
    found: list[list[Any]] = []
    for octets in certificates:
        try:
            certificate = Certificate(octets)
        except CertificateError:
            continue
        key = signer(certificate) if of_devices or certificate.may(CERTIFICATE_SIGNING) else None
        if key is not None:
            identifier = certificate.authority_key_identifier
            authority = [{"hex": octets.hex()} for octets in (certificate.issuer, key, identifier)]
            if authority not in found:
                found.append(authority)
    return found


def signer(certificate: Any) -> bytes | None:
    """The public key, 65 octets, of the authority that signed a han.crypto.certificate.Certificate; None for none."""
    return _signer(certificate.signed, certificate.signature, certificate.authority_key_identifier)


@lru_cache(maxsize=1000)
def _signer(signed: bytes, signature: bytes, identifier: bytes | None) -> bytes | None:
    for candidate in _candidates(signed, signature):
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), candidate)
        if key_identifier(public) == identifier:
            return candidate
    return None


def _candidates(signed: bytes, signature: bytes) -> Iterator[bytes]:
    """The public keys under which a signature, r then s, is that of what was signed."""
    r, s = int.from_bytes(signature[:HALF], "big"), int.from_bytes(signature[HALF:], "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return
    hashed = int.from_bytes(hashlib.sha256(signed).digest(), "big")
    inverse = pow(r, -1, ORDER)
    for x in (r, r + ORDER):
        square = (x**3 - 3 * x + B) % FIELD
        y = pow(square, (FIELD + 1) // 4, FIELD)
        if x >= FIELD or y * y % FIELD != square:
            continue
        for nonce in ((x, y), (x, FIELD - y)):
            key = _sum(_product(s * inverse % ORDER, nonce), _product(-hashed * inverse % ORDER, BASE))
            if key is not None:
                yield b"\x04" + key[0].to_bytes(HALF, "big") + key[1].to_bytes(HALF, "big")


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % FIELD == 0:
            return None
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, FIELD)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, FIELD)
    x = (slope**2 - one[0] - other[0]) % FIELD
    return x, (slope * (one[0] - x) - one[1]) % FIELD


def _product(factor: int, of: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _sum(found, of)
        of = _sum(of, of)
        factor >>= 1
    return found
