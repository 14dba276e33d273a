# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty gas proxies."""

from typing import Any

from han.clock import from_iso, to_iso

from hanref.mutants.looks import HALF_HOUR, is_answer
from hanref.mutants.mutant import Mutant, MutantEvent


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


class SummerTimeInMessages(Mutant):
    role, requirement = "gpf", "REQ-0015-3"
    title = "a GPF that gives the deviation of summer time"

    def sends(self, event: MutantEvent) -> Any:
        if is_answer(event) and event["date_time"]:
            form = "8000" + event["clock_status"]
            event["octets"] = event["octets"].replace(form, "ffc4" + event["clock_status"], 1)
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


MUTANTS: list[type[Mutant]] = [
    StampsTheAnswer,
    ForgetsTheStamp,
    SwapsStatusBits,
    ClaimsTheClock,
    NoDateTime,
    TimedBalance,
    WrongDateTimeForm,
    SummerTimeInMessages,
    OneStampForAll,
    OldTenancyData,
    OldTotals,
    NoTenancy,
    RefusesPastDates,
    AlwaysPublishes,
    GivesMeterSecurity,
    ZeroForUnknown,
    HalfHoursShifted,
    GivesTheLatestTopUpOnly,
    ForgetsPaymentsOfDebt,
]
