# SPDX-License-Identifier: GPL-3.0-or-later
"""A HAN of boards that carries out a scenario from its text, and what it told."""

import json
from collections.abc import Iterable
from typing import Any

from han.clock import to_iso
from hanref.bench.file import Bench
from hanref.bench.han import BoardHan
from hanref.run.plan import Plan, make
from hanref.scenario import parse

HEADING = """
[scenario]
name = "acceptance"
title = "acceptance"
start = %s
duration = "%s"
tiers = ["emulated", "physical"]
"""


def plan_of(start: str, duration: str, devices: str, steps: Iterable[tuple[str, str, str]] = ()) -> Plan:
    """The plan of devices and of steps (moment, verb, further lines)."""
    text = HEADING % (start, duration) + devices
    for at, verb, rest in steps:
        text += '[[step]]\nat = %s\ndo = "%s"\n%s\n' % (at, verb, rest)
    return make(parse(text, "acceptance.toml"))


class Told:
    """What the boards of a HAN told, event by event: each has `milliseconds` since 2000 and `time`, ISO."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.events: list[dict[str, Any]] = []
        self.frames: list[list[str]] = []

    def take(self, lines: Iterable[str]) -> "Told":
        """Take lines of a HAN."""
        for line in lines:
            if line.startswith("E "):
                _, at, document = line.split(" ", 2)
                milliseconds = self.start * 1000 + int(at)
                event = {"milliseconds": milliseconds, "time": to_iso(milliseconds // 1000), **json.loads(document)}
                self.events.append(event)
            elif line.startswith("F "):
                self.frames.append(line.split())
        return self

    def of(self, kind: str, source: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind and event["source"] == source]

    def stored(self, since: str, until: str) -> list[tuple[str, float]]:
        """(stamp, volts) of the averages that the electricity meter stored between two moments."""
        return [
            (event["entry"]["utc"], event["entry"]["volts"])
            for event in self.of("store", "esme")
            if event["store"] == "average_rms_voltage" and since <= event["time"] < until
        ]


def run(plan: Plan, bench: Bench) -> Told:
    """Boards are flashed, come on one network and carry the whole plan out."""
    told = Told(plan.document["start"])
    with BoardHan(plan.document, bench) as han:
        told.take(han.lines())
    return told
