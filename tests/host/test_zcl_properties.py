# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type, global command and cluster command both ways, and what no input may do; on both interpreters."""

import pytest
import zcl_examples as examples
from han.errors import CodecError
from han.message import BROADCAST
from han.zcl import clusters, commands, types
from han.zcl.frame import Frame
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer
from zcl_answers import answered

NAMES = sorted(set(examples.TYPES) - set(examples.COLLECTIONS) - {"nodata", "unk"})


@pytest.mark.parametrize("name", sorted(examples.TYPES))
def test_types_round_trip(name):
    @settings(max_examples=40)
    @given(value=examples.values(name), before=st.binary(max_size=3), after=st.binary(max_size=3))
    def check(value, before, after):
        octets = types.encode(examples.TYPES[name], value)
        assert types.decode(examples.TYPES[name], before + octets + after, len(before)) == (
            value,
            len(before) + len(octets),
        )

    check()


@pytest.mark.parametrize("name", NAMES)
def test_octets_of_types_are_zigpys(name):
    @settings(max_examples=40)
    @given(value=examples.values(name))
    def check(value):
        assert types.encode(examples.TYPES[name], value) == examples.zigpy_octets(name, value)

    check()


def test_types_on_micropython(micropython_peer: MicroPythonPeer):
    @settings(max_examples=250, deadline=None)
    @given(typed=examples.typed_values())
    def check(typed):
        outcome, octets = micropython_peer.same("han.zcl.types:encode", *typed)
        assert outcome == "value"
        micropython_peer.same("han.zcl.types:decode", typed[0], octets, 0)

    check()


def test_types_that_do_not_fit_on_micropython(micropython_peer: MicroPythonPeer):
    anything = st.integers(-(1 << 70), 1 << 70) | st.none() | st.booleans() | st.text(max_size=3) | st.binary(max_size=9)

    @settings(max_examples=250, deadline=None)
    @given(type_id=st.integers(0, 255), value=anything)
    def check(type_id, value):
        outcome, result = micropython_peer.same("han.zcl.types:encode", type_id, value)
        assert outcome == "value" or result == "CodecError"
        assert types.fits(type_id, value) == (outcome == "value")
        if outcome == "value":
            assert types.decode(type_id, result)[1] == len(result)

    check()


def test_any_octets_decode_or_are_refused(micropython_peer: MicroPythonPeer):
    known = st.sampled_from(sorted(examples.TYPES.values()))

    @settings(max_examples=300, deadline=None)
    @given(type_id=known | st.integers(0, 255), octets=st.binary(max_size=40))
    def check(type_id, octets):
        outcome, result = micropython_peer.same("han.zcl.types:decode", type_id, octets, 0)
        assert outcome == "value" or result == "CodecError"

    check()


@pytest.mark.parametrize("name", sorted(examples.GLOBAL))
def test_global_commands_round_trip(name, micropython_peer: MicroPythonPeer):
    command = commands.identifier(name)
    count = [0]

    @settings(max_examples=40, deadline=None)
    @given(value=examples.GLOBAL[name])
    def check(value):
        payload = commands.encode(command, value)
        assert commands.decode(command, payload) == value
        count[0] += 1
        if count[0] % 6 == 0:
            assert micropython_peer.same("han.zcl.commands:encode", command, value) == ("value", payload)
            micropython_peer.same("han.zcl.commands:decode", command, payload)

    check()


@pytest.mark.parametrize("command", examples.COMMANDS, ids=str)
def test_cluster_commands_both_ways(command, micropython_peer: MicroPythonPeer):
    count = [0]

    @settings(max_examples=20, deadline=None)
    @given(example=examples.examples(command))
    def check(example):
        fields, octets = example
        assert clusters.encode_command(command.cluster, command.name, command.direction, fields) == octets
        decoded = clusters.decode_command(command.cluster, command.identifier, command.direction, octets)
        assert decoded == (command.name, fields)
        assert list(decoded[1]) == list(fields)
        count[0] += 1
        if count[0] % 7 == 0:
            micropython_peer.same("han.zcl.clusters:encode_command", command.cluster, command.name, command.direction, fields)
            micropython_peer.same(
                "han.zcl.clusters:decode_command", command.cluster, command.identifier, command.direction, octets
            )

    check()


@settings(max_examples=1500, deadline=None)
@given(command=st.sampled_from(examples.COMMANDS), payload=st.binary(max_size=60))
def test_any_payload_of_a_command_decodes_to_itself_or_is_refused(command, payload):
    try:
        name, fields = clusters.decode_command(command.cluster, command.identifier, command.direction, payload)
    except CodecError:
        return
    if not loses_octets(fields):
        assert clusters.encode_command(command.cluster, name, command.direction, fields) == payload


def loses_octets(value):
    """Whether a text among the values came from octets that are no UTF-8."""
    if isinstance(value, dict):
        return any(loses_octets(entry) for entry in value.values())
    if isinstance(value, list):
        return any(loses_octets(entry) for entry in value)
    return isinstance(value, str) and any(ord(character) > 127 for character in value)


frames = st.binary(max_size=40) | st.builds(
    lambda control, rest: bytes((control,)) + rest, st.sampled_from((0x00, 0x01, 0x08, 0x09, 0x10)), st.binary(max_size=40)
)


@settings(max_examples=1500, deadline=None)
@given(octets=frames)
def test_any_octets_are_answered_by_a_good_frame_or_not_at_all(octets):
    assert answered(octets, BROADCAST) is None
    answer = answered(octets)
    if answer is None:
        return
    frame = Frame.decode(answer)
    request = Frame.decode(octets)
    assert frame.sequence == request.sequence
    assert frame.direction != request.direction
    assert frame.disable_default_response
    commands.decode(frame.command, frame.payload)
    # An answer is never answered in turn but by an acknowledgement that it did not ask for.
    assert answered(answer) is None or frame.command != commands.DEFAULT_RESPONSE


def test_any_octets_are_answered_alike_on_micropython(micropython_peer: MicroPythonPeer):
    @settings(max_examples=250, deadline=None)
    @given(octets=frames)
    def check(octets):
        assert micropython_peer.call("zcl_answers:answered", octets) == answered(octets)

    check()
