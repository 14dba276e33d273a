# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scenario to the plan that a HAN carries out. docs/architecture.md describes the plan."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from han import VERSION
from han.clock import to_iso
from han.devices.payment_modes import PREPAYMENT_MODE

from hanref.errors import UsageError
from hanref.moments import duration, moment_or_offset
from hanref.resources import firmware
from hanref.run import images
from hanref.run.recorder import Order
from hanref.run.wan import Wan
from hanref.scenario import Scenario, devices, steps
from hanref.scenario.checks import resolved
from hanref.scenario.steps import Step

# Device type numbers end the test identifiers [device requirements 1.1].
_NUMBERS = {"gsme": 0, "esme": 1, "chf": 2, "hub": 3, "ppmid": 5, "ihd": 6}
_OWN_IDENTITY = ("identity", "chf_identity")

# Keys of a meter's table and the attributes that they set.
_ACCOUNT = {
    "credit": "credit_remaining",
    "emergency_credit": "emergency_credit_limit_allowance",
    "debt": "debt_amount3",
    "debt_share": "debt_recovery_top_up_percentage3",
}
WAN_SIDE = "chf"  # messages from the WAN reach the hub here
BENCH_FOR_ECS12 = "the bench sets what ECS12 would set"
_SECRETS = ("install_code",)  # fields that the trace does not tell of a command [REQ-121-5]
BENCH_FOR_ECS29A = "the bench sets what ECS29a would set"


@dataclass
class Plan:
    """`document` goes to the HAN, `header` on top of the trace; `orders` are the steps as the trace tells them.

    `identities` maps role to EUI-64, the hub's radio under `hub`, `gpf` and `chf`.
    """

    document: dict[str, Any]
    header: dict[str, Any]
    orders: list[Order]
    identities: dict[str, bytes]
    wan: Wan


def make(scenario: Scenario, seed: int | None = None) -> Plan:
    """The plan of a scenario; `seed` in place of its own. Raises UsageError."""
    heading = scenario.scenario
    seed = heading.seed if seed is None else seed
    present = scenario.devices.present()
    entities = _entities(present)
    commanded = any(isinstance(step, steps.Command | steps.Image | steps.Activate) for step in scenario.step)
    wan = Wan(seed, {role: entity for role, entity in entities.items() if role != "hub"}, certified=commanded)
    done, orders = _steps(scenario, wan)
    document = {
        "start": heading.start,
        "end": heading.end,
        "seed": seed,
        "trace": heading.trace,
        "devices": {role: _settings(role, table, entities, wan) for role, table in present.items()},
        "steps": done,
    }
    header = {
        "scenario": heading.name,
        "title": heading.title,
        "tier": "sim",
        "seed": seed,
        "start": to_iso(heading.start),
        "end": to_iso(heading.end),
        "complete": heading.trace == "full",
        "reference": {"version": VERSION, "firmware_sha256": firmware_digest()},
        "devices": {role: _description(role, entity, present) for role, entity in entities.items() if role != "hub"},
    }
    radios = {role: entity for role, entity in entities.items() if role != "chf"}
    radios["chf"] = radios["hub"]
    return Plan(document, header, orders, radios, wan)


@cache
def firmware_digest() -> str:
    """A digest of the reference's own firmware: names and contents of its files."""
    folder = firmware() / "han"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        octets = path.read_bytes()
        digest.update(b"%s\x00%d\x00" % (path.relative_to(folder).as_posix().encode(), len(octets)) + octets)
    return digest.hexdigest()


def _entities(present: dict[str, devices.Table]) -> dict[str, bytes]:
    """Entity identifier by role; the hub's radio is the GPF [GBCS 1.3]."""
    entities = {}
    for role, table in present.items():
        given = getattr(table, "identity", None)
        entities[role] = bytes.fromhex(given) if given else test_identity(role)
    hub = present["hub"]
    assert isinstance(hub, devices.Hub)
    entities["chf"] = bytes.fromhex(hub.chf_identity) if hub.chf_identity else test_identity("chf")
    entities["gpf"] = entities["hub"]
    return entities


def test_identity(role: str) -> bytes:
    """The test EUI-64 of a role."""
    return b"\x02hanref" + bytes((_NUMBERS[role],))


def _settings(role: str, table: devices.Table, entities: dict[str, bytes], wan: Wan) -> dict[str, Any]:
    settings = table.model_dump(exclude_none=True, by_alias=True)
    if isinstance(table, devices.Meter):
        _prepay(settings, wan.top_up_party(entities[role]))
    settings["identity"] = entities[role].hex()
    if role == "hub":
        settings["chf_identity"] = entities["chf"].hex()
    settings.update(wan.keys_of(*(("chf", "gpf") if role == "hub" else (role,))))
    return settings


def _prepay(settings: dict[str, Any], supplier: dict[str, str]) -> None:
    """The settings of an account as the meter knows them."""
    settings.update(supplier)
    if settings.pop("prepayment"):
        settings["payment_control_configuration"] = PREPAYMENT_MODE
    for name, known_as in _ACCOUNT.items():
        if name in settings:
            settings[known_as] = settings.pop(name)


def _description(role: str, entity: bytes, present: dict[str, devices.Table]) -> dict[str, Any]:
    board = "hub" if role in ("chf", "gpf") else role
    settings = present[board].model_dump(exclude_none=True, by_alias=True, exclude=set(_OWN_IDENTITY))
    return {"role": role, "identity": entity.hex(), "configuration": settings}


def _steps(scenario: Scenario, wan: Wan) -> tuple[list[list[Any]], list[Order]]:
    """The steps in order of time, for the HAN and for the trace."""
    heading = scenario.scenario
    ordered = sorted(enumerate(scenario.step, 1), key=lambda numbered: scenario.when(numbered[1]))
    done = []
    orders = []
    for place, (number, step) in enumerate(ordered, 1):
        utc = scenario.when(step)
        try:
            verb, arguments, told, note = _order(step, utc, wan, place)
        except UsageError as error:
            raise UsageError("scenario %s: step %d (%s): %s" % (heading.name, number, step.do, error)) from None
        to = WAN_SIDE if verb == "gbcs" else step.to
        done.append([(utc - heading.start) * 1000, to, verb, arguments])
        content: dict[str, Any] = {"verb": step.do, "arguments": told}
        if note:
            content["note"] = note
        orders.append(Order(utc * 1000, step.to, content))
    return done, orders


def _order(step: Step, utc: int, wan: Wan, counter: int) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    """(device verb, its arguments, arguments as the trace tells them, note) of a step."""
    if isinstance(step, steps.Read):
        fields = resolved(step.fields, utc)
        octets = wan.command(step.use_case, step.to, _counter(utc, counter), fields)
        told: dict[str, Any] = {"use_case": step.use_case, **({"fields": fields} if fields else {})}
        return "gbcs", {"octets": octets.hex()}, told, ""
    if isinstance(step, steps.Command):
        return _command(step, utc, wan, counter)
    if isinstance(step, steps.Image):
        octets = images.ota_file(step.device, step.version, wan.signed_by_supplier, step.damage)
        told = step.model_dump(include={"device", "version", "damage"}, exclude_none=True)
        return step.do, {"device": wan.devices[step.device].hex(), "octets": octets.hex()}, told, ""
    if isinstance(step, steps.Activate):
        wanted = {"hash": images.digest(step.to, step.version).hex()}
        octets = wan.command_of("supplier", "CS06", step.to, _counter(utc, counter), wanted)
        return "gbcs", {"octets": octets.hex()}, {"version": step.version}, ""
    if isinstance(step, steps.Join):
        arguments = step.model_dump(include={"device", "install_code"}, exclude_none=True)
        return step.do, arguments, {"device": step.device, "code_digest": code_digest(step.install_code)}, ""
    if isinstance(step, steps.Ask):
        arguments = step.model_dump(exclude={"at", "do", "to"}, exclude_none=True, exclude_defaults=True)
        if step.fields:
            arguments["fields"] = resolved(step.fields, utc)
        return step.do, arguments, arguments, ""
    if isinstance(step, steps.TopUp):
        fuel = "gas" if step.to == "gsme" else step.fuel
        meter = "gsme" if fuel == "gas" else "esme"
        digits = step.utrn or wan.top_up(meter, step.counter or 0, step.pounds or 0)
        arguments = {"fuel": fuel, "utrn": digits}
        told = {**arguments, "pounds": step.pounds}
        if step.to == "gsme":
            octets = wan.command("CS01b", step.to, _counter(utc, counter), {"topup_code": digits})
            return "gbcs", {"octets": octets.hex()}, {"use_case": "CS01b", **told}, ""
        return step.do, arguments, told, ""
    if isinstance(step, steps.EmergencyCredit | steps.EnableSupply):
        arguments = {"fuel": "gas" if step.to == "gsme" else step.fuel}
        return step.do, arguments, arguments, ""
    if isinstance(step, steps.ChangeOfTenancy):
        date = moment_or_offset(step.date, utc)
        told = {"date": to_iso(date), "control": step.control}
        if step.to == "esme":
            return step.do, {"date": date, "control": step.control}, told, BENCH_FOR_ECS12
        octets = wan.command("GCS09", step.to, _counter(utc, counter), _tenancy_fields(utc, date))
        return "gbcs", {"octets": octets.hex()}, {"use_case": "GCS09", **told}, ""
    arguments = step.model_dump(exclude={"at", "do", "to"}, exclude_none=True)
    if isinstance(step, steps.Feed) and step.over is not None:
        arguments["over"] = duration(step.over)
        arguments["to"] = arguments.pop("ramp_to")
    note = BENCH_FOR_ECS29A if isinstance(step, steps.VoltagePeriod) else ""
    return step.do, arguments, arguments, note


def _command(step: steps.Command, utc: int, wan: Wan, counter: int) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    fields = resolved(step.fields, utc)
    payload = None if step.payload is None else bytes.fromhex(step.payload)
    octets = bytearray(wan.command_of(step.sender, step.use_case, step.to, _counter(utc, counter), fields, payload))
    told: dict[str, Any] = {"use_case": step.use_case}
    if step.spoilt:
        octets[-1] ^= 1
        told["spoilt"] = True
    if fields:
        told["fields"] = {name: value for name, value in fields.items() if name not in _SECRETS}
    return "gbcs", {"octets": octets.hex()}, told, ""


def code_digest(install_code: str | None) -> str | None:
    """By what a trace tells install codes apart without saying them; None for none."""
    return None if install_code is None else hashlib.sha256(bytes.fromhex(install_code)).hexdigest()[:16]


def _tenancy_fields(utc: int, date: int) -> dict[str, int]:
    return {"issuer_event_id": utc, "implementation_date_time": date}


def _counter(utc: int, place: int) -> int:
    """An originator counter that rises with every command of a run. Its low 32 bits are never zero: that is a top-up's."""
    return utc << 16 | place & 0xFFFF
