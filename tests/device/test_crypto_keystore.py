# SPDX-License-Identifier: GPL-3.0-or-later
"""The key store of a device: cells, secrets kept over a restart, what a new key lets go of."""

import gbcs_support as made
from han.crypto import ecdsa, p256
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT, CertificateError
from han.crypto.keystore import PREPAYMENT, KeyStore
from han.errors import CryptoError
from han.gbcs import use_cases
from han.stores.memory import MemoryValues
from han.stores.values import Values
from power import Files, Flash, survives
from support import equal, raises

BROKER = bytes.fromhex("f0aa000000000002")
SUPPLIER = bytes.fromhex("f0aa000000010000")
OTHER = bytes.fromhex("f0aa000000010009")
SUPPLIER_ROLE = 2
BROKER_ROLE = 4


def private(number):
    return number.to_bytes(32, "big")


def public(number):
    return p256.public_key(private(number))


def commissioned(values):
    keys = KeyStore(values)
    keys.set_private(KEY_AGREEMENT, private(1001))
    keys.set_private(DIGITAL_SIGNATURE, private(1002))
    keys.set_cell(BROKER_ROLE, KEY_AGREEMENT, BROKER, public(2001))
    keys.set_cell(SUPPLIER_ROLE, KEY_AGREEMENT, SUPPLIER, public(2002))
    keys.set_cell(SUPPLIER_ROLE, DIGITAL_SIGNATURE, SUPPLIER, public(2003))
    keys.set_cell(SUPPLIER_ROLE, KEY_AGREEMENT, SUPPLIER, public(2004), PREPAYMENT)
    return keys


def test_an_empty_store_knows_nobody():
    keys = KeyStore(MemoryValues())
    equal(keys.role(SUPPLIER), None)
    equal(keys.holder(SUPPLIER_ROLE), None)
    equal(keys.secret(SUPPLIER), None)
    equal(keys.sign, None)
    equal(keys.agree, None)
    equal(keys.public(KEY_AGREEMENT), None)
    equal(keys.proposed(KEY_AGREEMENT), None)
    equal(keys.signature_is_valid(SUPPLIER, b"", bytes(64)), False)
    equal(keys.cells(), [])
    raises(CryptoError, keys.adopt, KEY_AGREEMENT)


def test_secrets_are_those_of_both_sides():
    keys = commissioned(MemoryValues())
    equal(keys.secret(BROKER), p256.shared_secret(private(2001), public(1001)))
    equal(keys.secret(SUPPLIER), p256.shared_secret(private(2002), public(1001)))
    equal(keys.secret(SUPPLIER, PREPAYMENT), p256.shared_secret(private(2004), public(1001)))
    equal(keys.secret(BROKER, PREPAYMENT), None)
    equal(keys.agree(public(7)), p256.shared_secret(private(7), public(1001)))


def test_roles_and_signatures():
    keys = commissioned(MemoryValues())
    equal(keys.role(SUPPLIER), SUPPLIER_ROLE)
    equal(keys.role(BROKER), BROKER_ROLE)
    equal(keys.holder(BROKER_ROLE), BROKER)
    equal(keys.role(OTHER), None)
    signature = keys.sign(b"answer")
    equal(signature, ecdsa.sign(private(1002), b"answer"))
    equal(keys.verify(keys.public(DIGITAL_SIGNATURE), b"answer", signature), True)
    equal(keys.signature_is_valid(SUPPLIER, b"command", ecdsa.sign(private(2003), b"command")), True)
    equal(keys.signature_is_valid(SUPPLIER, b"command!", ecdsa.sign(private(2003), b"command")), False)
    equal(keys.signature_is_valid(BROKER, b"command", ecdsa.sign(private(2003), b"command")), False)


def test_a_secret_is_worked_out_once():
    values = MemoryValues()
    keys = commissioned(values)
    expected = [keys.secret(BROKER), keys.secret(SUPPLIER), keys.secret(SUPPLIER, PREPAYMENT)]
    again = KeyStore(values)
    work = p256.shared_secret
    p256.shared_secret = None  # whoever would agree again fails
    try:
        equal([again.secret(BROKER), again.secret(SUPPLIER), again.secret(SUPPLIER, PREPAYMENT)], expected)
    finally:
        p256.shared_secret = work
    equal(again.cells(), keys.cells())
    equal(again.sign(b"x"), keys.sign(b"x"))


def test_a_new_key_in_a_cell_gives_a_new_secret():
    keys = commissioned(MemoryValues())
    broker = keys.secret(BROKER)
    keys.secret(SUPPLIER)
    keys.set_cell(SUPPLIER_ROLE, KEY_AGREEMENT, SUPPLIER, public(3000))
    equal(keys.secret(SUPPLIER), p256.shared_secret(private(3000), public(1001)))
    equal(keys.secret(BROKER), broker)


def test_another_holder_of_a_cell_replaces_the_first():
    keys = commissioned(MemoryValues())
    keys.secret(SUPPLIER)
    keys.set_cell(SUPPLIER_ROLE, KEY_AGREEMENT, OTHER, public(3001))
    keys.set_cell(SUPPLIER_ROLE, DIGITAL_SIGNATURE, OTHER, public(3002))
    keys.remove_cell(SUPPLIER_ROLE, KEY_AGREEMENT, PREPAYMENT)
    equal(keys.holder(SUPPLIER_ROLE), OTHER)
    equal(keys.role(SUPPLIER), None)
    equal(keys.secret(SUPPLIER), None)
    equal(keys.secret(OTHER), p256.shared_secret(private(3001), public(1001)))


def test_a_removed_cell_is_empty_for_good():
    values = MemoryValues()
    keys = commissioned(values)
    keys.secret(BROKER)
    keys.remove_cell(BROKER_ROLE, KEY_AGREEMENT)
    keys.remove_cell(BROKER_ROLE, KEY_AGREEMENT)
    for store in (keys, KeyStore(values)):
        equal(store.secret(BROKER), None)
        equal(store.role(BROKER), None)
        equal(store.cell(BROKER_ROLE, KEY_AGREEMENT), None)


def test_a_proposed_key_is_used_once_it_is_adopted():
    values = MemoryValues()
    keys = commissioned(values)
    before = keys.secret(BROKER)
    equal(keys.propose(KEY_AGREEMENT, private(4000)), public(4000))
    equal(keys.proposed(KEY_AGREEMENT), public(4000))
    equal(keys.secret(BROKER), before)
    equal(keys.public(KEY_AGREEMENT), public(1001))
    keys = KeyStore(values)
    keys.adopt(KEY_AGREEMENT)
    equal(keys.public(KEY_AGREEMENT), public(4000))
    equal(keys.proposed(KEY_AGREEMENT), None)
    equal(keys.secret(BROKER), p256.shared_secret(private(2001), public(4000)))
    raises(CryptoError, keys.adopt, KEY_AGREEMENT)


def test_no_secret_outlives_its_key_wherever_power_goes():
    old = p256.shared_secret(private(2001), public(1001))
    new = p256.shared_secret(private(2001), public(4000))
    for steps in range(12):
        flash = Flash()
        keys = KeyStore(Values(Files(flash)))
        keys.set_private(KEY_AGREEMENT, private(1001))
        keys.set_cell(BROKER_ROLE, KEY_AGREEMENT, BROKER, public(2001))
        keys.secret(BROKER)
        keys.propose(KEY_AGREEMENT, private(4000))
        flash.cut_after(steps)
        survives(keys.adopt, KEY_AGREEMENT)
        flash.power_on(steps * 31)
        keys = KeyStore(Values(Files(flash)))
        adopted = keys.public(KEY_AGREEMENT) == public(4000)
        equal(keys.secret(BROKER), new if adopted else old)


def test_seeded_parties():
    keys = KeyStore(MemoryValues())
    keys.add(BROKER, BROKER_ROLE, bytes(range(32)))
    keys.add(SUPPLIER, SUPPLIER_ROLE, bytes(32), public(2003))
    keys.add(OTHER, 3)
    equal(keys.secret(BROKER), bytes(range(32)))
    equal(keys.secret(SUPPLIER), bytes(32))
    equal(keys.secret(OTHER), None)
    equal([keys.role(party) for party in (BROKER, SUPPLIER, OTHER)], [BROKER_ROLE, SUPPLIER_ROLE, 3])
    equal(keys.signature_is_valid(SUPPLIER, b"command", ecdsa.sign(private(2003), b"command")), True)
    raises(CryptoError, keys.add, b"short", 2)


def test_the_gbcs_server_takes_this_key_store():
    expected = made.server()[0].answer(made.read_summation(), 0)
    server, _, _ = made.server()
    server.keys = KeyStore(MemoryValues())
    equal(server.answer(made.read_summation(), 0), None)
    equal(server.refusals, {"unknown originator": 1})
    for party, role in ((made.BROKER, use_cases.ACCESS_CONTROL_BROKER), (made.SUPPLIER, use_cases.SUPPLIER)):
        server.keys.add(party, role, made.SECRETS[party])
    equal(server.answer(made.read_summation(), 0), expected)
    assert expected is not None


def test_keys_that_are_none_are_refused():
    keys = KeyStore(MemoryValues())
    raises(p256.KeyFormatError, keys.set_private, KEY_AGREEMENT, bytes(32))
    raises(p256.KeyFormatError, keys.propose, KEY_AGREEMENT, bytes(31))
    raises(p256.KeyFormatError, keys.set_cell, 2, KEY_AGREEMENT, SUPPLIER, bytes(65))
    raises(CertificateError, keys.import_certificate, b"")
    raises(CertificateError, keys.add_root, b"\x30\x00")
    equal(keys.cells(), [])


def test_nothing_is_shown():
    keys = commissioned(MemoryValues())
    keys.secret(BROKER)
    for text in (repr(keys), str(keys)):
        assert keys.secret(BROKER).hex() not in text and "1001" not in text
