# SPDX-License-Identifier: Apache-2.0
"""Firmware over the air: the hub gives an image to a device, block by block [ZSE 7; GBCS 11; REQ-CHF-13]."""

from han.devices import client
from han.zcl import foundation, status
from han.zcl.frame import TO_CLIENT, TO_SERVER

CLUSTER = 0x0019

BLOCK = 48  # octets of image data that fit a secured frame
ATTEMPTS = 8  # a lost block costs the whole transfer
ANSWER_WITHIN = 5  # seconds

_QUERY_HAS_HARDWARE = 1

TRANSFER_FAILED = 0x8F89  # events of the hub [REQ-CHF-13]
TRANSFERRED = 0x8F8A

# Results of the alert CCS08 [GBCS 7.3].
OK = 0
DISCARDED = 1
WRONG_HARDWARE = 2
FAILED = 3


class ImageServer:
    """The hub's side: one image a device. `done(peer, result)` is called when a transfer has ended.

    The device gives it the commands of the cluster.
    """

    def __init__(self, device, endpoint, done):
        self._device = device
        self._endpoint = endpoint
        self._done = done
        self._images = {}  # EUI-64 -> (header, octets)

    def offer(self, peer, endpoint, header, octets):
        """Tell a device that there is an image for it."""
        self._images[peer] = (header, octets)
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
        header, octets = self._images.get(message.source, (None, b""))
        if name == "query_next_image_request":
            return self._next_image(header, octets, fields)
        if name == "image_block_request":
            return self._block(header, octets, fields)
        if name == "upgrade_end_request":
            self._images.pop(message.source, None)
            self._done(message.source, OK if fields["status"] == status.SUCCESS else DISCARDED)
            return "upgrade_end_response", {
                "manufacturer_id": fields["manufacturer_id"],
                "image_type": fields["image_type"],
                "file_version": fields["file_version"],
                "current_time": self._device.utc(),
                "upgrade_time": None,  # wait: activation is CS06 [GBCS 11]
            }
        return status.UNSUP_CLUSTER_COMMAND

    def _next_image(self, header, octets, fields):
        if header is None or fields["current_file_version"] == header.file_version:
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


class ImageClient:
    """The device's side: asks when it is told of an image, takes it into its FirmwareHolder, says what came of it.

    The device gives it the commands of the cluster.
    """

    def __init__(self, device, endpoint, holder):
        self._device = device
        self._endpoint = endpoint
        self._holder = holder
        self._server = None  # (EUI-64, endpoint)
        self._image = None  # fields of the image that is being taken

    def command(self, name, fields, message, time):
        if name != "image_notify":
            return status.UNSUP_CLUSTER_COMMAND
        self._server = (message.source, message.source_endpoint)
        query = {
            "field_control": _QUERY_HAS_HARDWARE,
            "manufacturer_id": fields.get("manufacturer_id", 0),
            "image_type": fields.get("image_type", 0),
            "current_file_version": self._holder.version,
            "hardware_version": self._holder.hardware,
        }
        self._ask("query_next_image_request", query, self._image_told, time)
        return None

    def _ask(self, name, fields, then, time):
        peer, endpoint = self._server
        payload = foundation.command(CLUSTER, name, TO_SERVER, fields, self._device.next_sequence())
        self._device.ask(peer, self._endpoint, endpoint, CLUSTER, payload, then, time, ANSWER_WITHIN, ATTEMPTS)

    def _image_told(self, frame, time):
        fields = client.command(CLUSTER, frame)[1]
        if fields.get("status") != status.SUCCESS:
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
        self._ask("upgrade_end_request", ended, _nothing, time)
        self._device.report("firmware", {"version": image["file_version"], "status": status.name(result)})


def _nothing(frame, time):
    pass
