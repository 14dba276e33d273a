# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's mutants: one small deviation each, over the requirements of high priority."""

from typing import Any

from han.clock import from_iso, to_iso

from hanref.mutants import wan
from hanref.mutants.mutant import Mutant, MutantEvent

DATE = "change_of_tenancy_update_date_time"
CONTROL = "proposed_tenancy_change_control"
HALF_HOUR = 1800
DAY = 86400
LOGGED = ("get_profile_response", "get_sampled_data_response", "publish_snapshot", "publish_top_up_log")


def is_tenancy_read(event: MutantEvent) -> bool:
    return bool(event["kind"] == "zcl" and event["cluster"] == "0708" and event["command"] == "read_attributes")


def is_answer(event: MutantEvent, use_cases: tuple[str, ...] = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")) -> bool:
    return bool(event["kind"] == "gbcs" and event["cra"] == "response" and event["use_case"] in use_cases)


# --- IHD and PPMID --------------------------------------------------------------------------------------------


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


def is_gas_payment(event: MutantEvent, what: str) -> bool:
    return bool(event["kind"] == "payment" and (event["fuel"], event["what"]) == ("gas", what))


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


# --- GPF ------------------------------------------------------------------------------------------------------


class StampsTheAnswer(Mutant):
    role, requirement = "gpf", "REQ-0015-7"
    title = "a GPF that stamps the time at which it answers"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event):
            event["date_time"] = to_iso(self.now)
        return event


class ForgetsTheStamp(Mutant):
    role, requirement = "gpf", "REQ-0015-7"
    title = "a GPF that forgets the stamp over a restart and says now"

    def __init__(self) -> None:
        self.forgot = False

    def restart(self) -> None:
        self.forgot = True

    def received(self, event: MutantEvent) -> Any:
        if event["command"] == "report_attributes":
            self.forgot = False
        return event

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event) and self.forgot:
            event["date_time"], event["clock_status"] = to_iso(self.now), "00"
        return event


class SwapsStatusBits(Mutant):
    role, requirement = "gpf", "REQ-0015-6"
    title = "a GPF that swaps the bits of doubtful and invalid"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event):
            status = int(event["clock_status"], 16)
            event["clock_status"] = "%02X" % (status & 4 | (status & 1) << 1 | (status & 2) >> 1)
        return event


class ClaimsTheClock(Mutant):
    role, requirement = "gpf", "REQ-0015-4"
    title = "a GPF that passes the meter's time off as its own"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event):
            event["clock_status"] = "%02X" % (int(event["clock_status"], 16) & ~4)
        return event


class NoDateTime(Mutant):
    role, requirement = "gpf", "REQ-0015-1"
    title = "a GPF that answers GCS13b without a date-time"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event, ("GCS13b",)):
            event["date_time"] = event["clock_status"] = None
        return event


class TimedBalance(Mutant):
    role, requirement = "gpf", "REQ-0015-2"
    title = "a GPF that puts a date-time into GCS60 as well"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event, ("GCS60",)):
            event["date_time"], event["clock_status"] = to_iso(self.now), "FF"
        return event


class WrongDateTimeForm(Mutant):
    role, requirement = "gpf", "REQ-0015-3"
    title = "a GPF that fills in the day of the week"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event) and event["date_time"]:
            octets = bytearray.fromhex(event["octets"])
            place = octets.find(b"\xff", 30)
            if octets[place + 5 : place + 7] == b"\x80\x00":
                octets[place] = 1
                event["octets"] = octets.hex()
        return event


class OneStampForAll(Mutant):
    role, requirement = "gpf", "REQ-0015-9"
    title = "a GPF that keeps one stamp for all register sets"

    def __init__(self) -> None:
        self.newest: str | None = None

    def received(self, event: MutantEvent) -> Any:
        self.newest = event["attributes"].get("reading_snapshot_time") or self.newest
        return event

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event) and self.newest:
            event["date_time"] = self.newest
        return event


class OldTenancyData(Mutant):
    role, requirement = "gpf", "REQ-0056-9"
    title = "a GPF that gives the former occupier's half hours and days after the date"

    def __init__(self) -> None:
        self.kept: MutantEvent | None = None

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "get_profile_response" and event["kind"] == "zcl":
            if self.kept is None and event["fields"].get("intervals"):
                self.kept = event
            elif self.kept is not None:
                event["fields"] = dict(self.kept["fields"])
        return event


class OldTotals(Mutant):
    role, requirement = "gpf", "REQ-0056-9"
    title = "a GPF that goes on serving yesterday's consumption after the date"

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def value(self, name: str, value: Any, now: int) -> Any:
        if name.startswith("previous_day"):
            if value:
                self.kept[name] = value
            return value or self.kept.get(name, value)
        return value


class NoTenancy(Mutant):
    role, requirement = "gpf", "REQ-0056-2"
    title = "a GPF that answers the read of the change of tenancy with a default response"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0708" and event["command"] == "read_attributes_response":
            event.update({"command": "default_response", "fields": {"command": 0, "status": "UNSUPPORTED_ATTRIBUTE"}})
        return event


class RefusesPastDates(Mutant):
    role, requirement = "gpf", "REQ-0056-5"
    title = "a GPF that refuses GCS09 with a date in the past"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "gbcs" and event["use_case"] == "GCS09" and event["cra"] == "response":
            event["payload"] = event["payload"][:-2] + "85"
        return event


class AlwaysPublishes(Mutant):
    role, requirement = "gpf", "REQ-0056-20"
    title = "a GPF that answers GetChangeOfTenancy with SUCCESS while none is set"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0708" and event["command"] == "default_response" and event["fields"]["status"] == "NOT_FOUND":
            event["fields"]["status"] = "SUCCESS"
        return event


class GivesMeterSecurity(Mutant):
    role, requirement = "gpf", "REQ-078-4"
    title = "a GPF that answers NOT_FOUND for its copy of the meter's security log"

    def sends(self, event: MutantEvent) -> Any:
        if event["cluster"] == "0709" and event["fields"].get("status") == "NOT_AUTHORIZED":
            event["fields"]["status"] = "NOT_FOUND"
        return event


class ZeroForUnknown(Mutant):
    role, requirement = "gpf", "REQ-GPF-18"
    title = "a GPF that serves no tariff registers"

    def sends(self, event: MutantEvent) -> Any:
        for name in list(event["attributes"]):
            if event["command"] == "read_attributes_response" and name.startswith("current_tier"):
                del event["attributes"][name]
                event["statuses"] = {**event["statuses"], name: "UNSUPPORTED_ATTRIBUTE"}
        return event


class HalfHoursShifted(Mutant):
    role, requirement = "gpf", "REQ-GPF-7"
    title = "a GPF that gives half hours with the stamp of their start"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "get_profile_response" and event["fields"].get("end_time"):
            event["fields"]["end_time"] = to_iso(from_iso(event["fields"]["end_time"]) - HALF_HOUR)
            event["fields"]["intervals"] = [value + place % 2 for place, value in enumerate(event["fields"]["intervals"])]
        return event


# --- GSME -----------------------------------------------------------------------------------------------------


class NoTimeWithValues(Mutant):
    role, requirement = "gsme", "REQ-0015-12"
    title = "a GSME that reports without time"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "report_attributes":
            event["attributes"].pop("reading_snapshot_time", None)
            return event if event["attributes"] else None
        return event


class AlwaysSynchronised(Mutant):
    role, requirement = "gsme", "REQ-0015-12"
    title = "a GSME that reports its clock as synchronised while it is not"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "report_attributes" and "time_status" in event["attributes"]:
            event["attributes"]["time_status"] = 2
        return event


class WakesHourly(Mutant):
    role, requirement = "gsme", "REQ-GSME-1"
    title = "a GSME that wakes once an hour"

    def deadline(self, utc: int) -> int:
        return utc + HALF_HOUR if utc % HALF_HOUR == 0 and utc // HALF_HOUR % 2 else utc


class NoMidnight(Mutant):
    role, requirement = "gsme", "REQ-GSME-2"
    title = "a GSME that takes its daily snapshot at eleven in the evening, midnight of local time"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "publish_snapshot":
            event["fields"]["snapshot_time"] = to_iso(from_iso(event["fields"]["snapshot_time"]) - 3600)
        return event


class NeverUnreliable(Mutant):
    role, requirement = "gsme", "REQ-0015-5"
    title = "a GSME that answers with a reliable clock status whatever its clock is"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event):
            event["clock_status"] = "00"
        return event


# --- ESME -----------------------------------------------------------------------------------------------------


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


class AnswersNoTopUp(Mutant):
    role, requirement = "gsme", "REQ-GSME-9"
    title = "a GSME that takes a top-up of the PPMID and does not answer it"

    def sends(self, event: MutantEvent) -> Any:
        return None if is_answer(event, ("PCS01",)) else event


class GivesTheLatestTopUpOnly(Mutant):
    role, requirement = "gpf", "REQ-GPF-4"
    title = "a GPF that gives the latest top-up alone"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "publish_top_up_log":
            event["fields"]["top_ups"] = event["fields"]["top_ups"][-1:]
        return event


class ForgetsPaymentsOfDebt(Mutant):
    role, requirement = "gpf", "REQ-GPF-5"
    title = "a GPF that gives the latest payment of debt alone"

    def sends(self, event: MutantEvent) -> Any:
        if event["command"] == "publish_debt_log":
            event["fields"]["debts"] = event["fields"]["debts"][-1:]
        return event


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


# --- gas meter's events -----------------------------------------------------------------------------------------


class LetsGasFlow(Mutant):
    role, requirement = "gsme", "REQ-0023-5"
    title = "a GSME that does nothing about a flow above the threshold"

    def received(self, event: MutantEvent) -> Any:
        self.device.wan.flow_guard._trip = lambda: None
        return event


class BatteryUntold(Mutant):
    role, requirement = "gsme", "REQ-GSME-7"
    title = "a GSME that tells nobody that its battery is low"

    def sends(self, event: MutantEvent) -> Any:
        return None if event["kind"] == "alert" and event["code"] == "8f1f" else event


class ListsAnEventTwice(Mutant):
    role, requirement = "gsme", "REQ-078-1"
    title = "a GSME that lists an event of the group twice"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "gbcs" and event["use_case"] == "GCS20r" and event["cra"] == "response":
            event["payload"] = event["payload"].replace("19811b", "0d811b")
        return event


# --- hub ------------------------------------------------------------------------------------------------------


class AlwaysSynchronisedHub(Mutant):
    role, requirement = "chf", "REQ-CLK-6"
    title = "a hub that calls its time synchronised while it is not"

    def value(self, name: str, value: Any, now: int) -> Any:
        return value | 2 if name == "time_status" else value


MUTANTS = [
    kind for kind in list(globals().values()) if isinstance(kind, type) and issubclass(kind, Mutant) and kind is not Mutant
] + wan.MUTANTS
