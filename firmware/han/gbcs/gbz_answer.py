# SPDX-License-Identifier: Apache-2.0
"""Answers GBZ commands by their templates [GBCS 18.1, reference 3.3]: order, frame control and encryption are the
tables', values are the device's."""

from micropython import const

from han.gbcs import gbz, templates
from han.zcl import clusters, types

SUCCESS = const(0x00)
FAILURE = const(0x01)
NOT_FOUND = const(0x8B)

# The command that the default response names where a component was not carried out.
_NOT_CARRIED_OUT = const(0xFF)
_FROM_SERVER = const(0x08)

# Use cases that need more than the tables say: {name: function(server, request, index)}, which returns a ZCL status or
# the list of the payloads to answer a component with.
handlers = {}


class Part:
    """One component of a command with its number from 0, the template it follows, and of a cluster's own command its
    `name` and `fields`."""

    def __init__(self, number, component, template):
        self.number = number
        self.component = component
        self.template = template
        self.name = None
        self.fields = None
        if template.is_cluster_command():
            direction = component.frame_control >> 3 & 1
            self.name, self.fields = clusters.decode_command(component.cluster, component.command, direction, component.payload)
            if component.from_date_time is not None:
                self.fields["from_date_time"] = component.from_date_time


def read(server, request):
    """Read the components and match them with the template; raises CodecError."""
    message = request.message
    found = gbz.decode(message.payload, message.cra, message.message_code).components
    matched = templates.match(message.message_code, found)
    request.content = [Part(index, found[index], matched[index]) for index in range(len(found))]


def answer(server, request, response):
    """The payload that answers a request; may set fields of the response's header."""
    answers = []
    failed = False
    for part in request.content:
        request.part = part
        if failed:
            answers.append(_default(request, part, _NOT_CARRIED_OUT, FAILURE))
            continue
        found, failed = _answer_part(server, request, part)
        answers.extend(found)
    encrypted = 0
    for component in answers:
        if component.encrypted:
            component.payload = server.encrypt(request, response, component.payload)
            component.frame_counter = encrypted
            encrypted += 1
    return gbz.encode(gbz.Payload(answers))


def _answer_part(server, request, part):
    """(components that answer one component, whether it failed)."""
    if part.name is None:
        record, failed = _read_attributes(server.device, part.component)
        return [_positive(request, part, record)], failed
    handler = handlers.get(request.use_case.name, _carry_out)
    result = handler(server, request, part)
    if isinstance(result, int):
        return [_default(request, part, part.component.command, result)], result not in (SUCCESS, NOT_FOUND)
    return [_positive(request, part, payload) for payload in result], False


def _carry_out(server, request, part):
    """Let the device carry a cluster's command out: a status, or the payloads of its answers."""
    cluster = part.component.cluster
    direction = part.component.frame_control >> 3 & 1
    result = server.device.gbcs_command(cluster, part.name, part.fields, request)
    if isinstance(result, int):
        return result
    return [clusters.encode_command(cluster, name, 1 - direction, fields) for name, fields in result]


def _read_attributes(device, component):
    """(payload of the answer, whether an attribute failed): one that fails has identifier and status only."""
    asked = component.payload
    record = bytearray()
    failed = False
    for at in range(0, len(asked), 2):
        status, type_id, value = device.gbcs_read(component.cluster, asked[at] | asked[at + 1] << 8)
        record += asked[at : at + 2]
        record.append(status)
        if status == SUCCESS:
            record.append(type_id)
            record += types.encode(type_id, value)
        else:
            failed = True
    return bytes(record), failed


def _positive(request, part, payload):
    """The component that answers with data, as the template has it."""
    template = templates.response(request.use_case.code, part.template.answer)
    return gbz.Component(
        template.cluster,
        template.frame_control,
        part.component.sequence,
        template.command,
        payload,
        template.encrypted,
    )


def _default(request, part, command, status):
    """A default response, in clear; its frame control is that of the template's, or else of the answer to a read."""
    template = part.template
    frame_control = _FROM_SERVER
    number = template.default or (template.answer if not template.is_cluster_command() else 0)
    if number:
        frame_control = templates.response(request.use_case.code, number).frame_control
    return gbz.Component(
        template.cluster, frame_control, part.component.sequence, gbz.DEFAULT_RESPONSE, bytes((command, status))
    )
