# SPDX-License-Identifier: Apache-2.0
"""What ESME and GPF serve alike: history by day, week and month, and the change of tenancy."""

from han.devices.history import DAYS, MONTHS, WEEKS
from han.zcl import status

DEVICE_MANAGEMENT = 0x0708


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
    for name, kind, age in period_names(quantity):
        attributes.reader(name, _Period(history, kind, age, refresh))


class _Period:
    # A class and not a closure: MicroPython keeps one small object a period instead of a chain of cells.

    def __init__(self, history, kind, age, refresh):
        self._history = history
        self._kind = kind
        self._age = age
        self._refresh = refresh

    def __call__(self):
        self._refresh()
        return self._history.visible(self._kind, self._age)


def serve_tenancy(device, tenancy):
    """Answer GetChangeOfTenancy (REQ-0056-20)."""

    def answer(name, fields, message, time):
        if name != "get_change_of_tenancy":
            return status.UNSUP_CLUSTER_COMMAND
        known = tenancy.fields()
        return status.NOT_FOUND if known is None else ("publish_change_of_tenancy", known)

    device.handle(DEVICE_MANAGEMENT, "server", answer)
