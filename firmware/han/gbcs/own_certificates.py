# SPDX-License-Identifier: Apache-2.0
"""CS02c, CS02d, CS02e: a device makes a key and asks for a certificate, takes it, and shows it [GBCS 13.4 to 13.6].

`server.keys` is a han.crypto.keystore.KeyStore. The device has `request_names`: (subject, attributes) of its requests as
whole DER elements, or None for a name out of its entity identifier.
"""

from micropython import const

from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT, Certificate
from han.errors import CryptoError, StoreError
from han.gbcs import certification_request, der, elements
from han.gbcs.elements import Failed

# Failures of CS02c.
INVALID_USAGE = const(1)
NO_KEY_MADE = const(2)
REQUEST_FAILED = const(3)

# Outcomes of CS02d.
TAKEN = const(0)
INVALID_CERTIFICATE = const(1)
OTHER_DEVICE = const(2)
OTHER_USAGE = const(3)
NO_PENDING_KEY = const(4)
OTHER_KEY = const(5)
NOT_STORED = const(6)
KEY_NOT_CHANGED = const(7)

# Failures of CS02e; the first is that of CS02c.
NONE_HELD = const(2)
NOT_SHOWN = const(3)

# Events: failure and success, by usage.
EVENTS = {DIGITAL_SIGNATURE: (0x8F4C, 0x8F4D), KEY_AGREEMENT: (0x8F4E, 0x8F4F)}


def read(server, request, element):
    """The octets of a certificate, or what `read_usage` says."""
    if request.use_case.name == "CS02d":
        elements.items(element)
        return der.encode(element)
    return read_usage(element)


def read_usage(element):
    """The key usage that is asked for, None for one that devices have no keys for."""
    (usage,) = elements.items(element)
    usage = elements.read_usage(usage)
    return usage if usage in EVENTS else None


def answer(server, request):
    """The element that answers a use case."""
    name = request.use_case.name
    if name == "CS02d":
        return der.integer(_take(server, request.content))
    if request.content is None:
        return der.integer(INVALID_USAGE)
    answer_usage = _request if name == "CS02c" else _show
    return answer_usage(server, request.content)


def _request(server, usage):
    """A certification request for a new key."""
    keys = server.keys
    try:
        public = keys.generate(usage)
    except Failed as failed:
        return der.integer(failed.code)
    except (CryptoError, StoreError):
        return der.integer(NO_KEY_MADE)
    names = server.device.request_names
    subject, attributes = names if names else (certification_request.subject_of(server.identity), None)
    try:
        octets = certification_request.make(
            public, lambda information: keys.sign_as_proposed(usage, information), subject, attributes
        )
    except CryptoError:
        return der.integer(REQUEST_FAILED)
    return der.RAW, octets


def _take(server, octets):
    """Take a certificate for the key that waits; returns the outcome."""
    keys = server.keys
    try:
        certificate = Certificate(octets)
        if not keys.descends(certificate):
            return INVALID_CERTIFICATE
    except CryptoError:
        return INVALID_CERTIFICATE
    if certificate.entity != server.identity:
        return OTHER_DEVICE
    usages = [usage for usage in EVENTS if certificate.may(usage)]
    if len(usages) != 1:
        return OTHER_USAGE
    code = _adopt(keys, usages[0], certificate.public_key, octets)
    server.device.event(EVENTS[usages[0]][code == TAKEN])
    return code


def _adopt(keys, usage, public_key, octets):
    proposed = keys.proposed(usage)
    if proposed is None:
        return NO_PENDING_KEY
    if proposed != public_key:
        return OTHER_KEY
    try:
        keys.adopt(usage, octets)
    except Failed as failed:
        return failed.code
    except StoreError:
        return NOT_STORED
    except CryptoError:
        return KEY_NOT_CHANGED
    return TAKEN


def _show(server, usage):
    """The device's own certificate."""
    try:
        octets = server.keys.certificate(usage)
    except Failed as failed:
        return der.integer(failed.code)
    except StoreError:
        return der.integer(NOT_SHOWN)
    return der.integer(NONE_HELD) if octets is None else (der.RAW, octets)
