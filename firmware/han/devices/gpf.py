# SPDX-License-Identifier: Apache-2.0
"""Gas Proxy Function: holds what the sleeping gas meter pushed and answers for it, to the WAN and to the HAN."""

from han.clock import DAY, INVALID, RELIABLE, UNRELIABLE, status_number
from han.devices import events, profile, snapshots
from han.devices.commissioning import Commissioned
from han.devices.copier import Copier
from han.devices.device import Device
from han.devices.gas_tables import GasTables
from han.devices.history import History
from han.devices.messages import MessageServer
from han.devices.registers import FROM_GSME, SETS, Stamps, stamp
from han.devices.served import serve_history, serve_tenancy
from han.devices.tenancy import Tenancy
from han.gbcs import use_cases
from han.gbcs.server import GbcsServer
from han.later import Later
from han.zcl import clusters, foundation, status
from han.zcl.frame import TO_CLIENT

gas_answers = Later("han.gbcs.gas_answers")
gas_logs = Later("han.devices.gas_logs")
gbz_alerts = Later("han.gbcs.gbz_alerts")

TAPS_PLANNED = "tap_planned"  # under which han.devices.tap_off keeps them
BASIC = 0x0000
TIME = 0x000A
PRICE = 0x0700
METERING = 0x0702
EVENTS = 0x0709
PREPAYMENT = 0x0705
CALENDAR = 0x0707
DEVICE_MANAGEMENT = 0x0708

# Which log of the proxy's is the copy of a log of the meter's (REQ-GPF-14).
COPY_OF = {events.GENERAL: events.METER_GENERAL, events.SECURITY: events.METER_SECURITY}
# What a push tells the proxy itself, beside the values it keeps; the last of each is of the day, and counted.
LOOKED_AT = (
    (TIME, ("time_status",)),
    (
        METERING,
        (
            "reading_snapshot_time",
            "attribute_reporting_status",
            "metering_device_type",
            "current_day_alternative_consumption_delivered",
        ),
    ),
    (PREPAYMENT, ("attribute_reporting_status", "current_day_cost_consumption_delivered")),
)
COUNTED = (LOOKED_AT[1][1][-1], LOOKED_AT[2][1][-1])
MIRRORED = 0x7F  # added to MeteringDeviceType [ZSE 5]
MIRROR_POSSIBLE = 0x01  # Basic PhysicalEnvironment [ZSE 5]
DAILY_READS = 31
BILLING_SNAPSHOTS = 12
READ_ON_HAN = (
    "get_sampled_data",
    "get_snapshot",
    "get_prepay_snapshot",
    "get_top_up_log",
    "get_debt_repayment_log",
    "get_current_price",
    "get_billing_period",
)
DEVICE_LOG_CHANGED = 0x8071
BILLING_READ = 0x8F0A  # code of the alert GCS53
SESSION = 60  # seconds that one wake of the meter lasts at most


class GasProxy(Device, Commissioned):
    """`configuration`: `esi` and `mirror` (endpoints), `gsme` (EUI-64 of the meter), `admits` (EUI-64 of all its devices),
    `keys` (a han.gbcs.keys.KeyStore), `change_of_tenancy` (whether it has SECMP0056), `billing_alert` (whether GCS53 is
    the proxy's).

    The GPF's GBCS entity identifier is the hub radio's EUI-64 [GBCS 1.3].
    """

    role = "gpf"
    hears = None  # whether the hub that shares the radio admits a message's sender

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.esi = configuration["esi"]
        self.mirror = configuration["mirror"]
        self.endpoints = (self.esi, self.mirror)
        self._values = stores.values
        self.stamps = Stamps(stores.values)
        self.energy = History()
        self.cost = History()
        self.half_hours = profile.PeriodLog(stores.log("profile_data", profile.RECORD, profile.HALF_HOURS))
        self.days = profile.PeriodLog(stores.log("daily_consumption", profile.RECORD, profile.DAYS), DAY)
        self.daily_reads = snapshots.SnapshotLog(stores, "daily_read", METERING, DAILY_READS)
        self.prepayment_daily_reads = snapshots.SnapshotLog(stores, "prepayment_daily_read", PREPAYMENT, DAILY_READS)
        self.billing = snapshots.SnapshotLog(stores, "billing", METERING, BILLING_SNAPSHOTS)
        self.prepayment_billing = snapshots.SnapshotLog(stores, "prepayment_billing", PREPAYMENT, BILLING_SNAPSHOTS)
        self.top_ups = snapshots.top_up_log(stores)
        self.debt_payments = snapshots.debt_log(stores)
        self.event_logs = events.EventLogs(
            stores, (events.GENERAL, events.SECURITY, events.METER_GENERAL, events.METER_SECURITY)
        )
        self.copier = Copier(self, stores.values)
        # What was counted since the beginning: what a litre came to in energy and money.
        self.counted = stores.values.get("counted", {"litres": 0, "energy": 0, "cost": 0})
        self._restore()
        self._session_time = False  # the meter's time in this wake: False none came, None it was invalid
        self._session_status = UNRELIABLE
        self._session_end = None
        self.metering = self.attributes(self.mirror, METERING)
        self.prepayment = self.attributes(self.mirror, PREPAYMENT)
        # Keyed by cluster << 16 | attribute identifier.
        self._owners = {}  # register sets
        for name, cluster, names in SETS:
            for identifier in foundation.identifiers(cluster, names):
                self._owners[cluster << 16 | identifier] = name
        self._looked_at = {}  # names of attributes
        for cluster, names in LOOKED_AT:
            for name, identifier in zip(names, foundation.identifiers(cluster, names)):
                self._looked_at[cluster << 16 | identifier] = name
        self._serve(configuration)
        self.server = GbcsServer(self, configuration["keys"], self._values)
        self.commission(self, self.server, self._log_changed)
        self._wan_logs = None
        self._tap_off = Later("han.devices.tap_off", "TapOff", self, self._values)

    def _serve(self, configuration):
        self.attributes(self.esi, BASIC).set("physical_environment", MIRROR_POSSIBLE)
        self.tables = GasTables(self._values, self.attributes(self.esi, PRICE), self.metering, configuration)
        serve_history(self.metering, self.energy, "alternative_consumption", _nothing)
        serve_history(self.prepayment, self.cost, "cost_consumption", _nothing)
        management = self.attributes(self.esi, DEVICE_MANAGEMENT)
        self.tenancy = Tenancy(management, self._values, configuration.get("change_of_tenancy", True))
        serve_tenancy(self, self.tenancy)
        self.messages = MessageServer(self, self.esi, self._values)
        self.handle(METERING, "client", self.copier.from_meter)
        self.handle(PREPAYMENT, "client", self.copier.from_meter)
        for cluster in (METERING, PREPAYMENT, PRICE):
            self.handle(cluster, "server", self._read_logs)
        self.handle(CALENDAR, "server", self._read_calendar)
        self.attributes(self.esi, CALENDAR)
        self.handle(EVENTS, "server", self._events_read)
        self.attributes(self.esi, EVENTS)
        for cluster in (METERING, PREPAYMENT, TIME):
            self.attributes(self.mirror, cluster, "client").reported = self._reported

    def receive(self, message, time):
        if self.hears is not None and not self.hears(message, time):
            return []
        return super().receive(message, time)

    # -- power and clock -----------------------------------------------------------------------------------

    def on_start(self, time):
        self.clock.set(time, time, status_number(self.configuration.get("clock", "reliable")))
        self.report_clock("start")
        self._plan_tenancy(time)
        self.plan_taps()
        self.plan_instructions()

    def _restore(self):
        if self._values.get("energy"):
            self.energy.restore(self._values.get("energy"))
            self.cost.restore(self._values.get("cost"))

    def bench_clock(self, arguments, time):
        self.change_clock(arguments, time)
        self._plan_tenancy(time)
        self.plan_taps()
        self.plan_instructions()

    # -- the mirror ------------------------------------------------------------------------------------------

    def snapshot_log(self, name, cause):
        """Where a snapshot of that command and cause belongs (REQ-GPF-1 to 3, 6)."""
        daily = cause & snapshots.GENERAL
        if name in ("publish_snapshot", "get_snapshot"):
            return self.daily_reads if daily else self.billing
        return self.prepayment_daily_reads if daily else self.prepayment_billing

    def _reported(self, cluster, records, message, time):
        """The meter reports attributes; a stranger's report is refused [ZSE 5]."""
        if message.source != self.configuration["gsme"]:
            return status.NOT_AUTHORIZED
        if self._session_end is None or time > self._session_end:
            self._session_time = False
            self._session_status = UNRELIABLE
        self._session_end = time + SESSION
        values = {}
        for identifier, _, value in records:
            name = self._looked_at.get(cluster << 16 | identifier)
            if name is not None:
                values[name] = value
        if cluster == TIME:
            if "time_status" in values:
                self._session_status = RELIABLE if values["time_status"] & 0x02 else UNRELIABLE
            return status.SUCCESS
        if "reading_snapshot_time" in values:
            self._session_time = values["reading_snapshot_time"]
        self._keep(cluster, records, values, time)
        if values.get("attribute_reporting_status") == 1:
            self._session_end = None
            if cluster == METERING:
                self.copier.push_complete(self.metering.get("current_summation_delivered"), self._moment(time))
        # The flags travel in a Metering command; on Prepayment its number is another command's [ZSE 5].
        return self.copier.answer_to_report(message) if cluster == METERING else status.SUCCESS

    def _keep(self, cluster, records, values, time):
        """Copy what was reported and stamp each register set that was refreshed (REQ-0015-9)."""
        moment = self._moment(time)
        attributes = self.metering if cluster == METERING else self.prepayment
        refreshed = set()
        for identifier, _, value in records:
            owner = self._owners.get(cluster << 16 | identifier)
            if owner is not None:
                refreshed.add(owner)
            name = self._looked_at.get(cluster << 16 | identifier)
            if name == "metering_device_type":
                value += MIRRORED
            if name not in COUNTED:
                attributes.set(identifier, value)
        for name in refreshed:
            self.stamps.put(name, moment[0], moment[1], moment[2])
        utc = moment[0] if moment[1] == FROM_GSME and moment[2] != INVALID else self.utc()
        if utc is not None:
            self._count_today(values.get(COUNTED[0]), self.energy, "energy", utc)
            self._count_today(values.get(COUNTED[1]), self.cost, "cost", utc)

    def _moment(self, time):
        """(utc, source, status) of the values that are being pushed (REQ-0015-7, 8)."""
        utc = self.utc()
        return stamp(self._session_time, self._session_status, time if utc is None else utc, self.clock.status)

    def _count_today(self, today, history, name, utc):
        """From the meter's total of the day to the totals of day, week and month [GBCS 10.4, REQ-GPF-9]."""
        if today is None:
            return
        history.roll(utc - 1)  # at midnight the day that ends there is meant
        used = today - (history.total("day", 0) or 0)
        history.add(utc - 1, used)
        self.counted[name] += used
        self._values.set_all({name: history.state(), "counted": self.counted})

    # -- what readers on the HAN ask for beyond attributes --------------------------------------------------

    def _since(self):
        """The change of tenancy in force, before which nothing is for the HAN (REQ-0056-9)."""
        return self.tenancy.in_force(self.utc())

    def _read_logs(self, name, fields, message, time):
        """A request for logged data from the HAN."""
        since = self._since()
        if name == "get_profile":
            return profile.serve_profile(name, fields, self.half_hours, self.days, since)
        if name in READ_ON_HAN:
            return gas_logs.answer_for_han(gas_logs.GasLogs(self, since, profile.IN_ONE_FRAME), name, fields)
        return status.UNSUP_CLUSTER_COMMAND

    def _read_calendar(self, name, fields, message, time):
        """A request for the calendars that the supplier set: an answer a part, each under the request's number (REQ-GPF-15)."""
        found = gas_answers.answer(gas_logs.GasLogs(self), name, fields)
        if isinstance(found, int):
            return found
        for name, fields in found:
            octets = foundation.command(CALENDAR, name, TO_CLIENT, fields, message.payload[1])
            self.tell(message.source, message.destination_endpoint, message.source_endpoint, CALENDAR, octets)
        return None

    def _events_read(self, name, fields, message, time):
        return self.event_logs.serve(fields) if name == "get_event_log" else status.UNSUP_CLUSTER_COMMAND

    def bench_message(self, arguments, time):
        """A message for the people of the house (han.devices.messages)."""
        self.messages.bench(arguments)

    # -- change of tenancy ---------------------------------------------------------------------------------

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
        date = self.tenancy.in_force(self.utc())
        if date is not None:
            for history, name in ((self.energy, "energy"), (self.cost, "cost")):
                history.hide_before(date, _Share(self, name))
                self._values.set(name, history.state())
            self.messages.change_of_tenancy(date)

    # -- GBCS ------------------------------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the GPF; returns the answers."""
        self.now = time
        answer = self.server.answer(octets, time)
        self.plan_instructions()
        self._wan_logs = None
        return () if answer is None else (answer,)

    def tap(self, octets, message, time):
        """A command for the meter passes: keep it if the proxy has to follow it [GBCS 10.3; REQ-GPF-12]."""
        self.now = time
        self._tap_off.command(message)

    def tap_answer(self, octets, time):
        """The meter's answer passes: follow the command it answers."""
        self.now = time
        self._tap_off.answer(octets)

    def follow(self, name, fields):
        """Do what a command to the meter asks of the proxy, too; a ZCL status."""
        if name == "clear_event_log_request":
            return status.SUCCESS if self.event_logs.clear(COPY_OF[fields["log_id"]], self.utc()) else status.FAILURE
        if name == "display_message":
            return self.messages.take(fields)
        return self.tables.take(name, fields)

    def plan_taps(self):
        """Be called when the next part of a command that is followed becomes active (REQ-GPF-13)."""
        date = self._tap_off.next_date() if self._values.get(TAPS_PLANNED) else None
        if date is None or self.utc() is None:
            self.cancel(self._follow_due)
        else:
            self.at(max(self.clock.time_of(date), self.now), self._follow_due)

    def _follow_due(self, time):
        self._tap_off.follow_due(self.utc())
        self.plan_taps()

    def tapped_event(self, code):
        """Commands that are followed are logged with the meter's events (REQ-GPF-14)."""
        self.event_logs.record(self.utc(), events.COMMAND_ACCEPTED, code.to_bytes(2, "big"), events.METER_GENERAL)

    def event(self, code, data=b"", alert=True):
        """Log an event, and tell the WAN where the event asks for an alert."""
        self.event_logs.record(self.utc(), code, data)
        if alert:
            self.report("alert", {"code": "%04x" % code, "fields": {}})

    def clear_events(self, log_id):
        """CS11; see han.gbcs.gas_answers."""
        return self.event_logs.clear(log_id, self.utc())

    def gbcs_read(self, cluster, attribute):
        """(ZCL status, data type, value) of an attribute for the WAN [GBCS 11.1]."""
        endpoint = self.mirror if cluster in (METERING, PREPAYMENT) else self.esi
        return self.attributes(endpoint, cluster).record(attribute)

    def gbcs_command(self, cluster, name, fields, request):
        """Carry out a ZCL command from the WAN: reads of logs and tables, GCS09 (REQ-0056-5). A ZCL status or a list of
        (name, fields)."""
        if cluster != DEVICE_MANAGEMENT or name != "publish_change_of_tenancy":
            if self._wan_logs is None:
                self._wan_logs = gas_logs.GasLogs(self)
            return gas_answers.answer(self._wan_logs, name, fields)
        result = self.tenancy.publish(
            fields["provider_id"],
            fields["issuer_event_id"],
            fields["tariff_type"],
            fields["implementation_date_time"],
            fields["proposed_tenancy_change_control"],
            self.utc(),
        )
        self._plan_tenancy(self.now)
        return result

    def tell_wan(self, message):
        """Send what `message()` makes: the way to the WAN is in the same hub."""
        self.report("gbcs", {"octets": message().hex()})

    def _log_changed(self):
        """Every change of the device log is told with a full copy of it (REQ-GPF-16)."""
        self.event(DEVICE_LOG_CHANGED)
        broker = self.server.keys.holder(use_cases.ACCESS_CONTROL_BROKER)
        utc = self.utc()
        if broker is None or utc is None:
            return
        from han.gbcs import asn1_alerts

        entries = self.paired_devices.entries()
        self.tell_wan(lambda: asn1_alerts.device_log(self.server, broker, DEVICE_LOG_CHANGED, utc, entries))

    def billing_came(self, name, fields):
        """A billing snapshot of the meter's: told to the supplier where that is not the meter's part (GCS53)."""
        supplier = self.server.keys.holder(use_cases.SUPPLIER)
        if name != "publish_snapshot" or supplier is None or not self.configuration.get("billing_alert", False):
            return
        payload = clusters.encode_command(METERING, name, TO_CLIENT, fields)
        utc = self.utc()
        self.tell_wan(lambda: gbz_alerts.send(self.server, "GCS53", supplier, BILLING_READ, utc, payloads=(payload,)))

    def gbcs_data_time(self, use_case):
        return self.stamps.of_use_case(use_case)

    def gbcs_utc(self, time):
        return self.clock.utc(time)

    def state(self):
        return {
            "current_summation_delivered": self.metering.get("current_summation_delivered"),
            "stamps": {name: self.stamps.get(name) for name, _, _ in SETS},
            "refusals": self.server.refusals,
        }


def _nothing():
    pass


class _Share:
    """What was used of energy or money after a date: the gas that the half-hour log says, times what a litre came to on
    the proxy so far. Only gas is kept by half hour. None where the log does not know."""

    def __init__(self, proxy, name):
        self._proxy = proxy
        self._name = name

    def __call__(self, date, end):
        counted = self._proxy.counted
        litres = self._proxy.half_hours.used_after(date, end)
        if litres is None or not counted["litres"]:
            return None
        return litres * counted[self._name] // counted["litres"]
