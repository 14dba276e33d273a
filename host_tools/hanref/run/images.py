# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Firmware images of a run: the OTA files that the hub is given for a device, good ones and damaged ones [GBCS 13]."""

import hashlib
from collections.abc import Callable

from han.devices.firmware_image import SIGNATURE_SIZE, build

DAMAGES = ("truncated", "hardware", "signature")

_SIZE = 1500  # octets of an image: enough for many blocks
_MANUFACTURER = 0xFFF0  # of nobody: for tests
_TYPE = 1
_ANY_HARDWARE = (0, 0xFFFF)
_OTHER_HARDWARE = (0x7F00, 0x7FFF)


def manufacturer_image(role: str, version: int) -> bytes:
    """The maker's part of an image: octets that depend on device and version alone."""
    pieces = (hashlib.sha256(b"%s %d %d" % (role.encode(), version, place)).digest() for place in range(_SIZE // 32 + 1))
    return b"".join(pieces)[:_SIZE]


def digest(role: str, version: int) -> bytes:
    """The hash by which CS06 names an image."""
    return hashlib.sha256(manufacturer_image(role, version)).digest()


def ota_file(role: str, version: int, sign: Callable[[bytes], bytes], damage: str | None = None) -> bytes:
    """The file for a device: signed by `sign`, and damaged as one of DAMAGES says."""
    image = manufacturer_image(role, version)
    signature = bytes(SIGNATURE_SIZE) if damage == "signature" else sign(image)
    hardware = _OTHER_HARDWARE if damage == "hardware" else _ANY_HARDWARE
    octets = bytes(build(_MANUFACTURER, _TYPE, version, image, signature, hardware))
    return octets[:-100] if damage == "truncated" else octets
