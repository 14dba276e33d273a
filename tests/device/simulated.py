# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated HAN for the portable tests: five devices, a virtual clock, what they sent and reported."""

import json

from han.clock import from_iso
from han.node.sim import Simulation

START = "2022-11-03T09:00:00Z"

IDENTITIES = {
    "hub": "0a0b0c0d0e0f0001",
    "esme": "0a0b0c0d0e0f0002",
    "gsme": "0a0b0c0d0e0f0003",
    "ihd": "0a0b0c0d0e0f0004",
    "ppmid": "0a0b0c0d0e0f0005",
}
CHF = "0a0b0c0d0e0f0006"


class Han:
    """Runs a HAN step by step: `run(until)`, `do(role, verb, **arguments)`, then look at `events` and `frames`."""

    def __init__(self, start=START, boards=("hub", "esme", "gsme", "ihd"), air=None, seed=1, **settings):
        self.start = from_iso(start)
        devices = {}
        for board in boards:
            devices[board] = {"identity": IDENTITIES[board]}
            devices[board].update(settings.get(board, {}))
        if "hub" in devices:
            devices["hub"]["chf_identity"] = CHF
        self.events = []
        self.frames = []
        plan = {"start": self.start, "end": self.start, "seed": seed, "devices": devices, "air": air or {}}
        self.simulation = Simulation(plan, self._line)
        self.simulation.begin()

    def _line(self, text):
        if text[0] == "E":
            at, event = text[2:].split(" ", 1)
            event = json.loads(event)
            event["time"] = self.start + int(at) // 1000
            self.events.append(event)
        elif text[0] == "F":
            at, source, destination, _, _, cluster, _, octets = text[2:].split()
            self.frames.append((self.start + int(at) // 1000, source, destination, int(cluster, 16), bytes.fromhex(octets)))

    def device(self, role):
        """The device model itself."""
        for node in self.simulation.nodes.values():
            for device in node.devices:
                if device.role == role:
                    return device
        raise ValueError("no %s on this HAN" % role)

    def utc(self):
        return self.start + self.simulation.now // 1000

    def run(self, until):
        """Let time pass up to `until`: "10:30:00" on the day it is, a full ISO time, or a number of seconds."""
        if not isinstance(until, int):
            from han.clock import DAY

            if len(until) == 8:
                hour, minute, second = [int(part) for part in until.split(":")]
                until = self.utc() // DAY * DAY + hour * 3600 + minute * 60 + second
            else:
                until = from_iso(until)
            until -= self.start
        else:
            until += self.simulation.now // 1000
        self.simulation.advance(until * 1000)

    def do(self, role, verb, **arguments):
        self.simulation.command(role, verb, arguments)

    def of(self, kind, source=None):
        """The events of a kind so far."""
        return [event for event in self.events if event["kind"] == kind and source in (None, event["source"])]

    def screen(self):
        return self.device("ihd").screen()
