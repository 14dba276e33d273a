# SPDX-License-Identifier: Apache-2.0
"""A device's own keys and certificates, and how it comes to new ones [GBCS 13.4 to 13.6]. **Test keys only.**

Usages are those of `han.crypto.certificate`. Nothing here prints or reports a private key or a secret.
"""

from hashlib import sha256

from han.crypto import ecdsa, p256
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT, Certificate
from han.errors import CryptoError

# Names in the store, by usage; secrets also by whom they are shared with.
OWN = "own_%x"
SECRET = "secret_%x_"
_PENDING = "pending_%x"
_CERTIFICATE = "certificate_%x"
_GENERATED = "generated"


class OwnKeys:
    """The private keys of one device, in use and waiting to be used, kept in `values` (see `han.stores.values`).

    A secret that was worked out with a key goes when the key goes.
    """

    def __init__(self, values):
        self._values = values
        self._secrets = {}  # name in the store -> secret

    def set_private(self, usage, private):
        """Give the device a private key, 32 octets; raises KeyFormatError. What the old one agreed on is dropped."""
        own = {OWN % usage: (private, p256.public_key(private))}
        self._change(own, self._secret_names("") if usage == KEY_AGREEMENT else ())

    def public(self, usage):
        """The public key of the device's own key, 65 octets, None where it has none."""
        own = self._values.get(OWN % usage)
        return own[1] if own else None

    def generate(self, usage):
        """Make a new private key and keep it beside the one in use; returns its public key [GBCS 13.4].

        It comes out of the device's key for signatures and the number of keys made so far, so that a run can be
        repeated: one more reason why these are test keys. Raises CryptoError for a device without a key.
        """
        own = self._values.get(OWN % DIGITAL_SIGNATURE)
        if own is None:
            raise CryptoError("a device without a key for signatures makes no keys")
        number = self._values.get(_GENERATED, 0) + 1
        self._values.set(_GENERATED, number)
        seed = sha256(own[0] + bytes((usage,)) + number.to_bytes(4, "big")).digest()
        private = int.from_bytes(seed, "big") % (p256.ORDER - 1) + 1
        return self.propose(usage, private.to_bytes(32, "big"))

    def propose(self, usage, private):
        """Keep a new private key beside the one in use; returns its public key."""
        public = p256.public_key(private)
        self.set_proposed(usage, private, public)
        return public

    def set_proposed(self, usage, private, public):
        """As `propose`, for a bench that seeds a device of which only the public key is known."""
        self._values.set(_PENDING % usage, (private, public))

    def proposed(self, usage):
        """The public key that waits to be adopted, None where there is none."""
        pending = self._values.get(_PENDING % usage)
        return pending[1] if pending else None

    def sign_as_proposed(self, usage, octets):
        """The signature, r then s, of the key that waits to be adopted: proof that the device holds it."""
        pending = self._values.get(_PENDING % usage)
        if not pending:
            raise CryptoError("there is no new key to sign with")
        return ecdsa.sign(pending[0], octets)

    def adopt(self, usage, certificate=None):
        """Let the proposed key take the place of the one in use [GBCS 13.5]; raises CryptoError where there is none.

        `certificate` are the octets of the one for the new key; without it the device holds none for that usage.
        """
        pending = self._values.get(_PENDING % usage)
        if not pending:
            raise CryptoError("there is no new key to adopt")
        gone = self._secret_names("") if usage == KEY_AGREEMENT else []
        self._change({OWN % usage: pending, _CERTIFICATE % usage: certificate}, [_PENDING % usage] + gone)

    def certificate(self, usage):
        """The octets of the device's own certificate, None where it holds none."""
        return self._values.get(_CERTIFICATE % usage)

    def set_certificate(self, usage, octets):
        """Give the device a certificate for its own key; raises CertificateError."""
        Certificate(octets)
        self._values.set(_CERTIFICATE % usage, octets)

    @property
    def sign(self):
        """`sign(octets)` returns the device's signature, 64 octets r then s; None where it has no key for that."""
        own = self._values.get(OWN % DIGITAL_SIGNATURE)
        return None if own is None else lambda octets: ecdsa.sign(own[0], octets)

    @property
    def agree(self):
        """`agree(public_key)` returns the secret with any public key; None where the device has no key for that."""
        own = self._values.get(OWN % KEY_AGREEMENT)
        return None if own is None else lambda public: p256.shared_secret(own[0], public)

    def verify(self, public_key, octets, signature):
        """Whether a signature, 64 octets r then s, is that of these octets; raises KeyFormatError."""
        return ecdsa.verify(public_key, octets, signature)

    def _change(self, changes, gone):
        """Keep `changes` and let go of the names `gone`, at once: no secret may outlive its key, wherever power goes."""
        for name in gone:
            changes[name] = None
        self._values.set_all(changes)
        self._secrets.clear()
        self._values.remove(gone)

    def _secret_names(self, party):
        """The names in the store of the secrets with a party, or with all (an empty text)."""
        return [name for name in self._values.keys() if name.startswith("secret_") and name.endswith(party)]
