# SPDX-License-Identifier: GPL-3.0-or-later
"""Test keys of a run: install codes, and link keys in place of key establishment. Made from its seed (REQ-PKI-1)."""

import hashlib
from itertools import combinations

from hanref.air.hashes import install_code_with_crc


def install_code(seed: int, identity: bytes) -> bytes:
    """The install code of a device, its CRC included."""
    return install_code_with_crc(_made("install code", seed, identity))


def link_keys(seed: int, identities: list[bytes]) -> dict[frozenset[bytes], bytes]:
    """A link key for each pair of devices."""
    return {frozenset(pair): _made("link key", seed, *sorted(pair)) for pair in combinations(identities, 2)}


def _made(what: str, seed: int, *identities: bytes) -> bytes:
    digest = hashlib.sha256(f"hanref test {what} {seed}".encode())
    for identity in identities:
        digest.update(b"\x00" + identity)
    return digest.digest()[:16]
