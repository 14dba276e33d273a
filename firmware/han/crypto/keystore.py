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
    UntrustedError,
    path_is_valid,
)
from han.crypto.own_keys import OWN, SECRET, OwnKeys
from han.errors import CryptoError, StoreError

# Cell usages.
MANAGEMENT = 0
PREPAYMENT = 1

ROOT = 0
ACCESS_CONTROL_BROKER = 4
# What the name of a test root contains. A root without it is not taken.
TEST_ROOT_MARK = b"HANREF TEST ROOT - NOT FOR USE"

_CELL = "cell_%02x_%x_%x"
_AUTHORITY = "authority_%d"
# What an empty root cell or an authority without an identifier is named by.
NOBODY = bytes(8)


class NoCellError(CryptoError):
    """A trust anchor cell that the device does not have."""


class KeyStore(OwnKeys):
    """The keys of one device, kept in `values` (see `han.stores.values.Values`).

    To the GBCS server this is what `han.gbcs.keys.KeyStore` describes: `role`, `holder`, `secret`, `sign`, `verify`,
    `agree`, `signature_is_valid`, `add`. Its own keys are in han.crypto.own_keys.
    """

    def __init__(self, values):
        super().__init__(values)
        self._holders = {}  # (role, usage, cell usage) -> entity identifier
        self._others = []
        for name in values.keys():
            cell = values.get(name) if name.startswith("cell_") else None
            if cell is not None:
                role, usage, cell_usage = [int(part, 16) for part in name.split("_")[1:]]
                self._holders[(role, usage, cell_usage)] = cell[0]

    # -- trust anchor cells -------------------------------------------------------------------------------

    def add_root(self, octets):
        """Trust a test root's certificate and keep it; raises CertificateError for any other."""
        root = Certificate(octets)
        if TEST_ROOT_MARK not in root.subject:
            raise CertificateError("the root is no test root of hanref: only test keys may be used")
        _require_root(root)
        self._set_cell((ROOT, CERTIFICATE_SIGNING, MANAGEMENT), root.entity or NOBODY, octets, root.key_identifier)

    def trust(self, authority):
        """Trust another authority until the restart: published test material has authorities of its own.

        `authority` is a Certificate or an Authority.
        """
        self._others.append(authority)

    def add_other_root(self, octets):
        """Trust another root by its certificate until the restart; raises CertificateError."""
        root = Certificate(octets)
        _require_root(root)
        self.trust(root)

    def add_authority(self, octets):
        """Keep the certificate of an authority under the root: certificates of devices come without a path [GBCS 13.5].

        Raises UntrustedError for one that is not under the root.
        """
        if not self.descends(Certificate(octets)):
            raise UntrustedError("the authority is not one of the test root's: only test keys may be used")
        self._values.set(_AUTHORITY % len(self._authorities()), octets)

    def _authorities(self):
        return [self._values.get(name) for name in self._values.keys() if name.startswith("authority_")]

    def descends(self, certificate, path=()):
        """Whether a Certificate leads to a trusted root over the certificates `path` (octets) and the authorities kept."""
        root = self._root()
        roots = self._others + ([] if root is None else [root])
        between = [Certificate(octets) for octets in list(path) + self._authorities() if octets]
        return path_is_valid(certificate, between, roots)

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

    def replace(self, cell, octets, path=(), now=None):
        """Put the key of a certificate into a cell that the device has, (role, usage, cell usage) [GBCS 13.3].

        `path` and `now` are those of `import_certificate`. Whether the certificate's role is that of the cell is not
        asked: the Access Control Broker and suppliers hold cells of other roles. Raises NoCellError, CertificateError,
        UntrustedError, KeyFormatError or StoreError; then the cell is as before.
        """
        if cell not in self._holders:
            raise NoCellError("the device has no trust anchor cell of role %d and usage %d" % cell[:2])
        certificate = Certificate(octets)
        if not certificate.may(cell[1]):
            raise CertificateError("the certificate is not for what the cell is for")
        if now is not None and not certificate.valid_from <= now <= certificate.valid_until:
            raise CertificateError("the certificate is not valid at this time")
        if cell[0] == ROOT:
            self._replace_root(cell, certificate, octets, path)
            return
        if certificate.entity is None:
            raise CertificateError("the certificate does not say whose it is")
        if not self.descends(certificate, path):
            raise UntrustedError("the certificate does not come from a test root: only test keys may be used")
        p256.public_point(certificate.public_key)
        self._set_cell(cell, certificate.entity, certificate.public_key, certificate.key_identifier)

    def _replace_root(self, cell, certificate, octets, path):
        """A new root is a test root of which the old one says, by a certificate in `path`, that the key is a root's."""
        _require_root(certificate)
        if TEST_ROOT_MARK not in certificate.subject and not self._is_known(certificate):
            raise UntrustedError("the root is no test root of hanref: only test keys may be used")
        root = self._root()
        links = [Certificate(link) for link in path]
        if not self._is_known(certificate) and not any(
            link.public_key == certificate.public_key and root is not None and link.is_signed_by(root) for link in links
        ):
            raise UntrustedError("the root in use does not vouch for the new one")
        self._set_cell(cell, certificate.entity or NOBODY, octets, certificate.key_identifier)

    def _root(self):
        """The Certificate of the root in its cell, None where there is none."""
        kept = self._values.get(_CELL % (ROOT, CERTIFICATE_SIGNING, MANAGEMENT))
        return Certificate(kept[1]) if kept and kept[1] else None

    def _is_known(self, root):
        """Whether a root's key is that of an authority which is trusted until the restart."""
        return any(other.public_key == root.public_key for other in self._others)

    def set_cell(self, role, usage, party, public_key, cell_usage=MANAGEMENT, key_identifier=None):
        """Put a public key into a cell without a certificate, for a bench that seeds a device; raises KeyFormatError.

        An empty key: only whose it is and its identifier are known.
        """
        if public_key:
            p256.public_point(public_key)
        self._set_cell((role, usage, cell_usage), party, public_key, key_identifier)

    def set_secret(self, party, secret, cell_usage=MANAGEMENT):
        """Keep what the device's key and a party's agree on, for a bench that seeds a device."""
        self._keep_secret(SECRET % cell_usage + party.hex(), secret)

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

    def cells_of(self, role):
        """(usage, cell usage) of the cells of a role, in order."""
        return [cell[1:] for cell in self.cells() if cell[0] == role]

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
            self.set_secret(party, secret)

    def role(self, party):
        """The role number of a party that holds a cell, None for a stranger.

        The Access Control Broker is that, whichever cells it keeps for others [GBCS 13.3, handover].
        """
        roles = [cell[0] for cell, holder in self._holders.items() if holder == party and cell[0] != ROOT]
        if not roles:
            return None
        return ACCESS_CONTROL_BROKER if ACCESS_CONTROL_BROKER in roles else min(roles)

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
        name = SECRET % cell_usage + party.hex()
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
        tried = []
        for cell, holder in self._holders.items():
            if holder == party and cell[1] == DIGITAL_SIGNATURE:
                public = self.cell(*cell)[1]
                if public and public not in tried:
                    if ecdsa.verify(public, octets, signature):
                        return True
                    tried.append(public)
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

    def _agreed(self, party, cell_usage):
        own = self._values.get(OWN % KEY_AGREEMENT)
        if own is None:
            return None
        role = self.role(party)
        for cell, holder in self._holders.items():
            if holder == party and cell == (role, KEY_AGREEMENT, cell_usage):
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


def _require_root(root):
    if not root.is_signed_by(root):
        raise CertificateError("the root's certificate is not its own")
