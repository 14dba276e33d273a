# SPDX-License-Identifier: Apache-2.0
"""The curve NIST P-256 on Python integers: public keys, key agreement, products of points [FIPS 186-4 D.1.2.3].

**For test keys only.** Products with a secret number take the same sequence of doublings and additions whatever the
number is. The integer arithmetic below them is not constant time: the interpreter's multiplication, division and
power, its memory management, and the way a sum of points copes with a point at infinity depend on the values. Who can
measure the board can learn a key, so no key that protects anything real may be used here.

Private keys are 32 octets, big endian. Public keys are 65 octets, `04`, x, y, as GBCS certificates carry them.
Inside, a point is (x, y, z) in Jacobian coordinates: x / z^2, y / z^3; z is 0 at infinity.
"""

from micropython import const

from han.crypto.p256_table import COLUMNS, TABLE
from han.errors import CryptoError

PRIVATE_KEY_LENGTH = 32
PUBLIC_KEY_LENGTH = 65

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

_INFINITY = (1, 1, 0)
_TEETH = (256 + COLUMNS - 1) // COLUMNS
_WINDOWS = const(64)  # digits of four bits


class KeyFormatError(CryptoError):
    """Octets that are no private or public key of P-256."""


def _double(point):
    x, y, z = point
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x_sum = (alpha * alpha - 8 * beta) % P
    return x_sum, (alpha * (4 * beta - x_sum) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(a, b):
    x1, y1, z1 = a
    x2, y2, z2 = b
    if not z1:
        return b
    if not z2:
        return a
    z1_square = z1 * z1 % P
    z2_square = z2 * z2 % P
    u1 = x1 * z2_square % P
    s1 = y1 * (z2 * z2_square % P) % P
    h = (x2 * z1_square - u1) % P
    r = (y2 * (z1 * z1_square % P) - s1) % P
    if not h:
        return _INFINITY if r else _double(a)
    return _finish_addition(u1, s1, h, r, z1 * z2)


def _add_affine(a, x2, y2):
    """The sum of a point and of one whose z is 1."""
    x1, y1, z1 = a
    if not z1:
        return x2, y2, 1
    z1_square = z1 * z1 % P
    h = (x2 * z1_square - x1) % P
    r = (y2 * (z1 * z1_square % P) - y1) % P
    if not h:
        return _INFINITY if r else _double(a)
    return _finish_addition(x1, y1, h, r, z1)


def _finish_addition(u1, s1, h, r, z):
    h_square = h * h % P
    h_cube = h * h_square % P
    v = u1 * h_square % P
    x_sum = (r * r - h_cube - 2 * v) % P
    return x_sum, (r * (v - x_sum) - s1 * h_cube) % P, h * z % P


def _affine(point):
    """(x, y) of a point, None at infinity."""
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, P - 2, P)
    square = inverse * inverse % P
    return x * square % P, y * (square * inverse % P) % P


def _column(octets, position):
    """Bits `position`, `position` + COLUMNS, ... of a number of 33 octets, as the row of the table."""
    row = 0
    for tooth in range(_TEETH):
        bit = position + tooth * COLUMNS
        row |= (octets[32 - (bit >> 3)] >> (bit & 7) & 1) << tooth
    return row


def _add_column(point, octets, position):
    """The sum of a point and of the base point's multiple in this column."""
    row = _column(octets, position)
    at = ((row or 1) - 1) * 64
    total = _add_affine(point, int.from_bytes(TABLE[at : at + 32], "big"), int.from_bytes(TABLE[at + 32 : at + 64], "big"))
    # An empty column costs the same addition; its result is dropped.
    return total if row else point


def _base_product(number):
    octets = number.to_bytes(33, "big")
    total = _INFINITY
    for position in range(COLUMNS - 1, -1, -1):
        total = _add_column(_double(total), octets, position)
    return total


def _odd_multiples(point):
    """1, 3, 5 ... 15 times a point (x, y)."""
    first = point[0], point[1], 1
    twice = _double(first)
    multiples = [first]
    for _ in range(7):
        multiples.append(_add(multiples[-1], twice))
    return multiples


def _digits(number):
    """An odd number as 64 odd digits between -15 and 15, lowest first, so that no digit is nothing to add."""
    digits = bytearray(_WINDOWS)
    octets = number.to_bytes(32, "little")
    for place in range(_WINDOWS - 1):
        nibble = octets[place >> 1] >> (place & 1) * 4 & 15
        # An even digit takes 16 off the one below it, which was made odd in the same way, and becomes odd itself.
        digits[place] = nibble | 1
        if place and not nibble & 1:
            digits[place - 1] |= 0x80
    nibble = octets[31] >> 4
    digits[63] = nibble | 1
    if not nibble & 1:
        digits[62] |= 0x80
    return digits


def _add_digit(total, multiples, digit):
    """`digit` is d, or d - 16 with the top bit set."""
    if digit & 0x80:
        x, y, z = multiples[(15 - (digit & 15)) >> 1]
        return _add(total, (x, -y, z))
    return _add(total, multiples[digit >> 1])


def _products(base_number, point, number):
    """`base_number` times the base point and `number` times `point` (x, y) in one chain of doublings."""
    odd = number & 1
    # The digits need an odd number. The order is odd, so one of the two is, and the other sign makes up for it.
    digits = _digits(number if odd else ORDER - number)
    multiples = _odd_multiples(point if odd else (point[0], P - point[1]))
    octets = base_number.to_bytes(33, "big") if base_number else None
    total = multiples[digits[_WINDOWS - 1] >> 1]
    for place in range(_WINDOWS - 2, -1, -1):
        for position in range(4 * place + 3, 4 * place - 1, -1):
            total = _double(total)
            if octets and position < COLUMNS:
                total = _add_column(total, octets, position)
        total = _add_digit(total, multiples, digits[place])
    return total


def private_number(octets):
    """The number of a private key; raises KeyFormatError."""
    if len(octets) != PRIVATE_KEY_LENGTH:
        raise KeyFormatError("a private key has 32 octets, not %d" % len(octets))
    number = int.from_bytes(octets, "big")
    if not 0 < number < ORDER:
        raise KeyFormatError("the private key is not between 1 and the order of the curve")
    return number


def public_point(octets):
    """(x, y) of a public key that lies on the curve; raises KeyFormatError.

    P-256 has cofactor 1: every point of the curve but infinity, which has no such encoding, is in the right group.
    """
    if len(octets) != PUBLIC_KEY_LENGTH or octets[0] != 4:
        raise KeyFormatError("a public key is 65 octets of which the first is 04")
    x = int.from_bytes(octets[1:33], "big")
    y = int.from_bytes(octets[33:], "big")
    if x >= P or y >= P or (y * y - (x * x - 3) * x - _B) % P:
        raise KeyFormatError("the public key is no point of the curve P-256")
    return x, y


def public_key(private):
    """The public key, 65 octets, of a private key, 32 octets; raises KeyFormatError."""
    x, y = _affine(_base_product(private_number(private)))
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def shared_secret(private, public):
    """What a private key and the other party's public key agree on: x, 32 octets [GBCS 4.3.3.3].

    Raises KeyFormatError.
    """
    x, _ = _affine(_products(0, public_point(public), private_number(private)))
    return x.to_bytes(32, "big")


def base_product_x(number):
    """The x coordinate of `number` (1 to ORDER - 1) times the base point, for a signature."""
    return _affine(_base_product(number))[0]


def products_x(base_number, point, number):
    """The x coordinate of `base_number` * base point + `number` * `point`, None at infinity; for checking a signature.

    `base_number` is 0 to ORDER - 1, `number` 1 to ORDER - 1, `point` as `public_point` returns it.
    """
    found = _affine(_products(base_number, point, number))
    return found[0] if found else None
