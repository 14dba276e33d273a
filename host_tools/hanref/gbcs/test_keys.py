# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates made by this project, for tests and nothing else (REQ-PKI-1).

Every certificate descends from a test root that is made here, and says so in its issuer's name. The fields are those
seen in published certificates: the subject has the entity identifier and the role, the issuer the role 07 under a
root of role 00.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from hanref.errors import UsageError
from hanref.gbcs.keys import ACCESS_CONTROL_BROKER, AGREEMENT, DEVICES, PREPAYMENT, SIGNATURE, Keys

MARK = "HANREF TEST ROOT - NOT FOR USE"
ISSUER_MARK = "HANREF TEST ISSUER - NOT FOR USE"
ROOT_UNIT, ISSUER_UNIT, DEVICE_UNIT = "00", "07", "7F"
# Role names and the numbers under which certificates have them.
PARTIES = {
    "recovery": (0xF0AA000000000001, "01"),
    ACCESS_CONTROL_BROKER: (0xF0AA000000000002, "04"),
    "transitional change of supplier": (0xF0AA000000000004, "05"),
    "wan provider": (0xF0AA000000000007, "06"),
    "supplier": (0xF0AA000000010000, "02"),
    "network operator": (0xF0AA000000020000, "03"),
    "load controller": (0xF0AA000000010008, "7F"),
}
POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")
PURPOSES = (AGREEMENT, SIGNATURE)
LIFE = timedelta(days=3652)
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
START = datetime(2022, 11, 3, tzinfo=UTC)


@dataclass
class TestKeys(Keys):
    """Keys with the certificates made for them, DER, by (entity, purpose)."""

    __test__ = False  # no test class, whatever the name says to pytest

    certificates: dict[tuple[bytes, str], bytes] = field(default_factory=dict)
    root: bytes = b""
    issuer: bytes = b""
    issuer_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def issue(self, entity: bytes, purpose: str, public: ec.EllipticCurvePublicKey) -> bytes:
        """A certificate for a public key of a party or device, DER. What the party uses stays as it is."""
        assert self.issuer_key is not None  # of keys that were made here
        unit = PARTIES.get(self.party(entity).role or "", (0, DEVICE_UNIT))[1]
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
                # A bit string: its first octet says that no bits are unused.
                x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + entity, _ASN1Type.BitString),
            ]
        )
        issuer = x509.load_der_x509_certificate(self.issuer)
        certificate = (
            _builder(subject, public, issuer.subject, self.issuer_key.public_key())
            .add_extension(_key_usage(purpose), critical=True)
            .sign(self.issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
        )
        return certificate.public_bytes(Encoding.DER)

    def new_key(self, use: bytes) -> ec.EllipticCurvePrivateKey:
        """A private key: with a seed always the same one for a use, else one by chance."""
        if self.seed is None:
            return ec.generate_private_key(ec.SECP256R1())
        digest = hashlib.sha512(b"hanref test key\x00%d\x00" % self.seed + use).digest()
        return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER_OF_P256 - 1) + 1, ec.SECP256R1())

    def renew(self, entity: bytes, purpose: str) -> bytes:
        """Give a party another key, which it uses from now on; returns the certificate, DER."""
        private = self.new_key(entity + purpose.encode())
        party = self.party(entity)
        party.private[purpose], party.public[purpose] = private, private.public_key()
        self.certificates[(entity, purpose)] = self.issue(entity, purpose, private.public_key())
        self.forget(entity)
        return self.certificates[(entity, purpose)]


def make(device: bytes, role: str) -> TestKeys:
    """Fresh test keys of a device and of every remote party, with certificates."""
    return make_all({device: role})


def make_all(devices: dict[bytes, str], seed: int | None = None) -> TestKeys:
    """Test keys of several devices (entity: role) and of every remote party, with certificates: fresh ones, or those that
    come out of a seed."""
    keys = TestKeys(seed=seed)
    for role in devices.values():
        if role not in DEVICES:
            raise UsageError(f"{role!r} is no device: say one of {', '.join(DEVICES)}")
    root_key = keys.new_key(b"root")
    issuer_key = keys.new_key(b"issuer")
    root = _authority(MARK, ROOT_UNIT, root_key, None)
    issuer = _authority(ISSUER_MARK, ISSUER_UNIT, issuer_key, (root, root_key))
    keys.root = root.public_bytes(Encoding.DER)
    keys.issuer = issuer.public_bytes(Encoding.DER)
    keys.issuer_key = issuer_key
    for name, (number, _) in PARTIES.items():
        _add(keys, number.to_bytes(8, "big"), name)
    supplier = keys.party(PARTIES["supplier"][0].to_bytes(8, "big"))
    supplier.private[PREPAYMENT] = keys.new_key(b"prepayment")
    supplier.public[PREPAYMENT] = supplier.private[PREPAYMENT].public_key()
    for entity, role in devices.items():
        _add(keys, entity, role)
    return keys


def is_from_test_root(certificate: bytes, issuer: bytes, root: bytes) -> bool:
    """Whether a certificate descends from this test root: only such ones are imported."""
    end, middle, top = (x509.load_der_x509_certificate(octets) for octets in (certificate, issuer, root))
    try:
        end.verify_directly_issued_by(middle)
        middle.verify_directly_issued_by(top)
    except Exception:
        return False
    return top.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == MARK


def write(keys: Keys, folder: Path) -> None:
    """Write private keys as `<entity>-ka.pem` .. with `roles.json` to a folder, readable by its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    roles = {entity.hex(): party.role for entity, party in keys.parties.items() if party.role}
    (folder / "roles.json").write_text(json.dumps(roles, indent=1) + "\n", encoding="utf-8")
    (folder / "README").write_text(f"{MARK}\nTest keys made by hanref. Never use them for anything else.\n", encoding="utf-8")
    for entity, party in keys.parties.items():
        for purpose, private in party.private.items():
            octets = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path = folder / f"{entity.hex()}-{purpose}.pem"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(octets)


def _key_usage(purpose: str) -> x509.KeyUsage:
    """The one usage of a certificate."""
    return x509.KeyUsage(
        digital_signature=purpose == SIGNATURE,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=purpose == AGREEMENT,
        key_cert_sign=purpose == "certificate",
        crl_sign=purpose == "certificate",
        encipher_only=False,
        decipher_only=False,
    )


def _identifier(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    """The short form of a key identifier: 0100 and the last 60 bits of the hash."""
    digest = x509.SubjectKeyIdentifier.from_public_key(key).digest
    return x509.SubjectKeyIdentifier(bytes((0x40 | digest[-8] & 0x0F,)) + digest[-7:])


def _builder(
    subject: x509.Name, public: ec.EllipticCurvePublicKey, issuer: x509.Name, issuer_public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier(_identifier(issuer_public).digest, None, None)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(int.from_bytes(hashlib.sha256(_identifier(public).digest).digest()[:8], "big") | 1)
        .not_valid_before(START)
        .not_valid_after(START + LIFE)
        .add_extension(_identifier(public), critical=False)
        .add_extension(x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)]), critical=True)
        .add_extension(authority, critical=False)
    )


def _authority(
    name: str,
    unit: str,
    key: ec.EllipticCurvePrivateKey,
    parent: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
) -> x509.Certificate:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)]
    )
    issuer, issuer_key = (parent[0].subject, parent[1]) if parent else (subject, key)
    return (
        _builder(subject, key.public_key(), issuer, issuer_key.public_key())
        .add_extension(_key_usage("certificate"), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if parent else 1), critical=True)
        .sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def _add(keys: TestKeys, entity: bytes, role: str) -> None:
    keys.party(entity).role = role
    for purpose in PURPOSES:
        keys.renew(entity, purpose)
