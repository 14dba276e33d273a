# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty displays and prepayment interfaces."""

from typing import Any

from han.clock import from_iso, to_iso

from hanref.mutants.looks import CONTROL, DATE
from hanref.mutants.mutant import Mutant, MutantEvent


def is_tenancy_read(event: MutantEvent) -> bool:
    return bool(event["kind"] == "zcl" and event["cluster"] == "0708" and event["command"] == "read_attributes")


def is_gas_payment(event: MutantEvent, what: str) -> bool:
    return bool(event["kind"] == "payment" and (event["fuel"], event["what"]) == ("gas", what))


class NeverAsksTheProxy(Mutant):
    role, requirement = "ihd", "REQ-0056-11"
    title = "an IHD that never asks the GPF for the change of tenancy"

    def sends(self, event: MutantEvent) -> Any:
        return None if is_tenancy_read(event) and event["destination"] == "gpf" else event


class PpmidNeverAsksTheMeter(Mutant):
    role, requirement = "ppmid", "REQ-0056-12"
    title = "a PPMID that never asks the ESME for the change of tenancy"

    def sends(self, event: MutantEvent) -> Any:
        return None if is_tenancy_read(event) and event["destination"] == "esme" else event


class AsksAtPowerUpOnly(Mutant):
    role, requirement = "ihd", "REQ-0056-17"
    title = "an IHD that asks for the change of tenancy at power-up only"

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def restart(self) -> None:
        self.asked.clear()

    def sends(self, event: MutantEvent) -> Any:
        if not is_tenancy_read(event):
            return event
        first = event["destination"] not in self.asked
        self.asked.add(event["destination"])
        return event if first else None


class ErasesAtOnce(Mutant):
    role, requirement = "ihd", "REQ-0056-14"
    title = "an IHD that erases when it sees a future date, not when the date comes"

    def received(self, event: MutantEvent) -> Any:
        date = event["attributes"].get(DATE)
        if event["command"] == "read_attributes_response" and date and from_iso(date) > self.now:
            event["attributes"][DATE] = to_iso(self.now)
        return event


class KeepsTheWeek(Mutant):
    role, requirement = "ihd", "REQ-0056-13"
    title = "an IHD that keeps the weekly total over a change of tenancy"

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def value(self, name: str, value: Any, now: int) -> Any:
        if name.endswith("_week"):
            self.kept[name] = max(value or 0, self.kept.get(name) or 0)
            return self.kept[name] or value
        return value


class NeverErases(Mutant):
    role, requirement = "ppmid", "REQ-0056-13"
    title = "a PPMID that asks for the change of tenancy and does nothing about it"

    def received(self, event: MutantEvent) -> Any:
        if event["command"] == "read_attributes_response" and DATE in event["attributes"]:
            event["attributes"][DATE] = None
        return event


class ErasesTheWrongFuel(Mutant):
    role, requirement = "ihd", "REQ-0056-18"
    title = "an IHD that clears gas for the date of the electricity meter too"

    def __init__(self) -> None:
        self.date: str | None = None

    def received(self, event: MutantEvent) -> Any:
        if event["command"] == "read_attributes_response" and DATE in event["attributes"]:
            if event["source"] == "esme":
                self.date = event["attributes"][DATE]
            elif self.date is not None:
                event["attributes"].update({DATE: self.date, CONTROL: 0x200})
        return event


class ErasesAgain(Mutant):
    role, requirement = "ihd", "REQ-0056-15"
    title = "an IHD that erases again at each answer with the same date"

    def received(self, event: MutantEvent) -> Any:
        if event["command"] == "read_attributes_response" and event["attributes"].get(DATE):
            for fuel in self.device.fuels:
                fuel.watch.actioned = None
        return event


class LeavesOutMessages(Mutant):
    role, requirement = "ihd", "REQ-0056-16"
    title = "an IHD whose erasure leaves out messages and budgets"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "erase":
            event["items"] = [item for item in event["items"] if item not in ("messages", "budgets")]
        return event


class ShowsAfterPowerLoss(Mutant):
    role, requirement = "ihd", "REQ-0056-19"
    title = "an IHD that shows its old figures after a loss of power, before it has erased"

    def __init__(self) -> None:
        self.old: dict[str, Any] = {}
        self.until = 0

    def restart(self) -> None:
        self.until = self.now + 7200

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "display":
            if self.now < self.until:
                event["screen"].update({name: value for name, value in self.old.items() if name.endswith(("_today", "_week"))})
            else:
                self.old = dict(event["screen"])
        return event


class SlowElectricity(Mutant):
    role, requirement = "ihd", "REQ-IHD-2"
    title = "an IHD that reads the electricity figures every minute"

    def deadline(self, utc: int) -> int:
        return utc + 50 if 5 <= utc - self.device.now <= 10 else utc


class SlowGas(Mutant):
    role, requirement = "ihd", "REQ-IHD-3"
    title = "an IHD that reads the gas figures every two hours"

    def sends(self, event: MutantEvent) -> Any:
        wanted = event["fields"].get("attributes", ()) if event["command"] == "read_attributes" else ()
        if event["destination"] == "gpf" and "reading_snapshot_time" in wanted and self.now // 3600 % 2:
            return None
        return event


class AmbientUpsideDown(Mutant):
    role, requirement = "ihd", "REQ-IHD-4"
    title = "an IHD that takes the second threshold for both changes of colour"

    def value(self, name: str, value: Any, now: int) -> Any:
        return "low" if name == "electricity_ambient" and value == "medium" else value


class CostOfAnotherPrice(Mutant):
    role, requirement = "ihd", "REQ-IHD-5"
    title = "an IHD that shows the cost of half an hour as that of an hour"

    def value(self, name: str, value: Any, now: int) -> Any:
        return value // 2 if name == "electricity_cost_per_hour" and value else value


class AsksForSecurity(Mutant):
    role, requirement = "ihd", "REQ-IHD-7"
    title = "an IHD that asks the ESME for its security log"

    def __init__(self) -> None:
        self.next = 0

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] != "zcl" or event["destination"] != "esme" or self.now < self.next:
            return event
        self.next = self.now + 3600
        fields = {"event_control_log_id": 0x14, "event_id": 0, "start_time": 0, "end_time": None}
        fields.update({"number_of_events": 0, "event_offset": 0})
        question = MutantEvent({**event, "cluster": "0709", "command": "get_event_log", "frame": "cluster", "fields": fields})
        question.pop("attributes", None)
        return [event, question]


class SwitchesSupply(Mutant):
    role, requirement = "ihd", "REQ-IHD-8"
    title = "an IHD that asks the ESME to switch the supply on"

    def __init__(self) -> None:
        self.done = False

    def sends(self, event: MutantEvent) -> Any:
        if self.done or event["kind"] != "zcl" or event["destination"] != "esme" or event["cluster"] != "0702":
            return event
        self.done = True
        fields = {"proposed_supply_status": 2}
        return [event, MutantEvent({**event, "command": "local_change_supply", "frame": "cluster", "fields": fields})]


class ForgetsTheTopUp(Mutant):
    role, requirement = "ppmid", "REQ-PPMID-1"
    title = "a PPMID that does not send what was typed in"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["command"] == "consumer_top_up" else event


class TellsARefusalAsAcceptance(Mutant):
    role, requirement = "ppmid", "REQ-PPMID-2"
    title = "a PPMID that tells a gas top-up as accepted which the meter refused"

    def sends(self, event: MutantEvent) -> Any:
        if is_gas_payment(event, "top_up") and event["result"] == "duplicate":
            event["result"] = "accepted"
        return event


class TellsEmergencyCreditTwice(Mutant):
    role, requirement = "ppmid", "REQ-PPMID-3"
    title = "a PPMID that tells both failure and success of emergency credit for gas"

    def sends(self, event: MutantEvent) -> Any:
        if not is_gas_payment(event, "emergency_credit"):
            return event
        other = MutantEvent(event)
        other["result"] = "refused" if event["result"] == "success" else "success"
        return [other, event]


MUTANTS: list[type[Mutant]] = [
    NeverAsksTheProxy,
    PpmidNeverAsksTheMeter,
    AsksAtPowerUpOnly,
    ErasesAtOnce,
    KeepsTheWeek,
    NeverErases,
    ErasesTheWrongFuel,
    ErasesAgain,
    LeavesOutMessages,
    ShowsAfterPowerLoss,
    SlowElectricity,
    SlowGas,
    AmbientUpsideDown,
    CostOfAnotherPrice,
    AsksForSecurity,
    SwitchesSupply,
    ForgetsTheTopUp,
    TellsARefusalAsAcceptance,
    TellsEmergencyCreditTwice,
]
