# SPDX-License-Identifier: Apache-2.0
"""IHD: polls the electricity meter and the gas proxy, shows what they say, forgets the former occupier."""

from han.clock import DAY, HALF_HOUR, INVALID, RELIABLE, UNRELIABLE, to_iso
from han.devices import client, probe
from han.devices.device import Device
from han.devices.payment_modes import PREPAYS
from han.devices.served import period_names
from han.devices.tenancy import TenancyWatch
from han.zcl import foundation

TIME = 0x000A
PRICE = 0x0700
METERING = 0x0702
PREPAYMENT = 0x0705
DEVICE_MANAGEMENT = 0x0708

ELECTRICITY = "electricity"
GAS = "gas"
FUELS = (ELECTRICITY, GAS)

LOST_AFTER = 3  # requests in a row without an answer
IN_ONE_READ = 6  # attributes whose answer fits one secured frame [radios 2]

ELECTRICITY_NOW = (
    "current_summation_delivered",
    "instantaneous_demand",
    "ambient_consumption_indicator",
    "supply_status",
)
GAS_NOW = ("current_summation_delivered", "reading_snapshot_time", "supply_status")
ACCOUNT = (
    "payment_control_configuration",
    "credit_remaining",
    "emergency_credit_remaining",
    "accumulated_debt",
    "low_credit_warning",
)
ELECTRICITY_TARIFF = ("no_tier_block1_price",)
STAYS = ACCOUNT + ELECTRICITY_TARIFF + ("supply_status",)
TENANCY = ("change_of_tenancy_update_date_time", "proposed_tenancy_change_control")

HUB_TIME = ("time", "time_status")
SUPPLY = ("off", "armed", "on")
AMBIENT = ("low", "medium", "high")

# What an erasure covers (REQ-0056-16); the display keeps each as an entry of the fuel's memory.
ERASED = ("consumption", "cost", "demand_peaks", "budgets", "messages", "top_up_history")




def _disregard(frame, time):
    """The bench asked, not the display."""


class Fuel:
    """What the display knows of one fuel, and of the way to the device that tells it."""

    def __init__(self, name, peer, values):
        self.name = name
        self.peer = peer  # {"identity", "management", "metering"}: EUI-64 and endpoints
        self.values = values
        self.watch = TenancyWatch(name, values)
        self.now = {}  # the latest of the quickly changing figures
        self.memory = values.get("memory_" + name, {})  # what an erasure removes
        self.unanswered = 0
        self.verified = False  # nothing is shown before the change of tenancy was asked for (AT-0056-4)

    def keep(self):
        self.values.set("memory_" + self.name, self.memory)


class Poll:
    """A read that is repeated: what, of whom, how often, and who takes the values."""

    def __init__(self, interval, fuel, cluster, names, take):
        self.interval = interval
        self.fuel = fuel
        self.cluster = cluster
        self.names = names
        self.identifiers = foundation.identifiers(cluster, names)
        self.take = take
        self.due = 0


class InHomeDisplay(Device):
    """`configuration`: `endpoint`, `hub` {identity, time}, `esme` and `gpf` {identity, management, metering}, and the
    intervals in seconds `electricity_poll` (10), `gas_poll` (1800), `history_poll` (1800), `tenancy_poll` (1800; at least once
    a day, REQ-0056-17), `time_poll` (86400).
    """

    role = "ihd"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.endpoint = configuration["endpoint"]
        self.endpoints = (self.endpoint,)
        self._electricity = Fuel(ELECTRICITY, configuration["esme"], stores.values)
        self._gas = Fuel(GAS, configuration["gpf"], stores.values)
        self.fuels = (self._electricity, self._gas)
        self._interval = configuration.get("electricity_poll", 10)
        self._fast = Poll(self._interval, self._electricity, METERING, ELECTRICITY_NOW, self._take_now)
        self._slow = self._slow_polls()
        self._queue = []  # slow polls of this round that are still to be sent, one at a time

    def _slow_polls(self):
        setting = self.configuration.get
        polls = []
        for fuel in self.fuels:
            polls.append(
                Poll(setting("tenancy_poll", HALF_HOUR), fuel, DEVICE_MANAGEMENT, TENANCY, self._take_tenancy)
            )
            polls.append(Poll(setting("account_poll", HALF_HOUR), fuel, PREPAYMENT, ACCOUNT, self._take_now))
        polls.append(Poll(DAY, self._electricity, PRICE, ELECTRICITY_TARIFF, self._take_now))
        polls.append(Poll(setting("gas_poll", HALF_HOUR), self._gas, METERING, GAS_NOW, self._take_now))
        for fuel in self.fuels:
            quantity = "consumption" if fuel is self._electricity else "alternative_consumption"
            names = [name for name, _, _ in period_names(quantity)]
            for start in range(0, len(names), IN_ONE_READ):
                polls.append(
                    Poll(
                        setting("history_poll", HALF_HOUR),
                        fuel,
                        METERING,
                        names[start : start + IN_ONE_READ],
                        self._take_history,
                    )
                )
        return polls

    # -- power and time --------------------------------------------------------------------------------------

    def on_start(self, time):
        self.clock.status = INVALID
        self.report_clock("start")
        self._queue = []
        for poll in self._slow:
            poll.due = 0
        for fuel in self.fuels:
            fuel.verified = False
            fuel.unanswered = 0
            fuel.now = {}
            unfinished = fuel.values.get("erasing_" + fuel.name)
            if unfinished is not None:  # power went in the middle of an erasure (REQ-0056-19)
                self._erase(fuel, unfinished)
        self.at(time + 2, self._ask_time)

    def on_stop(self, time):
        for fuel in self.fuels:
            fuel.keep()

    def _ask_time(self, time):
        hub = self.configuration["hub"]
        self.at(time + self.configuration.get("time_poll", DAY), self._ask_time)
        self.read(
            hub["identity"], self.endpoint, hub["time"], TIME, foundation.identifiers(TIME, HUB_TIME), self._told_time, time
        )

    def _told_time(self, frame, time):
        values = client.values(TIME, HUB_TIME, frame)
        utc = values.get("time")
        first = self.clock.status == INVALID
        if utc is None:
            self.at(time + 60, self._ask_time)
            return
        synchronised = values.get("time_status", 0) & 0x02
        self.clock.set(utc, time, RELIABLE if synchronised else UNRELIABLE)
        if first:
            self.report_clock("network")
            self.at(time, self._poll_slowly)
            self.at(time + 10 - utc % 10, self._poll_electricity)
            self._plan_display(time)

    # -- polling ---------------------------------------------------------------------------------------------

    def bench_poll(self, arguments, time):
        """`electricity`: seconds between two reads of the electricity figures from now on."""
        self._interval = arguments["electricity"]
        self.at(time + 1, self._poll_electricity)

    def bench_ask(self, arguments, time):
        """The bench asks through this display: `of` "electricity" or "gas", and what `probe.request` takes. The answer
        changes nothing here; the trace has it."""
        peer = self.fuels[FUELS.index(arguments["of"])].peer
        cluster = arguments["cluster"]
        payload = probe.request(arguments, self.next_sequence())
        endpoint = probe.endpoint_of(peer, cluster)
        self.ask(peer["identity"], self.endpoint, endpoint, cluster, payload, _disregard, time)

    def _poll_electricity(self, time):
        self.at(time + self._interval, self._poll_electricity)
        if self._electricity.verified:
            self._send(self._fast, time)

    def _poll_slowly(self, time):
        """Send what is due, one after the other; while a fuel is not verified only its change of tenancy is asked for."""
        utc = self.utc()
        self.at(time + HALF_HOUR - (utc - 20) % HALF_HOUR, self._poll_slowly)
        self._check_tenancy(time)
        for poll in self._slow:
            if poll.due <= time and poll not in self._queue:
                self._queue.append(poll)
        self._send_next(time)

    def _send_next(self, time):
        while self._queue:
            poll = self._queue.pop(0)
            if poll.fuel.verified or poll.cluster == DEVICE_MANAGEMENT:
                # A little early, so that a round which starts on time finds it due.
                poll.due = time + poll.interval - 60
                self._send(poll, time)
                return

    def _send(self, poll, time):
        peer = poll.fuel.peer
        endpoint = peer["management" if poll.cluster in (DEVICE_MANAGEMENT, PRICE) else "metering"]
        slow = poll is not self._fast

        def answered(frame, now):
            self._answered(poll, frame, now)
            if slow:
                self._send_next(now)

        self.read(peer["identity"], self.endpoint, endpoint, poll.cluster, poll.identifiers, answered, time)

    def _answered(self, poll, frame, time):
        fuel = poll.fuel
        if frame is None:
            fuel.unanswered += 1
            if fuel.unanswered >= LOST_AFTER and fuel.verified:
                fuel.verified = False  # the link is lost: ask for the tenancy first when it is back (REQ-0056-17)
                fuel.now = {}
                self.report("link", {"fuel": fuel.name, "up": False})
                self._show()
            if not fuel.verified:
                self.at(time + 60, self._ask_again)
            return
        fuel.unanswered = 0
        records = client.records(frame)
        if records is not None:
            poll.take(fuel, client.by_name(records, poll.identifiers, poll.names), time)

    def _ask_again(self, time):
        """A fuel that is not verified: its change of tenancy is the first thing asked for."""
        for poll in self._slow:
            if poll.cluster == DEVICE_MANAGEMENT and not poll.fuel.verified:
                self._send(poll, time)

    # -- what the answers say ----------------------------------------------------------------------------

    def _take_now(self, fuel, values, time):
        fuel.now.update(values)

    def _take_history(self, fuel, values, time):
        """Consumption of the periods and what it cost; what the meter does not give is no value."""
        memory = fuel.memory
        consumption = memory.setdefault("consumption", {})
        for name, value in values.items():
            consumption[name] = value
        if fuel is self._electricity:
            peak = fuel.now.get("instantaneous_demand")
            if peak is not None and peak > memory.get("demand_peaks", 0):
                memory["demand_peaks"] = peak
        fuel.keep()

    def _take_tenancy(self, fuel, values, time):
        """The answer about change of tenancy: with it the fuel's figures may be shown again."""
        if TENANCY[0] in values:
            fuel.watch.learn(values[TENANCY[0]], values.get(TENANCY[1]) or 0)
        else:
            fuel.watch.refuse()  # a meter from before the change: carry on (AT-0056-10)
            self.report("tenancy", {"fuel": fuel.name, "supported": False})
        first = not fuel.verified
        fuel.verified = True
        self._check_tenancy(time)
        if first:
            self.report("link", {"fuel": fuel.name, "up": True})
            for poll in self._slow:
                if poll.fuel is fuel and poll.cluster != DEVICE_MANAGEMENT:
                    poll.due = 0
            self.at(time + 1, self._poll_slowly)

    # -- change of tenancy ---------------------------------------------------------------------------------

    def _check_tenancy(self, time):
        """Erase what is due, and come back when the next date is reached on HAN time (REQ-0056-14)."""
        utc = self.utc()
        for fuel in self.fuels:
            date = fuel.watch.due(utc)
            if date is not None:
                self._show()
                self._erase(fuel, date)
                self._show()
            elif fuel.watch.pending is not None and utc is not None:
                self.at(self.clock.time_of(fuel.watch.pending), self._check_tenancy)

    def _erase(self, fuel, date):
        """Forget the former occupier of one fuel. The mark is written first, so that a loss of power cannot stop it."""
        fuel.values.set("erasing_" + fuel.name, date)
        fuel.memory = {}
        # Balance, tariff and the state of the supply are the meter's and stay (REQ-0056-16).
        fuel.now = {name: fuel.now[name] for name in STAYS if name in fuel.now}
        fuel.keep()
        fuel.watch.done(date)
        fuel.values.set("erasing_" + fuel.name, None)
        self.report("erase", {"fuel": fuel.name, "date": to_iso(date), "items": list(ERASED)})
        for poll in self._slow:
            if poll.fuel is fuel:
                poll.due = 0

    # -- the display ---------------------------------------------------------------------------------------

    def bench_press(self, arguments, time):
        """A button was pressed: show what is on the screen."""
        self._show()

    def _plan_display(self, time):
        utc = self.utc()
        self.at(time + HALF_HOUR - (utc - 60) % HALF_HOUR, self._show_regularly)

    def _show_regularly(self, time):
        self._plan_display(time)
        self._show()

    def _show(self):
        self.report("display", {"screen": self.screen()})

    def screen(self):
        """What the display shows: item and value, None for "no value" which is never shown as a number.

        Power in W, energy in Wh, gas in litres, money in 10^-5 pounds, lists newest first.
        """
        screen = {"time": to_iso(self.utc())}
        electricity = self._electricity.now
        watts = electricity.get("instantaneous_demand")
        price = electricity.get("no_tier_block1_price")
        screen["electricity_power"] = watts
        screen["electricity_cost_per_hour"] = None if watts is None or price is None else watts * price // 1000
        ambient = electricity.get("ambient_consumption_indicator")
        screen["electricity_ambient"] = None if ambient is None else AMBIENT[ambient]
        screen["electricity_register"] = electricity.get("current_summation_delivered")
        gas = self._gas.now
        screen["gas_register"] = gas.get("current_summation_delivered")
        screen["gas_reading_time"] = to_iso(gas.get("reading_snapshot_time"))
        for fuel in self.fuels:
            self._account_items(fuel, screen)
            self._history_items(fuel, screen)
        return screen

    def _account_items(self, fuel, screen):
        """Payment mode, and in prepayment mode what is left."""
        now = fuel.now
        configuration = now.get("payment_control_configuration")
        prepays = None if configuration is None else bool(configuration & PREPAYS)
        screen[fuel.name + "_prepayment"] = prepays
        for name in ("credit_remaining", "emergency_credit_remaining", "accumulated_debt"):
            screen["%s_%s" % (fuel.name, name)] = now.get(name) if prepays else None
        supply = now.get("supply_status")
        screen[fuel.name + "_supply"] = SUPPLY[supply] if supply is not None and supply < len(SUPPLY) else None

    def _history_items(self, fuel, screen):
        consumption = fuel.memory.get("consumption", {}) if fuel.verified else {}
        quantity = "consumption" if fuel is self._electricity else "alternative_consumption"
        for name, kind, age in period_names(quantity):
            value = consumption.get(name)
            if age == 0:
                screen["%s_%s" % (fuel.name, "today" if kind == "day" else kind)] = value
            elif age == 1:
                screen["%s_previous_%ss" % (fuel.name, kind)] = [value]
            else:
                screen["%s_previous_%ss" % (fuel.name, kind)].append(value)

    def state(self):
        return {
            "screen": self.screen(),
            "erasures": {fuel.name: fuel.watch.erasures for fuel in self.fuels},
            "tenancy_supported": {fuel.name: fuel.watch.supported for fuel in self.fuels},
        }
