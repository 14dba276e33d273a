# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS messages in what tunnels carry [GBCS 10.2]."""

from han.errors import HanError
from han.gbcs import envelope

_LONGEST_HEADER = 3  # what GET, GET-RESPONSE and PUT of the sleeping meter put before the message


def message_in(data: bytes) -> bytes | None:
    """The GBCS message in the data of a transfer, None where there is none."""
    for skipped in range(_LONGEST_HEADER + 1):
        try:
            envelope.decode(data[skipped:])
        except (HanError, ValueError, IndexError):
            continue
        return data[skipped:]
    return None
