# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new device of a run is given by its maker: trust anchor cells, own keys and certificates, all of a test root."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT
from han.gbcs import use_cases

from hanref.gbcs import answering
from hanref.gbcs.commissioned import MANAGEMENT, PREPAYMENT, PURPOSES, key_identifier
from hanref.gbcs.keys import AGREEMENT
from hanref.gbcs.test_keys import TestKeys

Cell = tuple[int, int, int]


def _signs(role: int) -> Cell:
    return role, DIGITAL_SIGNATURE, MANAGEMENT


def _agrees(role: int, cell_usage: int = MANAGEMENT) -> Cell:
    return role, KEY_AGREEMENT, cell_usage


# As published answers show them, as far as they do (I).
EVERYBODY = (
    _signs(use_cases.RECOVERY),
    _signs(use_cases.TRANSITIONAL_CHANGE_OF_SUPPLIER),
    _agrees(use_cases.ACCESS_CONTROL_BROKER),
)
OF_SUPPLIER = (_signs(use_cases.SUPPLIER), _agrees(use_cases.SUPPLIER))
OF_NETWORK_OPERATOR = (_signs(use_cases.NETWORK_OPERATOR), _agrees(use_cases.NETWORK_OPERATOR))
CELLS = {
    "chf": (
        *EVERYBODY,
        _signs(use_cases.ACCESS_CONTROL_BROKER),
        _signs(use_cases.WAN_PROVIDER),
        _agrees(use_cases.WAN_PROVIDER),
    ),
    "gpf": (*EVERYBODY, *OF_SUPPLIER, *OF_NETWORK_OPERATOR),
    "esme": (*EVERYBODY, *OF_SUPPLIER, _agrees(use_cases.SUPPLIER, PREPAYMENT), *OF_NETWORK_OPERATOR),
    "gsme": (*EVERYBODY, *OF_SUPPLIER, _agrees(use_cases.SUPPLIER, PREPAYMENT)),
    "ppmid": (*EVERYBODY, _signs(use_cases.ACCESS_CONTROL_BROKER)),
}
# Cells that the broker holds in a gas proxy which is not installed yet [GBCS 13.3, handover].
HANDED_OVER = (*OF_SUPPLIER, *OF_NETWORK_OPERATOR)


# Whose key a device holds after CS03C, and in which role [GBCS 13.7].
PARTNERS = {"gsme": ("ppmid", use_cases.PPMID), "ppmid": ("gsme", use_cases.OTHER)}


def settings(
    keys: TestKeys, device: bytes, role: str, installed: bool = True, joined: bool = False
) -> dict[str, Any]:
    """As `han.devices.trust` takes it. It holds private test keys: do not print it.

    A gas proxy that is not `installed` has the cells of supplier and network operator with the broker. Gas meter and PPMID
    that are `joined` know each other's key.
    """
    numbers: dict[int, bytes] = {}
    for entity, party in keys.parties.items():
        if party.role in answering.ROLE_NUMBERS:
            numbers.setdefault(answering.ROLE_NUMBERS[party.role], entity)
    cells = []
    for cell in CELLS[role]:
        handed = role == "gpf" and not installed and cell in HANDED_OVER
        holder = numbers[use_cases.ACCESS_CONTROL_BROKER if handed else cell[0]]
        public = keys.party(holder).public[PURPOSES[cell[1:]]]
        cells.append([*cell, holder.hex(), answering.point(public).hex(), key_identifier(public).hex()])
    partner, number = PARTNERS.get(role, ("", 0))
    for entity, party in keys.parties.items():
        if joined and partner and party.role == partner:
            public = party.public[AGREEMENT]
            identifier = key_identifier(public).hex()
            cells.append([*_agrees(number), entity.hex(), answering.point(public).hex(), identifier])
    own = keys.party(device).private
    usages = {usage: PURPOSES[(usage, MANAGEMENT)] for usage in (DIGITAL_SIGNATURE, KEY_AGREEMENT)}
    return {
        "root": keys.root.hex(),
        "issuer": keys.issuer.hex(),
        "cells": cells,
        "private": {str(usage): _octets(own[purpose]).hex() for usage, purpose in usages.items()},
        "certificates": {str(usage): keys.certificates[(device, purpose)].hex() for usage, purpose in usages.items()},
    }


def _octets(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_numbers().private_value.to_bytes(32, "big")
