# SPDX-License-Identifier: GPL-3.0-or-later
"""A PPMID on the simulated HAN: top-up, emergency credit, supply, and that an erasure leaves them working."""

from han.devices import payment_modes
from han.gbcs import utrn
from simulated import IDENTITIES, Han

MICROPYTHON_HEAP = "64M"

SUPPLIER = "90b3d51f30010009"
SECRET = bytes(range(32))
BOARDS = ("hub", "esme", "gsme", "ihd", "ppmid")


def prepaying(credit):
    han = Han(
        boards=BOARDS,
        ihd={"electricity_poll": 3600},
        ppmid={"electricity_poll": 60},
        esme={
            "supplier": SUPPLIER,
            "prepayment_secret": SECRET.hex(),
            "payment_control_configuration": payment_modes.PREPAYMENT_MODE,
            "credit_remaining": credit,
        },
    )
    han.do("esme", "load", watts=1000)
    han.run("09:20:00")
    return han


def number(pounds, counter):
    meter = bytes.fromhex(IDENTITIES["esme"])
    return utrn.make(SECRET, bytes.fromhex(SUPPLIER), meter, counter, utrn.POUNDS, pounds)


def payments(han):
    return [(event["what"], event["result"]) for event in han.of("payment", "ppmid")]


def test_a_top_up_is_credited_and_shown():
    han = prepaying(500000)
    before = han.device("ppmid").screen()["electricity_credit_remaining"]
    han.do("ppmid", "top_up", fuel="electricity", utrn=number(10, 1))
    han.run(5)
    assert payments(han) == [("top_up", "accepted")]
    after = han.device("ppmid").screen()["electricity_credit_remaining"]
    assert 980000 < after - before <= 1000000  # what was used since the display last asked is gone


def test_the_same_number_again_and_a_mistyped_one_are_refused():
    han = prepaying(500000)
    for digits in (number(10, 1), number(10, 1), "123"):
        han.do("ppmid", "top_up", fuel="electricity", utrn=digits)
        han.run(5)
    assert payments(han) == [("top_up", "accepted"), ("top_up", "duplicate"), ("top_up", "mistyped")]


def test_supply_goes_without_credit_and_comes_back_when_asked_for():
    han = prepaying(20000)
    han.run("10:30:00")
    meter = han.device("esme")
    assert meter.account.supply_is_on() is False
    register = meter.state()["current_summation_delivered"]
    han.run("11:00:00")
    assert meter.state()["current_summation_delivered"] == register
    han.do("ppmid", "enable_supply", fuel="electricity")
    han.run(5)
    han.do("ppmid", "top_up", fuel="electricity", utrn=number(10, 1))
    han.run(5)
    assert meter.account.supply_is_on() is False  # armed: a person has to switch it on
    han.do("ppmid", "enable_supply", fuel="electricity")
    han.run(5)
    assert meter.account.supply_is_on() is True
    assert payments(han) == [("enable_supply", "refused"), ("top_up", "accepted"), ("enable_supply", "success")]


def test_emergency_credit():
    han = prepaying(100000)
    han.run("09:25:00")
    han.do("ppmid", "emergency_credit", fuel="electricity")
    han.run(5)
    assert payments(han) == [("emergency_credit", "success")]
    assert han.device("esme").account.prepayment.emergency_active


def test_payments_are_read_over_the_han():
    han = prepaying(500000)
    han.do("ppmid", "top_up", fuel="electricity", utrn=number(10, 1))
    han.run(5)
    seen = len(han.frames)
    for command, more in (("get_top_up_log", {}), ("get_debt_repayment_log", {"debt_type": 2})):
        fields = {"latest_end_time": han.utc(), "number_of_records": 5}
        fields.update(more)
        han.do("ppmid", "ask", of="electricity", cluster=0x0705, command=command, fields=fields)
        han.run(1)
    answers = [octets for _, source, _, cluster, octets in han.frames[seen:] if (source, cluster) == ("esme", 0x0705)]
    assert answers[0][2:5] == b"\x05\x00\x01"  # PublishTopUpLog
    assert answers[1][2:] == b"\x0b\x0a\x8b"  # no debt was paid: NOT_FOUND


def test_at_0056_8_after_an_erasure_payments_still_work():
    han = prepaying(100000)
    han.do("esme", "change_of_tenancy", date=han.utc() - 60, control=0x0200)
    han.run("10:05:00")
    assert han.device("ppmid").state()["erasures"]["electricity"] == 1
    han.do("ppmid", "top_up", fuel="electricity", utrn=number(10, 1))
    han.run(5)
    han.do("ppmid", "top_up", fuel="electricity", utrn=number(10, 1))
    han.run(5)
    assert payments(han) == [("top_up", "accepted"), ("top_up", "duplicate")]
