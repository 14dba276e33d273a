# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario file says of the devices on the HAN."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

ROLES = ("hub", "esme", "gsme", "ihd", "ppmid")

Seconds = Annotated[int, Field(gt=0, le=86400 * 400)]
Identity = Annotated[str, Field(pattern="^[0-9A-Fa-f]{16}$")]
Amount = Annotated[int, Field(ge=0)]
ClockStatus = Literal["reliable", "unreliable", "invalid"]


class Table(BaseModel):
    """A table of a file in which every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True)


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
