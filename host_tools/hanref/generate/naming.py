# SPDX-License-Identifier: GPL-3.0-or-later
"""One spelling of names: the cluster tables' `CurrentTier1SummationDelivered` as `current_tier1_summation_delivered`."""

import re

# Words whose capitals do not mark where a word begins.
_WHOLE_WORDS = (("ZigBee", "Zigbee"), ("CoT", "Cot"), ("CoS(?=[A-Z]|$)", "Cos"))


def snake_case(name: str) -> str:
    """`name` in lower case with underscores between its words; a number belongs to the word before it."""
    for pattern, replacement in _WHOLE_WORDS:
        name = re.sub(pattern, replacement, name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return name.lower()
