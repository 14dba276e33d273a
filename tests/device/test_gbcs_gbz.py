# SPDX-License-Identifier: GPL-3.0-or-later
"""GBZ payloads, the templates they follow, COSEM date-times and the table of use cases."""

import gbcs_plain as plain
from gbcs_support import fill
from han.clock import INVALID, RELIABLE, UNRELIABLE, moment
from han.gbcs import cosem_time, gbz, templates, use_cases
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE, GbcsError
from support import equal, raises


def code(name):
    return use_cases.code_of(name)


def test_a_clear_an_encrypted_and_a_dated_component():
    components = [
        gbz.Component(0x0702, 0x00, 0, 0x00, b"\x02\x03"),
        gbz.Component(0x0705, 0x18, 1, 0x01, b"ciphered", encrypted=True, frame_counter=2),
        gbz.Component(0x0705, 0x01, 2, 0x0A, b"\x01", from_date_time=0x1C374A80),
    ]
    octets = gbz.encode(gbz.Payload(components))
    equal(
        octets.hex(),
        "01090300070200050000000203020705000f00021801010008" + b"ciphered".hex() + "1107050008" + "1c374a80" + "01020a01",
    )
    found = gbz.decode(octets, COMMAND)
    equal(gbz.encode(found), octets)
    equal([component.frame_counter for component in found.components], [0, 2, 0])
    equal(found.components[2].from_date_time, 0x1C374A80)


def test_alerts_have_a_code_and_a_time():
    bare = bytes.fromhex("0109008f301c374a80")
    equal(plain.decode_payload(bare, ALERT, code("GCA")), [0x8F30, 0x1C374A80, b"", 0, []])
    equal(plain.encode_payload(0x8F30, 0x1C374A80, b"", 0, []), bare)
    other = bytes.fromhex("0109018f721c374a800920") + bytes(32)
    found = plain.decode_payload(other, ALERT, code("FDRA-ZigBee"))
    equal(found, [0x8F72, 0x1C374A80, b"\x09\x20" + bytes(32), 1, []])
    equal(plain.encode_payload(*found), other)


def test_damaged_payloads_are_errors():
    good = gbz.encode(gbz.Payload([gbz.Component(0x0702, 0, 0, 0, b"\x02\x03"), gbz.Component(0x0702, 0, 1, 0, b"")]))
    for end in range(len(good)):
        raises(GbcsError, gbz.decode, good[:end], COMMAND)
    raises(GbcsError, gbz.decode, good + b"\x00", COMMAND)
    for at, value in (
        (0, 2),  # profile
        (2, 1),  # count
        (3, 1),  # last, but it is not
        (3, 0x12),  # encrypted and dated
        (3, 0x80),  # unknown control
        (8, 0x04),  # manufacturer's command
        (7, 2),  # too short for its header
    ):
        damaged = bytearray(good)
        damaged[at] = value
        raises(GbcsError, gbz.decode, bytes(damaged), COMMAND)
    sealed = gbz.encode(gbz.Payload([gbz.Component(0x0702, 0x18, 0, 1, b"ciphered", encrypted=True)]))
    for at in (8, 14):  # additional header control, ciphered length
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        raises(GbcsError, gbz.decode, bytes(damaged), RESPONSE)


def test_encoding_refuses_what_has_no_form():
    both = gbz.Component(0x0702, 0, 0, 0, encrypted=True, from_date_time=1)
    raises(GbcsError, gbz.encode, gbz.Payload([both]))
    raises(GbcsError, gbz.encode, gbz.Payload([], content=b"x"))
    raises(GbcsError, gbz.encode, gbz.Payload([gbz.Component(1, 0, 0, 0)] * 256))


def test_templates_know_their_fields():
    read = templates.components(code("GCS13a"), COMMAND)
    equal(len(read), 1)
    assert read[0].fits(bytes.fromhex("0203010300030000"))
    assert not read[0].fits(bytes.fromhex("0203010300030100"))
    answer = templates.response(code("GCS13a"), read[0].answer)
    equal((answer.frame_control, answer.command, answer.encrypted), (0x18, 0x01, True))
    tenancy = templates.components(code("GCS09"), COMMAND)[0]
    octets = fill(tenancy, [7, 9])
    equal(octets.hex(), "00000000" + "07000000" + "00" + "09000000" + "00020000")
    assert tenancy.fits(octets)
    assert not tenancy.fits(octets[:-1])
    assert not tenancy.fits(octets + b"\x00")
    assert not tenancy.fits(octets[:-4] + bytes(4))
    equal(templates.components(0x7777, COMMAND), [])
    raises(GbcsError, templates.response, code("GCS13a"), 9)


def test_every_template_takes_what_it_fills():
    count = 0
    for use_case in use_cases.every():
        for direction in (COMMAND, RESPONSE, ALERT):
            for template in templates.components(use_case.code, direction):
                values = [
                    b"text" if width == 14 else _allowed(template, width, kind, place)
                    for width, kind, place in template.fields()
                    if kind != 1 and width != 15
                ]
                has_structure = 15 in [width for width, _, _ in template.fields()]
                octets = fill(template, values, b"structure" if has_structure else b"")
                assert template.fits(octets), (use_case.name, direction, template.number)
                count += 1
    assert count > 200, count


def _allowed(template, width, kind, place):
    from han.gbcs.gbz_table import FIELDS

    return 5 if not kind else int.from_bytes(FIELDS[place : place + width], "little")


def test_instances_are_counted():
    def snapshots(count):
        template = templates.components(code("GCS16a"), COMMAND)[0]
        found = [gbz.Component(0x0702, 0x01, number, 0x06, fill(template, [0, 9, number % 31])) for number in range(count)]
        return templates.match(code("GCS16a"), found)

    equal(len(snapshots(31)), 31)
    raises(GbcsError, snapshots, 30)
    raises(GbcsError, snapshots, 32)


def test_date_times():
    octets = cosem_time.encode(moment(2022, 11, 3, 10, 30, 59), 0x04)
    equal(octets.hex(), "07e60b03ff0a1e3b00800004")
    equal(cosem_time.decode(octets), (moment(2022, 11, 3, 10, 30, 59), 4))
    equal(cosem_time.encode(None, 0x05).hex(), "ffffffffffffffffff800005")
    equal(cosem_time.decode(cosem_time.encode(None, 0x05)), (None, 5))
    for bad in (octets[:-1], b"\x07\xe6\x0d" + octets[3:], octets[:9] + b"\x00\x3c\x04"):
        raises(GbcsError, cosem_time.decode, bad)


def test_clock_status_both_ways():
    for relayed in (False, True):
        for reliability in (RELIABLE, UNRELIABLE, INVALID):
            status = cosem_time.clock_status(relayed, reliability)
            equal(cosem_time.source_and_reliability(status, "gpf"), ("GSME" if relayed else "GPF", reliability))
    equal(cosem_time.source_and_reliability(0xFF, "gpf"), (None, None))
    equal(cosem_time.source_and_reliability(0x00, None), (None, RELIABLE))
    equal(cosem_time.source_and_reliability(0x04, None), ("GSME", RELIABLE))


def test_use_cases():
    gas = use_cases.find(code("GCS13a"))
    equal((gas.name, gas.protocol, gas.encrypted, gas.anti_replay), ("GCS13a", use_cases.GBZ, True, False))
    assert gas.time_of_data
    assert not gas.time_of_execution
    assert gas.is_for("gpf")
    assert gas.is_for("gsme")
    assert not gas.is_for("esme")
    assert gas.allows(use_cases.NETWORK_OPERATOR, "gpf")
    assert not gas.allows(use_cases.NETWORK_OPERATOR, "gsme")
    assert not gas.allows(use_cases.ACCESS_CONTROL_BROKER, "gpf")
    assert not gas.allows(use_cases.OTHER, "gpf")
    equal(use_cases.find(0x7777), None)
    equal(use_cases.find(0xFFFF), None)
    equal(use_cases.code_of("no such"), None)
    codes = [use_case.code for use_case in use_cases.every()]
    equal(codes, sorted(codes))
    for number in codes:
        equal(use_cases.find(number).code, number)
