# SPDX-License-Identifier: Apache-2.0
"""IHD: polls the electricity meter and the gas proxy, shows what they say, forgets the former occupier."""

from han.clock import DAY, HALF_HOUR, INVALID, RELIABLE, UNRELIABLE, to_iso
from han.devices import client, ihd_screen, ihd_view, probe
from han.devices.device import Device
from han.devices.ihd_fuel import (
    ACCOUNT,
    BILL,
    DEVICE_MANAGEMENT,
    ELECTRICITY,
    ELECTRICITY_NOW,
    FUELS,
    GAS,
    METERING,
    SUPPLY,
    TENANCY,
    Fuel,
    Poll,
    slow_polls,
)
from han.devices.ihd_messages import MessageBoard
from han.display import pages
from han.errors import BenchError
from han.zcl import foundation

TIME = 0x000A
KEPT_AFTER = 30  # seconds after the last of a round of answers

LOST_AFTER = 3  # requests in a row without an answer

HUB_TIME = ("time", "time_status")

# What an erasure covers (REQ-0056-16); the display keeps each as an entry of the fuel's memory.
ERASED = ("consumption", "cost", "demand_peaks", "budgets", "messages", "top_up_history")


def _disregard(frame, time):
    """The bench asked, not the display."""


class InHomeDisplay(Device):
    """`configuration`: `endpoint`, `hub` {identity, time}, `esme` and `gpf` {identity, management, metering}, and the
    intervals in seconds `electricity_poll` (10), `gas_poll` (1800), `history_poll` (1800), `tenancy_poll` (1800; at least once
    a day, REQ-0056-17), `time_poll` (86400). `captures` says which screens go to the bench as pictures: "none", "shown"
    (the one that is on, where something happens), "all"; `tells_screens` whether the trace has what is shown.
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
        self._slow = slow_polls(
            configuration.get, self.fuels, self._take_now, self._take_tenancy, self._take_consumption, self._take_cost
        )
        self._queue = []  # slow polls of this round that are still to be sent, one at a time
        self._board = MessageBoard(self, self.endpoint)
        self.view = ihd_view.View(self.role)
        self.canvas = None  # made when the first picture is drawn
        self.changed = True  # what is shown did, since a board's glass was drawn last
        self.give_way = None  # what the node sets to take events at once
        self._captures = configuration.get("captures", "shown")
        self._tells = configuration.get("tells_screens", True)

    # -- power and time --------------------------------------------------------------------------------------

    def on_start(self, time):
        self.clock.status = INVALID
        self.report_clock("start")
        self._queue = []
        for poll in self._slow:
            poll.due = 0
        for fuel in self.fuels:
            fuel.restart()
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
        endpoint = self.fuels[FUELS.index(arguments["of"])].endpoint(cluster)
        self.ask(peer["identity"], self.endpoint, endpoint, cluster, payload, _disregard, time)

    def _poll_electricity(self, time):
        self.at(time + self._interval, self._poll_electricity)
        if self._electricity.verified:
            self._ask_for(self._fast, self._answered_now, time)

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
                # Counted from the round before, and a little early, so that a round which starts on time finds it due.
                poll.due = time - (self.utc() - 20) % HALF_HOUR + poll.interval - 60
                self._send(poll, time)
                return

    def _send(self, poll, time):
        def answered(frame, now):
            self._answered(poll, frame, now)
            self._send_next(now)

        self._ask_for(poll, answered, time)

    def _ask_for(self, poll, answered, time):
        fuel = poll.fuel
        endpoint = fuel.endpoint(poll.cluster)
        self.read(fuel.peer["identity"], self.endpoint, endpoint, poll.cluster, poll.identifiers, answered, time)

    def _answered_now(self, frame, time):
        self._answered(self._fast, frame, time)

    def _answered(self, poll, frame, time):
        fuel = poll.fuel
        fuel.count(frame is not None)
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
        values = client.by_name(frame, poll.identifiers, poll.names)
        if values is not None:
            poll.take(fuel, values, time)

    def _ask_again(self, time):
        """A fuel that is not verified: its change of tenancy is the first thing asked for."""
        for poll in self._slow:
            if poll.cluster == DEVICE_MANAGEMENT and not poll.fuel.verified:
                self._send(poll, time)

    # -- what the answers say ----------------------------------------------------------------------------

    def _take_now(self, fuel, values, time):
        self.changed = True
        fuel.now.update(values)
        if "reading_snapshot_time" in values:
            fuel.read_gas(values["reading_snapshot_time"], values.get("current_summation_delivered"))

    def _take_consumption(self, fuel, values, time):
        """Consumption of the periods; what the meter does not give is no value."""
        fuel.memory.setdefault("consumption", {}).update(values)
        if fuel is self._electricity:
            peak = fuel.now.get("instantaneous_demand")
            if peak is not None and peak > fuel.memory.get("demand_peaks", 0):
                fuel.memory["demand_peaks"] = peak
        self.at(time + KEPT_AFTER, self._keep)

    def _take_cost(self, fuel, values, time):
        """What the consumption of the periods cost."""
        fuel.memory.setdefault("cost", {}).update(values)
        self.at(time + KEPT_AFTER, self._keep)

    def _keep(self, time):
        """The answers of one round have come: they are kept together."""
        for fuel in self.fuels:
            fuel.keep()

    def _take_tenancy(self, fuel, values, time):
        """The answer about change of tenancy: with it the fuel's figures may be shown again."""
        if TENANCY[0] in values:
            fuel.watch.learn(values[TENANCY[0]], values.get(TENANCY[1]) or 0)
        else:
            fuel.watch.refuse()  # a meter from before the change: carry on (AT-0056-10)
            self.report("tenancy", {"fuel": fuel.name, "supported": False})
        first = not fuel.verified
        self._check_tenancy(time)  # before anything is shown: no figure of a former occupier may be (AT-0056-4)
        fuel.verified = True
        if first:
            self.report("link", {"fuel": fuel.name, "up": True})
            self._board.ask(fuel, time)
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
                self.capture(fuel, "before erasure")
                self._erase(fuel, date)
                self._show()
                self.capture(fuel, "after erasure")
                self.at(time + HALF_HOUR, _Later(self, fuel, "half an hour later", None))
            elif fuel.watch.pending is not None and utc is not None:
                self.at(self.clock.time_of(fuel.watch.pending), self._check_tenancy)

    def _erase(self, fuel, date):
        """Forget the former occupier of one fuel. The mark is written first, so that a loss of power cannot stop it."""
        fuel.values.set("erasing_" + fuel.name, date)
        fuel.forget()
        fuel.watch.done(date)
        fuel.values.set("erasing_" + fuel.name, None)
        self.report("erase", {"fuel": fuel.name, "date": to_iso(date), "items": list(ERASED)})
        for poll in self._slow:
            if poll.fuel is fuel:
                poll.due = 0

    # -- the display ---------------------------------------------------------------------------------------

    def bench_press(self, arguments, time):
        """`button`: left, right, up, down or enter."""
        button = arguments["button"]
        if button not in ihd_view.BUTTONS:
            raise BenchError("button %s: there are %s" % (button, ", ".join(ihd_view.BUTTONS)))
        wanted = self.view.press(button)
        if wanted == "confirm":
            self._board.confirm()
        elif wanted is not None:
            self.pay(wanted, time)
        self._show()
        self.capture(None, "button " + button)

    def pay(self, wanted, time):
        """What a person asks for on the payment screen: a display without one has nothing to do."""

    def bench_budget(self, arguments, time):
        """A person sets what a day may cost: `fuel`, `amount` in 10^-5 pounds."""
        fuel = self.fuels[FUELS.index(arguments["fuel"])]
        fuel.memory["budgets"] = arguments["amount"]
        fuel.keep()
        self._show()

    def shown(self):
        """What is on the screen has changed by itself."""
        self._show()

    def _plan_display(self, time):
        utc = self.utc()
        self.at(time + HALF_HOUR - (utc - 60) % HALF_HOUR, self._show_regularly)

    def _show_regularly(self, time):
        self._plan_display(time)
        self._show()

    def _show(self):
        self.changed = True
        if self._tells:
            self.report("display", {"screen": self.screen()})

    def screen(self):
        """What the display shows: item and value (han.devices.ihd_screen)."""
        return ihd_screen.items(self, self.view.page)

    def capture(self, fuel, moment, concerned=None):
        """Pictures for the bench: the screen that is on, or, of a display told to make all, those `concerned`, or all that
        have to do with a fuel (None for the one alone)."""
        if self._captures == "none":
            return
        shown = (self.view.page,)
        if self._captures == "all" and fuel is not None:
            other = GAS if fuel.name == ELECTRICITY else ELECTRICITY
            shown = concerned or [page for page in pages.names(self.role) if not page.startswith(other)]
        items = self.screen()
        for page in shown:
            for fields in ihd_view.capture(self, items, self.view.shown(page)):
                fields["moment"] = moment
                fields["fuel"] = None if fuel is None else fuel.name
                self.report("screen", fields)
                if self.give_way is not None:
                    self.give_way()

    def ask_account(self, fuel, time):
        """Something was done to the account: ask for it now."""
        for poll in self._slow:
            if poll.fuel is fuel and poll.names in (ACCOUNT, BILL, SUPPLY):
                poll.due = 0
        self.at(time + 1, self._poll_slowly)

    def capture_later(self, time, fuel, moment, concerned):
        """Show, and make pictures of it, at that time."""
        self.at(time, _Later(self, fuel, moment, concerned))

    def state(self):
        return {
            "screen": self.screen(),
            "erasures": {fuel.name: fuel.watch.erasures for fuel in self.fuels},
            "tenancy_supported": {fuel.name: fuel.watch.supported for fuel in self.fuels},
        }


class _Later:
    """A picture to be made: an object of its own for each, as timers are told apart."""

    def __init__(self, display, fuel, moment, concerned):
        self._display = display
        self._what = (fuel, moment, concerned)

    def __call__(self, time):
        self._display.shown()
        self._display.capture(*self._what)
