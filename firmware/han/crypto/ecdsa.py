# SPDX-License-Identifier: Apache-2.0
"""Signatures of GBCS: ECDSA on P-256 with SHA-256, 64 octets r then s [GBCS 2.1, FIPS 186-4 6.4].

The nonce of a signature comes out of the key and the message [RFC 6979], so that signing needs no source of chance
and the same message has the same signature in every run. **For test keys only**: see `han.crypto.p256`.
"""

from hashlib import sha256

from micropython import const

from han.crypto import p256

SIGNATURE_LENGTH = 64

_BLOCK = const(64)  # of SHA-256


def sign(private, message):
    """The signature of `message` (octets, any length) under a private key of 32 octets; raises p256.KeyFormatError."""
    number = p256.private_number(private)
    hashed = int.from_bytes(sha256(message).digest(), "big") % p256.ORDER
    nonces = _nonces(private, hashed.to_bytes(32, "big"))
    r = s = 0
    while not r or not s:
        nonce = next(nonces)
        r = p256.base_product_x(nonce) % p256.ORDER
        s = _inverse(nonce) * (hashed + r * number) % p256.ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public, message, signature):
    """Whether `signature` (r then s) is that of `message` under a public key of 65 octets.

    A signature of another length or with numbers out of range is False; a public key that is none raises
    p256.KeyFormatError, because no message can make up for it.
    """
    point = p256.public_point(public)
    if len(signature) != SIGNATURE_LENGTH:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not (0 < r < p256.ORDER and 0 < s < p256.ORDER):
        return False
    hashed = int.from_bytes(sha256(message).digest(), "big")
    inverse = _inverse(s)
    x = p256.products_x(hashed * inverse % p256.ORDER, point, r * inverse % p256.ORDER)
    return x is not None and x % p256.ORDER == r


def _inverse(number):
    return pow(number, p256.ORDER - 2, p256.ORDER)


def _hmac(key, *parts):
    """HMAC-SHA-256 under a key of 32 octets [RFC 2104]."""
    padded = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes([octet ^ 0x36 for octet in padded]))
    for part in parts:
        inner.update(part)
    return sha256(bytes([octet ^ 0x5C for octet in padded]) + inner.digest()).digest()


def _nonces(private, digest):
    """The numbers between 1 and the order that one key and one message give, one after the other [RFC 6979 3.2]."""
    key = bytes(32)
    value = b"\x01" * 32
    for mark in (b"\x00", b"\x01"):
        key = _hmac(key, value, mark, private, digest)
        value = _hmac(key, value)
    while True:
        value = _hmac(key, value)
        number = int.from_bytes(value, "big")
        if 0 < number < p256.ORDER:
            yield number
        key = _hmac(key, value, b"\x00")
        value = _hmac(key, value)
