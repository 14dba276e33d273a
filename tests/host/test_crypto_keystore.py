# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and key stores against `cryptography`: what is read, what is taken, what is refused."""

import json
import os
from datetime import UTC
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from han.crypto import keystore
from han.crypto.certificate import KEY_AGREEMENT, Certificate, CertificateError
from han.errors import CryptoError
from han.stores.memory import MemoryValues
from hanref.gbcs import test_keys
from hanref.gbcs.keys import AGREEMENT, SIGNATURE
from hypothesis import given, settings
from hypothesis import strategies as st
from keystore_plays import read
from micropython_peer import MicroPythonPeer

DEVICE = bytes.fromhex("00db0000000000e5")
DISPLAY = bytes.fromhex("00db0000000000d1")
PPMID_ROLE = 9
MADE = test_keys.make_all({DEVICE: "esme", DISPLAY: "ppmid"})
STRANGERS = test_keys.make(DEVICE, "esme")
BROKER = MADE.broker()
assert BROKER is not None
SUPPLIER = test_keys.PARTIES["supplier"][0].to_bytes(8, "big")
CERTIFICATES = [(MADE.certificates[key], None) for key in MADE.certificates if key[0] not in (DEVICE, DISPLAY)]
PARTNER = (MADE.certificates[(DISPLAY, AGREEMENT)], PPMID_ROLE)


def number_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


def trusting(root: bytes = MADE.root) -> keystore.KeyStore:
    keys = keystore.KeyStore(MemoryValues())
    keys.add_root(root)
    return keys


def test_the_mark_is_one() -> None:
    assert test_keys.MARK.encode() == keystore.TEST_ROOT_MARK


def check_reading(octets: bytes) -> None:
    """Our reading of a certificate is that of `cryptography`."""
    ours, judge = Certificate(octets), x509.load_der_x509_certificate(octets)
    key = judge.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert ours.public_key == key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert ours.signed == judge.tbs_certificate_bytes
    assert ours.issuer == judge.issuer.public_bytes()[-len(ours.issuer) :]
    assert ours.subject == judge.subject.public_bytes()[len(judge.subject.public_bytes()) - len(ours.subject) :]
    assert ours.valid_from == judge.not_valid_before_utc.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    assert ours.valid_until == judge.not_valid_after_utc.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    usage = judge.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (
        ours.usages == usage.digital_signature << 0 | usage.key_agreement << 4 | usage.key_cert_sign << 5 | usage.crl_sign << 6
    )
    assert ours.key_identifier == judge.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    units = judge.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    assert ours.role == (int(units[0].value, 16) if units else None)


def test_our_test_certificates_are_read() -> None:
    for octets in (*MADE.certificates.values(), MADE.root, MADE.issuer):
        check_reading(octets)
    for (entity, _), octets in MADE.certificates.items():
        assert Certificate(octets).entity == entity


def test_published_certificates_are_read() -> None:
    folder = os.environ.get("HANREF_VECTORS")
    if not folder:
        pytest.skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    found = set()
    for path in sorted((Path(folder) / "asn1").glob("*.json")):
        for message in json.loads(path.read_text())["messages"]:
            found |= set(certificates_in(bytes.fromhex(message["hex"])))
    assert len(found) > 10
    for octets in found:
        check_reading(octets)
    devices = [octets for octets in found if Certificate(octets).role is None]
    assert devices
    assert all(Certificate(octets).entity for octets in devices)


def certificates_in(octets: bytes) -> list[bytes]:
    """The certificates somewhere in a message."""
    found = []
    at = octets.find(b"\x30\x82")
    while at >= 0:
        part = octets[at : at + 4 + int.from_bytes(octets[at + 2 : at + 4], "big")]
        try:
            x509.load_der_x509_certificate(part)
            found.append(part)
        except ValueError:
            pass
        at = octets.find(b"\x30\x82", at + 1)
    return found


def test_a_device_is_commissioned(micropython_peer: MicroPythonPeer) -> None:
    own = MADE.party(DEVICE)
    arguments = (
        MADE.root,
        MADE.issuer,
        [*CERTIFICATES, PARTNER],
        number_of(own.private[AGREEMENT]),
        number_of(own.private[SIGNATURE]),
        [BROKER, SUPPLIER, DISPLAY, DEVICE],
        b"an answer",
    )
    _, (first, again) = micropython_peer.same("keystore_plays:secrets", *arguments)
    assert again == first
    secrets, roles, signature, cells = first
    assert secrets == [MADE.secret(DEVICE, BROKER), MADE.secret(DEVICE, SUPPLIER), MADE.secret(DEVICE, DISPLAY), None]
    assert roles == [4, 2, PPMID_ROLE, None]
    assert len(cells) == len(CERTIFICATES) + 2  # the root's and the partner's
    assert len(signature) == 64


def test_a_party_of_another_root_is_refused() -> None:
    keys = trusting()
    stranger = STRANGERS.certificates[(SUPPLIER, AGREEMENT)]
    for path in ([], [STRANGERS.issuer], [STRANGERS.issuer, STRANGERS.root], [MADE.issuer]):
        with pytest.raises(CertificateError, match="test root"):
            keys.import_certificate(stranger, path)
    assert keys.cells() == [(0, 5, 0)]
    assert keys.role(SUPPLIER) is None


def test_a_root_without_the_mark_is_refused() -> None:
    keys = keystore.KeyStore(MemoryValues())
    for octets in (MADE.issuer, MADE.certificates[(SUPPLIER, SIGNATURE)]):
        with pytest.raises(CertificateError, match="no test root"):
            keys.add_root(octets)
        with pytest.raises(CertificateError, match="not its own"):
            keys.add_other_root(octets)
    marked = bytearray(MADE.root)
    marked[-1] ^= 1
    with pytest.raises(CertificateError, match="not its own"):
        keys.add_root(bytes(marked))
    assert keys.cells() == []


def test_another_root_counts_until_the_restart() -> None:
    values = MemoryValues()
    keys = keystore.KeyStore(values)
    keys.add_root(MADE.root)
    keys.add_other_root(STRANGERS.root)
    keys.import_certificate(STRANGERS.certificates[(SUPPLIER, AGREEMENT)], [STRANGERS.issuer])
    keys = keystore.KeyStore(values)
    with pytest.raises(CertificateError, match="test root"):
        keys.import_certificate(STRANGERS.certificates[(SUPPLIER, SIGNATURE)], [STRANGERS.issuer])


def test_authorities_are_no_parties() -> None:
    with pytest.raises(CertificateError, match="whose it is"):
        trusting().import_certificate(MADE.issuer)


def test_a_party_cannot_vouch_for_another() -> None:
    with pytest.raises(CertificateError, match="test root"):
        trusting().import_certificate(
            STRANGERS.certificates[(SUPPLIER, AGREEMENT)], [MADE.certificates[(SUPPLIER, SIGNATURE)], MADE.issuer]
        )


def test_the_validity_is_checked_where_a_time_is_given() -> None:
    keys = trusting()
    octets = MADE.certificates[(SUPPLIER, AGREEMENT)]
    for now in ("20221102235959", "20330101000000"):
        with pytest.raises(CertificateError, match="not valid at this time"):
            keys.import_certificate(octets, [MADE.issuer], now=now)
    assert keys.import_certificate(octets, [MADE.issuer], now="20230101000000").entity == SUPPLIER


def test_a_cell_may_be_held_for_another_role() -> None:
    keys = trusting()
    assert BROKER is not None
    keys.import_certificate(MADE.certificates[(BROKER, AGREEMENT)], [MADE.issuer], role=2)
    assert keys.holder(2) == BROKER


def test_a_certificate_with_a_changed_octet_is_refused() -> None:
    keys = trusting()
    octets = MADE.certificates[(SUPPLIER, AGREEMENT)]
    for at in range(len(octets)):
        changed = bytearray(octets)
        changed[at] ^= 1 << at % 8
        with pytest.raises(CryptoError):
            keys.import_certificate(bytes(changed), [MADE.issuer])
    assert keys.role(SUPPLIER) is None
    assert keys.cell(2, KEY_AGREEMENT) is None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([*MADE.certificates.values(), MADE.root]), st.data())
def test_octets_that_are_no_certificate_give_the_documented_error(octets: bytes, data: st.DataObject) -> None:
    changed = bytearray(octets[: data.draw(st.integers(0, len(octets)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(changed))


def test_micropython_reads_the_same(micropython_peer: MicroPythonPeer) -> None:
    @settings(deadline=None, max_examples=60)
    @given(st.sampled_from([*MADE.certificates.values(), MADE.root]), st.integers(0, 500), st.integers(0, 255))
    def check(octets: bytes, at: int, octet: int) -> None:
        micropython_peer.same("keystore_plays:read", octets)
        changed = bytearray(octets)
        changed[at % len(changed)] ^= octet
        micropython_peer.same("keystore_plays:read", bytes(changed))

    check()
