# SPDX-License-Identifier: Apache-2.0
"""COSEM date-times, and what the clock status of a gas read says [GBCS 9.1, reference 4.1 and 6.2]."""

import struct

from han.clock import INVALID, RELIABLE, UNRELIABLE, TimeError, civil, moment
from han.gbcs.envelope import GbcsError

_LAYOUT = ">HBBBBBBBHB"
_ANY_YEAR = 0xFFFF
_ANY = 0xFF
_NO_DEVIATION = 0x8000

NOT_SPECIFIED = 0xFF

_INVALID_VALUE = 1
_DOUBTFUL_VALUE = 2
_DIFFERENT_CLOCK_BASE = 4


def encode(utc, status=NOT_SPECIFIED):
    """The 12 octets of a moment (seconds since 2000; None: not specified) and a clock status (REQ-0015-3)."""
    if utc is None:
        return struct.pack(_LAYOUT, _ANY_YEAR, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _ANY, _NO_DEVIATION, status)
    year, month, day, hour, minute, second = civil(utc)
    return struct.pack(_LAYOUT, year, month, day, _ANY, hour, minute, second, 0, _NO_DEVIATION, status)


def decode(octets):
    """(utc, clock status) of a date-time; utc is None where it is not specified; raises GbcsError.

    Only UTC occurs in GBCS: a deviation other than "not specified" or 0 is refused, hundredths are dropped.
    """
    if len(octets) != 12:
        raise GbcsError("a date-time has 12 octets, not %d" % len(octets))
    year, month, day, _, hour, minute, second, _, deviation, status = struct.unpack(_LAYOUT, octets)
    if year == _ANY_YEAR:
        return None, status
    if deviation not in (_NO_DEVIATION, 0):
        raise GbcsError("a date-time with the deviation %04X: GBCS has UTC only" % deviation)
    try:
        return moment(year, month, day, hour, minute, second), status
    except TimeError as error:
        raise GbcsError("a date-time that does not exist: %s" % error)


def clock_status(relayed, reliability):
    """The clock status octet of a header date-time (REQ-0015-4 to 6).

    `relayed`: the answer comes from another device than the one whose clock it was, the GPF with the time of the
    GSME. `reliability`: RELIABLE, UNRELIABLE or INVALID of han.clock.
    """
    status = _DIFFERENT_CLOCK_BASE if relayed else 0
    if reliability == UNRELIABLE:
        status |= _DOUBTFUL_VALUE
    elif reliability == INVALID:
        status |= _INVALID_VALUE
    return status


def source_and_reliability(status, originator_role):
    """What a clock status octet says, as (source, reliability) (REQ-0015-13).

    `source` is "GSME" or "GPF" as the originator's role and bit 2 tell, None where the role is neither; `reliability`
    is RELIABLE, UNRELIABLE or INVALID, None for "not specified".
    """
    if status == NOT_SPECIFIED:
        return None, None
    if status & _DIFFERENT_CLOCK_BASE or originator_role == "gsme":
        source = "GSME"
    else:
        source = "GPF" if originator_role == "gpf" else None
    if status & _INVALID_VALUE:
        return source, INVALID
    return source, UNRELIABLE if status & _DOUBTFUL_VALUE else RELIABLE
