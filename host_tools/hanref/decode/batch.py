# SPDX-License-Identifier: GPL-3.0-or-later
"""Many messages in a row: each is decoded by itself, a bad one costs nothing but itself.

A DLMS response does not say which attributes it is about, so those of the commands seen before it are kept for a while.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from han.errors import CodecError
from han.gbcs.envelope import Message

from hanref.decode.cosem import Attribute
from hanref.decode.message import Decoded, decode
from hanref.gbcs.keys import Keys

_KEPT = 4096


@dataclass
class Result:
    """What became of the input with that index, counted from 0: a Decoded, or the error."""

    index: int
    decoded: Decoded | None = None
    error: CodecError | None = None


class Batch:
    """Decodes messages in their order and counts what it found."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys
        self.count = 0
        self.errors = 0
        self.defective = 0
        self._asked: OrderedDict[tuple[bytes, bytes, int, int], list[Attribute]] = OrderedDict()

    def results(self, inputs: Iterable[bytes | CodecError]) -> Iterator[Result]:
        """One Result for each input; an input that is an error already stays one."""
        for item in inputs:
            yield self.result(item)

    def result(self, item: bytes | CodecError) -> Result:
        """The Result of the next input."""
        result = Result(self.count)
        self.count += 1
        try:
            if isinstance(item, CodecError):
                raise item
            decoded = result.decoded = self._decode(item)
            self.defective += decoded.is_defective
        except CodecError as error:
            result.error = error
            self.errors += 1
        return result

    def _decode(self, octets: bytes) -> Decoded:
        decoded = decode(octets, self.keys, self._asked_by)
        message = decoded.message
        if decoded.attributes is not None:
            key = (message.recipient, message.originator, message.originator_counter, message.message_code)
            self._asked[key] = decoded.attributes
            if len(self._asked) > _KEPT:
                self._asked.popitem(last=False)
        return decoded

    def _asked_by(self, response: Message) -> list[Attribute] | None:
        """The attributes of the command that a response answers."""
        key = (response.originator, response.recipient, response.originator_counter, response.message_code)
        return self._asked.get(key)
