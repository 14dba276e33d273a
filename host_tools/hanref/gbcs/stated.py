# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-globals
"""Parts of a device that consists of what a state says: settings and account of a gas meter, COSEM objects, a clock.

Written for CPython and MicroPython alike; `hanref.gbcs.modelled` puts them together.
"""

from han.clock import RELIABLE
from han.devices.prepayment import DEFAULTS, Prepayment
from han.gbcs import axdr, cosem_time
from han.gbcs import cosem_places as places
from han.gbcs.dlms_answer import OBJECT_UNDEFINED, OTHER_REASON, SUCCESS
from han.stores.memory import MemoryValues
from han.zcl import status
from han.zcl.attributes import Attributes

PREPAYMENT = 0x0705
NULL = (axdr.NULL, None)
EVER = 0x7FFFFFFF  # of a lock: seconds that no message outlives


class StatedMeter:
    """The settings of a gas meter as han.gbcs.gas_settings asks for them.

    `plain`: `waiting`, the message codes of commands kept for their date; `payment` as [friendly credit, calendar, limit,
    threshold]; `event_configurations` as [[event, configuration], ...]; `sample_id`, the next to give; `account` as
    {attribute of the Prepayment cluster: value} with `used`, the UTRN counters seen, and `locked`; `top_up_fault` as
    [result, value]: what a top-up ends with that fails for a fault of the meter. `supplier` and `secret` are whose
    top-ups it takes; `gbcs_utc(time)` is what its clock says.
    """

    def __init__(self, identity, gbcs_utc, plain, supplier, secret):
        self.gbcs_utc = gbcs_utc
        self._identity = identity
        self._waiting = set(plain.get("waiting", ()))
        self._payment = plain.get("payment", [0, 0, 0, 0])
        self._configurations = plain.get("event_configurations", [])
        self._sample_id = plain.get("sample_id", 0)
        self._fault = plain.get("top_up_fault")
        self._supplier = supplier
        self._secret = secret
        account = plain.get("account", {})
        values = MemoryValues()
        values.set("utrn_counters", account.get("used", []))
        settings = {name: account.get(name, DEFAULTS[name]) for name in DEFAULTS}
        self._account = Prepayment(Attributes(PREPAYMENT), values, settings, _nothing, _nothing, _nothing, _nothing)
        if account.get("locked"):
            self._account.lock(EVER)

    def carry_out(self, cluster, name, fields, request):
        return status.SUCCESS

    def plan(self, utc, request):
        self._waiting.add(request.message.message_code)

    def is_waiting(self, message_code):
        return message_code in self._waiting

    def cancel(self, message_code):
        self._waiting.discard(message_code)

    def payment(self):
        return self._payment

    def event_configurations(self):
        return self._configurations

    def start_sampling(self, fields):
        self._sample_id += 1
        return self._sample_id - 1

    def top_up(self, fields, request):
        if self._fault is not None:
            result, value = self._fault
        else:
            digits = "".join([chr(octet) for octet in fields["top_up_code"]])
            result, pence = self._account.top_up(digits, self._secret, self._supplier, self._identity, 0, request.time)
            value = pence * 1000
        return {
            "result_type": result,
            "top_up_value": value,
            "source_of_top_up": fields["originating_device"],
            "credit_remaining": self._account.credit(),
        }


class StatedObjects:
    """COSEM attributes and what methods return, {(class, OBIS code, number): datum}; `clock` is a StatedClock.

    Logs are compact arrays or arrays of structures whose first column is the time; a range selects both its ends.
    """

    def __init__(self, attributes, methods, clock):
        self._attributes = attributes
        self._methods = methods
        self._clock = clock

    def get(self, place, selection):
        if place in self._clock.attributes:
            return SUCCESS, self._clock.attributes[place]()
        datum = self._attributes.get(place)
        if datum is None:
            return OBJECT_UNDEFINED, NULL
        return SUCCESS, datum if selection is None else selected(datum, selection)

    def set(self, place, datum):
        if place not in self._attributes:
            return OBJECT_UNDEFINED
        self._attributes[place] = datum
        return SUCCESS

    def action(self, place, datum):
        if place in self._clock.methods:
            return self._clock.methods[place](datum), NULL
        found = self._methods.get(place)
        return (OBJECT_UNDEFINED, NULL) if found is None else (SUCCESS, found)


def selected(datum, selection):
    """The rows of a log from the first to the second time of `selection`, both included."""
    tag, value = datum
    start, end = selection
    if tag == axdr.COMPACT_ARRAY:
        return tag, (value[0], [row for row in value[1] if start <= row[0] <= end])
    if tag == axdr.ARRAY:
        return tag, [row for row in value if start <= row[1][0][1] <= end]
    return datum


class StatedClock:
    """A clock that a Set Clock sets to the hub's time, if that lies inside the interval [GBCS 9.1].

    `plain` is [what it says in `utc` or None, its status, the hub's time or None].
    """

    def __init__(self, plain):
        self.utc, self.status, self._hub = plain
        self._interval = None
        self.attributes = {places.TIME_VALUE: self._value, places.TIME_STATUS: self._status}
        self.methods = {places.TIME_PRESET: self._preset, places.TIME_ADJUST: self._adjust}

    def set_between(self, start, end):
        """Take the hub's time if it lies between these; (what the clock says now, its status)."""
        if self._hub is not None and start <= self._hub <= end:
            self.utc = self._hub
            self.status = RELIABLE
        return self.utc, self.status

    def _value(self):
        return (axdr.OCTET_STRING, cosem_time.encode(self.utc))

    def _status(self):
        return (axdr.UNSIGNED, self.status)

    def _preset(self, datum):
        self._interval = [cosem_time.decode(part[1])[0] for part in datum[1][1:]]
        return SUCCESS

    def _adjust(self, datum):
        if self._interval is None:
            return OTHER_REASON
        self.set_between(*self._interval)
        return SUCCESS


def _nothing(*_):
    pass
