# SPDX-License-Identifier: Apache-2.0
"""The keys of a device: its own, its trust anchor cells, and the secrets it shares with the holders of these.

**Test keys only** (REQ-PKI-1). Certificates are taken only where they lead to a test root: a root that says so in
its name. Private keys and secrets lie on the flash as they are, and the arithmetic is not constant time.

Everything is kept in a store of values (`han.stores.values`), so that a secret is worked out once in the life of a
key, and a restart costs no key agreement. Nothing here prints or reports a private key or a secret.

Roles are the numbers of GBCS [2.5]: 0 root, 2 supplier, 4 Access Control Broker and so on; the partners of a pairwise
join have theirs in `han.gbcs.use_cases`. Usages are those of `han.crypto.certificate`.
"""

from han.crypto import ecdsa, p256
from han.crypto.certificate import (
    CERTIFICATE_SIGNING,
    DIGITAL_SIGNATURE,
    KEY_AGREEMENT,
    Certificate,
    CertificateError,
    path_is_valid,
)
from han.errors import CryptoError, StoreError

# Cell usages.
MANAGEMENT = 0
PREPAYMENT = 1

ROOT = 0
# What the name of a test root contains. A root without it is not taken.
TEST_ROOT_MARK = b"HANREF TEST ROOT - NOT FOR USE"

_CELL = "cell_%02x_%x_%x"
_OWN = "own_%x"
_PENDING = "pending_%x"
_SECRET = "secret_%x_"


class KeyStore:
    """The keys of one device, kept in `values` (see `han.stores.values.Values`).

    To the GBCS server this is what `han.gbcs.keys.KeyStore` describes: `role`, `holder`, `secret`, `sign`, `verify`,
    `agree`, `signature_is_valid`, `add`.
    """

    def __init__(self, values):
        self._values = values
        self._holders = {}  # (role, usage, cell usage) -> entity identifier
        self._secrets = {}  # name in the store -> secret
        self._other_roots = []
        for name in values.keys():
            cell = values.get(name) if name.startswith("cell_") else None
            if cell is not None:
                role, usage, cell_usage = [int(part, 16) for part in name.split("_")[1:]]
                self._holders[(role, usage, cell_usage)] = cell[0]

    # -- own keys -----------------------------------------------------------------------------------------

    def set_private(self, usage, private):
        """Give the device a private key, 32 octets; raises KeyFormatError. What the old one agreed on is dropped."""
        own = {_OWN % usage: (private, p256.public_key(private))}
        self._change(own, self._secret_names("") if usage == KEY_AGREEMENT else ())

    def public(self, usage):
        """The public key of the device's own key, 65 octets, None where it has none."""
        own = self._values.get(_OWN % usage)
        return own[1] if own else None

    def propose(self, usage, private):
        """Keep a new private key beside the one in use; returns its public key [GBCS 13.4]."""
        public = p256.public_key(private)
        self._values.set(_PENDING % usage, (private, public))
        return public

    def proposed(self, usage):
        """The public key that waits to be adopted, None where there is none."""
        pending = self._values.get(_PENDING % usage)
        return pending[1] if pending else None

    def adopt(self, usage):
        """Let the proposed key take the place of the one in use [GBCS 13.5]; raises CryptoError where there is none."""
        pending = self._values.get(_PENDING % usage)
        if not pending:
            raise CryptoError("there is no new key to adopt")
        gone = self._secret_names("") if usage == KEY_AGREEMENT else []
        self._change({_OWN % usage: pending}, [_PENDING % usage] + gone)

    @property
    def sign(self):
        """`sign(octets)` returns the device's signature, 64 octets r then s; None where it has no key for that."""
        own = self._values.get(_OWN % DIGITAL_SIGNATURE)
        return None if own is None else lambda octets: ecdsa.sign(own[0], octets)

    @property
    def agree(self):
        """`agree(public_key)` returns the secret with any public key; None where the device has no key for that."""
        own = self._values.get(_OWN % KEY_AGREEMENT)
        return None if own is None else lambda public: p256.shared_secret(own[0], public)

    def verify(self, public_key, octets, signature):
        """Whether a signature, 64 octets r then s, is that of these octets; raises KeyFormatError."""
        return ecdsa.verify(public_key, octets, signature)

    # -- trust anchor cells -------------------------------------------------------------------------------

    def add_root(self, octets):
        """Trust a test root's certificate and keep it; raises CertificateError for any other."""
        root = Certificate(octets)
        if TEST_ROOT_MARK not in root.subject:
            raise CertificateError("the root is no test root of hanref: only test keys may be used")
        _require_root(root)
        self._set_cell((ROOT, CERTIFICATE_SIGNING, MANAGEMENT), root.entity or bytes(8), octets, root.key_identifier)

    def add_other_root(self, octets):
        """Trust another root until the restart: published test material has roots of its own."""
        root = Certificate(octets)
        _require_root(root)
        self._other_roots.append(octets)

    def descends(self, certificate, path=()):
        """Whether a Certificate leads to a trusted root over the certificates `path` (octets)."""
        kept = self._values.get(_CELL % (ROOT, CERTIFICATE_SIGNING, MANAGEMENT))
        roots = [Certificate(octets) for octets in self._other_roots + ([kept[1]] if kept else [])]
        return path_is_valid(certificate, [Certificate(octets) for octets in path], roots)

    def import_certificate(self, octets, path=(), cell_usage=MANAGEMENT, role=None, now=None):
        """Put a party's key into the cell that its certificate is for; returns the Certificate.

        `path` are certificates of authorities between it and the root. `role` is the cell's where it is not that of
        the certificate: the Access Control Broker holds some cells for others, and devices have no role in theirs.
        `now`, text of 14 digits UTC, is checked against the validity. Raises CertificateError.
        """
        certificate = Certificate(octets)
        if not self.descends(certificate, path):
            raise CertificateError("the certificate does not come from a test root: only test keys may be used")
        if now is not None and not certificate.valid_from <= now <= certificate.valid_until:
            raise CertificateError("the certificate is not valid at this time")
        if role is None:
            role = certificate.role
        if certificate.entity is None or role is None:
            raise CertificateError("the certificate does not say whose it is and in which role")
        p256.public_point(certificate.public_key)
        for usage in (DIGITAL_SIGNATURE, KEY_AGREEMENT):
            if certificate.may(usage):
                cell = (role, usage, cell_usage)
                self._set_cell(cell, certificate.entity, certificate.public_key, certificate.key_identifier)
                return certificate
        raise CertificateError("the certificate is for neither signatures nor key agreement")

    def set_cell(self, role, usage, party, public_key, cell_usage=MANAGEMENT, key_identifier=None):
        """Put a public key into a cell without a certificate, for a bench that seeds a device; raises KeyFormatError."""
        p256.public_point(public_key)
        self._set_cell((role, usage, cell_usage), party, public_key, key_identifier)

    def remove_cell(self, role, usage, cell_usage=MANAGEMENT):
        """Empty a cell, with the secret of its holder."""
        party = self._holders.pop((role, usage, cell_usage), None)
        if party is not None:
            self._change({}, [_CELL % (role, usage, cell_usage)] + self._secret_names(party.hex()))

    def cell(self, role, usage, cell_usage=MANAGEMENT):
        """(entity identifier, public key or root certificate, key identifier or None) of a cell, None for an empty one."""
        return self._values.get(_CELL % (role, usage, cell_usage))

    def cells(self):
        """(role, usage, cell usage) of the cells that are not empty, in order."""
        return sorted(self._holders)

    # -- what the GBCS server asks ------------------------------------------------------------------------

    def add(self, party, role, secret=None, signature_key=None):
        """Know a party in a role, with what is known of its keys: for a bench that seeds a device."""
        if len(party) != 8:
            raise CryptoError("an entity identifier has 8 octets, not %d" % len(party))
        if signature_key is not None:
            self._set_cell((role, DIGITAL_SIGNATURE, MANAGEMENT), party, signature_key, None)
        if secret is not None or signature_key is None:
            self._set_cell((role, KEY_AGREEMENT, MANAGEMENT), party, b"", None)
        if secret is not None:
            self._keep_secret(_SECRET % MANAGEMENT + party.hex(), secret)

    def role(self, party):
        """The role number of a party that holds a cell, None for a stranger."""
        for cell, holder in self._holders.items():
            if holder == party and cell[0] != ROOT:
                return cell[0]
        return None

    def holder(self, role):
        """The entity identifier of the party that has a role, None where none has."""
        for usage in (KEY_AGREEMENT, DIGITAL_SIGNATURE):
            party = self._holders.get((role, usage, MANAGEMENT))
            if party is not None:
                return party
        return None

    def secret(self, party, cell_usage=MANAGEMENT):
        """What the device's key and a party's agree on, 32 octets; None where either key is missing.

        With PREPAYMENT it is that of the party's key for top-ups. The first time costs a key agreement (0.4 s on a
        board), later ones nothing.
        """
        name = _SECRET % cell_usage + party.hex()
        secret = self._secrets.get(name)
        if secret is None:
            secret = self._values.get(name)
            if secret is None:
                secret = self._agreed(party, cell_usage)
                if secret is not None:
                    self._keep_secret(name, secret)
            else:
                self._secrets[name] = secret
        return secret

    def signature_is_valid(self, party, octets, signature):
        """Whether a party signed these octets; False where no cell has its key for that."""
        for cell, holder in self._holders.items():
            if holder == party and cell[1] == DIGITAL_SIGNATURE:
                return ecdsa.verify(self.cell(*cell)[1], octets, signature)
        return False

    # -- inside -------------------------------------------------------------------------------------------

    def _set_cell(self, cell, party, key, key_identifier):
        gone = []
        if cell[1] == KEY_AGREEMENT:
            gone = self._secret_names(party.hex())
            before = self._holders.get(cell)
            if before is not None and before != party:
                gone += self._secret_names(before.hex())
        self._change({_CELL % cell: (party, key, key_identifier)}, gone)
        self._holders[cell] = party

    def _change(self, changes, gone):
        """Keep `changes` and let go of the names `gone`, at once: no secret may outlive its key, wherever power goes."""
        for name in gone:
            changes[name] = None
        self._values.set_all(changes)
        self._secrets.clear()
        self._values.remove(gone)

    def _agreed(self, party, cell_usage):
        own = self._values.get(_OWN % KEY_AGREEMENT)
        if own is None:
            return None
        for cell, holder in self._holders.items():
            if holder == party and cell[1] == KEY_AGREEMENT and cell[2] == cell_usage:
                public = self.cell(*cell)[1]
                return p256.shared_secret(own[0], public) if public else None
        return None

    def _keep_secret(self, name, secret):
        self._secrets[name] = secret
        try:
            self._values.set(name, secret)
        except StoreError:
            # A full flash costs time after the next start, no message.
            return

    def _secret_names(self, party):
        """The names in the store of the secrets with a party, or with all (an empty text)."""
        return [name for name in self._values.keys() if name.startswith("secret_") and name.endswith(party)]


def _require_root(root):
    if not root.is_signed_by(root):
        raise CertificateError("the root's certificate is not its own")
