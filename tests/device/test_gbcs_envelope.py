# SPDX-License-Identifier: GPL-3.0-or-later
"""The GBCS envelope in its four forms, and where damage is found."""

import gbcs_plain as plain
from han.gbcs import envelope
from han.gbcs.envelope import COMMAND, RESPONSE, GbcsError, Message, decode, encode
from support import equal, raises

A = bytes(range(8))
B = bytes(range(8, 16))


def message(**named):
    fields = {"payload": b"payload", "signature": b"", "mac": b"M" * 12}
    fields.update(named)
    return Message(COMMAND, 1000, A, B, 0x0074, **fields)


HEADER = "df09" + "01" + "00000000000003e8" + "08" + "0001020304050607" + "08" + "08090a0b0c0d0e0f" + "00" + "020074" + "07"
PAYLOAD = b"payload".hex()


def test_the_four_forms():
    body = HEADER + PAYLOAD
    equal(encode(message(signature=None, mac=None)).hex(), body)
    equal(encode(message(signature=b"S" * 64, mac=None)).hex(), body + "40" + "53" * 64)
    equal(encode(message()).hex(), "dd000000000000" + "3b" + "1100000000" + body + "00" + "4d" * 12)
    equal(
        encode(message(signature=b"S" * 64)).hex(),
        "dd000000000000" + "7b" + "1100000000" + body + "40" + "53" * 64 + "4d" * 12,
    )


def test_what_mac_and_signature_cover():
    made = message()
    equal(envelope.signature_input(made).hex(), (HEADER + PAYLOAD)[2:])
    equal(envelope.mac_input(made).hex(), "110000000000" + HEADER + PAYLOAD + "00")
    signed = message(signature=b"S" * 64)
    equal(envelope.signature_input(signed), envelope.signature_input(made))
    equal(envelope.mac_input(signed).hex(), "110000000000" + HEADER + PAYLOAD + "40" + "53" * 64)


def test_lengths_take_as_many_octets_as_they_need():
    for length in (0, 1, 127, 128, 255, 256, 1000, 60000):
        octets = encode(message(payload=bytes(length)))
        equal(len(decode(octets).payload), length)
        equal(encode(decode(octets)), octets)
    equal(envelope.length_octets(0x7F).hex(), "7f")
    equal(envelope.length_octets(0x80).hex(), "8180")
    equal(envelope.length_octets(0x100).hex(), "820100")
    raises(GbcsError, envelope.length_octets, 0x10000)
    raises(GbcsError, encode, message(payload=bytes(0xFFF0)))


def test_other_information():
    party = {"supplementary_remote_party": b"P" * 8}
    counted = dict(party)
    counted["supplementary_remote_party_counter"] = 0xFFFFFFFFFFFFFFFF
    second = dict(counted)
    second["supplementary_originator_counter"] = 0
    certified = dict(counted)
    certified["certificate"] = b"C" * 400
    for named in ({}, party, counted, second, certified):
        octets = encode(message(**named))
        found = decode(octets)
        for name in ("supplementary_remote_party", "supplementary_remote_party_counter"):
            equal(getattr(found, name), named.get(name))
        for name in ("supplementary_originator_counter", "certificate"):
            equal(getattr(found, name), named.get(name))
        equal(encode(found), octets)


def test_fields_that_do_not_fit_are_refused():
    for named in (
        {"date_time": bytes(11)},
        {"mac": bytes(11)},
        {"signature": bytes(63)},
        {"signature": None},
        {"supplementary_remote_party": bytes(7)},
        {"supplementary_remote_party_counter": 1},
        {"supplementary_remote_party": bytes(8), "supplementary_originator_counter": 1},
        {"supplementary_remote_party": bytes(8), "supplementary_remote_party_counter": 1 << 64},
        {"supplementary_remote_party": bytes(8), "supplementary_remote_party_counter": 1, "certificate": bytes(8)},
    ):
        raises(GbcsError, encode, message(**named))
    raises(GbcsError, encode, message(signature=b"", mac=None))
    raises(GbcsError, encode, Message(4, 1, A, B, 1, signature=None))
    raises(GbcsError, encode, Message(RESPONSE, -1, A, B, 1, signature=None))
    raises(GbcsError, encode, Message(RESPONSE, 1, A[:7], B, 1, signature=None))
    raises(GbcsError, encode, Message(RESPONSE, 1, A, B, 0x10000, signature=None))


def test_every_cut_and_every_addition_is_an_error_with_its_place():
    for made in (message(), message(date_time=bytes(12), signature=b"S" * 64), message(signature=b"S" * 64, mac=None)):
        octets = encode(made)
        for end in range(len(octets)):
            # A message without MAC and signature is a form of its own.
            if end != len(HEADER) // 2 + 7 or made.mac is not None:
                offset = plain.offset_of_error(octets[:end])
                assert 0 <= offset <= end, (end, offset)
        assert plain.offset_of_error(octets + b"\x00") >= 0


def test_where_damage_is_found():
    octets = bytearray(encode(message()))
    for at, value, offset in (
        (0, 0xDE, 0),
        (3, 1, 3),  # an empty field of the MAC header
        (7, 0x3C, 7),  # length
        (8, 0x31, 8),  # security header
        (13, 0xDE, 13),  # general-signing tag
        (14, 0x08, 14),  # transaction identifier length
        (15, 0x04, 15),  # CRA flag
        (24, 0x07, 24),  # originator length
        (42, 0x0B, 42),  # date-time length
        (43, 0x03, 43),  # other information length
        (46, 0x06, 53),  # payload length: the signature length is then elsewhere
        (54, 0x01, 54),  # signature length
    ):
        damaged = bytearray(octets)
        damaged[at] = value
        equal(plain.offset_of_error(bytes(damaged)), offset, "octet %d" % at)


def test_lengths_that_are_not_shortest_are_refused():
    octets = encode(message(signature=None, mac=None))
    place = len(HEADER) // 2 - 1
    equal(plain.offset_of_error(octets[:place] + b"\x81\x07" + octets[place + 1 :]), place)
    equal(plain.offset_of_error(octets[:place] + b"\x82\x00\x07" + octets[place + 1 :]), place)
    equal(plain.offset_of_error(octets[:place] + b"\x83\x00\x00\x07" + octets[place + 1 :]), place)


def test_an_empty_signature_needs_a_mac():
    octets = encode(message(signature=None, mac=None))
    equal(plain.offset_of_error(octets + b"\x00"), len(octets))


def test_views_are_taken():
    octets = encode(message())
    equal(decode(memoryview(b"--" + octets)[2:]).payload, b"payload")
