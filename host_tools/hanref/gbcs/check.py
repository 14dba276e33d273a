# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and decrypts GBCS messages with the `cryptography` package alone: an independent judge of the firmware's own
cryptography."""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from han.gbcs import axdr, dlms, envelope, gbz, protected, use_cases

from hanref.gbcs.answering import point, verify
from hanref.gbcs.keys import Keys

ALGORITHM = bytes.fromhex("60857406080300")
TAG = 12
ENCRYPTION_PURPOSE = 4


@dataclass
class Checked:
    """A message and what its keys say: `mac` and `signature` are `valid`, `invalid`, `unverified` (no key) or None (not
    there); `plaintexts` has an entry for each encrypted GBZ component or protected read of DLMS, None where it could not be
    read."""

    message: envelope.Message
    mac: str | None = None
    signature: str | None = None
    plaintexts: list[bytes | None] = field(default_factory=list)


def derive(secret: bytes, originator: bytes, purpose: int, counter: int, recipient: bytes) -> bytes:
    """The 16-octet key of one use."""
    transaction = bytes((9, purpose)) + counter.to_bytes(8, "big")
    information = ALGORITHM + originator + transaction + recipient
    return ConcatKDFHash(hashes.SHA256(), 16, information).derive(secret)


def gcm_tag(key: bytes, originator: bytes, additional: bytes) -> bytes:
    """The tag, 16 octets, of an empty plaintext."""
    encryptor = Cipher(algorithms.AES(key), modes.GCM(originator + bytes(4))).encryptor()
    encryptor.authenticate_additional_data(additional)
    encryptor.finalize()
    return encryptor.tag


def open_attributes(key: bytes, device: bytes, octets: bytes) -> bytes | None:
    """The plaintext of encrypted attributes; None where header or tag is wrong."""
    if octets[:5] != b"\x31\x00\x00\x00\x00" or len(octets) < 5 + TAG:
        return None
    mode = modes.GCM(device + bytes(4), octets[-TAG:], min_tag_length=TAG)
    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    decryptor.authenticate_additional_data(b"\x31")
    try:
        return decryptor.update(octets[5:-TAG]) + decryptor.finalize()
    except InvalidTag:
        return None


def mac_parties(message: envelope.Message, keys: Keys) -> tuple[bytes, bytes] | None:
    """The two entities whose keys protect a message; None where that is not known."""
    if message.cra != envelope.COMMAND:
        return message.recipient, message.originator
    if keys.is_device(message.originator):
        return message.originator, message.recipient
    broker = keys.broker()
    return (broker, message.recipient) if broker else None


def mac_of(message: envelope.Message, secret: bytes) -> bytes:
    """The MAC, 12 octets, that a message should have."""
    key = derive(secret, message.originator, message.cra, message.originator_counter, message.recipient)
    return gcm_tag(key, message.originator, envelope.mac_input(message))[:TAG]


def check(octets: bytes, keys: Keys) -> Checked:
    """Decode a message, check its MAC and signature, decrypt its GBZ components; raises GbcsError."""
    message = envelope.decode(octets)
    checked = Checked(message)
    if message.mac is not None:
        parties = mac_parties(message, keys)
        secret = keys.secret(*parties) if parties else None
        if secret is None:
            checked.mac = "unverified"
        else:
            checked.mac = "valid" if mac_of(message, secret) == message.mac else "invalid"
    if message.signature:
        public = keys.signature_key(message.originator)
        if public is None:
            checked.signature = "unverified"
        else:
            right = verify(point(public), envelope.signature_input(message), message.signature)
            checked.signature = "valid" if right else "invalid"
    use_case = use_cases.find(message.message_code)
    if use_case is not None:
        _decrypt(checked, _encrypted(use_case.protocol, message), keys)
    return checked


def _encrypted(protocol: int, message: envelope.Message) -> list[bytes]:
    """The encrypted attributes of a message, in order."""
    if protocol == use_cases.GBZ:
        components = gbz.decode(message.payload, message.cra, message.message_code).components
        return [component.payload for component in components if component.encrypted]
    if protocol == use_cases.DLMS and message.cra == envelope.RESPONSE:
        answers = (items for tag, items in dlms.decode(message.payload).data if tag == axdr.STRUCTURE)
        return [items[place][1] for items in answers if (place := protected.find(items)) is not None]
    return []


def _decrypt(checked: Checked, encrypted: list[bytes], keys: Keys) -> None:
    message = checked.message
    reader = message.supplementary_remote_party or message.recipient
    counter = message.supplementary_originator_counter
    if counter is None:
        counter = message.originator_counter
    secret = keys.secret(reader, message.originator)
    for octets in encrypted:
        if secret is None:
            checked.plaintexts.append(None)
            continue
        key = derive(secret, message.originator, ENCRYPTION_PURPOSE, counter, reader)
        checked.plaintexts.append(open_attributes(key, message.originator, octets))
