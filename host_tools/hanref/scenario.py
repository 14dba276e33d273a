# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files: which devices are on the HAN, how they are configured, and what happens when.

A scenario is a TOML file, checked in full before anything starts. docs/scenarios.md shows every key and verb.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from hanref.errors import UsageError
from hanref.moments import duration, moment, moment_or_offset

ROLES = ("hub", "esme", "gsme", "ihd", "ppmid")
TARGETS = ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid")
TIERS = ("sim", "emulated", "physical")
FOR_BOARDS = ".boards"  # ends the name of a scenario's file for boards
LIVE = ".live"  # ends the name of its plan for a device under test
CLEAR_CONSUMER_DATA = 0x200  # change control bit 9 [REQ-0056-7]

Seconds = Annotated[int, Field(gt=0, le=86400 * 400)]
Identity = Annotated[str, Field(pattern="^[0-9A-Fa-f]{16}$")]
Amount = Annotated[int, Field(ge=0)]
ClockStatus = Literal["reliable", "unreliable", "invalid"]


class Table(BaseModel):
    """A table of a file in which every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True)


# Devices --------------------------------------------------------------------------------------------------
#
# What is left out takes the device's own default.


class Device(Table):
    """What every device can be told."""

    identity: Identity | None = None
    clock: ClockStatus | None = None


class Hub(Device):
    """CHF and GPF in one box; `identity` is the GPF's."""

    chf_identity: Identity | None = None
    change_of_tenancy: bool | None = None


class LoadLimit(Table):
    """Import above `watts` for `period` seconds is told; where it `disables`, the supply is off for `restoration` seconds."""

    watts: Annotated[int, Field(gt=0)]
    period: Seconds | None = None
    restoration: Seconds | None = None
    disables: bool | None = None


class Meter(Device):
    """What both meters have: `price` in 10^-5 pounds a kWh, `prepayment` (whether the account is in that mode), `credit` at
    the start and the allowance of `emergency_credit` in 10^-5 pounds; a `debt`, of which each top-up pays a share of
    `debt_share` hundredths of a percent."""

    price: Amount | None = None
    prepayment: bool = False
    credit: int | None = None
    emergency_credit: Amount | None = None
    debt: Amount | None = None
    debt_share: Annotated[int, Field(ge=0, le=10000)] | None = None


class Esme(Meter):
    """The electricity meter. Thresholds in W. Firmware of the `broken_version` does not come up."""

    phases: Literal[1, 3] | None = None
    voltage_period: Seconds | None = None
    voltage_anchor: Literal["commence", "restart"] | None = None
    thresholds: tuple[int, int] | None = None
    change_of_tenancy: bool | None = None
    customer_id: Annotated[str, Field(min_length=1, max_length=24)] | None = None
    load_limit: LoadLimit | None = None
    broken_version: Annotated[int, Field(ge=1, lt=2**32)] | None = None

    @field_validator("thresholds", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class Gsme(Meter):
    """The gas meter, asleep but for its wakes. `register` in litres at the start, `daily_snapshot` whether it takes one at
    midnight, `battery` the days it will last."""

    register_litres: Amount | None = Field(default=None, alias="register")
    calorific_value: Amount | None = None
    conversion_factor: Amount | None = None
    daily_snapshot: bool | None = None
    battery: Annotated[int, Field(ge=0, lt=0xFFFF)] | None = None


class Ihd(Device):
    """The in-home display; intervals in seconds. `captures`: which of its screens become pictures."""

    electricity_poll: Seconds | None = None
    gas_poll: Seconds | None = None
    history_poll: Seconds | None = None
    tenancy_poll: Seconds | None = None
    time_poll: Seconds | None = None
    captures: Literal["none", "shown", "all"] | None = None


class Ppmid(Ihd):
    """The prepayment interface. Firmware of the `broken_version` does not come up."""

    broken_version: Annotated[int, Field(ge=1, lt=2**32)] | None = None


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
    """The supplier sends a GBCS read of the gas proxy, or of the gas meter when it wakes. `fields` are the free ones."""

    targets = ("gpf", "gsme")
    do: Literal["read"]
    to: str = "gpf"
    use_case: str
    fields: dict[str, Any] = {}


class Command(Step):
    """A remote party sends any GBCS command, protected as its use case says. `fields` are the free ones, with moments as in
    Ask, or `payload` is given ready; `from` is whoever may send it: the supplier first, then the network operator, then the
    Access Control Broker. One that is `spoilt` has a wrong last octet, and its MAC is wrong with it."""

    targets = ("chf", "gpf", "esme", "gsme", "ppmid")
    do: Literal["command"]
    use_case: str
    fields: dict[str, Any] = {}
    payload: Annotated[str, Field(pattern="^([0-9A-Fa-f]{2})+$")] | None = None
    sender: Literal["supplier", "network operator", "access control broker"] | None = Field(default=None, alias="from")
    spoilt: bool = False


class Image(Step):
    """The hub gets a firmware image for a device: a good one that the supplier signed, or one with a `damage`."""

    targets = ("chf",)
    do: Literal["image"]
    to: str = "chf"
    device: Literal["esme", "gsme", "ppmid"]
    version: Annotated[int, Field(ge=1, lt=2**32)]
    damage: Literal["truncated", "hardware", "signature"] | None = None


class Activate(Step):
    """The supplier has a meter start the image of a version that it has got: CS06 with the hash of that image."""

    targets = ("esme", "gsme")
    do: Literal["activate"]
    to: str = "esme"
    version: Annotated[int, Field(ge=1, lt=2**32)]


class Join(Step):
    """A device asks the hub to let it onto the HAN: with an install code, or without one with the link key that it had."""

    targets = ("chf",)
    do: Literal["join"]
    to: str = "chf"
    device: Identity
    install_code: Annotated[str, Field(pattern="^[0-9A-Fa-f]{32}$")] | None = None


class Ask(Step):
    """A display asks for something: one of `read` (attributes), `write` {attribute: value}, `command` with its `fields`.

    Moments in `fields` may be TOML date-times, or "+..." and "-..." from the step.
    """

    targets = ("ihd", "ppmid")
    do: Literal["ask"]
    to: str = "ihd"
    of: Literal["electricity", "gas"]
    cluster: Annotated[int, Field(ge=0, le=0xFFFF)]
    read: list[str] | None = None
    write: dict[str, int] | None = None
    command: str | None = None
    fields: dict[str, Any] = {}


class TopUp(Step):
    """A number is typed in at the PPMID: one made for `pounds` with `counter`, or `utrn` as it stands. To the gas meter the
    supplier sends it (CS01b)."""

    targets = ("ppmid", "gsme")
    do: Literal["top_up"]
    to: str = "ppmid"
    fuel: Literal["electricity", "gas"] = "electricity"
    pounds: Annotated[int, Field(ge=0, le=8191)] | None = None
    counter: Annotated[int, Field(ge=1, lt=2**32)] | None = None
    utrn: str | None = None


class EmergencyCredit(Step):
    """Emergency credit is asked for at the PPMID."""

    targets = ("ppmid",)
    do: Literal["emergency_credit"]
    to: str = "ppmid"
    fuel: Literal["electricity", "gas"] = "electricity"


class EnableSupply(Step):
    """The supply is asked for at the PPMID, which can switch that of electricity alone; or at the button of the gas meter."""

    targets = ("ppmid", "gsme")
    do: Literal["enable_supply"]
    to: str = "ppmid"
    fuel: Literal["electricity", "gas"] = "electricity"


class ChangeOfTenancy(Step):
    """GCS09 to the GPF; at the ESME the bench stands in for ECS12. `date` may count from the step, "-10d"."""

    targets = ("esme", "gpf")
    do: Literal["change_of_tenancy"]
    date: Any
    control: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = CLEAR_CONSUMER_DATA


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


class Exchange(Step):
    """A device without power is replaced: a new one with its identity and settings, and empty stores."""

    targets = ("hub", "esme", "gsme", "ihd", "ppmid")
    do: Literal["exchange"]


class Link(Step):
    """The radio of a device is within reach, or not."""

    do: Literal["link"]
    on: bool


class Feed(Step):
    """Something to measure: constant, a `swing` around it each `swing_period`, or a ramp `ramp_to` that takes `over`."""

    swing: Annotated[float, Field(gt=0)] | None = None
    swing_period: Seconds | None = None
    ramp_to: float | None = None
    over: str | None = None


class Voltage(Feed):
    """The voltage at the meter from now on, on one phase or on all."""

    targets = ("esme",)
    do: Literal["voltage"]
    to: str = "esme"
    volts: Annotated[float, Field(ge=0, le=500)]
    phase: Literal[1, 2, 3] | None = None


class Load(Feed):
    """The power drawn from now on; negative is export."""

    targets = ("esme",)
    do: Literal["load"]
    to: str = "esme"
    watts: int


class GasFlow(Feed):
    """The gas drawn from now on."""

    targets = ("gsme",)
    do: Literal["gas_flow"]
    to: str = "gsme"
    litres_per_hour: Amount


class EventConfigurations(Step):
    """Whether the gas meter can tell how its events are configured, or its memory fails it."""

    targets = ("gsme",)
    do: Literal["event_configurations"]
    to: str = "gsme"
    on: bool


class Battery(Step):
    """The battery of the gas meter has so many days left."""

    targets = ("gsme",)
    do: Literal["battery"]
    to: str = "gsme"
    days: Annotated[int, Field(ge=0, lt=0xFFFF)]


class Poll(Step):
    """How often the display reads the electricity figures from now on, in seconds."""

    targets = ("ihd", "ppmid")
    do: Literal["poll"]
    electricity: Seconds


class Press(Step):
    """A button of a display."""

    targets = ("ihd", "ppmid")
    do: Literal["press"]
    button: Literal["left", "right", "up", "down", "enter"]


class Budget(Step):
    """A person sets at the display what a day may cost, in 10^-5 pounds."""

    targets = ("ihd", "ppmid")
    do: Literal["budget"]
    fuel: Literal["electricity", "gas"]
    amount: Amount


class Message(Step):
    """A supplier's message for the people of the house: a text, for so many minutes, or the cancellation of one or all."""

    targets = ("esme", "gpf")
    do: Literal["message"]
    text: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    minutes: Annotated[int, Field(ge=1, lt=0xFFFF)] | None = None
    confirm: bool | None = None
    cancel: int | Literal["all"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Message":
        if (self.text is None) == (self.cancel is None):
            raise ValueError("say text, or cancel")
        return self


AnyStep = Annotated[
    Read
    | Command
    | Image
    | Activate
    | Join
    | Ask
    | ChangeOfTenancy
    | VoltagePeriod
    | ClockStep
    | TimeReport
    | Power
    | Exchange
    | Link
    | Voltage
    | Load
    | GasFlow
    | Battery
    | EventConfigurations
    | Poll
    | Press
    | Budget
    | Message
    | TopUp
    | EmergencyCredit
    | EnableSupply,
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
        if isinstance(step, Image) and step.device not in present:
            raise UsageError("%s: device: no %s in this scenario: add [devices.%s]" % (where, step.device, step.device))
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
            field = "control"
            if step.to == "gpf" and step.control != CLEAR_CONSUMER_DATA:
                raise ValueError("GCS09 always sets 0x%08X" % CLEAR_CONSUMER_DATA)
        elif isinstance(step, Feed):
            field = "over"
            if (step.ramp_to is None) != (step.over is None):
                raise ValueError("a ramp has both ramp_to and over")
            if step.over is not None:
                duration(step.over)
        elif isinstance(step, Ask):
            field = "read"
            if sum(part is not None for part in (step.read, step.write, step.command)) != 1:
                raise ValueError("say one of read, write and command")
            field = "fields"
            if step.fields and step.command is None:
                raise ValueError("go with command")
            resolved(step.fields, utc)
        elif isinstance(step, Command):
            field = "fields"
            resolved(step.fields, utc)
        elif isinstance(step, TopUp):
            field = "utrn"
            if (step.utrn is None) != (step.pounds is not None and step.counter is not None):
                raise ValueError("say utrn, or pounds and counter")
        elif isinstance(step, ClockStep) and step.status is None and step.step is None:
            field = "status"
            raise ValueError("say status or step")
    except ValueError as error:
        raise UsageError("%s: %s: %s" % (where, field, error)) from None


def resolved(fields: Mapping[str, Any], utc: int) -> dict[str, Any]:
    """Fields of a command with their moments as `utc`, those with a sign counted from `utc`; raises ValueError."""
    return {name: _resolved(value, utc) for name, value in fields.items()}


def _resolved(value: Any, utc: int) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and value[:1] in ("+", "-")):
        return moment_or_offset(value, utc)
    return value


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong in a file, as `field: what`, with a guess where a key is unknown."""
    # A key that is misspelt is missing too: say the more useful of the two.
    first = min(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
    place = list(first["loc"])
    field = _field(place)
    if first["type"] == "extra_forbidden":
        guess = get_close_matches(str(place[-1]), _keys(model, place[:-1]), 1)
        return "%s: unknown key%s" % (field, "; did you mean %s?" % guess[0] if guess else "")
    if first["type"] == "missing":
        return "%s: is missing" % field
    if first["type"].startswith("union_tag"):
        given = first["input"].get("do") if isinstance(first["input"], Mapping) else None
        what = "is missing" if given is None else "unknown verb %r" % (given,)
        return "%s: do: %s: there are %s" % (field, what, ", ".join(sorted(_verbs())))
    message = first["msg"].removeprefix("Value error, ")
    return "%s: %s" % (field, message[:1].lower() + message[1:])


def _field(place: list[Any]) -> str:
    """`step 4 (read): use_case` of ("step", 3, "read", "use_case"), `devices.ihd.gas_poll` elsewhere."""
    if len(place) < 2 or place[0] != "step":
        return ".".join(str(part) for part in place)
    where = "step %d" % (place[1] + 1)
    rest = place[2:]
    if rest and rest[0] in _verbs():
        where += " (%s)" % rest.pop(0)
    return ": ".join([where, *map(str, rest)])


def _verbs(kind: type[Step] = Step) -> dict[str, type[Step]]:
    """Every verb with its step."""
    found = {}
    for step in kind.__subclasses__():
        verb = get_args(step.model_fields["do"].annotation)
        found.update({verb[0]: step} if verb else {})
        found.update(_verbs(step))
    return found


def _keys(model: type[BaseModel], place: list[Any]) -> list[str]:
    """The keys known at a place of a file that `model` describes."""
    for part in place:
        if part in _verbs():
            return list(_verbs()[part].model_fields)
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            kinds = [annotation, *get_args(annotation)]
            model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]
