# SPDX-License-Identifier: Apache-2.0
"""A whole HAN in one process under a virtual clock.

Run as `micropython -m han.node.sim`: the plan of the run comes as one JSON document on standard input, events
go out as lines on standard output; docs/run-protocol.md describes both.
"""

import gc
import json
import random
import sys

from han.devices import roles
from han.errors import HanError
from han.message import BROADCAST
from han.radio.loopback import Loopback

_FLUSH_LINES = 200
_PROGRESS = 3600 * 1000  # virtual ms
_NEVER = 1 << 62
_WEIGHED = 30 * 24 * 3600 * 1000  # virtual ms between two looks at the memory
_NOT_TOLD = ("store", "metrology")  # kinds of events that a summary counts; what was stored it gives at the end


class Output:
    """Writes lines in large pieces: one write a line would cost more than the devices do."""

    def __init__(self, write):
        self._write = write
        self._lines = []

    def line(self, text):
        lines = self._lines
        lines.append(text)
        if len(lines) >= _FLUSH_LINES:
            self.flush()

    def flush(self):
        self._write("".join(self._lines))
        self._lines.clear()


class Simulation:
    """Nodes, the air between them, and the bench's steps, run in order of virtual time.

    `plan` is the document of docs/run-protocol.md; node time is true UTC. `line(text)` takes each output line.
    """

    def __init__(self, plan, line):
        self._line = line
        self._start = plan["start"]
        self._end = (plan["end"] - plan["start"]) * 1000
        self._steps = sorted(plan.get("steps", ()), key=lambda step: step[0])
        self._steps.reverse()  # the next one is the last
        self._progress = 0
        self._weigh = _WEIGHED
        self._memory = []  # (milliseconds since the start, octets in use, octets of them in logs)
        self.now = 0  # milliseconds since the start
        self._full = plan.get("trace", "full") == "full"
        air = plan.get("air", {})
        random.seed(plan.get("seed", 0))
        self._tables = plan["devices"] if self._full else _without_pictures(plan["devices"])
        self.nodes = roles.build(self._tables)
        self._deadlines = {}  # EUI-64 of a node -> milliseconds since the start, as of its last call
        self._next = None  # the earliest of them and its node, None while it must be found again
        self._by_identity = {node.identity: node for node in self.nodes.values()}
        self._names = {}
        self.air = Loopback(
            self._by_identity,
            self._tap if self._full else _untapped,
            random.random,
            air.get("loss", 0.0),
            air.get("duplicates", 0.0),
            air.get("reorder", 0.0),
        )
        self.counts = {}

    def run(self):
        """Run the whole plan and end with the summary."""
        self.begin()
        self.advance(self._end)
        self._line("Z %s\n" % json.dumps(self.summary()))

    def begin(self):
        """Power on."""
        for node in self.nodes.values():
            self._after(0, node, node.power(True, self._start))

    def advance(self, end):
        """Run up to, and not at, `end` milliseconds after the start."""
        steps = self._steps
        air = self.air
        queue = air.queue
        start = self._start
        now = self.now
        while True:
            moment, due = self._next or self._find_next()
            if moment >= end:
                moment = end
                due = None
            if queue and queue[0][0] < moment:
                moment = queue[0][0]
                due = air
            if steps and steps[-1][0] <= moment and steps[-1][0] < end:
                now = max(now, steps[-1][0])
                self.now = now
                self._step(steps.pop())
                continue
            if due is None:
                break
            if moment < now:
                moment = now  # a deadline that lies behind is due now: time never runs back
            now = moment
            self.now = now
            if moment >= self._progress:
                self._line("P %d\n" % moment)
                self._progress = moment - moment % _PROGRESS + _PROGRESS
                if moment >= self._weigh and not self._full:
                    self._memory.append((moment, _memory(), self._stored()))
                    self._weigh += _WEIGHED
            if due is air:
                for at, node, message in air.deliver():
                    self._after(at, node, node.receive(message, start + at // 1000))
            else:
                self._after(moment, due, due.tick(start + moment // 1000))
        self.now = end

    def _find_next(self):
        """(milliseconds since the start, node) of the earliest deadline."""
        earliest = _NEVER
        found = None
        for identity, deadline in self._deadlines.items():
            if deadline is not None and deadline < earliest:
                earliest = deadline
                found = self._by_identity[identity]
        self._next = (earliest, found)
        return self._next

    def command(self, role, verb, arguments):
        """An input of the bench, now."""
        self._step([self.now, role, verb, arguments])

    def summary(self):
        """What the run came to: frames on the air, frames lost, and each device's state. Where the trace is a summary, what
        the logs and histories hold, and how much memory was in use from time to time, too."""
        devices = [device for node in self.nodes.values() for device in node.devices]
        found = {
            "frames": self.air.frames,
            "lost": self.air.lost,
            "events": self.counts,
            "devices": {device.role: device.state() for device in devices},
        }
        if not self._full:
            found["memory"] = self._memory
            found["logs"] = {device.role: device.stores.contents() for device in devices}
            found["histories"] = {device.role: _histories(device.stores.values) for device in devices}
        return found

    def _stored(self):
        """Octets in all logs: they grow until the logs are full."""
        return sum([device.stores.octets() for node in self.nodes.values() for device in node.devices])

    def _step(self, step):
        at, role, verb, arguments = step
        node = self._node(role)
        if verb == "exchange":
            self._exchange(node)
            return
        self._after(at, node, node.command(role, verb, arguments, self._start + at // 1000))

    def _exchange(self, old):
        """A new device with the same identity and settings, and empty stores, comes in place of one without power."""
        if old.powered:
            raise HanError("%s is exchanged under power: switch it off first" % old.board)
        new = roles.build(self._tables)[old.board]
        self.nodes[old.board] = new
        self._by_identity[new.identity] = new
        self._deadlines[new.identity] = None
        self._next = None

    def _node(self, role):
        if role in ("chf", "gpf"):
            role = "hub"
        node = self.nodes.get(role)
        if node is None:
            raise HanError("the plan names %s, which is not on this HAN" % role)
        return node

    def _after(self, now, node, messages):
        deadline = node.deadline()
        if deadline is not None:
            deadline = (deadline - self._start) * 1000
        if self._deadlines.get(node.identity) != deadline:
            self._deadlines[node.identity] = deadline
            self._next = None
        if messages:
            self.air.send(messages, now)
        events = node.events
        if events:
            for source, kind, fields in events:
                fields["source"] = source
                fields["kind"] = kind
                if "destination" not in fields:
                    fields["destination"] = None
                self._event(now, fields)
            events.clear()

    def _event(self, now, fields):
        kind = fields["kind"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self._full or kind not in _NOT_TOLD:
            self._line("E %d %s\n" % (now, json.dumps(fields)))

    def _tap(self, now, message):
        names = self._names
        source = names.get((message.source, message.source_endpoint)) or self._name(
            message.source, message.source_endpoint
        )
        destination = names.get((message.destination, message.destination_endpoint)) or self._name(
            message.destination, message.destination_endpoint
        )
        self._line(
            "F %d %s %s %d %d %04x %d %s\n"
            % (
                now,
                source,
                destination,
                message.source_endpoint,
                message.destination_endpoint,
                message.cluster,
                message.secured,
                message.payload.hex(),
            )
        )

    def _name(self, identity, endpoint):
        if identity == BROADCAST:
            name = "*"
        else:
            node = self._by_identity.get(identity)
            name = identity.hex() if node is None else node.role_at(endpoint)
        self._names[(identity, endpoint)] = name
        return name


def _memory():
    """Octets in use, None on an interpreter that does not tell."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else None


def _histories(values):
    """The cumulative and historical values a device keeps (han.devices.history): name and state."""
    return {name: values.get(name) for name in ("history", "energy", "cost") if values.get(name) is not None}


def _without_pictures(tables):
    """The settings of the devices; a summary would not have what the displays show and draw."""
    tables = dict(tables)
    for board in ("ihd", "ppmid"):
        if board in tables:
            tables[board] = dict(tables[board], captures="none", tells_screens=False)
    return tables


def _untapped(now, message):
    pass


def main():
    plan = json.loads(sys.stdin.read())
    output = Output(sys.stdout.write)
    try:
        Simulation(plan, output.line).run()
    finally:
        output.flush()


if __name__ == "__main__":
    main()
