# SPDX-License-Identifier: Apache-2.0
"""The seldom used part of the foundation's server: configuration of reporting, and discovery [ZCL 2.5.7 to 2.5.23]."""

from han.zcl import commands, reporting, status
from han.zcl.frame import GLOBAL, TO_CLIENT, TO_SERVER


def answer(attributes, frame, records, time, reply):
    """Octets of the answer to a decoded global command, or a status. `reply(frame, type, command, payload)` builds it."""
    command = frame.command
    if command == commands.CONFIGURE_REPORTING:
        response = _configured(attributes, records, time)
    elif command == commands.READ_REPORTING_CONFIGURATION:
        response = [_settings(attributes, direction, entry) for direction, entry in records]
    elif command == commands.DISCOVER_ATTRIBUTES:
        response = _page(attributes.identifiers(), records, lambda entry: (entry, attributes.type(entry)))
    elif command == commands.DISCOVER_ATTRIBUTES_EXTENDED:
        response = _page(attributes.identifiers(), records, lambda entry: _extended(attributes, entry))
    elif command == commands.DISCOVER_COMMANDS_RECEIVED:
        response = _page(_numbers(attributes, attributes.received, frame.direction), records, _same)
    elif command == commands.DISCOVER_COMMANDS_GENERATED:
        direction = TO_SERVER if frame.direction == TO_CLIENT else TO_CLIENT
        response = _page(_numbers(attributes, attributes.generated, direction), records, _same)
    else:
        return status.SUCCESS  # a response: there is nothing to say about it
    # Every response's number follows its request's.
    return reply(frame, GLOBAL, command + 1, commands.encode(command + 1, response))


def _same(entry):
    return entry


def _page(entries, request, describe):
    """(complete, descriptions) of at most so many entries from the first one on."""
    first, maximum = request
    found = [entry for entry in entries if entry >= first]
    return len(found) <= maximum, [describe(entry) for entry in found[:maximum]]


def _extended(attributes, entry):
    access = attributes.table.access(entry, attributes.side) or 1
    if attributes.reporting is not None:
        access |= 4
    return entry, attributes.type(entry), access


def _numbers(attributes, names, direction):
    return sorted([attributes.table.command_named(name, direction).id for name in names or ()])


def _configured(attributes, records, time):
    failures = []
    for record in records:
        result = _configure(attributes, record, time)
        if result:
            failures.append((result, record[0], record[1]))
    return failures


def _configure(attributes, record, time):
    direction, entry = record[:2]
    if direction == reporting.EXPECTED:
        if attributes.reported is None:
            return status.UNREPORTABLE_ATTRIBUTE
        attributes.reports().expected[entry] = record[2]
        return status.SUCCESS
    if direction != reporting.OWN:
        return status.INVALID_FIELD
    _, _, type_id, minimum, maximum, change = record
    if not attributes.has(entry):
        return status.UNSUPPORTED_ATTRIBUTE
    if attributes.type(entry) != type_id:
        return status.INVALID_DATA_TYPE
    if attributes.reporting is None:
        return status.UNREPORTABLE_ATTRIBUTE
    if maximum and maximum < minimum and maximum != reporting.STOPPED:
        return status.INVALID_VALUE
    attributes.reporting.configure(entry, minimum, maximum, change, 0 if time is None else time)
    return status.SUCCESS


def _settings(attributes, direction, entry):
    engine = attributes.reporting
    if direction == reporting.EXPECTED:
        timeout = None if engine is None else engine.expected.get(entry)
        return (status.NOT_FOUND, direction, entry) if timeout is None else (0, direction, entry, timeout)
    if not attributes.has(entry):
        return status.UNSUPPORTED_ATTRIBUTE, direction, entry
    settings = None if engine is None else engine.settings(entry)
    if settings is None:
        return (status.UNREPORTABLE_ATTRIBUTE if engine is None else status.NOT_FOUND), direction, entry
    minimum, maximum, change = settings
    return 0, direction, entry, attributes.type(entry), minimum, maximum, change
