# SPDX-License-Identifier: Apache-2.0
"""GSME: gas meter on a battery. Sleeps, wakes each half hour, pushes its registers and its time to the gas proxy."""

from han.clock import DAY, HALF_HOUR, RELIABLE, status_number, to_iso
from han.devices import client, events, metrology, profile, snapshots
from han.devices.account import Account
from han.devices.device import Device
from han.devices.gas_battery import DAYS, Battery
from han.devices.gas_wan import GasWan
from han.devices.history import History
from han.devices.prepayment import ON
from han.devices.timekeeping import ADJUSTABLE, Timekeeper
from han.devices.tunnel_end import AskingEnd
from han.zcl import foundation, status
from han.zcl.frame import TO_CLIENT

PRICE = 0x0700
METERING = 0x0702
PREPAYMENT = 0x0705
TIME = 0x000A

PRICE_OF_A_KWH = 10300  # 10^-5 pounds
PROFILE_ENTRIES = 4416  # 92 days, about 3 months (REQ-GSME-3, I)
NOTIFICATION_SCHEME_B = 2  # [GBCS 11.5]
REPORTING_INTERVAL = HALF_HOUR

# Bits of FunctionalNotificationFlags that the meter works on, as they are announced [ZSE 5]; it never acts on the second,
# third and fifth word [GBCS 11.5].
GET_SNAPSHOT = 1 << 22
GET_SAMPLED_DATA = 1 << 23
WORKED_ON = (GET_SNAPSHOT, GET_SAMPLED_DATA)
NEW_IMAGE = 1 << 0  # the hub has firmware [ZSE 5]
TUNNEL_MESSAGE = 1 << 21  # the hub has a GBCS message [GBCS 11.5]

COMPLETE = 1  # AttributeReportingStatus [ZSE 2]
COLLECTS = 120  # seconds that collecting and answering messages may take
LISTENS = 2  # seconds for further requests about the same work
ANSWER_WITHIN = 3  # seconds until something is said again
ATTEMPTS = 4
STAYS_AWAKE = 15  # seconds without an answer until it sleeps again

HALF_HOURLY = ("current_summation_delivered", "current_day_alternative_consumption_delivered")
STATIC = (
    ("supply_status", "unit_of_measure", "multiplier", "divisor", "summation_formatting", "metering_device_type"),
    (
        "alternative_unit_of_measure",
        "alternative_consumption_formatting",
        "remaining_battery_life_in_days",
        "supply_tamper_state",
        "supply_depletion_state",
    ),
)
TARIFF = tuple("current_tier%d_summation_delivered" % tier for tier in (1, 2, 3, 4))
BLOCK = tuple("current_no_tier_block%d_summation_delivered" % block for block in (1, 2, 3, 4))
BALANCE = ("bill_to_date_delivered",)
PREPAYMENT_SET = (
    "credit_remaining",
    "emergency_credit_remaining",
    "accumulated_debt",
    "debt_amount1",
    "debt_amount2",
    "debt_amount3",
)
# What the supplier sets and the proxy serves with the account [REQ-GPF-19].
PREPAYMENT_SETTINGS = (
    (
        "payment_control_configuration",
        "emergency_credit_limit_allowance",
        "emergency_credit_threshold",
        "max_credit_limit",
        "max_credit_per_top_up",
        "low_credit_warning",
        "cut_off_value",
    ),
    (
        "debt_recovery_frequency1",
        "debt_recovery_amount1",
        "debt_recovery_frequency2",
        "debt_recovery_amount2",
        "debt_recovery_top_up_percentage3",
    ),
)


class GasMeter(Device):
    """`configuration`: `endpoint`, `hub` {identity, time endpoint, esi endpoint}, `price` (10^-5 pounds a kWh),
    `calorific_value` (0.1 MJ/m3), `conversion_factor` (10^-5), `clock`, `register` (litres at the start), `daily_snapshot`
    (taken at midnight unless false), `battery` (days that it will last at the first start).

    How the meter's time reaches the proxy is not public [REQ-0015-12]; here the pushed Metering values come with
    ReadingSnapshotTime, and the Time cluster's TimeStatus is reported before them (I).
    """

    role = "gsme"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        self._values = stores.values
        self.flow = metrology.Feed(0)
        self._supplied = True
        self._millilitre_seconds = self._values.get("millilitre_seconds", 0)
        self._base = configuration.get("register", 0)
        self._counted = 0
        self.energy = History()
        self.half_hours = profile.PeriodLog(stores.log("profile_data", profile.RECORD, PROFILE_ENTRIES))
        self.daily_reads = snapshots.SnapshotLog(stores, "daily_read", METERING, 31)
        self.event_logs = events.EventLogs(stores)
        self.timekeeper = Timekeeper(self)
        self._half_hour_start = self._values.get("half_hour_start", self._base)
        self._flags = ()
        hub = configuration["hub"]
        self.tunnel = AskingEnd(self, self.endpoint, hub["identity"], hub["time"])
        self._collects = self._takes_image = False
        self.sends_time = True
        self.mirror = self._values.get("mirror")
        self._configured = self._values.get("mirror_configured", False)
        self._pushed = {}  # what the proxy was told last, a set of attributes a key
        self.metering = self.attributes(self.endpoint, METERING)
        self.prepayment = self.attributes(self.endpoint, PREPAYMENT)
        self.time_server = self.attributes(self.endpoint, TIME)
        self._session = []  # what is still to be said before sleeping again
        self.handle(METERING, "server", self._metering_command)
        self._serve()
        self.wan = GasWan(self, configuration, stores)
        self.server = self.wan.server
        self.refresh()

    def _serve(self):
        metering = self.metering
        for name, value in (
            ("unit_of_measure", 1),
            ("multiplier", 1),
            ("divisor", 1000),
            ("summation_formatting", 0x2B),
            ("metering_device_type", 1),
            ("alternative_unit_of_measure", 0),
            ("alternative_consumption_formatting", 0x2B),
        ):
            metering.set(name, value)
        for name in TARIFF[1:] + BLOCK[1:]:
            metering.set(name, 0)
        self.account = Account(self, metering, self.prepayment, self.stores, self.configuration, PRICE_OF_A_KWH)
        for name in ("debt_recovery_frequency1", "debt_recovery_amount1", "debt_recovery_frequency2", "debt_recovery_amount2"):
            self.prepayment.set(name, 0)
        self.prepayment.reader("current_day_cost_consumption_delivered", self._cost_today)
        self.battery = Battery(metering, self._values, self.configuration.get("battery", DAYS), self.event)

    def on_start(self, time):
        self._counted = self.flow.total(time)
        self.clock.set(time, time, self._values.get("clock", status_number(self.configuration.get("clock", "reliable"))))
        self.report_clock("start")
        self.asleep = False
        self.battery.start(self.utc())
        self.wan.start(time)
        self.at(time + 1, self._join)

    def on_stop(self, time):
        self.now = time
        self.measure()
        self._values.set("millilitre_seconds", self._millilitre_seconds)
        self.battery.stop(self.utc())
        self.account.keep()

    # -- the bench's inputs --------------------------------------------------------------------------------

    def bench_gas_flow(self, arguments, time):
        """`litres_per_hour`, or a swing or ramp of it."""
        self.measure()
        metrology.feed(self.flow, arguments, "litres_per_hour", time, 1000)
        self.report("metrology", {"name": "gas_flow", "value": arguments["litres_per_hour"]})

    def bench_clock(self, arguments, time):
        self.measure()
        self.change_clock(arguments, time)
        self.clock_moved(arguments.get("step", 0), time)

    def bench_battery(self, arguments, time):
        """`days` that the battery will last from now on."""
        self.battery.holds(arguments["days"], self.utc())
        self.report("metrology", {"name": "battery", "value": arguments["days"]})

    def bench_event_configurations(self, arguments, time):
        """Whether the meter can tell how its events are configured (AT-078-2)."""
        self.wan.tells_configurations = arguments["on"]

    def bench_enable_supply(self, arguments, time):
        """A person presses the button of the meter: a supply that is armed comes on."""
        self.account.enable_supply()

    def bench_time_report(self, arguments, time):
        """Whether pushed values carry the meter's time (AT-0015-2)."""
        self.sends_time = arguments["on"]

    # -- measuring ------------------------------------------------------------------------------------------

    def supply_changes(self, state):
        """The valve opens or closes: nothing flows while it is not open."""
        self.measure()
        self._supplied = state == ON
        self.wan.supply_changes(state)

    def _cost_today(self):
        return self.account.cost.total("day", 0) or 0

    def litres(self):
        """The register: litres, which are m3 with the divisor 1000."""
        return self._base + self._millilitre_seconds // 3600000

    def measure(self):
        total = self.flow.total(self.now)
        before = self.litres()
        if self._supplied:
            self._millilitre_seconds += total - self._counted
        self._counted = total
        used = self.litres() - before
        utc = self.utc()
        watt_hours = self._watt_hours(self.litres()) - self._watt_hours(before) if used else 0
        if utc is not None:
            # What was used up to midnight belongs to the day that ends there.
            utc -= 1
            self.energy.add(utc, watt_hours)
        self.account.use(watt_hours, utc)

    def _watt_hours(self, litres):
        price = self.attributes(self.endpoint, PRICE)
        return litres * price.get("calorific_value") * price.get("conversion_factor") // 3600000

    def refresh(self):
        """Bring the served attributes up to now."""
        self.measure()
        self.battery.look(self.utc())
        litres = self.litres()
        metering = self.metering
        metering.set("current_summation_delivered", litres)
        metering.set(TARIFF[0], litres)
        metering.set(BLOCK[0], litres)
        metering.set("current_day_alternative_consumption_delivered", self.energy.total("day", 0) or 0)

    # -- waking and pushing -------------------------------------------------------------------------------

    def _join(self, time):
        """Find the mirror: a repeated request gets the same endpoint [ZSE 5]."""
        hub = self.configuration["hub"]
        payload = foundation.command(METERING, "request_mirror", TO_CLIENT, {}, self.next_sequence())
        self._say(hub["esi"], METERING, payload, self._mirror_given, time)

    def _mirror_given(self, frame, time):
        fields = client.command(METERING, frame)[1]
        if fields.get("end_point_id", 0xFFFF) != 0xFFFF:
            self.mirror = fields["end_point_id"]
            self._values.set("mirror", self.mirror)
        self._plan_wake(time)
        if self.mirror is None:
            self.sleep(time)
            return
        self._configure_mirror(time)

    def _configure_mirror(self, time):
        """Tell the proxy how it should announce what it wants: at each wake until it says that it knows [ZSE 5]."""
        # It takes a configuration only with a newer event: the meter's time is one.
        settings = {
            "issuer_event_id": self.utc() or 0,
            "reporting_interval": REPORTING_INTERVAL,
            "mirror_notification_reporting": True,
            "notification_scheme": NOTIFICATION_SCHEME_B,
        }
        payload = foundation.command(METERING, "configure_mirror", TO_CLIENT, settings, self.next_sequence())
        self._say(self.mirror, METERING, payload, self._mirror_configured, time)

    def _mirror_configured(self, frame, time):
        if client.result(frame) == status.SUCCESS:
            self._configured = True
            self._values.set("mirror_configured", True)
        self.refresh()
        self._push(time)

    def _plan_wake(self, time):
        """The next half hour by the meter's own clock; every half hour from now on while it has no time."""
        utc = self.utc()
        self.at(time + HALF_HOUR - (0 if utc is None else utc % HALF_HOUR), self._wake)

    def _wake(self, time):
        self.asleep = False
        self._plan_wake(time)
        self.refresh()
        self._end_half_hour()
        if self.mirror is None:
            self._join(time)
        elif not self._configured:
            self._configure_mirror(time)
        else:
            self._push(time)

    def _push(self, time):
        self._session = self._reports(time)
        self.at(time + STAYS_AWAKE, self.sleep)
        self.timekeeper.ask(self._hub_time, time)

    def _hub_time(self, hub_utc, synchronised, time):
        """Compare with the hub's time at each wake, adjust what is small (REQ-CLK-2)."""
        self.timekeeper.take(hub_utc, synchronised, time)
        self._say_next(time)

    def clock_moved(self, seconds, time):
        """The clock was stepped or changed its status: the half hours lie elsewhere now."""
        self._values.set("clock", self.clock.status)
        self._plan_wake(time)
        self.wan.plan_dates()

    def event(self, code, data=b"", alert=True):
        """Log an event, and tell the WAN where the event asks for an alert; as the supplier had it configured."""
        logs, tells = self.wan.event_behaviour(code)
        if logs:
            self.event_logs.record(self.utc(), code, data)
        if alert and tells:
            self.report("alert", {"code": "%04x" % code, "fields": {}})

    def _say_next(self, time):
        if not self._session:
            if self._collects:
                self._collects = False
                self.at(time + COLLECTS, self.sleep)
                self.tunnel.collect(self._collected, time)
            elif self._takes_image:
                self._takes_image = False
                self.wan.take_image(time)
            else:
                self.sleep(time)
            return
        self.at(time + STAYS_AWAKE, self.sleep)
        cluster, payload = self._session.pop(0)
        self._say(self.mirror, cluster, payload, self._heard, time)

    def _collected(self, time):
        """The messages of this wake are answered: what they did to the account goes to the proxy at once, as after a top-up
        [GBCS 10.4.2.5]."""
        self._session = self._account_reports()
        self._say_next(time)

    def _say(self, endpoint, cluster, payload, then, time):
        hub = self.configuration["hub"]["identity"]
        self.ask(hub, self.endpoint, endpoint, cluster, payload, then, time, ANSWER_WITHIN, ATTEMPTS)

    def _heard(self, frame, time):
        if frame is None:
            self.sleep(time)
            return
        name, fields = client.command(METERING, frame)
        if name == "mirror_report_attribute_response":
            self._flags = fields["notification_flags"]
        elif name is not None:
            self._do_work(name, fields, frame, time)
            return
        if not self._session:
            self._ask_for_work()
        self._say_next(time)

    def _do_work(self, name, fields, frame, time):
        """The proxy answered GetNotifiedMessage with a request: answer it, and listen for more for a moment."""
        hub = self.configuration["hub"]
        answer = self._metering_command(name, fields, None, time)
        if isinstance(answer, int):
            payload = foundation.default_response(frame, answer)
        else:
            payload = foundation.command(METERING, answer[0], TO_CLIENT, answer[1], frame.sequence)
        self.tell(hub["identity"], self.endpoint, self.mirror, METERING, payload)
        self.at(time + LISTENS, self._say_next)

    def _ask_for_work(self):
        """The push is complete: have the proxy say what each flag announced [ZSE 5]."""
        self.wan.push.complete()
        functional = self._flags[0] if self._flags else 0
        self._flags = ()
        self._collects = self._collects or bool(functional & TUNNEL_MESSAGE) or self.tunnel.has_to_deliver()
        self._takes_image = self._takes_image or bool(functional & NEW_IMAGE)
        for flag in WORKED_ON:
            if functional & flag:
                fields = {
                    "notification_scheme": NOTIFICATION_SCHEME_B,
                    "notification_flag_attribute_id": 0,
                    "notification_flags_n": flag,
                }
                payload = foundation.command(METERING, "get_notified_message", TO_CLIENT, fields, self.next_sequence())
                self._session.append((METERING, payload))

    def _metering_command(self, name, fields, message, time):
        """What the proxy asks of the meter's own logs, in the wake in which the meter asked for work."""
        if not self.asleep:
            self.at(time + STAYS_AWAKE, self.sleep)
        if name in ("get_sampled_data", "get_snapshot"):
            return self.wan.answer_for_proxy(name, fields)
        return status.UNSUP_CLUSTER_COMMAND

    def _end_half_hour(self):
        """Write the half hour, and at midnight the daily read (REQ-GSME-2, 3)."""
        utc = self.utc()
        if utc is None or utc % HALF_HOUR > ADJUSTABLE:
            return  # no time, or a wake between half hours: nothing has ended
        utc -= utc % HALF_HOUR
        litres = self.litres()
        if self.half_hours.append(utc, litres - self._half_hour_start):
            self.report(
                "store",
                {
                    "store": "profile_data",
                    "operation": "append",
                    "entry": {"utc": to_iso(utc), "value": litres - self._half_hour_start},
                },
            )
            self._half_hour_start = litres
            self._values.set_all({"half_hour_start": litres, "millilitre_seconds": self._millilitre_seconds})
            self.account.keep()
        if utc % DAY == 0 and self.configuration.get("daily_snapshot", True):
            self.wan.midnight(utc)

    def snapshot_payload(self):
        """Registers without the billing part, four tiers and four blocks [GBCS 11.3]."""
        metering = self.metering
        octets = metering.get("current_summation_delivered").to_bytes(6, "little") + b"\x04"
        for name in TARIFF:
            octets += metering.get(name).to_bytes(6, "little")
        octets += b"\x14"
        for name in BLOCK:
            octets += metering.get(name).to_bytes(6, "little")
        return octets

    def sleep(self, time):
        if self._session:
            self._pushed.clear()  # the proxy missed something: tell it all again next time
            self._session = []
        self.cancel(self.sleep)
        self.asleep = True

    def _reports(self, time):
        """Report frames of this wake: the meter's time status, the half-hourly values, the sets that changed."""
        reports = []
        if self.sends_time:
            synchronised = 0x02 if self.clock.status == RELIABLE else 0
            self.time_server.set("time_status", synchronised)
            self.metering.set("reading_snapshot_time", self.utc())
            reports.append((TIME, self._report(TIME, ("time_status",), self.time_server)))
        names = HALF_HOURLY + (("reading_snapshot_time",) if self.sends_time else ())
        reports.append((METERING, self._report(METERING, names, self.metering)))
        reports.append((PREPAYMENT, self._report(PREPAYMENT, ("current_day_cost_consumption_delivered",), self.prepayment)))
        sets = []
        for names in STATIC:
            sets.append((METERING, names, False))
        for names in (TARIFF, BLOCK, BALANCE):
            sets.append((METERING, names, True))
        for names in (PREPAYMENT_SET,) + PREPAYMENT_SETTINGS:
            sets.append((PREPAYMENT, names, False))
        for cluster, names, timed in sets:
            attributes = self.metering if cluster == METERING else self.prepayment
            values = [attributes.get(name) for name in names]
            if self._pushed.get(names) != values:
                self._pushed[names] = values
                if timed and self.sends_time:
                    names = names + ("reading_snapshot_time",)
                reports.append((cluster, self._report(cluster, names, attributes)))
        utc = self.utc()
        if utc is not None and utc % DAY < HALF_HOUR:
            found = self.daily_reads.serve(utc - utc % DAY, None, 0, snapshots.GENERAL)
            if not isinstance(found, int):
                name, fields = found
                reports.append((METERING, foundation.command(METERING, name, TO_CLIENT, fields, self.next_sequence())))
        return reports + self._publications() + [self._complete()]

    def _account_reports(self):
        """Report frames of what changed of the account since the push of this wake, with the time of that push (I)."""
        reports = []
        for names in (PREPAYMENT_SET,) + PREPAYMENT_SETTINGS:
            values = [self.prepayment.get(name) for name in names]
            if self._pushed.get(names) != values:
                self._pushed[names] = values
                reports.append((PREPAYMENT, self._report(PREPAYMENT, names, self.prepayment)))
        reports += self._publications()
        if not reports:
            return []
        if self.sends_time:
            timed = (METERING, self._report(METERING, ("reading_snapshot_time",), self.metering))
            reports[:0] = [(TIME, self._report(TIME, ("time_status",), self.time_server)), timed]
        return reports + [self._complete()]

    def _publications(self):
        return [
            (cluster, foundation.command(cluster, name, TO_CLIENT, fields, self.next_sequence()))
            for cluster, name, fields in self.wan.push.publications()
        ]

    def _complete(self):
        """The last attribute of a push says that it is complete [ZSE 2]."""
        self.metering.set("attribute_reporting_status", COMPLETE)
        return METERING, self._report(METERING, ("attribute_reporting_status",), self.metering)

    def _report(self, cluster, names, attributes):
        values = [(attributes.identifier(name), attributes.get(name)) for name in names]
        return foundation.report(cluster, values, self.next_sequence())

    # -- GBCS ------------------------------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the meter; returns the answers."""
        self.now = time
        return self.wan.gbcs(octets, time)

    def state(self):
        return {"current_summation_delivered": self.litres(), "mirror": self.mirror, "clock": self.clock.status}
