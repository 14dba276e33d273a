# SPDX-License-Identifier: Apache-2.0
"""Firmware over the air: the hub gives an image to a device, block by block [ZSE 7; GBCS 11; REQ-CHF-13]."""

from han.devices import client
from han.zcl import foundation, status
from han.zcl.frame import TO_CLIENT, TO_SERVER

CLUSTER = 0x0019

BLOCK = 48  # octets of image data that fit a secured frame
ATTEMPTS = 8  # a lost block costs the whole transfer
ANSWER_WITHIN = 5  # seconds
STALLED = 3600  # seconds without a request

_QUERY_HAS_HARDWARE = 1

TRANSFER_FAILED = 0x8F89  # events of the hub [REQ-CHF-13]
TRANSFERRED = 0x8F8A

# Results of the alert CCS08 [GBCS 7.3].
OK = 0
DISCARDED = 1
WRONG_HARDWARE = 2
FAILED = 3


class ImageServer:
    """The hub's side: one image a device. `done(peer, header, result)` is called when a transfer has ended, with one of the
    results above; a device that asks for nothing for an hour has failed. `at_once(peer)` says whether a device starts an
    image as soon as it has it: others wait for CS06.

    The device gives it the commands of the cluster.
    """

    def __init__(self, device, endpoint, done, at_once):
        self._device = device
        self._endpoint = endpoint
        self._done = done
        self._at_once = at_once
        self._images = {}  # EUI-64 -> (header, octets)
        self._asked = {}  # EUI-64 -> time of the last request

    def offer(self, peer, endpoint, header, octets):
        """Tell a device that there is an image for it; one without an endpoint sleeps and is told otherwise."""
        self._images[peer] = (header, octets)
        self._heard(peer)
        if endpoint is None:
            return
        fields = {
            "payload_type": 3,
            "query_jitter": 100,
            "manufacturer_id": header.manufacturer,
            "image_type": header.image_type,
            "new_file_version": header.file_version,
        }
        payload = foundation.command(CLUSTER, "image_notify", TO_CLIENT, fields, self._device.next_sequence())
        self._device.tell(peer, self._endpoint, endpoint, CLUSTER, payload)

    def command(self, name, fields, message, time):
        peer = message.source
        header, octets = self._images.get(peer, (None, b""))
        if header is not None:
            self._heard(peer)
        if name == "query_next_image_request":
            return self._next_image(peer, header, octets, fields)
        if name == "image_block_request":
            return self._block(header, octets, fields)
        if name == "upgrade_end_request":
            if header is not None:
                self._end(peer, OK if fields["status"] == status.SUCCESS else DISCARDED)
            return "upgrade_end_response", {
                "manufacturer_id": fields["manufacturer_id"],
                "image_type": fields["image_type"],
                "file_version": fields["file_version"],
                "current_time": self._device.utc(),
                # No time is to wait: activation is CS06 [GBCS 11].
                "upgrade_time": self._device.utc() if self._at_once(peer) else None,
            }
        return status.UNSUP_CLUSTER_COMMAND

    def _heard(self, peer):
        self._asked[peer] = self._device.now
        self._device.at(min(self._asked.values()) + STALLED, self._look)

    def _look(self, time):
        for peer in [peer for peer, asked in self._asked.items() if time - asked >= STALLED]:
            self._end(peer, FAILED)
        if self._asked:
            self._device.at(min(self._asked.values()) + STALLED, self._look)

    def _end(self, peer, result):
        header = self._images.pop(peer)[0]
        del self._asked[peer]
        self._done(peer, header, result)

    def _next_image(self, peer, header, octets, fields):
        if header is None:
            return "query_next_image_response", {"status": status.NO_IMAGE_AVAILABLE}
        hardware = fields.get("hardware_version")
        if hardware is not None and not header.lowest_hardware <= hardware <= header.highest_hardware:
            self._end(peer, WRONG_HARDWARE)
            return "query_next_image_response", {"status": status.NO_IMAGE_AVAILABLE}
        if fields["current_file_version"] == header.file_version:
            self._end(peer, DISCARDED)
            return "query_next_image_response", {"status": status.NO_IMAGE_AVAILABLE}
        return "query_next_image_response", {
            "status": status.SUCCESS,
            "manufacturer_id": header.manufacturer,
            "image_type": header.image_type,
            "file_version": header.file_version,
            "image_size": len(octets),
        }

    def _block(self, header, octets, fields):
        offset = fields["file_offset"]
        if header is None or fields["file_version"] != header.file_version:
            return status.NO_IMAGE_AVAILABLE
        if offset >= len(octets):
            return status.MALFORMED_COMMAND
        data = octets[offset : offset + min(fields["max_data_size"], BLOCK)]
        return "image_block_response", {
            "status": status.SUCCESS,
            "manufacturer_id": header.manufacturer,
            "image_type": header.image_type,
            "file_version": header.file_version,
            "file_offset": offset,
            "data_size": len(data),
            "image_data": data,
        }


def _nothing(time):
    pass


class ImageClient:
    """The device's side: asks when it is told of an image, takes it into its FirmwareHolder, says what came of it. A device
    that starts a good image when the hub says so has `activate()`; without it the image waits for CS06. `ended(time)` is
    called when nothing is left to be asked.

    The device gives it the commands of the cluster.
    """

    def __init__(self, device, endpoint, holder, activate=None, ended=_nothing):
        self._device = device
        self._endpoint = endpoint
        self._holder = holder
        self._activate = activate
        self._ended = ended
        self._server = None  # (EUI-64, endpoint)
        self._image = None  # fields of the image that is being taken

    def command(self, name, fields, message, time):
        if name != "image_notify":
            return status.UNSUP_CLUSTER_COMMAND
        wanted = (fields.get("manufacturer_id", 0), fields.get("image_type", 0))
        self.look((message.source, message.source_endpoint), time, wanted)
        return None

    def look(self, server, time, wanted=(0, 0)):
        """Ask a server, (EUI-64, endpoint), for an image of a manufacturer and type."""
        self._server = server
        query = {
            "field_control": _QUERY_HAS_HARDWARE,
            "manufacturer_id": wanted[0],
            "image_type": wanted[1],
            "current_file_version": self._holder.version,
            "hardware_version": self._holder.hardware,
        }
        self._ask("query_next_image_request", query, self._image_told, time)

    def _ask(self, name, fields, then, time):
        peer, endpoint = self._server
        payload = foundation.command(CLUSTER, name, TO_SERVER, fields, self._device.next_sequence())
        self._device.ask(peer, self._endpoint, endpoint, CLUSTER, payload, then, time, ANSWER_WITHIN, ATTEMPTS)

    def _image_told(self, frame, time):
        fields = client.command(CLUSTER, frame)[1]
        if fields.get("status") != status.SUCCESS:
            self._ended(time)
            return
        self._image = fields
        self._holder.begin(fields["image_size"])
        self._next_block(time)

    def _next_block(self, time):
        image = self._image
        if self._holder.received() >= image["image_size"]:
            self._end(status.SUCCESS if self._holder.complete() else status.INVALID_IMAGE, time)
            return
        wanted = {
            "field_control": 0,
            "manufacturer_id": image["manufacturer_id"],
            "image_type": image["image_type"],
            "file_version": image["file_version"],
            "file_offset": self._holder.received(),
            "max_data_size": BLOCK,
        }
        self._ask("image_block_request", wanted, self._block_came, time)

    def _block_came(self, frame, time):
        fields = client.command(CLUSTER, frame)[1]
        if fields.get("status") != status.SUCCESS or fields["file_offset"] != self._holder.received():
            self._end(status.ABORT, time)
            return
        self._holder.take(fields["image_data"])
        self._next_block(time)

    def _end(self, result, time):
        image = self._image
        ended = {
            "status": result,
            "manufacturer_id": image["manufacturer_id"],
            "image_type": image["image_type"],
            "file_version": image["file_version"],
        }
        def answered(frame, now):
            told = client.command(CLUSTER, frame)[1]
            if result == status.SUCCESS and self._activate is not None and told.get("upgrade_time") is not None:
                self._activate()
            self._ended(now)

        self._ask("upgrade_end_request", ended, answered, time)
        self._device.report("firmware", {"version": image["file_version"], "status": status.name(result)})
