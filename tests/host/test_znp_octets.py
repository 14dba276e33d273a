# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver's framing against frames built by zigpy-znp, in any pieces and with line noise, on both interpreters."""

from itertools import pairwise

import zigpy_znp.commands as c
import zigpy_znp.types as t
import znp_peer
from hypothesis import given, settings
from hypothesis import strategies as st
from zigpy_znp.frames import TransportFrame


def frame_of(command: t.CommandBase) -> bytes:
    return TransportFrame(command.to_frame()).serialize()


def incoming(data: bytes) -> t.CommandBase:
    return c.AF.IncomingMsg.Callback(
        GroupId=0,
        ClusterId=0x0702,
        SrcAddr=0x1234,
        SrcEndpoint=1,
        DstEndpoint=1,
        WasBroadcast=False,
        LQI=200,
        SecurityUse=True,
        TimeStamp=1,
        TSN=1,
        Data=t.ShortBytes(data),
        MacSrcAddr=0x1234,
        MsgResultRadius=29,
    )


frames = st.one_of(
    st.just(frame_of(c.SYS.Ping.Rsp(Capabilities=t.MTCapabilities.SYS))),
    st.just(frame_of(c.AF.DataConfirm.Callback(Status=t.Status.SUCCESS, Endpoint=1, TSN=7))),
    st.binary(max_size=220).map(lambda data: frame_of(incoming(data))),
)


def pieces_of(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(octets) + 1) for cut in cuts} | {0, len(octets)})
    return [octets[start:end] for start, end in pairwise(places)]


@settings(max_examples=150, deadline=None)
@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 3000), max_size=12))
def test_any_pieces(micropython_peer, sent, cuts):
    pieces = pieces_of(b"".join(sent), cuts)
    found, dropped = znp_peer.frames(pieces)
    assert dropped == 0
    assert [bytes((command >> 8, command & 0xFF)) + data for command, data in found] == [octets[2:-1] for octets in sent]
    micropython_peer.same("znp_peer:frames", pieces)


noise = st.binary(max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, frames), max_size=6), st.lists(st.integers(0, 3000), max_size=12))
def test_line_noise_without_a_start_octet_costs_nothing(micropython_peer, sent, cuts):
    octets = b"".join(before.replace(b"\xfe", b"\x00") + frame for before, frame in sent)
    found, dropped = znp_peer.frames(pieces_of(octets, cuts))
    assert len(found) == len(sent)
    assert dropped == sum(len(before) for before, _ in sent)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(frames, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(["lose", "flip", "double"])), min_size=1, max_size=4),
)
def test_after_any_damage_the_next_frames_are_found(micropython_peer, sent, damage):
    """A frame may be lost; what comes after the longest frame's worth of octets is read again."""
    octets = bytearray(b"".join(sent))
    for place, kind in damage:
        at = place % len(octets) if octets else 0
        if octets and kind == "lose":
            del octets[at]
        elif octets and kind == "flip":
            octets[at] ^= 0x11
        elif octets:
            octets.insert(at, octets[at])
    good = frame_of(c.SYS.Ping.Rsp(Capabilities=t.MTCapabilities.ZDO))
    pieces = [bytes(octets), good * 60]
    found, _ = znp_peer.frames(pieces)
    assert (0x6101, good[4:-1]) in found[-2:]
    micropython_peer.same("znp_peer:frames", pieces)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), frames), max_size=6))
def test_the_driver_survives_anything(micropython_peer, pieces):
    assert znp_peer.survives(pieces) == (True, True)
    micropython_peer.same("znp_peer:survives", pieces)
