# SPDX-License-Identifier: Apache-2.0
"""Where the hub sends a GBCS message: to itself or the GPF, through a tunnel, into the queue of the sleeping meter, or to
the WAN [GBCS 10.2, 10.3; REQ-CHF-11]."""

from han.clock import DAY
from han.devices.carrier import Carrier
from han.devices.tunnel import ANSWER, ASK, DELIVER, TRY_AGAIN, TunnelClient, TunnelServer
from han.errors import CodecError
from han.gbcs import envelope

WAITS = DAY  # how long a message waits for the sleeping meter [GBCS 10.2, one implementation]

NOT_COLLECTED = 0x819D
NOT_DELIVERED = 0x8F84

_LOOK = 3600  # seconds between two looks for messages that nobody collected


class Router:
    """The GBCS messages of one hub. `hub` is the CHF; see its `configuration` for `tunnels` and `gsme`."""

    def __init__(self, hub, configuration):
        self._hub = hub
        self._gsme = configuration.get("gsme")
        self._endpoints = configuration.get("tunnels", {})
        self._local = {}  # entity identifier -> device behind the same radio
        self._waiting = {}  # EUI-64 -> messages until its tunnel is open
        self._queue = []  # [piece, until when, whether it ends a message] for the meter
        self._asked = False  # the meter is being answered
        self._tap = None
        self._carriers = {}
        self.tunnels = TunnelClient(hub, hub.endpoint, self._from_tunnel, self._open_all)
        self.meter_tunnel = TunnelServer(hub, hub.endpoint, self._from_meter, self._may_open)

    def serve(self, entity, device):
        """Messages for `entity` go to `device.gbcs(octets, time)`. The device with the hub's radio address, the GPF, is
        told of waiting messages and gets copies of what it has to tap off [GBCS 10.3]."""
        self._local[entity] = device
        if entity == self._hub.identity:
            self._tap = device

    def start(self, time):
        """Power is on: the tunnels are opened, what waited before is gone with the power."""
        self._waiting.clear()
        self._queue.clear()
        self._asked = False
        if self._endpoints:
            self._hub.at(time + 3, self._open_all)
        self._hub.at(time + _LOOK, self._drop_uncollected)

    def take(self, octets, time):
        """A message for somebody on the HAN or for the WAN."""
        hub = self._hub
        try:
            message = envelope.decode(octets)
        except CodecError as error:
            hub.report("gbcs_refused", {"reason": "format", "detail": str(error)})
            return
        recipient = message.recipient
        if recipient in self._local:
            for answer in self._local[recipient].gbcs(octets, time):
                self.take(answer, time)
        elif recipient == self._gsme:
            self._tap.tap(octets, message, time)
            for piece in self._carrier(recipient).outgoing(octets):
                self._queue.append([piece, time + WAITS])
            self._tap.copier.tunnel_pending = True
        elif recipient in self._endpoints:
            self._send(recipient, octets, time)
        else:
            hub.report("gbcs", {"octets": octets.hex()})

    # -- devices to which the hub opens tunnels ------------------------------------------------------------

    def _open_all(self, time):
        for peer in self._endpoints:
            if self.tunnels.to(peer) is None and self._hub.log.find(peer) is not None:
                self._open(peer, time)

    def device_joined(self, time):
        """A device is on the HAN again: its tunnel is opened where it has none."""
        self._open_all(time)

    def _open(self, peer, time):
        def opened(tunnel, now):
            if tunnel is None:
                self._hub.at(now + TRY_AGAIN, self._open_all)
                self._undelivered(peer, now)
                return
            for octets in self._waiting.pop(peer, ()):
                self._send(peer, octets, now)

        self.tunnels.open(peer, self._endpoints[peer], time, opened)

    def _send(self, peer, octets, time):
        if self._hub.log.find(peer) is None:  # REQ-CHF-3
            self._hub.event(NOT_DELIVERED)
            return
        if self.tunnels.to(peer) is None:
            first = peer not in self._waiting
            self._waiting.setdefault(peer, []).append(octets)
            if first:
                self._open(peer, time)
            return
        self._next_piece(peer, list(self._carrier(peer).outgoing(octets)), time)

    def _next_piece(self, peer, pieces, time):
        tunnel = self.tunnels.to(peer)
        if not pieces:
            return

        def taken(good, now):
            if good:
                self._next_piece(peer, pieces[1:], now)
            else:
                self._hub.event(NOT_DELIVERED)

        if tunnel is None:
            self._hub.event(NOT_DELIVERED)
        else:
            tunnel.transfer(pieces[0], time, taken)

    def _undelivered(self, peer, time):
        for _ in self._waiting.pop(peer, ()):
            self._hub.event(NOT_DELIVERED)

    def _from_tunnel(self, peer, data, time):
        back = self._carrier(peer).incoming(data, time)
        if back:
            self._next_piece(peer, list(back), time)

    # -- the sleeping meter ---------------------------------------------------------------------------------

    def _may_open(self, peer):
        return peer == self._gsme

    def _from_meter(self, peer, data, time):
        kind = data[:1]
        if kind == ASK:
            self._answer(time)
        elif kind == DELIVER:
            for piece in self._carrier(peer).incoming(data[1:], time):
                self._queue.insert(0, [piece, time + WAITS])
                self._tap.copier.tunnel_pending = True

    def _answer(self, time):
        """`02`, how many wait after this one, and the message: it leaves the queue when the meter has it."""
        tunnel = self.meter_tunnel.to(self._gsme)
        if tunnel is None or self._asked:
            return
        entry = self._queue[0] if self._queue else None
        data = ANSWER + b"\x00"
        if entry is not None:
            data = ANSWER + bytes((min(len(self._queue) - 1, 0xFF),)) + entry[0]
        self._asked = True

        def taken(good, now):
            self._asked = False
            if good and entry in self._queue:
                self._queue.remove(entry)
            self._tap.copier.tunnel_pending = bool(self._queue)

        tunnel.transfer(data, time, taken)

    def _drop_uncollected(self, time):
        self._hub.at(time + _LOOK, self._drop_uncollected)
        for entry in [entry for entry in self._queue if entry[1] <= time]:
            self._queue.remove(entry)
            self._hub.event(NOT_COLLECTED)
        if self._tap is not None:
            self._tap.copier.tunnel_pending = bool(self._queue)

    def image_waits(self, waits):
        """Whether there is a firmware image for the sleeping meter, which is told when it wakes."""
        self._tap.copier.image_pending = waits

    # -- whole messages -----------------------------------------------------------------------------------

    def _carrier(self, peer):
        found = self._carriers.get(peer)
        if found is None:

            def received(octets, time):
                self._received(peer, octets, time)

            found = self._carriers[peer] = Carrier(received)
        return found

    def _received(self, peer, octets, time):
        """A device on the HAN has sent a message: it goes to another one there, or to the WAN."""
        if peer == self._gsme:
            self._tap.tap_answer(octets, time)
        self.take(octets, time)
