# SPDX-License-Identifier: Apache-2.0
"""The templates of GBZ use cases [GBCS 18.1]: which components a command and its answer have, with which fields."""

from han.gbcs.envelope import COMMAND, RESPONSE, GbcsError
from han.gbcs.gbz_table import FIELDS, ROWS

_ROW = 14
_ENCRYPTED = 1
_FROM_DATE_TIME = 2
_STRING = 14
_STRUCTURE = 15
_RANGE = 15


class Template:
    """One component of a message: `cluster`, `frame_control` and `command` of its ZCL header, `encrypted`,
    `has_from_date_time`; of a command's component `fewest` and `most` of them, and the numbers of the components of
    the response that answer it: `answer` with data, `default` with a status, 0 for none."""

    def __init__(self, at):
        row = ROWS[at : at + _ROW]
        self.number = row[2] & 0x3F
        self.cluster = row[3] << 8 | row[4]
        self.frame_control = row[5]
        self.command = row[6]
        self.encrypted = bool(row[7] & _ENCRYPTED)
        self.has_from_date_time = bool(row[7] & _FROM_DATE_TIME)
        self.fewest = row[8]
        self.most = row[9]
        self.answer = row[10]
        self.default = row[11]
        self._fields = row[12] << 8 | row[13]

    def is_cluster_command(self):
        """Whether the command is the cluster's own, not one of all clusters."""
        return bool(self.frame_control & 3)

    def is_kind_of(self, component):
        """Whether a component has this template's header."""
        return (
            component.cluster == self.cluster
            and component.command == self.command
            and component.frame_control == self.frame_control
            and component.encrypted == self.encrypted
            and (component.from_date_time is not None) == self.has_from_date_time
        )

    def fits(self, payload):
        """Whether a ZCL payload has the fields of this template, with their fixed values."""
        at = 0
        for width, kind, place in self.fields():
            if width == _STRUCTURE:
                return True
            if at >= len(payload):
                return False
            if width == _STRING:
                end = at + 1 + (payload[at] if payload[at] != 0xFF else 0)
                if kind and payload[at] != FIELDS[place]:
                    return False
            else:
                end = at + width
                if kind and not _is_allowed(payload, at, width, kind, place):
                    return False
            at = end
            if at > len(payload):
                return False
        return at == len(payload)

    def fields(self):
        """(width, count of fixed values, their place in FIELDS) of each field, as gbz_table describes them."""
        at = self._fields
        while FIELDS[at]:
            width = FIELDS[at] & 0x0F
            kind = FIELDS[at] >> 4
            at += 1
            yield width, kind, at
            if width != _STRUCTURE:
                at += (2 if kind == _RANGE else kind) * (1 if width == _STRING else width)


def _is_allowed(payload, at, width, kind, place):
    if kind == _RANGE:
        value = int.from_bytes(payload[at : at + width], "little")
        low = int.from_bytes(FIELDS[place : place + width], "little")
        high = int.from_bytes(FIELDS[place + width : place + 2 * width], "little")
        return low <= value <= high
    for _ in range(kind):
        if payload[at : at + width] == FIELDS[place : place + width]:
            return True
        place += width
    return False


def components(code, direction):
    """The templates of a message code in order; `direction` is COMMAND, RESPONSE or ALERT."""
    if code is None:
        return []
    low, high = 0, len(ROWS) // _ROW
    key = code << 8 | direction << 6
    while low < high:
        middle = (low + high) // 2
        at = middle * _ROW
        if (ROWS[at] << 8 | ROWS[at + 1]) << 8 | ROWS[at + 2] < key:
            low = middle + 1
        else:
            high = middle
    found = []
    at = low * _ROW
    while at < len(ROWS) and (ROWS[at] << 8 | ROWS[at + 1]) == code and ROWS[at + 2] >> 6 == direction:
        found.append(Template(at))
        at += _ROW
    return found


def match(code, found):
    """The template of each of the components `found` of a command, in order; raises GbcsError where they differ."""
    templates = components(code, COMMAND)
    matched = []
    index = 0
    count = 0
    for number in range(len(found)):
        component = found[number]
        while index < len(templates) and not (templates[index].is_kind_of(component) and count < templates[index].most):
            if count < templates[index].fewest:
                raise GbcsError("component %d is not the one that the template has there" % number)
            index += 1
            count = 0
        if index == len(templates):
            raise GbcsError("component %d is not in the template" % number)
        if component.sequence != number:
            raise GbcsError("component %d has the sequence number %d" % (number, component.sequence))
        if not templates[index].fits(component.payload):
            raise GbcsError("component %d has other fields than the template" % number)
        count += 1
        matched.append(templates[index])
    for template in templates[index:]:
        if count < template.fewest:
            raise GbcsError("%d components are fewer than the template has" % len(found))
        count = 0
    return matched


def response(code, number):
    """The template of one component of a response."""
    for template in components(code, RESPONSE):
        if template.number == number:
            return template
    raise GbcsError("message code %04X has no response component %d" % (code, number))
