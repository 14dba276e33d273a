# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports every module of predicates, so that each registers its own."""

from hanref.requirements import (
    clocks,
    composite,
    device_logs,
    displays,
    electricity,
    gas,
    gas_messages,
    han_access,
    mp085a,
    payments,
    secmp0015,
    secmp0056,
)

__all__ = [
    "clocks",
    "composite",
    "device_logs",
    "displays",
    "electricity",
    "gas",
    "gas_messages",
    "han_access",
    "mp085a",
    "payments",
    "secmp0015",
    "secmp0056",
]
