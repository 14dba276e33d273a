# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the parties of GBCS messages: read from files, never printed.

Two forms are read: a JSON file with `parties` (entity identifier: keys in hex and a role), and a folder of
`<entity>-ka.pem`, `<entity>-ds.pem` and `<entity>-pp.pem` (key agreement, digital signature, prepayment; private keys,
public keys or certificates) with `roles.json` (entity identifier: role). Shared secrets are computed once and kept.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from hanref.errors import UsageError

DEVICES = ("chf", "gpf", "esme", "gsme", "ppmid", "hcalcs", "sapc")
ACCESS_CONTROL_BROKER = "access control broker"
PARTIES = (
    "transitional change of supplier",
    "load controller",
    "network operator",
    ACCESS_CONTROL_BROKER,
    "wan provider",
    "issuing authority",
    "supplier",
    "recovery",
    "root",
    "other",
)
ROLES = DEVICES + PARTIES

AGREEMENT, SIGNATURE, PREPAYMENT = "ka", "ds", "pp"
_NAMES = {"key_agreement": AGREEMENT, "digital_signature": SIGNATURE, "prepay_key_agreement": PREPAYMENT}
_CURVE = ec.SECP256R1()


@dataclass
class Party:
    """What is known of one entity: its role and its keys by purpose (`ka`, `ds`, `pp`)."""

    role: str | None = None
    private: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict, repr=False)
    public: dict[str, ec.EllipticCurvePublicKey] = field(default_factory=dict, repr=False)


class Keys:
    """All parties that are known, by entity identifier (8 octets)."""

    def __init__(self) -> None:
        self.parties: dict[bytes, Party] = {}
        self._secrets: dict[tuple[bytes, bytes, str], bytes | None] = {}

    def party(self, entity: bytes) -> Party:
        """The party, made when it is new."""
        return self.parties.setdefault(entity, Party())

    def role(self, entity: bytes) -> str | None:
        """`esme`, `supplier`, ...; None when nobody said."""
        party = self.parties.get(entity)
        return party.role if party else None

    def is_device(self, entity: bytes) -> bool:
        """Whether the entity is said to be a device."""
        return self.role(entity) in DEVICES

    def broker(self) -> bytes | None:
        """The Access Control Broker, whose key protects commands of remote parties."""
        for entity, party in self.parties.items():
            if party.role == ACCESS_CONTROL_BROKER:
                return entity
        return None

    def signature_key(self, entity: bytes) -> ec.EllipticCurvePublicKey | None:
        """The public key that verifies the entity's signatures."""
        party = self.parties.get(entity)
        return party.public.get(SIGNATURE) if party else None

    def secret(self, first: bytes, second: bytes, purpose: str = AGREEMENT) -> bytes | None:
        """What the two parties agree on, 32 octets; None where neither private key or a public key is missing.

        `purpose` is the key of `first`; `second` uses its key agreement key.
        """
        pair = (first, second, purpose)
        if pair not in self._secrets:
            self._secrets[pair] = self._agree(first, second, purpose)
        return self._secrets[pair]

    def forget(self, entity: bytes) -> None:
        """A party has other keys now: what it agreed on before is gone."""
        self._secrets = {pair: secret for pair, secret in self._secrets.items() if entity not in pair}

    def _agree(self, first: bytes, second: bytes, purpose: str) -> bytes | None:
        one, other = self.parties.get(first), self.parties.get(second)
        if one is None or other is None:
            return None
        for private, public in (
            (one.private.get(purpose), other.public.get(AGREEMENT)),
            (other.private.get(AGREEMENT), one.public.get(purpose)),
        ):
            if private is not None and public is not None:
                return private.exchange(ec.ECDH(), public)
        return None


def entity_of(text: str, where: str) -> bytes:
    """The 8 octets of an entity identifier written in hex, with or without separators."""
    digits = text.replace("-", "").replace(":", "").replace(" ", "")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) != 8:
        raise UsageError(f"{where}: {text!r} is no entity identifier: write its 16 hexadecimal digits")
    return octets


def role_of(text: str, where: str) -> str:
    """The role that a text names: `GSME`, `supplier`, `second supplier`; raises UsageError."""
    words = text.strip().lower().replace("_", " ")
    if words in ROLES:
        return words
    for role in PARTIES:
        if role in words:
            return role
    raise UsageError(f"{where}: {text!r} is no role: say one of {', '.join(ROLES)}")


def load(path: Path) -> Keys:
    """The keys in a JSON file or a folder of PEM files; raises UsageError naming file and field."""
    if path.is_dir():
        return _from_folder(path)
    return _from_json(path)


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: a JSON object is expected")
    return content


def _from_json(path: Path) -> Keys:
    keys = Keys()
    parties = _json(path).get("parties")
    if not isinstance(parties, dict):
        raise UsageError(f"{path}: no field 'parties'")
    for name, fields in parties.items():
        where = f"{path}: parties: {name}"
        if not isinstance(fields, dict):
            raise UsageError(f"{where}: an object with keys is expected")
        party = keys.party(entity_of(name, str(path)))
        role = fields.get("role", fields.get("role_in_vectors"))
        if role is not None:
            party.role = role_of(str(role), where)
        for field_name, value in fields.items():
            _take_hex(party, field_name, value, f"{where}: {field_name}")
    return keys


def _take_hex(party: Party, name: str, value: object, where: str) -> None:
    purpose, _, kind = name.rpartition("_")
    if purpose not in _NAMES or kind not in ("private", "public"):
        return
    try:
        octets = bytes.fromhex(str(value))
        if kind == "private":
            private = ec.derive_private_key(int.from_bytes(octets, "big"), _CURVE)
            party.private[_NAMES[purpose]] = private
            party.public.setdefault(_NAMES[purpose], private.public_key())
        else:
            party.public[_NAMES[purpose]] = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, octets)
    except ValueError:
        # The value is left out on purpose: it may be a secret.
        raise UsageError(f"{where}: no {kind} key of P-256") from None


def _from_folder(folder: Path) -> Keys:
    keys = Keys()
    roles = folder / "roles.json"
    if roles.exists():
        for name, role in _json(roles).items():
            keys.party(entity_of(name, str(roles))).role = role_of(str(role), f"{roles}: {name}")
    files = sorted(folder.glob("*.pem"))
    if not files:
        raise UsageError(f"{folder}: no key files: they are named ENTITY-ka.pem, ENTITY-ds.pem or ENTITY-pp.pem")
    for file in files:
        name, _, purpose = file.stem.rpartition("-")
        if purpose not in (AGREEMENT, SIGNATURE, PREPAYMENT):
            raise UsageError(f"{file}: the name does not end with -ka.pem, -ds.pem or -pp.pem")
        _take_pem(keys.party(entity_of(name, str(file))), purpose, file)
    return keys


def _public_key(octets: bytes) -> object:
    """The key in a PEM public key or certificate."""
    if b"CERTIFICATE" not in octets:
        return load_pem_public_key(octets)
    # X.509 takes a while to import, and most key files hold none.
    from cryptography import x509

    return x509.load_pem_x509_certificate(octets).public_key()


def _take_pem(party: Party, purpose: str, file: Path) -> None:
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    try:
        if b"PRIVATE KEY" in octets:
            private = load_pem_private_key(octets, None)
            if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVE.name:
                party.private[purpose] = private
                party.public[purpose] = private.public_key()
                return
        else:
            public = _public_key(octets)
            if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == _CURVE.name:
                party.public.setdefault(purpose, public)
                return
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise UsageError(f"{file}: no PEM file with an unencrypted key of P-256")
