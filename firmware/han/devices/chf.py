# SPDX-License-Identifier: Apache-2.0
"""Communications Hub Function: time server of the HAN, keeper of the device log, way to and from the WAN."""

from han.clock import INVALID, RELIABLE, status_number
from han.devices import events
from han.devices.device import Device
from han.devices.router import Router

TIME = 0x000A
BASIC = 0x0000

# Bits of the Time cluster's status attribute [ZSE 7].
MASTER = 0x01
SYNCHRONISED = 0x02
SUPERSEDING = 0x08


class CommunicationsHub(Device):
    """`configuration`: `chf_identity` (entity identifier in GBCS), `endpoint`, `device_log` (EUI-64 of the devices admitted),
    `tunnels` {EUI-64: endpoint} (devices to which it opens tunnels) and `gsme` (EUI-64 of the sleeping meter).

    The node connects it to the WAN by the bench's command `gbcs` and to the devices behind the same radio by `serve`.
    """

    role = "chf"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.entity = configuration["chf_identity"]
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        self.device_log = list(configuration["device_log"])
        self.event_logs = events.EventLogs(stores)
        self.router = Router(self, configuration)
        time_server = self.attributes(self.endpoint, TIME)
        time_server.reader("time", self.utc)
        time_server.reader("time_status", self._time_status)

    def serve(self, entity, device):
        """GBCS messages for `entity` go to `device.gbcs(octets, time)`, which returns the answers."""
        self.router.serve(entity, device)

    def on_start(self, time):
        self.clock.set(time, time, status_number(self.configuration.get("clock", "reliable")))
        self.report_clock("start")
        self.router.start(time)

    def receive(self, message, time):
        if message.source not in self.device_log:  # REQ-CHF-3
            return []
        return super().receive(message, time)

    def bench_gbcs(self, arguments, time):
        """A GBCS message arrives from the WAN."""
        octets = bytes.fromhex(arguments["octets"])
        self.report("gbcs", {"destination": self.role, "source_side": "wan", "octets": arguments["octets"]})
        self.router.take(octets, time)

    def event(self, code, data=b"", alert=True):
        """Log an event, and tell the WAN where the event asks for an alert."""
        self.event_logs.record(self.utc(), code, data)
        if alert:
            self.report("alert", {"code": "%04x" % code, "fields": {}})

    def bench_clock(self, arguments, time):
        self.change_clock(arguments, time)

    def state(self):
        return {"device_log": [identity.hex() for identity in self.device_log], "clock": self.clock.status}

    def _time_status(self):
        if self.clock.status == INVALID:
            return MASTER
        return MASTER | SUPERSEDING | (SYNCHRONISED if self.clock.status == RELIABLE else 0)
