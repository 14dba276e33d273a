# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty hubs, as the HAN sees them."""

from typing import Any

from hanref.mutants.mutant import Mutant


class AlwaysSynchronisedHub(Mutant):
    role, requirement = "chf", "REQ-CLK-6"
    title = "a hub that calls its time synchronised while it is not"

    def value(self, name: str, value: Any, now: int) -> Any:
        return value | 2 if name == "time_status" else value


MUTANTS: list[type[Mutant]] = [
    AlwaysSynchronisedHub,
]
