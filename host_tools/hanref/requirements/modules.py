# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports every module of predicates, so that each registers its own."""

from hanref.requirements import (
    clocks,
    commanded,
    composite,
    device_logs,
    displays,
    electricity,
    firmware,
    gas,
    gas_commands,
    gas_messages,
    gas_meter,
    han_access,
    meters,
    mp085a,
    payments,
    secmp0015,
    secmp0056,
    wan_logs,
)

__all__ = [
    "clocks",
    "commanded",
    "composite",
    "device_logs",
    "displays",
    "electricity",
    "firmware",
    "gas",
    "gas_commands",
    "gas_messages",
    "gas_meter",
    "han_access",
    "meters",
    "mp085a",
    "payments",
    "secmp0015",
    "secmp0056",
    "wan_logs",
]
