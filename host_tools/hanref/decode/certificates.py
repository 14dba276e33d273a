# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate or certification request in a few words: whose it is, whose signature it bears, what for."""

import warnings
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

Tree = dict[str, Any]

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
_ENTITY_LENGTH = 8


@lru_cache(maxsize=4096)
def summary(octets: bytes) -> Tree:
    """What a DER certificate says; `error` alone where it is none."""
    try:
        with warnings.catch_warnings():
            # Test certificates may break rules that X.509 libraries merely warn of.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(octets)
            return _certificate(certificate)
    except _UNREADABLE as error:
        return {"error": "no readable certificate: %s" % error}


def _certificate(certificate: x509.Certificate) -> Tree:
    content: Tree = {
        "entity": entity(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial_number": "%x" % certificate.serial_number,
        "valid_from": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valid_to": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            content["key_usage"] = _usages(value)
        elif isinstance(value, x509.SubjectKeyIdentifier):
            content["key_identifier"] = value.digest.hex()
        elif isinstance(value, x509.AuthorityKeyIdentifier) and value.key_identifier:
            content["issuer_key_identifier"] = value.key_identifier.hex()
    content["public_key"] = _point(certificate.public_key())
    return content


def entity(certificate: x509.Certificate) -> str | None:
    """The entity identifier: of an organisation in its subject, of a device as its hardware serial number."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        # A bit string: the first octet counts unused bits.
        octets = bytes(attribute.value, "latin-1") if isinstance(attribute.value, str) else attribute.value
        return octets[-_ENTITY_LENGTH:].hex()
    try:
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return None
    assert isinstance(names, x509.SubjectAlternativeName)
    for name in names.get_values_for_type(x509.OtherName):
        if name.type_id == _HARDWARE_MODULE_NAME:
            return name.value[-_ENTITY_LENGTH:].hex()
    return None


def _usages(usage: x509.KeyUsage) -> list[str]:
    names = ("digital_signature", "key_agreement", "key_cert_sign", "crl_sign")
    return [name.replace("_", " ") for name in names if getattr(usage, name)]


def _point(key: Any) -> str:
    octets: bytes = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return octets.hex()


@lru_cache(maxsize=256)
def request_summary(octets: bytes) -> Tree:
    """What a certification request says; `error` alone where it is none."""
    try:
        request = x509.load_der_x509_csr(octets)
        return {
            "subject": request.subject.rfc4514_string(),
            "public_key": _point(request.public_key()),
            "signature": "valid" if request.is_signature_valid else "invalid",
        }
    except _UNREADABLE as error:
        return {"error": "no readable certification request: %s" % error}
