# SPDX-License-Identifier: Apache-2.0
"""What a GBCS message needs of a certificate: its public key and whose it is [X.509]. DER, elliptic curve P-256."""

from han.gbcs.envelope import GbcsError

# SubjectPublicKeyInfo from its algorithm on: id-ecPublicKey, prime256v1, a bit string of an uncompressed point.
_POINT_HEADER = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107034200")
_POINT_LENGTH = 65


def public_key(certificate):
    """The public key of a certificate, 65 octets; raises GbcsError where there is none of the curve P-256."""
    at = certificate.find(_POINT_HEADER)
    if at < 0:
        raise GbcsError("the certificate has no public key of the curve P-256")
    at += len(_POINT_HEADER)
    point = certificate[at : at + _POINT_LENGTH]
    if len(point) != _POINT_LENGTH or point[0] != 4:
        raise GbcsError("the public key of the certificate is cut short or not an uncompressed point", at)
    return point
