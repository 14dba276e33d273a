# SPDX-License-Identifier: GPL-3.0-or-later
"""CS03, CS04, CS07, GCS59: joining; CS06, CS08: firmware; GCS28: the clock."""

import certificates as made
from commissioning_support import BROKER, TIME, Bench, checked, command, named
from han.clock import INVALID, RELIABLE, UNRELIABLE
from han.crypto import p256
from han.crypto.certificate import KEY_AGREEMENT
from han.gbcs import asn1_answer, checks, der, pending, use_cases
from han.gbcs.elements import Failed, sequence
from support import equal

OK = made.own_authority()
PARTNER = bytes.fromhex("d0000000000000a5")
GSME, ESME, CHF, GPF, HCALCS, PPMID, TYPE_2 = range(7)


def code_of(message):
    return der.integer_of(der.decode(message.payload))


def join_element(method, device_type, entity=PARTNER, certificate=None):
    fields = [der.integer(method), (der.OCTET_STRING, entity), der.integer(device_type)]
    return sequence(*fields + ([(der.RAW, certificate)] if certificate else []))


def join(device, name, method, device_type, counter=1000, **rest):
    """What a join ends with; those that are not critical come from the broker without a signature."""
    element = join_element(method, device_type, **rest)
    if name == "CS03B":
        return code_of(device.give(named(name, element, originator=BROKER, key=None, counter=counter)))
    return code_of(device.give(named(name, element, counter=counter)))


def test_each_device_joins_the_partners_of_its_methods():
    for role, name, method, device_type in (
        ("esme", "CS03A1", 0, HCALCS),
        ("esme", "CS03A1", 0, PPMID),
        ("ppmid", "CS03A2", 1, ESME),
        ("gsme", "CS03B", 2, GPF),
        ("esme", "CS03B", 2, TYPE_2),
        ("gpf", "CS03B", 2, TYPE_2),
    ):
        device = Bench(role)
        equal(join(device, name, method, device_type), 0, name)
        equal(device.device.paired_devices.entries(), [(PARTNER, device_type)])
        equal(device.device.logged, [0x8F49])


def test_methods_that_do_not_fit_are_said():
    for role, name, method, device_type, code in (
        ("esme", "CS03A1", 1, PPMID, 1),
        ("gsme", "CS03B", 3, GPF, 1),
        ("esme", "CS03A1", 0, GSME, 2),
        ("gsme", "CS03B", 2, PPMID, 2),
        ("gsme", "CS03C", 3, PPMID, 11),  # without a certificate
    ):
        device = Bench(role)
        equal(join(device, name, method, device_type), code, name)
        equal(device.device.paired_devices.entries(), [])
        equal(device.device.logged, [0x8F48])


def test_a_full_log_and_an_entry_of_another_type_are_said():
    device = Bench()
    for number in range(16):
        equal(join(device, "CS03A1", 0, PPMID, 1000 + number, entity=bytes(7) + bytes((number,))), 0)
    equal(join(device, "CS03A1", 0, PPMID, 2000), 4)
    equal(join(device, "CS03A1", 0, PPMID, 2001, entity=bytes(8)), 0)  # it is there already
    equal(join(device, "CS03A1", 0, HCALCS, 2002, entity=bytes(8)), 3)
    equal(len(device.device.paired_devices.entries()), 16)


def meter_with_a_display():
    """A GSME, and the certificate of a PPMID under an authority that it trusts."""
    device = Bench("gsme", authority=OK)
    device.keys.add_authority(OK.issuer)
    return device, OK.issue(None, PARTNER, 0x99, KEY_AGREEMENT)


def test_a_join_by_certificates_keeps_the_key_of_the_partner_until_they_part():
    device, certificate = meter_with_a_display()
    equal(join(device, "CS03C", 3, PPMID, certificate=certificate), 0)
    device.restart()
    equal(device.keys.role(PARTNER), use_cases.PPMID)
    public = p256.public_key(made.private_key(0x99))
    equal(device.keys.cell(use_cases.PPMID, KEY_AGREEMENT), (PARTNER, public, made.identifier(0x99)))
    answer = device.give(named("CS04AC", (der.OCTET_STRING, PARTNER), counter=1001))
    equal(code_of(answer), 0)
    equal((device.keys.role(PARTNER), device.device.paired_devices.entries()), (None, []))
    equal(device.device.logged, [0x8F4B])


def test_a_partner_is_not_taken_on_any_certificate():
    strange = made.strange_authority().issue(None, PARTNER, 0x99, KEY_AGREEMENT)
    for certificate in (strange, OK.issue(None, PARTNER, 0x99, 0), der.encode(sequence(der.integer(1)))):
        device, _certificate = meter_with_a_display()
        equal(join(device, "CS03C", 3, PPMID, certificate=certificate), 11)
        equal((device.keys.role(PARTNER), device.device.paired_devices.entries()), (None, []))


def test_parting_from_a_stranger():
    device = Bench()
    equal(code_of(device.give(named("CS04AC", (der.OCTET_STRING, PARTNER)))), 1)
    equal(device.device.logged, [0x8F4A])
    for element in ((der.OCTET_STRING, PARTNER[1:]), der.integer(1), sequence()):
        equal(device.refused(named("CS04AC", element, counter=1001)), checks.PAYLOAD)


def read_log(device):
    return device.give(named("CS07", (der.NULL, b""), originator=BROKER, key=None)).payload


def test_the_device_log_is_read():
    device = Bench()
    equal(read_log(device).hex(), "3005" + "020100" + "3000")
    join(device, "CS03A1", 0, PPMID)
    equal(read_log(device).hex(), "3014" + "020100" + "300f" + "300d0408" + PARTNER.hex() + "020105")

    def fails():
        raise Failed(1)

    device.device.paired_devices.entries = fails
    equal(read_log(device).hex(), "3003020101")


def test_the_log_of_the_gas_proxy_is_restored():
    device = Bench("gpf")
    join(device, "CS03B", 2, TYPE_2)
    entries = [sequence((der.OCTET_STRING, bytes(7) + bytes((n,))), der.integer(TYPE_2)) for n in range(17)]
    element = sequence(sequence(*entries))
    answer = device.give(named("GCS59", element, originator=BROKER, key=None, counter=1001))
    results = der.decode(answer.payload)[1][0][1]
    equal([result[1][0] for result in results], entries)
    equal([der.integer_of(result[1][1]) for result in results], [0] * 16 + [4])
    equal([entity[7] for entity, _type in device.device.paired_devices.entries()], list(range(16)))


# --- firmware -------------------------------------------------------------------------------------------------


def activation(image_hash=b"h" * 32, counter=1000, time=None):
    fields = [(der.OCTET_STRING, image_hash), der.integer(counter)]
    return named("CS06", sequence(*fields + ([(der.GENERALIZED_TIME, time)] if time else [])), counter=counter)


def test_firmware_is_activated_at_once():
    device = Bench()
    answer = device.give(activation())
    equal(answer.payload.hex(), "3009" + "020100" + "0404" + "01020305")
    equal((answer.date_time[-1], device.device.restarts), (0xFF, 1))


def test_firmware_that_is_not_activated_leaves_the_version():
    for image, code in ((None, 1), ({"hash": b"x" * 32, "version": 7}, 2)):
        device = Bench()
        device.device.firmware.image = image
        equal(device.give(activation()).payload.hex(), "3009" + "02010" + str(code) + "0404" + "01020304")
        equal(device.device.restarts, 0)
    device = Bench()
    device.device.firmware.result = 3
    equal(device.give(activation()).payload.hex(), "3009" + "020103" + "0404" + "01020304")


def test_firmware_is_activated_at_its_date():
    device = Bench()
    equal(device.give(activation(time=b"20221103110000Z")).payload.hex(), "0500")
    device.restart()
    equal(pending.next_utc(device.values), TIME + 3600)
    device.device.clock = (TIME + 3600, RELIABLE)
    (alert,) = asn1_answer.carry_out_due(device.server, 0)
    payload = der.decode(checked(alert, device.public_key()).payload)
    expected = sequence(
        der.integer(0x8F66),
        (der.GENERALIZED_TIME, b"20221103110000Z"),
        der.integer(1000),
        sequence(der.integer(0), (der.OCTET_STRING, b"\x01\x02\x03\x05")),
    )
    equal(payload, expected)
    equal(device.device.restarts, 1)


def test_an_activation_is_cancelled():
    device = Bench()
    device.give(activation(time=b"20221103110000Z"))
    equal(device.give(activation(counter=1001, time=b"99991231235959Z")).payload.hex(), "0500")
    equal(pending.next_utc(device.values), None)


def test_the_version_of_a_display_is_read():
    device = Bench("ppmid")
    answer = device.give(named("CS08", (der.NULL, b""), originator=BROKER, key=None))
    equal(answer.payload.hex(), "3009" + "0404" + "01020304" + "020100")


# --- clock ----------------------------------------------------------------------------------------------------


def set_clock(device, start=b"20221103100000Z", end=b"20221103100100Z", counter=1000):
    element = sequence((der.GENERALIZED_TIME, start), (der.GENERALIZED_TIME, end))
    time, status = der.decode(device.give(named("GCS28", element, counter=counter)).payload)[1]
    return time[1], der.integer_of(status)


def test_the_clock_takes_the_time_of_the_hub_inside_the_interval_alone():
    for hub_time, clock, expected in (
        (TIME + 30, (TIME - 3600, UNRELIABLE), (b"20221103100030Z", RELIABLE)),
        (TIME + 61, (TIME - 3600, UNRELIABLE), (b"20221103090000Z", UNRELIABLE)),
        (TIME - 1, (TIME, RELIABLE), (b"20221103100000Z", RELIABLE)),
        (None, (None, INVALID), (b"20000101000000Z", INVALID)),
        (TIME, (None, INVALID), (b"20221103100000Z", RELIABLE)),
    ):
        device = Bench("gsme")
        device.device.clock = clock
        device.device.hub_time = hub_time
        equal(set_clock(device), expected)


def test_times_of_other_forms_are_refused():
    device = Bench("gsme")
    good = (der.GENERALIZED_TIME, b"20221103100000Z")
    for bad in (b"20221103100000", b"2022110310000Z", b"20221303100000Z", b"2022110310000 Z", b"20221103100000+"):
        element = sequence(good, (der.GENERALIZED_TIME, bad))
        equal(device.refused(named("GCS28", element)), checks.PAYLOAD)
    equal(device.refused(named("GCS28", sequence(good))), checks.PAYLOAD)
    equal(device.refused(named("GCS28", sequence(good, (der.UTC_TIME, good[1])))), checks.PAYLOAD)


def test_a_use_case_that_is_not_for_the_device_is_refused():
    element = sequence((der.GENERALIZED_TIME, b"20221103100000Z"), (der.GENERALIZED_TIME, b"20221103100000Z"))
    equal(Bench("gpf").refused(command(use_cases.code_of("GCS28"), element)), checks.OTHER_TARGET)
