# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files: which devices are on the HAN, how they are configured, and what happens when.

A scenario is a TOML file, checked in full before anything starts. docs/scenarios.md shows every key and verb.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from hanref.errors import UsageError
from hanref.moments import duration, moment, moment_or_offset
from hanref.scenario.checks import check_steps
from hanref.scenario.devices import Devices, Table
from hanref.scenario.explain import explain
from hanref.scenario.steps import AnyStep, Step

TIERS = ("sim", "emulated", "physical")
FOR_BOARDS = ".boards"  # ends the name of a scenario's file for boards
LIVE = ".live"  # ends the name of its plan for a device under test


class Heading(Table):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]*$")]
    title: str
    start: Annotated[int, BeforeValidator(moment)]
    duration: Annotated[int, BeforeValidator(duration)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    tiers: list[Literal["sim", "emulated", "physical"]] = Field(default=["sim"])
    trace: Literal["full", "summary"] = "full"

    @property
    def end(self) -> int:
        return self.start + self.duration


class Scenario(Table):
    """A whole scenario file. Moments in steps are still as written: `when` and `moment_of` resolve them."""

    scenario: Heading
    devices: Devices
    step: list[AnyStep] = Field(default_factory=list)

    def when(self, step: Step) -> int:
        """`utc` of a step; raises ValueError."""
        return moment_or_offset(step.at, self.scenario.start)


# Files ----------------------------------------------------------------------------------------------------


def names() -> list[str]:
    """The scenarios that come with hanref."""
    folder = resources.files("hanref") / "scenarios"
    found = (entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return sorted(name for name in found if not name.endswith((FOR_BOARDS, LIVE)))


def live_names() -> list[str]:
    """Those that have a plan for a device under test, in real time."""
    return [name for name in names() if (resources.files("hanref") / "scenarios" / (name + LIVE + ".toml")).is_file()]


def load(name_or_path: str, tier: str = "sim", live: bool = False) -> Scenario:
    """A scenario by name, or from a file. Raises UsageError naming file and field.

    A scenario that is too long for boards comes with a second file, NAME.boards.toml, which the other tiers are given; its
    plan for a device under test is NAME.live.toml, which `live` asks for.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        try:
            text = Path(name_or_path).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError("%s: %s" % (name_or_path, error.strerror)) from None
        except UnicodeDecodeError:
            raise UsageError("%s: is not text in UTF-8" % name_or_path) from None
        return parse(text, name_or_path)
    if name_or_path not in names():
        raise UsageError("no scenario %r: there are %s; or give the path of a .toml file" % (name_or_path, ", ".join(names())))
    folder = resources.files("hanref") / "scenarios"
    if live and name_or_path not in live_names():
        raise UsageError("scenario %s has no plan for a device under test: %s have" % (name_or_path, ", ".join(live_names())))
    name = name_or_path + (LIVE if live else "") + ".toml"
    if not live and tier != "sim" and (folder / (name_or_path + FOR_BOARDS + ".toml")).is_file():
        name = name_or_path + FOR_BOARDS + ".toml"
    return parse((folder / name).read_text(encoding="utf-8"), name)


def parse(text: str, file: str) -> Scenario:
    """The scenario in `text`; `file` names it in errors. Raises UsageError."""
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError("%s: is not TOML: %s" % (file, error)) from None
    except ValidationError as error:
        raise UsageError("%s: %s" % (file, explain(error, Scenario))) from None
    check_steps(scenario, file)
    return scenario
