# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants in what the WAN commands and reads: device logs, alerts, clocks, tap-off, snapshots, balances."""

from typing import Any

from hanref.mutants.mutant import Mutant, MutantEvent


def _alert(event: MutantEvent, use_case: str) -> bool:
    return bool(event["kind"] == "gbcs" and event["cra"] == "alert" and event["use_case"] == use_case)


class KeepsItsLogToItself(Mutant):
    role, requirement = "chf", "REQ-CHF-4"
    title = "a hub that does not tell changes of its device log"

    def sends(self, event: MutantEvent) -> Any:
        return None if _alert(event, "CS14") else event


class AdmitsAnyKey(Mutant):
    role, requirement = "chf", "REQ-121-1"
    title = "a hub that lets a device in with any key while its window is open"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "join":
            identity = bytes.fromhex(event["device"])
            event["admitted"] = self.device.log.admit(identity, self.device.now) is not None
        return event


class NeverTakesTheStoredKey(Mutant):
    role, requirement = "chf", "REQ-121-3"
    title = "a hub that knows no key of a device that comes back"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "join" and self.device.log.stored_key(bytes.fromhex(event["device"])) is not None:
            event["admitted"] = False
        return event


class PairsInSilence(Mutant):
    role, requirement = "gpf", "REQ-GPF-16"
    title = "a GPF that does not tell whom it was paired with"

    def sends(self, event: MutantEvent) -> Any:
        return None if _alert(event, "GCS62") else event


class SilentAboutWhatItLacks(Mutant):
    role, requirement = "esme", "REQ-ESME-7"
    title = "an ESME that does not tell that it does not support a command"

    def sends(self, event: MutantEvent) -> Any:
        return None if _alert(event, "ECS100") else event


class FollowsNoPrice(Mutant):
    role, requirement = "gpf", "REQ-GPF-12"
    title = "a GPF that goes on giving the standing charge it had"

    def value(self, name: str, value: Any, now: int) -> Any:
        return 0 if name == "standing_charge" else value


class FollowsAtOnce(Mutant):
    role, requirement = "gpf", "REQ-GPF-13"
    title = "a GPF that gives tomorrow's standing charge today"

    def value(self, name: str, value: Any, now: int) -> Any:
        waiting = self.device._values.get("tap_planned")
        return 28000 if name == "standing_charge" and waiting else value


class StampsSnapshotsAnew(Mutant):
    role, requirement = "gpf", "REQ-GPF-3"
    title = "a GPF that numbers the snapshots it gives by itself"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "zcl" and event["command"] == "publish_snapshot":
            event.fields["snapshot_id"] = 1 + event.fields["snapshot_id"]
        return event


class NoBalanceOfThePast(Mutant):
    role, requirement = "gpf", "REQ-GPF-6"
    title = "a GPF that gives balances of now with the snapshots of the past"

    def sends(self, event: MutantEvent) -> Any:
        if event["kind"] == "zcl" and event["command"] == "publish_prepay_snapshot":
            event.fields["snapshot_payload"]["credit_remaining"] += 1
        return event


class BillStandsStill(Mutant):
    role, requirement = "gsme", "REQ-GSME-8"
    title = "a GSME whose bill does not rise with what is used"

    def value(self, name: str, value: Any, now: int) -> Any:
        return 1000 if name == "bill_to_date_delivered" else value


class SetsItsClockAnyway(Mutant):
    role, requirement = "esme", "REQ-CLK-4"
    title = "an ESME that takes the hub's time whatever the interval"

    def received(self, event: MutantEvent) -> Any:
        keeper = self.device.timekeeper
        if not hasattr(keeper, "asked_for"):
            keeper.asked_for = keeper.set_now
            keeper.set_now = lambda start, end, time: keeper.asked_for(0, 0xFFFFFFFF, time)
        return event


class NoSecurityLogForTheSupplier(Mutant):
    role, requirement = "esme", "REQ-078-5"
    title = "an ESME that hides its security log from the WAN as well"

    def received(self, event: MutantEvent) -> Any:
        self.device.event_logs._logs[4].erase()
        return event


MUTANTS = [
    KeepsItsLogToItself,
    AdmitsAnyKey,
    NeverTakesTheStoredKey,
    PairsInSilence,
    SilentAboutWhatItLacks,
    FollowsNoPrice,
    FollowsAtOnce,
    StampsSnapshotsAnew,
    NoBalanceOfThePast,
    BillStandsStill,
    SetsItsClockAnyway,
    NoSecurityLogForTheSupplier,
]
