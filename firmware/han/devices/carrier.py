# SPDX-License-Identifier: Apache-2.0
"""GBCS messages as they go through one tunnel: whole, or in blocks of which lost ones are asked for again [GBCS 7.2.11]."""

from binascii import crc32

from han.errors import CodecError
from han.gbcs import envelope
from han.later import Later

blocks = Later("han.gbcs.blocks")

_REMEMBERED = 8  # messages
_FOR = 7200  # seconds within which the same message again is one that was sent again (I)


class Carrier:
    """One end of a tunnel as far as whole messages go. `received(octets, time)` takes each message that has come, once: the
    other end sends again what it does not know to have arrived."""

    def __init__(self, received):
        self._take = received
        self._seen = []  # (check, time) of the latest messages
        self._assembler = Later("han.gbcs.blocks", "Assembler")
        self._sent = []  # the blocks of the last large message, for when the other end lacks some

    def _received(self, octets, time):
        check = crc32(octets)
        seen = [entry for entry in self._seen if time - entry[1] < _FOR]
        if check in [entry[0] for entry in seen]:
            return
        seen.append((check, time))
        self._seen = seen[-_REMEMBERED:]
        self._take(octets, time)

    def outgoing(self, octets):
        """The pieces in which a message travels; raises CodecError for one that is too large."""
        if len(octets) <= envelope.LIMIT:
            return [octets]
        message = envelope.decode(octets)
        transaction = bytes((message.cra,)) + message.originator_counter.to_bytes(8, "big")
        code = message.message_code.to_bytes(2, "big")
        self._sent = blocks.split(octets, transaction, message.originator, message.recipient, code)
        return self._sent

    def incoming(self, octets, time):
        """A piece has come; returns the pieces to send back: a request for lost blocks, or the blocks requested."""
        if not envelope.is_block(octets):
            self._received(octets, time)
            return ()
        try:
            block = blocks.decode(octets)
        except CodecError:
            return ()
        if not block.number:
            return self._sent[block.acknowledged :]
        message = self._assembler.take(block)
        if message is not None:
            self._received(message, time)
            return ()
        wanted = self._assembler.wanted(block) if block.last else None
        return () if wanted is None else (wanted,)
