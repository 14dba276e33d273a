# SPDX-License-Identifier: GPL-3.0-or-later
"""Start of a co-processor in its three roles, and everything that may go wrong on the way."""

from han.errors import RadioError
from han.message import Endpoint
from han.radio.znp_settings import Settings
from support import equal, raises
from znp_script import HUB, OK, OWN, Bench, Coprocessor, backwards

CODE = bytes(range(18))
FORMED = {0x2F05: [(0x4F80, b"\x00\x04\x00"), (0x45C0, b"\x09")]}
JOINED = {0x2F05: [(0x4F80, b"\x01\x02\x00"), (0x45C0, b"\x05"), (0x45C0, b"\x07"), (0x4F80, b"\x00\x02\x00")]}
ENDPOINT = Endpoint(3, 0x0500, [0x0702, 0x0708], [0x000A])


def sent(bench, command):
    return [data for number, data in bench.coprocessor.requests if number == command]


def test_coordinator():
    bench = Bench(Coprocessor(then=FORMED, items={0x87: b"\x00", 0x8F: b"\x01"}))
    bench.start(Settings("coordinator", [ENDPOINT], joiners={OWN: CODE}, channels=0x00008000))
    equal(bench.events, [("started",)])
    radio = bench.radio
    equal((radio.started, radio.identity, radio.short, radio.pan_id), (True, OWN, 0x1234, 0x2F4E))
    equal(sent(bench, 0x2400), [b"\x03\x09\x01\x00\x05\x00\x00\x02\x02\x07\x08\x07\x01\x0a\x00"])
    equal(sent(bench, 0x2F05), [b"\x04"])
    equal(sent(bench, 0x2F08), [b"\x01\x00\x80\x00\x00", b"\x00\x00\x00\x00\x00"])
    equal(sent(bench, 0x2F09), [b"\x00"])
    equal(sent(bench, 0x2F04), [b"\x01" + backwards(OWN) + CODE])
    equal(sent(bench, 0x253E), [b"\xff\xff"])
    equal(len(sent(bench, 0x4100)), 1, "nothing changed, so one reset is enough")


def test_a_restored_network_is_a_success():
    """The stack calls formation failed when it took its network up again."""
    restored = {0x2F05: [(0x4F80, b"\x0d\x00\x04"), (0x4F80, b"\x08\x04\x00"), (0x45C0, b"\x09")]}
    bench = Bench(Coprocessor(then=restored))
    bench.start(Settings("coordinator", []))
    equal(bench.events, [("started",)])


def test_router_by_install_code():
    bench = Bench(Coprocessor(then=JOINED))
    bench.start(Settings("router", [], install_code=CODE))
    equal(bench.events, [("started",)])
    equal(sent(bench, 0x2F07), [b"\x01" + CODE])
    equal(sent(bench, 0x2F05), [b"\x02"])
    equal(bench.coprocessor.items[0x87], b"\x01", "the role is written where it differs")
    equal(bench.coprocessor.items[0x03], b"\x03", "and the network of the other role is forgotten")


def test_end_device_sets_its_poll_rate():
    bench = Bench(Coprocessor(then={0x2F05: [(0x45C0, b"\x06")]}))
    bench.start(Settings("end_device", [], poll=700))
    equal(bench.events, [("started",)])
    equal(bench.coprocessor.items[0x24], b"\xbc\x02")


def test_identity_is_written_once():
    bench = Bench(Coprocessor(then=FORMED))
    bench.start(Settings("coordinator", [], identity=HUB, pan_id=0x2F4E))
    equal(bench.coprocessor.items[0x01], backwards(HUB))
    equal(bench.coprocessor.items[0x83], b"\x4e\x2f")
    writes = len(sent(bench, 0x2109))
    again = Bench(bench.coprocessor)
    again.start(Settings("coordinator", [], identity=HUB))
    equal(len(sent(bench, 0x2109)), writes)


def test_a_deaf_coprocessor_is_said_and_tried_again():
    bench = Bench(Coprocessor(answers={0x2101: None}, then=FORMED))
    bench.start(Settings("coordinator", [], retry=5000))
    bench.run(31000)
    equal(bench.names(), ["not_started"])
    assert "check power, wiring" in bench.events[0][1]
    bench.coprocessor.answers[0x2101] = b"\x59\x06"
    bench.run(6000)
    equal(bench.names(), ["not_started", "started"])


def test_the_first_pings_may_be_lost():
    bench = Bench(Coprocessor(answers={0x2101: [None, None, b"\x59\x06"]}, then=FORMED))
    bench.start(Settings("coordinator", []))
    bench.run(10000)
    equal(bench.names(), ["started"])


def test_no_network_and_then_one():
    bench = Bench(Coprocessor(then={0x2F05: [(0x4F80, b"\x02\x02\x00")]}))
    bench.start(Settings("router", [], install_code=CODE, retry=1000))
    equal(bench.names(), ["not_started"])
    assert "no network" in bench.events[0][1]
    bench.coprocessor.then.update(JOINED)
    bench.run(1500)
    equal(bench.names(), ["not_started", "started"])


def test_a_wrong_install_code():
    bench = Bench(Coprocessor(then={0x2F05: [(0x45C0, b"\x05"), (0x4F80, b"\x07\x02\x00")]}))
    bench.start(Settings("router", [], install_code=CODE))
    assert "install code" in bench.events[0][1]


def test_steering_that_never_ends():
    bench = Bench(Coprocessor())
    bench.start(Settings("router", [], retry=100000))
    bench.run(61000)
    assert "within 60 s" in bench.events[0][1]


def test_every_refusal_is_named():
    for command, words in (
        (0x2400, "endpoint 3"),
        (0x2F08, "channels"),
        (0x2F05, "commissioning"),
        (0x2F09, "key exchange"),
        (0x2F04, "install code of"),
        (0x253E, "callbacks"),
    ):
        bench = Bench(Coprocessor(answers={command: b"\x02"}, then=FORMED))
        bench.start(Settings("coordinator", [ENDPOINT], joiners={OWN: CODE}))
        equal(bench.names(), ["not_started"], words)
        assert words in bench.events[0][1] and "bad parameter" in bench.events[0][1], bench.events


def test_a_reset_that_never_ends():
    bench = Bench(Coprocessor(then={0x4100: []}))
    bench.start(Settings("coordinator", []))
    bench.run(16000)
    assert "did not come back" in bench.events[0][1]


def test_an_unknown_request_does_not_wait_for_its_time_out():
    bench = Bench(Coprocessor(answers={0x2F09: None}, then={0x2F09: [(0x6000, b"\x02\x2f\x09")]}))
    bench.coprocessor.then.update(FORMED)
    bench.start(Settings("coordinator", []))
    equal(bench.names(), ["not_started"])


def test_settings_are_checked():
    raises(RadioError, Settings, "hub", [])
    raises(RadioError, Settings, "router", [], install_code=bytes(16))
    raises(RadioError, Settings, "router", [], identity=bytes(6))
    raises(RadioError, Settings, "coordinator", [], joiners={OWN: bytes(3)})
    raises(RadioError, Settings, "router", [], link_keys={OWN: OK})
