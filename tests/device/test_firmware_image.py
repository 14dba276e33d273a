# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware images over the air: transfer, checks, activation, roll-back (REQ-0024-1, AT-0024-1 to 4)."""

from hashlib import sha256

from han.crypto import ecdsa, p256
from han.devices import firmware_image
from han.devices.firmware_image import FirmwareHolder
from han.gbcs import der, envelope, use_cases
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


# --- a HAN whose devices know the supplier and the broker -------------------------------------------------------

SUPPLIER, BROKER = "90b3d51f30010009", "90b3d51f30000009"
SUPPLIER_KEY = bytes(31) + b"\x07"
KEYS = {
    "parties": {
        SUPPLIER: {"role": 2, "secret": bytes(32).hex(), "signature_key": p256.public_key(SUPPLIER_KEY).hex()},
        BROKER: {"role": 4, "secret": bytes(32).hex()},
    },
    "signing_key": (bytes(31) + b"\x09").hex(),
}


def signed(version=2, image=IMAGE, key=SUPPLIER_KEY):
    return firmware_image.build(0x1234, 1, version, image, ecdsa.sign(key, image), (1, 3))


def han_of(board, **settings):
    settings.update(KEYS)
    boards = ("hub", "esme") if board == "esme" else ("hub", "esme", "gsme", board)
    quiet = dict(QUIET, electricity_poll=3600)
    settings.update(quiet if board == "ppmid" else {})
    han = Han(boards=boards, hub=KEYS, **{board: settings})
    han.run(300)
    return han


def give(han, board, octets, seconds=1200):
    """The hub gets an image for a device; the codes of both then, and (code, device, version, result) of each CCS08."""
    seen = len(han.events)
    han.do("hub", "image", device=IDENTITIES[board], octets=octets.hex())
    han.run(seconds)
    events = han.events[seen:]
    codes = [event["code"] for event in events if event["kind"] == "alert"]
    return codes, told(events, "CCS08")


def told(events, name):
    """The contents of the alerts of a use case, but for the time."""
    found = []
    for event in events:
        message = envelope.decode(bytes.fromhex(event["octets"])) if event["kind"] == "gbcs" else None
        if message is not None and message.message_code == use_cases.code_of(name):
            parts = der.decode(message.payload)[1]
            found.append([int.from_bytes(value, "big") for _, value in parts[:1] + parts[2:]])
    return found


ESME = int(IDENTITIES["esme"], 16)


def test_the_hub_tells_what_came_of_an_image():
    han = han_of("esme", hardware_version=2)
    assert give(han, "esme", signed()) == (["8f72", "8f8a"], [[0x8F8A, ESME, 2, 0]])
    assert give(han, "esme", signed(key=bytes(31) + b"\x08")) == (["8f1c", "8f89"], [[0x8F89, ESME, 2, 1]])
    assert give(han, "esme", signed()[:-100]) == (["8f1c", "8f89"], [[0x8F89, ESME, 2, 1]])


def test_what_does_not_fit_the_hardware_stays_at_the_hub():
    han = han_of("esme", hardware_version=9)
    assert give(han, "esme", signed()) == (["8f89"], [[0x8F89, ESME, 2, 2]])
    assert han.device("esme").firmware.candidate() is None


def test_a_device_that_asks_for_nothing_has_failed():
    han = han_of("esme", hardware_version=2)
    han.do("esme", "link", on=False)
    codes, alerts = give(han, "esme", signed(), 3700)
    assert (codes, alerts) == (["8f89"], [[0x8F89, ESME, 2, 3]])
    han.do("esme", "link", on=True)
    assert give(han, "esme", signed())[0] == ["8f72", "8f8a"]


def test_a_new_version_and_one_that_does_not_come_up_are_reported():
    for broken, started in ((None, True), (2, False)):
        han = han_of("esme", hardware_version=2, broken_version=broken)
        give(han, "esme", signed())
        meter = han.device("esme")
        assert meter.firmware.activate(sha256(IMAGE).digest()) == firmware_image.OK
        meter.now = han.utc()
        meter.gbcs_restart()
        han.do("esme", "load", watts=1)  # the node looks at the meter's timers again
        han.run(60)
        (event,) = [event for event in han.of("firmware", "esme") if "running" in event]
        assert (event["running"], event["started"]) == (2 if started else 1, started)
        assert ("8f43" in [event["code"] for event in han.of("alert", "esme")]) == started


def test_a_prepayment_interface_starts_what_it_got_and_tells_of_it():
    for broken, running in ((None, 2), (2, 1)):
        han = han_of("ppmid", hardware_version=2, broken_version=broken)
        codes = give(han, "ppmid", signed())[0]
        assert codes == ["8f72", "8f8a"] + ["8f43"] * (running == 2)
        (event,) = [event for event in han.of("firmware", "ppmid") if "running" in event]
        assert event["running"] == han.device("ppmid").wan.firmware.version == running
        assert told(han.events, "CS09") == [[0x8F8B, running, 0 if running == 2 else 1]]


def test_the_sleeping_gas_meter_takes_an_image_when_it_wakes():
    for loss in (0.0, 0.1):
        settings = dict(KEYS, hardware_version=2)
        han = Han(boards=("hub", "gsme"), hub=KEYS, gsme=settings, air={"loss": loss})
        han.run(300)
        meter = han.device("gsme")
        codes, alerts = give(han, "gsme", signed(), 3600)
        assert (codes, alerts[0][2:]) == (["8f72", "8f8a"], [2, 0]), loss
        assert meter.asleep
        assert meter.wan.firmware.activate(sha256(IMAGE).digest()) == firmware_image.OK
        han.do("gsme", "power", on=False)
        han.do("gsme", "power", on=True)
        assert meter.wan.firmware.version == 2
        frames = len([frame for frame in han.frames if frame[3] == 0x0019])
        han.run(3600)
        assert len([frame for frame in han.frames if frame[3] == 0x0019]) == frames  # nothing is asked for again


def test_power_lost_at_the_activation_of_a_prepayment_interface():
    han = han_of("ppmid", hardware_version=2)
    display = han.device("ppmid")
    han.do("hub", "image", device=IDENTITIES["ppmid"], octets=signed().hex())
    while display.stores.values.get("firmware_trial") is None:
        assert han.utc() < han.start + 900
        han.run(1)
    han.do("ppmid", "power", on=False)
    assert display.wan.firmware.version == 1
    han.do("ppmid", "power", on=True)
    han.run(300)
    assert display.wan.firmware.version == 2
    assert told(han.events, "CS09") == [[0x8F8B, 2, 0]]
