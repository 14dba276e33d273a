# SPDX-License-Identifier: Apache-2.0
"""Tunnels for GBCS messages on the HAN [GBCS 10.2; ZSE 7]: who opens them, what goes through, what is asked for again."""

from han.devices import client
from han.zcl import clusters, foundation, status
from han.zcl.frame import TO_CLIENT, TO_SERVER

CLUSTER = 0x0704

PROTOCOL = 6  # GB-HRGP
MAXIMUM_SIZE = 1500

# Status of a RequestTunnelResponse [ZSE 7].
OPEN = 0
BUSY = 1
NO_MORE_IDS = 2
PROTOCOL_NOT_SUPPORTED = 3
FLOW_CONTROL_NOT_SUPPORTED = 4

NO_SUCH_TUNNEL = 0  # TransferDataStatus

# What a device that sleeps says and hears in front of a message [GBCS 10.2].
ASK = b"\x01"
ANSWER = b"\x02"
DELIVER = b"\x03"

TRY_AGAIN = 180  # seconds after "busy" [GBCS 10.2]
ANSWER_WITHIN = 4  # seconds until data are sent again
ATTEMPTS = 4  # times that data are sent until they count as not delivered
SEEN = 8  # sequence numbers remembered against duplicates


class Tunnel:
    """What both ends do. `received(data, time)` takes the data of each transfer, once."""

    def __init__(self, device, endpoint, direction, received):
        self.device = device
        self.endpoint = endpoint
        self.direction = direction
        self.received = received
        self.peer = None  # (EUI-64, endpoint)
        self.identifier = None
        self._seen = []
        refusal = clusters.table(CLUSTER).command_named("transfer_data_error", 1 - direction)
        self._refusals = (refusal.id,)

    def is_open(self):
        return self.identifier is not None

    def transfer(self, data, time, then=None):
        """Send data; `then(good, time)` is called when they were taken or given up."""
        peer, endpoint = self.peer
        fields = {"tunnel_id": self.identifier, "data": data}
        payload = foundation.command(CLUSTER, "transfer_data", self.direction, fields, self.device.next_sequence())

        def answered(frame, now):
            good = client.result(frame) == status.SUCCESS
            if not good and frame is not None:
                self.identifier = None  # the other end does not know the tunnel any more
            if then is not None:
                then(good, now)

        self.device.ask(
            peer, self.endpoint, endpoint, CLUSTER, payload, answered, time, ANSWER_WITHIN, ATTEMPTS, self._refusals
        )

    def take(self, fields, message, time):
        """TransferData of the other end: a status, or the error that answers it."""
        if (message.source, fields["tunnel_id"]) != (self.peer and self.peer[0], self.identifier):
            return "transfer_data_error", {"tunnel_id": fields["tunnel_id"], "transfer_data_status": NO_SUCH_TUNNEL}
        sequence = message.payload[1]
        if sequence not in self._seen:  # sent again because our answer was lost: answered again, used once
            self._seen.append(sequence)
            if len(self._seen) > SEEN:
                self._seen.pop(0)
            self.received(fields["data"], time)
        return status.SUCCESS


class TunnelServer:
    """The end that lets others open tunnels: one for each peer that may. `opened(tunnel)` is called for each."""

    def __init__(self, device, endpoint, received, may_open=None, opened=None):
        self._device = device
        self._endpoint = endpoint
        self._received = received
        self._may_open = may_open
        self._opened = opened
        self._next = 1
        self.tunnels = {}  # EUI-64 of the peer -> Tunnel
        device.attributes(endpoint, CLUSTER)
        device.handle(CLUSTER, "server", self._command)

    def to(self, peer):
        """The open tunnel of a peer, None when it has none."""
        return self.tunnels.get(peer)

    def _command(self, name, fields, message, time):
        if name == "request_tunnel":
            return "request_tunnel_response", self._open(fields, message)
        tunnel = self.tunnels.get(message.source)
        if name == "transfer_data":
            if tunnel is None:
                return "transfer_data_error", {"tunnel_id": fields["tunnel_id"], "transfer_data_status": NO_SUCH_TUNNEL}
            return tunnel.take(fields, message, time)
        if name == "close_tunnel":
            if tunnel is None or tunnel.identifier != fields["tunnel_id"]:
                return status.NOT_FOUND
            del self.tunnels[message.source]
            return status.SUCCESS
        return status.UNSUP_CLUSTER_COMMAND

    def _open(self, fields, message):
        answer = {"tunnel_id": None, "transfer_status": OPEN, "max_incoming_transfer_size": MAXIMUM_SIZE}
        if fields["protocol_id"] != PROTOCOL or fields["manufacturer_code"] is not None:
            answer["transfer_status"] = PROTOCOL_NOT_SUPPORTED
        elif fields["flow_control_supported"]:
            answer["transfer_status"] = FLOW_CONTROL_NOT_SUPPORTED
        elif self._may_open is not None and not self._may_open(message.source):
            answer["transfer_status"] = NO_MORE_IDS
        else:
            source = message.source

            def received(data, time):
                self._received(source, data, time)

            tunnel = Tunnel(self._device, self._endpoint, TO_CLIENT, received)
            tunnel.peer = (source, message.source_endpoint)
            tunnel.identifier = self._next
            self._next = self._next % 0xFFFE + 1
            self.tunnels[source] = tunnel
            answer["tunnel_id"] = tunnel.identifier
            if self._opened is not None:
                self._opened(tunnel)
        return answer


class TunnelClient:
    """The end that opens tunnels: one to each peer; opened again whenever it is found closed. `closed(time)` is called when
    a peer tells that one is."""

    def __init__(self, device, endpoint, received, closed=None):
        self._device = device
        self._endpoint = endpoint
        self._received = received
        self._closed = closed
        self.tunnels = {}
        device.attributes(endpoint, CLUSTER, "client")
        device.handle(CLUSTER, "client", self._command)

    def to(self, peer):
        """The tunnel of a peer when it is open, otherwise None."""
        tunnel = self.tunnels.get(peer)
        return tunnel if tunnel is not None and tunnel.is_open() else None

    def open(self, peer, endpoint, time, then=None):
        """Ask a peer for a tunnel; `then(tunnel or None, time)` tells. A busy peer is asked again later by the caller."""

        def received(data, now):
            self._received(peer, data, now)

        tunnel = Tunnel(self._device, self._endpoint, TO_SERVER, received)
        tunnel.peer = (peer, endpoint)
        self.tunnels[peer] = tunnel
        fields = {
            "protocol_id": PROTOCOL,
            "manufacturer_code": None,
            "flow_control_supported": False,
            "max_incoming_transfer_size": MAXIMUM_SIZE,
        }
        payload = foundation.command(CLUSTER, "request_tunnel", TO_SERVER, fields, self._device.next_sequence())

        def answered(frame, now):
            answer = client.command(CLUSTER, frame)[1]
            if answer.get("transfer_status") == OPEN:
                tunnel.identifier = answer["tunnel_id"]
            if then is not None:
                then(tunnel if tunnel.is_open() else None, now)

        self._device.ask(
            peer, self._endpoint, endpoint, CLUSTER, payload, answered, time, ANSWER_WITHIN, ATTEMPTS
        )

    def _command(self, name, fields, message, time):
        tunnel = self.tunnels.get(message.source)
        if name == "transfer_data":
            if tunnel is None:
                return "transfer_data_error", {"tunnel_id": fields["tunnel_id"], "transfer_data_status": NO_SUCH_TUNNEL}
            return tunnel.take(fields, message, time)
        if name == "tunnel_closure_notification":
            if tunnel is not None and tunnel.identifier == fields["tunnel_id"]:
                tunnel.identifier = None
                if self._closed is not None:
                    self._closed(time)
            return status.SUCCESS
        return status.UNSUP_CLUSTER_COMMAND
