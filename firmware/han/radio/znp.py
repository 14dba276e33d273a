# SPDX-License-Identifier: Apache-2.0
"""Driver of a Z-Stack co-processor (CC2652 and its kin). Sans-IO: octets and time in, octets and messages out.

`time` is milliseconds on any clock that only goes forward. After any call: write what `outgoing()` gives to the UART,
take `received()` and `events()`, and call `tick` when `deadline()` comes.
"""

import struct

from han.errors import RadioError
from han.message import BROADCAST, Message
from han.radio import znp_commands as znp
from han.radio import znp_start
from han.radio.znp_data import incoming, incoming_extended, retrieve, transmit
from han.radio.znp_link import Link, frame
from han.radio.znp_tasks import Tasks

CONFIRM_TIMEOUT = 10000
SLEEPY_CONFIRM_TIMEOUT = 30000
_LOOK_UP_TIMEOUT = 6000
_LOOK_UP_TRIES = 3
_BUSY_TRIES = 4
_BUSY_DELAY = 250
_RECOVER_DELAY = 15000
_LOST_REQUESTS = 3  # time-outs in a row after which the co-processor is taken to hang
_LONGEST_QUEUE = 24
_CutError = getattr(struct, "error", ValueError)  # MicroPython has no error of its own for it
_RECEIVER_ON = 0x08  # of the capabilities a device announces


def _never():
    return None


class Znp:
    """A radio. `identity` and `short` are its addresses once it has `started`, that is, is on a network."""

    def __init__(self):
        self.identity = None
        self.short = None
        self.pan_id = None
        self.parent = None
        self.started = False
        self.state = None
        self.commissioning = None
        self.resets = 0
        self.expect_reset = False
        self.unreadable = 0  # frames from the co-processor that are cut
        self._settings = None
        self._link = Link(self._frame)
        self._tasks = Tasks(self.write)
        self._outgoing = bytearray()
        self._received = []
        self._events = []
        self._shorts = {}  # EUI-64 -> short address
        self._identities = {}  # the other way round
        self._sleepy = set()
        self._with_key = set()  # EUI-64 whose link key the co-processor has
        self._seeking = set()
        self._held = {}  # short address -> messages that wait for its EUI-64
        self._confirms = {}  # sequence -> status, None until it comes
        self._queued = []  # messages not yet confirmed, in the order they were given
        self._sequence = 0
        self.store_first = True  # order of a long message; see znp_data
        self._time = 0

    # -- the node's side ------------------------------------------------------------------------------------

    def start(self, settings, time):
        """Bring the co-processor on a network; `started` and `not_started` events tell how it went."""
        self._settings = settings
        self._begin(time)

    def send(self, message, time):
        """Send a Message; the event `sent` or `failed` (message, status) follows."""
        if not self.started:
            self._events.append(("failed", message, znp.FAILURE))
        elif len(self._queued) >= _LONGEST_QUEUE:
            self._events.append(("failed", message, znp.BUFFERS_FULL))
        else:
            self._queued.append(message)
            self._tasks.run(self._send(message), time)

    def permit_join(self, seconds, time):
        """Open the network for joiners; 0 closes it, 254 is the longest."""
        self._tasks.run(self._permit(min(seconds, 254)), time)

    def expect(self, identity, code, time):
        """Coordinator: let a device with this install code (18 octets, CRC included) join."""
        self._settings.joiners[identity] = code
        self._run(znp_start.expect(self, identity, code), time)

    def set_link_key(self, identity, key, time):
        """Use this link key with a device from now on."""
        self._settings.link_keys[identity] = key
        self._with_key.discard(identity)
        if identity in self._shorts:
            self._tasks.run(self._install_key(identity), time)

    def look_up(self, identity, time):
        """Find a device's short address before it is needed; its link key, if any, is used from then on."""
        self._tasks.run(self._find_short(identity), time)

    def set_poll(self, milliseconds, time):
        """End device: how often to ask the parent for messages; 0 sleeps until the next call."""
        self._settings.poll = milliseconds
        if self.started:
            self._run(znp_start.set_poll(self, milliseconds), time)

    def short_address(self, identity):
        """The short address of a device, None while it is not known."""
        return self._shorts.get(identity)

    def feed(self, octets, time):
        """Octets from the UART, in any pieces."""
        self._time = time
        self._link.feed(octets, time)
        self.tick(time)

    def tick(self, time):
        """Time has passed."""
        self._time = time
        self._tasks.tick(time)
        if self._tasks.timeouts >= _LOST_REQUESTS and self.started:
            self._events.append(("hung",))
            self._begin(time)

    def outgoing(self):
        """Octets to write to the UART; they are handed out once."""
        octets = self._outgoing
        self._outgoing = bytearray()
        return octets

    def received(self):
        """Messages that came since the last call."""
        messages = self._received
        self._received = []
        return messages

    def events(self):
        """What happened since the last call: tuples of a name and its fields.

        `started`; `not_started` text; `reset` reason; `hung`; `joined` and `announced` identity, short; `left`
        identity; `lost_parent`; `recovered`; `permit_join` seconds left; `sent` message; `failed` message, status
        (None: no answer); `refused` text.
        """
        events = self._events
        self._events = []
        return events

    def deadline(self):
        """Time of the next `tick`, None for never."""
        return self._tasks.deadline()

    @property
    def busy(self):
        """Whether a request to the co-processor is outstanding or waits for its turn."""
        return self._tasks.busy

    @property
    def damaged(self):
        """Octets from the co-processor that belonged to no frame."""
        return self._link.dropped

    # -- for the tasks ---------------------------------------------------------------------------------------

    def write(self, octets):
        """Queue octets for the UART."""
        self._outgoing += octets

    def write_frame(self, command, data):
        """Queue a frame that has no answer."""
        self._outgoing += frame(command, data)

    # -- start and stop ---------------------------------------------------------------------------------------

    def _begin(self, time):
        self.started = False
        queued = self._queued
        self._queued = []
        self._tasks.clear()
        for message in queued:
            self._events.append(("failed", message, None))
        self._link.reset()
        self._with_key.clear()
        self._seeking.clear()
        self._held.clear()
        self._confirms.clear()
        self._tasks.run(self._start(), time)

    def _start(self):
        while True:
            try:
                yield from znp_start.start_up(self, self._settings)
                break
            except RadioError as error:
                self._events.append(("not_started", str(error)))
            yield _never, self._settings.retry
        self._settings.fresh = False  # a restart takes the network up again
        self._learn(self.identity, self.short)
        for identity, short in list(self._shorts.items()):
            self._learn(identity, short)  # the co-processor wants their keys again
        self.started = True
        self._events.append(("started",))

    def _run(self, task, time):
        self._tasks.run(self._reporting(task), time)

    def _reporting(self, task):
        try:
            yield from task
        except RadioError as error:
            self._events.append(("refused", str(error)))

    def _permit(self, seconds):
        data = struct.pack("<BHBB", znp.ADDRESS_SHORT, self.short or 0, seconds, 1)
        yield from self._reporting(znp_start.ask(self, znp.ZDO_MGMT_PERMIT_JOIN, data, "join window"))

    def _recover(self):
        while self.state == znp.STATE_LOST_PARENT:
            yield znp.CNF_RECOVER, b""
            yield (lambda: None if self.state == znp.STATE_LOST_PARENT else True), _RECOVER_DELAY

    # -- addresses ---------------------------------------------------------------------------------------------

    def _learn(self, identity, short):
        former = self._shorts.get(identity)
        if former is not None and self._identities.get(former) == identity:
            del self._identities[former]
        self._shorts[identity] = short
        self._identities[short] = identity
        if identity in self._settings.link_keys and identity not in self._with_key and identity != self.identity:
            self._tasks.run(self._install_key(identity), self._time)
        for message in self._held.pop(short, ()):
            message.source = identity
            self._received.append(message)

    def _install_key(self, identity):
        self._with_key.add(identity)
        key = self._settings.link_keys[identity]
        data = struct.pack("<H", self._shorts[identity]) + bytes(reversed(identity)) + key
        yield from self._reporting(znp_start.ask(self, znp.ZDO_SEC_ADD_LINK_KEY, data, "link key"))

    def _find_short(self, identity):
        """The short address of a device: remembered, or asked for on the air."""
        if identity not in self._shorts and identity not in self._seeking:
            # A task of its own: all who wait for the address wait in the order they came.
            self._tasks.run(self._seek(identity), self._time)
        return (yield (lambda: self._shorts.get(identity)), _LOOK_UP_TIMEOUT)

    def _seek(self, identity):
        self._seeking.add(identity)
        for _ in range(_LOOK_UP_TRIES):
            yield znp.ZDO_NWK_ADDR_REQ, bytes(reversed(identity)) + b"\x00\x00"
            if (yield (lambda: self._shorts.get(identity)), _LOOK_UP_TIMEOUT // _LOOK_UP_TRIES) is not None:
                break
        self._seeking.discard(identity)

    def _find_identity(self, short):
        for _ in range(_LOOK_UP_TRIES):
            yield znp.ZDO_IEEE_ADDR_REQ, struct.pack("<HBB", short, 0, 0)
            if (yield (lambda: self._identities.get(short)), _LOOK_UP_TIMEOUT // _LOOK_UP_TRIES) is not None:
                return
        lost = len(self._held.pop(short, ()))
        self._events.append(("refused", "%d messages of 0x%04X: it does not tell its EUI-64" % (lost, short)))

    # -- messages ----------------------------------------------------------------------------------------------

    def _send(self, message):
        status = None
        try:
            if message.destination == BROADCAST:
                short = znp.TO_ALL_AWAKE
            else:
                short = yield from self._find_short(message.destination)
            if short is None:
                status = znp.UNKNOWN_DEVICE
                return
            sequence = self._sequence = (self._sequence + 1) & 0xFF
            self._confirms[sequence] = None
            for _ in range(_BUSY_TRIES):
                status = yield from transmit(self, message, short, sequence)
                if status != znp.BUFFERS_FULL and status != znp.NO_RESOURCES:
                    break
                yield _never, _BUSY_DELAY
            if status == znp.SUCCESS:
                limit = SLEEPY_CONFIRM_TIMEOUT if message.destination in self._sleepy else CONFIRM_TIMEOUT
                status = yield (lambda: self._confirms.get(sequence)), limit
            self._confirms.pop(sequence, None)
            if status == znp.UNKNOWN_DEVICE or status == znp.NO_ROUTE:
                self._shorts.pop(message.destination, None)
        finally:
            if message in self._queued:  # not where the whole driver starts again
                self._queued.remove(message)
                self._events.append(("sent", message) if status == znp.SUCCESS else ("failed", message, status))

    def _take(self, parts):
        """A message from the air: to `received()` as soon as its sender's EUI-64 is known."""
        source, source_endpoint, destination_endpoint, cluster, broadcast, secured, payload = parts
        identity = self._identities.get(source)
        destination = BROADCAST if broadcast else self.identity
        message = Message(identity, destination, source_endpoint, destination_endpoint, cluster, payload, secured)
        if identity is not None:
            self._received.append(message)
        elif source in self._held:
            self._held[source].append(message)
        else:
            self._held[source] = [message]
            self._tasks.run(self._find_identity(source), self._time)

    def _frame(self, command, data):
        """A frame from the co-processor."""
        if command & 0xE000 == 0x6000:
            if command == znp.REFUSAL:
                self._tasks.refusal(data, self._time)
            else:
                self._tasks.answered(command, data, self._time)
        else:
            try:
                self._indication(command, data)
            except (_CutError, ValueError, IndexError):
                self.unreadable += 1
        self._tasks.look(self._time)

    def _indication(self, command, data):
        if command == znp.AF_INCOMING:
            self._take(incoming(data))
        elif command == znp.AF_INCOMING_EXT:
            parts, stamp, length = incoming_extended(data)
            if parts[-1] is None:
                self._tasks.run(self._retrieve(parts, stamp, length), self._time)
            else:
                self._take(parts)
        elif command == znp.AF_DATA_CONFIRM:
            if data[2] in self._confirms:
                self._confirms[data[2]] = data[0]
        elif command == znp.ZDO_STATE_CHANGE:
            self._state_changed(data[0])
        elif command == znp.CNF_COMMISSIONING:
            if data[0] != znp.COMMISSIONING_IN_PROGRESS:
                self.commissioning = data[0]
        elif command == znp.SYS_RESET_IND:
            self._was_reset(data[0])
        elif command == znp.ZDO_TRUST_CENTRE_DEVICE:
            short, address = struct.unpack_from("<H8s", data)
            self._learn_and_tell("joined", bytes(reversed(address)), short)
        elif command == znp.ZDO_ANNOUNCE:
            _, short, address, capabilities = struct.unpack_from("<HH8sB", data)
            identity = bytes(reversed(address))
            if capabilities & _RECEIVER_ON:
                self._sleepy.discard(identity)
            else:
                self._sleepy.add(identity)
            self._learn_and_tell("announced", identity, short)
        elif command == znp.ZDO_NWK_ADDR_RSP or command == znp.ZDO_IEEE_ADDR_RSP:
            status, address, short = struct.unpack_from("<B8sH", data)
            if status == znp.SUCCESS:
                self._learn(bytes(reversed(address)), short)
        elif command == znp.ZDO_LEAVE:
            self._left(bytes(reversed(bytes(data[2:10]))))
        elif command == znp.ZDO_PERMIT_JOIN_IND:
            self._events.append(("permit_join", data[0]))

    def _learn_and_tell(self, name, identity, short):
        self._learn(identity, short)
        self._events.append((name, identity, short))

    def _retrieve(self, parts, stamp, length):
        payload = yield from retrieve(self, stamp, length)
        if payload is None:
            self._events.append(("refused", "a message of %d octets could not be retrieved" % length))
        else:
            self._take(parts[:-1] + (payload,))

    def _state_changed(self, state):
        lost = self.state == znp.STATE_LOST_PARENT
        self.state = state
        if not self.started:
            return
        if state == znp.STATE_LOST_PARENT and not lost:
            self._events.append(("lost_parent",))
            self._tasks.run(self._recover(), self._time)
        elif lost and state in (znp.STATE_END_DEVICE, znp.STATE_ROUTER):
            self._events.append(("recovered",))

    def _left(self, identity):
        self._events.append(("left", identity))
        short = self._shorts.pop(identity, None)
        self._identities.pop(short, None)
        self._with_key.discard(identity)
        if identity == self.identity:
            self.started = False

    def _was_reset(self, reason):
        self.resets += 1
        if self.expect_reset:
            self.expect_reset = False
        elif self._settings is not None and self.started:
            self._events.append(("reset", reason))
            self._begin(self._time)
