# SPDX-License-Identifier: Apache-2.0
"""AES-128-GCM with a 12-octet initialisation vector [NIST SP 800-38D].

GHASH multiplies polynomials over two elements. Here a polynomial is one big integer in which each coefficient has
an octet of its own, so that the integer product of two of them is their product with every coefficient counted;
the lowest bit of each octet is the answer. No count passes 128, so no octet runs into the next. The interpreter's
long multiplication does the work, whatever its word size.
"""

from han.crypto import aes
from han.errors import HanError

IV_LENGTH = 12
TAG_LENGTH = 16

_BITS = 128 * 8
_LOW = (1 << _BITS) - 1
_ONES = int.from_bytes(b"\x01" * 128, "little")
_ONES_OF_PRODUCT = int.from_bytes(b"\x01" * 256, "little")
# x to the 128 is x7 + x2 + x + 1.
_FOLD = 1 | 1 << 8 | 1 << 16 | 1 << 56
# What a nibble, first bit first, is when spread over four octets.
_SPREAD = [bytes((n >> 3, n >> 2 & 1, n >> 1 & 1, n & 1)) for n in range(16)]


class TagError(HanError):
    """The authentication tag does not belong to these octets and this key."""


class _Backend:
    """A faster implementation of `seal` and `open_`, if one was registered."""

    seal = None
    open_ = None


def use_backend(seal, open_):
    """Let another implementation do the work: the host has a compiled one. None, None takes ours again.

    `seal(key, iv, plaintext, additional)` returns (ciphertext, 16-octet tag);
    `open_(key, iv, ciphertext, additional, tag)` returns the plaintext or raises TagError.
    """
    _Backend.seal = seal
    _Backend.open_ = open_


def equal(a, b):
    """Whether two octet strings are equal, in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0


def _polynomial(block):
    """A block, or the last part of one, as a polynomial with an octet for each coefficient."""
    table = _SPREAD
    parts = []
    for octet in block:
        parts.append(table[octet >> 4])
        parts.append(table[octet & 15])
    return int.from_bytes(b"".join(parts), "little")


def _block_of(polynomial):
    """The 16 octets of a polynomial."""
    spread = polynomial.to_bytes(128, "little")
    block = bytearray(16)
    for i in range(128):
        block[i >> 3] = block[i >> 3] << 1 | spread[i]
    return block


def _absorb(state, h, octets):
    """GHASH goes on over `octets`, filled up with zeros to whole blocks."""
    view = memoryview(octets)
    for i in range(0, len(octets), 16):
        product = (state ^ _polynomial(view[i : i + 16])) * h & _ONES_OF_PRODUCT
        folded = (product & _LOW) + (product >> _BITS) * _FOLD
        state = (folded & _LOW) + (folded >> _BITS) * _FOLD & _ONES
    return state


def _tag(h, mask, additional, ciphertext):
    h = _polynomial(h)
    state = _absorb(_absorb(0, h, additional), h, ciphertext)
    lengths = (len(additional) * 8).to_bytes(8, "big") + (len(ciphertext) * 8).to_bytes(8, "big")
    tag = _block_of(_absorb(state, h, lengths))
    return _exclusive_or(tag, mask)


def _exclusive_or(a, b):
    out = bytearray(len(a))
    for i in range(len(a)):
        out[i] = a[i] ^ b[i]
    return bytes(out)


def _streams(key, iv, length):
    """(hash key, tag mask, key stream) for `length` octets, by one call of the cipher."""
    if len(iv) != IV_LENGTH:
        raise ValueError("the initialisation vector has 12 octets, not %d" % len(iv))
    blocks = (length + 15) // 16
    plain = bytearray(16)
    for counter in range(1, blocks + 2):
        plain += iv
        plain += counter.to_bytes(4, "big")
    stream = memoryview(aes.cipher(key).encrypt(plain))
    return stream[:16], stream[16:32], stream[32 : 32 + length]


def seal(key, iv, plaintext, additional, tag_length=TAG_LENGTH):
    """Encrypt and authenticate: returns (ciphertext, tag of `tag_length` octets)."""
    if _Backend.seal:
        ciphertext, tag = _Backend.seal(key, iv, plaintext, additional)
        return ciphertext, tag[:tag_length]
    h, mask, stream = _streams(key, iv, len(plaintext))
    ciphertext = _exclusive_or(plaintext, stream)
    return ciphertext, _tag(h, mask, additional, ciphertext)[:tag_length]


def open_(key, iv, ciphertext, additional, tag):
    """Check the tag (12 to 16 octets), then decrypt: returns the plaintext; raises TagError."""
    if not 12 <= len(tag) <= TAG_LENGTH:
        raise TagError("an authentication tag has 12 to 16 octets, not %d" % len(tag))
    if _Backend.open_:
        return _Backend.open_(key, iv, ciphertext, additional, tag)
    h, mask, stream = _streams(key, iv, len(ciphertext))
    if not equal(_tag(h, mask, additional, ciphertext)[: len(tag)], tag):
        raise TagError("the authentication tag is wrong")
    return _exclusive_or(ciphertext, stream)
