# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files: which devices are on the HAN, how they are configured, and what happens when.

A scenario is a TOML file, checked in full before anything starts. docs/scenarios.md shows every key and verb.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hanref.errors import UsageError
from hanref.moments import duration, moment, moment_or_offset

ROLES = ("hub", "esme", "gsme", "ihd", "ppmid")
TARGETS = ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid")
TIERS = ("sim", "emulated", "physical")

Seconds = Annotated[int, Field(gt=0, le=86400 * 400)]
Identity = Annotated[str, Field(pattern="^[0-9A-Fa-f]{16}$")]
ClockStatus = Literal["reliable", "unreliable", "invalid"]


class Table(BaseModel):
    """A table of a file in which every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True)


# Devices --------------------------------------------------------------------------------------------------


class Hub(Table):
    """CHF and GPF in one box."""

    identity: Identity | None = None
    chf_identity: Identity | None = None


class Esme(Table):
    """The electricity meter."""

    identity: Identity | None = None
    voltage_period: Seconds = 1800
    voltage_anchor: Literal["commence", "restart"] = "commence"
    phases: Literal[1, 3] = 1
    watts: int = 400


class Gsme(Table):
    """The gas meter, asleep but for its wakes on the half hour."""

    identity: Identity | None = None
    litres_per_hour: Annotated[int, Field(ge=0)] = 0


class Ihd(Table):
    """The in-home display."""

    identity: Identity | None = None
    electricity_poll: Seconds = 10
    gas_poll: Seconds = 1800
    tenancy_poll: Seconds = 86400


class Ppmid(Table):
    """The prepayment interface."""

    identity: Identity | None = None
    electricity_poll: Seconds = 10
    gas_poll: Seconds = 1800
    tenancy_poll: Seconds = 86400


class Devices(Table):
    hub: Hub = Field(default_factory=Hub)
    esme: Esme | None = None
    gsme: Gsme | None = None
    ihd: Ihd | None = None
    ppmid: Ppmid | None = None

    def present(self) -> dict[str, Table]:
        """The devices of the scenario by role, in the order of ROLES."""
        found = ((role, getattr(self, role)) for role in ROLES)
        return {role: table for role, table in found if table is not None}


# Steps ----------------------------------------------------------------------------------------------------


class Step(Table):
    """One thing the bench does. `at` is a moment, or "+..." from the start of the scenario."""

    targets: ClassVar[tuple[str, ...]] = TARGETS

    at: Any
    do: str
    to: str


class Read(Step):
    """The supplier sends a GBCS read."""

    targets = ("gpf",)
    do: Literal["read"]
    to: str = "gpf"
    use_case: str


class ChangeOfTenancy(Step):
    """GCS09 to the GPF; at the ESME the bench stands in for ECS12. `date` may count from the step, "-10d"."""

    targets = ("esme", "gpf")
    do: Literal["change_of_tenancy"]
    date: Any
    control: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 0x200


class VoltagePeriod(Step):
    """The measurement period is written, as ECS29a would."""

    targets = ("esme",)
    do: Literal["voltage_period"]
    to: str = "esme"
    seconds: Seconds


class ClockStep(Step):
    """A device's clock changes its status, or moves by `step` seconds."""

    do: Literal["clock"]
    status: ClockStatus | None = None
    step: int | None = None


class TimeReport(Step):
    """Whether the values that the gas meter pushes carry its time."""

    targets = ("gsme",)
    do: Literal["time_report"]
    to: str = "gsme"
    on: bool


class Power(Step):
    do: Literal["power"]
    on: bool


class Link(Step):
    """The radio of a device is within reach, or not."""

    do: Literal["link"]
    on: bool


class Voltage(Step):
    """The voltage at the meter from now on, or a ramp `to_volts` that takes `over`."""

    targets = ("esme",)
    do: Literal["voltage"]
    to: str = "esme"
    volts: Annotated[float, Field(ge=0, le=500)]
    to_volts: Annotated[float, Field(ge=0, le=500)] | None = None
    over: str = "0s"


class Load(Step):
    """The power drawn from now on; negative is export."""

    targets = ("esme",)
    do: Literal["load"]
    to: str = "esme"
    watts: int


class GasFlow(Step):
    targets = ("gsme",)
    do: Literal["gas_flow"]
    to: str = "gsme"
    litres_per_hour: Annotated[int, Field(ge=0)]


class Press(Step):
    """A button of a display."""

    targets = ("ihd", "ppmid")
    do: Literal["press"]
    button: str


AnyStep = Annotated[
    Read | ChangeOfTenancy | VoltagePeriod | ClockStep | TimeReport | Power | Link | Voltage | Load | GasFlow | Press,
    Field(discriminator="do"),
]


class Heading(Table):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]*$")]
    title: str
    start: Annotated[int, BeforeValidator(moment)]
    duration: Annotated[int, BeforeValidator(duration)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    tiers: list[Literal["sim", "emulated", "physical"]] = ["sim"]
    trace: Literal["full", "summary"] = "full"

    @property
    def end(self) -> int:
        return self.start + self.duration


class Scenario(Table):
    """A whole scenario file. Moments in steps are still as written: `when` and `moment_of` resolve them."""

    scenario: Heading
    devices: Devices
    step: list[AnyStep] = []

    def when(self, step: Step) -> int:
        """`utc` of a step; raises ValueError."""
        return moment_or_offset(step.at, self.scenario.start)


# Files ----------------------------------------------------------------------------------------------------


def names() -> list[str]:
    """The scenarios that come with hanref."""
    folder = resources.files("hanref") / "scenarios"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name_or_path: str) -> Scenario:
    """A scenario by name, or from a file. Raises UsageError naming file and field."""
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        try:
            text = Path(name_or_path).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError("%s: %s" % (name_or_path, error.strerror)) from None
        except UnicodeDecodeError:
            raise UsageError("%s: is not text in UTF-8" % name_or_path) from None
        return parse(text, name_or_path)
    if name_or_path not in names():
        raise UsageError(
            "no scenario %r: there are %s; or give the path of a .toml file" % (name_or_path, ", ".join(names()))
        )
    file = resources.files("hanref") / "scenarios" / (name_or_path + ".toml")
    return parse(file.read_text(encoding="utf-8"), name_or_path + ".toml")


def parse(text: str, file: str) -> Scenario:
    """The scenario in `text`; `file` names it in errors. Raises UsageError."""
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError("%s: is not TOML: %s" % (file, error)) from None
    except ValidationError as error:
        raise UsageError("%s: %s" % (file, explain(error, Scenario))) from None
    _check_steps(scenario, file)
    return scenario


def _check_steps(scenario: Scenario, file: str) -> None:
    present = set(scenario.devices.present()) | {"chf", "gpf"}
    heading = scenario.scenario
    for number, step in enumerate(scenario.step, 1):
        where = "%s: step %d (%s)" % (file, number, step.do)
        if step.to not in TARGETS:
            raise UsageError("%s: to: unknown device %r: there are %s" % (where, step.to, ", ".join(TARGETS)))
        if step.to not in present:
            raise UsageError("%s: to: no %s in this scenario: add [devices.%s]" % (where, step.to, step.to))
        if step.to not in step.targets:
            raise UsageError("%s: to: %s goes to %s, not %s" % (where, step.do, " or ".join(step.targets), step.to))
        try:
            utc = scenario.when(step)
        except ValueError as error:
            raise UsageError("%s: at: %s" % (where, error)) from None
        if not heading.start <= utc <= heading.end:
            raise UsageError("%s: at: %s is not between start and end of the scenario" % (where, step.at))
        _check_arguments(step, utc, where)


def _check_arguments(step: Step, utc: int, where: str) -> None:
    field = ""
    try:
        if isinstance(step, ChangeOfTenancy):
            field = "date"
            moment_or_offset(step.date, utc)
        elif isinstance(step, Voltage):
            field = "over"
            duration(step.over)
        elif isinstance(step, ClockStep) and step.status is None and step.step is None:
            field = "status"
            raise ValueError("say status or step")
    except ValueError as error:
        raise UsageError("%s: %s: %s" % (where, field, error)) from None


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing wrong in a file, as `field: what`, with a guess where a key is unknown."""
    first = error.errors()[0]
    place = [part for part in first["loc"]]
    field = _field(place, first.get("input"))
    if first["type"] == "extra_forbidden":
        guess = get_close_matches(str(place[-1]), _keys(model, place[:-1]), 1)
        return "%s: unknown key%s" % (field, "; did you mean %s?" % guess[0] if guess else "")
    if first["type"] == "missing":
        return "%s: is missing" % field
    if first["type"].startswith("union_tag"):
        verbs = sorted(_verbs())
        given = (first.get("input") or {}).get("do") if isinstance(first.get("input"), Mapping) else None
        return "%s.do: %s: there are %s" % (
            field,
            "is missing" if given is None else "unknown verb %r" % (given,),
            ", ".join(verbs),
        )
    message = first["msg"].removeprefix("Value error, ")
    return "%s: %s" % (field, message[:1].lower() + message[1:])


def _field(place: list[Any], _: object) -> str:
    """`step 4.use_case` of ("step", 3, "read", "use_case")."""
    if len(place) >= 2 and place[0] == "step" and isinstance(place[1], int):
        rest = [str(part) for part in place[2:]]
        if rest and rest[0] in _verbs():
            return "step %d (%s)" % (place[1] + 1, rest[0]) + "".join(": " + part for part in rest[1:])
        return ".".join(["step %d" % (place[1] + 1), *rest])
    return ".".join(str(part) for part in place)


def _verbs() -> dict[str, type[Step]]:
    return {kind.model_fields["do"].annotation.__args__[0]: kind for kind in Step.__subclasses__()}  # type: ignore[union-attr]


def _keys(model: type[BaseModel], place: list[Any]) -> list[str]:
    """The keys known at a place of a model."""
    kinds: dict[str, type[BaseModel]] = {
        "scenario": Heading,
        "devices": Devices,
        "devices.hub": Hub,
        "devices.esme": Esme,
        "devices.gsme": Gsme,
        "devices.ihd": Ihd,
        "devices.ppmid": Ppmid,
    }
    if place[:1] == ["step"] and len(place) > 2:
        return list(_verbs()[place[2]].model_fields)
    return list(kinds.get(".".join(map(str, place)), model).model_fields)
