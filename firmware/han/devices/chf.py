# SPDX-License-Identifier: Apache-2.0
"""Communications Hub Function: time server of the HAN, keeper of the device log, way to and from the WAN."""

from han.clock import INVALID, RELIABLE, status_number
from han.devices.device import Device
from han.errors import BenchError
from han.gbcs import envelope

TIME = 0x000A
BASIC = 0x0000

# Bits of the Time cluster's status attribute [ZSE 7].
MASTER = 0x01
SYNCHRONISED = 0x02
SUPERSEDING = 0x08


class CommunicationsHub(Device):
    """`configuration`: `chf_identity` (entity identifier in GBCS), `endpoint`, `device_log` (EUI-64 of the devices admitted).

    The node connects it to the WAN by the bench's command `gbcs` and to the devices behind the same radio by `serve`.
    """

    role = "chf"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.entity = configuration["chf_identity"]
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        self.device_log = list(configuration["device_log"])
        self._local = {}  # entity identifier -> device behind the same radio
        time_server = self.attributes(self.endpoint, TIME)
        time_server.reader("time", self.utc)
        time_server.reader("time_status", self._time_status)

    def serve(self, entity, device):
        """GBCS messages for `entity` go to `device.gbcs(octets, time)`, which returns the answers."""
        self._local[entity] = device

    def on_start(self, time):
        self.clock.set(time, time, status_number(self.configuration.get("clock", "reliable")))
        self.report_clock("start")

    def receive(self, message, time):
        if message.source not in self.device_log:  # REQ-CHF-3
            return []
        return super().receive(message, time)

    def bench_gbcs(self, arguments, time):
        """A GBCS message arrives from the WAN."""
        octets = bytes.fromhex(arguments["octets"])
        self.report("gbcs", {"destination": self.role, "source_side": "wan", "octets": arguments["octets"]})
        try:
            recipient = envelope.decode(octets).recipient
        except envelope.GbcsError as error:
            self.report("gbcs_refused", {"reason": "format", "detail": str(error)})
            return
        device = self._local.get(recipient)
        if device is None:
            raise BenchError("the hub has no way to the entity %s" % recipient.hex())
        for answer in device.gbcs(octets, time):
            self.report("gbcs", {"octets": answer.hex()})

    def bench_clock(self, arguments, time):
        self.change_clock(arguments, time)

    def state(self):
        return {"device_log": [identity.hex() for identity in self.device_log], "clock": self.clock.status}

    def _time_status(self):
        if self.clock.status == INVALID:
            return MASTER
        return MASTER | SUPERSEDING | (SYNCHRONISED if self.clock.status == RELIABLE else 0)
