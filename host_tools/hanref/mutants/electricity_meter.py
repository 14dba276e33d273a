# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty electricity meters."""

from typing import Any

from han.clock import from_iso, to_iso

from hanref.mutants.looks import CONTROL, DATE, HALF_HOUR
from hanref.mutants.mutant import Mutant, MutantEvent


def is_voltage(event: MutantEvent) -> bool:
    return bool(event["kind"] == "store" and event["store"] == "average_rms_voltage" and event["operation"] == "append")


class PeriodsFromPowerUp(Mutant):
    role, requirement = "esme", "REQ-085A-1"
    title = "an ESME whose voltage periods start at power-up"

    def __init__(self) -> None:
        self.begun: int | None = None

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "power" and event["on"]:
            self.begun = self.now
        if is_voltage(event):
            entry = dict(event["entry"])
            entry["utc"] = to_iso(from_iso(entry["utc"]) + 433)
            event["entry"] = entry
        return event


class LocalTime(Mutant):
    role, requirement = "esme", "REQ-085A-2"
    title = "an ESME whose voltage log is stamped in local time of summer"

    def clock(self, utc: int | None, status: str) -> Any:
        return (None if utc is None else utc + 3600), status


class PadsAnOutage(Mutant):
    role, requirement = "esme", "REQ-085A-10"
    title = "an ESME that pads an outage with entries of zero volts"

    def __init__(self) -> None:
        self.pad = False

    def restart(self) -> None:
        self.pad = True

    def sends(self, event: MutantEvent) -> Any:
        if is_voltage(event) and self.pad:
            self.pad = False
            at = from_iso(event["entry"]["utc"])
            missing = MutantEvent({**event, "entry": {"utc": to_iso(at - HALF_HOUR), "volts": 0.0}})
            return [missing, event]
        return event


class StampsTheStart(Mutant):
    role, requirement = "esme", "REQ-085A-3"
    title = "an ESME that stamps voltage averages with the start of their period"

    def sends(self, event: MutantEvent) -> Any:
        if is_voltage(event):
            event["entry"] = {**event["entry"], "utc": to_iso(from_iso(event["entry"]["utc"]) - HALF_HOUR)}
        return event


class KeepsBrokenPeriods(Mutant):
    role, requirement = "esme", "REQ-085A-9"
    title = "an ESME that lets the running period end when another length is written"

    def __init__(self) -> None:
        self.running = False

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "metrology" and event["name"] == "voltage_period":
            self.running = bool(self.now % HALF_HOUR)
        if event["kind"] == "store" and event["store"] == "profile_data" and self.running:
            self.running = False
            entry = {"utc": event["entry"]["utc"], "volts": 236.0}
            return [event, MutantEvent({**event, "store": "average_rms_voltage", "entry": entry})]
        return event


class NoEndOfOverVoltage(Mutant):
    role, requirement = "esme", "REQ-085A-14"
    title = "an ESME that never tells the end of an average over-voltage"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["kind"] == "alert" and event["code"] == "8085" else event


class HastySag(Mutant):
    role, requirement = "esme", "REQ-ESME-V1"
    title = "an ESME that leaves out the event of a sag's end"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["kind"] == "alert" and event["code"] == "8099" else event


class SharedCodes(Mutant):
    role, requirement = "esme", "REQ-085A-14"
    title = "a polyphase ESME that tells every phase with the code of the first"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "alert" and event["code"] in ("8004", "8005"):
            event["code"] = "8003"
        return event


class WrongType(Mutant):
    role, requirement = "esme", "REQ-0056-3"
    title = "an ESME that sends the date with the type octet of an unsigned integer"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "read_attributes_response" and DATE in event["attributes"]:
            event["types"] = {DATE: 0x23}
        return event


class WrongDirection(Mutant):
    role, requirement = "esme", "REQ-0056-1"
    title = "an ESME that answers with the direction bit of a question"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0708" and event["command"] == "read_attributes_response":
            event["direction"] = "client_to_server"
        return event


class DefaultResponseForUnsupported(Mutant):
    role, requirement = "esme", "REQ-0056-1"
    title = "an ESME that answers a read of unsupported attributes with a default response"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0708" and event["command"] == "read_attributes_response":
            event.update({"command": "default_response", "fields": {"command": 0, "status": "UNSUPPORTED_ATTRIBUTE"}})
            event.pop("attributes", None)
        return event


class DateOfReceipt(Mutant):
    role, requirement = "esme", "REQ-0056-8"
    title = "an ESME that shows a future change of tenancy only when its date has come"

    def value(self, name: str, value: Any, now: int) -> Any:
        return None if name == DATE and value is not None and value > now else value


class NoClearBit(Mutant):
    role, requirement = "esme", "REQ-0056-7"
    title = "an ESME that sets another bit than 9 of the change control"

    def value(self, name: str, value: Any, now: int) -> Any:
        return value << 1 if name == CONTROL and value else value


class EpochForNone(Mutant):
    role, requirement = "esme", "REQ-0056-4"
    title = "an ESME that reads 0 while no change of tenancy was ever set"

    def value(self, name: str, value: Any, now: int) -> Any:
        return 0 if name == DATE and value is None else value


class OldHistory(Mutant):
    role, requirement = "esme", "REQ-0056-9"
    title = "an ESME that serves the day of the change of tenancy as a whole"

    def __init__(self) -> None:
        self.first: tuple[int, int] | None = None

    def value(self, name: str, value: Any, now: int) -> Any:
        if name == "current_day_consumption_delivered":
            return self.device.history.total("day", 0)
        return value


class LiftedByTheSecond(Mutant):
    role, requirement = "esme", "REQ-0056-9"
    title = "an ESME that lifts the restriction of a change of tenancy when the next one is announced"

    def received(self, event: MutantEvent) -> Any:
        tenancy = self.device.tenancy
        if tenancy.date is not None and tenancy.date > self.now:
            tenancy._came = None
        return event


class GivesSecurity(Mutant):
    role, requirement = "esme", "REQ-078-3"
    title = "an ESME that gives its security log to a display"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] != "0709" or event["fields"].get("status") != "NOT_AUTHORIZED":
            return event
        entry = {"log_id": 4, "event_id": 0x8F0C, "event_time": self.now, "event_data": b"".hex()}
        fields = {"total_number_of_matching_events": 1, "command_index": 0, "total_commands": 1, "log_payload_control": 0x10}
        return MutantEvent(
            {**event, "command": "publish_event_log", "frame": "cluster", "fields": {**fields, "events": [entry]}}
        )


class StalePower(Mutant):
    role, requirement = "esme", "REQ-ESME-1"
    title = "an ESME that refreshes the power it gives once a minute"

    def __init__(self) -> None:
        self.minute = -1
        self.watts = 0

    def value(self, name: str, value: Any, now: int) -> Any:
        if name != "instantaneous_demand":
            return value
        if now // 60 != self.minute:
            self.minute, self.watts = now // 60, value
        return self.watts


class TakesALargeStep(Mutant):
    role, requirement = "esme", "REQ-CLK-3"
    title = "an ESME that tells nobody of a clock two minutes off"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["kind"] == "alert" and event["code"] == "8f0c" else event


class NeverCompares(Mutant):
    role, requirement = "esme", "REQ-CLK-2"
    title = "an ESME that asks the hub for the time only once"

    def __init__(self) -> None:
        self.asked = False

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "000A" and event["command"] == "read_attributes":
            first, self.asked = not self.asked, True
            return event if first else None
        return event


class RefusesTwice(Mutant):
    role, requirement = "esme", "REQ-ESME-5"
    title = "an ESME that fails emergency credit that is active already"

    def __init__(self) -> None:
        self.active = False

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0705" and event["command"] == "default_response" and event["fields"]["status"] == "SUCCESS":
            if self.active:
                event["fields"]["status"] = "FAILURE"
            self.active = True
        return event


class PeakUntold(Mutant):
    role, requirement = "esme", "REQ-ESME-3"
    title = "an ESME that tells nobody of an import above its load limit"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["kind"] == "alert" and event["code"] == "8f01" else event


class EveryOutageShort(Mutant):
    role, requirement = "esme", "REQ-ESME-4"
    title = "an ESME that tells an outage of six minutes as a short one"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "alert" and event["code"] == "8f36":
            event["code"] = "8f35"
        return event


class DemandStampedAtItsBeginning(Mutant):
    role, requirement = "esme", "REQ-ESME-8"
    title = "an ESME that stamps its maximum demand with the beginning of the half hour"

    def value(self, name: str, value: Any, now: int) -> Any:
        return value - 1800 if name == "current_max_demand_delivered_time" and value is not None else value


MUTANTS: list[type[Mutant]] = [
    PeriodsFromPowerUp,
    LocalTime,
    PadsAnOutage,
    StampsTheStart,
    KeepsBrokenPeriods,
    NoEndOfOverVoltage,
    HastySag,
    SharedCodes,
    WrongType,
    WrongDirection,
    DefaultResponseForUnsupported,
    DateOfReceipt,
    NoClearBit,
    EpochForNone,
    OldHistory,
    LiftedByTheSecond,
    GivesSecurity,
    StalePower,
    TakesALargeStep,
    NeverCompares,
    RefusesTwice,
    PeakUntold,
    EveryOutageShort,
    DemandStampedAtItsBeginning,
]
