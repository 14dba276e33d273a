# SPDX-License-Identifier: Apache-2.0
"""ESME: single- or polyphase electricity meter. Registers, history and tenancy for the HAN; voltage for the WAN only."""

from han.clock import DAY, HALF_HOUR, INVALID, status_number, to_iso
from han.devices import events, metrology, profile
from han.devices.account import Account
from han.devices.commissioning import Commissioned
from han.devices.device import Device
from han.devices.esme_supply import SupplyWatch
from han.devices.excursions import Excursions
from han.devices.history import History
from han.devices.messages import MessageServer
from han.devices.prepayment import ON
from han.devices.served import serve_history, serve_tenancy
from han.devices.tenancy import CLEAR_CONSUMER_DATA, Tenancy
from han.devices.timekeeping import ADJUSTABLE, Timekeeper
from han.devices.tunnel_end import ListeningEnd
from han.devices.voltage import COMMENCE, AverageThresholds, MeasurementPeriods
from han.gbcs import use_cases
from han.gbcs.server import GbcsServer
from han.later import Later
from han.zcl import foundation, status

METERING = 0x0702
EVENTS = 0x0709
DEVICE_MANAGEMENT = 0x0708
PRICE = 0x0700
PREPAYMENT = 0x0705
OTA = 0x0019

PRICE_OF_A_KWH = 34000  # 10^-5 pounds

# Message codes under which what a PPMID asks is logged [REQ-PPMID-4].
TOP_UP = b"\x01\x16"
EMERGENCY_CREDIT = b"\x01\x17"
ENABLE_SUPPLY = b"\x01\x18"

VOLTAGE_ENTRIES = 4320  # 90 days of half hours [device requirements 5.1]


class ElectricityMeter(Device, Commissioned):
    """`configuration`: `endpoint`, `phases`, `voltage_period` (s), `voltage_anchor`, `clock`, `thresholds` (two powers in W),
    `price` (in units of 10^-5 pounds a kWh), `load_limit` (see han.devices.load_limit), `change_of_tenancy` (whether the
    meter has SECMP0056).

    It measures what the bench feeds: `load` in watts, `voltage` in volts.
    """

    role = "esme"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        phases = configuration.get("phases", 1)
        values = stores.values
        self._values = values
        self.load = metrology.Feed(0)
        self._supplied = True
        self._watt_seconds = values.get("watt_seconds", 0)
        self._counted = 0
        self.history = History()
        if values.get("history"):
            self.history.restore(values.get("history"))
        self.half_hours = profile.PeriodLog(stores.log("profile_data", profile.RECORD, profile.HALF_HOURS))
        self.days = profile.PeriodLog(stores.log("daily_consumption", profile.RECORD, profile.DAYS), DAY)
        self.event_logs = events.EventLogs(stores)
        self._half_hour_start = values.get("half_hour_start", 0)  # watt hours at the last half hour
        self.timekeeper = Timekeeper(self)
        self.voltages = [metrology.Feed(230000) for _ in range(phases)]
        self.voltage_log = stores.log("average_rms_voltage", 4 + 4 * phases, VOLTAGE_ENTRIES)
        self.periods = MeasurementPeriods(
            self.voltages,
            self._store_voltage,
            values.get("voltage_period", configuration.get("voltage_period", HALF_HOUR)),
            configuration.get("voltage_anchor", COMMENCE),
        )
        self.thresholds = AverageThresholds(phases)
        self.excursions = [
            Excursions(voltage, phase if phases > 1 else None) for phase, voltage in enumerate(self.voltages, 1)
        ]
        self._serve(configuration)
        self._restore_voltage_settings()
        self.objects = Later("han.devices.esme_cosem", "MeterObjects", self)
        self.server = GbcsServer(self, configuration["keys"], values)
        self.server.protocols[use_cases.DLMS] = Later("han.gbcs.dlms_answer")
        self.commission(self, self.server)
        self.hold_firmware(stores, configuration)
        self.images = Later("han.devices.ota", "ImageClient", self, self.endpoint, self.firmware)
        self.attributes(self.endpoint, OTA, "client")
        self.handle(OTA, "client", self._image_command)
        self.tunnel = ListeningEnd(self, self.endpoint, configuration["hub"]["identity"])

    def _serve(self, configuration):
        metering = self.attributes(self.endpoint, METERING)
        metering.reader("current_summation_delivered", self.watt_hours)
        metering.reader("instantaneous_demand", self._demand)
        metering.reader("ambient_consumption_indicator", self._ambient)
        metering.set("unit_of_measure", 0)
        metering.set("multiplier", 1)
        metering.set("divisor", 1000)
        metering.set("summation_formatting", 0x2B)
        metering.set("metering_device_type", 0)
        if configuration.get("customer_id"):
            metering.set("customer_id_number", configuration["customer_id"].encode())
        serve_history(metering, self.history, "consumption", self.measure)
        prepayment = self.attributes(self.endpoint, PREPAYMENT)
        self.account = Account(self, metering, prepayment, self.stores, configuration, PRICE_OF_A_KWH)
        self.supply = SupplyWatch(self, metering, configuration, self._values)
        self.handle(PREPAYMENT, "server", self._prepayment_command)
        price = self.attributes(self.endpoint, PRICE)
        price.set("no_tier_block1_price", configuration.get("price", PRICE_OF_A_KWH))
        price.set("price_trailing_digit", 0x50)
        price.set("currency", 826)
        management = self._management = self.attributes(self.endpoint, DEVICE_MANAGEMENT)
        self._thresholds = foundation.identifiers(DEVICE_MANAGEMENT, ("low_medium_threshold", "medium_high_threshold"))
        low, high = configuration.get("thresholds", (500, 2000))
        for identifier, watts in zip(self._thresholds, (low, high)):
            management.set(identifier, watts)
        self.tenancy = Tenancy(management, self._values, configuration.get("change_of_tenancy", True))
        serve_tenancy(self, self.tenancy)
        self.messages = MessageServer(self, self.endpoint, self._values)
        self.handle(METERING, "server", self._metering_command)
        self.handle(EVENTS, "server", self._events_command)
        self.attributes(self.endpoint, EVENTS)

    # -- power and clock -----------------------------------------------------------------------------------

    def on_start(self, time):
        self.try_firmware(self._values, time)
        self._counted = self.load.total(time)
        self.clock.set(time, time, self._values.get("clock", status_number(self.configuration.get("clock", "reliable"))))
        self.report_clock("start")
        self.report("metrology", {"name": "voltage_period", "value": self.periods.period})
        self._report_voltage(time)
        self._begin_periods()
        self._watch_voltage(time)
        self.supply.start(time)
        self.timekeeper.begin(time)
        self.tunnel.start(time)
        self.plan_instructions()
        self._plan_half_hour(time)
        self._plan_tenancy(time)

    def on_stop(self, time):
        self.now = time
        self.measure()
        self.account.keep()
        self._values.set("watt_seconds", self._watt_seconds)
        self.supply.stop(self.utc())
        self.periods.abandon()  # REQ-085A-10

    def bench_clock(self, arguments, time):
        self.measure()
        self.change_clock(arguments, time)
        self.clock_moved(arguments.get("step", 0), time)

    def clock_moved(self, seconds, time):
        """The clock was stepped by `seconds` (None when it had no time before) or changed its status.

        A step inside the tolerance leaves the running voltage period alone, a larger one ends it (REQ-085A-11); a clock
        without a time has no periods (REQ-085A-12).
        """
        self._values.set("clock", self.clock.status)
        if self.clock.status == INVALID:
            self.periods.abandon()
            self._plan_voltage()
        elif seconds is None or abs(seconds) > ADJUSTABLE or self.periods.deadline() is None:
            self._begin_periods()
        else:
            self._plan_voltage()
        self._plan_half_hour(time)
        self.plan_instructions()
        self._plan_tenancy(time)

    # -- energy --------------------------------------------------------------------------------------------

    def bench_load(self, arguments, time):
        """`watts`, or a swing or ramp of it."""
        self.measure()
        metrology.feed(self.load, arguments, "watts", time)
        self.report("metrology", {"name": "load", "value": arguments["watts"]})
        self.supply.look(time)

    def measure(self):
        """Bring the register and the history up to now."""
        total = self.load.total(self.now)
        if total == self._counted:
            return
        before = self._watt_seconds // 3600
        if self._supplied:
            self._watt_seconds += total - self._counted
        self._counted = total
        utc = self.utc()
        used = self._watt_seconds // 3600 - before
        if utc is not None:
            # What was used up to midnight belongs to the day that ends there.
            utc -= 1
            self.history.add(utc, used)
        self.account.use(used, utc)

    def _half_hour(self, time):
        """The end of a half hour, or of a day as well: write the logs."""
        self.measure()
        utc = self.utc() - self.utc() % HALF_HOUR
        total = self._watt_seconds // 3600
        used = total - self._half_hour_start
        if self.half_hours.append(utc, used):
            self.report_entry("profile_data", utc, used)
            self.supply.half_hour(utc, used)
        self._half_hour_start = total
        if utc % DAY == 0:
            used = self.history.total("day", 0) or 0
            if self.days.append(utc, used):
                self.report_entry("daily_consumption", utc, used)
        self.history.roll(utc)
        self._values.set_all(
            {"watt_seconds": self._watt_seconds, "half_hour_start": total, "history": self.history.state()}
        )
        self.account.keep()
        self._plan_half_hour(time)

    def report_entry(self, store, utc, value):
        self.report("store", {"store": store, "operation": "append", "entry": {"utc": to_iso(utc), "value": value}})

    def _plan_half_hour(self, time):
        utc = self.utc()
        if utc is None:
            self.cancel(self._half_hour)
        else:
            self.at(time + HALF_HOUR - utc % HALF_HOUR, self._half_hour)

    def watt_hours(self):
        """The import register."""
        self.measure()
        return self._watt_seconds // 3600

    def _demand(self):
        return self.load.now(self.now) if self._supplied else 0

    def _ambient(self):
        """REQ-IHD-4: low below the first threshold, high from the second on."""
        watts = self._demand()
        if watts < self._management.get(self._thresholds[0]):
            return 0
        return 1 if watts < self._management.get(self._thresholds[1]) else 2

    # -- change of tenancy ---------------------------------------------------------------------------------

    def bench_change_of_tenancy(self, arguments, time):
        """What ECS12 would set: the date, and bit 9 of the change control (REQ-0056-6)."""
        self.set_tenancy(arguments["date"], arguments.get("control", CLEAR_CONSUMER_DATA))

    def set_tenancy(self, date, control=CLEAR_CONSUMER_DATA):
        """The change of tenancy has this date: `utc`, None for no change."""
        utc = self.utc()
        event = max(self.tenancy.issuer_event_id, 0 if utc is None else utc)
        if date is None and self.tenancy.date is not None:
            event = self.tenancy.issuer_event_id  # a cancellation names what it cancels
        self.tenancy.publish(0, event, 0, date, control, utc)
        self._plan_tenancy(self.now)

    def _plan_tenancy(self, time):
        date = self.tenancy.date
        utc = self.utc()
        if date is None or utc is None:
            return
        if date > utc:
            self.at(self.clock.time_of(date), self._enact_tenancy)
        else:
            self._enact_tenancy(time)

    def _enact_tenancy(self, time):
        """The date has come: what was used before it is not for the HAN any more (REQ-0056-9)."""
        self.measure()
        date = self.tenancy.in_force(self.utc())
        if date is not None:
            self.history.hide_before(date, self.half_hours.used_after)
            self.account.cost.hide_before(date, self._cost_after)
            self._values.set("history", self.history.state())
            self.messages.change_of_tenancy(date)

    def _cost_after(self, date, end):
        """What the energy after the date cost; its price is the same all the time."""
        used = self.half_hours.used_after(date, end)
        return None if used is None else self.account.price_of(used)

    # -- what readers on the HAN ask for beyond attributes --------------------------------------------------

    def _metering_command(self, name, fields, message, time):
        if name in ("get_profile", "get_sampled_data"):
            return profile.serve_profile(name, fields, self.half_hours, self.days, self.tenancy.in_force(self.utc()))
        if name == "local_change_supply":  # PECS03: only "on" may succeed (REQ-PPMID-4)
            self.event_logs.record(self.utc(), events.COMMAND_ACCEPTED, ENABLE_SUPPLY)
            return self.account.enable_supply() if fields["proposed_supply_status"] == ON else status.FAILURE
        return status.UNSUP_CLUSTER_COMMAND

    def _prepayment_command(self, name, fields, message, time):
        self.measure()
        code = {"consumer_top_up": TOP_UP, "select_available_emergency_credit": EMERGENCY_CREDIT}.get(name)
        if code is not None:
            self.event_logs.record(self.utc(), events.COMMAND_ACCEPTED, code)
        return self.account.command(name, fields, message, time)

    def supply_changes(self, state):
        """The supply goes off, armed or on: nothing is drawn while it is not on."""
        self.measure()
        self._supplied = state == ON
        self.supply.supply_changed(self._supplied)

    def _events_command(self, name, fields, message, time):
        return self.event_logs.serve(fields) if name == "get_event_log" else status.UNSUP_CLUSTER_COMMAND

    def bench_message(self, arguments, time):
        """A message for the people of the house (han.devices.messages)."""
        self.messages.bench(arguments)

    # -- voltage ----------------------------------------------------------------------------------------------

    def bench_voltage(self, arguments, time):
        """`volts`, or a swing or ramp of it; `phase` 1 to 3, all without it."""
        phase = arguments.get("phase")
        for number, voltage in enumerate(self.voltages, 1):
            if phase is None or phase == number:
                metrology.feed(voltage, arguments, "volts", time, 1000)
        self._report_voltage(time)
        self._watch_voltage(time)
        self.supply.look(time)

    def _watch_voltage(self, time):
        """Look for sag, swell and extremes now, and whenever the voltage crosses one of their thresholds."""
        earliest = None
        for phase in self.excursions:
            for code in phase.look(time):
                self.event(code)
            due = phase.deadline(time)
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        if earliest is None:
            self.cancel(self._watch_voltage)
        else:
            self.at(earliest, self._watch_voltage)

    def bench_voltage_period(self, arguments, time):
        """What ECS29a would set: the measurement period in seconds (REQ-085A-4, 9)."""
        seconds = arguments["seconds"]
        self._values.set("voltage_period", seconds)
        self.periods.set_period(seconds, self.utc())
        self.report("metrology", {"name": "voltage_period", "value": seconds})
        self._plan_voltage()

    def _begin_periods(self):
        utc = self.utc()
        if utc is None:
            self.periods.abandon()
        else:
            self.periods.begin(utc)
        self._plan_voltage()

    def _plan_voltage(self):
        boundary = self.periods.deadline()
        if boundary is None:
            self.cancel(self._voltage_boundary)
        else:
            self.at(max(self.now, self.clock.time_of(boundary)), self._voltage_boundary)

    def _voltage_boundary(self, time):
        utc = self.utc()
        if utc is not None:
            self.periods.tick(utc, time)
        self._plan_voltage()

    def _store_voltage(self, utc, averages):
        record = utc.to_bytes(4, "little")
        for millivolts in averages:
            record += millivolts.to_bytes(4, "little")
        self.voltage_log.append(record)
        entry = {"utc": to_iso(utc), "volts": averages[0] / 1000}
        if len(averages) > 1:
            entry["phases"] = [millivolts / 1000 for millivolts in averages]
        self.report("metrology", {"name": "voltage", "value": averages[0] / 1000})
        self.report("store", {"store": "average_rms_voltage", "operation": "append", "entry": entry})
        crossings = self.thresholds.crossings(averages)
        for code in crossings:
            self.event(code)
        if crossings:
            self.voltage_settings_changed()

    def voltage_settings_changed(self):
        """Thresholds, times or counters were written: keep them, look at the voltage anew."""
        self._values.set(
            "voltage_settings",
            {
                "conditions": {
                    name: (condition.threshold, condition.seconds)
                    for name, condition in self.excursions[0].conditions.items()
                },
                "thresholds": (self.thresholds.over, self.thresholds.under),
                "counters": (self.thresholds.over_counters, self.thresholds.under_counters),
            },
        )
        self._watch_voltage(self.now)

    def _restore_voltage_settings(self):
        kept = self._values.get("voltage_settings")
        if kept is None:
            return
        for phase in self.excursions:
            for name, (threshold, seconds) in kept["conditions"].items():
                phase.conditions[name].threshold = threshold
                phase.conditions[name].seconds = seconds
        over, under = kept["thresholds"]
        self.thresholds.over, self.thresholds.under = list(over), list(under)
        over, under = kept["counters"]
        self.thresholds.over_counters, self.thresholds.under_counters = list(over), list(under)

    def _image_command(self, name, fields, message, time):
        return self.images.command(name, fields, message, time)

    # -- GBCS ------------------------------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the meter; returns the answers."""
        self.now = time
        answer = self.server.answer(octets, time)
        self.plan_instructions()
        return () if answer is None else (answer,)

    def tell_wan(self, message):
        """Send what `message()` makes."""
        if not self.tunnel.send(message(), self.now):
            self.report("alert_not_sent", {"reason": "there is no tunnel"})

    def cosem_get(self, class_id, obis, number, selection, request):
        return self.objects.get(class_id, obis, number, selection)

    def cosem_set(self, class_id, obis, number, datum, request):
        return self.objects.set(class_id, obis, number, datum)

    def cosem_action(self, class_id, obis, number, datum, request):
        return self.objects.action(class_id, obis, number, datum)

    def gbcs_utc(self, time):
        return self.clock.utc(time)

    def event(self, code, data=b"", alert=True):
        """Log an event, and tell the WAN where the event asks for an alert."""
        self.event_logs.record(self.utc(), code, data)
        if alert:
            self.report("alert", {"code": "%04x" % code, "fields": {}})

    def _report_voltage(self, time):
        self.report("metrology", {"name": "voltage", "value": self.voltages[0].now(time) / 1000})

    def state(self):
        return {
            "current_summation_delivered": self._watt_seconds // 3600,
            "voltage_entries": len(self.voltage_log),
            "clock": self.clock.status,
        }
