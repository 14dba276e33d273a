# SPDX-License-Identifier: Apache-2.0
"""Certificates of GB smart metering: X.509, DER, P-256 with SHA-256 [GBCS 12, IETF RFC 5280].

Only what a device asks of one is read: whose it is and in which role, its key and usage, who signed it, from when to
when it holds. `path_is_valid` follows it to a root.
"""

from micropython import const

from han.crypto import ecdsa
from han.errors import CryptoError

# Key usages by their bit in the certificate's extension [RFC 5280 4.2.1.3].
DIGITAL_SIGNATURE = const(0)
KEY_AGREEMENT = const(4)
CERTIFICATE_SIGNING = const(5)

_INTEGER = const(0x02)
_BIT_STRING = const(0x03)
_OCTET_STRING = const(0x04)
_OBJECT_IDENTIFIER = const(0x06)
_SEQUENCE = const(0x30)
_SET = const(0x31)
_UTC_TIME = const(0x17)
_GENERALIZED_TIME = const(0x18)
_EXTENSIONS = const(0xA3)

_ORGANISATIONAL_UNIT = b"\x55\x04\x0b"
_UNIQUE_IDENTIFIER = b"\x55\x04\x2d"
_SUBJECT_KEY_IDENTIFIER = b"\x55\x1d\x0e"
_KEY_USAGE = b"\x55\x1d\x0f"
_ALTERNATIVE_NAME = b"\x55\x1d\x11"
_AUTHORITY_KEY_IDENTIFIER = b"\x55\x1d\x23"
_HARDWARE_MODULE_NAME = b"\x2b\x06\x01\x05\x05\x07\x08\x04"
# id-ecPublicKey with prime256v1, and ecdsa-with-SHA256.
_KEY_ALGORITHM = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
_SIGNATURE_ALGORITHM = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"


class CertificateError(CryptoError):
    """Octets that are no certificate of this kind, or one that is not what it is wanted for."""


class UntrustedError(CertificateError):
    """A certificate that does not lead to a root that is trusted."""


class Authority:
    """An authority of which only the name (the DER of what is in it), the public key (65 octets) and the key's identifier
    are known: enough to say whether it signed a certificate."""

    def __init__(self, subject, public_key, key_identifier):
        self.subject = subject
        self.public_key = public_key
        self.key_identifier = key_identifier

    def may(self, usage):
        """An authority's key signs certificates and does nothing else."""
        return usage == CERTIFICATE_SIGNING


class Certificate:
    """What a certificate says; raises CertificateError for octets that are none.

    `entity`: 8 octets, None for an authority; `role`: the number in the organisational unit, None for a device;
    `public_key`: 65 octets; `usages`: bits 1 << usage; `key_identifier`, `authority_key_identifier`: 8 octets or None;
    `issuer`, `subject`: the names as they stand; `valid_from`, `valid_until`: text `20221103000000`.
    """

    def __init__(self, octets):
        whole = _Reader(octets, 0, len(octets)).enter(_SEQUENCE, "certificate")
        if whole.end != len(octets):
            raise CertificateError("%d octets follow the certificate" % (len(octets) - whole.end))
        start = whole.at
        body = whole.enter(_SEQUENCE, "certificate body")
        self.signed = octets[start : whole.at]
        if whole.take(_SEQUENCE, "signature algorithm", True) != _SIGNATURE_ALGORITHM:
            raise CertificateError("the certificate is not signed with ECDSA and SHA-256")
        self.signature = _signature(whole.take(_BIT_STRING, "signature"))
        self.entity = None
        self.role = None
        self.usages = 0
        self.key_identifier = None
        self.authority_key_identifier = None
        self._read_body(body)

    def _read_body(self, body):
        body.skip()  # version
        body.skip()  # serial number
        body.skip()  # signature algorithm, again
        self.issuer = body.take(_SEQUENCE, "issuer")
        validity = body.enter(_SEQUENCE, "validity")
        self.valid_from = _time(validity)
        self.valid_until = _time(validity)
        self.subject = body.take(_SEQUENCE, "subject")
        self._read_subject()
        key = body.enter(_SEQUENCE, "public key")
        if key.take(_SEQUENCE, "key algorithm", True) != _KEY_ALGORITHM:
            raise CertificateError("the certificate's key is not of the curve P-256")
        self.public_key = key.take(_BIT_STRING, "public key")[1:]
        while body.at < body.end:
            if body.tag() == _EXTENSIONS:
                self._read_extensions(body.enter(_EXTENSIONS, "extensions").enter(_SEQUENCE, "extensions"))
            else:
                body.skip()

    def _read_subject(self):
        names = _Reader(self.subject, 0, len(self.subject))
        while names.at < names.end:
            name = names.enter(_SET, "name").enter(_SEQUENCE, "name")
            kind = name.take(_OBJECT_IDENTIFIER, "kind of name")
            value = name.take(name.tag(), "name")
            if kind == _UNIQUE_IDENTIFIER:
                self.entity = value[1:]
            elif kind == _ORGANISATIONAL_UNIT:
                try:
                    self.role = int(_text(value), 16)
                except ValueError:
                    raise CertificateError("the organisational unit of the certificate is no role")
        if self.entity is not None and len(self.entity) != 8:
            raise CertificateError("the entity identifier in the certificate has %d octets, not 8" % len(self.entity))

    def _read_extensions(self, extensions):
        while extensions.at < extensions.end:
            extension = extensions.enter(_SEQUENCE, "extension")
            kind = extension.take(_OBJECT_IDENTIFIER, "kind of extension")
            if extension.tag() != _OCTET_STRING:
                extension.skip()  # whether it is critical
            octets = extension.take(_OCTET_STRING, "extension")
            value = _Reader(octets, 0, len(octets))
            if kind == _KEY_USAGE:
                self.usages = _usages(value.take(_BIT_STRING, "key usage"))
            elif kind == _SUBJECT_KEY_IDENTIFIER:
                self.key_identifier = value.take(_OCTET_STRING, "key identifier")
            elif kind == _AUTHORITY_KEY_IDENTIFIER:
                authority = value.enter(_SEQUENCE, "authority key identifier")
                self.authority_key_identifier = authority.take(authority.tag(), "authority key identifier")
            elif kind == _ALTERNATIVE_NAME:
                self._read_alternative_name(value.enter(_SEQUENCE, "alternative name"))

    def _read_alternative_name(self, names):
        """The serial number in a device's hardware module name is its entity identifier."""
        name = names.enter(0xA0, "alternative name")
        if name.take(_OBJECT_IDENTIFIER, "kind of alternative name") == _HARDWARE_MODULE_NAME:
            module = name.enter(0xA0, "hardware module name").enter(_SEQUENCE, "hardware module name")
            module.skip()  # hardware type
            self.entity = module.take(_OCTET_STRING, "hardware serial number")
            if len(self.entity) != 8:
                raise CertificateError("the hardware serial number has %d octets, not 8" % len(self.entity))

    def may(self, usage):
        """Whether the key may be used so."""
        return bool(self.usages >> usage & 1)

    def is_signed_by(self, issuer):
        """Whether another certificate is that of the authority which signed this one."""
        return (
            self.issuer == issuer.subject
            and issuer.may(CERTIFICATE_SIGNING)
            and self.authority_key_identifier in (None, issuer.key_identifier)
            and ecdsa.verify(issuer.public_key, self.signed, self.signature)
        )


def path_is_valid(certificate, between, roots):
    """Whether a certificate leads to one of `roots` over certificates `between` (each a Certificate, in any order)."""
    left = list(between)
    for root in roots:
        if certificate.is_signed_by(root):
            return True
    for issuer in left:
        if certificate.is_signed_by(issuer):
            left.remove(issuer)
            return path_is_valid(issuer, left, roots)
    return False


class _Reader:
    """A place in the octets of a DER element."""

    def __init__(self, octets, at, end):
        self.octets = octets
        self.at = at
        self.end = end

    def tag(self):
        if self.at >= self.end:
            raise CertificateError("the certificate is cut short at octet %d" % self.at)
        return self.octets[self.at]

    def enter(self, tag, what):
        """The inside of the next element; this reader goes on behind it."""
        start = self.at
        if self.tag() != tag:
            raise CertificateError("%s expected at octet %d of the certificate" % (what, start))
        if start + 2 > self.end:
            raise CertificateError("the certificate is cut short at octet %d" % start)
        length = self.octets[start + 1]
        inside = start + 2
        if length & 0x80:
            count = length & 0x7F
            inside += count
            if count not in (1, 2) or inside > self.end:
                raise CertificateError("a length at octet %d of the certificate is wrong" % start)
            length = int.from_bytes(self.octets[start + 2 : inside], "big")
        if inside + length > self.end:
            raise CertificateError("%s at octet %d of the certificate is cut short" % (what, start))
        self.at = inside + length
        return _Reader(self.octets, inside, self.at)

    def take(self, tag, what, whole=False):
        """The contents of the next element, or all of it."""
        start = self.at
        inside = self.enter(tag, what)
        return self.octets[start if whole else inside.at : inside.end]

    def skip(self):
        self.enter(self.tag(), "element")


def _signature(octets):
    """r then s, 32 octets each, of a signature in a certificate."""
    if octets[:1] != b"\x00":
        raise CertificateError("the signature of the certificate has bits unused")
    numbers = _Reader(octets, 1, len(octets)).enter(_SEQUENCE, "signature")
    parts = []
    for _ in range(2):
        number = numbers.take(_INTEGER, "half of the signature")
        value = int.from_bytes(number, "big")
        if value >> 256:
            raise CertificateError("the signature of the certificate is too long")
        parts.append(value.to_bytes(32, "big"))
    return b"".join(parts)


def _usages(octets):
    """Bits 1 << usage; in the certificate the first bit is the most significant."""
    bits = 0
    for i in range(len(octets) - 1):
        for bit in range(8):
            if octets[i + 1] & (0x80 >> bit):
                bits |= 1 << 8 * i + bit
    return bits


def _time(reader):
    """A time as text of 14 digits; UTCTime has two-digit years from 1950."""
    tag = reader.tag()
    if tag not in (_UTC_TIME, _GENERALIZED_TIME):
        raise CertificateError("the certificate's validity is no time")
    text = _text(reader.take(tag, "time"))
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    return text[:14]


def _text(octets):
    try:
        return str(octets, "utf-8")
    except UnicodeError:
        raise CertificateError("a text in the certificate is none")
