# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files: both forms, what they may hold, and what is refused without showing it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hanref.errors import UsageError
from hanref.gbcs import keys

SUPPLIER = bytes.fromhex("90b3d51f30010000")
DEVICE = bytes.fromhex("00db1234567890a0")
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])


def private_pem(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    builder = x509.CertificateBuilder(
        NAME, NAME, key.public_key(), 1, datetime(2022, 1, 1, tzinfo=UTC), datetime(2042, 1, 1, tzinfo=UTC)
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def one() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def other() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_a_folder_holds_private_keys_public_keys_and_certificates(
    tmp_path: Path, one: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePrivateKey
) -> None:
    (tmp_path / f"{SUPPLIER.hex()}-ka.pem").write_bytes(private_pem(one))
    (tmp_path / f"{SUPPLIER.hex().upper()}-ds.pem").write_bytes(public_pem(other))
    (tmp_path / f"{DEVICE.hex()}-ka.pem").write_bytes(certificate_pem(other))
    (tmp_path / "roles.json").write_text(json.dumps({DEVICE.hex("-"): "ESME", SUPPLIER.hex(): "second supplier"}))
    found = keys.load(tmp_path)
    expected = one.exchange(ec.ECDH(), other.public_key())
    assert found.secret(SUPPLIER, DEVICE) == found.secret(DEVICE, SUPPLIER) == expected
    assert (found.role(DEVICE), found.role(SUPPLIER)) == ("esme", "supplier")
    assert found.is_device(DEVICE)
    assert found.broker() is None
    assert found.signature_key(SUPPLIER) is not None
    assert found.signature_key(DEVICE) is None
    assert found.secret(DEVICE, bytes(8)) is None


def test_prepayment_keys_agree_with_the_agreement_key_of_the_meter(
    tmp_path: Path, one: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePrivateKey
) -> None:
    (tmp_path / f"{SUPPLIER.hex()}-pp.pem").write_bytes(private_pem(one))
    (tmp_path / f"{DEVICE.hex()}-ka.pem").write_bytes(public_pem(other))
    found = keys.load(tmp_path)
    assert found.secret(SUPPLIER, DEVICE) is None
    assert found.secret(SUPPLIER, DEVICE, keys.PREPAYMENT) == one.exchange(ec.ECDH(), other.public_key())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("90b3d51f30010000.pem", "-ka.pem"),
        ("90b3d51f30010000-xx.pem", "-ka.pem"),
        ("90b3-ka.pem", "no entity identifier"),
    ],
)
def test_files_that_are_named_otherwise(tmp_path: Path, one: ec.EllipticCurvePrivateKey, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(private_pem(one))
    with pytest.raises(UsageError, match=words):
        keys.load(tmp_path)


def test_keys_that_cannot_be_used(tmp_path: Path, one: ec.EllipticCurvePrivateKey) -> None:
    file = tmp_path / f"{SUPPLIER.hex()}-ka.pem"
    secret = f"{one.private_numbers().private_value:064x}"
    wrong_curve = ec.generate_private_key(ec.SECP384R1())
    for octets in (b"", b"no key", private_pem(one, b"password"), private_pem(wrong_curve), public_pem(wrong_curve)):
        file.write_bytes(octets)
        with pytest.raises(UsageError, match="no PEM file with an unencrypted key of P-256") as caught:
            keys.load(tmp_path)
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[1]", "object"),
        ("{}", "no field 'parties'"),
        ('{"parties": {"12": {}}}', "no entity identifier"),
        ('{"parties": {"90b3d51f30010000": 5}}', "object with keys"),
        ('{"parties": {"90b3d51f30010000": {"role": "king"}}}', "no role"),
        ('{"parties": {"90b3d51f30010000": {"key_agreement_public": "04aa"}}}', "no public key of P-256"),
        ('{"parties": {"90b3d51f30010000": {"digital_signature_private": "00"}}}', "no private key of P-256"),
    ],
)
def test_json_files_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        keys.load(path)
    assert str(path) in str(caught.value)


def test_nothing_of_a_key_is_in_what_prints(tmp_path: Path, one: ec.EllipticCurvePrivateKey) -> None:
    secret = f"{one.private_numbers().private_value:064x}"
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"parties": {SUPPLIER.hex(): {"key_agreement_private": secret}}}))
    found = keys.load(path)
    assert secret not in repr(found) + repr(found.party(SUPPLIER)) + str(vars(found.party(SUPPLIER)))
