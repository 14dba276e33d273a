# SPDX-License-Identifier: GPL-3.0-or-later
"""Zigbee's hash, keyed hashes and install codes [ZSE 9; Zigbee specification annex B and C]."""

import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hanref.errors import UsageError

BLOCK = 16
KEY_OCTETS = 16
INSTALL_CODE_OCTETS = (6, 8, 12, 16)  # before the two octets of CRC; GB devices use 16

_KEY_TRANSPORT = b"\x00"
_KEY_LOAD = b"\x02"
_VERIFY_KEY = b"\x03"
_LONG_MESSAGE_OCTETS = 65536 // 8  # from here on the length takes 32 bits

# crc_hqx works from the most significant bit, the checksums of this page from the least: mirror on the way in and out.
MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def aes_block(key: bytes, block: bytes) -> bytes:
    """One AES-128 block, 16 octets."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def aes_mmo(message: bytes) -> bytes:
    """The Matyas-Meyer-Oseas hash over AES-128: 16 octets."""
    bits = 8 * len(message)
    if len(message) < _LONG_MESSAGE_OCTETS:
        length = bits.to_bytes(2, "big")
    else:
        length = bits.to_bytes(4, "big") + b"\x00\x00"
    padded = message + b"\x80"
    padded += bytes(-(len(padded) + len(length)) % BLOCK) + length
    digest = bytes(BLOCK)
    for at in range(0, len(padded), BLOCK):
        block = padded[at : at + BLOCK]
        digest = _exclusive_or(aes_block(digest, block), block)
    return digest


def hmac_aes_mmo(key: bytes, message: bytes) -> bytes:
    """HMAC over AES-MMO with its block of 16 octets: 16 octets."""
    if len(key) > BLOCK:
        key = aes_mmo(key)
    key = key.ljust(BLOCK, b"\x00")
    inner = _exclusive_or(key, b"\x36" * BLOCK)
    outer = _exclusive_or(key, b"\x5c" * BLOCK)
    return aes_mmo(outer + aes_mmo(inner + message))


def key_transport_key(link_key: bytes) -> bytes:
    """The key under which the trust centre sends a network key."""
    return hmac_aes_mmo(link_key, _KEY_TRANSPORT)


def key_load_key(link_key: bytes) -> bytes:
    """The key under which the trust centre sends a link key."""
    return hmac_aes_mmo(link_key, _KEY_LOAD)


def verify_key_hash(link_key: bytes) -> bytes:
    """What a joiner shows of its link key in Verify Key."""
    return hmac_aes_mmo(link_key, _VERIFY_KEY)


def crc_x25(octets: bytes) -> bytes:
    """CRC-16/X-25 of an install code, two octets, least significant first."""
    crc = binascii.crc_hqx(octets.translate(MIRRORED), 0xFFFF) ^ 0xFFFF
    return crc.to_bytes(2, "big").translate(MIRRORED)


def frame_check_sequence(frame: bytes) -> bytes:
    """The FCS of an IEEE 802.15.4 frame, two octets as sent."""
    return binascii.crc_hqx(frame.translate(MIRRORED), 0).to_bytes(2, "big").translate(MIRRORED)


def install_code_with_crc(code: bytes) -> bytes:
    """An install code of 6, 8, 12 or 16 octets with its CRC; one that carries its CRC already is checked.

    Raises UsageError for another length or a wrong CRC; the code itself is not said (REQ-121-5).
    """
    if len(code) in INSTALL_CODE_OCTETS:
        if len(code) == 8 and crc_x25(code[:6]) == code[6:]:  # both 6 + CRC and a bare 8 are this long
            return code
        return code + crc_x25(code)
    if len(code) - 2 not in INSTALL_CODE_OCTETS:
        raise UsageError(f"install code of {len(code)} octets: it has 6, 8, 12 or 16, with or without two of CRC")
    if crc_x25(code[:-2]) != code[-2:]:
        raise UsageError(f"install code of {len(code)} octets: wrong CRC, it is mistyped or another's")
    return code


def install_code_key(code: bytes) -> bytes:
    """The preconfigured link key of an install code, with or without its CRC."""
    return aes_mmo(install_code_with_crc(code))


def _exclusive_or(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")
