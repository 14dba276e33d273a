# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection of network and APS frames: AES-CCM* with a check of four octets [ZSE 10]."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from hanref.air.frames import FrameError

MIC_OCTETS = 4
LEVEL = 5  # encryption and a check of 32 bits: in every computation, but sent as 0
_EXTENDED_NONCE = 0x20


class KeyKind(IntEnum):
    """Which key protects a frame."""

    LINK = 0
    NETWORK = 1
    KEY_TRANSPORT = 2
    KEY_LOAD = 3


@dataclass(slots=True)
class Auxiliary:
    """The auxiliary header of a protected frame. `source` is the EUI-64 where it is sent along."""

    kind: int
    counter: int
    source: bytes | None = None
    key_sequence: int | None = None

    def encode(self, level: int = 0) -> bytes:
        """The header; `level` is 0 on the air and LEVEL in what is authenticated."""
        control = level | self.kind << 3 | (_EXTENDED_NONCE if self.source is not None else 0)
        octets = struct.pack("<BI", control, self.counter)
        if self.source is not None:
            octets += self.source[::-1]
        if self.kind == KeyKind.NETWORK:
            octets += bytes((self.key_sequence or 0,))
        return octets

    def nonce(self, source: bytes) -> bytes:
        """The nonce of a frame that `source` protected, 13 octets."""
        control = LEVEL | self.kind << 3 | (_EXTENDED_NONCE if self.source is not None else 0)
        return source[::-1] + struct.pack("<IB", self.counter, control)


def decode_auxiliary(octets: bytes) -> tuple[Auxiliary, int]:
    """The auxiliary header at the start of `octets`, and its length. Raises FrameError where it is cut."""
    try:
        control, counter = struct.unpack_from("<BI", octets)
        header = Auxiliary(control >> 3 & 3, counter)
        at = 5
        if control & _EXTENDED_NONCE:
            header.source = octets[5:13][::-1]
            at = 13
        if header.kind == KeyKind.NETWORK:
            header.key_sequence = octets[at]
            at += 1
    except (struct.error, IndexError):
        raise FrameError(f"security header ends at octet {len(octets)}") from None
    if len(octets) < at + MIC_OCTETS:
        raise FrameError(f"protected frame of {len(octets)} octets after its header, too short for its check")
    return header, at


@lru_cache(maxsize=256)
def cipher(key: bytes) -> AESCCM:
    """AES-CCM* with the check Zigbee uses, made once a key."""
    return AESCCM(key, MIC_OCTETS)


def protect(key: bytes, header: bytes, auxiliary: Auxiliary, payload: bytes, source: bytes) -> bytes:
    """What follows `header` on the air: auxiliary header, encrypted payload, check."""
    authenticated = header + auxiliary.encode(LEVEL)
    return auxiliary.encode() + cipher(key).encrypt(auxiliary.nonce(source), payload, authenticated)


def unprotect(key: bytes, header: bytes, auxiliary: Auxiliary, encrypted: bytes, source: bytes) -> bytes | None:
    """The payload that `source` protected under `key`, None where the check fails. `encrypted` carries its check."""
    try:
        return cipher(key).decrypt(auxiliary.nonce(source), encrypted, header + auxiliary.encode(LEVEL))
    except InvalidTag:
        return None
