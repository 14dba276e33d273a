# SPDX-License-Identifier: Apache-2.0
"""The GBCS message envelope: MAC header, grouping header, payload, signature, MAC [GBCS 7.2.5, 7.2.7].

All integers are big endian. Four forms exist: MAC only (`signature` is b""), MAC and signature, signature only
(`mac` is None), and the pre-command that a service user signs (`signature` and `mac` are None).
"""

from han.errors import CodecError

COMMAND = 1
RESPONSE = 2
ALERT = 3

MAC_LENGTH = 12
SIGNATURE_LENGTH = 64
DATE_TIME_LENGTH = 12
LIMIT = 1200  # octets of a message that travels whole, or of a block of one, with its headers [GBCS 7.2.11]

_CIPHERING = 0xDD
_SIGNING = 0xDF
# General-ciphering with six empty fields: transaction, originator, recipient, date-time, other information, key.
_MAC_HEADER = bytes((_CIPHERING, 0, 0, 0, 0, 0, 0))
# Authenticated only, suite 1; invocation counter 0.
_SECURITY_HEADER = b"\x11\x00\x00\x00\x00"
# What stands before the grouping header in the octets a MAC covers: the control octet and the five empty fields.
_MAC_PREFIX = b"\x11\x00\x00\x00\x00\x00"


class GbcsError(CodecError):
    """Octets that are no GBCS message, or a field that does not fit into one."""


class Message:
    """One GBCS message.

    `cra` is COMMAND, RESPONSE or ALERT; `originator_counter`, `supplementary_remote_party_counter` and
    `supplementary_originator_counter` are integers of 64 bits; `originator`, `recipient` and
    `supplementary_remote_party` are entity identifiers, 8 octets, most significant first; `date_time` is a COSEM
    date-time of 12 octets; `certificate` is the key agreement certificate of the supplementary party. What a
    message does not have is None. `signature` is None where the field is absent, b"" where it is empty, else 64
    octets; `mac` is None or 12 octets.
    """

    def __init__(
        self,
        cra,
        originator_counter,
        originator,
        recipient,
        message_code,
        payload=b"",
        date_time=None,
        signature=None,
        mac=None,
        supplementary_remote_party=None,
        supplementary_remote_party_counter=None,
        supplementary_originator_counter=None,
        certificate=None,
    ):
        self.cra = cra
        self.originator_counter = originator_counter
        self.originator = originator
        self.recipient = recipient
        self.message_code = message_code
        self.payload = payload
        self.date_time = date_time
        self.signature = signature
        self.mac = mac
        self.supplementary_remote_party = supplementary_remote_party
        self.supplementary_remote_party_counter = supplementary_remote_party_counter
        self.supplementary_originator_counter = supplementary_originator_counter
        self.certificate = certificate
        # Where the payload began in the octets this was decoded from: offsets in a payload count from there.
        self.payload_offset = None


def transaction(purpose, counter):
    """The transaction identifier, 9 octets: an octet for the purpose (the CRA flag) and the counter."""
    return bytes((purpose,)) + counter.to_bytes(8, "big")


def length_octets(length):
    """A BER length: one octet below 128, else 81 LL or 82 LL LL."""
    if length < 0x80:
        return bytes((length,))
    if length < 0x100:
        return bytes((0x81, length))
    if length < 0x10000:
        return bytes((0x82, length >> 8, length & 0xFF))
    raise GbcsError("a part of %d octets is too long for a GBCS message" % length)


# --- encoding -----------------------------------------------------------------------------------------------


def _fixed(octets, length, name):
    if len(octets) != length:
        raise GbcsError("%s has %d octets, not %d" % (name, length, len(octets)))
    return octets


def _counter(value, name):
    if not 0 <= value < 1 << 64:
        raise GbcsError("%s does not fit into 8 octets" % name)
    return value.to_bytes(8, "big")


def _other_information(message):
    if not 0 <= message.message_code < 0x10000:
        raise GbcsError("the message code does not fit into 2 octets")
    parts = [message.message_code.to_bytes(2, "big")]
    party = message.supplementary_remote_party
    counter = message.supplementary_remote_party_counter
    second = message.supplementary_originator_counter
    certificate = message.certificate
    if party is None and counter is not None or counter is None and (second is not None or certificate is not None):
        raise GbcsError("supplementary remote party and counter belong together")
    if second is not None and certificate is not None:
        raise GbcsError("a message has a supplementary originator counter or a certificate, not both")
    if party is not None:
        parts.append(_fixed(party, 8, "supplementary remote party"))
    if counter is not None:
        parts.append(_counter(counter, "supplementary remote party counter"))
    if second is not None:
        parts.append(_counter(second, "supplementary originator counter"))
    if certificate is not None:
        if len(certificate) <= 8:
            raise GbcsError("a certificate of %d octets is none" % len(certificate))
        parts.append(certificate)
    return b"".join(parts)


def is_block(octets):
    """Whether these octets are a block of a message and not a whole one: a message's MAC header names no transaction."""
    return len(octets) > 1 and octets[0] == _CIPHERING and octets[1] == 9


def signature_input(message):
    """The octets a signature covers: from the length of the transaction identifier to the end of the payload."""
    other = _other_information(message)
    date_time = message.date_time
    return b"".join(
        (
            bytes((9, message.cra)),
            _counter(message.originator_counter, "originator counter"),
            b"\x08",
            _fixed(message.originator, 8, "originator"),
            b"\x08",
            _fixed(message.recipient, 8, "recipient"),
            b"\x00" if date_time is None else b"\x0c" + _fixed(date_time, DATE_TIME_LENGTH, "date-time"),
            length_octets(len(other)),
            other,
            length_octets(len(message.payload)),
            message.payload,
        )
    )


def _signed(message):
    """The message without MAC header and MAC."""
    signature = message.signature
    body = signature_input(message)
    if signature is None:
        return bytes((_SIGNING,)) + body
    if signature:
        _fixed(signature, SIGNATURE_LENGTH, "signature")
    return b"".join((bytes((_SIGNING,)), body, bytes((len(signature),)), signature))


def mac_input(message):
    """The additional data of the MAC: its prefix and everything from the grouping header to the signature."""
    if message.signature is None:
        raise GbcsError("a message with a MAC has a signature field, be it empty")
    return _MAC_PREFIX + _signed(message)


def encode(message):
    """The octets of a message in the form that its `signature` and `mac` say; raises GbcsError."""
    if not COMMAND <= message.cra <= ALERT:
        raise GbcsError("the CRA flag is 1, 2 or 3, not %d" % message.cra)
    if message.mac is None:
        if message.signature is not None and not message.signature:
            raise GbcsError("a message has a MAC or a signature")
        return _signed(message)
    inner = mac_input(message)[len(_MAC_PREFIX) :]
    _fixed(message.mac, MAC_LENGTH, "MAC")
    length = length_octets(len(_SECURITY_HEADER) + len(inner) + MAC_LENGTH)
    return b"".join((_MAC_HEADER, length, _SECURITY_HEADER, inner, message.mac))


# --- decoding -----------------------------------------------------------------------------------------------


class _Reader:
    """A place in the octets of a message."""

    def __init__(self, octets, end):
        self.octets = octets
        self.position = 0
        self.end = end

    def take(self, length, name):
        start = self.position
        if start + length > self.end:
            raise GbcsError("%s is cut short: %d octets of %d" % (name, self.end - start, length), start)
        self.position = start + length
        return self.octets[start : start + length]

    def octet(self, name):
        return self.take(1, name)[0]

    def expect(self, octets, name):
        start = self.position
        found = self.take(len(octets), name)
        if found == octets:
            return
        for i in range(len(octets)):
            if found[i] != octets[i]:
                raise GbcsError("%s is %02X, not %02X" % (name, found[i], octets[i]), start + i)

    def length(self, name):
        start = self.position
        first = self.octet(name)
        if first < 0x80:
            return first
        if first not in (0x81, 0x82):
            raise GbcsError("%s is coded %02X" % (name, first), start)
        value = int.from_bytes(self.take(first & 3, name), "big")
        if value < (0x80 if first == 0x81 else 0x100):
            raise GbcsError("%s is not in its shortest form" % name, start)
        return value

    def integer(self, name):
        return int.from_bytes(self.take(8, name), "big")


def decode(octets):
    """The message in `octets`, all of them; raises GbcsError with the offset of what is wrong."""
    octets = bytes(octets)
    reader = _Reader(octets, len(octets))
    if not octets:
        raise GbcsError("an empty message", 0)
    if octets[0] not in (_CIPHERING, _SIGNING):
        raise GbcsError("a message begins with DD or DF, not %02X" % octets[0], 0)
    authenticated = octets[0] == _CIPHERING
    if authenticated:
        _read_mac_header(reader)
    reader.expect(bytes((_SIGNING,)), "general-signing tag")
    message = _read_grouping_header(reader)
    length = reader.length("payload length")
    message.payload_offset = reader.position
    message.payload = reader.take(length, "payload")
    if authenticated or reader.position < reader.end:
        message.signature = _read_signature(reader, authenticated)
    if reader.position != reader.end:
        raise GbcsError("%d octets too many" % (reader.end - reader.position), reader.position)
    if authenticated:
        message.mac = octets[reader.end :]
    return message


def _read_mac_header(reader):
    reader.expect(_MAC_HEADER, "MAC header")
    start = reader.position
    length = reader.length("length of the message")
    rest = reader.end - reader.position
    if length != rest:
        raise GbcsError("the length says %d octets, %d follow" % (length, rest), start)
    if length < len(_SECURITY_HEADER) + MAC_LENGTH:
        raise GbcsError("the length leaves no room for a MAC", start)
    reader.end -= MAC_LENGTH
    reader.expect(_SECURITY_HEADER, "security header")


def _read_grouping_header(reader):
    reader.expect(b"\x09", "transaction identifier length")
    start = reader.position
    cra = reader.octet("CRA flag")
    if not COMMAND <= cra <= ALERT:
        raise GbcsError("the CRA flag is %02X" % cra, start)
    counter = reader.integer("originator counter")
    reader.expect(b"\x08", "originator length")
    originator = reader.take(8, "originator")
    reader.expect(b"\x08", "recipient length")
    recipient = reader.take(8, "recipient")
    message = Message(cra, counter, originator, recipient, 0)
    start = reader.position
    length = reader.octet("date-time length")
    if length == DATE_TIME_LENGTH:
        message.date_time = reader.take(length, "date-time")
    elif length:
        raise GbcsError("the date-time has 0 or 12 octets, not %d" % length, start)
    _read_other_information(reader, message)
    return message


def _read_other_information(reader, message):
    start = reader.position
    length = reader.length("other information length")
    if length not in (2, 10, 18) and length < 26:
        raise GbcsError("other information has 2, 10, 18, 26 or more octets, not %d" % length, start)
    message.message_code = int.from_bytes(reader.take(2, "message code"), "big")
    if length >= 10:
        message.supplementary_remote_party = reader.take(8, "supplementary remote party")
    if length >= 18:
        message.supplementary_remote_party_counter = reader.integer("supplementary remote party counter")
    if length == 26:
        message.supplementary_originator_counter = reader.integer("supplementary originator counter")
    elif length > 26:
        message.certificate = reader.take(length - 18, "certificate")


def _read_signature(reader, authenticated):
    start = reader.position
    length = reader.octet("signature length")
    if length != SIGNATURE_LENGTH and (length or not authenticated):
        raise GbcsError("the signature length is %d" % length, start)
    return reader.take(length, "signature")
