# SPDX-License-Identifier: Apache-2.0
"""Uncontrolled gas flow: a flow above the threshold over the measurement period disables the supply (REQ-0023-1 to 5)."""

from micropython import const

from han.devices.prepayment import OFF

UNCONTROLLED_FLOW = const(0x81BF)

_STORE = "flow_guard"
_CUBIC_METRE = const(1)  # unit of measure: m3, here m3 an hour
_UNCHANGED = const(3)  # supply state
_ATTRIBUTES = (
    ("uncontrolled_flow_threshold", "uncontrolled_flow_threshold", 0),
    ("uncontrolled_flow_unit_of_measure", "unit_of_measure", _CUBIC_METRE),
    ("uncontrolled_flow_multiplier", "multiplier", 1),
    ("uncontrolled_flow_divisor", "divisor", 1),
    ("flow_stabilisation_period", "stabilisation_period", 0),
    ("flow_measurement_period", "measurement_period", 0),
)


class FlowGuard:
    """Watches a meter's register while it is armed and the supply is on, one measurement period after the other (I).

    `metering` is the meter's server, which shows the settings; `values` keeps them. `trip()` is called when the flow is
    too great. Volumes are litres; the meter asks `deadline` and calls `look` when it is due.
    """

    def __init__(self, metering, values, trip):
        self._metering = metering
        self._values = values
        self._trip = trip
        kept = values.get(_STORE, {})
        for name, _, default in _ATTRIBUTES:
            metering.set(name, kept.get(name, default))
        metering.set("supply_tamper_state", kept.get("supply_tamper_state", _UNCHANGED))
        metering.set("supply_depletion_state", kept.get("supply_depletion_state", _UNCHANGED))
        self._armed = kept.get("armed", False)
        self._start = None  # (time, litres) of the measurement under way
        self._until = None

    def set_threshold(self, fields):
        """GCS24, GCS24a, first part."""
        for name, field, _ in _ATTRIBUTES:
            self._metering.set(name, fields[field])
        self._keep()

    def set_states(self, fields):
        """The second part: what tampering, depletion and uncontrolled flow do to the supply."""
        for name in ("supply_tamper_state", "supply_depletion_state"):
            self._metering.set(name, fields[name])
        self._armed = fields["supply_uncontrolled_flow_state"] == OFF
        self._keep()

    def litres_an_hour(self):
        """The threshold, None where it cannot be said."""
        get = self._metering.get
        divisor = get("uncontrolled_flow_divisor")
        if not divisor or get("uncontrolled_flow_unit_of_measure") != _CUBIC_METRE:
            return None
        return get("uncontrolled_flow_threshold") * get("uncontrolled_flow_multiplier") * 1000 / divisor

    def deadline(self):
        """Node time of the next look, None for none."""
        return self._until

    def begin(self, time):
        """The supply is on, or settings have changed: after the stabilisation period the flow is measured."""
        get = self._metering.get
        self._start = None
        self._until = None
        if self._armed and get("flow_measurement_period") and self.litres_an_hour() is not None:
            self._until = time + get("flow_stabilisation_period")

    def end(self):
        """The supply is off: nothing flows any more."""
        self._start = None
        self._until = None

    def look(self, time, litres):
        """The flow is settled, or the measurement period is over: `litres` is the register."""
        start = self._start
        self._start = (time, litres)
        self._until = time + self._metering.get("flow_measurement_period")
        if start is not None and (litres - start[1]) * 3600 > self.litres_an_hour() * (time - start[0]):
            self._trip()

    def _keep(self):
        names = [name for name, _, _ in _ATTRIBUTES] + ["supply_tamper_state", "supply_depletion_state"]
        kept = {name: self._metering.get(name) for name in names}
        kept["armed"] = self._armed
        self._values.set(_STORE, kept)
