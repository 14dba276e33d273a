# SPDX-License-Identifier: GPL-3.0-or-later
"""AES and GCM against the examples of their standards, and key derivation against hashlib."""

from hashlib import sha256

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.crypto import aes, gcm, kdf
from support import equal, raises

KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308")
IV = bytes.fromhex("cafebabefacedbaddecaf888")
PLAIN = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
CIPHER = bytes.fromhex(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
)
MORE = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")

# Key, initialisation vector, plaintext, additional data, ciphertext, tag: the examples of McGrew and Viega for AES-128.
EXAMPLES = (
    (bytes(16), bytes(12), b"", b"", b"", "58e2fccefa7e3061367f1d57a4e7455a"),
    (
        bytes(16),
        bytes(12),
        bytes(16),
        b"",
        bytes.fromhex("0388dace60b6a392f328c2b971b2fe78"),
        "ab6e47d42cec13bdf53a67b21257bddf",
    ),
    (KEY, IV, PLAIN, b"", CIPHER, "4d5c2af327cd64a62cf35abd2ba6fab4"),
    (KEY, IV, PLAIN[:60], MORE, CIPHER[:60], "5bc94fbc3221a5db94fae95ae7121a47"),
)


def test_aes_example_of_the_standard():
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    equal(aes.encrypt_block(key, plain).hex(), "69c4e0d86a7b0430d8cdb78070b4c55a")


def test_our_own_aes_is_the_librarys():
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    blocks = bytes(range(64))
    equal(aes._Software(key).encrypt(blocks), aes.encrypt_block(key, blocks))
    equal(
        aes._Software(key).encrypt(bytes.fromhex("3243f6a8885a308d313198a2e0370734")).hex(),
        "3925841d02dc09fbdc118597196a0b32",
    )


def test_aes_refuses_other_sizes():
    raises(ValueError, aes.encrypt_block, bytes(16), bytes(15))
    raises(ValueError, aes.encrypt_block, bytes(15), bytes(16))


def test_gcm_examples():
    for key, iv, plain, additional, cipher, tag in EXAMPLES:
        for length in (12, 16):
            equal(gcm.seal(key, iv, plain, additional, length), (cipher, bytes.fromhex(tag)[:length]))
            equal(gcm.open_(key, iv, cipher, additional, bytes.fromhex(tag)[:length]), plain)


def test_gcm_refuses_every_changed_bit():
    _, tag = gcm.seal(KEY, IV, PLAIN[:20], MORE, 12)
    cipher = CIPHER[:20]
    for bit in range(0, 96, 5):
        changed = bytearray(tag)
        changed[bit >> 3] ^= 1 << (bit & 7)
        raises(gcm.TagError, gcm.open_, KEY, IV, cipher, MORE, bytes(changed))
    for bit in range(0, 160, 23):
        changed = bytearray(cipher)
        changed[bit >> 3] ^= 1 << (bit & 7)
        raises(gcm.TagError, gcm.open_, KEY, IV, bytes(changed), MORE, tag)
    raises(gcm.TagError, gcm.open_, KEY, IV, cipher, MORE[:-1], tag)


def test_gcm_refuses_short_tags_and_other_vectors():
    raises(gcm.TagError, gcm.open_, KEY, IV, b"", b"", b"")
    raises(gcm.TagError, gcm.open_, KEY, IV, b"", b"", bytes(11))
    raises(ValueError, gcm.seal, KEY, IV[:11], b"", b"")


def test_gcm_takes_views():
    whole = b"--" + PLAIN[:60] + b"--"
    sealed = gcm.seal(KEY, IV, memoryview(whole)[2:-2], memoryview(MORE), 16)
    equal(sealed, (CIPHER[:60], bytes.fromhex(EXAMPLES[3][5])))


def test_equal_compares_everything():
    assert gcm.equal(b"", b"")
    assert gcm.equal(b"abc", bytearray(b"abc"))
    assert not gcm.equal(b"abc", b"abd")
    assert not gcm.equal(b"abc", b"abcd")


def test_key_derivation_hashes_round_secret_and_other_information():
    secret = bytes(range(32))
    other = bytes.fromhex("60857406080300") + b"O" * 8 + b"\x09" + b"\x02" + bytes(7) + b"\x05" + b"R" * 8
    equal(len(other), 33)
    key = kdf.derive(secret, b"O" * 8, b"\x02" + bytes(7) + b"\x05", b"R" * 8)
    equal(key, sha256(b"\x00\x00\x00\x01" + secret + other).digest()[:16])
