# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware images over the air: transfer, checks, activation, roll-back (REQ-0024-1, AT-0024-1 to 4)."""

from hashlib import sha256

from han.devices import firmware_image
from han.devices.firmware_image import FirmwareHolder
from han.stores.memory import MemoryStores
from simulated import IDENTITIES, Han

MICROPYTHON_HEAP = "64M"
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}
IMAGE = bytes([number * 7 & 0xFF for number in range(1000)])
SIGNATURE = bytes(range(64))


def ota_file(version=2, image=IMAGE, hardware=(1, 3)):
    return firmware_image.build(0x1234, 1, version, image, SIGNATURE, hardware)


class Device:
    def __init__(self, stores=None, broken=None):
        self.events = []
        self.stores = MemoryStores() if stores is None else stores
        self.broken = broken
        self.holder = FirmwareHolder(self.stores, 1, 2, self._verify, self._event, self._starts)

    def _verify(self, image, signature):
        return signature == SIGNATURE

    def _event(self, code, data):
        self.events.append(code)

    def _starts(self, version):
        return version != self.broken

    def receive(self, octets, announced=None):
        self.holder.begin(len(octets) if announced is None else announced)
        for at in range(0, len(octets), 48):
            self.holder.take(octets[at : at + 48])
        return self.holder.complete()


def test_a_good_image_is_activated_and_its_version_told():
    device = Device()
    assert device.receive(ota_file())
    assert device.holder.activate(sha256(IMAGE).digest()) == firmware_image.OK
    assert device.holder.version == 1  # until the next start the old one runs
    assert device.holder.start() is True
    assert device.holder.version == 2
    assert device.events == [firmware_image.SIGNATURE_GOOD, firmware_image.ACTIVATED]


def test_at_0024_1_a_truncated_image_is_refused():
    device = Device()
    octets = ota_file()
    assert not device.receive(octets[:-10], len(octets))
    assert not device.receive(octets[:-10])
    assert device.holder.activate(sha256(IMAGE).digest()) == firmware_image.NO_IMAGE
    assert device.events == [firmware_image.SIGNATURE_BAD] * 2


def test_at_0024_2_an_image_for_other_hardware_is_refused():
    device = Device()
    assert not device.receive(ota_file(hardware=(3, 9)))
    assert not device.receive(ota_file(hardware=(0, 1)))


def test_at_0024_3_power_lost_at_activation_leaves_one_of_the_two():
    device = Device()
    device.receive(ota_file())
    device.holder.activate(sha256(IMAGE).digest())
    again = Device(device.stores)  # the power went before the start was over: nothing else is in the store
    assert again.holder.version == 1
    assert again.holder.start() is True
    assert Device(device.stores).holder.version == 2


def test_at_0024_4_an_image_that_does_not_come_up_is_rolled_back():
    device = Device(broken=2)
    device.receive(ota_file())
    device.holder.activate(sha256(IMAGE).digest())
    assert device.holder.start() is False
    assert device.holder.version == 1
    assert Device(device.stores).holder.start() is None
    assert device.holder.activate(sha256(IMAGE).digest()) == firmware_image.NO_IMAGE


def test_another_hash_is_not_activated():
    device = Device()
    device.receive(ota_file())
    assert device.holder.activate(bytes(32)) == firmware_image.HASH_DIFFERS


def test_a_damaged_signature_is_found():
    device = Device()
    octets = bytearray(ota_file())
    octets[-1] ^= 1
    assert not device.receive(bytes(octets))


def test_the_hub_gives_an_image_to_a_meter_over_the_air():
    for loss in (0.0, 0.2):
        han = Han(ihd=QUIET, air={"loss": loss}, esme={"hardware_version": 2})
        han.run("09:05:00")
        for _ in range(3):
            han.do("hub", "image", device=IDENTITIES["esme"], octets=ota_file().hex())
            han.run(1800)
        holder = han.device("esme").firmware
        assert holder.candidate() is not None, loss
        assert holder.activate(sha256(IMAGE).digest()) == firmware_image.OK
        han.do("esme", "power", on=False)
        han.do("esme", "power", on=True)
        assert holder.version == 2
        assert "8f8a" in [event["code"] for event in han.of("alert", "chf")]
