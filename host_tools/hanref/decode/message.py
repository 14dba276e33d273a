# SPDX-License-Identifier: GPL-3.0-or-later
"""One GBCS message taken apart: header, protection, payload as a tree and in the terms of the field.

>>> decoded = decode(octets, keys)
>>> decoded.use_case.name, decoded.mac_check, decoded.content
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from han.clock import STATUS_NAMES
from han.errors import CodecError
from han.gbcs import cosem_time, envelope
from han.gbcs.envelope import Message

from hanref.decode import asn1, dlms, gbz, tables
from hanref.decode.cosem import Attribute
from hanref.decode.protection import INVALID, Opener, check_mac, check_signature, mac_parties
from hanref.decode.times import header_utc
from hanref.gbcs.keys import Keys

Tree = dict[str, Any]

KINDS = {envelope.COMMAND: "command", envelope.RESPONSE: "response", envelope.ALERT: "alert"}

# Whose clock it is where the status octet does not say: the originator's.
_GAS_CLOCKS = {"gsme": "GSME", "gpf": "GPF"}

_NO_KEYS = Keys()
_FIRST_OCTETS = {0xD9: "DLMS", 0xDA: "DLMS", 0x0F: "DLMS", 0x01: "GBZ"}


@dataclass
class Decoded:
    """A message taken apart.

    `payload` is the generic tree, `content` the same by names; `mac_check`, `signature_check` and `decryption_check` are
    `valid`, `invalid`, `unverified` (no key) or None where there is nothing to check. `time_source` is `GSME`, `GPF` or
    None; `time_reliability` `reliable`, `unreliable`, `invalid`, `not specified` or None (no date-time). `attributes` are
    those a DLMS command is about, None in other messages.
    """

    octets: bytes
    message: Message
    use_case: tables.UseCase
    payload_family: str
    payload: Any
    content: Tree
    date_time_utc: str | None
    time_source: str | None
    time_reliability: str | None
    mac_check: str | None
    mac_key_parties: tuple[bytes, bytes] | None
    signature_check: str | None
    decryption_check: str | None
    attributes: list[Attribute] | None

    @property
    def is_defective(self) -> bool:
        """Whether a MAC, a signature or the tag of encrypted attributes is invalid."""
        return INVALID in (self.mac_check, self.signature_check, self.decryption_check)

    def tree(self) -> Tree:
        """Everything as plain data; the keys are those of `hanref decode --json`."""
        message = self.message
        date_time, signature, mac = message.date_time, message.signature, message.mac
        party, certificate = message.supplementary_remote_party, message.certificate
        return {
            "cra": KINDS[message.cra],
            "originator": message.originator.hex(),
            "recipient": message.recipient.hex(),
            "originator_counter": "%016x" % message.originator_counter,
            "message_code": "%04x" % message.message_code,
            "use_case": self.use_case.name,
            "title": self.use_case.title,
            "other_info_length": _other_information_length(message),
            "date_time": None if date_time is None else date_time.hex(),
            "date_time_utc": self.date_time_utc,
            "clock_status": None if date_time is None else "%02x" % date_time[-1],
            "time_source": self.time_source,
            "time_reliability": self.time_reliability,
            "supplementary_remote_party_id": None if party is None else party.hex(),
            "supplementary_remote_party_counter": _counter(message.supplementary_remote_party_counter),
            "supplementary_originator_counter": _counter(message.supplementary_originator_counter),
            "supplementary_certificate_length": None if certificate is None else len(certificate),
            "mac_present": mac is not None,
            "mac": None if mac is None else mac.hex(),
            "mac_check": self.mac_check,
            "mac_key_parties": None if self.mac_key_parties is None else [x.hex() for x in self.mac_key_parties],
            "signature": None if signature is None else signature.hex() or "zero-length",
            "signature_check": self.signature_check,
            "decryption_check": self.decryption_check,
            "payload_length": len(message.payload),
            "payload_family": self.payload_family,
            "payload": self.payload,
            "content": self.content,
        }


def _counter(value: int | None) -> str | None:
    return None if value is None else "%016x" % value


def _other_information_length(message: Message) -> int:
    length = 2
    if message.supplementary_remote_party is not None:
        length += 8
    if message.supplementary_remote_party_counter is not None:
        length += 8
    if message.supplementary_originator_counter is not None:
        length += 8
    return length + (len(message.certificate) if message.certificate else 0)


# Which attributes the command was about that a response answers, None where nobody knows.
AskedBy = Callable[[Message], list[Attribute] | None]


def decode(octets: bytes, keys: Keys | None = None, asked_by: AskedBy | None = None) -> Decoded:
    """Take a message of any of the four forms apart; raises CodecError with the offset of what is wrong.

    `keys` check MAC and signature and open encrypted attributes. `asked_by` finds the attributes of the command that a
    response answers, if the caller has seen it: a DLMS response does not say what it is about.
    """
    if keys is None:
        keys = _NO_KEYS
    message = envelope.decode(octets)
    use_case = tables.use_cases().get(message.message_code)
    if use_case is None:
        raise CodecError("message code %04X is not in the table" % message.message_code, _code_offset(message, octets))
    opener = Opener(message, keys)
    family = _family(use_case, message)
    try:
        payload, content, attributes = _payload(family, message, use_case, opener, asked_by)
    except CodecError as error:
        raise CodecError(error.what, message.payload_offset + (error.offset or 0)) from None
    parties = mac_check = None
    if message.mac is not None:
        parties = mac_parties(message, use_case.category, keys)
        mac_check = check_mac(message, octets, parties, keys)
    signature_check = check_signature(message, octets, keys) if message.signature else None
    source, reliability = _time(message, keys)
    return Decoded(
        octets=octets,
        message=message,
        use_case=use_case,
        payload_family=family,
        payload=payload,
        content=content,
        date_time_utc=header_utc(message.date_time) if message.date_time else None,
        time_source=source,
        time_reliability=reliability,
        mac_check=mac_check,
        mac_key_parties=parties if mac_check in ("valid", "invalid") else None,
        signature_check=signature_check,
        decryption_check=opener.result,
        attributes=attributes,
    )


def _family(use_case: tables.UseCase, message: Message) -> str:
    """`DLMS`, `GBZ` or `ASN.1`: as the table says; where it leaves a choice the payload tells."""
    if use_case.protocol in ("DLMS", "GBZ", "ASN.1"):
        return use_case.protocol
    return _FIRST_OCTETS.get(message.payload[0] if message.payload else 0, "ASN.1")


def _payload(
    family: str, message: Message, use_case: tables.UseCase, opener: Opener, asked_by: AskedBy | None
) -> tuple[Any, Tree, list[Attribute] | None]:
    if family == "GBZ":
        return *gbz.decode(message, opener), None
    if family == "DLMS":
        about = asked_by(message) if asked_by and message.cra == envelope.RESPONSE else None
        return dlms.decode(message, opener, about)
    return *asn1.decode(message, use_case.name), None


def _code_offset(message: Message, octets: bytes) -> int:
    """Where the message code stands."""
    length = _other_information_length(message)
    behind = int(message.payload_offset) - 1
    # The length of the payload takes one octet, or two or three with a first one above 7F.
    for size in (2, 1):
        if octets[behind - size] == 0x80 | size:
            behind -= size
            break
    return behind - length


def _time(message: Message, keys: Keys) -> tuple[str | None, str | None]:
    """Whose time the header carries, and how far it may be trusted [REQ-0015-13]."""
    if message.date_time is None:
        return None, None
    role = keys.role(message.originator)
    status = message.date_time[-1]
    if status == cosem_time.NOT_SPECIFIED:
        return _GAS_CLOCKS.get(role or ""), "not specified"
    source, reliability = cosem_time.source_and_reliability(status, role)
    return source, STATUS_NAMES[reliability]
