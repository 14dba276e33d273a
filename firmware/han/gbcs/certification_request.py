# SPDX-License-Identifier: Apache-2.0
"""The request with which a device asks for a certificate: PKCS#10 [RFC 2986], signed with the new key."""

from han.gbcs import der, elements

_VERSION = 0
# id-ecPublicKey with prime256v1, and ecdsa-with-SHA256, whole.
_KEY_ALGORITHM = (der.RAW, b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
_SIGNATURE_ALGORITHM = (der.RAW, b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")
_UNIQUE_IDENTIFIER = (der.OBJECT_IDENTIFIER, b"\x55\x04\x2d")
_NO_ATTRIBUTES = (der.CONTEXT_CONSTRUCTED, [])


def subject_of(entity):
    """The name, DER, of a device that has no other: its entity identifier."""
    name = elements.sequence(_UNIQUE_IDENTIFIER, (der.BIT_STRING, b"\0" + entity))
    return der.encode(elements.sequence((der.SET, [name])))


def make(public_key, sign, subject, attributes=None):
    """The octets of a request. `sign(octets)` gives a signature, r then s; `subject` and `attributes` are whole elements."""
    information = der.encode(
        elements.sequence(
            der.integer(_VERSION),
            (der.RAW, subject),
            elements.sequence(_KEY_ALGORITHM, (der.BIT_STRING, b"\0" + public_key)),
            _NO_ATTRIBUTES if attributes is None else (der.RAW, attributes),
        )
    )
    signature = sign(information)
    halves = [der.integer(int.from_bytes(signature[at : at + 32], "big")) for at in (0, 32)]
    return der.encode(
        elements.sequence(
            (der.RAW, information),
            _SIGNATURE_ALGORITHM,
            (der.BIT_STRING, b"\0" + der.encode(elements.sequence(*halves))),
        )
    )
