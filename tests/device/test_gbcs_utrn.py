# SPDX-License-Identifier: GPL-3.0-or-later
"""UTRNs of prepayment top-ups: made, checked, refused."""

from han.crypto import p256
from han.gbcs import utrn
from support import equal, raises, vectors

SECRET = bytes(range(32))
SUPPLIER = bytes.fromhex("f0aa000000010000")
METER = bytes.fromhex("00db0000000000e5")


def made(counter, value_class=utrn.PENCE, value=1000, secret=SECRET, meter=METER):
    return utrn.make(secret, SUPPLIER, meter, counter, value_class, value)


def checked(digits, used=(), secret=SECRET, meter=METER):
    return utrn.check(digits, secret, SUPPLIER, meter, used)


def with_check_digit(digits):
    return digits[:19] + utrn.check_digit(digits[:19])


def test_a_top_up_is_read_back():
    for counter, value_class, value, pence in (
        (1, utrn.PENCE, 0, 0),
        (2, utrn.PENCE, 8191, 8191),
        (3, utrn.POUNDS, 1, 100),
        (512, utrn.POUNDS, 8191, 819100),
    ):
        digits = made(counter, value_class, value)
        equal(len(digits), 20)
        equal(checked(digits), (counter, pence))


def test_only_pence_and_pounds_can_be_sent():
    for value_class, value in ((2, 1), (3, 1), (utrn.PENCE, 8192), (utrn.POUNDS, -1)):
        raises(utrn.UtrnError, made, 1, value_class, value)
    for counter in (-1, 1 << 32):
        raises(utrn.UtrnError, made, counter)


def test_every_single_mistyped_digit_is_found():
    digits = made(77, utrn.POUNDS, 25)
    for at in range(20):
        for digit in "0123456789":
            typed = digits[:at] + digit + digits[at + 1 :]
            if typed != digits:
                raises(utrn.DigitsError, utrn.read, typed)


def test_every_swap_of_neighbours_is_found():
    digits = made(99, utrn.POUNDS, 10)
    for at in range(19):
        typed = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        if typed != digits:
            raises(utrn.DigitsError, utrn.read, typed)


def test_what_is_no_number_of_twenty_digits_is_refused():
    digits = made(1)
    for typed in ("", digits[:19], digits + "0", digits[:19] + "x", " " + digits[1:], "-" + digits[1:], digits[:19] + "²"):
        raises(utrn.DigitsError, utrn.read, typed)


def test_a_token_of_another_system_is_refused():
    for digits in ("0" * 19, "1" * 19, "7394156990786306047", "7538272178862161920", "9" * 19):
        raises(utrn.OtherDeviceError, checked, with_check_digit(digits))


def test_the_ends_of_the_range_are_ours():
    for token in (0, (1 << 57) - 1):
        utrn.read(with_check_digit("%d" % (7394156990786306048 + token)))


def test_another_meter_supplier_or_secret_is_not_authentic():
    digits = made(5)
    equal(checked(digits), (5, 1000))
    raises(utrn.NotAuthenticError, checked, digits, (), SECRET, bytes(8))
    raises(utrn.NotAuthenticError, checked, digits, (), bytes(32))
    raises(utrn.NotAuthenticError, utrn.check, digits, SECRET, bytes(8), METER, ())


def test_a_changed_value_is_not_authentic():
    digits = made(5, utrn.PENCE, 1000)
    for change in (1, 1 << 13, 1 << 14, 1 << 15):
        token = int(digits[:19]) + (change << 32)
        raises(utrn.NotAuthenticError, checked, with_check_digit("%d" % token))


def test_a_used_counter_is_a_duplicate():
    used = utrn.remember((), 5)
    raises(utrn.DuplicateError, checked, made(5), used)
    raises(utrn.DuplicateError, checked, made(5, utrn.POUNDS, 3), used)
    equal(checked(made(4), used), (4, 1000))
    equal(checked(made(6), used), (6, 1000))


def test_the_meter_forgets_the_lowest_and_refuses_what_lies_below():
    used = []
    for counter in range(10, 15):
        used = utrn.remember(used, counter, 4)
    equal(used, [11, 12, 13, 14])
    for counter in (9, 10, 11):
        raises(utrn.DuplicateError, utrn.check, made(counter), SECRET, SUPPLIER, METER, used, 4)
    equal(utrn.check(made(15), SECRET, SUPPLIER, METER, used, 4), (15, 1000))


def test_the_counter_is_the_nearest_with_these_bits():
    # highest seen, low ten bits received, counter [GBCS 14.4]
    for highest, low, counter in (
        (0, 0, 0),
        (0, 1, 1),
        (0, 512, 512),
        (0, 513, -511),
        (1000, 1000, 1000),
        (1000, 487, 1511),
        (1000, 488, 488),
        (1023, 0, 1024),
        (1024, 1023, 1023),
        (5000, 904, 5000),
        (5000, 905, 5001),
        (5000, 391, 5511),
        (2**32 - 1, 1022, 2**32 - 2),
    ):
        equal(utrn.counter_near(highest, low), counter, "%d, %d" % (highest, low))


def test_counters_are_followed_over_their_ten_bits():
    used = []
    for counter in (500, 1000, 1500, 2011, 1700, 2522, 100000):
        if counter == 100000:
            raises(utrn.NotAuthenticError, checked, made(counter), used)
        else:
            equal(checked(made(counter), used), (counter, 1000))
            used = utrn.remember(used, counter)


def test_a_counter_below_zero_is_not_authentic():
    raises(utrn.NotAuthenticError, checked, made(600), ())


def test_published_tokens():
    keys = vectors("keys.json")["parties"]
    for row in vectors("crypto.json")["utrn"]:
        supplier = keys[row["originator"]]
        meter = keys[row["target"]]
        secret = p256.shared_secret(
            bytes.fromhex(supplier["prepay_key_agreement_private"]), bytes.fromhex(meter["key_agreement_public"])
        )
        parties = secret, bytes.fromhex(row["originator"]), bytes.fromhex(row["target"])
        counter = int(row["counter"], 16) >> 32
        value_class = {"pence": utrn.PENCE, "pounds": utrn.POUNDS}[row["value_class"]]
        equal(utrn.make(*(parties + (counter, value_class, row["value"]))), row["utrn"])
        pence = row["value"] * (100 if value_class == utrn.POUNDS else 1)
        equal(utrn.check(*((row["utrn"],) + parties + ((),))), (counter, pence))
