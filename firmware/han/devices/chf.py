# SPDX-License-Identifier: Apache-2.0
"""Communications Hub Function: time server of the HAN, keeper of the device log, way to and from the WAN."""

from han.clock import INVALID, RELIABLE, status_number
from han.crypto import mmo
from han.devices import device_log, events
from han.devices.commissioning import Commissioned
from han.devices.device import Device
from han.devices.router import Router
from han.errors import CodecError, CryptoError
from han.gbcs import use_cases
from han.gbcs.server import GbcsServer
from han.later import Later

dlms_answer = Later("han.gbcs.dlms_answer")
firmware_image = Later("han.devices.firmware_image")
ota = Later("han.devices.ota")
admission = Later("han.devices.admission")

TIME = 0x000A
BASIC = 0x0000
OTA = 0x0019

KEEP_ALIVE = 0x0025
KEEP_ALIVE_MINUTES = 10  # [ZSE 7]
KEEP_ALIVE_JITTER = 300  # seconds

DEVICE_LOG_CHANGED = 0x8F12

# Bits of the Time cluster's status attribute [ZSE 7].
MASTER = 0x01
SYNCHRONISED = 0x02
SUPERSEDING = 0x08


class CommunicationsHub(Device, Commissioned):
    """`configuration`: `chf_identity` (entity identifier in GBCS), `endpoint`, `device_log` ((EUI-64, device
    type) of the devices that are on the HAN already), `keys` (a han.gbcs.keys.KeyStore),
    `tunnels` {EUI-64: endpoint} (devices to which it opens tunnels) and `gsme` (EUI-64 of the sleeping meter).

    The node connects it to the WAN by the bench's command `gbcs` and to the devices behind the same radio by `serve`.
    """

    role = "chf"
    server = None

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.entity = configuration["chf_identity"]
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        self.log = device_log.DeviceLog(stores.values, mmo.digest, self._log_changed, self.entity)
        self.extended_pan_id = stores.values.get("extended_pan_id", identity)
        self.last_communication = {}  # EUI-64 -> utc (REQ-CHF-6)
        self.link_quality = {}  # EUI-64 -> RSSI maximum, average, minimum, LQI maximum, average, minimum
        self._received = {}  # EUI-64 -> messages
        self._provision(configuration)
        self.event_logs = events.EventLogs(stores)
        self.router = Router(self, configuration)
        self.join_timeout = 0  # seconds, as the last CCS01 set it
        self.objects = Later("han.devices.chf_cosem", "HubObjects", self)
        self.server = GbcsServer(self, configuration["keys"], stores.values, self.entity)
        self.server.protocols[use_cases.DLMS] = dlms_answer
        self.commission(self, self.server)
        self.router.serve(self.entity, self)
        ended, at_once = self._image_transferred, self._starts_at_once
        self.images = Later("han.devices.ota", "ImageServer", self, self.endpoint, ended, at_once)
        self.attributes(self.endpoint, OTA)
        self.handle(OTA, "server", self._image_command)
        keep_alive = self.attributes(self.endpoint, KEEP_ALIVE)
        keep_alive.set("tc_keep_alive_base", KEEP_ALIVE_MINUTES)
        keep_alive.set("tc_keep_alive_jitter", KEEP_ALIVE_JITTER)
        time_server = self.attributes(self.endpoint, TIME)
        time_server.reader("time", self.utc)
        time_server.reader("time_status", self._time_status)

    def serve(self, entity, device):
        """GBCS messages for `entity` go to `device.gbcs(octets, time)`, which returns the answers. The device shares the hub's
        radio and asks `hears(message, time)` of every message from it."""
        device.hears = self.hears
        self.router.serve(entity, device)

    def on_start(self, time):
        self.clock.set(time, time, status_number(self.configuration.get("clock", "reliable")))
        self.report_clock("start")
        self.router.start(time)
        self.plan_instructions()

    def _provision(self, configuration):
        """The devices that the bench put on the HAN before the run: they have their link keys already."""
        for entity, device_type in configuration["device_log"]:
            if self.log.find(entity) is None:
                self.log.add(entity, device_type, bytes(16), 0, 0)
                self.log.established(entity, self.given_link_key(entity))

    def receive(self, message, time):
        return super().receive(message, time) if self.hears(message, time) else []

    def hears(self, message, time):
        """Whether the sender of a message may be on the HAN (REQ-CHF-3); it has communicated, if so (REQ-CHF-6)."""
        if self.log.find(message.source) is None:
            return False
        self.last_communication[message.source] = self.clock.utc(time)
        self._received[message.source] = self._received.get(message.source, 0) + 1
        return True

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
        self.plan_instructions()

    # -- device log ------------------------------------------------------------------------------------------

    def key_of(self, install_code):
        """The link key that a device with this install code joins with."""
        return mmo.install_code_key(install_code)

    def joining_opens(self, seconds):
        """The HAN is open for so long: the radio is told."""
        self.report("joining", {"seconds": seconds})

    def given_link_key(self, entity):
        """The link key that a device and the hub have: key establishment is not modelled, so it is always the same one."""
        return mmo.digest(entity + self.identity)

    def bench_join(self, arguments, time):
        """A device asks to join the HAN (han.devices.admission)."""
        admission.ask(self, arguments)

    def remove(self, entity):
        """CCS02: the device leaves the log and may not communicate any more. Returns whether it was there."""
        return self.log.remove(entity)

    def restore(self, extended_pan_id, entries):
        """CCS03: the log of a hub that this one replaces (REQ-CHF-8)."""
        self.extended_pan_id = extended_pan_id
        self.stores.values.set("extended_pan_id", extended_pan_id)
        self.log.restore(entries)
        self.report("network", {"extended_pan_id": extended_pan_id.hex()})

    def counters_of(self, entity):
        """Hops, failures, successes, application version, stack version, as published answers have them (S)."""
        return 1, 0, min(self._received.get(entity, 0), 0xFF), 1, 1

    def _log_changed(self):
        """Every addition, removal and change of a hash is told with a full copy of the log (REQ-CHF-4)."""
        if self.server is None:
            return
        self.event(DEVICE_LOG_CHANGED)
        broker = self.server.keys.holder(use_cases.ACCESS_CONTROL_BROKER)
        if broker is None:
            return
        body = self.objects.alert_of_change(DEVICE_LOG_CHANGED)
        octets = self.server.alert("CS14", broker, lambda message: dlms_answer.notification(message, body))
        self.report("gbcs", {"octets": octets.hex()})

    # -- firmware of other devices ------------------------------------------------------------------------

    def bench_image(self, arguments, time):
        """An OTA file comes from the WAN for a device: `device` (EUI-64 in hex), `octets` (hex)."""
        octets = bytes.fromhex(arguments["octets"])
        peer = bytes.fromhex(arguments["device"])
        try:
            header = firmware_image.Header(octets)
        except CodecError as error:
            self.report("firmware", {"device": arguments["device"], "status": str(error)})
            self.event(ota.TRANSFER_FAILED)
            return
        sleeps = peer == self.configuration["gsme"]
        self.images.offer(peer, None if sleeps else 1, header, octets)
        if sleeps:
            self.router.image_waits(True)

    def _image_command(self, name, fields, message, time):
        return self.images.command(name, fields, message, time)

    def _starts_at_once(self, peer):
        """Only meters have CS06; a prepayment interface starts what it has got (I)."""
        entry = self.log.find(peer)
        return entry is not None and entry[1] == device_log.TYPE_PPMID

    def _image_transferred(self, peer, header, result):
        """The events of a transfer's end, and the alert CCS08 (REQ-CHF-13)."""
        self.report("firmware", {"device": peer.hex(), "version": header.file_version, "result": result})
        if peer == self.configuration["gsme"]:
            self.router.image_waits(False)
        code = ota.TRANSFERRED if result == ota.OK else ota.TRANSFER_FAILED
        self.event(code)
        broker = self.server.keys.holder(use_cases.ACCESS_CONTROL_BROKER)
        utc = self.utc()
        if broker is None or utc is None:
            return
        from han.gbcs import asn1_alerts

        try:
            octets = asn1_alerts.firmware_transfer(self.server, broker, code, utc, peer, header.file_version, result)
            self.report("gbcs", {"octets": octets.hex()})
        except CryptoError as error:
            self.report("alert_not_sent", {"reason": str(error)})

    # -- GBCS for the hub itself ----------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the hub; returns the answers."""
        self.now = time
        answer = self.server.answer(octets, time)
        self.plan_instructions()
        return () if answer is None else (answer,)

    def tell_wan(self, message):
        """Send what `message()` makes."""
        self.report("gbcs", {"octets": message().hex()})

    def cosem_get(self, class_id, obis, number, selection, request):
        return self.objects.get(class_id, obis, number, selection)

    def cosem_set(self, class_id, obis, number, datum, request):
        return self.objects.set(class_id, obis, number, datum)

    def cosem_action(self, class_id, obis, number, datum, request):
        return self.objects.action(class_id, obis, number, datum)

    def gbcs_utc(self, time):
        return self.clock.utc(time)

    def state(self):
        return {"device_log": [entry[0].hex() for entry in self.log.entries], "clock": self.clock.status}

    def _time_status(self):
        if self.clock.status == INVALID:
            return MASTER
        return MASTER | SUPERSEDING | (SYNCHRONISED if self.clock.status == RELIABLE else 0)
