# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host says, a co-processor answers the next good request; whatever a line loses, a driver goes on."""

import random
import struct

import zigpy_znp.commands as c
from air_bench import START, AirBench
from hanref.air.coprocessor import HANDLERS
from hanref.air.nonvolatile import NonVolatile
from hanref.air.simulation import Air
from hypothesis import example, given, settings
from hypothesis import strategies as st
from zigpy_znp.frames import GeneralFrame, TransportFrame

PING = TransportFrame(c.SYS.Ping.Req().to_frame()).serialize()
REQUESTS = sorted(HANDLERS, key=lambda kind: int(kind.header))


def framed(header, data):
    return TransportFrame(GeneralFrame(header, data)).serialize()


def request_of(kind, octets):
    """A request whose fields are read from random octets, so that it is well formed where they allow it."""
    rest = octets
    try:
        for parameter in kind.schema:
            _, rest = parameter.type.deserialize(rest)
    except ValueError:
        rest = b""
    return framed(kind.header, octets[: len(octets) - len(rest)])


random_octets = st.one_of(
    st.binary(min_size=60, max_size=60),
    st.lists(st.sampled_from([0, 0, 0, 1, 2, 4, 7, 0x21, 0x55, 0x87, 0xFC, 0xFF]), min_size=60, max_size=60).map(bytes),
)
frames = st.builds(request_of, st.sampled_from(REQUESTS), random_octets)
FORM = framed(c.AppConfig.BDBStartCommissioning.Req.header, b"\x04")


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(st.one_of(frames, st.binary(max_size=30)), max_size=10))
@example(True, [framed(c.ZDO.MgmtNWKUpdateReq.Req.header, bytes(7) + b"\xff" + bytes(3))])
@example(True, [framed(c.SYS.SetExtAddr.Req.header, bytes(8)), framed(c.ZDO.NwkAddrReq.Req.header, bytes(10))])
@example(True, [framed(c.ZDO.MgmtNWKUpdateReq.Req.header, bytes(7) + b"\x06" + bytes(3))])
def test_a_co_processor_survives_its_host(formed, octets):
    air = Air(now=START)
    radio = air.coprocessor()
    said = bytearray()
    radio.write = said.extend
    if formed:
        radio.feed(FORM)
        air.settle(5000)
        assert radio.online
    for piece in octets:
        radio.feed(piece)
        air.settle(20_000)
    radio.feed(bytes(255))  # ends a frame that was begun
    said.clear()
    radio.feed(PING)
    assert TransportFrame.deserialize(bytes(said))[0].payload.header == c.SYS.Ping.Rsp.header


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(NonVolatile(bytes(8)).items)), st.one_of(st.none(), st.binary(max_size=130))),
        max_size=12,
    )
)
def test_a_spoiled_memory_does_not_stop_a_co_processor(items):
    """A host may delete any item and write any other in its place."""
    air = Air(now=START)
    radio = air.coprocessor()
    radio.feed(FORM)
    air.settle(5000)
    for item, value in items:
        radio.feed(framed(c.SYS.OSALNVDelete.Req.header, struct.pack("<HH", item, len(radio.memory.items.get(item, b"")))))
        if value is not None:
            data = struct.pack("<HHB", item, len(value), len(value)) + value
            radio.feed(framed(c.SYS.OSALNVItemInit.Req.header, data))
    for _ in range(2):
        radio.feed(framed(c.SYS.ResetReq.Req.header, b"\x01"))
        air.settle(1000)
        radio.feed(FORM)
        air.settle(5000)
    said = bytearray()
    radio.write = said.extend
    radio.feed(PING)
    assert TransportFrame.deserialize(bytes(said))[0].payload.header == c.SYS.Ping.Rsp.header


def test_lost_and_damaged_octets_between_driver_and_co_processor():
    """Line noise costs messages, each reported; it never costs the network, and good messages come once."""
    noise = random.Random(11)

    def spoiled(octets):
        kept = bytearray()
        for octet in octets:
            chance = noise.random()
            if chance < 0.0005:
                continue
            kept.append(octet ^ 0x20 if chance < 0.001 else octet)
        return bytes(kept)

    bench = AirBench()
    hub = bench.hub(2)
    board = bench.joined(2)
    feed, write = board.coprocessor.feed, board.coprocessor.write
    board.coprocessor.feed = lambda octets: feed(spoiled(octets))
    board.coprocessor.write = lambda octets: write(spoiled(octets))
    sent = []
    for number in range(300):
        sent.append(board.send(hub, number.to_bytes(2, "big") * 10))
        bench.run(4000)
    board.coprocessor.feed, board.coprocessor.write = feed, write
    bench.run(120_000)
    outcomes = [board.outcome(message) for message in sent]
    assert "open" not in outcomes
    assert board.radio.damaged > 0
    arrived = hub.payloads()
    assert len(arrived) == len(set(arrived))
    assert {message.payload for message, outcome in zip(sent, outcomes, strict=True) if outcome == 0} <= set(arrived)
    assert outcomes.count(0) > 270
    last = board.send(hub, b"last")
    bench.run(5000)
    assert board.outcome(last) == 0
