# SPDX-License-Identifier: Apache-2.0
"""What a display knows of one fuel, and what it asks the fuel's devices, how often."""

from han.clock import DAY, HALF_HOUR
from han.devices.served import period_names
from han.devices.tenancy import TenancyWatch
from han.zcl import commands, foundation

PRICE = 0x0700
METERING = 0x0702
MESSAGING = 0x0703
PREPAYMENT = 0x0705
DEVICE_MANAGEMENT = 0x0708

ELECTRICITY = "electricity"
GAS = "gas"
FUELS = (ELECTRICITY, GAS)

# Attributes whose answer fits one secured frame [radios 2]: those of 24 and 32 bits, those of 48 bits.
IN_ONE_READ = 6
WIDE_IN_ONE_READ = 5

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
DEBT = (
    ("debt_amount1", "debt_recovery_amount1", "debt_recovery_frequency1"),
    ("debt_amount2", "debt_recovery_amount2", "debt_recovery_frequency2"),
    ("debt_amount3",),
)
DEBTS = DEBT[0] + DEBT[1]
BILL = ("bill_to_date_delivered",)
SUPPLY = ("supply_status",)
CUSTOMER = ("customer_id_number",)
TARIFF = ("no_tier_block1_price",)
TENANCY = ("change_of_tenancy_update_date_time", "proposed_tenancy_change_control")

# Balance, debts, tariff and the state of the supply are the meter's: an erasure leaves them (REQ-0056-16).
STAYS = ACCOUNT + DEBTS + DEBT[2] + BILL + TARIFF + SUPPLY

_REMEMBERED = 16  # requests by which the link is judged


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
        self.reading = None  # (utc, register) of the gas reading before the present one
        self.rate = None  # litres an hour between the two
        self._asked = 0
        self._heard = 0  # a bit for each of the latest requests

    def quantity(self):
        """What the history attributes of this fuel's kWh are called."""
        return "consumption" if self.name == ELECTRICITY else "alternative_consumption"

    def endpoint(self, cluster):
        """Where the fuel's device serves a cluster."""
        return self.peer["metering" if cluster in (METERING, PREPAYMENT) else "management"]

    def keep(self):
        self.values.set("memory_" + self.name, self.memory)

    def forget(self):
        """Drop everything of the occupier."""
        self.memory = {}
        self.now = {name: self.now[name] for name in STAYS if name in self.now}
        self.reading = None
        self.rate = None
        self.keep()

    def restart(self):
        """Power has come back: what is not kept is unknown."""
        self.verified = False
        self.unanswered = 0
        self.now = {}
        self.reading = None
        self.rate = None
        self._asked = 0

    def count(self, answered):
        """A request was answered, or was not."""
        self._asked = min(self._asked + 1, _REMEMBERED)
        self._heard = (self._heard << 1 | answered) & (1 << _REMEMBERED) - 1

    def link_quality(self):
        """Answered of the latest requests in percent, None before the first."""
        if not self._asked:
            return None
        answered = 0
        for place in range(self._asked):
            answered += self._heard >> place & 1
        return answered * 100 // self._asked

    def read_gas(self, utc, register):
        """A reading of the gas register and its time: the rate is that since the reading before (REQ-IHD-3)."""
        if utc is None or register is None or (self.reading is not None and utc <= self.reading[0]):
            return
        before = self.reading
        self.reading = (utc, register)
        self.rate = None
        if before is not None and utc - before[0] <= 2 * HALF_HOUR and register >= before[1]:
            self.rate = (register - before[1]) * 3600 // (utc - before[0])


class Poll:
    """A read that is repeated: what, of whom, how often (s), and who takes the values: `take(fuel, values, time)`."""

    def __init__(self, interval, fuel, cluster, names, take):
        self.interval = interval
        self.fuel = fuel
        self.cluster = cluster
        self.names = names
        self.identifiers = commands.identifier_list(foundation.identifiers(cluster, names))
        self.take = take
        self.due = 0


def slow_polls(setting, fuels, take_now, take_tenancy, take_consumption, take_cost):
    """Every read but that of the electricity figures of the moment; `setting(name, default)` gives intervals."""
    polls = []
    account = setting("account_poll", HALF_HOUR)
    history = setting("history_poll", HALF_HOUR)
    for fuel in fuels:
        polls.append(Poll(setting("tenancy_poll", HALF_HOUR), fuel, DEVICE_MANAGEMENT, TENANCY, take_tenancy))
    for fuel in fuels:
        polls.append(Poll(account, fuel, PREPAYMENT, ACCOUNT, take_now))
        polls.append(Poll(account, fuel, METERING, BILL, take_now))
        if fuel.name == ELECTRICITY:
            polls.append(Poll(DAY, fuel, METERING, SUPPLY, take_now))  # after a payment; else with the figures of now
        polls.append(Poll(account, fuel, PREPAYMENT, DEBTS[:IN_ONE_READ], take_now))
        polls.append(Poll(account, fuel, PREPAYMENT, DEBT[2], take_now))
        polls.append(Poll(DAY, fuel, METERING, CUSTOMER, take_now))
        polls.append(Poll(DAY, fuel, PRICE, TARIFF, take_now))
        if fuel.name == GAS:
            polls.append(Poll(setting("gas_poll", HALF_HOUR), fuel, METERING, GAS_NOW, take_now))
    for fuel in fuels:
        _history(polls, history, fuel, METERING, fuel.quantity(), IN_ONE_READ, take_consumption)
        _history(polls, history, fuel, PREPAYMENT, "cost_consumption", WIDE_IN_ONE_READ, take_cost)
    return polls


def _history(polls, interval, fuel, cluster, quantity, count, take):
    names = [name for name, _, _ in period_names(quantity)]
    for start in range(0, len(names), count):
        polls.append(Poll(interval, fuel, cluster, names[start : start + count], take))
