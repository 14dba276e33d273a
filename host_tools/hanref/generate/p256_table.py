# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes firmware/han/crypto/p256_table.py: multiples of the base point of P-256, worked out by `cryptography`.

Run it as `python -m hanref.generate.p256_table PATH`; a test sees to it that the file in the project is up to date.
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

TEETH = 5
COLUMNS = 52  # TEETH * COLUMNS is at least 256

_HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""Multiples of the base point of P-256. Made by hanref.generate.p256_table: change that, not this.

Row r (from 1) is the sum of 2^(COLUMNS * t) times the base point over the bits t that are set in r: x and y, 32 octets
each, big endian. The octets stay in flash.
"""

COLUMNS = {columns}

TABLE = (
{rows})
'''


def multiple(number: int) -> bytes:
    """x and y, 32 octets each, of a multiple of the base point."""
    point = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers()
    return point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")


def table() -> str:
    """The text of the module."""
    lines = []
    for row in range(1, 1 << TEETH):
        octets = multiple(sum(1 << COLUMNS * tooth for tooth in range(TEETH) if row >> tooth & 1))
        for at in range(0, 64, 16):
            escaped = "".join(f"\\x{octet:02x}" for octet in octets[at : at + 16])
            lines.append(f'    b"{escaped}"\n')
    return _HEAD.format(columns=COLUMNS, rows="".join(lines))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), encoding="utf-8")
