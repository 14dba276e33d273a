# SPDX-License-Identifier: Apache-2.0
"""PPMID: an IHD that can also do something about credit and supply (REQ-PPMID-1 to 10)."""

from han.devices import client
from han.devices.ihd import InHomeDisplay
from han.devices.ihd_fuel import ELECTRICITY, METERING, PREPAYMENT
from han.errors import BenchError
from han.zcl import commands, foundation, status
from han.zcl.frame import GLOBAL, TO_SERVER

ORIGIN_PPMID = 2  # originating device [GBCS 14]
SUPPLY_ON = 2

CONCERNED = ("home", "electricity_account", "electricity_payment")  # screens that a payment changes
_ACCOUNT_COMES = 3  # seconds until the account has been asked for again


class PrepaymentInterface(InHomeDisplay):
    """`configuration` as that of the IHD. What a person does at its buttons comes as `top_up`, `emergency_credit` and
    `enable_supply`, each with a `fuel`; what came of it is reported as `payment` and shown.

    Electricity is asked in ordinary Smart Energy commands (REQ-PPMID-4).
    """

    role = "ppmid"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.last_payment = None

    def pay(self, wanted, time):
        """The payment screen: "emergency_credit", "enable_supply", or the digits of a top-up."""
        arguments = {"fuel": ELECTRICITY}
        if wanted == "emergency_credit":
            self.bench_emergency_credit(arguments, time)
        elif wanted == "enable_supply":
            self.bench_enable_supply(arguments, time)
        else:
            arguments["utrn"] = wanted
            self.bench_top_up(arguments, time)

    def bench_top_up(self, arguments, time):
        """A 20-digit number is typed in: `fuel`, `utrn`."""
        digits = arguments["utrn"]
        if len(digits) != 20 or not all("0" <= digit <= "9" for digit in digits):
            self._came_of(arguments, "top_up", "mistyped", time)
            return
        fields = {"originating_device": ORIGIN_PPMID, "top_up_code": digits.encode()}
        self._command(arguments, "top_up", PREPAYMENT, "consumer_top_up", fields, time)

    def bench_emergency_credit(self, arguments, time):
        """Emergency credit is asked for: `fuel`."""
        utc = self.utc()
        fields = {"command_issue_date_time": utc, "originating_device": ORIGIN_PPMID}
        self._command(arguments, "emergency_credit", PREPAYMENT, "select_available_emergency_credit", fields, time)

    def bench_enable_supply(self, arguments, time):
        """The supply is asked for: `fuel`, electricity only (REQ-PPMID-1)."""
        self._command(
            arguments, "enable_supply", METERING, "local_change_supply", {"proposed_supply_status": SUPPLY_ON}, time
        )

    def _command(self, arguments, what, cluster, name, fields, time):
        fuel = arguments["fuel"]
        if fuel != ELECTRICITY:
            raise BenchError("a PPMID asks the gas meter in GBCS messages, for which it has no tunnel")
        peer = self.fuels[0].peer
        self.capture(self.fuels[0], "before " + what.replace("_", " "), CONCERNED)
        payload = foundation.command(cluster, name, TO_SERVER, fields, self.next_sequence())

        def answered(frame, now):
            self._answered_command(arguments, what, cluster, frame, now)

        self.ask(peer["identity"], self.endpoint, peer["metering"], cluster, payload, answered, time)

    def _answered_command(self, arguments, what, cluster, frame, time):
        if frame is None:
            self._came_of(arguments, what, "no answer", time)
            return
        if frame.frame_type == GLOBAL and frame.command == commands.DEFAULT_RESPONSE:
            result = commands.decode(frame.command, frame.payload)[1]
            self._came_of(arguments, what, "success" if result == status.SUCCESS else "refused", time)
            return
        name, fields = client.command(cluster, frame)
        if name == "consumer_top_up_response":
            fuel = self.fuels[0]
            fuel.now["credit_remaining"] = fields["credit_remaining"]
            fuel.memory.setdefault("top_up_history", []).append(fields["top_up_value"])
            self._came_of(arguments, what, RESULTS.get(fields["result_type"], "accepted"), time, fields["top_up_value"])

    def _came_of(self, arguments, what, result, time, value=None):
        self.last_payment = {"fuel": arguments["fuel"], "what": what, "result": result, "value": value}
        self.report("payment", dict(self.last_payment))
        self._show()
        self.ask_account(self.fuels[0], time)
        self.capture_later(time + _ACCOUNT_COMES, self.fuels[0], "after " + what.replace("_", " "), CONCERNED)

    def screen(self):
        screen = super().screen()
        screen["last_payment"] = None if self.last_payment is None else self.last_payment["result"]
        return screen


# Results of a top-up that are no acceptance [GBCS 14].
RESULTS = {1: "invalid", 2: "duplicate", 3: "error", 4: "maximum credit", 5: "locked out", 6: "too large"}
