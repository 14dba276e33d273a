# SPDX-License-Identifier: GPL-3.0-or-later
"""A device with keys in its trust anchor cells, commands for it with MACs and signatures, and what it answers."""

import certificates as made
from han.clock import RELIABLE, moment
from han.crypto import ecdsa, p256
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT
from han.crypto.keystore import KeyStore
from han.devices.paired_devices import PairedDevices
from han.gbcs import asn1_answer, der, protection, use_cases
from han.gbcs.elements import sequence
from han.gbcs.envelope import COMMAND, RESPONSE, Message, decode, encode, signature_input
from han.gbcs.server import GbcsServer
from han.stores.memory import MemoryValues
from support import equal

DEVICE = bytes.fromhex("d000000000000001")
RECOVERY = bytes.fromhex("b000000000000001")
BROKER = bytes.fromhex("b000000000000002")
CHANGER = bytes.fromhex("b000000000000004")
SUPPLIER = bytes.fromhex("b000000000010000")
OTHER_SUPPLIER = bytes.fromhex("b000000000030000")
NETWORK = bytes.fromhex("b000000000020000")
SECRET = b"S" * 32  # of the device with each party, so that no test waits for key agreements
TIME = moment(2022, 11, 3, 10, 0, 0)
DEVICE_KEY = 0x77

# (role, usage, cell usage): (whose, number of the key)
CELLS = {
    (1, 0, 0): (RECOVERY, 0x11),
    (2, 0, 0): (SUPPLIER, 0x20),
    (2, 4, 0): (SUPPLIER, 0x21),
    (2, 4, 1): (SUPPLIER, 0x22),
    (3, 0, 0): (NETWORK, 0x30),
    (3, 4, 0): (NETWORK, 0x31),
    (4, 4, 0): (BROKER, 0x41),
    (5, 0, 0): (CHANGER, 0x50),
}


class Firmware:
    """What is asked of a device's images."""

    def __init__(self):
        self.version = 0x01020304
        self.image = {"hash": b"h" * 32, "version": 0x01020305}
        self.result = 0

    def candidate(self):
        return self.image

    def activate(self, image_hash):
        if self.image is None:
            return 1
        return self.result if self.image["hash"] == image_hash else 2


class FakeDevice:
    """A clock that stands still, and lists of what it was told."""

    identity = DEVICE

    def __init__(self, role, values):
        self.role = role
        self.clock = (TIME, RELIABLE)
        self.events = []
        self.logged = []
        self.commands = []
        self.restarts = 0
        self.hub_time = None
        self.paired_devices = PairedDevices(values)
        self.firmware = Firmware()
        self.request_names = None

    def report(self, kind, fields):
        self.events.append((kind, fields))

    def gbcs_event(self, code, data):
        self.commands.append(code)

    def event(self, code, data=b"", alert=True):
        self.logged.append(code)

    def gbcs_utc(self, time):
        return self.clock[0]

    def gbcs_clock(self, time):
        return self.clock

    def gbcs_set_clock(self, start, end, request):
        if self.hub_time is not None and start <= self.hub_time <= end:
            self.clock = (self.hub_time, RELIABLE)

    def gbcs_restart(self):
        self.restarts += 1


class Bench:
    """A device behind its server, over one store: `restart` makes both anew."""

    def __init__(self, role="esme", cells=CELLS, authority=None, values=None):
        self.role = role
        self.values = MemoryValues() if values is None else values
        self.keys = KeyStore(self.values)
        self.keys.set_private(DIGITAL_SIGNATURE, made.private_key(DEVICE_KEY))
        if authority is not None:
            self.keys.add_root(authority.root)
        for cell, (party, key) in cells.items():
            public = p256.public_key(made.private_key(key))
            self.keys.set_cell(cell[0], cell[1], party, public, cell[2], made.identifier(key))
        for party in (BROKER, SUPPLIER, NETWORK, RECOVERY, CHANGER):
            self.keys.set_secret(party, SECRET)
        self.restart()

    def restart(self):
        """Power goes and comes."""
        self.keys = KeyStore(self.values)
        self.device = FakeDevice(self.role, self.values)
        self.server = GbcsServer(self.device, self.keys, self.values, protocols={use_cases.ASN1: asn1_answer})

    def give(self, message, time=0):
        """The Message that answers, None where the command is refused; its protection is checked."""
        answer = self.server.answer(encode(message), time)
        return None if answer is None else checked(answer, self.public_key())

    def public_key(self):
        return self.keys.public(DIGITAL_SIGNATURE)

    def refused(self, message):
        """The reason for which a command gets no answer."""
        self.server.refusals.clear()
        equal(self.server.answer(encode(message), 0), None)
        (reason,) = self.server.refusals
        return reason

    def holds(self, *cell):
        """Which key lies in a cell: its identifier's number."""
        found = self.keys.cell(*cell)
        return None if found is None else int.from_bytes(found[2][1:], "big")


def checked(octets, public_key):
    """The Message, after its signature or MAC was found right."""
    message = decode(octets)
    equal(message.originator, DEVICE)
    if message.mac is None:
        assert ecdsa.verify(public_key, signature_input(message), message.signature)
    else:
        equal(message.cra, RESPONSE)
        assert protection.mac_is_valid(SECRET, message)
    return message


def command(code, element, originator=SUPPLIER, key=0x20, mac=True, counter=1000, **named):
    """The Message of a command: signed with the key of that number, unless it is None, and with the broker's MAC."""
    message = Message(COMMAND, counter, originator, DEVICE, code, der.encode(element), signature=b"", **named)
    if key is not None:
        message.signature = ecdsa.sign(made.private_key(key), signature_input(message))
    if mac:
        message.mac = protection.mac_of(SECRET, message)
    return message


def named(name, element, **rest):
    """As `command`, by the name of the use case."""
    return command(use_cases.code_of(name), element, **rest)


def cell_of(role, usage, cell_usage=0):
    """The fields of a cell's identifier."""
    fields = [der.integer(role), (der.BIT_STRING, bytes((7 - usage, 0x80 >> usage)))]
    return sequence(*fields + ([der.integer(cell_usage)] if cell_usage else []))


USAGES = (DIGITAL_SIGNATURE, KEY_AGREEMENT)
