# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person knows of a device and saw on it: its papers for the report, and what its display showed when.

A file of it is TOML; docs/dut.md has an example. A screen is a table of items (`electricity_today`, `gas_week`, ...); the
text "none" stands for an item without a value.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanref.errors import UsageError
from hanref.moments import moment_or_offset
from hanref.requirements.applicability import Claim
from hanref.trace import Event

DISPLAYS = ("ihd", "ppmid")
ROLES = ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid")
NONE = "none"


class Table(BaseModel):
    """A table of the file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Device(Table):
    """The papers of a device under test [test governance 5, item 1]."""

    role: str = Field(pattern="^(%s)$" % "|".join(ROLES))
    type: str | None = None
    maker: str | None = None
    model: str | None = None
    hardware_version: str | None = None
    firmware_version: str | None = None
    image_hash: str | None = None
    claim: Claim | None = None


class Observation(Table):
    """What a display showed at a moment: an ISO time, or "+40m" from the start."""

    at: Any
    device: str = Field(default="ihd", pattern="^(ihd|ppmid)([.][0-9]+)?$")
    screen: Annotated[dict[str, Any], Field(min_length=1)]
    note: str | None = None


class Observed(Table):
    """The whole file."""

    device: Device | None = None
    observation: list[Observation] = []

    def events(self, start: int, where: str) -> list[Event]:
        """`display` events, in order of time; `start` (utc) is where "+..." counts from. Raises UsageError."""
        found = []
        for number, seen in enumerate(self.observation, 1):
            try:
                utc = moment_or_offset(seen.at, start)
            except ValueError as error:
                raise UsageError("%s: observation %d: at: %s" % (where, number, error)) from None
            content = {"screen": screen_of(seen.screen), "observed": True}
            if seen.note:
                content["note"] = seen.note
            found.append(Event(0, utc * 1000, seen.device, None, "display", content))
        return sorted(found, key=lambda event: event.milliseconds)


def screen_of(items: dict[str, Any]) -> dict[str, Any]:
    """Items as a trace has them: None for no value."""
    return {name: None if _is_none(value) else value for name, value in items.items()}


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in (NONE, "-", "")


def load(path: Path) -> Observed:
    """The observations of a file. Raises UsageError naming file and field."""
    try:
        return Observed.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError("%s: cannot be read: %s" % (path, error.strerror)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("%s: is not TOML: %s" % (path, error)) from None
    except ValidationError as error:
        # A key that is misspelt is missing too: say the more useful of the two.
        first = min(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
        field = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError("%s: %s: %s" % (path, field, what)) from None
