# SPDX-License-Identifier: GPL-3.0-or-later
"""COSEM data, DLMS payloads and DER do the same on CPython and MicroPython, for whatever octets."""

from typing import Any

import pytest
from gbcs_rows import any_data, requests
from han.gbcs import axdr, der, dlms
from hanref.decode import tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer

DLMS_CODES = sorted({row.code for row in tables.cosem_rows()})

elements = st.recursive(
    st.tuples(st.sampled_from((der.INTEGER, der.BIT_STRING, der.OCTET_STRING, der.CONTEXT + 3)), st.binary(max_size=200)),
    lambda inner: st.tuples(st.sampled_from((der.SEQUENCE, der.SET, der.CONTEXT_CONSTRUCTED)), st.lists(inner, max_size=4)),
    max_leaves=10,
)


@st.composite
def damaged(draw: st.DrawFn, octets: st.SearchStrategy[bytes]) -> bytes:
    """Octets of which some are others."""
    found = bytearray(draw(octets))
    for place in draw(st.lists(st.integers(0, max(0, len(found) - 1)), max_size=3)):
        if found:
            found[place] = draw(st.integers(0, 255))
    return bytes(found)


def test_data_round_trip(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=120, deadline=None)
    @given(any_data)
    def check(datum: Any) -> None:
        _, octets = micropython_peer.same("han.gbcs.axdr:encode", datum)
        outcome, again = micropython_peer.same("han.gbcs.axdr:decode", octets)
        assert (outcome, again) == ("value", datum)

    check()


def test_damaged_data(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=300, deadline=None)
    @given(damaged(any_data.map(axdr.encode)) | st.binary(max_size=60))
    def check(octets: bytes) -> None:
        kind, what = micropython_peer.same("han.gbcs.axdr:decode", octets)
        assert kind == "value" or what == "CodecError"

    check()


def test_elements_round_trip(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=100, deadline=None)
    @given(elements, st.booleans())
    def check(element: Any, two_octet_lengths: bool) -> None:
        _, octets = micropython_peer.same("han.gbcs.der:encode", element, two_octet_lengths)
        assert micropython_peer.same("han.gbcs.der:decode", octets) == ("value", element)

    check()


def test_damaged_elements(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=200, deadline=None)
    @given(damaged(elements.map(der.encode)) | st.binary(max_size=60))
    def check(octets: bytes) -> None:
        kind, what = micropython_peer.same("han.gbcs.der:decode", octets)
        assert kind == "value" or what == "CodecError"

    check()


@pytest.mark.parametrize("code", DLMS_CODES[::4], ids=lambda code: tables.use_cases()[code].name)
def test_payloads_of_the_table(micropython_peer: MicroPythonPeer, code: int) -> None:
    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(damaged(requests(code).map(dlms.encode)))
    def check(octets: bytes) -> None:
        kind, what = micropython_peer.same("dlms_plain:again", octets)
        assert kind == "value" or what == "CodecError"

    check()
