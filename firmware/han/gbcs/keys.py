# SPDX-License-Identifier: Apache-2.0
"""The parties a device knows, with their roles, keys and shared secrets. Test keys only.

Nothing here prints or reports a secret.
"""

from han.gbcs.envelope import GbcsError


class KeyStore:
    """A device's trust anchors and the secrets it shares with their holders.

    Entity identifiers are 8 octets; roles are the numbers of `han.gbcs.use_cases`; a secret is the x coordinate of the
    key agreement, 32 octets; public keys are 65 octets, 04 and both coordinates. What needs a private key is handed in:

    * `sign(octets)` returns the device's signature, 64 octets r then s;
    * `verify(public_key, octets, signature)` returns whether a signature is right;
    * `agree(public_key)` returns the secret of the device's own key and another's, for a party without a trust anchor.

    Each is None where the device has none.
    """

    def __init__(self, sign=None, verify=None, agree=None):
        self.sign = sign
        self.verify = verify
        self.agree = agree
        self._roles = {}
        self._secrets = {}
        self._signature_keys = {}

    def add(self, party, role, secret=None, signature_key=None):
        """Know a party in a role, with what is known of its keys."""
        if len(party) != 8:
            raise GbcsError("an entity identifier has 8 octets, not %d" % len(party))
        self._roles[party] = role
        if secret is not None:
            self._secrets[party] = secret
        if signature_key is not None:
            self._signature_keys[party] = signature_key

    def role(self, party):
        """The role number of a party, None for a stranger."""
        return self._roles.get(party)

    def holder(self, role):
        """The party that has a role, None where none has."""
        for party, held in self._roles.items():
            if held == role:
                return party
        return None

    def secret(self, party):
        """The secret shared with a party, None where there is none."""
        return self._secrets.get(party)

    def signature_is_valid(self, party, octets, signature):
        """Whether a party signed these octets; False where its key is not known."""
        key = self._signature_keys.get(party)
        return key is not None and self.verify is not None and self.verify(key, octets, signature)
