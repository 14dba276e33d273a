# SPDX-License-Identifier: Apache-2.0
"""What an electricity meter does about its supply: load limit, outages, maximum demand (REQ-ESME-3, 4, 8)."""

from micropython import const

from han.clock import to_iso
from han.devices.load_limit import LoadLimit
from han.devices.maximum_demand import MaximumDemand
from han.devices.outage import Outage, PhaseWatch, is_long
from han.devices.prepayment import ARMED, OFF
from han.errors import CryptoError
from han.gbcs import axdr, cosem_time, use_cases
from han.later import Later
from han.zcl import status

dlms_alerts = Later("han.gbcs.dlms_alerts")

RESTORED = const(0x8F35)  # event; the next code after three minutes or longer, and pairs like this for phases 1 to 3
_LONG_OUTAGE_ALERT = "ECS80"
_TELLS_AFTER = const(120)  # seconds in which the hub finds the meter again


class SupplyWatch:
    """Watches the load, the phases and the power of an ElectricityMeter. Of `configuration`: `load_limit`, see
    han.devices.load_limit."""

    def __init__(self, meter, metering, configuration, values):
        self._meter = meter
        self.limit = LoadLimit(
            meter.load, values, configuration.get("load_limit"), meter.event, self._disable, self._enable
        )
        self.demand = MaximumDemand(values)
        self._outage = Outage(values)
        # The phases of a meter with one go with its power.
        self._phases = [PhaseWatch(feed) for feed in meter.voltages] if len(meter.voltages) > 1 else ()
        self._untold = None  # (begin, end) of a long outage
        metering.reader("current_max_demand_delivered", self._watts)
        metering.reader("current_max_demand_delivered_time", self._stamp)

    # -- power -----------------------------------------------------------------------------------------------------

    def start(self, time):
        """Power is on."""
        meter = self._meter
        utc = meter.utc()
        ended = self._outage.ends()
        if ended is not None:
            long = is_long(ended[0], utc)
            meter.event(RESTORED + long)
            if long:
                self._untold = (ended[0], utc)
                meter.at(time + _TELLS_AFTER, self._tell_outage)
        self.limit.start(meter.clock, time)
        self.look(time)

    def stop(self, utc):
        """Power is gone."""
        self._outage.begins(utc)

    def _tell_outage(self, time):
        """ECS80, to the network operator where the meter knows one: when it began and ended [GBCS 16]."""
        meter = self._meter
        began, ended = self._untold
        self._untold = None
        operator = meter.server.keys.holder(use_cases.NETWORK_OPERATOR)
        if operator is None:
            return
        times = [(axdr.OCTET_STRING, cosem_time.encode(utc)) for utc in (began, ended)]
        try:
            meter.tell_wan(
                lambda: dlms_alerts.send(meter.server, _LONG_OUTAGE_ALERT, operator, RESTORED + 1, meter.utc(), times)
            )
        except CryptoError as error:
            meter.report("alert_not_sent", {"reason": str(error)})

    # -- load and phases -----------------------------------------------------------------------------------------

    def look(self, time):
        """Look at load and phases now, and whenever they cross a limit."""
        meter = self._meter
        self.limit.look(meter.clock, meter.account.supply_is_on(), time)
        due = self.limit.deadline(meter.account.supply_is_on(), time)
        code = RESTORED
        for phase in self._phases:
            code += 2
            dead = phase.look(time)
            if dead is not None:
                meter.event(code + is_long(0, dead))
            crosses = phase.deadline(time)
            if crosses is not None and (due is None or crosses < due):
                due = crosses
        if due is None:
            meter.cancel(self.look)
        else:
            meter.at(due, self.look)

    def supply_changed(self, is_on):
        """The supply goes off, armed or on, whoever did it."""
        if is_on:
            self.limit.supply_came_on()
        self._meter.at(self._meter.now, self.look)

    def _disable(self):
        self._meter.account.set_supply(OFF)
        self._meter.account.set_supply(ARMED)

    def _enable(self):
        return self._meter.account.enable_supply() == status.SUCCESS

    # -- maximum demand ------------------------------------------------------------------------------------------

    def half_hour(self, utc, watt_hours):
        """A half hour ended at `utc`."""
        if self.demand.take(utc, watt_hours, self._meter.tenancy.in_force(utc)):
            watts = self.demand.greatest[0]
            self._meter.report("metrology", {"name": "maximum_demand", "value": watts, "utc": to_iso(utc)})

    def _watts(self):
        return None if self._shown() is None else self._shown()[0]

    def _stamp(self):
        return None if self._shown() is None else self._shown()[1]

    def _shown(self):
        self.demand.hide_before(self._meter.tenancy.in_force(self._meter.utc()))
        return self.demand.shown
