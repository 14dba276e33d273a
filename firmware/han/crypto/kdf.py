# SPDX-License-Identifier: Apache-2.0
"""Keys for one message out of a shared secret [GBCS 4.3.3.3, NIST SP 800-56A single step]."""

from hashlib import sha256

# The algorithm identifier of AES-GCM-128 in the DLMS security suite.
_ALGORITHM = b"\x60\x85\x74\x06\x08\x03\x00"
_ROUND = b"\x00\x00\x00\x01"


def derive(secret, originator, transaction, recipient):
    """The 16-octet key of one use.

    `secret` is the x coordinate that the two parties agreed on (32 octets), `originator` and `recipient` the two
    entity identifiers (8 octets each), `transaction` the octet of the purpose and the counter (9 octets).
    """
    return sha256(
        b"".join((_ROUND, secret, _ALGORITHM, originator, bytes((len(transaction),)), transaction, recipient))
    ).digest()[:16]
