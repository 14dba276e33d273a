# SPDX-License-Identifier: GPL-3.0-or-later
"""A supplier who gives the gas meter of the simulated HAN orders under its signature, and reads what came of them."""

import gas_supplier
from gas_supplier import BROKER, GPF, GSME, SECRETS, SUPPLIER  # noqa: F401
from han.clock import from_iso
from han.crypto import ecdsa, p256
from han.gbcs import envelope, gbz, protection, templates, use_cases
from han.gbcs.envelope import COMMAND
from han.zcl import clusters
from simulated import Han

SUPPLIER_KEY = bytes(31) + b"\x07"
METER_KEY = bytes(31) + b"\x09"
PARTIES = {entity: dict(known) for entity, known in gas_supplier.PARTIES.items()}
PARTIES[SUPPLIER]["signature_key"] = p256.public_key(SUPPLIER_KEY).hex()
SETTINGS = {"parties": PARTIES, "signing_key": METER_KEY.hex()}
NOW = 0
NEVER = None  # all ones: what cancels


def han_with_gas(**gsme):
    """A HAN with a hub and a gas meter that know the supplier's key."""
    settings = dict(SETTINGS)
    settings.update(gsme)
    return Han(boards=("hub", "gsme"), hub=SETTINGS, gsme=settings)


class Orders:
    """`give` sends a command made of its template and (name, fields) of each component, and waits for the answer."""

    def __init__(self, han, party=SUPPLIER):
        self.han = han
        self.party = bytes.fromhex(party)
        self.counter = 5000

    def command(self, use_case, parts, recipient):
        """The octets of a command, signed where its use case is critical."""
        self.counter += 1
        code = use_cases.code_of(use_case)
        found = templates.components(code, COMMAND)
        components = []
        for number in range(len(parts)):
            name, fields = parts[number]
            template = next(row for row in found if name_of(row) == name)
            fields = dict(fields)
            from_date_time = fields.pop("from_date_time", None)
            direction = template.frame_control >> 3 & 1
            payload = clusters.encode_command(template.cluster, name, direction, fields)
            components.append(
                gbz.Component(
                    template.cluster, template.frame_control, number, template.command, payload, from_date_time=from_date_time
                )
            )
        message = envelope.Message(
            COMMAND, self.counter, self.party, recipient, code, gbz.encode(gbz.Payload(components)), signature=b""
        )
        if use_cases.find(code).forms & use_cases.COMMAND_MAC_AND_SIGNATURE:
            message.signature = ecdsa.sign(SUPPLIER_KEY, envelope.signature_input(message))
        message.mac = protection.mac_of(bytes.fromhex(SECRETS[BROKER]), message)
        return envelope.encode(message)

    def give(self, use_case, parts, recipient=GSME):
        """The components of the answer: for the meter after its next wakes."""
        octets = self.command(use_case, parts, recipient)
        seen = len(self.han.of("gbcs"))
        self.han.do("hub", "gbcs", octets=octets.hex())
        if recipient == GSME:
            self.han.run(2000)
        answers = []
        for event in self.han.of("gbcs")[seen:]:
            message = envelope.decode(bytes.fromhex(event["octets"]))
            if message.cra == envelope.RESPONSE:
                answers.append(message)
        assert len(answers) == 1, self.han.of("gbcs_refused")
        answer = answers[0]
        return gbz.decode(answer.payload, answer.cra, answer.message_code).components

    def told(self):
        """(message code, alert code, content) of every alert that reached the WAN."""
        found = []
        for event in self.han.of("gbcs"):
            message = envelope.decode(bytes.fromhex(event["octets"]))
            if message.cra == envelope.ALERT:
                payload = gbz.decode(message.payload, message.cra, message.message_code)
                found.append((use_cases.find(message.message_code).name, payload.alert_code, payload.content))
        return found


def name_of(template):
    """The name of a template's command."""
    return clusters.table(template.cluster).command(template.command, template.frame_control >> 3 & 1).name


def statuses(components):
    """The statuses of default responses."""
    return [component.payload[1] for component in components]


def decoded(component):
    """(name, fields) of a component of an answer."""
    return clusters.decode_command(component.cluster, component.command, component.frame_control >> 3 & 1, component.payload)


def utc(text):
    return from_iso(text)
