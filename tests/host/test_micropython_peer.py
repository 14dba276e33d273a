# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer process gives what MicroPython gives, and survives crashes and hangs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer, PeerError
from micropython_process import MicroPythonStopped

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")) | st.binary(),
    lambda children: st.lists(children) | st.tuples(children, children) | st.dictionaries(st.integers(), children),
    max_leaves=8,
)


def test_every_value_comes_back(micropython_peer: MicroPythonPeer) -> None:
    @given(VALUES)
    def check(value: object) -> None:
        assert micropython_peer.same("wire_values:pack", value)[0] == "value"

    check()


def test_the_call_runs_on_micropython(micropython_peer: MicroPythonPeer) -> None:
    assert micropython_peer.call("support:ON_MICROPYTHON.__class__", 1) is True
    with pytest.raises(AssertionError, match="CPython"):
        micropython_peer.same("sys:implementation.name.upper")


def test_an_exception_is_named(micropython_peer: MicroPythonPeer) -> None:
    with pytest.raises(PeerError) as caught:
        micropython_peer.call("builtins:int", "x")
    assert caught.value.name == "ValueError"
    assert "invalid syntax for integer" in caught.value.text


def test_a_hang_ends_the_call_not_the_tests() -> None:
    peer = MicroPythonPeer(limit=0.5)
    with pytest.raises(MicroPythonStopped, match="no answer within"):
        peer.call("time:sleep", 30)
    assert peer.call("builtins:abs", -1) == 1
    peer.close()


def test_a_crash_ends_the_call_not_the_tests() -> None:
    peer = MicroPythonPeer()
    with pytest.raises(MicroPythonStopped, match="exit code 3"):
        peer.call("sys:exit", 3)
    assert peer.call("builtins:abs", -1) == 1
    peer.close()
