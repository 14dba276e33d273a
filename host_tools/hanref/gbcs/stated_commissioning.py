# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-globals, allow-subclassing-any
"""What a device that consists of a state needs to be commissioned: trust anchor cells, own keys, device log, firmware.

The firmware's own parts, seeded through their stores, and one that ends an operation where the state has a fault.
Written for CPython and MicroPython alike; `plain` is the `commissioning` of a state, see hanref.gbcs.state_commissioning.
"""

from han.crypto.certificate import Authority
from han.crypto.keystore import KeyStore
from han.devices.firmware_image import FirmwareHolder
from han.devices.paired_devices import PairedDevices
from han.gbcs.elements import Failed

UNKNOWN_PRIVATE = bytes(31) + b"\x01"  # stands for the private key of a published public key


class Faults:
    """Operations that end with a code: {number of the operation in the command, from 0: code}."""

    def __init__(self):
        self.codes = {}
        self._next = 0

    def begin(self):
        """A command begins."""
        self._next = 0

    def pass_(self, found=b""):
        """An operation begins; raises Failed where it has a fault."""
        number = self._next
        self._next += 1
        if number in self.codes:
            raise Failed(self.codes[number], found)


class StatedKeys(KeyStore):
    """The firmware's key store; signatures are made by `sign` where the device has a key for them.

    A party without cells in the state holds those of its role that its keys are for.
    """

    def __init__(self, values, plain, parties, faults, sign, agree):
        super().__init__(values)
        self._faults = faults
        self._sign = sign
        self._agree_with = agree
        self._next_keys = {int(usage): bytes.fromhex(public) for usage, public in plain.get("next_keys", {}).items()}
        said = [cell[0] for cell in plain.get("cells", ())]
        for entity, role, secret, signature_key in parties:
            if role not in said:
                self.add(entity, role, secret, signature_key)
        for role, usage, cell_usage, entity, identifier, public in plain.get("cells", ()):
            self.set_cell(
                role, usage, bytes.fromhex(entity), bytes.fromhex(public), cell_usage, bytes.fromhex(identifier) or None
            )
        for entity, _role, secret, _signature_key in parties:
            if secret is not None:
                self.set_secret(entity, secret)
        for name, public, identifier in plain.get("authorities", ()):
            self.trust(Authority(bytes.fromhex(name), bytes.fromhex(public), bytes.fromhex(identifier)))
        for usage, octets in plain.get("own_certificates", {}).items():
            self.set_certificate(int(usage), bytes.fromhex(octets))
        for usage, public in plain.get("pending_keys", {}).items():
            self.set_proposed(int(usage), UNKNOWN_PRIVATE, bytes.fromhex(public))

    @property
    def sign(self):
        return self._sign

    @property
    def agree(self):
        return self._agree_with

    def cells_of(self, role):
        self._faults.pass_()
        return super().cells_of(role)

    def replace(self, cell, octets, path=(), now=None):
        self._faults.pass_()
        super().replace(cell, octets, path, now)

    def generate(self, usage):
        self._faults.pass_()
        if usage not in self._next_keys:
            return super().generate(usage)
        self.set_proposed(usage, UNKNOWN_PRIVATE, self._next_keys[usage])
        return self._next_keys[usage]

    def adopt(self, usage, certificate=None):
        self._faults.pass_()
        super().adopt(usage, certificate)

    def certificate(self, usage):
        self._faults.pass_()
        return super().certificate(usage)


class StatedPairs(PairedDevices):
    """The firmware's device log."""

    def __init__(self, values, plain, faults):
        super().__init__(values)
        self._faults = faults
        self._keep([(bytes.fromhex(entity), device_type) for entity, device_type in plain.get("device_log", ())])

    def entries(self):
        self._faults.pass_()
        return super().entries()

    def join(self, entity, device_type):
        self._faults.pass_()
        super().join(entity, device_type)

    def remove(self, entity):
        self._faults.pass_()
        return super().remove(entity)

    def restore(self, entries):
        codes = super().restore(entries)
        return [self._faults.codes.get(number, codes[number]) for number in range(len(codes))]


class StatedFirmware:
    """The firmware's images: `version` (u32) and the image held as {"hash", "version"}."""

    def __init__(self, stores, plain, faults):
        self._faults = faults
        version, image = plain.get("firmware", [0, None])
        if image is not None:
            stores.values.set("firmware_candidate", {"hash": bytes.fromhex(image[0]), "version": image[1]})
        self._holder = FirmwareHolder(stores, version, 0, None, _nothing, _always)

    @property
    def version(self):
        version = self._holder.version
        self._faults.pass_(version.to_bytes(4, "big"))
        return version

    def candidate(self):
        return self._holder.candidate()

    def activate(self, image_hash):
        self._faults.pass_()
        return self._holder.activate(image_hash)


def request_names(plain):
    """What a device writes into its certification requests, None where the state does not say."""
    names = plain.get("request_names")
    return None if names is None else [bytes.fromhex(octets) for octets in names]


def _nothing(code, data):
    pass


def _always(version):
    return True
