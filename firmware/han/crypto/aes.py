# SPDX-License-Identifier: Apache-2.0
"""AES-128 on whole blocks [FIPS 197]: the interpreter's `cryptolib`, or our own where there is none."""

try:
    from cryptolib import aes as _library
except ImportError:
    _library = None

BLOCK = 16
_ECB = 1


def _double(octet):
    """The octet times x in the field of AES."""
    octet <<= 1
    return octet ^ 0x11B if octet & 0x100 else octet


def _make_substitution():
    """The S-box: the inverse in the field, then the affine map [FIPS 197 5.1.1]."""
    powers = bytearray(256)
    logarithms = bytearray(256)
    value = 1
    for exponent in range(255):
        powers[exponent] = value
        logarithms[value] = exponent
        value ^= _double(value)  # 3 generates the field
    table = bytearray(256)
    for octet in range(256):
        inverse = powers[(255 - logarithms[octet]) % 255] if octet else 0
        spread = inverse * 0x101
        table[octet] = (spread ^ spread >> 4 ^ spread >> 5 ^ spread >> 6 ^ spread >> 7) & 0xFF ^ 0x63
    return bytes(table)


class _Software:
    """AES-128 encryption in plain Python, for an interpreter without `cryptolib`."""

    substitution = None

    def __init__(self, key):
        if _Software.substitution is None:
            _Software.substitution = _make_substitution()
        table = self.substitution
        words = [key[i : i + 4] for i in range(0, 16, 4)]
        constant = 1
        for i in range(4, 44):
            word = words[i - 1]
            if i % 4 == 0:
                word = bytes((table[word[1]] ^ constant, table[word[2]], table[word[3]], table[word[0]]))
                constant = _double(constant)
            before = words[i - 4]
            words.append(bytes((word[0] ^ before[0], word[1] ^ before[1], word[2] ^ before[2], word[3] ^ before[3])))
        self.round_keys = [b"".join(words[i : i + 4]) for i in range(0, 44, 4)]

    def encrypt(self, octets):
        out = bytearray()
        for i in range(0, len(octets), BLOCK):
            out += self._block(octets[i : i + BLOCK])
        return bytes(out)

    def _block(self, block):
        table = self.substitution
        keys = self.round_keys
        state = bytes([a ^ b for a, b in zip(block, keys[0])])
        for number in range(1, 10):
            state = self._round(state, keys[number], table)
        last = keys[10]
        return bytes([table[state[5 * i & 15]] ^ last[i] for i in range(BLOCK)])

    def _round(self, state, key, table):
        out = bytearray(BLOCK)
        for i in range(0, BLOCK, 4):
            # Row r of this column comes from the column r to the right: octet (i + 5 r) mod 16.
            a, b, c, d = table[state[i]], table[state[i + 5 & 15]], table[state[i + 10 & 15]], table[state[i + 15 & 15]]
            every = a ^ b ^ c ^ d
            out[i] = a ^ every ^ _double(a ^ b) ^ key[i]
            out[i + 1] = b ^ every ^ _double(b ^ c) ^ key[i + 1]
            out[i + 2] = c ^ every ^ _double(c ^ d) ^ key[i + 2]
            out[i + 3] = d ^ every ^ _double(d ^ a) ^ key[i + 3]
        return out


def cipher(key):
    """The cipher of a 16-octet key: an object whose `encrypt(octets)` does whole blocks, each on its own (ECB)."""
    if len(key) != BLOCK:
        raise ValueError("an AES-128 key has 16 octets, not %d" % len(key))
    return _library(key, _ECB) if _library else _Software(key)


def encrypt_block(key, octets):
    """The AES encryption of one block, or of several each on its own."""
    if len(octets) % BLOCK:
        raise ValueError("AES takes whole blocks of 16 octets, not %d octets" % len(octets))
    return cipher(key).encrypt(octets)
