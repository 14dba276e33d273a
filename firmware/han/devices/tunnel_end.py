# SPDX-License-Identifier: Apache-2.0
"""The devices' ends of the tunnels to the hub: always listening on ESME and PPMID, asking on the sleeping GSME [GBCS 10.2]."""

from han.devices.carrier import Carrier
from han.devices.tunnel import ANSWER, ANSWER_WITHIN, ASK, ATTEMPTS, CLUSTER, DELIVER, TunnelClient, TunnelServer
from han.zcl import foundation
from han.zcl.frame import TO_CLIENT

_TUNNEL = "tunnel"  # identifier and the hub's endpoint, kept to tell the hub after a loss of power that it is gone


def _disregard(frame, time):
    """Whether the hub was told or not, it finds out with the next message."""


class ListeningEnd:
    """Takes GBCS messages through a tunnel that the hub opened, and sends answers and alerts back through it.

    The `device` answers a message by `gbcs(octets, time)`, which returns the answers. It calls `start` when its power is on.
    """

    def __init__(self, device, endpoint, hub):
        self._device = device
        self._endpoint = endpoint
        self._hub = hub
        self._server = TunnelServer(device, endpoint, self._from_tunnel, self._may_open, self._opened)
        self._carrier = Carrier(self._received)

    def start(self, time):
        """The tunnel of before went with the power: the hub is told, so that it opens another."""
        self._server.tunnels.clear()
        kept = self._device.stores.values.get(_TUNNEL)
        if kept is None:
            return
        identifier, hub_endpoint = kept
        fields = {"tunnel_id": identifier}
        sequence = self._device.next_sequence()
        payload = foundation.command(CLUSTER, "tunnel_closure_notification", TO_CLIENT, fields, sequence)
        self._device.ask(
            self._hub, self._endpoint, hub_endpoint, CLUSTER, payload, _disregard, time, ANSWER_WITHIN, ATTEMPTS
        )

    def send(self, octets, time, then=None):
        """A message of the device's own; False when there is no tunnel to send it through. `then(good, time)` is called
        when the hub has it, or it was given up."""
        return self._pieces(list(self._carrier.outgoing(octets)), time, then)

    def _may_open(self, peer):
        return peer == self._hub

    def _opened(self, tunnel):
        self._device.stores.values.set(_TUNNEL, [tunnel.identifier, tunnel.peer[1]])

    def _from_tunnel(self, peer, data, time):
        self._pieces(list(self._carrier.incoming(data, time)), time)

    def _received(self, octets, time):
        for answer in self._device.gbcs(octets, time):
            self.send(answer, time)

    def _pieces(self, pieces, time, then=None):
        tunnel = self._server.to(self._hub)
        if tunnel is None:
            return False
        if pieces:

            def taken(good, now):
                if good and len(pieces) > 1:
                    good = self._pieces(pieces[1:], now, then)
                    if good:
                        return
                if then is not None:
                    then(good, now)

            tunnel.transfer(pieces[0], time, taken)
        return True


class AskingEnd:
    """Collects the messages that wait at the hub, and delivers answers and alerts, while the device is awake."""

    def __init__(self, device, endpoint, hub, hub_endpoint):
        self._device = device
        self._hub = hub
        self._hub_endpoint = hub_endpoint
        self._client = TunnelClient(device, endpoint, self._from_tunnel)
        self._carrier = Carrier(self._received)
        self._outgoing = []  # pieces to deliver
        self._more = False  # the hub has more messages
        self._done = None

    def collect(self, done, time):
        """Ask for what waits, answer it, deliver what there is; `done(time)` is called when nothing is left to do."""
        self._done = done
        self._more = True
        self._go_on(time)

    def has_to_deliver(self):
        return bool(self._outgoing)

    def deliver(self, octets):
        """A message of the device's own goes out in this wake or the next one."""
        self._outgoing += self._carrier.outgoing(octets)

    def _go_on(self, time):
        tunnel = self._client.to(self._hub)
        if tunnel is None:
            self._client.open(self._hub, self._hub_endpoint, time, self._opened)
        elif self._outgoing:
            piece = self._outgoing[0]

            def taken(good, now):
                if good:
                    self._outgoing.remove(piece)
                    self._go_on(now)
                else:
                    self._finish(now)

            tunnel.transfer(DELIVER + piece, time, taken)
        elif self._more:
            self._more = False
            tunnel.transfer(ASK, time, self._asked)
        else:
            self._finish(time)

    def _opened(self, tunnel, time):
        if tunnel is None:
            self._finish(time)  # busy or out of reach: again at the next wake [GBCS 10.2]
        else:
            self._go_on(time)

    def _asked(self, good, time):
        if not good:
            self._finish(time)

    def _from_tunnel(self, peer, data, time):
        if data[:1] != ANSWER or len(data) < 2:
            return
        self._more = data[1] > 0
        if len(data) > 2:
            self._outgoing += self._carrier.incoming(data[2:], time)
        self._go_on(time)

    def _received(self, octets, time):
        for answer in self._device.gbcs(octets, time):
            self._outgoing += self._carrier.outgoing(answer)

    def _finish(self, time):
        done = self._done
        self._done = None
        if done is not None:
            done(time)
