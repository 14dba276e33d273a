# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a scenario: what the bench does, and when. A verb is a class."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from hanref.scenario.devices import Amount, ClockStatus, Identity, Seconds, Table

TARGETS = ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid")
CLEAR_CONSUMER_DATA = 0x200  # change control bit 9 [REQ-0056-7]


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
    fields: dict[str, Any] = Field(default_factory=dict)


class Command(Step):
    """A remote party sends any GBCS command, protected as its use case says. `fields` are the free ones, with moments as in
    Ask, or `payload` is given ready; `from` is whoever may send it: the supplier first, then the network operator, then the
    Access Control Broker. One that is `spoilt` has a wrong last octet, and its MAC is wrong with it."""

    targets = ("chf", "gpf", "esme", "gsme", "ppmid")
    do: Literal["command"]
    use_case: str
    fields: dict[str, Any] = Field(default_factory=dict)
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
    fields: dict[str, Any] = Field(default_factory=dict)


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
