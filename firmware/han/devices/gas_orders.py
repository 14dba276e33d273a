# SPDX-License-Identifier: Apache-2.0
"""What the supplier's commands do at the gas meter: settings, money, supply, top-ups, sampling; at once or at their date
[GBCS 9.2, 18.1; han.gbcs.gas_settings asks for these methods]."""

from micropython import const

from han.devices import events, flow_guard, prepayment, snapshots
from han.errors import HanError
from han.gbcs import gas_answers, gbz, gbz_alerts
from han.gbcs.envelope import COMMAND
from han.zcl import clusters, status

DONE = const(0x8F66)  # a command was carried out at its date
FAILED = const(0x8F67)
_EXECUTION_ALERT = "FD-GBZ"
_CONTENT_LENGTH = const(14)

_WAITING = "gas_waiting"
_EVENTS = "event_configurations"
_NON_DISABLEMENT_CALENDAR = const(2)  # the identifier that answers of GCS02 and GCS03 have
_SAMPLE_ID = const(2)  # of GCS31 [REQ-GSME-4]

# Credit adjustments [GCS40a to d]; that of the credit mode's balance is subtracted (REQ-GSME-8).
_ADD_TO_CREDIT = const(0)
_SET_CREDIT = const(1)
_SET_BALANCE = const(2)
_TAKE_FROM_BALANCE = const(3)

# Lists of events and what is done with them [GCS20].
_BY_LIST = const(0)
_LOG = const(0x07)  # bits of an event's configuration [ZSE 8]: the log it goes to, whether WAN and HAN are told
_TO_WAN = const(0x08)
_TO_HAN = const(0x10)
_LOGGED = events.GENERAL
_TOLD = events.GENERAL | _TO_WAN
_SHOWN = events.GENERAL | _TO_WAN | _TO_HAN

# The events of the group 0x81 that the meter knows, as they are configured before the supplier says otherwise (REQ-078-1).
_SUPPORTED = (
    (prepayment.LOW_CREDIT, _SHOWN),
    (prepayment.EMERGENCY_CREDIT_AVAILABLE, _SHOWN),
    (events.CLOCK_ADJUSTED, _LOGGED),
    (events.COMMAND_ACCEPTED, _LOGGED),
    (events.COMMAND_REFUSED, _LOGGED),
    (prepayment.EMERGENCY_CREDIT_EXHAUSTED, _SHOWN),
    (prepayment.EMERGENCY_CREDIT_ACTIVATED, _SHOWN),
    (flow_guard.UNCONTROLLED_FLOW, _TOLD),
    (prepayment.REFUSED_LOCKED_OUT, _TOLD),
)


class GasOrders:
    """`meter` is the meter's side to the WAN, a GasWan; `values` keeps what waits for its date."""

    def __init__(self, meter, values):
        self._meter = meter
        self._values = values
        self._waiting = values.get(_WAITING, {})  # message code -> [utc, originator, counter, payload]
        self._events = values.get(_EVENTS, {})  # event -> configuration, where the supplier set it

    # -- what han.gbcs.gas_settings asks for ----------------------------------------------------------------------

    def gbcs_utc(self, time):
        return self._meter.gbcs_utc(time)

    def plan(self, utc, request):
        message = request.message
        entry = [utc, message.originator, message.originator_counter, bytes(message.payload)]
        self._waiting[message.message_code] = entry
        self._keep()

    def is_waiting(self, message_code):
        return message_code in self._waiting

    def cancel(self, message_code):
        del self._waiting[message_code]
        self._keep()

    def payment(self):
        settings = self._meter.prepayment
        suspends = 1 if self._meter.tables.calendar(gas_answers.NON_DISABLEMENT) is not None else 0
        return (
            suspends,
            _NON_DISABLEMENT_CALENDAR,
            settings.get("emergency_credit_limit_allowance"),
            settings.get("emergency_credit_threshold"),
        )

    def event_configurations(self):
        """[event, configuration] in order; nothing of a meter that cannot supply them (REQ-078-2)."""
        if not self._meter.tells_configurations:
            return []
        found = dict(_SUPPORTED)
        found.update(self._events)
        return [[event, found[event]] for event in sorted(found)]

    def event_behaviour(self, code):
        """(whether an event is logged, whether the WAN is told of it)."""
        configured = self._events.get(code)
        return (True, True) if configured is None else (bool(configured & _LOG), bool(configured & _TO_WAN))

    def start_sampling(self, fields):
        self._meter.start_network_log(fields["sample_request_interval"], fields["max_number_of_samples"])
        return _SAMPLE_ID

    def top_up(self, fields, request):
        return self._meter.account.top_up(fields, self._meter.now)[1]

    def carry_out(self, cluster, name, fields, request):
        """Do it now; a ZCL status."""
        done = _ORDERS.get(name)
        if done is None:
            result = self._meter.tables.take(name, fields)
            if result == status.SUCCESS:
                self._meter.tables_changed(name)
        else:
            result = done(self, fields)
        return status.SUCCESS if result is None else result

    # -- dates -----------------------------------------------------------------------------------------------------

    def next_date(self):
        """When the next command that waits is due, None while none does."""
        return min([entry[0] for entry in self._waiting.values()]) if self._waiting else None

    def carry_out_due(self, utc):
        """Do what is due at `utc`; an alert tells of every component [GBCS 16, reference 3.4]."""
        for code in sorted([code for code, entry in self._waiting.items() if entry[0] <= utc]):
            _, originator, counter, payload = self._waiting.pop(code)
            self._keep()
            for component in gbz.decode(payload, COMMAND, code).components:
                self._carry_out_component(component, code, originator, counter, utc)

    def _carry_out_component(self, component, code, originator, counter, utc):
        direction = component.frame_control >> 3 & 1
        try:
            name, fields = clusters.decode_command(component.cluster, component.command, direction, component.payload)
            result = self.carry_out(component.cluster, name, fields, None)
        except HanError:
            result = status.FAILURE
        alert = DONE if result == status.SUCCESS else FAILED
        content = bytes((_CONTENT_LENGTH,)) + code.to_bytes(2, "big") + counter.to_bytes(8, "big")
        content += component.cluster.to_bytes(2, "big") + bytes((component.frame_control, component.command))
        meter = self._meter
        meter.event(alert, code.to_bytes(2, "big"), False)
        meter.tell_wan(lambda: gbz_alerts.send(meter.server, _EXECUTION_ALERT, originator, alert, utc, content))

    def _keep(self):
        self._values.set(_WAITING, self._waiting)
        self._meter.plan_dates()

    # -- orders ----------------------------------------------------------------------------------------------------

    def _change_payment_mode(self, fields):
        cut_off = fields["cut_off_value"]
        credit = self._meter.account.prepayment
        now = self._meter.prepayment.get("cut_off_value")
        credit.set_mode(fields["proposed_payment_control_configuration"], now if cut_off in (None, -1) else cut_off)
        self._meter.billing_snapshot(snapshots.CHANGE_OF_MODE)
        self._kept()

    def _emergency_credit_setup(self, fields):
        self._set("emergency_credit_limit_allowance", fields["emergency_credit_limit"])
        self._set("emergency_credit_threshold", fields["emergency_credit_threshold"])

    def _set_overall_debt_cap(self, fields):
        self._set("overall_debt_cap", fields["overall_debt_cap"])

    def _set_low_credit_warning_level(self, fields):
        self._set("low_credit_warning", fields["low_credit_warning_level"])

    def _set_maximum_credit_limit(self, fields):
        self._set("max_credit_limit", fields["maximum_credit_level"])
        self._set("max_credit_per_top_up", fields["maximum_credit_per_top_up"])

    def _change_debt(self, fields):
        """Types come in pairs, absolute and incremental, for time debts 1 and 2 and the payment debt."""
        number = (fields["debt_amount_type"] >> 1) + 1
        name = "debt_amount%d" % number
        amount = fields["debt_amount"]
        if fields["debt_amount_type"] & 1:
            amount += self._meter.prepayment.get(name)
        self._set(name, max(0, amount))
        if number < 3:
            self._set("debt_recovery_frequency%d" % number, fields["debt_recovery_frequency"])
            self._set("debt_recovery_amount%d" % number, fields["debt_recovery_amount"])
        else:
            self._set("debt_recovery_top_up_percentage3", fields["debt_recovery_balance_percentage"])

    def _credit_adjustment(self, fields):
        account = self._meter.account
        kind = fields["credit_adjustment_type"]
        value = fields["credit_adjustment_value"]
        if kind == _ADD_TO_CREDIT:
            account.prepayment.adjust(value)
        elif kind == _SET_CREDIT:
            account.prepayment.adjust(value - account.prepayment.credit())
        elif kind == _SET_BALANCE:
            account.bill = value
        elif kind == _TAKE_FROM_BALANCE:
            account.bill = max(0, account.bill - value)  # the attribute has no sign
        else:
            return status.INVALID_FIELD
        account.keep()
        return status.SUCCESS

    def _select_available_emergency_credit(self, fields):
        return self._meter.account.prepayment.select_emergency_credit()

    def _change_supply(self, fields):
        return self._meter.account.set_supply(fields["proposed_supply_status"])

    def _set_uncontrolled_flow_threshold(self, fields):
        self._meter.flow_guard.set_threshold(fields)
        self._meter.guard_changed()

    def _set_supply_status(self, fields):
        self._meter.flow_guard.set_states(fields)
        self._meter.guard_changed()

    def _set_event_configuration(self, fields):
        if fields["configuration_control"] != _BY_LIST:
            return status.INVALID_FIELD
        for event in fields["event_configuration_payload"]["event_ids"]:
            self._events[event] = fields["event_configuration"]
        self._values.set(_EVENTS, self._events)
        return status.SUCCESS

    def _publish_change_of_supplier(self, fields):
        self._meter.tables.take("publish_change_of_supplier", fields)
        self._meter.billing_snapshot(snapshots.CHANGE_OF_SUPPLIER)

    def _display_message(self, fields):
        self._meter.report("message", {"message": fields["message"]})

    def _request_new_password_response(self, fields):
        self._meter.report("password", {"type": fields["password_type"]})

    def _set(self, name, value):
        self._meter.prepayment.set(name, value)
        self._kept()

    def _kept(self):
        self._meter.account.keep()


_ORDERS = {
    "change_payment_mode": GasOrders._change_payment_mode,
    "emergency_credit_setup": GasOrders._emergency_credit_setup,
    "set_overall_debt_cap": GasOrders._set_overall_debt_cap,
    "set_low_credit_warning_level": GasOrders._set_low_credit_warning_level,
    "set_maximum_credit_limit": GasOrders._set_maximum_credit_limit,
    "change_debt": GasOrders._change_debt,
    "credit_adjustment": GasOrders._credit_adjustment,
    "select_available_emergency_credit": GasOrders._select_available_emergency_credit,
    "change_supply": GasOrders._change_supply,
    "set_uncontrolled_flow_threshold": GasOrders._set_uncontrolled_flow_threshold,
    "set_supply_status": GasOrders._set_supply_status,
    "set_event_configuration": GasOrders._set_event_configuration,
    "publish_change_of_supplier": GasOrders._publish_change_of_supplier,
    "display_message": GasOrders._display_message,
    "request_new_password_response": GasOrders._request_new_password_response,
}
