# SPDX-License-Identifier: Apache-2.0
"""What every device is made of: endpoints with clusters, requests waiting for answers, timers, a clock."""

from han.clock import STATUS_NAMES, Clock, status_number, to_iso
from han.errors import BenchError
from han.message import Message
from han.zcl import foundation
from han.zcl.attributes import Attributes
from han.zcl.frame import GLOBAL, TO_CLIENT, TO_SERVER

REQUEST_TIMEOUT = 10  # seconds until a request counts as unanswered


class Device:
    """Base of all devices. Sans-IO: see docs/architecture.md for the contract with the node.

    `identity` is the EUI-64 of the radio, `configuration` the device's settings as plain data, `stores` where it keeps
    what must survive a loss of power (`values` and `log(name, record_size, capacity)`).
    """

    role = "device"
    asleep = False

    def __init__(self, identity, configuration, stores):
        self.identity = identity
        self.configuration = configuration
        self.stores = stores
        self.endpoints = {}
        self.clock = Clock()
        self._attributes = {}  # endpoint << 17 | cluster << 1 | client side -> Attributes
        self._handlers = {}  # cluster << 1 | client side -> function(name, fields, message, time)
        # (peer, cluster, sequence) -> [callback, deadline, direction, attempts left, message, timeout, answers]
        self._waiting = {}
        self._timers = []  # [node time, function]
        self._outgoing = []
        self._sequence = 0
        self._events = []
        self.now = 0  # node time of the call being served
        self._changed = True  # timers or waiting requests did, so the earliest must be found again
        self._earliest = None

    # -- what the node calls -------------------------------------------------------------------------------

    def attach(self, events):
        """`events` is the list to which the device's reports go."""
        self._events = events

    def start(self, time):
        """Power on; returns the messages to send."""
        self._waiting.clear()
        self._timers.clear()
        self._changed = True
        self.now = time
        self.on_start(time)
        return self._taken()

    def stop(self, time):
        """Power off: only what is in the stores stays."""
        self._waiting.clear()
        self._timers.clear()
        self._outgoing.clear()
        self.on_stop(time)

    def receive(self, message, time):
        """A message for one of this device's endpoints; returns the messages to send."""
        self.now = time
        self._take(message, time)
        return self._taken()

    def deadline(self):
        """Node time of the next timer, None when there is none."""
        if self._changed:
            self._changed = False
            earliest = None
            for timer in self._timers:
                if earliest is None or timer[0] < earliest:
                    earliest = timer[0]
            for waiting in self._waiting.values():
                if earliest is None or waiting[1] < earliest:
                    earliest = waiting[1]
            self._earliest = earliest
        return self._earliest

    def tick(self, time):
        """Run the timers that are due; returns the messages to send."""
        self.now = time
        timers = self._timers
        self._changed = True
        due = [timer for timer in timers if timer[0] <= time]
        for timer in due:
            if timer in timers:  # an earlier one may have taken it off
                timers.remove(timer)
                timer[1](time)
        if self._waiting:
            self._give_up(time)
        return self._taken()

    def _give_up(self, time):
        """Ask again, or tell those who asked, where an answer is overdue."""
        for key in list(self._waiting):
            waiting = self._waiting.get(key)
            if waiting is None or waiting[1] > time:
                continue
            if waiting[3]:
                waiting[3] -= 1
                waiting[1] = time + waiting[5]
                self._outgoing.append(waiting[4])
            else:
                del self._waiting[key]
                waiting[0](None, time)

    def command(self, verb, arguments, time):
        """An input of the bench: `verb` names a method `bench_<verb>`; raises BenchError for one it lacks."""
        method = getattr(self, "bench_" + verb, None)
        if method is None:
            raise BenchError("%s knows no command %s" % (self.role, verb))
        self.now = time
        method(arguments, time)
        return self._taken()

    def state(self):
        """What the device holds, as plain data."""
        return {}

    # -- what a device defines ---------------------------------------------------------------------------

    def on_start(self, time):
        """Power is on: set timers, send the first requests."""

    def on_stop(self, time):
        """Power is gone."""

    def event(self, code, data=b"", alert=True):
        """Something happened that belongs into an event log, of a device that has one; `alert`: the WAN is told."""

    # -- what a device uses -------------------------------------------------------------------------------

    def attributes(self, endpoint, cluster, side="server"):
        """The attributes of one side of a cluster on an endpoint, made on first use."""
        key = endpoint << 17 | cluster << 1 | (side == "client")
        found = self._attributes.get(key)
        if found is None:
            found = self._attributes[key] = Attributes(cluster, side)
        return found

    def clusters(self, endpoint, side):
        """The clusters an endpoint keeps attributes for on one side, in order."""
        client = side == "client"
        return sorted([key >> 1 & 0xFFFF for key in self._attributes if key >> 17 == endpoint and key & 1 == client])

    def handle(self, cluster, side, handler):
        """`handler(name, fields, message, time)` answers the cluster's commands that reach this side: a ZCL status, or
        (name, fields) of the command to answer with, or None for no answer."""
        self._handlers[cluster << 1 | (side == "client")] = handler

    def gbcs_event(self, code, data):
        """What became of a GBCS command, for the device's event log."""
        self.event(code, data, False)

    def report(self, kind, fields):
        """Tell the trace what happened."""
        self._events.append((self.role, kind, fields))

    def at(self, time, function):
        """Call `function(time)` at node time `time`, once; a second call for the same function moves it."""
        self.cancel(function)
        self._changed = True
        self._timers.append([time, function])

    def cancel(self, function):
        """Take a timer off."""
        self._changed = True
        timers = self._timers
        for index in range(len(timers)):
            if timers[index][1] == function:
                del timers[index]
                return

    def next_sequence(self):
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def ask(
        self,
        peer,
        source_endpoint,
        endpoint,
        cluster,
        payload,
        callback,
        time,
        timeout=REQUEST_TIMEOUT,
        attempts=1,
        answers=None,
    ):
        """Send a request; `callback(frame, time)` gets the answering Frame, or None when none came in time, however often
        the request was sent. `answers` are the commands of the cluster that may answer, None for any.

        The second octet of `payload` (no manufacturer code) is its sequence number.
        """
        self._changed = True
        message = Message(self.identity, peer, source_endpoint, endpoint, cluster, payload)
        self._waiting[(peer, cluster, payload[1])] = [
            callback,
            time + timeout,
            TO_CLIENT if payload[0] & 0x08 else TO_SERVER,
            attempts - 1 if peer is not None else 0,
            message,
            timeout,
            answers,
        ]
        if peer is not None:
            self._outgoing.append(message)

    def tell(self, peer, source_endpoint, endpoint, cluster, payload):
        """Send without waiting for an answer."""
        self._outgoing.append(Message(self.identity, peer, source_endpoint, endpoint, cluster, payload))

    def read(
        self,
        peer,
        source_endpoint,
        endpoint,
        cluster,
        identifiers,
        callback,
        time,
        timeout=REQUEST_TIMEOUT,
        attempts=1,
    ):
        """Read attributes of a server, `identifiers` a list or its octets; the callback gets the answering Frame or None."""
        payload = foundation.read(cluster, identifiers, self.next_sequence())
        self.ask(peer, source_endpoint, endpoint, cluster, payload, callback, time, timeout, attempts)

    def utc(self):
        """What this device's clock reads now, None while it is invalid."""
        return self.clock.utc(self.now)

    def change_clock(self, arguments, time):
        """The bench's `clock`: any of `status` and `step` (seconds, signed)."""
        status = status_number(arguments["status"]) if "status" in arguments else self.clock.status
        self.clock.offset += arguments.get("step", 0)
        self.clock.status = status
        self.report_clock("bench")

    def report_clock(self, cause):
        self.report(
            "clock", {"utc": to_iso(self.utc()), "status": STATUS_NAMES[self.clock.status], "cause": cause}
        )

    # -- inside -------------------------------------------------------------------------------------------

    def _taken(self):
        outgoing = self._outgoing
        if outgoing:
            self._outgoing = []
        return outgoing

    def _answers(self, waiting, frame):
        """Whether a frame with the right sequence number answers a request, and is not the peer's own."""
        if waiting[2] == frame.direction or not foundation.is_answer(frame):
            return False
        return waiting[6] is None or frame.frame_type == GLOBAL or frame.command in waiting[6]

    def _take(self, message, time):
        octets = message.payload
        if len(octets) > 2 and not octets[0] & 0x07 and not octets[2]:
            frame = None  # a read, which is nearly all that happens: it needs no look at the frame here
            to_client = octets[0] >> 3 & 1
        else:
            frame = foundation.parse(octets)
            to_client = 1 if frame is not None and frame.direction == TO_CLIENT else 0
        if frame is not None and frame.manufacturer is None:
            key = (message.source, message.cluster, frame.sequence)
            waiting = self._waiting.get(key)
            if waiting is not None and self._answers(waiting, frame):
                self._changed = True
                del self._waiting[key]
                waiting[0](frame, time)
                return
        side = message.cluster << 1 | to_client
        attributes = self._attributes.get(message.destination_endpoint << 17 | side)
        handler = self._handlers.get(side)
        answer = foundation.answer(attributes, message, handler, time)
        if answer is not None:
            self._outgoing.append(
                Message(
                    self.identity,
                    message.source,
                    message.destination_endpoint,
                    message.source_endpoint,
                    message.cluster,
                    answer,
                    message.secured,
                )
            )
