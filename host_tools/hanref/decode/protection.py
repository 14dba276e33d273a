# SPDX-License-Identifier: GPL-3.0-or-later
"""MACs, signatures and encrypted attributes of messages, checked with the `cryptography` package [GBCS 4.3.3, 8].

The rules are those of `han.gbcs.protection`; here the work is done by compiled code.
"""

from hmac import compare_digest

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from han.crypto.kdf import derive
from han.gbcs.envelope import COMMAND, Message

from hanref.gbcs.keys import Keys

VALID, INVALID, UNVERIFIED = "valid", "invalid", "unverified"

MAC_LENGTH = 12
_ECDSA = ec.ECDSA(SHA256())
_COUNTER = b"\x00\x00\x00\x00"
_MAC_PREFIX = b"\x11\x00\x00\x00\x00\x00"
_ENCRYPTED = b"\x31"
_HEADER = b"\x31\x00\x00\x00\x00"
_ENCRYPTION_KEY = b"\x04"
_PPMID_TO_GSME = "SME.C.PPMID-GSME"


def mac_parties(message: Message, category: str, keys: Keys) -> tuple[bytes, bytes] | None:
    """The two whose key agreement keys make the MAC: remote party, device [GBCS 6.2.3].

    A command of a remote party has the MAC of the Access Control Broker; None where it is not known who that is.
    """
    if message.cra != COMMAND:
        return message.recipient, message.originator
    if category == _PPMID_TO_GSME or keys.is_device(message.originator):
        return message.originator, message.recipient
    broker = keys.broker()
    return None if broker is None else (broker, message.recipient)


def check_mac(message: Message, octets: bytes, parties: tuple[bytes, bytes] | None, keys: Keys) -> str:
    """Whether the MAC at the end of `octets`, the whole message, belongs to it."""
    secret = keys.secret(*parties) if parties else None
    if secret is None:
        return UNVERIFIED
    transaction = bytes((message.cra,)) + message.originator_counter.to_bytes(8, "big")
    key = derive(secret, message.originator, transaction, message.recipient)
    start = signing_offset(octets)
    tag = AESGCM(key).encrypt(message.originator + _COUNTER, b"", _MAC_PREFIX + octets[start:-MAC_LENGTH])
    return VALID if compare_digest(tag[:MAC_LENGTH], message.mac) else INVALID


def check_signature(message: Message, octets: bytes, keys: Keys) -> str:
    """Whether the signature in `octets`, the whole message, is the originator's."""
    key = keys.signature_key(message.originator)
    if key is None:
        return UNVERIFIED
    r, s = int.from_bytes(message.signature[:32], "big"), int.from_bytes(message.signature[32:], "big")
    signed = octets[signing_offset(octets) + 1 : message.payload_offset + len(message.payload)]
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, _ECDSA)
    except InvalidSignature:
        return INVALID
    return VALID


def signing_offset(octets: bytes) -> int:
    """Where the general-signing tag stands: after the MAC header, if there is one."""
    if octets[0] == 0xDF:
        return 0
    length = octets[7]
    return 13 + (length & 0x7F if length & 0x80 else 0)


class Opener:
    """Opens the encrypted attributes of one message. `result` says how that went, None while nothing was encrypted."""

    def __init__(self, message: Message, keys: Keys) -> None:
        self._message = message
        self._keys = keys
        self._key: bytes | None = None
        self._looked = False
        self.result: str | None = None

    def open(self, octets: bytes) -> bytes | None:
        """The plaintext of security header, ciphertext and tag; None where there is no key or the tag is wrong."""
        if not self._looked:
            self._looked = True
            self._key = self._derive()
        if self._key is None:
            self.result = UNVERIFIED
            return None
        mode = modes.GCM(self._message.originator + _COUNTER, octets[-MAC_LENGTH:], min_tag_length=MAC_LENGTH)
        decryptor = Cipher(algorithms.AES(self._key), mode).decryptor()
        decryptor.authenticate_additional_data(_ENCRYPTED)
        try:
            plaintext = decryptor.update(octets[len(_HEADER) : -MAC_LENGTH]) + decryptor.finalize()
        except InvalidTag:
            self.result = INVALID
            return None
        if self.result is None:
            self.result = VALID
        return plaintext

    def _derive(self) -> bytes | None:
        message = self._message
        party = message.supplementary_remote_party or message.recipient
        secret = self._keys.secret(party, message.originator)
        if secret is None:
            return None
        counter = message.supplementary_originator_counter
        if counter is None:
            counter = message.originator_counter
        return derive(secret, message.originator, _ENCRYPTION_KEY + counter.to_bytes(8, "big"), party)


def is_encrypted(octets: bytes) -> bool:
    """Whether octets have the form of encrypted attributes: security header, ciphertext and tag."""
    return octets[: len(_HEADER)] == _HEADER and len(octets) >= len(_HEADER) + MAC_LENGTH
