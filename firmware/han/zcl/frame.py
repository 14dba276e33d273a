# SPDX-License-Identifier: Apache-2.0
"""The ZCL frame: header and payload [ZCL 2.4]."""

from micropython import const

from han.errors import CodecError

GLOBAL = const(0)  # a command that every cluster has
CLUSTER = const(1)  # a command of one cluster
TO_SERVER = const(0)
TO_CLIENT = const(1)

_MANUFACTURER = const(0x04)
_TO_CLIENT = const(0x08)
_NO_DEFAULT_RESPONSE = const(0x10)


class Frame:
    """One ZCL frame.

    `frame_type` is GLOBAL or CLUSTER, `direction` TO_SERVER or TO_CLIENT, `sequence` the transaction sequence number
    0 to 255, `manufacturer` the manufacturer code of a manufacturer-specific frame and otherwise None, `payload` bytes.
    """

    def __init__(
        self,
        frame_type,
        command,
        payload=b"",
        sequence=0,
        direction=TO_SERVER,
        disable_default_response=False,
        manufacturer=None,
    ):
        self.frame_type = frame_type
        self.command = command
        self.payload = payload
        self.sequence = sequence
        self.direction = direction
        self.disable_default_response = disable_default_response
        self.manufacturer = manufacturer

    def encode(self):
        """The octets of the frame."""
        control = self.frame_type
        if self.direction:
            control |= _TO_CLIENT
        if self.disable_default_response:
            control |= _NO_DEFAULT_RESPONSE
        manufacturer = self.manufacturer
        if manufacturer is None:
            return bytes((control, self.sequence, self.command)) + self.payload
        header = (control | _MANUFACTURER, manufacturer & 0xFF, manufacturer >> 8, self.sequence, self.command)
        return bytes(header) + self.payload

    @staticmethod
    def decode(buffer):
        """The frame in `buffer`. Raises CodecError where the header is cut short.

        A reserved frame type (2, 3) is kept as it is; reserved bits of the header are ignored.
        """
        if len(buffer) < 3:
            raise _cut_short(buffer, 3)
        control = buffer[0]
        start = 5 if control & _MANUFACTURER else 3
        if len(buffer) < start:
            raise _cut_short(buffer, start)
        payload = buffer[start:]
        return Frame(
            control & 3,
            buffer[start - 1],
            payload if isinstance(payload, bytes) else bytes(payload),
            buffer[start - 2],
            TO_CLIENT if control & _TO_CLIENT else TO_SERVER,
            bool(control & _NO_DEFAULT_RESPONSE),
            buffer[1] | buffer[2] << 8 if start == 5 else None,
        )


def _cut_short(buffer, needed):
    return CodecError("a ZCL header needs %d octets, there are %d" % (needed, len(buffer)), 0)
