# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark file gives: named figures, with the number to hold where there is one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number. ``at_most`` or ``at_least`` is the number to hold, in the same unit."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def held(self) -> bool | None:
        """Whether the number is held; None where there is none to hold."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None


class NotMeasured(Exception):
    """Raised by a benchmark that cannot run here; the text says why in a plain sentence."""
