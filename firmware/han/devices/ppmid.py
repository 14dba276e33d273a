# SPDX-License-Identifier: Apache-2.0
"""PPMID: an IHD that can also do something about credit and supply (REQ-PPMID-1 to 10)."""

from han.devices import client
from han.devices.ihd import InHomeDisplay
from han.devices.ihd_fuel import ELECTRICITY, FUELS, GAS, METERING, PREPAYMENT
from han.devices.tunnel_end import ListeningEnd
from han.gbcs import pending
from han.later import Later
from han.zcl import commands, foundation, status
from han.zcl.frame import GLOBAL, TO_SERVER

OTA = 0x0019

ORIGIN_PPMID = 2  # originating device [GBCS 14]
SUPPLY_ON = 2

# What the gas meter is asked in GBCS messages (REQ-PPMID-2, 3), by the name of what a person asks for.
GAS_USE_CASES = {"top_up": "PCS01", "emergency_credit": "PCS02"}
GAS_QUESTIONS = "gas_questions"  # stored value {originator counter: what was asked} without an answer

# What comes of it, besides the results of a top-up.
SENT = "sent"
NO_ANSWER = "no answer"
NOT_POSSIBLE = "not possible"

_ACCOUNT_COMES = 3  # seconds until the account has been asked for again
_GAS_ACCOUNT_COMES = 15  # until the gas meter has told the proxy what became of it


class PrepaymentInterface(InHomeDisplay):
    """`configuration` as that of the IHD, and that of `han.devices.ppmid_wan`. What a person does at its buttons comes as
    `top_up`, `emergency_credit` and `enable_supply`, each with a `fuel`; what came of it is reported as `payment` and shown.

    Electricity is asked in ordinary Smart Energy commands (REQ-PPMID-4), gas in GBCS messages which the gas meter
    answers when it wakes.
    """

    role = "ppmid"

    def __init__(self, identity, configuration, stores):
        super().__init__(identity, configuration, stores)
        self.last_payment = None
        self.tunnel = ListeningEnd(self, self.endpoint, configuration["hub"]["identity"])
        self.wan = Later("han.devices.ppmid_wan", "PrepaymentWan", self, configuration, stores)
        self.attributes(self.endpoint, OTA, "client")
        self.handle(OTA, "client", self._image_command)

    def on_start(self, time):
        super().on_start(time)
        self.tunnel.start(time)
        if self.stores.values.get("firmware_trial") is not None:
            self.wan.try_firmware(self.stores.values, time)
        if self.stores.values.get(GAS_QUESTIONS):
            self.wan.start(time)

    def _told_time(self, frame, time):
        super()._told_time(frame, time)
        if pending.next_utc(self.stores.values) is not None:
            self.wan.plan_instructions()

    # -- what a person asks for ----------------------------------------------------------------------------

    def pay(self, wanted, time):
        """The payment screen of a fuel: "emergency_credit", "enable_supply", or the digits of a top-up."""
        arguments = {"fuel": self.view.page.split("_")[0]}
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
            self._came_of(arguments["fuel"], "top_up", "mistyped", time)
            return
        fields = {"originating_device": ORIGIN_PPMID, "top_up_code": digits.encode()}
        self._command(arguments["fuel"], "top_up", PREPAYMENT, "consumer_top_up", fields, time)

    def bench_emergency_credit(self, arguments, time):
        """Emergency credit is asked for: `fuel`."""
        fields = {"command_issue_date_time": self.utc(), "originating_device": ORIGIN_PPMID}
        name = "select_available_emergency_credit"
        self._command(arguments["fuel"], "emergency_credit", PREPAYMENT, name, fields, time)

    def bench_enable_supply(self, arguments, time):
        """The supply is asked for: `fuel`, electricity only (REQ-PPMID-1)."""
        if arguments["fuel"] == GAS:
            self._came_of(GAS, "enable_supply", NOT_POSSIBLE, time)
            return
        fields = {"proposed_supply_status": SUPPLY_ON}
        self._command(ELECTRICITY, "enable_supply", METERING, "local_change_supply", fields, time)

    def _command(self, name_of_fuel, what, cluster, name, fields, time):
        fuel = self.fuels[FUELS.index(name_of_fuel)]
        self.capture(fuel, "before " + what.replace("_", " "), _concerned(name_of_fuel))
        if name_of_fuel == GAS:
            why_not = self.wan.ask(what, name, fields, time)
            if why_not is None:
                self._show_payment(GAS, what, SENT)
            else:
                self._came_of(GAS, what, why_not, time)
            return
        payload = foundation.command(cluster, name, TO_SERVER, fields, self.next_sequence())

        def answered(frame, now):
            self._answered_command(what, cluster, frame, now)

        self.ask(fuel.peer["identity"], self.endpoint, fuel.peer["metering"], cluster, payload, answered, time)

    # -- what came of it -----------------------------------------------------------------------------------

    def _answered_command(self, what, cluster, frame, time):
        if frame is None:
            self._came_of(ELECTRICITY, what, NO_ANSWER, time)
        elif frame.frame_type == GLOBAL and frame.command == commands.DEFAULT_RESPONSE:
            self._default_response(ELECTRICITY, what, commands.decode(frame.command, frame.payload)[1], time)
        else:
            name, fields = client.command(cluster, frame)
            self._commanded(ELECTRICITY, what, name, fields, time)

    def gas_answered(self, what, name, fields, time):
        """The gas meter's answer to what was asked; `name` is None where none came."""
        if name is None:
            self._came_of(GAS, what, NO_ANSWER, time)
        elif name == "default_response":
            self._default_response(GAS, what, fields["status"], time)
        else:
            self._commanded(GAS, what, name, fields, time)

    def _default_response(self, name_of_fuel, what, result, time):
        self._came_of(name_of_fuel, what, "success" if result == status.SUCCESS else "refused", time)

    def _commanded(self, name_of_fuel, what, name, fields, time):
        if name == "consumer_top_up_response":
            fuel = self.fuels[FUELS.index(name_of_fuel)]
            fuel.now["credit_remaining"] = fields["credit_remaining"]
            result = RESULTS.get(fields["result_type"], "accepted")
            if result == "accepted":
                fuel.memory.setdefault("top_up_history", []).append(fields["top_up_value"])
            self._came_of(name_of_fuel, what, result, time, fields["top_up_value"])

    def _came_of(self, name_of_fuel, what, result, time, value=None):
        fuel = self.fuels[FUELS.index(name_of_fuel)]
        self.report("payment", {"fuel": name_of_fuel, "what": what, "result": result, "value": value})
        self._show_payment(name_of_fuel, what, result)
        if name_of_fuel == GAS:
            comes = _GAS_ACCOUNT_COMES
            self.at(time + comes, self._ask_gas_account)
        else:
            comes = 0
            self.ask_account(fuel, time)
        moment = "after " + what.replace("_", " ")
        self.capture_later(time + comes + _ACCOUNT_COMES, fuel, moment, _concerned(name_of_fuel))

    def _ask_gas_account(self, time):
        self.ask_account(self.fuels[1], time)

    def _show_payment(self, name_of_fuel, what, result):
        self.last_payment = {"fuel": name_of_fuel, "what": what, "result": result}
        self._show()

    def screen(self):
        screen = super().screen()
        last = self.last_payment
        screen["last_payment"] = None if last is None else last["result"]
        screen["last_payment_fuel"] = None if last is None else last["fuel"]
        return screen

    def _image_command(self, name, fields, message, time):
        return self.wan.image_command(name, fields, message, time)

    # -- GBCS ------------------------------------------------------------------------------------------------

    @property
    def server(self):
        """The device's GBCS server."""
        return self.wan.server

    def gbcs(self, octets, time):
        """A GBCS message for the device; returns the answers."""
        self.now = time
        return self.wan.gbcs(octets, time)


def _concerned(name_of_fuel):
    """The screens that a payment changes."""
    return ("home", name_of_fuel + "_account", name_of_fuel + "_payment")


# Results of a top-up that are no acceptance [GBCS 14].
RESULTS = {1: "invalid", 2: "duplicate", 3: "error", 4: "maximum credit", 5: "locked out", 6: "too large"}
