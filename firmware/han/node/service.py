# SPDX-License-Identifier: Apache-2.0
"""What each verb of the console does: the node, its time and its radio as the bench sees them. docs/console.md lists them."""

import gc

from han import clock
from han.errors import BenchError
from han.node.console import PROTOCOL

_SILENCE = 20  # milliseconds after which no more octets are on their way
_MOST_TICKS = 1000  # at one moment; a device that wants more stands still


class Service:
    """`node` may be None on a board without settings. `port` is its radio, `time` a NodeTime, `named` what the version line
    says. `events` says whether events go out, `done` is "stop" or "restart" once the bench asked for it.
    """

    def __init__(self, node, port, time, named, settings, console_counts):
        self.node = node
        self.port = port
        self.time = time
        self.events = False
        self.done = None
        self._named = named
        self._settings = settings
        self._console_counts = console_counts
        self._asleep = False
        self._frames = False

    # -- what the board's loop calls ------------------------------------------------------------------------

    def start(self):
        """Power on the devices, once the time is known."""
        now = self.time.now()
        if self.node is not None and now is not None and not self.node.powered:
            self._send(self.node.power(True, now))

    def work(self):
        """Take what came from the air and run what is due."""
        node = self.node
        messages = self.port.turn()
        if node is None:
            return
        now = self.time.now()
        if now is None:
            return
        for message in messages:
            if node.powered and node.in_reach:
                self._send(node.receive(message, now))
        self._run_due(now)

    def milliseconds_until_due(self):
        """How long the loop may wait for octets; None for as long as it likes."""
        wait = self.port.milliseconds_until_due()
        deadline = None if self.node is None else self.node.deadline()
        if deadline is not None:
            until = self.time.milliseconds_until(deadline)
            if until is not None and (wait is None or until < wait):
                wait = until
        return wait

    def drain(self):
        """The events since the last call, as plain data; none while they are off."""
        if self.node is None or not self.node.events:
            return ()
        events = []
        if self.events:
            now = self.time.now()
            for source, kind, fields in self.node.events:
                fields["source"] = source
                fields["kind"] = kind
                fields["time"] = now
                events.append(fields)
        self.node.events.clear()
        return events

    def serve(self, verb, arguments):
        """Do what a request asks; returns plain data or raises HanError."""
        method = getattr(self, "verb_" + verb, None)
        if method is None:
            raise BenchError("no verb %s: docs/console.md lists them" % verb)
        return method(arguments)

    # -- the verbs ------------------------------------------------------------------------------------------

    def verb_version(self, arguments):
        named = dict(self._named)
        named["protocol"] = PROTOCOL
        return named

    def verb_identity(self, arguments):
        node = self._node()
        return {
            "role": node.board,
            "identity": node.identity.hex(),
            "devices": [{"role": device.role, "endpoints": list(device.endpoints)} for device in node.devices],
        }

    def verb_state(self, arguments):
        """The state of the device `role`, or of all."""
        states = {}
        for device in self._node().devices:
            if arguments.get("role", device.role) == device.role:
                states[device.role] = device.state()
        if not states:
            raise BenchError("%s has no device %s" % (self.node.board, arguments["role"]))
        return states

    def verb_health(self, arguments):
        gc.collect()
        return {
            "heap_free": gc.mem_free(),
            "heap_used": gc.mem_alloc(),
            "largest_free": _largest_free(),
            "console": self._console_counts,
            "damaged": {device.role: device.stores.damaged() for device in self._node().devices},
        }

    def verb_poll(self, arguments):
        """Where the board stands: cheap, and asked often. With `in`, so many octets are on their way or have come."""
        self.work()
        self._hear(arguments.get("in", 0))
        port = self.port
        return {
            "time": self.time.now(),
            "deadline": None if self.node is None else self.node.deadline(),
            "in": port.octets_in,
            "out": port.octets_out,
            "busy": port.given != port.settled or not port.quiet(),
        }

    def verb_time(self, arguments):
        """`set`: it is that time now and time runs. `step`: time goes there and stands, and what was due is done."""
        if "set" in arguments:
            self.time.set(int(arguments["set"]))
            self.start()
        elif "step" in arguments:
            self._step(int(arguments["step"]))
        answer = self.verb_poll(arguments)
        answer["mode"] = self.time.mode
        return answer

    def verb_events(self, arguments):
        self.events = bool(arguments["on"])
        self._frames = bool(arguments.get("frames"))
        if not self.events and self.node is not None:
            self.node.events.clear()
        return {"on": self.events}

    def verb_do(self, arguments):
        """The bench's input `verb` with `arguments` for `role`, as in the plan of a run."""
        node = self._node()
        role = arguments.get("role", node.board)
        self._send(node.command(role, arguments["verb"], arguments.get("arguments", {}), self._now()))
        self._run_due(self._now())
        return {"deadline": node.deadline()}

    def verb_gbcs(self, arguments):
        """A GBCS message from the WAN: `octets` in hex, `role` the device it is handed to (the hub's chf)."""
        node = self._node()
        role = arguments.get("role", "chf" if node.board == "hub" else node.board)
        before = len(node.events)
        self._send(node.command(role, "gbcs", {"octets": arguments["octets"]}, self._now()))
        answers = []
        for _, kind, fields in node.events[before:]:
            if kind == "gbcs" and "source_side" not in fields:
                answers.append(fields["octets"])
        return {"answers": answers}

    def verb_radio(self, arguments):
        """The state of the radio; `permit_join` (seconds) opens the network, `expect` {EUI-64: install code} names joiners."""
        for identity, code in arguments.get("expect", {}).items():
            self.port.expect(bytes.fromhex(identity), bytes.fromhex(code))
        if "permit_join" in arguments:
            self.port.permit_join(int(arguments["permit_join"]))
        return self.port.state()

    def verb_settings(self, arguments):
        """With `settings`, write them for the next start. The answer never holds keys."""
        if "settings" in arguments:
            from han.node import settings as settings_file

            settings_file.save(arguments["settings"])
        known = self._settings
        if known is None:
            return {"role": None}
        return known

    def verb_stop(self, arguments):
        """Power off the devices in order and give the prompt back."""
        return self._end("stop")

    def verb_restart(self, arguments):
        """Power off the devices in order and reset the board."""
        return self._end("restart")

    # -- inside -----------------------------------------------------------------------------------------------

    def _node(self):
        if self.node is None:
            raise BenchError("the board has no role: flash it")
        return self.node

    def _now(self):
        now = self.time.now()
        if now is None:
            raise BenchError("the board has no time yet: send time first")
        return now

    def _send(self, messages):
        if not messages or not self.node.in_reach:
            return
        if self._frames:
            for message in messages:
                self.node.events.append((self.node.role_at(message.source_endpoint), "frame", _frame(message)))
        self.port.send(messages)

    def _step(self, utc):
        """Do what is due on the way, each at its own time."""
        node = self.node
        now = self.time.now()
        if now is not None and node is not None and node.powered:
            due = node.deadline()
            while due is not None and due < utc:
                now = max(now, due)
                self.time.step(now)
                self._run_due(now)
                due = node.deadline()
        self.time.step(utc)
        self.start()
        if node is not None:
            self._run_due(utc)

    def _run_due(self, now):
        node = self.node
        ticks = 0
        due = node.deadline()
        while due is not None and due <= now:
            self._send(node.tick(now))
            ticks += 1
            if ticks == _MOST_TICKS:
                raise BenchError("%s has been due at %d for %d ticks" % (node.board, due, ticks))
            due = node.deadline()
        asleep = node.powered and node.asleep()
        if asleep != self._asleep:
            self._asleep = asleep
            self.port.sleep(asleep)

    def _hear(self, octets):
        """Take what is on its way from the co-processor, until so many octets have come in all, or none for a while."""
        port = self.port
        milliseconds = self.time.milliseconds
        heard, since = port.octets_in, milliseconds()
        while heard < octets and milliseconds() - since < _SILENCE:
            self.work()
            if port.octets_in != heard:
                heard, since = port.octets_in, milliseconds()

    def _end(self, how):
        if self.node is not None and self.node.powered and self.time.now() is not None:
            self.node.power(False, self.time.now())
        self.done = how
        return {}


def _frame(message):
    """A message that is handed to the radio, as an event tells it."""
    return {
        "to": message.destination.hex(),
        "endpoints": [message.source_endpoint, message.destination_endpoint],
        "cluster": message.cluster,
        "secured": message.secured,
        "octets": message.payload.hex(),
    }


def _largest_free():
    """Octets of the largest block that can be had, to 256."""
    low, high = 0, gc.mem_free() // 256
    while low < high:
        middle = (low + high + 1) // 2
        try:
            bytearray(middle * 256)
            low = middle
        except MemoryError:
            high = middle - 1
        gc.collect()
    return low * 256


def utc_of_ports_clock(seconds, epoch_year):
    """`utc` of a port's clock, whose epoch is 1970 or 2000; None while it was never set."""
    utc = seconds if epoch_year == 2000 else clock.from_unix(seconds)
    return utc if utc > clock.moment(2020, 1, 1) else None
