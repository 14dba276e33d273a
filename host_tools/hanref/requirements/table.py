# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of requirements, read from data/requirements.toml."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Requirement:
    """One numbered requirement. `devices` are upper-case roles, TOOL or FIRMWARE; `confidence` is C, S or I."""

    id: str
    modification: str
    devices: tuple[str, ...]
    text: str
    source: str
    confidence: str
    confidence_note: str = ""


@cache
def _text() -> str:
    return (resources.files("hanref") / "data" / "requirements.toml").read_text(encoding="utf-8")


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(_text())


def digest() -> str:
    """A digest of the table, in hex: which requirements a report was made with."""
    return hashlib.sha256(_text().encode()).hexdigest()


@cache
def requirements() -> dict[str, Requirement]:
    """Every requirement by its id, in the order of the table."""
    rows = ({**row, "devices": tuple(row["devices"])} for row in _document()["requirement"])
    return {row["id"]: Requirement(**row) for row in rows}


@cache
def _unjudged() -> dict[str, dict[str, Any]]:
    text = (resources.files("hanref") / "data" / "not-judged.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


@cache
def not_judged() -> dict[str, str]:
    """Why a requirement has no judge, by id: not modelled, not shown by a trace, or asked of the tool."""
    return {id: str(entry["reason"]) for id, entry in _unjudged().items()}


def exercised_by(id: str) -> list[str]:
    """The tests that exercise a requirement which has no judge."""
    return list(_unjudged()[id]["tests"])


@dataclass(frozen=True)
class AcceptanceTest:
    """One numbered acceptance test. `where` has DEVICE, TOOL, BOARDS; `exception` the reason why there can be none."""

    id: str
    text: str
    where: tuple[str, ...]
    exception: str = ""


@cache
def acceptance_tests() -> dict[str, AcceptanceTest]:
    """The acceptance tests of the modifications by id."""
    text = (resources.files("hanref") / "data" / "acceptance.toml").read_text(encoding="utf-8")
    rows = {id: {**row, "where": tuple(row["where"])} for id, row in tomllib.loads(text).items()}
    return {id: AcceptanceTest(id, **row) for id, row in rows.items()}


def modifications() -> dict[str, str]:
    """Titles of the modifications by name."""
    return dict(_document()["modifications"])


def releases() -> dict[str, list[str]]:
    """The modifications of each release."""
    return dict(_document()["releases"])


def sources() -> dict[str, str]:
    """What the source tags stand for."""
    return dict(_document()["sources"])
