# SPDX-License-Identifier: Apache-2.0
"""Payloads of the global commands that are seldom used: discovery and structured access [ZCL 2.5.13 to 2.5.23].

| command | value |
|---|---|
| discover_attributes, discover_attributes_extended | (first identifier, maximum) |
| discover_attributes_response | (complete, [(identifier, type)]) |
| discover_attributes_extended_response | (complete, [(identifier, type, access)]); access 1 read, 2 write, 4 report |
| discover_commands_received, _generated | (first command, maximum) |
| their responses | (complete, [command]) |
| read_attributes_structured | [(identifier, [index])] |
| write_attributes_structured | [(identifier, action, [index], type, value)]; action 0 set, 1 add, 2 remove |
| write_attributes_structured_response | [(status, identifier, [index])], empty where all was written |
"""

from han.errors import CodecError
from han.zcl import commands, types


def encode(command, value):
    """The payload of `command`. Raises CodecError for a command that is none of these."""
    if command in (commands.DISCOVER_ATTRIBUTES, commands.DISCOVER_ATTRIBUTES_EXTENDED):
        return _pair(value[0]) + bytes((value[1],))
    if command in (commands.DISCOVER_COMMANDS_RECEIVED, commands.DISCOVER_COMMANDS_GENERATED):
        return bytes(value)
    if command in (commands.DISCOVER_COMMANDS_RECEIVED_RESPONSE, commands.DISCOVER_COMMANDS_GENERATED_RESPONSE):
        return bytes((1 if value[0] else 0,)) + bytes(value[1])
    if command in (commands.DISCOVER_ATTRIBUTES_RESPONSE, commands.DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE):
        return bytes((1 if value[0] else 0,)) + b"".join([_pair(entry[0]) + bytes(entry[1:]) for entry in value[1]])
    if command == commands.READ_ATTRIBUTES_STRUCTURED:
        return b"".join([_pair(entry) + _selector(indices, 0) for entry, indices in value])
    if command == commands.WRITE_ATTRIBUTES_STRUCTURED:
        return b"".join(
            [
                _pair(entry) + _selector(indices, action) + bytes((type_id,)) + types.encode(type_id, item)
                for entry, action, indices, type_id, item in value
            ]
        )
    if command == commands.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE:
        return (
            b"".join([bytes((failed,)) + _pair(entry) + _selector(indices, 0) for failed, entry, indices in value]) or b"\x00"
        )
    raise CodecError("0x%02X is not a global command" % command)


def decode(command, payload):
    """What the payload of `command` says. Raises CodecError, IndexError where the payload ends early."""
    if command in (commands.DISCOVER_ATTRIBUTES, commands.DISCOVER_ATTRIBUTES_EXTENDED):
        return payload[0] | payload[1] << 8, payload[2]
    if command in (commands.DISCOVER_COMMANDS_RECEIVED, commands.DISCOVER_COMMANDS_GENERATED):
        return payload[0], payload[1]
    if command in (commands.DISCOVER_COMMANDS_RECEIVED_RESPONSE, commands.DISCOVER_COMMANDS_GENERATED_RESPONSE):
        return bool(payload[0]), list(payload[1:])
    if command == commands.DISCOVER_ATTRIBUTES_RESPONSE:
        entries = [(payload[at] | payload[at + 1] << 8, payload[at + 2]) for at in range(1, len(payload), 3)]
        return bool(payload[0]), entries
    if command == commands.DISCOVER_ATTRIBUTES_EXTENDED_RESPONSE:
        entries = []
        for at in range(1, len(payload), 4):
            entries.append((payload[at] | payload[at + 1] << 8, payload[at + 2], payload[at + 3]))
        return bool(payload[0]), entries
    if commands.READ_ATTRIBUTES_STRUCTURED <= command <= commands.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE:
        return _decode_structured(command, payload)
    raise CodecError("0x%02X is not a global command" % command)


def _pair(number):
    return number.to_bytes(2, "little")


def _selector(indices, action):
    if len(indices) > 15:
        raise CodecError("a selector of %d indices is too deep" % len(indices))
    return bytes((len(indices) | action << 4,)) + b"".join([_pair(index) for index in indices])


def _decode_structured(command, payload):
    if command == commands.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE and len(payload) == 1 and not payload[0]:
        return []
    records = []
    offset = 0
    while offset < len(payload):
        failed = 0
        if command == commands.WRITE_ATTRIBUTES_STRUCTURED_RESPONSE:
            failed = payload[offset]
            offset += 1
        entry = payload[offset] | payload[offset + 1] << 8
        selector = payload[offset + 2]
        offset += 3
        indices = []
        for _ in range(selector & 15):
            indices.append(payload[offset] | payload[offset + 1] << 8)
            offset += 2
        if command == commands.READ_ATTRIBUTES_STRUCTURED:
            records.append((entry, indices))
        elif command == commands.WRITE_ATTRIBUTES_STRUCTURED:
            type_id = payload[offset]
            value, offset = types.decode(type_id, payload, offset + 1)
            records.append((entry, selector >> 4, indices, type_id, value))
        else:
            records.append((failed, entry, indices))
    return records
