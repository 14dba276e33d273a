# SPDX-License-Identifier: Apache-2.0
"""What ESME and GPF serve alike: history by day, week and month, and the change of tenancy."""

from micropython import const

from han.devices.history import DAYS, KINDS, MONTHS, WEEKS
from han.zcl import status

DEVICE_MANAGEMENT = 0x0708

_ROW = const(5)  # attribute identifier (2, high octet first), data type, kind of period, age


def period_names(quantity):
    """(attribute name, kind, age) of each period of a history, current ones first [ZSE 5]."""
    rows = []
    for kind, count in (("day", DAYS), ("week", WEEKS), ("month", MONTHS)):
        rows.append(("current_%s_%s_delivered" % (kind, quantity), kind, 0))
        for age in range(1, count):
            place = "" if age == 1 else str(age)
            rows.append(("previous_%s%s_%s_delivered" % (kind, place, quantity), kind, age))
    return rows


def serve_history(attributes, history, quantity, refresh):
    """Serve the visible part of a history as attributes; `refresh()` brings it up to now first."""
    attributes.provide(_Periods(attributes, history, quantity, refresh))


class _Periods:
    """The attributes of a history. One object for all of them: what each one is stands in packed octets."""

    def __init__(self, attributes, history, quantity, refresh):
        self._history = history
        self._refresh = refresh
        table = attributes.table
        rows = []
        for name, kind, age in period_names(quantity):
            identifier = table.identifier(name)
            rows.append(bytes((identifier >> 8, identifier & 0xFF, table.type(identifier), KINDS.index(kind), age)))
        self._rows = b"".join(sorted(rows))
        self._at = 0  # the row found last

    def identifiers(self):
        rows = self._rows
        return [rows[at] << 8 | rows[at + 1] for at in range(0, len(rows), _ROW)]

    def type(self, identifier):
        at = self._find(identifier)
        return None if at is None else self._rows[at + 2]

    def value(self, identifier):
        self._refresh()
        at = self._find(identifier)
        return self._history.visible(KINDS[self._rows[at + 3]], self._rows[at + 4])

    def _find(self, identifier):
        """Where the row of an identifier begins, None where there is none."""
        rows = self._rows
        # One is asked for twice, and the next one then.
        for at in (self._at, self._at + _ROW):
            if at < len(rows) and rows[at] << 8 | rows[at + 1] == identifier:
                self._at = at
                return at
        low, high = 0, len(rows) // _ROW
        while low < high:
            at = (low + high) // 2 * _ROW
            found = rows[at] << 8 | rows[at + 1]
            if found == identifier:
                self._at = at
                return at
            if found < identifier:
                low = at // _ROW + 1
            else:
                high = at // _ROW
        return None


def serve_tenancy(device, tenancy):
    """Answer GetChangeOfTenancy (REQ-0056-20)."""

    def answer(name, fields, message, time):
        if name != "get_change_of_tenancy":
            return status.UNSUP_CLUSTER_COMMAND
        known = tenancy.fields()
        return status.NOT_FOUND if known is None else ("publish_change_of_tenancy", known)

    device.handle(DEVICE_MANAGEMENT, "server", answer)
