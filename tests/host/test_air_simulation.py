# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated air, driven by the firmware's radio driver: joining, delivery, sleep, losses, restarts, capture."""

import json

import pytest
import zigpy_znp.types as t
from air_bench import METERING, START, AirBench, identity, install_code, server
from han.message import BROADCAST, Endpoint
from hanref.air import capture
from hanref.air.dissector import Dissector
from hanref.air.keys import InstallCode, Keys
from hanref.air.nonvolatile import NonVolatile
from hanref.air.simulation import Conditions
from hanref.errors import UsageError
from tshark import dissect, needs_tshark
from zigpy_znp.types.nvids import OsalNvIds

READ = b"\x00\x21\x00\x00\x00"


def pair(role: str = "router", **air):
    bench = AirBench(**air)
    hub = bench.hub(2)
    return bench, hub, bench.joined(2, role)


# -- joining ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "state"), [("router", 7), ("end_device", 6)])
def test_join_by_install_code(role, state):
    _, hub, board = pair(role)
    assert [event for event in hub.events if event[0] in ("joined", "announced")] == [
        ("joined", board.identity, board.radio.short),
        ("announced", board.identity, board.radio.short),
    ]
    assert board.radio.state == state
    assert board.radio.pan_id == hub.radio.pan_id
    assert board.coprocessor.link_keys == {hub.identity: InstallCode(install_code(2)).key}
    assert board.coprocessor.refused == hub.coprocessor.refused == []


def test_a_wrong_install_code_keeps_a_joiner_out():
    bench = AirBench()
    hub = bench.hub(2)
    board = bench.board(2)
    board.start("router", install_code=install_code(3), retry=1_000_000)
    bench.run(10_000)
    assert board.names() == ["not_started"]
    assert "install code" in board.events[0][1]
    assert "joined" not in hub.names()


def test_an_unexpected_joiner_without_code_gets_in_by_the_well_known_key_and_gets_its_own():
    bench = AirBench()
    hub = bench.hub()
    board = bench.board(2)
    board.start("router")
    hub.coprocessor.require_key_exchange = True
    bench.run(5000)
    assert board.names() == ["started"]
    assert len(board.coprocessor.link_keys[hub.identity]) == 16
    assert board.coprocessor.link_keys[hub.identity] == hub.coprocessor.link_keys[board.identity]


def test_only_joiners_with_a_code_when_the_hub_says_so():
    bench = AirBench()
    hub = bench.hub()
    hub.coprocessor.only_install_codes = True
    board = bench.board(2)
    board.start("router", retry=1_000_000)
    bench.run(10_000)
    assert board.names() == ["not_started"]


def test_the_join_window_closes():
    bench = AirBench()
    hub = bench.hub(2, seconds=5)
    bench.run(6000)
    assert [event for event in hub.events if event[0] == "permit_join"] == [("permit_join", 5), ("permit_join", 0)]
    board = bench.board(2)
    board.start("router", install_code=install_code(2), retry=2000)
    bench.run(1500)
    assert "no network" in board.events[0][1]
    hub.radio.permit_join(60, bench.air.now)
    bench.run(10_000)
    assert board.radio.started


def test_a_joiner_picks_the_network_that_expects_it():
    bench = AirBench()
    first = bench.hub()
    second = bench.board(9)
    second.start("coordinator", joiners={identity(2): install_code(2)})
    bench.run(3000)
    second.radio.permit_join(60, bench.air.now)
    bench.run(100)
    board = bench.joined(2)
    assert board.radio.pan_id == second.radio.pan_id != first.radio.pan_id


def test_leaving():
    bench, hub, board = pair()
    board.coprocessor.leave()
    bench.run(100)
    assert ("left", board.identity) in hub.events
    assert not board.radio.started
    assert not board.coprocessor.memory.on_a_network


# -- delivery ---------------------------------------------------------------------------------------------


def test_messages_both_ways_with_and_without_the_link_key():
    bench, hub, board = pair()
    for secured in (True, False):
        there = board.send(hub, READ, secured)
        back = hub.send(board, READ, secured)
        bench.run(1000)
        assert (board.outcome(there), hub.outcome(back)) == (0, 0)
        for receiver, sender in ((hub, board), (board, hub)):
            message = receiver.messages[-1]
            assert (message.source, message.destination) == (sender.identity, receiver.identity)
            assert (message.cluster, message.payload, message.secured) == (METERING, READ, secured)
            assert (message.source_endpoint, message.destination_endpoint) == (1, 1)


@pytest.mark.parametrize("length", [0, 1, 229, 230, 231, 240, 241, 480, 700, 1500])
@pytest.mark.parametrize("store_first", [True, False])
def test_every_length(length, store_first):
    bench, hub, board = pair()
    board.radio.store_first = store_first
    payload = bytes(index * 7 & 0xFF for index in range(length))
    message = board.send(hub, payload)
    bench.run(5000)
    assert board.outcome(message) == 0
    assert hub.payloads() == [payload]
    assert hub.coprocessor.long_messages == {}


def test_devices_without_a_link_key_of_their_own():
    bench = AirBench()
    bench.hub(2, 3)
    one, other = bench.joined(2), bench.joined(3)
    refused = one.send(other, READ)
    bench.run(1000)
    assert one.outcome(refused) == 0xA1
    key = bytes(range(16))
    one.radio.set_link_key(other.identity, key, bench.air.now)
    bench.run(100)
    unheard = one.send(other, READ)
    bench.run(30_000)
    assert one.outcome(unheard) == 0xB7, "the other side cannot open it"
    other.radio.set_link_key(one.identity, key, bench.air.now)
    other.send(one, READ)  # makes the address known, and so the key installed
    bench.run(1000)
    heard = one.send(other, READ)
    bench.run(1000)
    assert one.outcome(heard) == 0
    assert other.messages[-1].secured


def test_broadcast_reaches_all_that_are_awake():
    bench = AirBench()
    hub = bench.hub(2, 3, 4)
    awake, sleepy = [bench.joined(2), bench.joined(3)], bench.joined(4, "end_device")
    message = hub.send(BROADCAST, READ, endpoint=255)
    bench.run(1000)
    assert hub.outcome(message) == 0
    for board in awake:
        assert [(one.destination, one.payload) for one in board.messages] == [(BROADCAST, READ)]
    assert sleepy.messages == hub.messages == []


def test_an_endpoint_that_is_not_there_is_not_acknowledged():
    bench, hub, board = pair()
    message = board.send(hub, READ, endpoint=77)
    bench.run(20_000)
    assert board.outcome(message) == 0xB7
    assert hub.messages == []


def test_nobody_at_an_address():
    bench, hub, board = pair()
    message = hub.send(identity(99), READ)
    bench.run(10_000)
    assert hub.outcome(message) == 0xC8
    board.coprocessor.in_reach = False
    message = hub.send(board, READ)
    bench.run(10_000)
    assert hub.outcome(message) == 0xE9


def test_before_a_network_there_is_no_sending():
    bench = AirBench()
    board = bench.board(2)
    board.start("router", retry=1_000_000)
    bench.run(3000)
    board.coprocessor.feed(bytes.fromhex("fe0a240100000101020721501e00") + b"\x5e")
    bench.run(100)
    assert not board.radio.started


# -- sleep ---------------------------------------------------------------------------------------------------


def test_a_sleeping_child_gets_its_message_at_its_next_poll():
    bench, hub, board = pair("end_device")
    board.radio.set_poll(4000, bench.air.now)
    bench.run(4000)
    message = hub.send(board, READ)
    bench.run(300)
    assert board.messages == []
    bench.run(5000)
    assert board.payloads() == [READ]
    assert hub.outcome(message) == 0


def test_a_child_asleep_misses_what_its_parent_cannot_keep():
    bench, hub, board = pair("end_device")
    board.radio.set_poll(0, bench.air.now)
    bench.run(5000)
    message = hub.send(board, READ)
    bench.run(7000)
    assert hub.outcome(message) == "open"
    bench.run(2000)
    assert hub.outcome(message) == 0xF0
    message = hub.send(board, READ)
    bench.run(2000)
    board.radio.set_poll(500, bench.air.now)
    bench.run(2000)
    assert hub.outcome(message) == 0
    assert board.payloads() == [READ]


def test_one_that_has_sent_listens_for_the_answer():
    bench, hub, board = pair("end_device")
    board.radio.set_poll(0, bench.air.now)
    bench.run(5000)
    board.send(hub, READ)
    bench.run(100)
    hub.send(board, b"\x18\x21\x01")
    bench.run(500)
    assert board.payloads() == [b"\x18\x21\x01"]


def test_a_lost_parent():
    bench, hub, board = pair("end_device")
    board.send(hub, READ)
    bench.run(1000)
    hub.coprocessor.power(False)
    message = board.send(hub, READ)
    bench.run(1000)
    assert board.outcome(message) == 0xE9
    assert ("lost_parent",) in board.events
    hub.coprocessor.power(True)
    hub.replace_driver()
    hub.start("coordinator", joiners={identity(2): install_code(2)})
    bench.run(30_000)
    assert "recovered" in board.names()
    assert hub.radio.pan_id == board.radio.pan_id


def test_a_lost_parent_is_noticed_by_polling():
    bench, hub, board = pair("end_device")
    hub.coprocessor.power(False)
    bench.run(5000)
    assert board.names() == ["started", "lost_parent"]


# -- bad air ---------------------------------------------------------------------------------------------------


def exchange(bench, hub, board, count):
    """Send `count` numbered messages each way, one second apart."""
    sent = []
    for number in range(count):
        payload = bytes((number & 0xFF, number >> 8))
        sent.append((board, board.send(hub, payload)))
        sent.append((hub, hub.send(board, payload)))
        bench.run(1000)
    bench.run(60_000)
    return sent


def test_twenty_percent_loss_is_mended_by_retries():
    bench, hub, board = pair(seed=5)
    bench.air.conditions = Conditions(loss=0.2)
    sent = exchange(bench, hub, board, 200)
    failed = [message for owner, message in sent if owner.outcome(message) != 0]
    assert bench.air.lost > 100
    assert len(failed) <= len(sent) * 0.03
    for receiver in (hub, board):
        payloads = receiver.payloads()
        assert len(payloads) == len(set(payloads)), "a retry is delivered once"
        assert len(payloads) >= 195


def test_duplicates_and_reordering_reach_the_host():
    bench, hub, board = pair(seed=6)
    bench.air.conditions = Conditions(duplicates=0.3, reorder=0.3, delay=50)
    for number in range(100):
        board.send(hub, bytes((number,)))
        bench.run(120)
    bench.run(5000)
    payloads = hub.payloads()
    assert len(set(payloads)) == 100
    assert 110 < len(payloads) < 150
    first = [payload for index, payload in enumerate(payloads) if payload not in payloads[:index]]
    assert first != sorted(first)


def test_the_same_seed_is_the_same_air(tmp_path):
    files = []
    for name in ("one", "two"):
        bench = AirBench(seed=8, conditions=Conditions(0.1, 20, 0.1, 0.1), capture=tmp_path / name)
        hub = bench.hub(2)
        board = bench.joined(2)
        exchange(bench, hub, board, 20)
        bench.air.close()
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


# -- restarts --------------------------------------------------------------------------------------------------


def test_a_hub_takes_its_network_up_again():
    bench, hub, board = pair()
    former = hub.radio.pan_id
    hub.coprocessor.power(False)
    bench.run(5000)
    hub.coprocessor.power(True)
    hub.replace_driver()
    hub.start("coordinator", joiners={identity(2): install_code(2)})
    bench.run(5000)
    assert (hub.radio.started, hub.radio.pan_id) == (True, former)
    message = board.send(hub, READ)
    bench.run(2000)
    assert board.outcome(message) == 0
    assert hub.messages[-1].secured and hub.messages[-1].source == board.identity


def test_a_router_comes_back_with_its_address():
    bench, hub, board = pair()
    former = board.radio.short
    board.coprocessor.power(False)
    bench.run(1000)
    board.coprocessor.power(True)
    board.replace_driver()
    board.start("router", install_code=install_code(2))
    bench.run(5000)
    assert (board.radio.started, board.radio.short) == (True, former)
    message = hub.send(board, READ)
    bench.run(2000)
    assert hub.outcome(message) == 0


def test_a_reset_of_the_co_processor_is_mended_by_the_driver():
    bench, hub, board = pair()
    board.coprocessor.reset()
    bench.run(5000)
    assert board.names() == ["started", "reset", "started"]
    message = hub.send(board, READ)
    bench.run(2000)
    assert hub.outcome(message) == 0


def test_memory_outlives_the_process(tmp_path):
    path = tmp_path / "memory.json"
    first = AirBench()
    hub = first.board(1, path)
    hub.start("coordinator")
    first.run(3000)
    assert path.stat().st_mode & 0o777 == 0o600
    second = AirBench(seed=99)
    again = second.board(1, path)
    again.start("coordinator")
    second.run(3000)
    assert again.radio.pan_id == hub.radio.pan_id
    assert again.coprocessor.pan.network.network_key == hub.coprocessor.pan.network.network_key


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": {}, "tables": {}}', json.dumps({"items": {"x": 1}, "tables": {}})])
def test_a_broken_memory_is_one_line(tmp_path, text):
    path = tmp_path / "memory.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not the memory"):
        NonVolatile(identity(1), path)


def test_the_state_a_host_finds_after_power_on():
    memory = NonVolatile(identity(1))
    assert not memory.on_a_network
    assert memory.nib.nwkLogicalChannel == 0
    assert memory.items[OsalNvIds.EXTADDR] == identity(1)[::-1]
    assert t.NwkKeyDesc.deserialize(memory.items[OsalNvIds.NWK_ACTIVE_KEY_INFO], align=True)[1] == b""


# -- the capture -----------------------------------------------------------------------------------------------


def recorded(tmp_path, conditions=None):
    path = tmp_path / "air.pcapng"
    bench = AirBench(capture=path, conditions=conditions)
    hub = bench.hub(2, 3)
    one, other = bench.joined(2), bench.joined(3, "end_device")
    sent = 0
    for number in range(30):
        for sender, receiver in ((one, hub), (hub, other), (other, hub)):
            sender.send(receiver, b"\x18" + bytes((number,)) + b"\x0a\x00\x00\x41" + bytes((number * 7,)) + bytes(number * 7))
            sent += 1
        bench.run(2000)
    hub.send(BROADCAST, READ, endpoint=255)
    bench.run(10_000)
    bench.air.close()
    return path, bench.air.keys(), sent + 1, bench


@needs_tshark
def test_tshark_reads_every_frame_of_the_air(tmp_path):
    path, keys, sent, _ = recorded(tmp_path)
    packets = dissect(path, keys, "wpan.fcs_ok", "frame.time_epoch", "zbee_aps.security", "zbee_sec.encrypted_payload")
    assert all(packet["_ws.malformed"] == [] and packet["wpan.fcs_ok"] == ["1"] for packet in packets)
    read = [packet for packet in packets if "zbee_zcl" in packet["frame.protocols"][0]]
    assert len(read) == sent
    assert sum(packet["zbee_aps.security"] == ["1"] for packet in read) == sent - 1
    assert sum("zbee_zdp" in packet["frame.protocols"][0] for packet in packets) >= 2
    assert float(packets[0]["frame.time_epoch"][0]) >= START / 1000 + 946_684_800
    assert all(packet["zbee_sec.encrypted_payload"] == [] for packet in packets), "a frame stayed closed"


@needs_tshark
def test_the_install_codes_alone_open_the_capture(tmp_path):
    path, keys, sent, _ = recorded(tmp_path)
    codes = Keys(install_codes=keys.install_codes)
    packets = dissect(path, codes)
    assert sum("zbee_zcl" in packet["frame.protocols"][0] for packet in packets) == sent
    dissector = Dissector(Keys(install_codes=list(keys.install_codes)))
    opened = [packet for packet in dissector.packets(capture.read(path)) if packet.payload is not None]
    assert sum(packet.aps.profile == 0x0109 for packet in opened) == sent


def test_retries_are_repeats_to_the_dissector(tmp_path):
    path, keys, sent, _ = recorded(tmp_path, Conditions(loss=0.2))
    packets = [packet for packet in Dissector(keys).packets(capture.read(path)) if packet.payload is not None]
    smart_energy = [packet for packet in packets if packet.aps.profile == 0x0109]
    assert len(smart_energy) > sent
    on_the_air = {(packet.source, packet.destination, packet.payload) for packet in smart_energy}
    assert sum(not packet.repeated for packet in smart_energy) == len(on_the_air) >= sent - 1


def test_two_endpoints_of_one_radio():
    bench = AirBench()
    hub = bench.hub(2, endpoints=[server(1), Endpoint(2, 0x0500, [METERING], [])])
    board = bench.joined(2)
    board.send(hub, b"\x01", endpoint=1)
    board.send(hub, b"\x02", endpoint=2)
    bench.run(1000)
    assert [(message.destination_endpoint, message.payload) for message in hub.messages] == [(1, b"\x01"), (2, b"\x02")]


class RemoteDriver:
    """The driver on a MicroPython process, in the place of one of this process."""

    def __init__(self, peer):
        self._peer = peer
        self._octets = b""
        self.deadline_then = None
        self.started_events = []
        self.got = []

    def start(self, role, number, now):
        self._peer.call("znp_remote:start", role, [(1, 0x0500, [METERING], [])], install_code(number), now)

    def feed(self, octets, now):
        out, events, messages, self.deadline_then = self._peer.call("znp_remote:exchange", octets, now)
        self._octets += out
        self.started_events += events
        self.got += messages

    def tick(self, now):
        if self.deadline_then is not None and now >= self.deadline_then:
            self.feed(b"", now)

    def deadline(self):
        return self.deadline_then

    def outgoing(self):
        octets, self._octets = self._octets, b""
        return octets

    def events(self):
        return []

    def received(self):
        return []


def test_the_driver_on_micropython_joins_and_talks(micropython_peer):
    bench = AirBench()
    hub = bench.hub(2)
    board = bench.board(2)
    driver = board.radio = RemoteDriver(micropython_peer)
    driver.start("end_device", 2, bench.air.now)
    driver.feed(b"", bench.air.now)
    bench.run(6000)
    assert driver.started_events == ["started"]
    payload = bytes(index & 0xFF for index in range(900))
    message = hub.send(board, payload)
    bench.run(5000)
    assert hub.outcome(message) == 0
    assert driver.got == [(hub.identity, METERING, payload, True)]
    micropython_peer.call("znp_remote:send", hub.identity, METERING, payload[:300], bench.air.now)
    driver.feed(b"", bench.air.now)
    bench.run(5000)
    assert hub.payloads() == [payload[:300]]
    assert driver.started_events == ["started", "sent"]
