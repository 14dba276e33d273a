# SPDX-License-Identifier: Apache-2.0
"""The ZCL foundation: how a cluster answers, and how a client asks [ZCL 2.4, 2.5; ZSE].

The server's part is `answer`. Rules it keeps: an absent attribute is status 0x86 inside its record; a frame that does
not decode gets MALFORMED_COMMAND, an unknown command of a cluster UNSUP_CLUSTER_COMMAND, an unknown global command
UNSUP_GENERAL_COMMAND, another manufacturer's UNSUP_MANUF_...; a default response is sent when there is no other answer
and the request did not disable it or the status is an error; a default response and a broadcast are never answered;
every answer disables default responses.
"""

from micropython import const

from han.errors import CodecError
from han.zcl import clusters, commands, status
from han.zcl.frame import CLUSTER, GLOBAL, TO_CLIENT, TO_SERVER, Frame

_BROADCAST = b"\xff" * 8
_ANY_MANUFACTURER = const(0xFFFF)


# -- the server -----------------------------------------------------------------------------------------------


def answer(attributes, message, handler=None, time=None):
    """The ZCL frame that answers `message`, None where there is no answer.

    `attributes` is the Attributes of the side that the frame's direction names, None where the endpoint has no such
    side. `message` gives `payload`, `cluster` and `destination` (han.message.Message). `handler(name, fields, message,
    time)` takes the cluster's commands: it returns a status, or (name, fields) of the command to answer with, or None
    when nothing is to be sent now.
    """
    # A read of attributes is nearly all that happens on a HAN: it does without objects.
    if attributes is not None and attributes.gate is None and _is_read(message.payload):
        return None if message.destination == _BROADCAST else _read(attributes, message.payload)
    return _answer(attributes, message, handler, time)


def _answer(attributes, message, handler, time):
    frame = parse(message.payload)
    if frame is None:
        return None  # no sequence number to answer under
    reply = _serve(attributes, frame, message, handler, time)
    if message.destination == _BROADCAST:
        return None
    if reply is None or isinstance(reply, bytes):
        return reply
    return default_response(frame, reply)


def default_response(frame, result):
    """The Default Response to `frame`, None where the rules want none."""
    if frame.frame_type == GLOBAL and frame.command == commands.DEFAULT_RESPONSE:
        return None
    if frame.disable_default_response and result == status.SUCCESS:
        return None
    manufacturer = None if frame.manufacturer == _ANY_MANUFACTURER else frame.manufacturer
    payload = bytes((frame.command, result))
    return _reply(frame, GLOBAL, commands.DEFAULT_RESPONSE, payload, manufacturer)


def _reply(frame, frame_type, command, payload, manufacturer=None):
    direction = TO_SERVER if frame.direction == TO_CLIENT else TO_CLIENT
    return Frame(frame_type, command, payload, frame.sequence, direction, True, manufacturer).encode()


def _is_read(octets):
    """Whether this is a well-formed standard Read Attributes frame."""
    return len(octets) & 1 and len(octets) > 2 and octets[2] == commands.READ_ATTRIBUTES and not octets[0] & 0x07


def _read(attributes, octets):
    """The Read Attributes Response to a frame that `_is_read`."""
    parts = [b""] * (len(octets) >> 1)
    parts[0] = bytes((0x10 if octets[0] & 0x08 else 0x18, octets[1], commands.READ_ATTRIBUTES_RESPONSE))
    encoded = attributes.encoded
    at = 3
    while at < len(octets):
        parts[at >> 1] = encoded(octets[at] | octets[at + 1] << 8)
        at += 2
    return b"".join(parts)


def _serve(attributes, frame, message, handler, time):
    """Octets of an answer, a status for a default response, or None."""
    if frame.frame_type > CLUSTER:
        return status.MALFORMED_COMMAND
    if frame.manufacturer is not None and frame.manufacturer != _ANY_MANUFACTURER:
        if frame.frame_type == GLOBAL:
            return None if frame.command == commands.DEFAULT_RESPONSE else status.UNSUP_MANUF_GENERAL_COMMAND
        return status.UNSUP_MANUF_CLUSTER_COMMAND
    if attributes is None and handler is None:
        return status.UNSUPPORTED_CLUSTER
    if frame.frame_type == GLOBAL:
        return _serve_global(attributes, frame, message, time)
    return _serve_cluster(attributes, frame, message, handler, time)


def _serve_cluster(attributes, frame, message, handler, time):
    table = clusters.table(message.cluster) if clusters.is_known(message.cluster) else None
    command = None if table is None else table.command(frame.command, frame.direction)
    if command is None or handler is None:
        return status.UNSUP_CLUSTER_COMMAND
    if attributes is not None and attributes.received is not None and command.name not in attributes.received:
        return status.UNSUP_CLUSTER_COMMAND
    from han.zcl import programs

    try:
        fields = programs.decode(table, command.program, frame.payload)
    except CodecError:
        return status.MALFORMED_COMMAND
    reply = handler(command.name, fields, message, time)
    if not isinstance(reply, tuple):
        return reply
    name, fields = reply
    found = table.command_named(name, TO_SERVER if frame.direction == TO_CLIENT else TO_CLIENT)
    return _reply(frame, CLUSTER, found.id, programs.encode(table, found.program, fields))


def _serve_global(attributes, frame, message, time):
    command = frame.command
    if commands.name(command) is None:
        return status.UNSUP_GENERAL_COMMAND
    if commands.READ_ATTRIBUTES_STRUCTURED <= command <= commands.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE:
        return status.UNSUP_GENERAL_COMMAND  # not used on the GB HAN
    try:
        records = commands.decode(command, frame.payload)
    except CodecError:
        return status.MALFORMED_COMMAND
    if command == commands.DEFAULT_RESPONSE:
        return None
    if attributes is None:
        return status.UNSUPPORTED_CLUSTER
    if command == commands.READ_ATTRIBUTES:
        found = [(entry,) + attributes.record(entry, message, time) for entry in records]
        payload = commands.encode(commands.READ_ATTRIBUTES_RESPONSE, found)
        return _reply(frame, GLOBAL, commands.READ_ATTRIBUTES_RESPONSE, payload)
    if command == commands.REPORT_ATTRIBUTES:
        if attributes.reported is None:
            return status.FAILURE
        result = attributes.reported(message.cluster, records, message, time)
        return status.SUCCESS if result is None else result
    if command in (
        commands.WRITE_ATTRIBUTES,
        commands.WRITE_ATTRIBUTES_UNDIVIDED,
        commands.WRITE_ATTRIBUTES_NO_RESPONSE,
    ):
        return _write(attributes, frame, records, message, time)
    from han.zcl import serving

    return serving.answer(attributes, frame, records, time, _reply)


def _write(attributes, frame, records, message, time):
    failures = []
    taken = []
    for entry, type_id, value in records:
        result = attributes.check_write(entry, type_id, value, message, time)
        if result:
            failures.append((result, entry))
        else:
            taken.append((entry, value))
    if not (failures and frame.command == commands.WRITE_ATTRIBUTES_UNDIVIDED):
        for entry, value in taken:
            attributes.set(entry, value)
    if frame.command == commands.WRITE_ATTRIBUTES_NO_RESPONSE:
        return None
    payload = commands.encode(commands.WRITE_ATTRIBUTES_RESPONSE, failures)
    return _reply(frame, GLOBAL, commands.WRITE_ATTRIBUTES_RESPONSE, payload)


# -- the client -----------------------------------------------------------------------------------------------


def identifiers(cluster, names, side="server"):
    """The attribute identifiers of names; identifiers among them stay. Raises UnknownNameError."""
    table = clusters.table(cluster)
    return [name if isinstance(name, int) else table.identifier(name, side) for name in names]


def read(cluster, attributes, sequence, direction=TO_SERVER):
    """A Read Attributes frame; `attributes` is a list of identifiers, or of names, or the octets of such a list."""
    if not isinstance(attributes, bytes):
        if attributes and not isinstance(attributes[0], int):
            attributes = identifiers(cluster, attributes, "client" if direction else "server")
        attributes = commands.identifier_list(attributes)
    return bytes((0x08 if direction else 0x00, sequence, commands.READ_ATTRIBUTES)) + attributes


def write(cluster, values, sequence, direction=TO_SERVER, command=commands.WRITE_ATTRIBUTES):
    """A Write Attributes frame; `values` is [(identifier or name, value)], typed as the table says.

    `command` may be WRITE_ATTRIBUTES_UNDIVIDED or WRITE_ATTRIBUTES_NO_RESPONSE.
    """
    records = _typed(cluster, values, "client" if direction else "server")
    return Frame(GLOBAL, command, commands.encode(command, records), sequence, direction).encode()


def report(cluster, values, sequence, direction=TO_CLIENT, disable_default_response=False):
    """A Report Attributes frame of a server (or, to the server, of a client); `values` as in `write`."""
    records = _typed(cluster, values, "server" if direction else "client")
    payload = commands.encode(commands.REPORT_ATTRIBUTES, records)
    return Frame(GLOBAL, commands.REPORT_ATTRIBUTES, payload, sequence, direction, disable_default_response).encode()


def configure_reporting(cluster, settings, sequence, direction=TO_SERVER):
    """A Configure Reporting frame; `settings` is [(identifier or name, minimum s, maximum s, change or None)]."""
    side = "client" if direction else "server"
    records = []
    for name, minimum, maximum, change in settings:
        (entry, type_id, _) = _typed(cluster, [(name, None)], side)[0]
        records.append((0, entry, type_id, minimum, maximum, change))
    payload = commands.encode(commands.CONFIGURE_REPORTING, records)
    return Frame(GLOBAL, commands.CONFIGURE_REPORTING, payload, sequence, direction).encode()


def command(cluster, name, direction, fields, sequence, disable_default_response=False):
    """A frame of a cluster's command by name; `fields` as in `han.zcl.programs`."""
    number = clusters.table(cluster).command_named(name, direction).id
    payload = clusters.encode_command(cluster, name, direction, fields)
    return Frame(CLUSTER, number, payload, sequence, direction, disable_default_response).encode()


def parse(octets):
    """The Frame, None where the header is cut short."""
    try:
        return Frame.decode(octets)
    except CodecError:
        return None


def parse_response(octets):
    """The records of a frame with a global command, in the form of `han.zcl.commands`. Raises CodecError."""
    if len(octets) > 2 and not octets[0] & 0x07:
        return commands.decode(octets[2], octets[3:])
    frame = Frame.decode(octets)
    if frame.frame_type != GLOBAL:
        raise CodecError("the frame carries a command of a cluster, no global one", 0)
    return commands.decode(frame.command, frame.payload)


def is_answer(frame):
    """Whether a frame answers a request of its receiver, going by its header: a cluster's command may (its sequence
    number tells), a global one does when it is a response."""
    if frame.frame_type != GLOBAL:
        return frame.frame_type == CLUSTER
    return commands.is_answer(frame.command)


def _typed(cluster, values, side):
    table = clusters.table(cluster)
    records = []
    for name, value in values:
        entry = name if isinstance(name, int) else table.identifier(name, side)
        type_id = table.type(entry, side)
        if type_id is None:
            raise CodecError("cluster 0x%04X has no %s attribute 0x%04X" % (cluster, side, entry))
        records.append((entry, type_id, value))
    return records
