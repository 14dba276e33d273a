# SPDX-License-Identifier: Apache-2.0
"""What a meter's consumption costs, and the supply that hangs on it: bill, prepayment, logs of payments, cost history."""

from han.devices import snapshots
from han.devices.history import History
from han.devices.prepayment import ARMED, OFF, ON, Prepayment
from han.devices.served import serve_history
from han.zcl import status


class Account:
    """Money of one meter. The `device` gives `event(code, data, alert)`, `utc()` and `report(kind, fields)`.

    `metering` and `prepayment` are the meter's servers of those clusters. Of `settings` it uses `price` (10^-5 pounds a kWh),
    `supplier` and `prepayment_secret` (whose top-ups it takes, and the secret shared for them), and the attributes of
    `han.devices.prepayment` by name.
    """

    def __init__(self, device, metering, prepayment, stores, settings, price):
        self._device = device
        self._metering = metering
        self._values = stores.values
        self._price = settings.get("price", price)
        self._rest = 0  # thousandths of 10^-5 pounds that are not charged yet
        self._supplier = bytes.fromhex(settings.get("supplier", ""))
        self._secret = bytes.fromhex(settings.get("prepayment_secret", ""))
        self.cost = History()
        if self._values.get("cost"):
            self.cost.restore(self._values.get("cost"))
        self.bill = self._values.get("bill", 0)
        self.top_ups = snapshots.top_up_log(stores)
        self.debt_payments = snapshots.debt_log(stores)
        metering.set("supply_status", self._values.get("supply", ON))
        metering.reader("bill_to_date_delivered", self._billed)
        self.prepayment = Prepayment(
            prepayment, self._values, settings, device.event, self._change, self.debt_payments.add, self.top_ups.add
        )
        serve_history(prepayment, self.cost, "cost_consumption", device.measure)

    def use(self, watt_hours, utc):
        """So much was used up to `utc`, None while the clock has no time; it costs, and the credit or the bill tells."""
        # The rest is carried on, so that it does not matter in how many pieces something is used.
        amount, self._rest = divmod(watt_hours * self._price + self._rest, 1000)
        if utc is not None:
            self.cost.add(utc, amount)
        if self.prepayment.prepays():
            self.prepayment.charge(amount)
        else:
            self.bill += amount

    def price_of(self, watt_hours):
        return watt_hours * self._price // 1000

    def command(self, name, fields, message, time):
        """A command of the Prepayment cluster from the HAN or the WAN."""
        if name == "consumer_top_up":
            return self.top_up(fields, time)
        if name == "select_available_emergency_credit":
            return self.prepayment.select_emergency_credit()
        if name in ("get_top_up_log", "get_debt_repayment_log"):
            return self.payments(name, fields)
        return status.UNSUP_CLUSTER_COMMAND

    def top_up(self, fields, time):
        """ConsumerTopUp: the answer names the result, what was credited and what the credit is now (REQ-PPMID-2)."""
        utc = self._device.utc()
        digits = "".join([chr(octet) for octet in fields["top_up_code"]])
        result, pence = self.prepayment.top_up(
            digits, self._secret, self._supplier, self._device.identity, 0 if utc is None else utc, time
        )
        return "consumer_top_up_response", {
            "result_type": result,
            "top_up_value": pence * 1000,
            "source_of_top_up": fields["originating_device"],
            "credit_remaining": self.prepayment.credit(),
        }

    def payments(self, name, fields, since=None):
        """Top-ups or debt payments, the newest ones that fit the request, oldest first."""
        top_ups = name == "get_top_up_log"
        log = self.top_ups if top_ups else self.debt_payments
        start = fields.get("from_date_time", 0)
        if since is not None:
            start = max(start, since + 1)
        entries = log.newest(fields["number_of_records"], start, fields["latest_end_time"])
        if not entries:
            return status.NOT_FOUND
        published = {"command_index": 0, "total_number_of_commands": 1, "top_ups" if top_ups else "debts": entries}
        return "publish_top_up_log" if top_ups else "publish_debt_log", published

    def set_price(self, price):
        """What a kWh costs from now on, in 10^-5 pounds."""
        self._device.measure()
        self._price = price

    def set_supply(self, state):
        """The supplier, or a safety function, has the supply disabled or armed. A ZCL status."""
        if state not in (OFF, ARMED):
            return status.INVALID_FIELD
        self._change(state)
        return status.SUCCESS

    def enable_supply(self):
        """A person asks for the supply: only a supply that is armed comes on (REQ-PPMID-4). A ZCL status."""
        state = self._metering.get("supply_status")
        if state == ARMED:
            self._change(ON)
            return status.SUCCESS
        return status.SUCCESS if state == ON else status.FAILURE

    def supply_is_on(self):
        return self._metering.get("supply_status") == ON

    def keep(self):
        """Write what must survive a loss of power."""
        self._values.set_all({"cost": self.cost.state(), "bill": self.bill})
        self.prepayment.keep()

    def _change(self, state):
        if self._metering.get("supply_status") == state:
            return
        self._device.supply_changes(state)
        self._metering.set("supply_status", state)
        self._values.set("supply", state)
        self._device.report("supply", {"status": ("off", "armed", "on")[state]})

    def _billed(self):
        self._device.measure()
        return self.bill
