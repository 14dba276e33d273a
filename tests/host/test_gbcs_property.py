# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoding then decoding is the identity, on both interpreters; damaged octets are errors and nothing else."""

from typing import Any

import gbcs_plain
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gbcs_support import change_of_tenancy, protected, read_profile, read_snapshots, read_summation, read_tariff, server
from han.crypto import aes, gcm
from han.errors import HanError
from han.gbcs import checks, envelope
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer

EIGHT = st.binary(min_size=8, max_size=8)
COUNTER = st.integers(0, 2**64 - 1)
PAYLOAD = st.binary(max_size=300)


@st.composite
def messages(draw: st.DrawFn) -> list[Any]:
    """The fields of a message in the order of gbcs_plain.NAMES."""
    signature, mac = draw(
        st.one_of(
            st.tuples(st.none(), st.none()),
            st.tuples(st.binary(min_size=64, max_size=64), st.none()),
            st.tuples(st.sampled_from([b"", b"s" * 64]), st.binary(min_size=12, max_size=12)),
        )
    )
    party = draw(st.none() | EIGHT)
    counter = draw(st.none() | COUNTER) if party is not None else None
    second = draw(st.none() | COUNTER) if counter is not None else None
    certificate = draw(st.none() | st.binary(min_size=9, max_size=500)) if counter is not None and second is None else None
    return [
        draw(st.integers(1, 3)),
        draw(COUNTER),
        draw(EIGHT),
        draw(EIGHT),
        draw(st.integers(0, 0xFFFF)),
        draw(PAYLOAD),
        draw(st.none() | st.binary(min_size=12, max_size=12)),
        signature,
        mac,
        party,
        counter,
        second,
        certificate,
    ]


@st.composite
def components(draw: st.DrawFn) -> list[Any]:
    """The fields of a GBZ component in the order of gbcs_plain.COMPONENT_NAMES."""
    encrypted = draw(st.booleans())
    return [
        draw(st.integers(0, 0xFFFF)),
        draw(st.sampled_from([0x00, 0x01, 0x08, 0x09, 0x18, 0x19])),
        draw(st.integers(0, 255)),
        draw(st.integers(0, 255)),
        draw(PAYLOAD),
        encrypted,
        draw(st.integers(0, 255)) if encrypted else 0,
        None if encrypted else draw(st.none() | st.integers(0, 0xFFFFFFFF)),
    ]


def test_message_round_trip(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=100, deadline=None)
    @given(messages())
    def check(fields: list[Any]) -> None:
        outcome, octets = micropython_peer.same("gbcs_plain:encode_message", fields)
        assert outcome == "value"
        assert micropython_peer.same("gbcs_plain:decode_message", octets) == ("value", fields)

    check()


def test_payload_round_trip(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(components(), max_size=31))
    def check(found: list[Any]) -> None:
        outcome, octets = micropython_peer.same("gbcs_plain:encode_payload", None, None, b"", 0, found)
        assert outcome == "value"
        expected = ("value", [None, None, b"", 0, found])
        assert micropython_peer.same("gbcs_plain:decode_payload", octets, envelope.RESPONSE, 0x0074) == expected

    check()


def damaged(octets: bytes) -> st.SearchStrategy[bytes]:
    """Copies with octets changed, cut out or put in."""
    change = st.tuples(st.sampled_from("xdi"), st.integers(0, len(octets) - 1), st.integers(0, 255))

    def apply(changes: list[tuple[str, int, int]]) -> bytes:
        copy = bytearray(octets)
        for kind, at, value in changes:
            at = min(at, len(copy) - 1)
            if kind == "x":
                copy[at] = value
            elif kind == "d" and len(copy) > 1:
                del copy[at]
            else:
                copy.insert(at, value)
        return bytes(copy)

    return st.lists(change, min_size=1, max_size=4).map(apply)


def test_damaged_messages_are_errors_or_other_messages(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=300, deadline=None)
    @given(damaged(read_summation()))
    def check(octets: bytes) -> None:
        outcome, found = micropython_peer.same("gbcs_plain:decode_message", octets)
        if outcome == "value":
            assert envelope.encode(envelope.decode(octets)) == octets
        else:
            assert found == "GbcsError"

    check()


def test_damaged_payloads_are_errors_or_other_payloads(micropython_peer: MicroPythonPeer) -> None:
    first = [0x0702, 0x18, 0, 1, b"ciphered", True, 0, None]
    second = [0x0705, 0x01, 1, 0x0A, b"clear", False, 0, 7]
    payload = gbcs_plain.encode_payload(None, None, b"", 0, [first, second])

    @settings(max_examples=300, deadline=None)
    @given(damaged(payload), st.sampled_from([envelope.COMMAND, envelope.RESPONSE, envelope.ALERT]))
    def check(octets: bytes, cra: int) -> None:
        outcome, found = micropython_peer.same("gbcs_plain:decode_payload", octets, cra, 0x008B)
        if outcome == "value":
            assert gbcs_plain.encode_payload(*found) == octets
        else:
            assert found == "GbcsError"

    check()


def examine_server(examples: int) -> None:
    """No damaged command changes a store, or gets an answer unless it is the command."""
    model, device, values = server()
    good = read_summation()

    @settings(max_examples=examples, deadline=None)
    @given(damaged(good))
    def check(octets: bytes) -> None:
        answer = model.answer(octets, 0)
        assert (answer is None) == (octets != good)
        assert values.writes == 0
        assert device.commands == []

    check()
    assert model.answer(good, 0) is not None


def test_the_server_refuses_damaged_commands() -> None:
    examine_server(5000)


def examine_payloads(examples: int) -> None:
    """Whatever a broker's key protects: an answer or a refusal, and nothing done without an answer."""
    commands = [
        envelope.decode(octets)
        for octets in (read_summation(), change_of_tenancy(), read_profile(), read_snapshots(), read_tariff())
    ]

    @settings(max_examples=examples, deadline=None)
    @given(st.sampled_from(commands).flatmap(lambda made: st.tuples(st.just(made), damaged(made.payload))))
    def check(example: tuple[envelope.Message, bytes]) -> None:
        made, payload = example
        model, device, _ = server()
        answer = model.answer(protected(made, payload), 0)
        if answer is None:
            assert model.refusals == {checks.PAYLOAD: 1}
            assert device.commands == []
        else:
            envelope.decode(answer)

    check()


def test_the_server_bears_damaged_payloads_with_a_right_mac() -> None:
    examine_payloads(1000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_server_bears_many_damaged_payloads() -> None:
    examine_payloads(100_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_server_refuses_many_damaged_commands() -> None:
    examine_server(200_000)


@given(
    st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12), st.binary(max_size=100), st.binary(max_size=100)
)
@settings(max_examples=50, deadline=None)
def test_gcm_is_that_of_another_library(key: bytes, iv: bytes, plaintext: bytes, additional: bytes) -> None:
    sealed = AESGCM(key).encrypt(iv, plaintext, additional)
    ciphertext, tag = gcm.seal(key, iv, plaintext, additional)
    assert ciphertext + tag == sealed
    assert gcm.open_(key, iv, ciphertext, additional, tag[:12]) == plaintext


def test_gcm_agrees_on_both_interpreters(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=50, deadline=None)
    @given(
        st.binary(min_size=16, max_size=16),
        st.binary(min_size=12, max_size=12),
        st.binary(max_size=100),
        st.binary(max_size=100),
    )
    def check(key: bytes, iv: bytes, plaintext: bytes, additional: bytes) -> None:
        micropython_peer.same("han.crypto.gcm:seal", key, iv, plaintext, additional)

    check()


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
@settings(max_examples=50, deadline=None)
def test_aes_is_that_of_another_library(key: bytes, blocks: bytes) -> None:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    assert aes.encrypt_block(key, blocks) == encryptor.update(blocks) + encryptor.finalize()


def test_errors_are_of_the_firmwares_own_kind() -> None:
    assert issubclass(envelope.GbcsError, HanError)
    assert issubclass(gcm.TagError, HanError)
