# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepayment at a meter: credit, emergency credit, top-ups, supply (REQ-PPMID-1 to 7, REQ-ESME-5)."""

from han.devices import payment_modes, prepayment
from han.devices.prepayment import Prepayment
from han.gbcs import utrn
from han.stores.memory import MemoryValues
from han.zcl.attributes import Attributes

SECRET = bytes(range(32))
SUPPLIER = bytes(7) + b"\x80"
METER = bytes(7) + b"\x01"


class Account:
    def __init__(self, values=None, **settings):
        self.events = []
        self.supply = []
        self.paid = []
        self.topped_up = []
        self.values = MemoryValues() if values is None else values
        settings.setdefault("payment_control_configuration", payment_modes.PREPAYMENT_MODE)
        settings.setdefault("credit_remaining", 300000)
        self.attributes = Attributes(0x0705)
        self.account = Prepayment(
            self.attributes,
            self.values,
            settings,
            self.events.append,
            self.supply.append,
            self.paid.append,
            self.topped_up.append,
        )

    def top_up(self, pounds, counter, time=0):
        digits = utrn.make(SECRET, SUPPLIER, METER, counter, utrn.POUNDS, pounds)
        return self.account.top_up(digits, SECRET, SUPPLIER, METER, 1000, time)

    def credit(self):
        return self.attributes.get("credit_remaining")


def test_credit_falls_and_each_threshold_is_told_once():
    meter = Account()
    for _ in range(31):
        meter.account.charge(10000)
    assert meter.credit() == -10000
    assert meter.events == [
        prepayment.LOW_CREDIT,
        prepayment.EMERGENCY_CREDIT_AVAILABLE,
        prepayment.BELOW_DISABLEMENT,
    ]
    assert meter.supply == [prepayment.OFF]


def test_emergency_credit_keeps_the_supply_until_it_is_used_up():
    meter = Account(credit_remaining=50000, emergency_credit_limit_allowance=100000)
    meter.account.charge(1)
    assert meter.account.select_emergency_credit() == 0
    assert meter.account.select_emergency_credit() == 0  # it is active already: success
    meter.account.charge(100000)
    assert meter.credit() == 0
    assert meter.attributes.get("emergency_credit_remaining") == 49999
    assert meter.supply == []
    meter.account.charge(60000)
    assert meter.events[-2:] == [prepayment.EMERGENCY_CREDIT_EXHAUSTED, prepayment.BELOW_DISABLEMENT]
    assert meter.supply == [prepayment.OFF]


def test_emergency_credit_is_refused_while_there_is_enough_credit():
    meter = Account(credit_remaining=300000)
    assert meter.account.select_emergency_credit() == 1


def test_a_top_up_is_credited_and_arms_the_supply():
    meter = Account(credit_remaining=1000)
    meter.account.charge(2000)
    result, pence = meter.top_up(5, 1)
    assert (result, pence) == (prepayment.ACCEPTED_ARMED, 500)
    assert meter.credit() == 499000
    assert meter.supply == [prepayment.OFF, prepayment.ARMED]
    assert meter.topped_up[0]["top_up_amount"] == 500000


def test_a_top_up_pays_debt_and_emergency_credit_first():
    meter = Account(
        credit_remaining=0,
        emergency_credit_limit_allowance=200000,
        debt_amount3=1000000,
        debt_recovery_top_up_percentage3=2500,
    )
    meter.account.charge(1)
    meter.account.select_emergency_credit()
    meter.account.charge(100000)
    meter.top_up(10, 1)
    # a quarter of 10 pounds to the debt, then 1.00001 pounds of emergency credit, the rest is credit
    assert meter.attributes.get("debt_amount3") == 750000
    assert meter.paid[0]["amount_collected"] == 250000
    assert meter.credit() == 1000000 - 250000 - 100001
    assert not meter.account.emergency_active


def test_a_number_counts_once():
    meter = Account()
    meter.top_up(5, 1)
    assert meter.top_up(5, 1) == (prepayment.DUPLICATE, 0)
    assert meter.events[-1] == prepayment.REFUSED_DUPLICATE
    again = Account(values=meter.values)
    assert again.top_up(5, 1)[0] == prepayment.DUPLICATE
    assert again.credit() == meter.credit()


def test_limits():
    meter = Account(max_credit_per_top_up=400000)
    assert meter.top_up(5, 1) == (prepayment.TOO_LARGE, 0)
    meter = Account(max_credit_limit=400000)
    assert meter.top_up(5, 1) == (prepayment.ABOVE_MAXIMUM_CREDIT, 0)
    assert meter.credit() == 300000


def test_wrong_numbers_lock_the_entry_and_mistyped_ones_do_not():
    meter = Account()
    forged = utrn.make(bytes(32), SUPPLIER, METER, 1, utrn.POUNDS, 5)
    for _ in range(5):
        assert meter.account.top_up(forged, SECRET, SUPPLIER, METER, 1000, 0)[0] == prepayment.INVALID
    assert meter.top_up(5, 1, time=10)[0] == prepayment.LOCKED_OUT
    assert meter.top_up(5, 1, time=1000)[0] == prepayment.ACCEPTED
    assert meter.account.top_up("12345", SECRET, SUPPLIER, METER, 1000, 1000)[0] == prepayment.INVALID


def test_the_account_survives_a_loss_of_power():
    meter = Account(credit_remaining=50000)
    meter.account.charge(10000)
    meter.account.select_emergency_credit()
    meter.account.keep()
    again = Account(values=meter.values)
    assert again.credit() == 40000
    assert again.account.emergency_active


def test_in_credit_mode_nothing_is_charged():
    meter = Account(payment_control_configuration=payment_modes.CREDIT_MODE)
    meter.account.charge(10000)
    assert meter.credit() == 300000
    assert meter.events == []
