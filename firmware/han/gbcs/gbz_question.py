# SPDX-License-Identifier: Apache-2.0
"""GBZ commands of a device's own and what answers them: a PPMID asks the gas meter [GBCS 14; REQ-PPMID-2, 3]."""

from han.errors import CodecError, CryptoError
from han.gbcs import checks, gbz, protection, templates, use_cases
from han.gbcs.checks import Refused
from han.gbcs.envelope import COMMAND, Message
from han.zcl import clusters


def ask(server, name, recipient, command, fields):
    """(originator counter, octets) of the command of a use case that has one component, a cluster's `command` with
    `fields`. Raises CryptoError where the recipient's key is missing; then no counter is used."""
    if server.keys.secret(recipient) is None:
        raise CryptoError("there is no key for the command %s" % name)
    code = use_cases.code_of(name)
    (template,) = templates.components(code, COMMAND)
    message = Message(COMMAND, server.counters.next(), server.identity, recipient, code)
    payload = clusters.encode_command(template.cluster, command, template.frame_control >> 3 & 1, fields)
    component = gbz.Component(template.cluster, template.frame_control, 0, template.command, payload)
    message.payload = gbz.encode(gbz.Payload([component]))
    return message.originator_counter, server.protect(message, False)


def answer(server, message):
    """(name, fields) of the one command that answers, with the status alone as `default_response`.

    Raises Refused for a message that is not protected with the key of whom it names, or cannot be read.
    """
    secret = server.keys.secret(message.originator)
    if secret is None:
        raise Refused(checks.UNKNOWN_ORIGINATOR)
    if not protection.mac_is_valid(secret, message):
        raise Refused(checks.MAC)
    try:
        (component,) = gbz.decode(message.payload, message.cra, message.message_code).components
        if component.is_global() and component.command == gbz.DEFAULT_RESPONSE:
            return "default_response", {"status": component.payload[1]}
        direction = component.frame_control >> 3 & 1
        return clusters.decode_command(component.cluster, component.command, direction, component.payload)
    except (CodecError, ValueError, IndexError) as error:  # more or fewer components, a status that is missing
        raise Refused(checks.PAYLOAD, str(error))

