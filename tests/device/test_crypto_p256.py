# SPDX-License-Identifier: GPL-3.0-or-later
"""P-256 against numbers that are not ours: RFC 6979 A.2.5, the base point's order, GBCS 18.4 where it is at hand."""

from han.crypto import ecdsa, p256
from support import equal, raises, vectors


def octets(text):
    return bytes.fromhex(text)


# RFC 6979 A.2.5: the key, and (message, r, s) with SHA-256.
PRIVATE = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
PUBLIC = (
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
SIGNED = (
    (
        b"sample",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        b"test",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
)


def number(value):
    return value.to_bytes(32, "big")


def test_public_key_of_the_standard():
    equal(p256.public_key(octets(PRIVATE)), octets(PUBLIC))


def test_signatures_of_the_standard():
    for message, r, s in SIGNED:
        equal(ecdsa.sign(octets(PRIVATE), message), octets(r + s))
        assert ecdsa.verify(octets(PUBLIC), message, octets(r + s))


def test_small_and_large_keys_are_mirror_images():
    for value in (1, 2, 3, 15, 16, 17, 31, 2**52, 2**52 + 1, 2**104 - 1, 2**255):
        low = p256.public_key(number(value))
        high = p256.public_key(number(p256.ORDER - value))
        equal(low[:33], high[:33])
        equal(int.from_bytes(low[33:], "big") + int.from_bytes(high[33:], "big"), p256.P)


def test_two_ways_to_a_product_agree():
    # With the base point as the other party's key, key agreement is the public key's x by the other algorithm.
    base = p256.public_key(number(1))
    for value in (1, 2, 3, 4, 15, 16, 17, 255, 2**64, 2**252 - 1, p256.ORDER - 2, p256.ORDER - 1):
        equal(p256.shared_secret(number(value), base), p256.public_key(number(value))[1:33], str(value))


def test_both_parties_agree_on_one_secret():
    other = number(0x1234567890ABCDEF << 130)
    secret = p256.shared_secret(octets(PRIVATE), p256.public_key(other))
    equal(p256.shared_secret(other, octets(PUBLIC)), secret)
    equal(len(secret), 32)


def test_sum_of_products_where_the_parts_meet():
    # a times the base point and b times c times the base point: infinity, doublings and cancelled parts on the way.
    for a, b, c in ((1, 1, 1), (5, 1, p256.ORDER - 5), (0, 7, 3), (2**51, 2**51, 1), (p256.ORDER - 3, 3, 2), (9, 3, 3)):
        public = p256.public_key(number(c))
        total = (a + b * c) % p256.ORDER
        expected = p256.base_product_x(total) if total else None
        equal(p256.products_x(a, p256.public_point(public), b), expected)


def test_a_changed_signature_message_or_key_is_refused():
    message, r, s = SIGNED[0]
    signature = octets(r + s)
    public = octets(PUBLIC)
    assert not ecdsa.verify(public, b"sampler", signature)
    for at in (0, 31, 32, 63):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not ecdsa.verify(public, message, bytes(changed))
    assert not ecdsa.verify(p256.public_key(number(5)), message, signature)


def test_signatures_out_of_range_are_refused():
    message, r, s = SIGNED[0]
    r = octets(r)
    s = octets(s)
    order = number(p256.ORDER)
    for wrong in (b"", r, r + s + b"\x00", bytes(32) + s, r + bytes(32), order + s, r + order, b"\xff" * 64):
        assert not ecdsa.verify(octets(PUBLIC), message, wrong)


def test_public_keys_that_are_no_points_are_refused():
    public = octets(PUBLIC)
    off = bytearray(public)
    off[64] ^= 1
    too_large = b"\x04" + number(p256.P) + public[33:]
    for wrong in (
        b"",
        public[:64],
        public + b"\x00",
        b"\x02" + public[1:],
        bytes(65),
        b"\x04" + bytes(64),
        bytes(off),
        too_large,
    ):
        raises(p256.KeyFormatError, p256.public_point, wrong)
        raises(p256.KeyFormatError, p256.shared_secret, octets(PRIVATE), wrong)
        raises(p256.KeyFormatError, ecdsa.verify, wrong, b"", bytes(64))


def test_private_keys_out_of_range_are_refused():
    for wrong in (b"", bytes(31), bytes(32), bytes(33), number(p256.ORDER), b"\xff" * 32):
        raises(p256.KeyFormatError, p256.public_key, wrong)
        raises(p256.KeyFormatError, ecdsa.sign, wrong, b"sample")


def test_no_key_octet_appears_in_an_error():
    error = raises(p256.KeyFormatError, p256.public_key, number(p256.ORDER + 0x4242))
    for shown in ("4242", str(0x4242), "ffffffff00"):
        assert shown not in str(error).lower()


def test_published_signatures_verify():
    keys = vectors("keys.json")["parties"]
    for row in vectors("crypto.json")["signature"]:
        public = octets(keys[row["signer"]]["digital_signature_public"])
        assert ecdsa.verify(public, octets(row["signed_bytes"]), octets(row["signature"])), row["message_id"]


def test_published_shared_secret():
    row = vectors("crypto.json")["gbcs_18_4"]
    equal(
        p256.shared_secret(octets(row["broker_ka_private"]), octets(row["device_ka_public"])),
        octets(row["z"]),
    )
    equal(p256.public_key(octets(row["supplier_ds_private"])), octets(row["supplier_ds_public"]))
