# SPDX-License-Identifier: Apache-2.0
"""Prepayment at a meter: credit, emergency credit, debt, top-ups and what they do to the supply (REQ-PPMID-1 to 7,
REQ-ESME-5, REQ-GSME-8). Money in 10^-5 pounds, which is a thousandth of a penny."""

from micropython import const

from han.devices.payment_modes import CREDIT_MODE, PREPAYS
from han.gbcs import utrn
from han.zcl import status

OFF = const(0)  # SupplyStatus [ZSE 5]
ARMED = const(1)
ON = const(2)

# Results of a top-up [GBCS 14].
ACCEPTED = const(0x00)
INVALID = const(0x01)
DUPLICATE = const(0x02)
ABOVE_MAXIMUM_CREDIT = const(0x04)
LOCKED_OUT = const(0x05)
TOO_LARGE = const(0x06)
ACCEPTED_ARMED = const(0x12)

# Events [alert code table].
LOW_CREDIT = const(0x810D)
EMERGENCY_CREDIT_AVAILABLE = const(0x8119)
EMERGENCY_CREDIT_ACTIVATED = const(0x81AB)
EMERGENCY_CREDIT_EXHAUSTED = const(0x81AA)
BELOW_DISABLEMENT = const(0x8F0F)
DISABLEMENT_SUSPENDED = const(0x8F83)
REFUSED_LOCKED_OUT = const(0x81C5)
REFUSED_DUPLICATE = const(0x8F51)
REFUSED_MAXIMUM_CREDIT = const(0x8F5B)
REFUSED_MAXIMUM_BALANCE = const(0x8F47)
REFUSED_NOT_AUTHENTIC = const(0x8F63)
REFUSED_OTHER_DEVICE = const(0x8F64)

_PENNY = const(1000)
_WRONG_ATTEMPTS = const(5)  # until entry is locked (I)
_LOCKED = const(900)  # seconds (I)

_KEPT = (
    "payment_control_configuration",
    "credit_remaining",
    "emergency_credit_remaining",
    "accumulated_debt",
    "overall_debt_cap",
    "emergency_credit_limit_allowance",
    "emergency_credit_threshold",
    "max_credit_limit",
    "max_credit_per_top_up",
    "low_credit_warning",
    "cut_off_value",
    "debt_amount1",
    "debt_amount2",
    "debt_amount3",
    "debt_recovery_top_up_percentage3",
)

DEFAULTS = {
    "payment_control_configuration": CREDIT_MODE,
    "credit_remaining": 0,
    "emergency_credit_remaining": 0,
    "accumulated_debt": 0,
    "overall_debt_cap": 0,
    "emergency_credit_limit_allowance": 500000,
    "emergency_credit_threshold": 100000,
    "max_credit_limit": 25000000,
    "max_credit_per_top_up": 25000000,
    "low_credit_warning": 200000,
    "cut_off_value": 0,
    "debt_amount1": 0,
    "debt_amount2": 0,
    "debt_amount3": 0,
    "debt_recovery_top_up_percentage3": 0,
}


class Prepayment:
    """The account of a meter. `attributes` is its Prepayment server, whose values are the account; `values` keeps them.

    `event(code)` logs and alerts. `supply(state)` is called when the supply is to change to OFF or ARMED. `paid(entry)` and
    `topped_up(entry)` get what goes into the debt and top-up logs.
    """

    def __init__(self, attributes, values, settings, event, supply, paid, topped_up):
        self._attributes = attributes
        self._values = values
        self._event = event
        self._supply = supply
        self._paid = paid
        self._topped_up = topped_up
        self.suspended = False  # disablement for lack of credit is suspended (non-disablement period)
        kept = values.get("prepayment", {})
        for name in _KEPT:
            attributes.set(name, kept.get(name, settings.get(name, DEFAULTS[name])))
        self.emergency_active = kept.get("emergency_active", False)
        self._low = kept.get("low", False)
        self._available = kept.get("available", False)
        self._disabled = kept.get("disabled", False)
        self._used = values.get("utrn_counters", [])
        self._wrong = 0
        self._locked_until = None

    def prepays(self):
        """Whether the meter is in prepayment mode."""
        return bool(self._attributes.get("payment_control_configuration") & PREPAYS)

    def credit(self):
        """The credit remaining, without emergency credit."""
        return self._attributes.get("credit_remaining")

    def set_mode(self, configuration, cut_off):
        """Change of payment mode."""
        self._attributes.set("payment_control_configuration", configuration)
        self._attributes.set("cut_off_value", cut_off)
        self._look()

    def charge(self, amount):
        """Something was used: the credit falls; emergency credit is used when it is active and the credit is gone."""
        if not amount or not self.prepays():
            return
        attributes = self._attributes
        credit = attributes.get("credit_remaining") - amount
        if self.emergency_active and credit < 0:
            emergency = attributes.get("emergency_credit_remaining")
            taken = min(emergency, -credit)
            attributes.set("emergency_credit_remaining", emergency - taken)
            credit += taken
            if taken and emergency == taken:
                self._event(EMERGENCY_CREDIT_EXHAUSTED)
        attributes.set("credit_remaining", credit)
        self._look()

    def select_emergency_credit(self):
        """Succeeds if emergency credit is active afterwards, even if it was before (REQ-ESME-5); a ZCL status."""
        if self.emergency_active:
            return status.SUCCESS
        if not self.prepays() or not self._available:
            return status.FAILURE
        self.emergency_active = True
        attributes = self._attributes
        allowance = attributes.get("emergency_credit_limit_allowance")
        credit = attributes.get("credit_remaining")
        # A credit that is below zero already is covered first.
        taken = min(allowance, max(0, -credit))
        attributes.set("emergency_credit_remaining", allowance - taken)
        attributes.set("credit_remaining", credit + taken)
        self._event(EMERGENCY_CREDIT_ACTIVATED)
        self._look()
        return status.SUCCESS

    def top_up(self, digits, secret, supplier, meter, utc, time):
        """Check a UTRN and credit it; (result, pence) [GBCS 14; REQ-PPMID-5]."""
        if self._locked_until is not None and time < self._locked_until:
            self._event(REFUSED_LOCKED_OUT)
            return LOCKED_OUT, 0
        try:
            counter, pence = utrn.check(digits, secret, supplier, meter, self._used)
        except utrn.DuplicateError:
            self._event(REFUSED_DUPLICATE)
            return DUPLICATE, 0
        except utrn.OtherDeviceError:
            return self._refused(REFUSED_OTHER_DEVICE, time)
        except utrn.NotAuthenticError:
            return self._refused(REFUSED_NOT_AUTHENTIC, time)
        except utrn.DigitsError:
            return INVALID, 0  # mistyped: nothing is counted against the user
        self._wrong = 0
        value = pence * _PENNY
        if value > self._attributes.get("max_credit_per_top_up"):
            self._event(REFUSED_MAXIMUM_CREDIT)
            return TOO_LARGE, 0
        if self._attributes.get("credit_remaining") + value > self._attributes.get("max_credit_limit"):
            self._event(REFUSED_MAXIMUM_BALANCE)
            return ABOVE_MAXIMUM_CREDIT, 0
        self._used = utrn.remember(self._used, counter)
        self._values.set("utrn_counters", self._used)
        was_disabled = self._disabled
        self._credit(value, utc)
        self._topped_up({"top_up_code": digits.encode(), "top_up_amount": value, "top_up_time": utc})
        return (ACCEPTED_ARMED if was_disabled and not self._disabled else ACCEPTED), pence

    def lock(self, until):
        """Take no top-ups until that time of the node."""
        self._locked_until = until

    def adjust(self, amount):
        """A credit adjustment by the supplier."""
        attributes = self._attributes
        attributes.set("credit_remaining", attributes.get("credit_remaining") + amount)
        self._look()

    def keep(self):
        """Write the account into the store."""
        kept = {name: self._attributes.get(name) for name in _KEPT}
        kept["emergency_active"] = self.emergency_active
        kept["low"] = self._low
        kept["available"] = self._available
        kept["disabled"] = self._disabled
        self._values.set("prepayment", kept)

    def _refused(self, event, time):
        self._event(event)
        self._wrong += 1
        if self._wrong >= _WRONG_ATTEMPTS:
            self._wrong = 0
            self.lock(time + _LOCKED)
        return INVALID, 0

    def _credit(self, value, utc):
        """A top-up pays its part of the debt, then the emergency credit that was used, then it is credit."""
        attributes = self._attributes
        debt = attributes.get("debt_amount3")
        share = min(debt, value * attributes.get("debt_recovery_top_up_percentage3") // 10000)
        if share:
            attributes.set("debt_amount3", debt - share)
            self._paid(
                {"collection_time": utc, "amount_collected": share, "debt_type": 2, "outstanding_debt": debt - share}
            )
            value -= share
        if self.emergency_active:
            used = attributes.get("emergency_credit_limit_allowance") - attributes.get("emergency_credit_remaining")
            back = min(used, value)
            value -= back
            attributes.set("emergency_credit_remaining", attributes.get("emergency_credit_remaining") + back)
            if back == used:
                self.emergency_active = False
                attributes.set("emergency_credit_remaining", 0)
        attributes.set("credit_remaining", attributes.get("credit_remaining") + value)
        self._look()
        self.keep()

    def _look(self):
        """Tell what crossed its threshold, once each time (REQ-PPMID-7)."""
        if not self.prepays():
            self._low = self._available = self._disabled = False
            return
        attributes = self._attributes
        credit = attributes.get("credit_remaining")
        combined = credit + (attributes.get("emergency_credit_remaining") if self.emergency_active else 0)
        self._low = self._told(self._low, combined < attributes.get("low_credit_warning"), LOW_CREDIT)
        self._available = self._told(
            self._available,
            not self.emergency_active and credit <= attributes.get("emergency_credit_threshold"),
            EMERGENCY_CREDIT_AVAILABLE,
        )
        below = combined <= attributes.get("cut_off_value")
        if below and self.suspended:
            self._event(DISABLEMENT_SUSPENDED)
        elif below and not self._disabled:
            self._disabled = True
            self._event(BELOW_DISABLEMENT)
            self._supply(OFF)
        elif not below and self._disabled:
            self._disabled = False
            self._supply(ARMED)

    def _told(self, before, now, code):
        if now and not before:
            self._event(code)
        return now
