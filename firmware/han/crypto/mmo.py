# SPDX-License-Identifier: Apache-2.0
"""AES-MMO, the hash of Zigbee, and the keys made from install codes [ZSE 9]."""

from han.crypto.aes import encrypt_block
from han.errors import CryptoError

_BLOCK = 16


def digest(octets):
    """The 16 octets of the Matyas-Meyer-Oseas hash of a text shorter than 8192 octets."""
    if len(octets) >= 8192:
        raise CryptoError("AES-MMO of %d octets: less than 8192 are supported" % len(octets))
    padded = bytearray(octets)
    padded.append(0x80)
    while len(padded) % _BLOCK != _BLOCK - 2:
        padded.append(0)
    padded += (8 * len(octets)).to_bytes(2, "big")
    found = bytes(_BLOCK)
    for at in range(0, len(padded), _BLOCK):
        block = bytes(padded[at : at + _BLOCK])
        encrypted = encrypt_block(found, block)
        found = bytes([first ^ second for first, second in zip(encrypted, block)])
    return found


def check_octets(code):
    """The CRC-16/X-25 of an install code, 2 octets, low one first."""
    crc = 0xFFFF
    for octet in code:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def install_code_key(code):
    """The link key of an install code without its CRC."""
    return digest(bytes(code) + check_octets(code))
