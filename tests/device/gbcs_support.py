# SPDX-License-Identifier: GPL-3.0-or-later
"""A device, keys and commands for the tests of the GBCS server, made up here."""

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.clock import RELIABLE, moment
from han.gbcs import gbz, protection, templates, use_cases
from han.gbcs.envelope import COMMAND, Message, encode
from han.gbcs.gbz_table import FIELDS
from han.gbcs.keys import KeyStore
from han.gbcs.server import GbcsServer

DEVICE = bytes.fromhex("a1a2a3a4a5a6a7a8")
BROKER = bytes.fromhex("b000000000000002")
SUPPLIER = bytes.fromhex("b000000000010000")
NETWORK = bytes.fromhex("b000000000020000")
STRANGER = bytes.fromhex("b0000000000f0000")
READER = bytes.fromhex("b000000000030000")
SECRETS = {BROKER: b"B" * 32, SUPPLIER: b"S" * 32, NETWORK: b"N" * 32, STRANGER: b"X" * 32, READER: b"R" * 32}
# A key agreement certificate of READER under a test root made for the purpose.
READER_CERTIFICATE = bytes.fromhex(
    "308201b43082015aa0030201020214491d2467a0778a12b068690cbeb4eeb3ca7ad695300a06082a8648ce3d040302303831293027060355"
    "04030c2048414e524546205445535420495353554552202d204e4f5420464f5220555345310b3009060355040b0c023037301e170d323231"
    "3130333030303030305a170d3332313130323030303030305a3021310b3009060355040b0c02303231123010060355042d030900b0000000"
    "000300003059301306072a8648ce3d020106082a8648ce3d03010703420004b5124ebd1a10fb33b30827b34ea5158d52ba072fef16eda60e"
    "e26bc36681a4667d97c8d69a954822d92b0f5641e2bb1f1bc5f84f2b4679fd71e2c3880db5f6aea359305730110603551d0e040a040846c4"
    "c573fa00c349301d0603551d200101ff04133011300f060d2a863a0001848fb90f0102010430130603551d23040c300a800842d8af7be515"
    "eaad300e0603551d0f0101ff040403020308300a06082a8648ce3d0403020348003045022018a39740fa1c8fb6be02c9d710f40da7f68608"
    "85656ca64592a07d4291413a68022100abb752347a0203fb86abe7a3c21259634eb8093872d41222dc51ad5df662949a"
)
TIME = moment(2022, 11, 3, 10, 0, 0)

REGISTERS = {
    (0x0702, 0x0302): (0, 0x22, 1000),
    (0x0702, 0x0301): (0, 0x22, 1),
    (0x0702, 0x0300): (0, 0x30, 1),
    (0x0702, 0x0000): (0, 0x25, 123456789),
    (0x0702, 0x0A00): (0, 0x23, 4711),
    (0x0700, 0x0617): (0, 0x18, 0x50),
    (0x0700, 0x0616): (0, 0x21, 826),
    (0x0705, 0x0005): (0, 0x2B, 10),
    (0x0705, 0x0002): (0, 0x2B, -20),
    (0x0705, 0x0001): (0, 0x2B, 30),
    (0x0705, 0x0231): (0, 0x23, 1),
    (0x0705, 0x0211): (0, 0x23, 2),
    (0x0705, 0x0221): (0, 0x23, 3),
}


class Values:
    """Named octets, and how often they were written."""

    def __init__(self):
        self.entries = {}
        self.writes = 0

    def get(self, name, default=None):
        return self.entries.get(name, default)

    def set(self, name, octets):
        self.entries[name] = octets
        self.writes += 1


class FakeDevice:
    """Answers out of a table and keeps what it was told."""

    identity = DEVICE

    def __init__(self, role="gpf"):
        self.role = role
        self.registers = dict(REGISTERS)
        self.stamp = (TIME, "gsme", RELIABLE)
        self.events = []
        self.happened = []
        self.commands = []
        self.result = 0

    def gbcs_event(self, code, data):
        self.happened.append((code, data))

    def report(self, kind, fields):
        self.events.append((kind, fields))

    def gbcs_read(self, cluster, attribute):
        return self.registers.get((cluster, attribute), (0x86, None, None))

    def gbcs_command(self, cluster, name, fields, request):
        self.commands.append((cluster, name, fields))
        return self.result

    def gbcs_data_time(self, use_case):
        return self.stamp

    def gbcs_utc(self, time):
        return TIME + 60


def key_store():
    keys = KeyStore()
    keys.add(BROKER, use_cases.ACCESS_CONTROL_BROKER, SECRETS[BROKER])
    keys.add(SUPPLIER, use_cases.SUPPLIER, SECRETS[SUPPLIER])
    keys.add(NETWORK, use_cases.NETWORK_OPERATOR, SECRETS[NETWORK])
    return keys


def server(role="gpf", **named):
    """(server, device, values)."""
    device = FakeDevice(role)
    values = Values()
    return GbcsServer(device, key_store(), values, **named), device, values


def read_component(number, cluster, *identifiers):
    payload = b"".join([bytes((identifier & 0xFF, identifier >> 8)) for identifier in identifiers])
    return gbz.Component(cluster, 0x00, number, 0x00, payload)


STRING, STRUCTURE = 14, 15  # widths of fields that are none
SUMMATION = (0x0302, 0x0301, 0x0300, 0x0000)


def command(code, components, originator=SUPPLIER, counter=1000, recipient=DEVICE, **named):
    """The Message of a command, with the MAC of the broker."""
    payload = gbz.encode(gbz.Payload(components))
    message = Message(COMMAND, counter, originator, recipient, code, payload, signature=b"", **named)
    message.mac = protection.mac_of(SECRETS[BROKER], message)
    return message


def read_summation(**named):
    """The octets of a GCS13a."""
    return encode(command(use_cases.code_of("GCS13a"), [read_component(0, 0x0702, *SUMMATION)], **named))


def protected(message, payload):
    """The octets of a copy of a command with another payload, its MAC made anew."""
    copy = Message(COMMAND, message.originator_counter, message.originator, message.recipient, message.message_code, payload)
    copy.signature = b""
    copy.mac = protection.mac_of(SECRETS[BROKER], copy)
    return encode(copy)


def fill(template, values, structure=b""):
    """A ZCL payload of a template: fields with one fixed value have it, the others take `values` in order (an integer,
    or the octets of a string without its length); then `structure`."""
    parts = []
    values = list(values)
    for width, kind, place in template.fields():
        if width == STRUCTURE:
            parts.append(structure)
        elif kind == 1:
            parts.append(FIELDS[place : place + (1 if width == STRING else width)])
        elif width == STRING:
            parts.append(bytes((len(values[0]),)) + values.pop(0))
        else:
            parts.append(values.pop(0).to_bytes(width, "little"))
    assert not values, values
    return b"".join(parts)


def filled(name, *values_of_components):
    """The octets of a command whose components take these values for their free fields, one list each."""
    code = use_cases.code_of(name)
    components = []
    found = templates.components(code, COMMAND)
    for number in range(len(values_of_components)):
        template = found[min(number, len(found) - 1)]
        payload = fill(template, values_of_components[number])
        components.append(gbz.Component(template.cluster, template.frame_control, number, template.command, payload))
    return encode(command(code, components))


def change_of_tenancy(issuer_event=0x1C374A80, date=0x1FC66E20):
    """The octets of a GCS09."""
    return filled("GCS09", [issuer_event, date])


def read_profile(start=0, samples=41):
    """The octets of a GCS17."""
    return filled("GCS17", [start, samples])


def read_snapshots(start=0, end=0xFFFFFFFE):
    """The octets of a GCS16a: one component a day."""
    return filled("GCS16a", *[[start, end, day] for day in range(31)])


def read_tariff():
    """The octets of a GCS21f: attributes, calendar and price."""
    return filled("GCS21f", [], [], [], [], [], [])
