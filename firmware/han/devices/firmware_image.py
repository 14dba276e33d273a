# SPDX-License-Identifier: Apache-2.0
"""A device's firmware images: the one that runs, one that has been received, and how one becomes the other [GBCS 11;
REQ-0024-1]. The old image is kept until the new one has started."""

import struct
from hashlib import sha256

from micropython import const

from han.errors import CodecError, StoreError

MAGIC = const(0x0BEEF11E)
_HEADER = "<IHHHHHIH32sIHH"  # with the range of hardware versions [Zigbee OTA 6.3]
HEADER_SIZE = const(60)
_HARDWARE_VERSIONS = const(0x0004)  # bit of the field control
SIGNATURE_SIZE = const(64)
_TAIL = const(66)  # force-replace octet, length of the signature, signature

_PIECE = const(64)  # octets of a record
MOST = const(262144)  # octets of the largest image there is room for

# Results of CS06 [GBCS 7.3].
OK = const(0)
NO_IMAGE = const(1)
HASH_DIFFERS = const(2)
ACTIVATION_FAILED = const(3)

# Events.
SIGNATURE_GOOD = const(0x8F72)
SIGNATURE_BAD = const(0x8F1C)
ACTIVATED = const(0x8F43)


class Header:
    """The header of an OTA file; raises CodecError for octets that are none."""

    def __init__(self, octets):
        if len(octets) < HEADER_SIZE:
            raise CodecError("an OTA header has %d octets, there are %d" % (HEADER_SIZE, len(octets)), 0)
        fields = struct.unpack_from(_HEADER, octets)
        magic, version, length, control, self.manufacturer, self.image_type, self.file_version = fields[:7]
        self.size, self.lowest_hardware, self.highest_hardware = fields[9:]
        if magic != MAGIC:
            raise CodecError("%08X is not how an OTA file begins" % magic, 0)
        if version != 0x0100 or length != HEADER_SIZE or not control & _HARDWARE_VERSIONS:
            raise CodecError("an OTA header of this form is not used", 4)


def build(manufacturer, image_type, file_version, image, signature, hardware=(0, 0xFFFF)):
    """The octets of an OTA file around a manufacturer's image."""
    size = HEADER_SIZE + len(image) + _TAIL
    header = struct.pack(
        _HEADER,
        MAGIC,
        0x0100,
        HEADER_SIZE,
        _HARDWARE_VERSIONS,
        manufacturer,
        image_type,
        file_version,
        2,
        bytes(32),
        size,
        hardware[0],
        hardware[1],
    )
    return header + image + b"\x00" + bytes((SIGNATURE_SIZE,)) + signature


class FirmwareHolder:
    """What one device knows of its images. `stores` keeps it; `version` (u32) and `hardware` (u16) are those it was made with.

    `verify(octets, signature)` says whether the supplier signed an image, None where no signature can be checked;
    `event(code, data)` logs; `starts(version)` says whether an image comes up when it is started.
    """

    def __init__(self, stores, version, hardware, verify, event, starts):
        self._values = stores.values
        self._pieces = stores.log("firmware_image", _PIECE, MOST // _PIECE)
        self.hardware = hardware
        self._verify = verify
        self._event = event
        self._starts = starts
        self.version = self._values.get("firmware_version", version)
        self._expected = None  # octets of the file that is being received
        self._rest = b""

    # -- receiving ----------------------------------------------------------------------------------------

    def begin(self, size):
        """A file of so many octets will come; raises StoreError when there is no room."""
        if size > MOST:
            raise StoreError("an image of %d octets: there is room for %d" % (size, MOST))
        self._values.set("firmware_candidate", None)
        self._pieces.erase()
        self._expected = size
        self._rest = b""

    def received(self):
        """Octets of the file so far."""
        return len(self._pieces) * _PIECE + len(self._rest)

    def take(self, octets):
        """The next octets of the file."""
        octets = self._rest + octets
        at = 0
        while len(octets) - at >= _PIECE:
            self._pieces.append(octets[at : at + _PIECE])
            at += _PIECE
        self._rest = octets[at:]

    def complete(self):
        """The whole file is there: check it. Returns whether it may be activated; what is wrong with it is logged."""
        good = self._check()
        self._event(SIGNATURE_GOOD if good else SIGNATURE_BAD, b"" if not good else self.candidate()["hash"])
        if not good:
            self._pieces.erase()
        self._expected = None
        return good

    def _check(self):
        if self._expected is None or self.received() != self._expected or self._expected < HEADER_SIZE + _TAIL:
            return False
        octets = b"".join([piece for piece in self._pieces.oldest_first()]) + self._rest
        try:
            header = Header(octets)
        except CodecError:
            return False
        if header.size != len(octets) or octets[-_TAIL + 1] != SIGNATURE_SIZE:
            return False
        if not header.lowest_hardware <= self.hardware <= header.highest_hardware:
            return False
        image = octets[HEADER_SIZE:-_TAIL]
        if self._verify is not None and not self._verify(image, octets[-SIGNATURE_SIZE:]):
            return False
        self._values.set("firmware_candidate", {"version": header.file_version, "hash": sha256(image).digest()})
        return True

    def candidate(self):
        """{"version", "hash"} of the image that could be activated, None when there is none."""
        return self._values.get("firmware_candidate")

    # -- activating ---------------------------------------------------------------------------------------

    def activate(self, image_hash):
        """CS06: start the image with that hash at the next start; one of the results above."""
        candidate = self.candidate()
        if candidate is None:
            return NO_IMAGE
        if candidate["hash"] != image_hash:
            return HASH_DIFFERS
        self._values.set("firmware_trial", candidate["version"])
        return OK

    def start(self):
        """The device starts: try the image that was activated, fall back to the old one when it does not come up.

        Returns True when a new version runs, False when one was rolled back, None when nothing was tried. Power may go
        at any moment: until the new version is written down the old one is the one that runs.
        """
        trial = self._values.get("firmware_trial")
        if trial is None:
            return None
        if not self._starts(trial):
            self._values.set_all({"firmware_trial": None, "firmware_candidate": None})
            return False
        self._values.set_all({"firmware_version": trial, "firmware_trial": None, "firmware_candidate": None})
        self.version = trial
        self._event(ACTIVATED, b"")
        return True
