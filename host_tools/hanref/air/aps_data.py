# SPDX-License-Identifier: GPL-3.0-or-later
"""A message between two simulated radios, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hanref.air.coprocessor import Coprocessor

ZDO_ENDPOINT = 0
ALL_ENDPOINTS = 0xFF
ZDO_PROFILE = 0x0000


class Outcome(IntEnum):
    """How a message ended, as the sender's stack confirms it."""

    SUCCESS = 0x00
    NO_APS_ACKNOWLEDGEMENT = 0xB7
    NO_ROUTE = 0xCD
    NO_MAC_ACKNOWLEDGEMENT = 0xE9
    EXPIRED = 0xF0


@dataclass
class Data:
    """What one endpoint sends another. `destination` is a short address, `key` the link key that protects it, if any.

    `counter` is the APS counter once it has been on the air.
    """

    source: Coprocessor
    destination: int
    source_endpoint: int
    destination_endpoint: int
    cluster: int
    payload: bytes
    profile: int
    sequence: int = 0
    acknowledge: bool = True
    key: bytes | None = None
    group: int = 0
    confirm: bool = True
    counter: int | None = field(default=None, init=False)
