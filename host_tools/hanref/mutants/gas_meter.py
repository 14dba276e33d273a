# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty gas meters."""

from typing import Any

from han.clock import from_iso, to_iso

from hanref.mutants.looks import HALF_HOUR, is_answer
from hanref.mutants.mutant import Mutant, MutantEvent


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


class AnswersNoTopUp(Mutant):
    role, requirement = "gsme", "REQ-GSME-9"
    title = "a GSME that takes a top-up of the PPMID and does not answer it"

    def sends(self, event: MutantEvent) -> Any:
        return None if is_answer(event, ("PCS01",)) else event


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


MUTANTS: list[type[Mutant]] = [
    NoTimeWithValues,
    AlwaysSynchronised,
    WakesHourly,
    NoMidnight,
    NeverUnreliable,
    AnswersNoTopUp,
    LetsGasFlow,
    BatteryUntold,
    ListsAnEventTwice,
]
