# SPDX-License-Identifier: Apache-2.0
"""AES-128-GCM with a 12-octet initialisation vector [NIST SP 800-38D].

GHASH multiplies polynomials over two elements. A block is one integer of 128 bits, the first bit of the block its
highest and the coefficient of x0. The product with H is put together from multiples of H by a nibble, without
reduction, which then takes a dozen operations on long integers for the whole block.
"""

from han.crypto import aes
from han.errors import CryptoError

IV_LENGTH = 12
TAG_LENGTH = 16

_BITS = 128
_LOW = (1 << 128) - 1


class TagError(CryptoError):
    """The authentication tag does not belong to these octets and this key."""


def equal(a, b):
    """Whether two octet strings are equal, in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0


def _multiples(h):
    """(multiples of H by a nibble, the same by a nibble in the upper half of an octet)."""
    low = [0, h]
    for nibble in range(1, 8):
        double = low[nibble] << 1
        low.append(double)
        low.append(double ^ h)
    return low, [multiple << 4 for multiple in low]


def _absorb(state, low, high, octets):
    """GHASH goes on over `octets`, filled up with zeros to whole blocks."""
    length = len(octets)
    for at in range(0, length, 16):
        block = octets[at : at + 16]
        value = int.from_bytes(block, "big")
        if at + 16 > length:
            value <<= (at + 16 - length) << 3
        product = 0
        for octet in (state ^ value).to_bytes(16, "big"):
            product = product << 8 ^ high[octet >> 4] ^ low[octet & 15]
        # The product has 255 bits, the highest for x0: those below the upper 128 are x128 and more. As x128 is
        # x7 + x2 + x + 1, they are added four times, moved; what moves out below is once more x128 and more.
        product <<= 1
        over = product & _LOW
        over ^= (over << 127 ^ over << 126 ^ over << 121) & _LOW
        state = product >> _BITS ^ over ^ over >> 1 ^ over >> 2 ^ over >> 7
    return state


def _tag(h, mask, additional, ciphertext):
    low, high = _multiples(int.from_bytes(h, "big"))
    state = _absorb(_absorb(0, low, high, additional), low, high, ciphertext)
    lengths = (len(additional) * 8).to_bytes(8, "big") + (len(ciphertext) * 8).to_bytes(8, "big")
    state = _absorb(state, low, high, lengths)
    return (state ^ int.from_bytes(mask, "big")).to_bytes(16, "big")


def _exclusive_or(a, b):
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


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
    h, mask, stream = _streams(key, iv, len(plaintext))
    ciphertext = _exclusive_or(plaintext, stream)
    return ciphertext, _tag(h, mask, additional, ciphertext)[:tag_length]


def open_(key, iv, ciphertext, additional, tag):
    """Check the tag (12 to 16 octets), then decrypt: returns the plaintext; raises TagError."""
    if not 12 <= len(tag) <= TAG_LENGTH:
        raise TagError("an authentication tag has 12 to 16 octets, not %d" % len(tag))
    h, mask, stream = _streams(key, iv, len(ciphertext))
    if not equal(_tag(h, mask, additional, ciphertext)[: len(tag)], tag):
        raise TagError("the authentication tag is wrong")
    return _exclusive_or(ciphertext, stream)
