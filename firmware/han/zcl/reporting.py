# SPDX-License-Identifier: Apache-2.0
"""Attribute reporting: payloads of its configuration, and when a report is due [ZCL 2.5.7 to 2.5.11]."""

from micropython import const

from han.zcl import commands, types

OWN = const(0)  # direction: the receiver of the configuration reports
EXPECTED = const(1)  # direction: the receiver is told what it will be sent

STOPPED = const(0xFFFF)  # a maximum interval that ends reporting


def encode(command, value):
    """The payload of a reporting command; for the values see `han.zcl.commands`. Raises CodecError."""
    octets = bytearray()
    for record in value:
        if command == commands.CONFIGURE_REPORTING:
            _append_settings(octets, record)
        elif command == commands.READ_REPORTING_CONFIGURATION:
            octets += bytes((record[0], record[1] & 0xFF, record[1] >> 8))
        elif command == commands.READ_REPORTING_CONFIGURATION_RESPONSE and not record[0]:
            octets.append(0)
            _append_settings(octets, record[1:])
        else:
            status, direction, entry = record
            octets += bytes((status, direction, entry & 0xFF, entry >> 8))
    if command == commands.CONFIGURE_REPORTING_RESPONSE and not octets:
        return b"\x00"
    return bytes(octets)


def decode(command, payload):
    """What the payload of a reporting command says. Raises CodecError, IndexError where the payload ends early."""
    if command == commands.CONFIGURE_REPORTING_RESPONSE and len(payload) == 1 and not payload[0]:
        return []
    records = []
    offset = 0
    while offset < len(payload):
        if command == commands.CONFIGURE_REPORTING:
            record, offset = _settings(payload, offset)
        elif command == commands.READ_REPORTING_CONFIGURATION:
            record = (payload[offset], payload[offset + 1] | payload[offset + 2] << 8)
            offset += 3
        elif command == commands.READ_REPORTING_CONFIGURATION_RESPONSE and not payload[offset]:
            record, offset = _settings(payload, offset + 1)
            record = (0,) + record
        else:
            record = (payload[offset], payload[offset + 1], payload[offset + 2] | payload[offset + 3] << 8)
            offset += 4
        records.append(record)
    return records


def _append_settings(octets, record):
    direction, entry = record[:2]
    octets += bytes((direction, entry & 0xFF, entry >> 8))
    if direction:
        octets += record[2].to_bytes(2, "little")
        return
    type_id, minimum, maximum, change = record[2:]
    octets.append(type_id)
    octets += minimum.to_bytes(2, "little")
    octets += maximum.to_bytes(2, "little")
    if types.is_analog(type_id):
        octets += types.encode(type_id, change)


def _settings(payload, offset):
    direction = payload[offset]
    entry = payload[offset + 1] | payload[offset + 2] << 8
    if direction:
        return (direction, entry, payload[offset + 3] | payload[offset + 4] << 8), offset + 5
    type_id = payload[offset + 3]
    types.size(type_id)  # an unknown type hides where the record ends
    minimum = payload[offset + 4] | payload[offset + 5] << 8
    maximum = payload[offset + 6] | payload[offset + 7] << 8
    offset += 8
    change = None
    if types.is_analog(type_id):
        change, offset = types.decode(type_id, payload, offset)
    return (direction, entry, type_id, minimum, maximum, change), offset


class Reporting:
    """When the attributes of one side of a cluster are reported.

    `read(identifier) -> (type, value)` gives the present value; times are the device's running seconds.
    A change of None, or of 0, means that any change is reported.
    """

    def __init__(self, read):
        self._read = read
        self._plans = {}  # identifier -> [minimum, maximum, change, value last reported, time of that report]
        self.expected = {}  # identifier -> timeout s, reports that the other side promised

    def configure(self, identifier, minimum, maximum, change, time):
        """Report `identifier` from `time` on; a maximum of STOPPED ends it, 0 means only on change."""
        if maximum == STOPPED:
            self._plans.pop(identifier, None)
        else:
            self._plans[identifier] = [minimum, maximum, change, self._read(identifier)[1], time]

    def settings(self, identifier):
        """(minimum, maximum, change) of an attribute that is reported, otherwise None."""
        plan = self._plans.get(identifier)
        return None if plan is None else tuple(plan[:3])

    def due(self, time):
        """Identifiers to be reported now, in ascending order."""
        return sorted([identifier for identifier in self._plans if self._is_due(identifier, time)])

    def records(self, time):
        """The records of the report that is due, [(identifier, type, value)], taken as sent; [] where none is."""
        records = []
        for identifier in self.due(time):
            type_id, value = self._read(identifier)
            plan = self._plans[identifier]
            plan[3] = value
            plan[4] = time
            records.append((identifier, type_id, value))
        return records

    def deadline(self):
        """The time of the next report that is due without any change, None where there is none.

        A device whose attribute changes asks `records` again; a change within the minimum interval waits for it.
        """
        earliest = None
        for identifier, plan in self._plans.items():
            minimum, maximum, _, _, reported = plan
            if self._has_changed(identifier, plan):
                moment = reported + minimum
            elif maximum:
                moment = reported + maximum
            else:
                continue
            if earliest is None or moment < earliest:
                earliest = moment
        return earliest

    def _is_due(self, identifier, time):
        plan = self._plans[identifier]
        elapsed = time - plan[4]
        if plan[1] and elapsed >= plan[1]:
            return True
        return elapsed >= plan[0] and self._has_changed(identifier, plan)

    def _has_changed(self, identifier, plan):
        type_id, value = self._read(identifier)
        before = plan[3]
        if value == before:
            return False
        change = plan[2]
        if not change or value is None or before is None or not types.is_analog(type_id):
            return True
        if isinstance(value, bytes):
            return True  # a date or time of day: its octets are no quantity
        return abs(value - before) >= change
