# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS messages through the hub to the sleeping gas meter, and what becomes of those nobody collects."""

from gas_supplier import GSME, PARTIES, REGISTER, Supplier
from han.gbcs import envelope
from simulated import Han

MICROPYTHON_HEAP = "64M"
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}


def han_with_keys(**air):
    han = Han(hub={"parties": PARTIES}, gsme={"parties": PARTIES}, ihd=QUIET, air=air)
    han.do("gsme", "gas_flow", litres_per_hour=1000)
    return han


def answers(han):
    found = []
    for event in han.of("gbcs", "chf"):
        message = envelope.decode(bytes.fromhex(event["octets"]))
        if message.cra == envelope.RESPONSE:
            found.append((event["time"], message))
    return found


def test_a_command_waits_for_the_wake_and_is_answered_then():
    han = han_with_keys()
    han.run("09:40:00")
    Supplier(han).send(REGISTER, GSME)
    han.run("09:59:59")
    assert answers(han) == []
    han.run("10:05:00")
    ((time, message),) = answers(han)
    assert han.start + 3600 <= time <= han.start + 3600 + 30
    assert message.originator == GSME
    assert message.date_time[11] == 0x00


def test_several_commands_are_answered_in_one_wake():
    han = han_with_keys()
    han.run("09:40:00")
    supplier = Supplier(han)
    counters = [supplier.send(REGISTER, GSME) for _ in range(4)]
    han.run("10:05:00")
    assert [message.originator_counter for _, message in answers(han)] == counters


def test_a_message_nobody_collects_is_dropped_and_told():
    han = han_with_keys()
    han.run("09:40:00")
    han.do("gsme", "link", on=False)
    Supplier(han).send(REGISTER, GSME)
    han.run("2022-11-04T11:30:00Z")
    assert [event["code"] for event in han.of("alert", "chf")] == ["819d"]
    han.do("gsme", "link", on=True)
    han.run("2022-11-04T12:30:00Z")
    assert answers(han) == []


def test_with_loss_every_command_is_answered_once():
    han = han_with_keys(loss=0.2)
    han.run("09:40:00")
    supplier = Supplier(han)
    counters = []
    for hour in range(10, 16):
        counters.append(supplier.send(REGISTER, GSME))
        han.run("%02d:40:00" % hour)
    han.run("18:10:00")
    assert [message.originator_counter for _, message in answers(han)] == counters
