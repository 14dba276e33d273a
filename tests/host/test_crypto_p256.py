# SPDX-License-Identifier: GPL-3.0-or-later
"""P-256 on Python integers gives what `cryptography` gives, on both interpreters."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from han.crypto import ecdsa, p256
from han.crypto import p256_table as table_in_the_project
from hanref.generate import p256_table
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer

ORDER = p256.ORDER
NUMBERS = (
    st.integers(1, ORDER - 1)
    | st.integers(1, 300)
    | st.integers(1, 300).map(lambda value: ORDER - value)
    | st.integers(0, 255).map(lambda shift: (1 << shift) % ORDER)
)
PRIVATE_KEYS = NUMBERS.map(lambda value: value.to_bytes(32, "big"))
MESSAGES = st.binary(max_size=200)
RELAXED = settings(deadline=None, max_examples=60)
FEW = settings(deadline=None, max_examples=15)


def judge(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())


def public_octets(private: bytes) -> bytes:
    return judge(private).public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def test_the_table_is_up_to_date() -> None:
    assert table_in_the_project.__file__
    assert Path(table_in_the_project.__file__).read_text(encoding="utf-8") == p256_table.table()


@RELAXED
@given(PRIVATE_KEYS)
def test_public_keys_are_the_same(private: bytes) -> None:
    assert p256.public_key(private) == public_octets(private)


@RELAXED
@given(PRIVATE_KEYS, PRIVATE_KEYS)
def test_shared_secrets_are_the_same(private: bytes, other: bytes) -> None:
    expected = judge(private).exchange(ec.ECDH(), judge(other).public_key())
    assert p256.shared_secret(private, public_octets(other)) == expected


@RELAXED
@given(PRIVATE_KEYS, MESSAGES)
def test_our_signatures_verify_there(private: bytes, message: bytes) -> None:
    signature = ecdsa.sign(private, message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    judge(private).public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    expected = judge(private).sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    assert (r, s) == decode_dss_signature(expected)


@RELAXED
@given(PRIVATE_KEYS, MESSAGES, st.integers(0, 63), st.integers(0, 255))
def test_both_judge_a_damaged_signature_alike(private: bytes, message: bytes, at: int, octet: int) -> None:
    r, s = decode_dss_signature(judge(private).sign(message, ec.ECDSA(hashes.SHA256())))
    signature = bytearray(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    signature[at] = octet
    damaged = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        judge(private).public_key().verify(damaged, message, ec.ECDSA(hashes.SHA256()))
        expected = True
    except InvalidSignature:
        expected = False
    assert ecdsa.verify(public_octets(private), message, bytes(signature)) is expected


@RELAXED
@given(st.binary(min_size=64, max_size=64), st.sampled_from((2, 3, 4, 4, 4, 5)))
def test_both_refuse_the_same_points(coordinates: bytes, form: int) -> None:
    octets = bytes((form,)) + coordinates
    try:
        p256.public_point(octets)
        accepted = True
    except p256.KeyFormatError:
        accepted = False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
        expected = form == 4
    except ValueError:
        expected = False
    assert accepted is expected


def test_micropython_gives_the_same(micropython_peer: MicroPythonPeer) -> None:
    @FEW
    @given(PRIVATE_KEYS, PRIVATE_KEYS, MESSAGES)
    def check(private: bytes, other: bytes, message: bytes) -> None:
        micropython_peer.same("han.crypto.p256:public_key", private)
        micropython_peer.same("han.crypto.p256:shared_secret", private, public_octets(other))
        _, signature = micropython_peer.same("han.crypto.ecdsa:sign", private, message)
        assert micropython_peer.same("han.crypto.ecdsa:verify", public_octets(private), message, signature)[1] is True
        assert micropython_peer.same("han.crypto.ecdsa:verify", public_octets(other), message, signature)[1] is (
            private == other
        )

    check()
