# SPDX-License-Identifier: Apache-2.0
"""What an ESME answers in DLMS: tenancy, clock, voltage, registers, profile, logs, top-ups [GBCS use cases ECS12, 15a, 17b,
22b, 23, 26b, 29a to 29f, 35a, 35b, 70, CS01a; REQ-0056-6, REQ-085A-4]."""

from han.devices import events, prepayment
from han.devices.cosem import Objects, number_of, rows, scaler_unit, unsigned
from han.gbcs import axdr, cosem_time
from han.gbcs import cosem_places as places
from han.gbcs.dlms_answer import HARDWARE_FAULT, OTHER_REASON, SUCCESS

WATT_HOURS = 30  # COSEM units
VAR_HOURS = 32
NO_UNIT = 255

INTERNAL_CLOCK_BASE = 5  # what ECS70 writes [GBCS 9.1]

_CONDITIONS = (
    ("extreme_over", places.EXTREME_OVER_THRESHOLD, places.EXTREME_OVER_PERIOD),
    ("extreme_under", places.EXTREME_UNDER_THRESHOLD, places.EXTREME_UNDER_PERIOD),
    ("sag", places.SAG_THRESHOLD, places.SAG_PERIOD),
    ("swell", places.SWELL_THRESHOLD, places.SWELL_PERIOD),
)
_OVER_THRESHOLDS = (places.AVERAGE_OVER_THRESHOLD_1, places.AVERAGE_OVER_THRESHOLD_2, places.AVERAGE_OVER_THRESHOLD_3)
_UNDER_THRESHOLDS = (places.AVERAGE_UNDER_THRESHOLD_1, places.AVERAGE_UNDER_THRESHOLD_2, places.AVERAGE_UNDER_THRESHOLD_3)
_UNDER_COUNTERS = (places.UNDER_COUNTER_1, places.UNDER_COUNTER_2, places.UNDER_COUNTER_3)
_OVER_COUNTERS = (places.OVER_COUNTER_1, places.OVER_COUNTER_2, places.OVER_COUNTER_3)
_UNDER_UNITS = (places.UNDER_COUNTER_UNIT_1, places.UNDER_COUNTER_UNIT_2, places.UNDER_COUNTER_UNIT_3)
_OVER_UNITS = (places.OVER_COUNTER_UNIT_1, places.OVER_COUNTER_UNIT_2, places.OVER_COUNTER_UNIT_3)
_UNDER_RESETS = (places.UNDER_COUNTER_RESET_1, places.UNDER_COUNTER_RESET_2, places.UNDER_COUNTER_RESET_3)
_OVER_RESETS = (places.OVER_COUNTER_RESET_1, places.OVER_COUNTER_RESET_2, places.OVER_COUNTER_RESET_3)
_LOGS = (places.VOLTAGE_LOG_1, places.VOLTAGE_LOG_2, places.VOLTAGE_LOG_3)
_PERIODS = (places.VOLTAGE_PERIOD_1, places.VOLTAGE_PERIOD_2, places.VOLTAGE_PERIOD_3)

_U32 = axdr.DOUBLE_LONG_UNSIGNED
_U16 = axdr.LONG_UNSIGNED


class MeterObjects(Objects):
    """The COSEM objects of one ElectricityMeter."""

    def __init__(self, meter):
        super().__init__()
        self._meter = meter
        self._interval = None  # (start, end) of a Set Clock
        self.attribute(places.RESTRICT_DATA, self._restrict_date, self._set_restrict_date)
        self.attribute(places.IMPORT_REGISTERS, self._registers)
        self.attribute(places.IMPORT_PROFILE, self._profile)
        self.attribute(places.EVENT_LOG, self._event_log)
        self.attribute(places.SECURITY_LOG, self._security_log)
        self.method(places.CLEAR_EVENT_LOG, self._clear_event_log)
        self.method(places.ADD_CREDIT, self._add_credit)
        self._clock_objects()
        self._voltage_objects()

    # -- tenancy -------------------------------------------------------------------------------------------

    def _restrict_date(self, selection):
        return (axdr.OCTET_STRING, cosem_time.encode(self._meter.tenancy.date))

    def _set_restrict_date(self, datum):
        """ECS12: executed on receipt, past or future (REQ-0056-6, 8)."""
        date = cosem_time.decode(number_of(datum, axdr.OCTET_STRING))[0]
        self._meter.set_tenancy(date)
        return SUCCESS

    # -- clock -----------------------------------------------------------------------------------------------

    def _clock_objects(self):
        self.attribute(places.TIME_CLOCK_BASE, self._clock_base, self._set_clock_base)
        self.method(places.TIME_PRESET, self._preset)
        self.method(places.TIME_ADJUST, self._adjust)
        self.attribute(places.TIME_VALUE, self._time)
        self.attribute(places.TIME_STATUS, self._time_status)

    def _clock_base(self, selection):
        return (axdr.ENUM, INTERNAL_CLOCK_BASE)

    def _set_clock_base(self, datum):
        return SUCCESS if number_of(datum, axdr.ENUM) == INTERNAL_CLOCK_BASE else OTHER_REASON

    def _preset(self, datum):
        _preset, start, end = [cosem_time.decode(number_of(part, axdr.OCTET_STRING))[0] for part in datum[1]]
        self._interval = (start, end)
        return SUCCESS

    def _adjust(self, datum):
        """The clock takes the hub's time if that lies inside the interval (REQ-CLK-4)."""
        if self._interval is None:
            return OTHER_REASON
        start, end = self._interval
        self._interval = None
        self._meter.timekeeper.set_now(start, end, self._meter.now)
        return SUCCESS

    def _time(self, selection):
        return (axdr.OCTET_STRING, cosem_time.encode(self._meter.utc()))

    def _time_status(self, selection):
        return (axdr.UNSIGNED, self._meter.clock.status)

    # -- voltage ---------------------------------------------------------------------------------------------

    def _voltage_objects(self):
        meter = self._meter
        for name, threshold, period in _CONDITIONS:
            self.attribute(threshold, _Condition(meter, name, True).get, _Condition(meter, name, True).set)
            self.attribute(period, _Condition(meter, name, False).get, _Condition(meter, name, False).set)
        for phase in range(len(meter.voltages)):
            view = _Phase(meter, phase)
            self.attribute(_OVER_THRESHOLDS[phase], view.over_threshold, view.set_over_threshold)
            self.attribute(_UNDER_THRESHOLDS[phase], view.under_threshold, view.set_under_threshold)
            self.attribute(_OVER_COUNTERS[phase], view.over_counter)
            self.attribute(_UNDER_COUNTERS[phase], view.under_counter)
            self.attribute(_OVER_UNITS[phase], view.counter_unit)
            self.attribute(_UNDER_UNITS[phase], view.counter_unit)
            self.method(_OVER_RESETS[phase], view.reset_over)
            self.method(_UNDER_RESETS[phase], view.reset_under)
            self.attribute(_LOGS[phase], view.log)
            self.attribute(_PERIODS[phase], view.period, view.set_period)

    # -- registers and logs ---------------------------------------------------------------------------------

    def _registers(self, selection):
        meter = self._meter
        meter.measure()
        return (
            axdr.STRUCTURE,
            [unsigned(meter.watt_hours()), scaler_unit(WATT_HOURS), unsigned(0), scaler_unit(VAR_HOURS)],
        )

    def _profile(self, selection):
        start, end = selection or (0, None)
        entries = [
            [utc, value]
            for utc, value in self._meter.half_hours.between(start, 0xFFFFFFFF if end is None else end + 1)
            if value is not None
        ]
        return rows((_U32, _U32), entries)

    def _event_log(self, selection):
        return self._events(events.GENERAL, selection, True)

    def _security_log(self, selection):
        return self._events(events.SECURITY, selection, False)

    def _events(self, log, selection, with_data):
        start, end = selection or (0, 0xFFFFFFFE)
        entries = self._meter.event_logs.entries(log, start, end + 1)
        if with_data:
            return rows((_U32, _U16, axdr.OCTET_STRING), [[utc, code, data] for utc, code, data in entries])
        return rows((_U32, _U16), [[utc, code] for utc, code, _ in entries])

    def _clear_event_log(self, datum):
        """ECS15a: the event log alone (REQ-ESME-6)."""
        self._meter.event_logs.clear(events.GENERAL, self._meter.utc())
        return SUCCESS

    def _add_credit(self, datum):
        """CS01a: twenty digits."""
        meter = self._meter
        meter.measure()
        fields = {"top_up_code": number_of(datum, axdr.OCTET_STRING), "originating_device": 0}
        result = meter.account.top_up(fields, meter.now)[1]["result_type"]
        return SUCCESS if result in (prepayment.ACCEPTED, prepayment.ACCEPTED_ARMED) else HARDWARE_FAULT


class _Condition:
    """Threshold (volts) or time (seconds) of sag, swell or an extreme, the same for all phases."""

    def __init__(self, meter, name, is_threshold):
        self._meter = meter
        self._name = name
        self._is_threshold = is_threshold

    def get(self, selection):
        condition = self._meter.excursions[0].conditions[self._name]
        return unsigned(condition.threshold // 1000 if self._is_threshold else condition.seconds)

    def set(self, datum):
        value = number_of(datum)
        for phase in self._meter.excursions:
            condition = phase.conditions[self._name]
            if self._is_threshold:
                condition.threshold = value * 1000
            else:
                condition.seconds = value
        self._meter.voltage_settings_changed()
        return SUCCESS


class _Phase:
    """What belongs to one phase."""

    def __init__(self, meter, phase):
        self._meter = meter
        self._phase = phase

    def over_threshold(self, selection):
        return unsigned(self._meter.thresholds.over[self._phase] // 1000)

    def set_over_threshold(self, datum):
        self._meter.thresholds.over[self._phase] = number_of(datum) * 1000
        self._meter.voltage_settings_changed()
        return SUCCESS

    def under_threshold(self, selection):
        return unsigned(self._meter.thresholds.under[self._phase] // 1000)

    def set_under_threshold(self, datum):
        self._meter.thresholds.under[self._phase] = number_of(datum) * 1000
        self._meter.voltage_settings_changed()
        return SUCCESS

    def over_counter(self, selection):
        return unsigned(self._meter.thresholds.over_counters[self._phase])

    def under_counter(self, selection):
        return unsigned(self._meter.thresholds.under_counters[self._phase])

    def counter_unit(self, selection):
        return scaler_unit(NO_UNIT)

    def reset_over(self, datum):
        self._meter.thresholds.over_counters[self._phase] = 0
        self._meter.voltage_settings_changed()
        return SUCCESS

    def reset_under(self, datum):
        self._meter.thresholds.under_counters[self._phase] = 0
        self._meter.voltage_settings_changed()
        return SUCCESS

    def log(self, selection):
        """Entries of (end of the period, volts), oldest first."""
        start, end = selection or (0, 0xFFFFFFFE)
        at = 4 + 4 * self._phase
        entries = []
        for record in self._meter.voltage_log.between(start, end + 1):
            millivolts = int.from_bytes(record[at : at + 4], "little")
            entries.append([int.from_bytes(record[:4], "little"), (millivolts + 500) // 1000])
        return rows((_U32, _U32), entries)

    def period(self, selection):
        return unsigned(self._meter.periods.period)

    def set_period(self, datum):
        """REQ-085A-4; a polyphase meter has one period, which each phase's object writes."""
        seconds = number_of(datum)
        if not seconds:
            return OTHER_REASON
        if seconds != self._meter.periods.period:
            self._meter.bench_voltage_period({"seconds": seconds}, self._meter.now)
        return SUCCESS
