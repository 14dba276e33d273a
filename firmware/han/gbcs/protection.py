# SPDX-License-Identifier: Apache-2.0
"""MACs and encrypted attributes of GBCS messages [GBCS 4.3.3, 6.2.3, 8].

A shared secret is the x coordinate (32 octets) that the private key of one party and the public key of the other
agree on. Which two parties they are the callers know: for a command the Access Control Broker and the device, whoever
the header names; for a response or an alert the device and its recipient; between PPMID and GSME the two.
"""

from han.crypto import gcm, kdf
from han.gbcs.envelope import MAC_LENGTH, GbcsError, mac_input, transaction

# The purpose octet of a key that encrypts attributes, where a MAC has the CRA flag.
_ENCRYPTION = 4
_ENCRYPTED_ONLY = b"\x31"
# What stands before the ciphertext: control octet (authenticated and encrypted, suite 1), invocation counter 0.
_HEADER = b"\x31\x00\x00\x00\x00"


def _vector(originator):
    return originator + b"\x00\x00\x00\x00"


def message_key(secret, message):
    """The key of a message's MAC. The entity identifiers are those of the grouping header."""
    purpose = transaction(message.cra, message.originator_counter)
    return kdf.derive(secret, message.originator, purpose, message.recipient)


def mac_of(secret, message):
    """The MAC, 12 octets, of a message whose other fields are set."""
    key = message_key(secret, message)
    return gcm.seal(key, _vector(message.originator), b"", mac_input(message), MAC_LENGTH)[1]


def mac_is_valid(secret, message):
    """Whether the MAC of a message belongs to it; compared in constant time."""
    return message.mac is not None and gcm.equal(mac_of(secret, message), message.mac)


def reader_of(message):
    """(entity identifier, counter) for whom the attributes of a response or alert are encrypted."""
    party = message.supplementary_remote_party
    counter = message.supplementary_originator_counter
    return (
        message.recipient if party is None else party,
        message.originator_counter if counter is None else counter,
    )


def _attribute_key(secret, device, reader, counter):
    return kdf.derive(secret, device, transaction(_ENCRYPTION, counter), reader)


def encrypt(secret, device, reader, counter, plaintext):
    """Encrypted attributes: header, ciphertext and tag.

    `secret` is that of `device` and `reader`; several blocks of one message use the same key and vector, as published.
    """
    key = _attribute_key(secret, device, reader, counter)
    ciphertext, tag = gcm.seal(key, _vector(device), plaintext, _ENCRYPTED_ONLY, MAC_LENGTH)
    return _HEADER + ciphertext + tag


def decrypt(secret, device, reader, counter, octets):
    """The plaintext of encrypted attributes; raises GbcsError for the form, TagError for the tag."""
    if len(octets) < len(_HEADER) + MAC_LENGTH:
        raise GbcsError("encrypted attributes are cut short: %d octets" % len(octets))
    if octets[: len(_HEADER)] != _HEADER:
        raise GbcsError("the security header of encrypted attributes is not 31 00000000")
    key = _attribute_key(secret, device, reader, counter)
    ciphertext = octets[len(_HEADER) : -MAC_LENGTH]
    return gcm.open_(key, _vector(device), ciphertext, _ENCRYPTED_ONLY, octets[-MAC_LENGTH:])
