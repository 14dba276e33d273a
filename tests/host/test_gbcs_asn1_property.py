# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged ASN.1 payloads under the right keys: an answer or a refusal, never another error, nothing done without an answer."""

from copy import deepcopy
from typing import Any

import certificates as made
import pytest
from commissioning_support import BROKER, RECOVERY, SECRET, Bench, cell_of, command, named
from han.clock import RELIABLE
from han.crypto.certificate import Certificate
from han.gbcs import asn1_answer, checks, der, envelope, protection, use_cases
from han.gbcs.elements import sequence
from hypothesis import given, settings
from hypothesis import strategies as st
from test_gbcs_asn1_credentials import by_supplier, floor, supplier_keys, update
from test_gbcs_property import damaged

OK = made.own_authority()
PARTNER = bytes(7) + b"\x05"
REASONS = {checks.PAYLOAD, checks.ROLE, checks.NOT_SUPPORTED}
TIME = (der.GENERALIZED_TIME, b"20221103120000Z")
PARTNER_OCTETS = (der.OCTET_STRING, PARTNER)


def _messages() -> list[tuple[str, envelope.Message]]:
    """(role of the device, command)."""
    certificate = OK.issue(None, PARTNER, 0x99, 4)
    broker = {"originator": BROKER, "key": None}
    return [
        ("esme", by_supplier(control=floor(7, 1 << 32))),
        ("esme", by_supplier(supplier_keys()[:1], time=b"20221103120000Z")),
        ("esme", command(0x0108, update(8, (1, 0), supplier_keys()[:1]), originator=RECOVERY, key=0x11, mac=False)),
        ("esme", named("CS02a", sequence(cell_of(4, 4), sequence(der.integer(2), der.integer(3))), **broker)),
        ("esme", named("CS02c", sequence((der.BIT_STRING, b"\x03\x08")))),
        ("esme", named("CS02d", (der.RAW, OK.issue(None, bytes(8), 0x99, 0)))),
        ("gsme", named("CS03C", sequence(der.integer(3), PARTNER_OCTETS, der.integer(5), (der.RAW, certificate)))),
        ("gsme", named("CS03B", sequence(der.integer(2), PARTNER_OCTETS, der.integer(3)), **broker)),
        ("esme", named("CS04AC", PARTNER_OCTETS)),
        ("esme", named("CS06", sequence((der.OCTET_STRING, b"h" * 32), der.integer(1000), TIME))),
        ("gsme", named("GCS28", sequence(TIME, TIME))),
        ("gpf", named("GCS59", sequence(sequence(sequence(PARTNER_OCTETS, der.integer(6)))), **broker)),
    ]


MESSAGES = _messages()
OK_ISSUER = Certificate(OK.issuer)


Element = tuple[int, Any]
STRANGE = st.sampled_from(
    [
        (der.NULL, b""),
        (der.INTEGER, b""),
        (der.INTEGER, b"\xff" * 9),
        (der.INTEGER, b"\x7f" + b"\xff" * 299),
        (der.OCTET_STRING, b""),
        (der.OCTET_STRING, bytes(8)),
        (der.BIT_STRING, b""),
        (der.BIT_STRING, b"\x03\x08"),
        (der.GENERALIZED_TIME, b"00010101000000Z"),
        (der.GENERALIZED_TIME, b"99991231235959Z"),
        (der.GENERALIZED_TIME, b"99991231235958Z"),
        (der.SEQUENCE, []),
        (0x84, b"\x01" + bytes(8)),
        (0xA5, []),
        (0xA6, [(der.SEQUENCE, [])]),
    ]
)


def other(octets: bytes) -> st.SearchStrategy[bytes]:
    """Payloads of good DER in which an element is left out, doubled or another one."""
    tree = der.decode(octets)
    change = st.tuples(st.sampled_from(places(tree)), st.sampled_from("xdi"), STRANGE)

    def apply(changes: list[tuple[tuple[int, ...], str, Element]]) -> bytes:
        root: list[Element] = [der.decode(octets)]
        for place, kind, element in changes:
            inside = root
            for step in place[:-1]:
                if step >= len(inside) or not isinstance(inside[step][1], list):
                    break
                inside = inside[step][1]
            at = place[-1]
            if kind == "d" and inside is not root:
                del inside[at : at + 1]
            elif kind == "i" and inside is not root:
                inside[at:at] = deepcopy(inside[at : at + 1] or [element])
            elif at < len(inside):
                inside[at] = deepcopy(element)
        return bytes(der.encode(root[0]))

    return st.lists(change, min_size=1, max_size=3).map(apply)


def places(element: Element, at: tuple[int, ...] = (0,)) -> list[tuple[int, ...]]:
    """Where the elements of a tree are."""
    inside = enumerate(element[1]) if isinstance(element[1], list) else ()
    return [at, *[place for number, item in inside for place in places(item, (*at, number))]]


def examine(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(
        st.sampled_from(MESSAGES).flatmap(lambda one: st.tuples(st.just(one), damaged(one[1].payload) | other(one[1].payload)))
    )
    def check(example: tuple[tuple[str, envelope.Message], bytes]) -> None:
        (role, message), payload = example
        bench = Bench(role, authority=None)
        # Signing takes its time, so every signature counts as right here.
        bench.keys.signature_is_valid = lambda party, octets, signature: True
        bench.keys.trust(OK_ISSUER)
        kept = {name: bench.values.get(name) for name in bench.values.keys()}  # noqa: SIM118
        answer = bench.server.answer(envelope.encode(remade(message, payload)), 0)
        if answer is None or envelope.decode(answer).cra == envelope.ALERT:
            assert set(bench.server.refusals) <= REASONS
            after = {name: bench.values.get(name) for name in bench.values.keys()}  # noqa: SIM118
            after.pop("gbcs_counter", None)
            assert after == kept
        else:
            envelope.decode(answer)
            bench.device.clock = (1 << 33, RELIABLE)
            for alert in asn1_answer.carry_out_due(bench.server, 0):
                assert envelope.decode(alert).cra == envelope.ALERT

    check()


def remade(message: envelope.Message, payload: bytes) -> envelope.Message:
    """A copy with another payload, its MAC made anew."""
    copy = envelope.decode(envelope.encode(message))
    copy.payload = payload
    if copy.mac is not None:
        copy.mac = protection.mac_of(SECRET, copy)
    return copy


def test_damaged_payloads_are_answered_or_refused() -> None:
    examine(800)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_damaged_payloads_are_answered_or_refused() -> None:
    examine(100_000)


def test_every_use_case_is_among_them() -> None:
    modules = {asn1_answer.MODULES[use_cases.find(message.message_code).name] for _, message in MESSAGES}
    assert modules == set(asn1_answer.MODULES.values())
