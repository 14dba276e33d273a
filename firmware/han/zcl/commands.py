# SPDX-License-Identifier: Apache-2.0
"""The global commands: their numbers, names and payloads [ZCL 2.5].

`encode(command, value)` and `decode(command, payload)` turn a payload into Python and back:

| command | value |
|---|---|
| read_attributes | [identifier] |
| read_attributes_response | [(identifier, status, type, value)]; type and value None where status is not 0 |
| write_attributes, _undivided, _no_response; report_attributes | [(identifier, type, value)] |
| write_attributes_response | [(status, identifier)], empty where all was written |
| configure_reporting | [(0, identifier, type, minimum s, maximum s, change or None) or (1, identifier, timeout s)] |
| configure_reporting_response | [(status, direction, identifier)], empty where all was taken |
| read_reporting_configuration | [(direction, identifier)] |
| read_reporting_configuration_response | [(0,) + a record of configure_reporting, or (status, direction, identifier)] |
| default_response | (command, status) |

The rest is in `han.zcl.discovery`, which is loaded when it is needed.
"""

from micropython import const

from han.errors import CodecError
from han.zcl import types

READ_ATTRIBUTES = const(0x00)
READ_ATTRIBUTES_RESPONSE = const(0x01)
WRITE_ATTRIBUTES = const(0x02)
WRITE_ATTRIBUTES_UNDIVIDED = const(0x03)
WRITE_ATTRIBUTES_RESPONSE = const(0x04)
WRITE_ATTRIBUTES_NO_RESPONSE = const(0x05)
CONFIGURE_REPORTING = const(0x06)
CONFIGURE_REPORTING_RESPONSE = const(0x07)
READ_REPORTING_CONFIGURATION = const(0x08)
READ_REPORTING_CONFIGURATION_RESPONSE = const(0x09)
REPORT_ATTRIBUTES = const(0x0A)
DEFAULT_RESPONSE = const(0x0B)
DISCOVER_ATTRIBUTES = const(0x0C)
DISCOVER_ATTRIBUTES_RESPONSE = const(0x0D)
READ_ATTRIBUTES_STRUCTURED = const(0x0E)
WRITE_ATTRIBUTES_STRUCTURED = const(0x0F)
WRITE_ATTRIBUTES_STRUCTURED_RESPONSE = const(0x10)
DISCOVER_COMMANDS_RECEIVED = const(0x11)
DISCOVER_COMMANDS_RECEIVED_RESPONSE = const(0x12)
DISCOVER_COMMANDS_GENERATED = const(0x13)
DISCOVER_COMMANDS_GENERATED_RESPONSE = const(0x14)
DISCOVER_ATTRIBUTES_EXTENDED = const(0x15)
DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE = const(0x16)

# A bit for each command that answers another.
_ANSWERS = const(
    1 << READ_ATTRIBUTES_RESPONSE
    | 1 << WRITE_ATTRIBUTES_RESPONSE
    | 1 << CONFIGURE_REPORTING_RESPONSE
    | 1 << READ_REPORTING_CONFIGURATION_RESPONSE
    | 1 << DEFAULT_RESPONSE
    | 1 << DISCOVER_ATTRIBUTES_RESPONSE
    | 1 << WRITE_ATTRIBUTES_STRUCTURED_RESPONSE
    | 1 << DISCOVER_COMMANDS_RECEIVED_RESPONSE
    | 1 << DISCOVER_COMMANDS_GENERATED_RESPONSE
    | 1 << DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE
)

_NAMES = (
    b"00 read_attributes\n01 read_attributes_response\n02 write_attributes\n03 write_attributes_undivided\n"
    b"04 write_attributes_response\n05 write_attributes_no_response\n06 configure_reporting\n"
    b"07 configure_reporting_response\n08 read_reporting_configuration\n"
    b"09 read_reporting_configuration_response\n0a report_attributes\n0b default_response\n"
    b"0c discover_attributes\n0d discover_attributes_response\n0e read_attributes_structured\n"
    b"0f write_attributes_structured\n10 write_attributes_structured_response\n"
    b"11 discover_commands_received\n12 discover_commands_received_response\n"
    b"13 discover_commands_generated\n14 discover_commands_generated_response\n"
    b"15 discover_attributes_extended\n16 discover_attributes_extended_response\n"
)


def name(command):
    """The name of a global command, None where it has none."""
    start = _NAMES.find(b"%02x " % command)
    return None if start < 0 else _NAMES[start + 3 : _NAMES.find(b"\n", start)].decode()


def identifier(name):
    """The number of the global command called `name`, None where there is none."""
    start = _NAMES.find(b" " + name.encode() + b"\n")
    return None if start < 0 else int(_NAMES[start - 2 : start], 16)


def is_answer(command):
    """Whether a global command answers another."""
    return _ANSWERS >> command & 1


def encode(command, value):
    """The payload of a global command. Raises CodecError."""
    if command == READ_ATTRIBUTES:
        return identifier_list(value)
    if command == READ_ATTRIBUTES_RESPONSE:
        return _encode_read_response(value)
    if command <= WRITE_ATTRIBUTES_NO_RESPONSE or command == REPORT_ATTRIBUTES:
        if command == WRITE_ATTRIBUTES_RESPONSE:
            return b"".join([bytes((status, entry & 0xFF, entry >> 8)) for status, entry in value]) or b"\x00"
        return _encode_values(value)
    if command == DEFAULT_RESPONSE:
        return bytes(value)
    if command <= READ_REPORTING_CONFIGURATION_RESPONSE:
        from han.zcl import reporting

        return reporting.encode(command, value)
    from han.zcl import discovery

    return discovery.encode(command, value)


def decode(command, payload):
    """What the payload of a global command says. Raises CodecError."""
    try:
        return _decode(command, payload)
    except IndexError:
        raise _ends_early(command, payload)


# The functions below keep their state small, see han.zcl.types, and do not grow buffers, for the same reason.


def _ends_early(command, payload):
    return CodecError("%s ends within a record" % name(command), len(payload))


def _decode(command, payload):
    if command == READ_ATTRIBUTES_RESPONSE:
        return _decode_read_response(payload)
    if command == READ_ATTRIBUTES:
        if len(payload) & 1:
            raise CodecError("read_attributes ends within an identifier", len(payload) - 1)
        return [payload[at] | payload[at + 1] << 8 for at in range(0, len(payload), 2)]
    if command <= WRITE_ATTRIBUTES_NO_RESPONSE or command == REPORT_ATTRIBUTES:
        return _decode_write_response(payload) if command == WRITE_ATTRIBUTES_RESPONSE else _decode_values(payload)
    if command == DEFAULT_RESPONSE:
        return payload[0], payload[1]
    if command <= READ_REPORTING_CONFIGURATION_RESPONSE:
        from han.zcl import reporting

        return reporting.decode(command, payload)
    from han.zcl import discovery

    return discovery.decode(command, payload)


def identifier_list(identifiers):
    """The payload of Read Attributes."""
    octets = bytearray(2 * len(identifiers))
    for place in range(len(identifiers)):
        octets[2 * place] = identifiers[place] & 0xFF
        octets[2 * place + 1] = identifiers[place] >> 8
    return bytes(octets)


def _encode_read_response(records):
    parts = [b""] * len(records)
    for place in range(len(records)):
        parts[place] = read_record(records[place])
    return b"".join(parts)


def read_record(record):
    """The octets of one record of a Read Attributes Response: (identifier, status, type, value)."""
    entry, result, type_id, value = record
    if result:
        return bytes((entry & 0xFF, entry >> 8, result))
    return bytes((entry & 0xFF, entry >> 8, 0, type_id)) + types.encode(type_id, value)


def _decode_read_response(payload):
    records = []
    offset = 0
    while offset < len(payload):
        entry = payload[offset] | payload[offset + 1] << 8
        if payload[offset + 2]:
            record = (entry, payload[offset + 2], None, None)
            offset += 3
        else:
            record, end = types.decode(payload[offset + 3], payload, offset + 4)
            record = (entry, 0, payload[offset + 3], record)
            offset = end
        records.append(record)
    return records


def _encode_values(records):
    parts = [b""] * len(records)
    for place in range(len(records)):
        parts[place] = _value_record(records[place])
    return b"".join(parts)


def _value_record(record):
    entry, type_id, value = record
    return bytes((entry & 0xFF, entry >> 8, type_id)) + types.encode(type_id, value)


def _decode_values(payload):
    records = []
    offset = 0
    while offset < len(payload):
        value, end = types.decode(payload[offset + 2], payload, offset + 3)
        records.append((payload[offset] | payload[offset + 1] << 8, payload[offset + 2], value))
        offset = end
    return records


def _decode_write_response(payload):
    if len(payload) == 1 and not payload[0]:
        return []
    return [(payload[at], payload[at + 1] | payload[at + 2] << 8) for at in range(0, len(payload), 3)]
