# SPDX-License-Identifier: GPL-3.0-or-later
"""How a faulty device is written down."""

import copy
from typing import Any

_TABLES = ("attributes", "fields", "statuses", "types", "screen", "entry")


class MutantEvent(dict[str, Any]):
    """A trace event as a mutant is given it: the fields of docs/architecture.md by key, and by attribute as well.

    What an event does not have reads as None, `attributes`, `fields`, `statuses`, `types`, `screen` and `entry` as an empty
    table, which becomes the event's own once something is put into it. A `zcl` event is a frame before protection: change
    `attributes`, `fields`, `statuses`, `types` {name: type octet}, `command`, `direction`, `cluster`, `sequence`,
    `destination`, or give other `octets` (hex).
    A `gbcs` event is a message whose MAC is made anew: change `date_time`, `clock_status`, `payload`, `message_code`.
    """

    __slots__ = ("_made",)

    def __missing__(self, name: str) -> Any:
        return self._tables().setdefault(name, {}) if name in _TABLES else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def settle(self) -> "MutantEvent":
        """Make tables that were filled the event's own."""
        for name, table in self._tables().items():
            if table:
                self.setdefault(name, table)
        return self

    def _tables(self) -> dict[str, dict[str, Any]]:
        try:
            made: dict[str, dict[str, Any]] = object.__getattribute__(self, "_made")
        except AttributeError:
            made = {}
            object.__setattr__(self, "_made", made)
        return made

    def __deepcopy__(self, known: dict[int, Any]) -> "MutantEvent":
        return MutantEvent({name: copy.deepcopy(value, known) for name, value in self.items()})


class Mutant:
    """One deviation of the reference device of `role` that breaks `requirement`; `title` says it in a sentence.

    A subclass defines any of the methods below; one that it leaves out changes nothing. `self.device` is the reference
    device itself, `self.now` the true utc of the call. A mutant is made anew for each run.
    """

    role: str = ""
    requirement: str = ""
    title: str = ""

    device: Any  # the han.devices.device.Device
    now: int = 0

    def received(self, event: MutantEvent) -> Any:
        """What the device gets in place of a frame or message: the event, a list of events, or None."""
        return event

    def sends(self, event: MutantEvent) -> Any:
        """What goes out, or into the trace, in place of a frame, a message or a report of the device."""
        return event

    def value(self, name: str, value: Any, now: int) -> Any:
        """What a reader is given as the attribute `name`, in a frame or a message, or as the screen's item of that name.
        Times are utc, None where the air says FFFFFFFF."""
        return value

    def clock(self, utc: int | None, status: str) -> Any:
        """(utc, status) as the device believes them; utc is None while the status is `invalid`."""
        return utc, status

    def deadline(self, utc: int) -> int | None:
        """When a timer that is set for `utc` goes off; None for never."""
        return utc

    def restart(self) -> None:
        """Power is back; called before the device starts."""


def overrides(mutant: Mutant, name: str) -> bool:
    """Whether a mutant defines a method itself."""
    return getattr(type(mutant), name) is not getattr(Mutant, name)
