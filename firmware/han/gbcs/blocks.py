# SPDX-License-Identifier: Apache-2.0
"""Large messages in blocks: general block transfer [GBCS 7.2.11, reference 10.3].

Block numbers begin at 1, the security header repeats that of a message, and a receiver asks for what it lacks by a block
without data that acknowledges the last one it has in order: these three are ours (I). The limit of 1200 octets is derived.
"""

from han.errors import CodecError
from han.gbcs.envelope import LIMIT

DATA = LIMIT - 51  # octets of a block's data: a full block then has exactly LIMIT octets
MOST = 63

_HEAD = 42  # octets of the routing header
_BLOCK = 0xE0
_LAST = 0x80
_SECURITY_HEADER = b"\x11\x00\x00\x00\x00"


class BlockError(CodecError):
    """Octets that are no block, or a message that needs more blocks than there may be."""


class Block:
    """One block: whose it is (`originator`, `recipient`, `transaction` of 9 octets, `code` of 2), its place, its data."""

    def __init__(self, transaction, originator, recipient, code, number, last, acknowledged, data):
        self.transaction = transaction
        self.originator = originator
        self.recipient = recipient
        self.code = code
        self.number = number
        self.last = last
        self.acknowledged = acknowledged
        self.data = data

    def encode(self):
        body = bytes((_BLOCK, _LAST if self.last else 0)) + self.number.to_bytes(2, "big")
        body += self.acknowledged.to_bytes(2, "big") + _length(len(self.data)) + self.data
        header = b"\xdd\x09" + self.transaction + b"\x08" + self.originator + b"\x08" + self.recipient
        header += b"\x00\x02" + self.code + b"\x00" + _length(len(_SECURITY_HEADER) + len(body)) + _SECURITY_HEADER
        return header + body


def decode(octets):
    """The Block; raises BlockError."""
    try:
        transaction, at = _field(octets, 1, 9)
        originator, at = _field(octets, at, 8)
        recipient, at = _field(octets, at, 8)
        if octets[at]:
            raise BlockError("a block has no date-time", at)
        code, at = _field(octets, at + 1, 2)
        if octets[at]:
            raise BlockError("a block has no key information", at)
        length, at = _read_length(octets, at + 1)
        if length != len(octets) - at:
            raise BlockError("the block announces %d octets and has %d" % (length, len(octets) - at), at)
        at += len(_SECURITY_HEADER)
        if octets[at] != _BLOCK:
            raise BlockError("no block where one should begin", at)
        last = bool(octets[at + 1] & _LAST)
        number = octets[at + 2] << 8 | octets[at + 3]
        acknowledged = octets[at + 4] << 8 | octets[at + 5]
        length, at = _read_length(octets, at + 6)
        if length != len(octets) - at:
            raise BlockError("the data announce %d octets and have %d" % (length, len(octets) - at), at)
    except IndexError:
        raise BlockError("the block ends too soon", len(octets))
    return Block(transaction, originator, recipient, code, number, last, acknowledged, bytes(octets[at:]))


def split(message, transaction, originator, recipient, code):
    """The blocks, as octets, of a message that is over the limit; raises BlockError for one that is too large."""
    count = (len(message) + DATA - 1) // DATA
    if count > MOST:
        raise BlockError("a message of %d octets needs more than %d blocks" % (len(message), MOST))
    return [
        Block(
            transaction,
            originator,
            recipient,
            code,
            number,
            number == count,
            0,
            message[(number - 1) * DATA : number * DATA],
        ).encode()
        for number in range(1, count + 1)
    ]


class Assembler:
    """Puts messages together out of blocks, in whatever order they come and however often.

    Holds `messages` unfinished ones at most; the oldest goes.
    """

    def __init__(self, messages=2):
        self._messages = messages
        self._parts = []  # [key, {number: data}, number of the last]

    def take(self, block):
        """A block has come: the whole message in octets, or None while some are missing."""
        key = (block.originator, block.recipient, block.transaction)
        part = self._find(key)
        if part is None:
            part = [key, {}, None]
            self._parts.append(part)
            if len(self._parts) > self._messages:
                self._parts.pop(0)
        if 1 <= block.number <= MOST:
            part[1][block.number] = block.data
            if block.last:
                part[2] = block.number
        if part[2] is None or len(part[1]) < part[2]:
            return None
        self._parts.remove(part)
        return b"".join([part[1][number] for number in range(1, part[2] + 1)])

    def wanted(self, block):
        """The block without data that asks for the rest of the message this block belongs to; None if nothing is missing."""
        part = self._find((block.originator, block.recipient, block.transaction))
        if part is None:
            return None
        have = 0
        while have + 1 in part[1]:
            have += 1
        return Block(
            block.transaction, block.originator, block.recipient, block.code, 0, False, have, b""
        ).encode()

    def _find(self, key):
        for part in self._parts:
            if part[0] == key:
                return part
        return None


def _length(count):
    if count < 0x80:
        return bytes((count,))
    if count < 0x100:
        return bytes((0x81, count))
    return bytes((0x82, count >> 8, count & 0xFF))


def _read_length(octets, at):
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    if first == 0x81:
        return octets[at + 1], at + 2
    if first == 0x82:
        return octets[at + 1] << 8 | octets[at + 2], at + 3
    raise BlockError("a length of this form is not used", at)


def _field(octets, at, size):
    if octets[at] != size:
        raise BlockError("%d octets announced where %d belong" % (octets[at], size), at)
    value = bytes(octets[at + 1 : at + 1 + size])
    if len(value) < size:
        raise BlockError("the block ends too soon", len(octets))
    return value, at + 1 + size
