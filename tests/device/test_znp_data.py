# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages through a co-processor: out, in, long ones, and what goes wrong."""

import struct

from han.message import BROADCAST, Message
from support import equal
from znp_script import HUB, OWN, RESET_IND, Settings, backwards, joined

KEY = bytes(range(16))
READ = b"\x00\x21\x00\x00\x00"


def knowing_hub(**named):
    bench = joined(**named)
    bench.say(0x45C1, b"\x00\x00\x00\x00" + backwards(HUB) + b"\x8e")
    bench.events.clear()
    return bench


def to_hub(payload=READ, secured=True):
    return Message(OWN, HUB, 3, 1, 0x0702, payload, secured)


def incoming(payload, source=0, secured=1, broadcast=0):
    return (
        struct.pack("<HHHBBBBBIB", 0, 0x0702, source, 1, 3, broadcast, 200, secured, 77, 9)
        + bytes((len(payload),))
        + payload
        + b"\x00\x00\x1d"
    )


def test_send_and_confirm():
    bench = knowing_hub()
    message = to_hub()
    bench.radio.send(message, bench.time)
    bench.settle()
    equal(bench.coprocessor.requests, [(0x2401, b"\x00\x00\x01\x03\x02\x07\x01\x50\x1e\x05" + READ)])
    equal(bench.events, [])
    bench.say(0x4480, b"\x00\x03\x01")
    equal(bench.events, [("sent", message)])


def test_options():
    bench = knowing_hub()
    bench.radio.send(to_hub(secured=False), 0)
    bench.radio.send(Message(OWN, BROADCAST, 3, 255, 0x0702, READ), 0)
    bench.settle()
    equal([data[7] for _, data in bench.coprocessor.requests], [0x10, 0x00])
    equal(bench.coprocessor.requests[1][1][:2], b"\xfd\xff")


def test_a_confirm_may_come_before_the_answer():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = None
    bench.radio.send(to_hub(), 0)
    bench.settle()
    bench.say(0x4480, b"\x00\x03\x01")
    bench.say(0x6401, b"\x00")
    equal(bench.names(), ["sent"])


def test_failures_carry_their_status():
    for status in (0xB7, 0xE9, 0xA1, 0xF0, 0xCD):
        bench = knowing_hub()
        bench.radio.send(to_hub(), 0)
        bench.settle()
        bench.say(0x4480, bytes((status, 3, 1)))
        equal([(event[0], event[2]) for event in bench.events], [("failed", status)])
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = b"\x02"
    bench.radio.send(to_hub(), 0)
    bench.settle()
    equal(bench.events[0][2], 2)


def test_no_confirm():
    bench = knowing_hub()
    bench.radio.send(to_hub(), bench.time)
    bench.run(9000)
    equal(bench.events, [])
    bench.run(2000)
    equal([(event[0], event[2]) for event in bench.events], [("failed", None)])


def test_a_sleeping_child_gets_more_time():
    bench = joined()
    bench.say(0x45C1, b"\x00\x00\x00\x00" + backwards(HUB) + b"\x80")
    bench.events.clear()
    bench.radio.send(to_hub(), bench.time)
    bench.run(25000)
    equal(bench.events, [])
    bench.run(6000)
    equal(bench.names(), ["failed"])


def test_full_buffers_are_tried_again():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = [b"\x11", b"\x1a", b"\x00"]
    bench.radio.send(to_hub(), bench.time)
    bench.run(1000)
    bench.say(0x4480, b"\x00\x03\x01")
    equal(bench.names(), ["sent"])
    equal(len(bench.coprocessor.requests), 3)


def test_one_request_is_outstanding():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = None
    for _ in range(3):
        bench.radio.send(to_hub(), 0)
    bench.settle()
    equal(len(bench.coprocessor.requests), 1)
    bench.say(0x6401, b"\x00")
    equal(len(bench.coprocessor.requests), 2)


def test_too_many_at_once_fail_at_once():
    bench = knowing_hub()
    for _ in range(30):
        bench.radio.send(to_hub(), 0)
    bench.settle()
    equal([(event[0], event[2]) for event in bench.events], [("failed", 0x11)] * 6)


def test_before_the_start_nothing_is_sent():
    bench = joined()
    bench.radio.started = False
    bench.radio.send(to_hub(), 0)
    bench.settle()
    equal(bench.names(), ["failed"])


def test_an_unknown_address_is_looked_up():
    bench = joined()
    bench.radio.send(to_hub(), 0)
    bench.radio.send(to_hub(), 0)
    bench.settle()
    equal(bench.coprocessor.requests, [(0x2500, backwards(HUB) + b"\x00\x00")])
    bench.say(0x4580, b"\x00" + backwards(HUB) + b"\x78\x56\x00\x00")
    equal([(command, data[:2]) for command, data in bench.coprocessor.requests[1:]], [(0x2401, b"\x78\x56")] * 2)


def test_an_address_nobody_has():
    bench = joined()
    bench.radio.send(to_hub(), bench.time)
    bench.run(7000)
    equal([(event[0], event[2]) for event in bench.events], [("failed", 0xC8)])


def test_receive():
    bench = knowing_hub()
    bench.say(0x4481, incoming(READ))
    bench.say(0x4481, incoming(b"\x01", secured=0, broadcast=1))
    first, second = bench.messages
    equal((first.source, first.destination, first.secured, first.payload), (HUB, OWN, True, READ))
    equal((first.source_endpoint, first.destination_endpoint, first.cluster), (1, 3, 0x0702))
    equal((second.destination, second.secured), (BROADCAST, False))


def test_an_unknown_sender_is_asked_and_its_messages_wait_in_order():
    bench = joined()
    bench.say(0x4481, incoming(b"\x01", source=0x5678))
    bench.say(0x4481, incoming(b"\x02", source=0x5678))
    equal(bench.messages, [])
    equal(bench.coprocessor.requests, [(0x2501, b"\x78\x56\x00\x00")])
    bench.say(0x4581, b"\x00" + backwards(HUB) + b"\x78\x56\x00\x00")
    equal([message.payload for message in bench.messages], [b"\x01", b"\x02"])
    equal(bench.messages[0].source, HUB)


def test_a_sender_that_does_not_tell_is_reported():
    bench = joined()
    bench.say(0x4481, incoming(b"\x01", source=0x5678))
    bench.run(7000)
    equal(bench.messages, [])
    equal(bench.names(), ["refused"])


def extended(payload, length):
    head = struct.pack("<HHB8sBHBBBBIBH", 0, 0x0702, 2, bytes(8), 1, 0, 3, 0, 200, 1, 0x01020304, 9, length)
    return head + payload


def test_receive_long():
    bench = knowing_hub()
    bench.say(0x4482, extended(READ, len(READ)) + b"\x00\x00\x1d")
    equal(bench.messages[0].payload, READ)
    whole = bytes(index & 0xFF for index in range(700))
    bench.coprocessor.answers[0x2412] = [
        b"\x00\xf0" + whole[:240],
        b"\x00\xf0" + whole[240:480],
        b"\x00\xdc" + whole[480:],
        b"\x00\x00",
    ]
    bench.say(0x4482, extended(b"", 700))
    equal(bench.messages[1].payload, whole)
    asked = [data for command, data in bench.coprocessor.requests if command == 0x2412]
    equal(asked[1], b"\x04\x03\x02\x01\xf0\x00\xf0")
    equal(asked[-1], b"\x04\x03\x02\x01\x00\x00\x00", "and freed")


def test_a_long_message_that_is_gone_is_reported():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2412] = b"\x01\x00"
    bench.say(0x4482, extended(b"", 700))
    equal(bench.messages, [])
    equal(bench.names(), ["refused"])


def test_send_long():
    whole = bytes(index & 0xFF for index in range(500))
    bench = knowing_hub()
    bench.radio.send(to_hub(whole), 0)
    bench.settle()
    requests = bench.coprocessor.requests
    equal([command for command, _ in requests], [0x2411, 0x2411, 0x2411, 0x2402])
    equal(b"".join(data[3:] for command, data in requests if command == 0x2411), whole)
    equal(
        requests[-1][1],
        b"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x03\x02\x07\x01\x50\x1e\xf4\x01",
    )
    bench.say(0x4480, b"\x00\x03\x01")
    equal(bench.names(), ["sent"])


def test_send_long_to_a_stack_that_wants_the_request_first():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2411] = [b"\x02", b"\x00"]
    bench.radio.send(to_hub(bytes(300)), 0)
    bench.settle()
    order = [command for command, _ in bench.coprocessor.requests]
    equal(order, [0x2411, 0x2402, 0x2411, 0x2411, 0x2411])
    equal(bench.coprocessor.requests[-1][1], b"\x00\x00\x00")
    bench.coprocessor.requests.clear()
    bench.radio.send(to_hub(bytes(300)), 0)
    bench.settle()
    equal(bench.coprocessor.requests[0][0], 0x2402, "it is not asked twice")


def test_link_keys_are_installed_as_soon_as_the_address_is_known():
    bench = knowing_hub(link_keys={HUB: KEY})
    equal(bench.coprocessor.requests, [(0x2542, b"\x00\x00" + backwards(HUB) + KEY)])
    bench.coprocessor.requests.clear()
    bench.radio.set_link_key(HUB, bytes(16), 0)
    bench.settle()
    equal(bench.coprocessor.requests, [(0x2542, b"\x00\x00" + backwards(HUB) + bytes(16))])


def test_joins_leaves_and_windows():
    bench = joined()
    bench.radio.permit_join(300, 0)
    bench.settle()
    equal(bench.coprocessor.requests, [(0x2536, b"\x02\x34\x12\xfe\x01")])
    bench.say(0x45CB, b"\xfe")
    bench.say(0x45CA, b"\x78\x56" + backwards(HUB) + b"\x00\x00")
    bench.say(0x45C9, b"\x78\x56" + backwards(HUB) + b"\x00\x00\x00")
    equal(bench.events, [("permit_join", 254), ("joined", HUB, 0x5678), ("left", HUB)])
    equal(bench.radio.short_address(HUB), None)


def test_a_lost_parent_is_sought_again():
    bench = joined()
    bench.say(0x45C0, b"\x0a")
    equal(bench.events, [("lost_parent",)])
    equal(bench.coprocessor.requests, [(0x2F0A, b"")])
    bench.run(16000)
    equal(len(bench.coprocessor.requests), 2)
    bench.say(0x45C0, b"\x06")
    equal(bench.names(), ["lost_parent", "recovered"])
    bench.run(60000)
    equal(len(bench.coprocessor.requests), 2)


def test_a_reset_starts_again_and_fails_what_was_under_way():
    bench = knowing_hub(link_keys={HUB: KEY})
    message = to_hub()
    bench.radio.send(message, bench.time)
    bench.settle()
    bench.coprocessor.requests.clear()
    bench.coprocessor.octets += RESET_IND
    bench.settle()
    equal(bench.events, [("reset", 2), ("failed", message, None), ("started",)])
    assert (0x2542, b"\x00\x00" + backwards(HUB) + KEY) in bench.coprocessor.requests, "the key goes back in"


def test_a_hung_coprocessor_is_restarted():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = None
    for _ in range(3):
        bench.radio.send(to_hub(), bench.time)
    bench.run(20000)
    assert bench.names()[-1] == "started" and "hung" in bench.names(), bench.names()


def test_lost_octets_in_an_answer_cost_one_message():
    bench = knowing_hub()
    bench.coprocessor.answers[0x2401] = [None, b"\x00"]
    bench.radio.send(to_hub(), bench.time)
    bench.settle()
    bench.radio.feed(b"\xfe\x01\x64", bench.time)  # the rest of the answer is lost
    bench.run(4000)
    equal([(event[0], event[2]) for event in bench.events], [("failed", None)])
    message = to_hub()
    bench.radio.send(message, bench.time)
    bench.settle()
    bench.say(0x4480, b"\x00\x03\x02")
    equal(bench.events[-1], ("sent", message))


def test_cut_indications_are_counted():
    bench = knowing_hub()
    for command in (0x4480, 0x4481, 0x4482, 0x4580, 0x45C0, 0x45C1, 0x45CA, 0x45CB, 0x4F80, 0x4180):
        bench.say(command, b"")
    bench.say(0x4481, incoming(READ)[:20])
    equal(bench.radio.unreadable, 11)
    bench.say(0x4481, incoming(READ))
    equal(len(bench.messages), 1)


def test_sleep_and_wake():
    bench = joined()
    bench.radio.set_poll(0, 0)
    bench.settle()
    equal(bench.coprocessor.items[0x24], b"\x00\x00")
    equal(Settings("end_device", []).poll, 500)
