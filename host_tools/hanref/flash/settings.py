# SPDX-License-Identifier: GPL-3.0-or-later
"""What the file /settings.json of a board says (docs/flashing.md)."""

from typing import Any

from han.node.settings import PROFILE

from hanref.boards.schema import Board
from hanref.errors import UsageError
from hanref.run.plan import test_identity
from hanref.scenario.devices import ROLES


def for_role(
    board: Board, role: str, identity: str | None = None, profile: str = PROFILE, time: str = "running"
) -> dict[str, Any]:
    """The settings of a board that is on its own: test identities for itself, unless given, and for the others of its HAN.

    Raises UsageError for a role or identity that is none.
    """
    if role not in ROLES:
        raise UsageError(f"role {role!r}: there are {', '.join(ROLES)}")
    identities = {other: test_identity(other).hex() for other in ROLES}
    if identity is not None:
        identities[role] = _identity(identity)
    own = {"chf_identity": test_identity("chf").hex()} if role == "hub" else {}
    return {
        "role": role,
        "profile": profile,
        "time": time,
        "identities": identities,
        "radio": radio(board),
        "settings": own,
    }


def radio(board: Board) -> dict[str, Any]:
    """How the board reaches its radio."""
    told: dict[str, Any] = {
        "driver": board.radio.coprocessor,
        "uart": board.radio.uart,
        "baudrate": board.radio.baud_rate,
    }
    if board.radio.pins is not None:
        told["tx"] = board.radio.pins.tx
        told["rx"] = board.radio.pins.rx
    return told


def _identity(text: str) -> str:
    octets = text.replace(":", "").replace("-", "").lower()
    try:
        if len(bytes.fromhex(octets)) == 8:
            return octets
    except ValueError:
        pass
    raise UsageError(f"identity {text!r}: an EUI-64 is 16 hex digits")
