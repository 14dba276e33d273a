# SPDX-License-Identifier: Apache-2.0
"""Alerts in GBZ form [GBCS 16, reference 3.4]: a code, a time, and ZCL commands or other content."""

from han.errors import CryptoError
from han.gbcs import gbz, protection, templates, use_cases
from han.gbcs.envelope import ALERT


def send(server, name, recipient, alert_code, utc, content=b"", payloads=()):
    """The octets of an alert of a device to a party; see `GbcsServer.alert` for what is raised.

    `name` is its use case: GCA for a critical one, GNCA for another, GCS53 and so on. `utc` is seconds since 2000.
    `content` is what follows the time where the alert has no template; else `payloads` are the ZCL payloads of the
    template's components in order.
    """

    def payload_of(message):
        components = _components(server, message, payloads)
        count = 1 if content else 0
        return gbz.encode(gbz.Payload(components, alert_code, utc, content, count))

    found = templates.components(use_cases.code_of(name), ALERT)
    for template in found:
        if template.encrypted and server.keys.secret(recipient) is None:
            raise CryptoError("there is no key to encrypt the alert %s" % name)
    return server.alert(name, recipient, payload_of)


def _components(server, message, payloads):
    components = []
    found = templates.components(message.message_code, ALERT)
    encrypted = 0
    for number in range(len(payloads)):
        template = found[number]
        payload = payloads[number]
        if template.encrypted:
            reader, counter = protection.reader_of(message)
            payload = protection.encrypt(server.keys.secret(reader), server.identity, reader, counter, payload)
        components.append(
            gbz.Component(
                template.cluster,
                template.frame_control,
                number,
                template.command,
                payload,
                template.encrypted,
                encrypted,
            )
        )
        if template.encrypted:
            encrypted += 1
    return components
