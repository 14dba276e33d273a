# SPDX-License-Identifier: GPL-3.0-or-later
"""CS02c, CS02d, CS02e: a device makes keys, takes certificates for them and shows these."""

import certificates as made
import commissioning_support as bench
from commissioning_support import DEVICE, SUPPLIER, Bench, named
from han.crypto import ecdsa
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT
from han.gbcs import certification_request, checks, der
from han.gbcs.elements import sequence
from support import equal

OK = made.own_authority()
SIGNING = sequence((der.BIT_STRING, b"\x07\x80"))
AGREEMENT = sequence((der.BIT_STRING, b"\x03\x08"))
CERTIFYING = sequence((der.BIT_STRING, b"\x02\x04"))
BOTH = sequence((der.BIT_STRING, b"\x03\x88"))


def device():
    """One that trusts the issuing authority, as devices do that get certificates without a path."""
    found = Bench(authority=OK)
    found.keys.add_authority(OK.issuer)
    return found


def request(found, usage=SIGNING, counter=1000):
    """The answer to a CS02c, whole and in parts: (octets of what is signed, public key, subject, signature)."""
    octets = found.give(named("CS02c", usage, counter=counter)).payload
    information, algorithm, signature = der.decode(octets)[1]
    version, subject, key, attributes = information[1]
    equal((version, attributes), ((der.INTEGER, b"\0"), (0xA0, [])))
    equal(der.encode(algorithm).hex(), "300a06082a8648ce3d040302")
    halves = [part[1] for part in der.decode(signature[1][1:])[1]]
    plain = b"".join([bytes(32 - len(half)) + half if len(half) < 33 else half[1:] for half in halves])
    return der.encode(information), key[1][1][1][1:], der.encode(subject), plain


def take(found, octets, counter=2000):
    """What a CS02d with that certificate ends with."""
    return der.integer_of(der.decode(found.give(named("CS02d", (der.RAW, octets), counter=counter)).payload))


def test_a_request_is_for_a_new_key_and_signed_with_it():
    found = device()
    old = found.public_key()
    for number, usage in enumerate((SIGNING, AGREEMENT)):
        information, public, subject, signature = request(found, usage, 1000 + number)
        assert ecdsa.verify(public, information, signature)
        equal(found.keys.proposed((DIGITAL_SIGNATURE, KEY_AGREEMENT)[number]), public)
        equal(subject, certification_request.subject_of(DEVICE))
    equal(found.public_key(), old)


def test_every_request_has_another_key():
    found = device()
    first = request(found)[1]
    found.restart()
    second = request(found, counter=1001)[1]
    assert first != second
    equal(found.keys.proposed(DIGITAL_SIGNATURE), second)


def test_names_that_the_maker_gave_stand_in_the_request():
    found = device()
    names = [der.encode(sequence()), der.encode((0xA0, [sequence(der.integer(1))]))]
    found.device.request_names = names
    information = der.decode(found.give(named("CS02c", SIGNING)).payload)[1][0]
    equal([der.encode(information[1][1]), der.encode(information[1][3])], names)


def test_keys_for_anything_else_are_not_made():
    for usage in (CERTIFYING, BOTH, sequence((der.BIT_STRING, b"\0"))):
        equal(device().give(named("CS02c", usage)).payload.hex(), "020101")
    for element in (sequence(), der.integer(1), sequence((der.BIT_STRING, b"\x07\x80"), der.integer(0))):
        equal(device().refused(named("CS02c", element)), checks.PAYLOAD)


def issued(usage=DIGITAL_SIGNATURE, entity=DEVICE, key=0x99):
    return OK.issue(None, entity, key, usage)


def with_new_key(usage=DIGITAL_SIGNATURE, key=0x99):
    """A device to which a key was given that waits for its certificate."""
    found = device()
    found.keys.propose(usage, made.private_key(key))
    return found


def test_a_certificate_lets_the_new_key_take_over():
    found = with_new_key()
    new = found.keys.proposed(DIGITAL_SIGNATURE)
    equal(take(found, issued()), 0)
    equal((found.public_key(), found.keys.proposed(DIGITAL_SIGNATURE)), (new, None))
    equal(found.device.logged, [0x8F4D])
    found.restart()
    equal(found.public_key(), new)
    equal(found.give(named("CS02e", SIGNING)).payload, issued())
    equal(found.give(named("CS02e", AGREEMENT)).payload.hex(), "020102")
    equal(found.give(named("CS02e", CERTIFYING)).payload.hex(), "020101")


def test_a_new_key_for_agreements_lets_the_old_secrets_go():
    found = with_new_key(KEY_AGREEMENT)
    equal(take(found, issued(KEY_AGREEMENT)), 0)
    equal(found.device.logged, [0x8F4F])
    assert found.keys.secret(SUPPLIER) not in (None, bench.SECRET)


def test_what_is_wrong_with_a_certificate_is_said_and_the_old_key_stays():
    strange = made.strange_authority()
    for octets, code, events in (
        (strange.issue(None, DEVICE, 0x99, 0), 1, []),
        (der.encode(sequence(der.integer(1))), 1, []),
        (issued(entity=SUPPLIER), 2, []),
        (issued(usage=5), 3, []),
        (issued(KEY_AGREEMENT), 4, [0x8F4E]),
        (issued(key=0x98), 5, [0x8F4C]),
    ):
        found = with_new_key()
        old = found.public_key()
        equal(take(found, octets), code)
        equal((found.public_key(), found.device.logged), (old, events))
        equal(take(found, issued(), counter=2001), 0)


def test_a_command_that_came_before_is_refused():
    found = with_new_key()
    equal(take(found, issued()), 0)
    equal(found.refused(named("CS02d", (der.RAW, issued()), counter=2000)), checks.REPLAYED)
