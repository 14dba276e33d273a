# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of which specification may be installed when, and what a claimed version brings with it (REQ-196-1).

The dates are data (data/ts-applicability.csv). A profile is a TOML file that says what each device claims:

    [esme]
    specification = "ESMETS"
    version = "v5.2"
    gbcs = "4.2"
"""

import csv
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hanref.errors import UsageError
from hanref.requirements.table import Requirement, requirements

ROLES = ("chf", "gpf", "esme", "gsme", "ihd", "ppmid")
_HUB = ("CH", "CHF", "GPF")


class Claim(BaseModel):
    """What one device claims to follow."""

    model_config = ConfigDict(extra="forbid")

    specification: str
    version: str
    gbcs: str | None = None


@dataclass(frozen=True)
class Row:
    """A version of a specification; dates are None where the source has none."""

    specification: str
    version: str
    devices: tuple[str, ...]
    gbcs: tuple[str, ...]
    start: date | None
    end: date | None
    confidence: str
    modifications: tuple[str, ...]


@dataclass
class Position:
    """Where a claim stands on a date."""

    role: str
    claim: Claim
    row: Row
    may_be_installed: bool | None
    reason: str


@cache
def rows() -> tuple[Row, ...]:
    """The table of specifications and their dates."""
    text = (resources.files("hanref") / "data" / "ts-applicability.csv").read_text(encoding="utf-8")
    return tuple(
        Row(
            line["specification"],
            line["version"],
            _split(line["device_types"]),
            _split(line["gbcs_versions"]),
            _date(line["installation_start"]),
            _date(line["installation_end"]),
            line["confidence"],
            _split(line["modifications"]),
        )
        for line in csv.DictReader(text.splitlines())
    )


def load_profile(path: Path) -> dict[str, Claim]:
    """The claims of a profile file by role. Raises UsageError naming file and field."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError("%s: %s" % (path, error.strerror)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("%s: is not TOML: %s" % (path, error)) from None
    for role in document:
        if role not in ROLES:
            raise UsageError("%s: %s: unknown device: there are %s" % (path, role, ", ".join(ROLES)))
    try:
        return TypeAdapter(dict[str, Claim]).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError("%s: %s: %s" % (path, ".".join(map(str, first["loc"])), first["msg"])) from None


def position(role: str, claim: Claim, on: date) -> Position:
    """Where the claim of a device stands on a date. Raises UsageError for a version that is not in the table."""
    row = _row(role, claim)
    if claim.gbcs is not None and row.gbcs and claim.gbcs not in row.gbcs:
        return Position(
            role, claim, row, False, "%s %s goes with GBCS %s" % (row.specification, row.version, " or ".join(row.gbcs))
        )
    if row.start is not None and on < row.start:
        return Position(role, claim, row, False, "not before %s" % row.start)
    if row.end is not None and on > row.end:
        return Position(role, claim, row, False, "installation ended on %s" % row.end)
    if row.start is None:
        return Position(role, claim, row, None, "no start date is public")
    return Position(role, claim, row, True, "since %s%s" % (row.start, ", until %s" % row.end if row.end else ""))


def applies(requirement: Requirement, profile: dict[str, Claim]) -> bool | None:
    """Whether a requirement binds any device of a profile; None where the profile has none of its devices.

    What a release modification asks binds those whose version brings it; everything else binds always.
    """
    concerned = [role for role in profile if role.upper() in requirement.devices]
    if not concerned:
        return None
    dated = {modification for row in rows() for modification in row.modifications}
    if requirement.modification not in dated:
        return True
    return any(requirement.modification in _brought(role, profile[role]) for role in concerned)


def applicable(profile: dict[str, Claim]) -> dict[str, bool | None]:
    """`applies` for every requirement."""
    return {id: applies(requirement, profile) for id, requirement in requirements().items()}


def _brought(role: str, claim: Claim) -> set[str]:
    """The modifications that a claim brings, by its specification and by its GBCS version."""
    found = set(_row(role, claim).modifications)
    for row in rows():
        if row.specification == "GBCS" and claim.gbcs is not None and row.version == "v" + claim.gbcs:
            found.update(row.modifications)
    return found


def _row(role: str, claim: Claim) -> Row:
    version = claim.version if claim.version.startswith("v") else "v" + claim.version
    known = [row for row in rows() if row.specification == claim.specification and role.upper() in _roles(row)]
    for row in known:
        if row.version == version:
            return row
    if not known:
        names = sorted({row.specification for row in rows() if role.upper() in _roles(row)})
        raise UsageError("%s: no specification %s: the table has %s" % (role, claim.specification, ", ".join(names)))
    raise UsageError(
        "%s: no %s %s: the table has %s" % (role, claim.specification, version, ", ".join(row.version for row in known))
    )


def _roles(row: Row) -> set[str]:
    found = {device.split()[0] for device in row.devices}
    return found | {"CHF", "GPF"} if found & set(_HUB) else found


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip() not in ("", "none", "self"))


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
