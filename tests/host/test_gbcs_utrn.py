# SPDX-License-Identifier: GPL-3.0-or-later
"""UTRNs: what is made is read, with the MAC that `cryptography` works out, on both interpreters."""

import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from han.gbcs import utrn
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer

ENTITY = st.binary(min_size=8, max_size=8)
SECRET = st.binary(min_size=32, max_size=32)
COUNTER = st.integers(0, 2**32 - 1)
VALUE = st.tuples(st.sampled_from((utrn.PENCE, utrn.POUNDS)), st.integers(0, utrn.LARGEST_VALUE))
TOP_UP = st.tuples(SECRET, ENTITY, ENTITY, COUNTER, VALUE)


def expected_mac(secret: bytes, supplier: bytes, meter: bytes, counter: int, high: bytes) -> bytes:
    transaction = b"\x01" + counter.to_bytes(4, "big") + bytes(4)
    other = bytes.fromhex("60857406080300") + supplier + b"\x09" + transaction + meter
    key = hashlib.sha256(b"\x00\x00\x00\x01" + secret + other).digest()[:16]
    covered = b"\x11" + bytes(5) + supplier + meter + transaction + high
    return AESGCM(key).encrypt(supplier + bytes(4), b"", covered)[-4:]


@given(TOP_UP)
def test_the_parts_of_a_token(top_up: tuple[bytes, bytes, bytes, int, tuple[int, int]]) -> None:
    secret, supplier, meter, counter, (value_class, value) = top_up
    digits = utrn.make(secret, supplier, meter, counter, value_class, value)
    high = (counter % 1024 << 15 | value_class << 13 | value).to_bytes(4, "big")
    mac = expected_mac(secret, supplier, meter, counter, high)
    assert utrn.read(digits) == (counter % 1024, value_class, value, mac)
    assert int(digits[:19]) == 7394156990786306048 + int.from_bytes(high + mac, "big")


@given(TOP_UP, st.integers(-511, 511))
def test_a_meter_near_the_counter_takes_the_token(
    top_up: tuple[bytes, bytes, bytes, int, tuple[int, int]], distance: int
) -> None:
    secret, supplier, meter, counter, (value_class, value) = top_up
    digits = utrn.make(secret, supplier, meter, counter, value_class, value)
    highest = counter + distance
    if distance and highest >= 0:
        pence = value * (100 if value_class == utrn.POUNDS else 1)
        assert utrn.check(digits, secret, supplier, meter, [highest]) == (counter, pence)


@given(st.text(st.characters(codec="utf-8")) | st.text("0123456789", min_size=20, max_size=20))
def test_nothing_but_the_documented_errors(digits: str) -> None:
    try:
        utrn.check(digits, bytes(32), bytes(8), bytes(8), [5])
    except utrn.UtrnError:
        return
    raise AssertionError(f"{digits} was taken")


def test_micropython_gives_the_same(micropython_peer: MicroPythonPeer) -> None:
    @settings(deadline=None, max_examples=60)
    @given(TOP_UP)
    def check(top_up: tuple[bytes, bytes, bytes, int, tuple[int, int]]) -> None:
        secret, supplier, meter, counter, (value_class, value) = top_up
        digits = micropython_peer.same("han.gbcs.utrn:make", secret, supplier, meter, counter, value_class, value)[1]
        micropython_peer.same("han.gbcs.utrn:check", digits, secret, supplier, meter, [counter, counter + 1])
        micropython_peer.same("han.gbcs.utrn:check", digits, secret, supplier, meter, [counter + 1])

    check()
