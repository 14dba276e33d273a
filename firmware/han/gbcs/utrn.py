# SPDX-License-Identifier: Apache-2.0
"""Unique Transaction Reference Numbers: the 20 digits of a prepayment top-up [GBCS 14.4].

The digits are a number, PPTD = 7394156990786306048 + PTUT, and a check digit. The PTUT has 64 bits: 7 zeros, the low
10 bits of the UTRN counter, 2 bits value class, 13 bits value, and the last 4 octets of a MAC between supplier and
meter. The meter works out the whole counter from those it has seen.

The `secret` is what the supplier's prepayment key and the meter's key agreement key agree on, 32 octets; entity
identifiers have 8 octets; a counter is the high half of an originator counter, 32 bits.
"""

from micropython import const

from han.crypto import gcm, kdf
from han.errors import HanError

DIGITS = const(20)
PENCE = const(0)
POUNDS = const(1)
LARGEST_VALUE = const(8191)
CAPACITY = const(100)  # counters a meter keeps; how many is not public (I)

_BASE = 7394156990786306048
_CHECK_START = const(4)
# Row 1 of the permutations and the inverses of the check digit; both differ from Verhoeff's own.
_PERMUTATION = b"\x01\x05\x07\x06\x02\x08\x03\x00\x09\x04"
_INVERSE = b"\x01\x02\x06\x07\x05\x08\x03\x00\x09\x04"
_WINDOW = const(1024)  # the counter's ten bits
_HALF = const(512)

# What the MAC covers begins as that of a message: control octet and five empty fields.
_PREFIX = b"\x11\x00\x00\x00\x00\x00"
_COMMAND = b"\x01"


class UtrnError(HanError):
    """Digits that are no top-up for this meter."""


class DigitsError(UtrnError):
    """Not 20 decimal digits, or a wrong check digit: mistyped."""


class OtherDeviceError(UtrnError):
    """The number does not lie where those of GB smart meters do: a token of another system (event 8F64)."""


class NotAuthenticError(UtrnError):
    """The MAC is not that of this supplier and this meter, or the value class is none (event 8F63)."""


class DuplicateError(UtrnError):
    """The counter was used before (event 8F51)."""


def make(secret, supplier, meter, counter, value_class, value):
    """The 20 digits, as text, of a top-up of `value` (0 to 8191) PENCE or POUNDS; raises UtrnError."""
    if value_class not in (PENCE, POUNDS) or not 0 <= value <= LARGEST_VALUE:
        raise UtrnError("a top-up is 0 to 8191 pence or pounds")
    if not 0 <= counter < 1 << 32:
        raise UtrnError("a UTRN counter has 32 bits")
    high = (counter % _WINDOW) << 15 | value_class << 13 | value
    token = high << 32 | int.from_bytes(_mac(secret, supplier, meter, counter, high), "big")
    digits = "%d" % (_BASE + token)
    return digits + check_digit(digits)


def check_digit(digits):
    """The check digit, as text, of 19 digits: Verhoeff's scheme with permutations that begin at position 4."""
    result = 0
    for i in range(len(digits)):
        digit = int(digits[i])
        for _ in range((i + _CHECK_START) % 8):
            digit = _PERMUTATION[digit]
        result = _multiply(result, digit)
    return str(_INVERSE[result])


def read(digits):
    """(low 10 bits of the counter, value class, value, 4 octets of the MAC) of 20 digits; raises UtrnError."""
    if len(digits) != DIGITS or not _is_decimal(digits):
        raise DigitsError("a UTRN has 20 decimal digits")
    if check_digit(digits[:-1]) != digits[-1]:
        raise DigitsError("the check digit of the UTRN is wrong")
    token = int(digits[:-1]) - _BASE
    if not 0 <= token < 1 << 57:
        raise OtherDeviceError("the UTRN is of another kind of meter")
    high = token >> 32
    return high >> 15, high >> 13 & 3, high & LARGEST_VALUE, (token & 0xFFFFFFFF).to_bytes(4, "big")


def counter_near(highest, low):
    """The counter with these low 10 bits that the rule of the meter gives, from the highest counter it has seen."""
    position = highest % _WINDOW
    if low < position - _HALF:
        low += _WINDOW
    elif low > position + _HALF:
        low -= _WINDOW
    return highest - position + low


def check(digits, secret, supplier, meter, used, capacity=CAPACITY):
    """(counter, pence) of a top-up for this meter; raises UtrnError.

    `used` are the counters seen, at most `capacity` of them, in any order; a meter that has seen none starts from 0.
    What was found has to be kept with `remember` before the credit is given. A counter below all of a full list
    counts as used, because the meter cannot tell (I).
    """
    low, value_class, value, mac = read(digits)
    counter = counter_near(max(used) if used else 0, low)
    high = low << 15 | value_class << 13 | value
    if not 0 <= counter < 1 << 32 or value_class > POUNDS:
        raise NotAuthenticError("the UTRN is not from this supplier for this meter")
    if not gcm.equal(_mac(secret, supplier, meter, counter, high), mac):
        raise NotAuthenticError("the UTRN is not from this supplier for this meter")
    if counter in used or len(used) >= capacity and counter < min(used):
        raise DuplicateError("the UTRN was used before")
    return counter, value * 100 if value_class == POUNDS else value


def remember(used, counter, capacity=CAPACITY):
    """The counters seen, `counter` included: a sorted list of at most `capacity`, without the lowest (I)."""
    return sorted(list(used) + [counter])[-capacity:]


def _mac(secret, supplier, meter, counter, high):
    """The last 4 octets of the tag."""
    transaction = _COMMAND + counter.to_bytes(4, "big") + bytes(4)
    key = kdf.derive(secret, supplier, transaction, meter)
    covered = b"".join((_PREFIX, supplier, meter, transaction, high.to_bytes(4, "big")))
    return gcm.seal(key, supplier + bytes(4), b"", covered)[1][12:]


def _multiply(a, b):
    """The product of two elements of the dihedral group of the pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _is_decimal(digits):
    return all("0" <= digit <= "9" for digit in digits)
