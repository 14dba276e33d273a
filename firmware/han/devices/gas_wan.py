# SPDX-License-Identifier: Apache-2.0
"""The gas meter's side to the WAN: what it answers in GBCS, out of which logs, what commands do, which alerts it sends."""

from han.clock import DAY, to_iso
from han.devices import profile, snapshots
from han.devices.commissioning import Commissioned
from han.devices.flow_guard import UNCONTROLLED_FLOW, FlowGuard
from han.devices.gas_logs import GasLogs, answer_for_han
from han.devices.gas_orders import GasOrders
from han.devices.gas_push import GasPush
from han.devices.gas_tables import GasTables
from han.devices.prepayment import ARMED, OFF, ON
from han.errors import CryptoError
from han.gbcs import gas_answers, gas_settings, gbz_alerts, use_cases
from han.gbcs.server import GbcsServer
from han.later import Later
from han.zcl import clusters, status
from han.zcl.frame import TO_CLIENT

BASIC = 0x0000
OTA = 0x0019
PRICE = 0x0700
METERING = 0x0702
PREPAYMENT = 0x0705

SNAPSHOTS = 31
BILLING_SNAPSHOTS = 12
NETWORK_SAMPLES = 2880  # ten days of 6 minutes is 2400 (I)
_IMAGE_TAKES = 1500  # seconds that an image may take at most
BILLING_READ = 0x8F0A  # code of the alert GCS53
SNAPSHOT_TYPE = 6  # block and tiers without billing part [GBCS 11.3]
PREPAY_SNAPSHOT_TYPE = 0

# Amounts of a prepayment snapshot, four octets each, in order [ZSE 6].
_BALANCES = (
    "accumulated_debt",
    "debt_amount1",
    "debt_amount2",
    "debt_amount3",
    "emergency_credit_remaining",
    "credit_remaining",
)


class GasWan(Commissioned):
    """`meter` is a GasMeter. Of its `configuration`: `keys`, `tariff` (values of price attributes by name),
    `manufacturer_name`, `model_identifier`, `current_meter_id`, `billing_alert` (whether GCS53 is the meter's)."""

    role = "gsme"

    def __init__(self, meter, configuration, stores):
        self._meter = meter
        self.identity = meter.identity
        self.daily_reads = meter.daily_reads
        self.half_hours = meter.half_hours
        self.event_logs = meter.event_logs
        self.account = meter.account
        self.top_ups = meter.account.top_ups
        self.debt_payments = meter.account.debt_payments
        self.metering = meter.metering
        self.prepayment = meter.prepayment
        self._stores = stores
        self._values = stores.values
        self.billing = snapshots.SnapshotLog(stores, "billing", METERING, BILLING_SNAPSHOTS)
        self.prepayment_billing = snapshots.SnapshotLog(stores, "prepayment_billing", PREPAYMENT, BILLING_SNAPSHOTS)
        self.prepayment_daily_reads = snapshots.SnapshotLog(stores, "prepayment_daily_read", PREPAYMENT, SNAPSHOTS)
        self._sampling = self._values.get("sampling")  # [interval, samples left, register at the last sample]
        self._network_log = stores.log("network_data", profile.RECORD, NETWORK_SAMPLES)
        self.network = profile.PeriodLog(self._network_log, self._sampling[0] if self._sampling else profile.HALF_HOUR)
        self._logs = None
        self.push = GasPush(self, self._values)
        self.tells_configurations = True
        self._serve(configuration)
        self.tables = GasTables(self._values, meter.attributes(meter.endpoint, PRICE), meter.metering, configuration)
        self.flow_guard = FlowGuard(meter.metering, self._values, self._trip)
        self.server = GbcsServer(self, configuration["keys"], self._values)
        self.commission(meter, self.server)
        self.hold_firmware(stores, configuration)
        self.images = Later(
            "han.devices.ota", "ImageClient", meter, meter.endpoint, self.firmware, None, meter.sleep
        )
        meter.attributes(meter.endpoint, OTA, "client")
        self.clock = meter.clock
        self.orders = GasOrders(self, self._values)
        self.tables_changed("publish_price_matrix")

    def _serve(self, configuration):
        basic = self._meter.attributes(self._meter.endpoint, BASIC)
        basic.set("manufacturer_name", configuration.get("manufacturer_name", "hanref"))
        basic.set("model_identifier", configuration.get("model_identifier", "reference gas meter"))
        metering = self.metering
        metering.set("current_meter_id", configuration.get("current_meter_id", self.identity.hex()).encode())
        for name in ("site_id", "customer_id_number"):
            metering.set(name, b"")

    @property
    def now(self):
        return self._meter.now

    def start(self, time):
        """Power is on."""
        self.try_firmware(self._values, time)
        self.plan_dates()
        if self.account.supply_is_on():
            self.flow_guard.begin(time)
        self._plan_guard()
        if self._sampling and self._sampling[1]:
            self._meter.at(time + self._sampling[0], self._sample)

    # -- what a meter is asked for elsewhere, too ------------------------------------------------------------------

    def utc(self):
        return self._meter.utc()

    def report(self, kind, fields):
        self._meter.report(kind, fields)

    def event(self, code, data=b"", alert=True):
        self._meter.event(code, data, alert)

    def event_behaviour(self, code):
        """(whether an event is logged, whether the WAN is told of it), as GCS20 sets it."""
        return self.orders.event_behaviour(code)

    def answer_for_proxy(self, name, fields):
        """What the proxy asks of the meter's logs: as in one frame [GBCS 11.4]."""
        return answer_for_han(GasLogs(self, None, profile.IN_ONE_FRAME), name, fields)

    # -- GBCS ------------------------------------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the meter; returns the answers."""
        answer = self.server.answer(octets, time)
        self.plan_instructions()
        self._logs = None
        return () if answer is None else (answer,)

    def gbcs_read(self, cluster, attribute):
        """(ZCL status, data type, value) of an attribute for the WAN."""
        self._meter.refresh()
        return self._meter.attributes(self._meter.endpoint, cluster).record(attribute)

    def gbcs_command(self, cluster, name, fields, request):
        """Carry out a ZCL command from the WAN; a ZCL status or a list of (name, fields)."""
        self._meter.refresh()
        if self._logs is None:
            self._logs = GasLogs(self)
        result = gas_answers.answer(self._logs, name, fields)
        if result == status.UNSUP_CLUSTER_COMMAND:
            result = gas_settings.answer(self.orders, cluster, name, fields, request)
        return result

    def gbcs_data_time(self, use_case):
        """The meter answers with its own time, now (REQ-0015-5)."""
        return self.utc(), "gsme", self.clock.status

    def gbcs_utc(self, time):
        return self.clock.utc(time)

    def gbcs_set_clock(self, start, end, request):
        """The hub told its time when the meter woke (REQ-CLK-4)."""
        self._meter.timekeeper.set_now(start, end, self.now)

    def gbcs_event(self, code, data):
        """What became of a command, for the event log."""
        self._meter.event(code, data, False)

    def clear_events(self, log_id):
        return self.event_logs.clear(log_id, self.utc())

    def tell_wan(self, message):
        """Send what `message()` makes in this wake or the next; nothing where a key for it is missing."""
        try:
            self._meter.tunnel.deliver(message())
        except CryptoError as error:
            self.report("alert_not_sent", {"reason": str(error)})

    # -- dates -----------------------------------------------------------------------------------------------------

    def plan_dates(self):
        """Be called when the next command that waits for its date is due."""
        self.plan_instructions()
        date = self.orders.next_date()
        if date is None or self.utc() is None:
            self._meter.cancel(self._date_comes)
        else:
            self._meter.at(max(self.clock.time_of(date), self.now), self._date_comes)

    def _date_comes(self, time):
        self._meter.refresh()
        self.orders.carry_out_due(self.utc())
        self.plan_dates()

    def tables_changed(self, name):
        """What follows from a setting of the tables."""
        if name == "publish_price_matrix":
            price = self.tables.unit_price()
            if price is not None:
                self.account.set_price(price)
        if name in ("publish_tariff_information", "publish_billing_period"):
            self.billing_snapshot(
                snapshots.TARIFF_CHANGE if name == "publish_tariff_information" else snapshots.END_OF_BILLING_PERIOD
            )

    # -- firmware -------------------------------------------------------------------------------------------------

    def take_image(self, time):
        """The hub has an image for the meter, which stays awake until it has it."""
        hub = self._meter.configuration["hub"]
        self._meter.at(time + _IMAGE_TAKES, self._meter.sleep)
        self.images.look((hub["identity"], hub["time"]), time)

    # -- snapshots -------------------------------------------------------------------------------------------------

    def midnight(self, utc):
        """The daily reads; in prepayment mode those of the account as well (REQ-GSME-2)."""
        identifier = utc // DAY
        self.daily_reads.add(utc, identifier, snapshots.GENERAL, SNAPSHOT_TYPE, self._meter.snapshot_payload())
        if self.account.prepayment.prepays():
            payload = self._balances()
            self.prepayment_daily_reads.add(utc, identifier, snapshots.GENERAL, PREPAY_SNAPSHOT_TYPE, payload)

    def billing_snapshot(self, cause):
        """Registers and account are kept, and the supplier is told (GCS53)."""
        utc = self.utc()
        if utc is None:
            return
        self._meter.refresh()
        identifier = len(self.billing) + 1
        if self.billing.add(utc, identifier, cause, SNAPSHOT_TYPE, self._meter.snapshot_payload()):
            self.prepayment_billing.add(utc, identifier, cause, PREPAY_SNAPSHOT_TYPE, self._balances())
            self.report("store", {"store": "billing", "operation": "append", "entry": {"utc": to_iso(utc), "cause": cause}})
            if self._meter.configuration.get("billing_alert", True):
                self._send_billing_alert(utc)

    def _send_billing_alert(self, utc):
        supplier = self.server.keys.holder(use_cases.SUPPLIER)
        if supplier is None:
            return
        log = self.billing
        name, fields = log.publication(list(log.records())[-1], 1)
        payload = clusters.encode_command(METERING, name, TO_CLIENT, fields)
        self.tell_wan(lambda: gbz_alerts.send(self.server, "GCS53", supplier, BILLING_READ, utc, payloads=(payload,)))

    def _balances(self):
        octets = b""
        for name in _BALANCES:
            octets += (self.prepayment.get(name) & 0xFFFFFFFF).to_bytes(4, "little")
        return octets

    # -- network data ----------------------------------------------------------------------------------------------

    def start_network_log(self, interval, count):
        """GCS31: keep what is used in each interval, `count` times (REQ-GSME-4)."""
        self._network_log.erase()
        self.network = profile.PeriodLog(self._network_log, interval)
        self._sampling = [interval, count, self._meter.litres()]
        self._values.set("sampling", self._sampling)
        self._meter.at(self.now + interval, self._sample)

    def _sample(self, time):
        interval, count, before = self._sampling
        self._meter.refresh()
        litres = self._meter.litres()
        utc = self.utc()
        if utc is not None and self.network.append(utc, litres - before):
            entry = {"utc": to_iso(utc), "value": litres - before}
            self.report("store", {"store": "network_data", "operation": "append", "entry": entry})
        count -= 1
        self._sampling = [interval, count, litres]
        self._values.set("sampling", self._sampling)
        if count:
            self._meter.at(time + interval, self._sample)

    # -- supply ----------------------------------------------------------------------------------------------------

    def supply_changes(self, state):
        """The valve opens or closes."""
        if state == ON:
            self.flow_guard.begin(self.now)
        else:
            self.flow_guard.end()
        self._plan_guard()

    def guard_changed(self):
        """Other settings of the guard."""
        if self.account.supply_is_on():
            self.flow_guard.begin(self.now)
        self._plan_guard()

    def _plan_guard(self):
        until = self.flow_guard.deadline()
        if until is None:
            self._meter.cancel(self._guard)
        else:
            self._meter.at(until, self._guard)

    def _guard(self, time):
        self._meter.measure()
        self.flow_guard.look(time, self._meter.litres())
        self._plan_guard()

    def _trip(self):
        """Disabled, then armed: a person at the meter can have the supply back."""
        self.event(UNCONTROLLED_FLOW)
        self.account.set_supply(OFF)
        self.account.set_supply(ARMED)
