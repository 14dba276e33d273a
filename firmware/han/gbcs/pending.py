# SPDX-License-Identifier: Apache-2.0
"""Instructions with a date, kept until it comes [GBCS 9.2, reference 4.3], over a loss of power.

There is one a message code: a later one takes the place of an earlier one, a cancellation takes it away (I). `values`
are han.stores.values; a command may be longer than a value, so it is kept in pieces.
"""

from micropython import const

_NAME = "instruction_%04x"
_PIECE = _NAME + "_%d"
_PIECE_LENGTH = const(4000)


class Instruction:
    """What is to be done at `utc`: the payload of a command, from whom, and under which originator counter."""

    def __init__(self, message_code, utc, originator, counter, on_behalf_of, payload):
        self.message_code = message_code
        self.utc = utc
        self.originator = originator
        self.counter = counter
        self.on_behalf_of = on_behalf_of
        self.payload = payload


def keep(values, utc, message):
    """Keep the command in a message for a moment; raises StoreError, and what was kept before stays."""
    code = message.message_code
    payload = message.payload
    changes = {}
    for number in range((len(payload) + _PIECE_LENGTH - 1) // _PIECE_LENGTH):
        changes[_PIECE % (code, number)] = payload[number * _PIECE_LENGTH : (number + 1) * _PIECE_LENGTH]
    changes[_NAME % code] = (
        utc,
        message.originator,
        message.originator_counter,
        message.supplementary_remote_party,
        len(changes),
    )
    values.set_all(changes)


def cancel(values, message_code):
    """Forget what was kept under a message code, if anything was."""
    kept = values.get(_NAME % message_code)
    if kept is not None:
        values.remove([_NAME % message_code] + [_PIECE % (message_code, number) for number in range(kept[-1])])


def _codes(values):
    prefix = _NAME[: _NAME.index("%")]
    return [int(name[len(prefix) :], 16) for name in values.keys() if name.startswith(prefix) and name.count("_") == 1]


def next_utc(values):
    """The earliest moment that something is kept for, None where nothing is."""
    kept = [values.get(_NAME % code) for code in _codes(values)]
    moments = [header[0] for header in kept if header is not None]
    return min(moments) if moments else None


def due(values, utc):
    """The Instructions whose moment has come, in order of time. They stay until they are cancelled.

    One of which a piece was lost to a damaged flash is left out.
    """
    found = []
    for code in _codes(values):
        header = values.get(_NAME % code)
        if header is None or header[0] > utc:
            continue
        pieces = [values.get(_PIECE % (code, number)) for number in range(header[-1])]
        if None not in pieces:
            found.append(Instruction(code, header[0], header[1], header[2], header[3], b"".join(pieces)))
    found.sort(key=_moment_of)
    return found


def _moment_of(instruction):
    return instruction.utc
