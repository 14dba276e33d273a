# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is done to a store, and wherever power goes, it is what a plain model says: on both interpreters."""

from typing import Any

import pytest
from han.stores.plain import pack, unpack
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer
from store_plays import play_damaged_log, play_damaged_values, play_log, play_values

EVERY_DAY = settings(deadline=None, max_examples=150)
FEW = settings(deadline=None, max_examples=40)


def with_cuts(operations: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    cuts = st.tuples(
        st.just("cut"), operations, st.integers(0, 25), st.integers(0, 60), st.none() | st.sampled_from((0, 255, 0x5A))
    )
    return st.lists(operations | cuts | st.tuples(st.just("restart")), max_size=30)


LOG_OPERATIONS = with_cuts(
    st.tuples(st.just("append"), st.integers(0, 3))
    | st.tuples(st.just("append"), st.integers(0, 3))
    | st.tuples(st.just("append"), st.integers(0, 3))
    | st.tuples(st.just("erase"))
    | st.tuples(st.just("erase_before"), st.integers(990, 1060))
)
Geometry = tuple[int, int, int]  # record size, capacity, segment
GEOMETRY = st.tuples(st.integers(4, 20), st.integers(1, 30), st.integers(1, 200))

NAMES = st.sampled_from(("a", "counter", "a longer name", "£"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=300) | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.integers() | NAMES, inner, max_size=3)
    ),
    max_leaves=5,
)
VALUE_OPERATIONS = with_cuts(
    st.tuples(st.just("set"), st.dictionaries(NAMES, PLAIN, max_size=3))
    | st.tuples(st.just("set"), st.dictionaries(st.just("counter"), st.integers(0, 2**64), min_size=1))
    | st.tuples(st.just("remove"), st.lists(NAMES, max_size=2))
    | st.tuples(st.just("erase"))
)
DAMAGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 300), st.none() | st.just(-1) | st.integers(1, 255)), max_size=4)


@EVERY_DAY
@given(GEOMETRY, LOG_OPERATIONS)
def test_a_log_is_what_its_model_says(geometry: Geometry, operations: list[Any]) -> None:
    play_log(*geometry, operations)


@EVERY_DAY
@given(GEOMETRY, st.integers(0, 60), DAMAGES)
def test_a_damaged_log_starts_and_invents_nothing(geometry: Geometry, count: int, damages: list[Any]) -> None:
    play_damaged_log(*geometry, count, damages)


@EVERY_DAY
@given(VALUE_OPERATIONS)
def test_values_are_what_their_model_says(operations: list[Any]) -> None:
    play_values(operations)


@EVERY_DAY
@given(st.lists(st.dictionaries(NAMES, PLAIN, min_size=1, max_size=2), max_size=8), DAMAGES)
def test_damaged_values_start_and_invent_nothing(changes: list[Any], damages: list[Any]) -> None:
    play_damaged_values(changes, damages)


@given(PLAIN)
def test_plain_data_comes_back(value: Any) -> None:
    again = unpack(pack(value))
    assert again == value
    assert repr(again) == repr(value)


def test_micropython_does_the_same(micropython_peer: MicroPythonPeer) -> None:
    @FEW
    @given(GEOMETRY, LOG_OPERATIONS, st.integers(0, 60), DAMAGES)
    def logs(geometry: Geometry, operations: list[Any], count: int, damages: list[Any]) -> None:
        micropython_peer.same("store_plays:play_log", *geometry, operations)
        micropython_peer.same("store_plays:play_damaged_log", *geometry, count, damages)

    @FEW
    @given(VALUE_OPERATIONS, st.lists(st.dictionaries(NAMES, PLAIN, min_size=1, max_size=2), max_size=8), DAMAGES)
    def values(operations: list[Any], changes: list[Any], damages: list[Any]) -> None:
        micropython_peer.same("store_plays:play_values", operations)
        micropython_peer.same("store_plays:play_damaged_values", changes, damages)
        assert micropython_peer.call("han.stores.plain:unpack", pack(changes)) == changes

    logs()
    values()


@pytest.mark.soak
@settings(deadline=None, max_examples=30_000)
@given(GEOMETRY, LOG_OPERATIONS, st.integers(0, 60), DAMAGES)
def test_many_logs(geometry: Geometry, operations: list[Any], count: int, damages: list[Any]) -> None:
    play_log(*geometry, operations)
    play_damaged_log(*geometry, count, damages)


@pytest.mark.soak
@settings(deadline=None, max_examples=30_000)
@given(VALUE_OPERATIONS, st.lists(st.dictionaries(NAMES, PLAIN, min_size=1, max_size=2), max_size=8), DAMAGES)
def test_many_values(operations: list[Any], changes: list[Any], damages: list[Any]) -> None:
    play_values(operations)
    play_damaged_values(changes, damages)
