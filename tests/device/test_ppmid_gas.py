# SPDX-License-Identifier: GPL-3.0-or-later
"""The gas side of a PPMID: top-up and emergency credit in GBCS messages through the hub's tunnel to the sleeping meter."""

from han.devices import payment_modes
from han.gbcs import envelope, protection, use_cases, utrn
from han.gbcs.envelope import RESPONSE, Message
from simulated import IDENTITIES, Han
from support import equal

MICROPYTHON_HEAP = "64M"

BOARDS = ("hub", "esme", "gsme", "ihd", "ppmid")
SUPPLIER = "90b3d51f30010009"
TOP_UPS = bytes(range(32))
PAIR = bytes(range(32, 64))
METER = bytes.fromhex(IDENTITIES["gsme"])
DISPLAY = bytes.fromhex(IDENTITIES["ppmid"])
TUNNELING = 0x0704


def known(entity, role):
    return {entity: {"role": role, "secret": PAIR.hex()}}


def prepaying(credit, ppmid=None, **gsme):
    meter = {
        "supplier": SUPPLIER,
        "prepayment_secret": TOP_UPS.hex(),
        "payment_control_configuration": payment_modes.PREPAYMENT_MODE,
        "credit_remaining": credit,
        "parties": known(IDENTITIES["ppmid"], use_cases.PPMID),
    }
    meter.update(gsme)
    display = {"electricity_poll": 3600, "parties": known(IDENTITIES["gsme"], use_cases.OTHER)}
    display.update(ppmid or {})
    han = Han(boards=BOARDS, ihd={"electricity_poll": 3600}, ppmid=display, gsme=meter)
    han.do("gsme", "gas_flow", litres_per_hour=100)
    han.run("09:40:00")
    return han


def number(pounds, counter, meter=METER):
    return utrn.make(TOP_UPS, bytes.fromhex(SUPPLIER), meter, counter, utrn.POUNDS, pounds)


def payments(han):
    return [(event["fuel"], event["what"], event["result"]) for event in han.of("payment", "ppmid")]


def carried(han):
    """(source, destination, Message) of the GBCS messages in tunnels, each once."""
    found = []
    seen = set()
    for _, source, destination, cluster, octets in han.frames:
        place = octets.find(b"\xdd\x00\x00\x00\x00\x00\x00") if cluster == TUNNELING else -1
        if place >= 0 and (source, octets[place:]) not in seen:
            seen.add((source, octets[place:]))
            found.append((source, destination, envelope.decode(octets[place:])))
    return found


def test_a_top_up_waits_for_the_meter_and_is_credited():
    han = prepaying(500000)
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    equal(han.device("ppmid").screen()["last_payment"], "sent")
    han.run("09:59:59")
    equal(payments(han), [])
    han.run("10:01:00")
    equal(payments(han), [("gas", "top_up", "accepted")])
    screen = han.device("ppmid").screen()
    equal((screen["last_payment"], screen["last_payment_fuel"]), ("accepted", "gas"))
    equal(screen["gas_top_ups"], [1000000])
    credit = han.device("gsme").account.prepayment.credit()
    assert 1400000 < credit <= 1500000
    # The meter told the proxy in the same wake: the display reads there what the answer said.
    equal(han.device("gpf").prepayment.get("credit_remaining"), screen["gas_credit_remaining"])
    equal([entry["top_up_amount"] for entry in han.device("gpf").top_ups.newest(5, 0, None)], [1000000])


def test_the_messages_are_those_of_the_templates():
    han = prepaying(500000)
    digits = number(10, 1)
    han.do("ppmid", "top_up", fuel="gas", utrn=digits)
    han.do("ppmid", "emergency_credit", fuel="gas")
    utc = han.utc()
    han.run("10:01:00")
    to_hub = [message for source, _, message in carried(han) if source == "ppmid"]
    equal([message.message_code for message in to_hub], [0x009B, 0x0090])
    for message in to_hub:
        equal((message.originator, message.recipient, message.date_time), (DISPLAY, METER, None))
        assert protection.mac_is_valid(PAIR, message)
    equal(to_hub[1].originator_counter, to_hub[0].originator_counter + 1)
    equal(bytes(to_hub[0].payload), b"\x01\x09\x01\x01\x07\x05\x00\x19\x01\x00\x04\x02\x14" + digits.encode())
    head = b"\x01\x09\x01\x01\x07\x05\x00\x08\x01\x00\x00"
    equal(bytes(to_hub[1].payload), head + utc.to_bytes(4, "little") + b"\x02")
    answers = [message for source, _, message in carried(han) if source == "gsme"]
    equal([message.message_code for message in answers], [0x009B, 0x0090])
    assert all(protection.mac_is_valid(PAIR, message) for message in answers)
    equal(bytes(answers[0].payload)[:17], b"\x01\x09\x01\x01\x07\x05\x00\x0d\x09\x00\x03\x00\x40\x42\x0f\x00\x02")


def test_what_the_meter_refuses_is_shown():
    han = prepaying(500000)
    other = number(10, 2, bytes(8))
    for digits in (number(10, 1), number(10, 1), other, "73941569907863060481", "123"):
        han.do("ppmid", "top_up", fuel="gas", utrn=digits)
    han.do("ppmid", "enable_supply", fuel="gas")
    han.do("ppmid", "emergency_credit", fuel="gas")
    equal(payments(han), [("gas", "top_up", "mistyped"), ("gas", "enable_supply", "not possible")])
    han.run("10:01:00")
    results = [(what, result) for _, what, result in payments(han)[2:]]
    top_ups = [result for what, result in results if what == "top_up"]
    equal(top_ups, ["accepted", "duplicate", "invalid", "invalid"])
    equal(results[-1], ("emergency_credit", "refused"))  # there is credit
    events = [event["code"] for event in han.of("alert", "gsme")]
    assert "8f51" in events and "8f63" in events


def test_emergency_credit_arms_the_supply_and_a_person_switches_it_on_at_the_meter():
    han = prepaying(2000)
    han.run("09:59:00")
    meter = han.device("gsme")
    meter.refresh()
    assert not meter.account.supply_is_on()
    han.do("ppmid", "emergency_credit", fuel="gas")
    han.run("10:01:00")
    equal(payments(han), [("gas", "emergency_credit", "success")])
    assert not meter.account.supply_is_on()
    han.do("gsme", "enable_supply")
    assert meter.account.supply_is_on()


def test_a_part_of_a_top_up_pays_debt_and_the_proxy_is_told():
    han = prepaying(500000, debt_amount3=1000000, debt_recovery_top_up_percentage3=2500)
    for counter in (1, 2):
        han.do("ppmid", "top_up", fuel="gas", utrn=number(10, counter))
    han.run("10:01:00")
    paid = han.device("gpf").debt_payments.newest(10, 0, None)
    equal([(entry["amount_collected"], entry["outstanding_debt"]) for entry in paid], [(250000, 750000), (250000, 500000)])
    top_ups = han.device("gpf").top_ups.newest(5, 0, None)
    equal([bytes(entry["top_up_code"]).decode() for entry in top_ups], [number(10, 1), number(10, 2)])


def test_a_display_without_power_learns_the_answer_later():
    han = prepaying(500000)
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    han.run("09:45:00")
    han.do("ppmid", "power", on=False)
    han.run("09:50:00")
    han.do("ppmid", "power", on=True)
    han.run("10:01:00")
    equal(payments(han), [("gas", "top_up", "accepted")])
    # Its counters go on: none was used twice.
    han.do("ppmid", "top_up", fuel="gas", utrn=number(5, 2))
    han.run("10:31:00")
    equal(payments(han), [("gas", "top_up", "accepted")] * 2)
    counters = [message.originator_counter for source, _, message in carried(han) if source == "ppmid"]
    equal(counters, sorted(set(counters)))


def test_a_meter_that_never_wakes_is_no_answer_in_the_end():
    han = prepaying(500000)
    han.do("gsme", "link", on=False)
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    han.run("2022-11-04T10:30:00Z")
    equal(payments(han), [])
    han.run("2022-11-04T12:00:00Z")
    equal(payments(han), [("gas", "top_up", "no answer")])
    equal([event["code"] for event in han.of("alert", "chf")], ["819d"])


def test_a_hub_out_of_reach_is_no_answer():
    han = prepaying(500000)
    han.do("hub", "link", on=False)
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    han.run(60)
    equal(payments(han), [("gas", "top_up", "no answer")])


def test_a_display_that_no_gas_meter_was_joined_to():
    han = prepaying(500000, {"parties": {}})
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    equal(payments(han), [("gas", "top_up", "not possible")])


def answer_to(asked, key=PAIR, originator=METER, payload=b"\x01\x09\x01\x01\x07\x05\x00\x05\x08\x00\x0b\x01\x00"):
    message = Message(RESPONSE, asked.originator_counter, originator, DISPLAY, asked.message_code, payload=payload)
    message.signature = b""
    message.mac = protection.mac_of(key, message)
    return envelope.encode(message)


def test_an_answer_that_is_not_the_meters_is_refused():
    han = prepaying(500000)
    han.do("ppmid", "emergency_credit", fuel="gas")
    han.run(5)
    ((_, _, asked),) = carried(han)
    display = han.device("ppmid")
    refused = [
        (answer_to(asked, key=TOP_UPS), "wrong MAC"),
        (answer_to(asked, originator=bytes(8)), "unknown originator"),
        (answer_to(asked, payload=b"\x01\x09\x00"), "payload differs from the template"),
        (answer_to(Message(RESPONSE, 99, b"", b"", asked.message_code)), "answers nothing that was asked"),
        (b"\xdd\x00", "malformed"),
    ]
    for octets, reason in refused:
        equal(display.gbcs(octets, han.utc()), ())
        equal(display.wan.server.refusals[reason], 1)
    equal(payments(han), [])
    display.gbcs(answer_to(asked), han.utc())
    equal(display.last_payment["result"], "success")
    display.gbcs(answer_to(asked), han.utc())  # once more: it answers nothing now
    equal(display.wan.server.refusals["answers nothing that was asked"], 2)


def test_the_hub_asks_for_a_tunnel_once():
    han = prepaying(500000)
    han.run("12:00:00")
    asked = [frame for frame in han.frames if frame[1] == "chf" and frame[2] == "ppmid" and frame[3] == TUNNELING]
    equal(len(asked), 1)


def test_a_display_that_was_off_has_a_tunnel_again():
    han = prepaying(500000)
    han.do("ppmid", "power", on=False)
    han.run("10:05:00")
    han.do("ppmid", "power", on=True)
    han.run("10:06:00")
    assert han.device("chf").router.tunnels.to(DISPLAY) is not None
    han.do("ppmid", "top_up", fuel="gas", utrn=number(10, 1))
    han.run("10:31:00")
    equal(payments(han), [("gas", "top_up", "accepted")])
