# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that answers GBCS commands: what it answers, what it refuses and why, what it keeps."""

import gbcs_support as made
from gbcs_support import DEVICE, NETWORK, SECRETS, STRANGER, SUPPLIER, TIME, command, read_component, read_summation
from han.clock import INVALID, RELIABLE, UNRELIABLE
from han.devices.paired_devices import PairedDevices
from han.errors import CryptoError
from han.gbcs import asn1_alerts, asn1_answer, checks, cosem_time, gbz, gbz_alerts, protection, use_cases
from han.gbcs.envelope import ALERT, RESPONSE, decode, encode
from han.stores.memory import MemoryValues
from support import equal, raises


def opened(answer, reader=SUPPLIER):
    """(message, components with their plaintext) of an answer, after its MAC was found right."""
    message = decode(answer)
    equal(message.cra, RESPONSE)
    assert protection.mac_is_valid(SECRETS[message.recipient], message)
    components = gbz.decode(message.payload, message.cra).components
    party, counter = protection.reader_of(message)
    equal(party, reader)
    for component in components:
        if component.encrypted:
            component.payload = protection.decrypt(SECRETS[reader], DEVICE, party, counter, component.payload)
    return message, components


def code(name):
    return use_cases.code_of(name)


def test_gcs13a_is_answered_with_the_registers_and_their_time():
    server, device, _ = made.server()
    message, components = opened(server.answer(read_summation(), 0))
    equal(message.originator, DEVICE)
    equal(message.recipient, SUPPLIER)
    equal(message.originator_counter, 1000)
    equal(message.date_time.hex(), "07e60b03ff0a000000800004")
    equal(len(components), 1)
    equal((components[0].frame_control, components[0].sequence, components[0].command), (0x18, 0, 1))
    equal(components[0].payload.hex(), "02030022e803000103002201000000030030010000002515cd5b070000")
    equal(server.refusals, {})
    equal(device.events, [])


def test_the_same_read_again_differs_in_nothing():
    server, _, values = made.server()
    first = server.answer(read_summation(), 0)
    equal(server.answer(read_summation(), 1000), first)
    equal(values.writes, 0)  # a read needs no replay counter


def test_clock_status_says_whose_time_and_how_reliable():
    for source, reliability, expected in (
        ("gsme", RELIABLE, 0x04),
        ("gsme", UNRELIABLE, 0x06),
        ("gsme", INVALID, 0x05),
        ("gpf", RELIABLE, 0x00),
        ("gpf", UNRELIABLE, 0x02),
        ("gpf", INVALID, 0x01),
    ):
        server, device, _ = made.server()
        device.stamp = (TIME, source, reliability)
        message = decode(server.answer(read_summation(), 0))
        equal(cosem_time.decode(message.date_time), (TIME, expected))
        equal(cosem_time.source_and_reliability(expected, "gpf"), (source.upper(), reliability))


def test_a_meter_answers_with_its_own_clock():
    for reliability, expected in ((RELIABLE, 0x00), (UNRELIABLE, 0x02), (INVALID, 0x01)):
        server, device, _ = made.server("gsme")
        device.stamp = (TIME, "gsme", reliability)
        message = decode(server.answer(read_summation(), 0))
        equal(cosem_time.decode(message.date_time), (TIME, expected))
        equal(cosem_time.source_and_reliability(expected, "gsme"), ("GSME", reliability))


def test_no_time_at_all_is_not_specified_and_invalid():
    server, device, _ = made.server()
    device.stamp = (None, "gpf", INVALID)
    equal(decode(server.answer(read_summation(), 0)).date_time.hex(), "ffffffffffffffffff800001")


def balance(name):
    components = [read_component(0, 0x0702, 0x0A00), read_component(1, 0x0705, 0x0001)]
    return encode(command(code(name), components))


def test_gcs60_and_gcs60a_differ_in_code_and_time():
    server, _, _ = made.server()
    old, old_components = opened(server.answer(balance("GCS60"), 0))
    new, new_components = opened(server.answer(balance("GCS60a"), 0))
    equal(old.date_time, None)
    equal(new.date_time.hex(), "07e60b03ff0a000000800004")
    equal([c.payload for c in old_components], [c.payload for c in new_components])
    equal([(c.frame_control, c.encrypted) for c in new_components], [(0x08, False), (0x08, False)])


def prepayment():
    return encode(
        command(
            code("GCS14"),
            [
                read_component(0, 0x0700, 0x0617, 0x0616),
                read_component(1, 0x0705, 0x0005, 0x0002, 0x0001, 0x0231, 0x0211, 0x0221),
            ],
        )
    )


def test_gcs14_has_a_clear_and_an_encrypted_component():
    server, _, _ = made.server()
    _, components = opened(server.answer(prepayment(), 0))
    equal([(c.cluster, c.encrypted, c.sequence) for c in components], [(0x0700, False, 0), (0x0705, True, 1)])
    equal(components[0].payload.hex(), "1706001850160600213a03")
    equal(components[1].payload.hex()[:28], "0500002b0a0000000200002becffff"[:28])


def test_after_a_failed_component_the_next_is_not_carried_out():
    server, device, _ = made.server()
    device.registers[(0x0700, 0x0617)] = (0xC0, None, None)
    message, components = opened(server.answer(prepayment(), 0))
    equal(components[0].payload.hex(), "1706c0160600213a03")  # the failed one has no value, the other is there
    equal((components[1].frame_control, components[1].command, components[1].encrypted), (0x08, 0x0B, False))
    equal(components[1].payload.hex(), "ff01")
    assert message.date_time is not None  # REQ-0015-10


def test_a_missing_attribute_fails_alone():
    server, device, _ = made.server()
    del device.registers[(0x0702, 0x0301)]
    _, components = opened(server.answer(read_summation(), 0))
    equal(components[0].payload.hex(), "02030022e8030001038600030030010000002515cd5b070000")


def tenancy(date=0x1FC66E20):
    payload = bytes(4) + (0x1C374A80).to_bytes(4, "little") + b"\x00" + date.to_bytes(4, "little") + b"\x00\x02\x00\x00"
    return encode(command(code("GCS09"), [gbz.Component(0x0708, 0x09, 0, 0x00, payload)]))


def test_gcs09_is_carried_out_by_the_device():
    server, device, _ = made.server()
    message, components = opened(server.answer(tenancy(), 0))
    equal((components[0].frame_control, components[0].command, components[0].payload), (0x00, 0x0B, b"\x00\x00"))
    equal(message.date_time, None)
    cluster, name, fields = device.commands[0]
    equal((cluster, name), (0x0708, "publish_change_of_tenancy"))
    equal(fields["issuer_event_id"], 0x1C374A80)
    equal(fields["proposed_tenancy_change_control"], 0x200)


def test_a_device_that_fails_says_so():
    server, device, _ = made.server()
    device.result = 0x01
    _, components = opened(server.answer(tenancy(), 0))
    equal(components[0].payload, b"\x00\x01")


def profile_for_reader(**named):
    """The octets of a GCS17 that the broker sends on behalf of READER."""
    gas = [gbz.Component(0x0702, 0x01, 0, 0x08, bytes.fromhex("00000000000000" + "0100"))]
    wanted = {"supplementary_remote_party": made.READER, "supplementary_remote_party_counter": 77}
    wanted.update(named)
    return encode(command(code("GCS17"), gas, originator=made.BROKER, **wanted))


def server_with_a_sample():
    server, device, values = made.server()
    fields = {
        "sample_id": 0,
        "sample_start_time": 0,
        "sample_type": 0,
        "sample_request_interval": 1800,
        "number_of_samples": 1,
        "samples": [5],
    }
    device.result = [("get_sampled_data_response", fields)]
    return server, device, values


def test_a_party_behind_the_broker_that_the_device_knows():
    server, _, values = server_with_a_sample()
    server.keys.add(made.READER, use_cases.SUPPLIER, SECRETS[made.READER])
    message, components = opened(server.answer(profile_for_reader(), 0), made.READER)
    equal(message.recipient, made.BROKER)
    equal((message.supplementary_remote_party, message.supplementary_remote_party_counter), (made.READER, 77))
    equal(message.supplementary_originator_counter, None)
    equal(values.writes, 0)
    assert components[0].encrypted


def test_an_unknown_party_behind_the_broker_reads_with_its_certificate():
    server, _, values = server_with_a_sample()
    asked = []

    def agree(public_key):
        asked.append(public_key)
        return SECRETS[made.READER]

    server.keys.agree = agree
    answer = server.answer(profile_for_reader(certificate=made.READER_CERTIFICATE), 0)
    message, components = opened(answer, made.READER)
    equal([len(key) for key in asked[-1:]], [65])
    equal(message.supplementary_originator_counter, 1)
    equal(values.writes, 1)  # the counter is kept before the answer leaves
    assert components[0].encrypted
    again = server.answer(profile_for_reader(certificate=made.READER_CERTIFICATE), 0)
    equal(decode(again).supplementary_originator_counter, 2)


def test_nothing_found_is_answered_in_clear_and_needs_no_counter():
    server, device, values = server_with_a_sample()
    server.keys.agree = lambda public_key: SECRETS[made.READER]
    device.result = 0x8B
    message = decode(server.answer(profile_for_reader(certificate=made.READER_CERTIFICATE), 0))
    component = gbz.decode(message.payload, message.cra).components[0]
    equal((component.encrypted, component.frame_control, component.payload), (False, 0x08, b"\x08\x8b"))
    equal(message.supplementary_originator_counter, None)
    equal(values.writes, 0)


def test_a_reader_without_a_key_is_refused_before_anything_is_done():
    other = bytearray(made.READER_CERTIFICATE)
    at = bytes(other).find(made.READER)
    other[at] ^= 1
    for certificate in (None, bytes(other), b"no certificate"):
        server, device, values = server_with_a_sample()
        server.keys.agree = lambda public_key: SECRETS[made.READER]
        equal(server.answer(profile_for_reader(certificate=certificate), 0), None)
        equal((server.refusals, device.commands, values.writes), ({checks.NO_KEY: 1}, [], 0))


def refused(octets, **named):
    """The one reason for which the octets get no answer; a good command after it is answered."""
    server, device, values = made.server(**named)
    equal(server.answer(octets, 0), None)
    equal(values.writes, 0)
    equal(device.commands, [])
    ((reason, count),) = server.refusals.items()
    equal(count, 1)
    ((kind, fields),) = device.events
    equal((kind, fields["reason"]), ("gbcs_refused", reason))
    assert server.answer(read_summation(), 0) is not None
    return reason


def changed(octets, at, bits=1):
    damaged = bytearray(octets)
    damaged[at] ^= bits
    return bytes(damaged)


def test_each_damage_has_its_own_reason():
    good = read_summation()
    equal(refused(changed(good, -1)), checks.MAC)
    equal(refused(changed(good, 60)), checks.MAC)  # payload
    equal(refused(changed(good, 23)), checks.MAC)  # originator counter
    equal(refused(good[:-1]), checks.MALFORMED)
    equal(refused(good + b"\x00"), checks.MALFORMED)
    equal(refused(changed(good, 7)), checks.MALFORMED)  # length
    equal(refused(changed(good, 13)), checks.MALFORMED)  # general-signing tag
    equal(refused(changed(good, 14)), checks.MALFORMED)  # transaction identifier length
    equal(refused(b""), checks.MALFORMED)


def test_wrong_addresses_and_codes_have_their_own_reasons():
    summation = [read_component(0, 0x0702, *made.SUMMATION)]
    equal(refused(read_summation(recipient=STRANGER)), checks.OTHER_RECIPIENT)
    equal(refused(read_summation(originator=STRANGER)), checks.UNKNOWN_ORIGINATOR)
    equal(refused(encode(command(0x7777, summation))), checks.UNKNOWN_CODE)
    equal(refused(encode(command(code("GCS18"), summation))), checks.OTHER_TARGET)  # GSME only
    equal(refused(encode(command(code("GCS14"), summation, originator=NETWORK))), checks.ROLE)
    equal(refused(encode(command(code("GCS14"), summation))), checks.PAYLOAD)


def test_only_the_supplier_may_ask_the_meter_what_anybody_may_ask_the_proxy():
    server, _, _ = made.server("gpf")
    assert server.answer(read_summation(originator=NETWORK), 0) is not None
    server, _, _ = made.server("gsme")
    equal(server.answer(read_summation(originator=NETWORK), 0), None)
    equal(server.refusals, {checks.ROLE: 1})


def test_protection_must_be_that_of_the_use_case():
    message = command(code("GCS13a"), [read_component(0, 0x0702, *made.SUMMATION)])
    message.signature = bytes(64)
    message.mac = protection.mac_of(SECRETS[made.BROKER], message)
    equal(refused(encode(message)), checks.PROTECTION)
    message.mac = None
    equal(refused(encode(message)), checks.PROTECTION)
    message.signature = None
    equal(refused(encode(message)), checks.PROTECTION)  # a pre-command


def test_an_answer_is_no_command():
    server, _, _ = made.server()
    equal(refused(server.answer(read_summation(), 0)), checks.NOT_A_COMMAND)


def test_payloads_must_follow_the_template():
    def with_components(*components):
        return encode(command(code("GCS13a"), components))

    more = made.SUMMATION + (0x0100,)
    for octets in (
        with_components(read_component(0, 0x0702, 0x0302, 0x0301, 0x0300)),
        with_components(read_component(0, 0x0702, *more)),
        with_components(read_component(0, 0x0702, 0x0301, 0x0302, 0x0300, 0x0000)),
        with_components(read_component(1, 0x0702, *made.SUMMATION)),
        with_components(read_component(0, 0x0705, *made.SUMMATION)),
        with_components(read_component(0, 0x0702, *made.SUMMATION), read_component(1, 0x0702, *made.SUMMATION)),
        with_components(),
        encode(command(code("GCS09"), [gbz.Component(0x0708, 0x09, 0, 0x00, bytes(17))])),  # change control not 00000200
    ):
        equal(refused(octets), checks.PAYLOAD)


def test_the_order_of_the_checks_can_be_changed():
    wrong = changed(read_summation(recipient=STRANGER), -1)
    equal(refused(wrong), checks.OTHER_RECIPIENT)
    order = ("mac", "recipient", "use_case", "originator", "signature", "counter", "payload")
    equal(refused(wrong, order=order), checks.MAC)


def valve(counter):
    """A critical command, signed and with a MAC: arm the valve."""
    from han.gbcs import templates

    template = templates.components(code("GCS39"), 1)[0]
    payload = made.fill(template, [5] * free_fields(template))
    component = gbz.Component(template.cluster, template.frame_control, 0, template.command, payload)
    message = command(code("GCS39"), [component], counter=counter)
    message.signature = b"V" * 64
    message.mac = protection.mac_of(SECRETS[made.BROKER], message)
    return encode(message)


def free_fields(template):
    return len([kind for _, kind, _ in template.fields() if kind != 1])


def meter(verdict=True):
    server, device, values = made.server("gsme")
    server.keys.add(SUPPLIER, use_cases.SUPPLIER, SECRETS[SUPPLIER], b"public")
    server.keys.verify = lambda key, octets, signature: verdict and (key, signature) == (b"public", b"V" * 64)
    server.keys.sign = lambda octets: b"D" * 64
    return server, device, values


def test_a_critical_command_is_verified_and_its_answer_signed():
    server, device, values = meter()
    answer = decode(server.answer(valve(1000), 0))
    equal((answer.signature, answer.mac), (b"D" * 64, None))
    equal(len(device.commands), 1)
    server, device, values = meter(False)
    equal(server.answer(valve(1000), 0), None)
    equal(server.refusals, {checks.SIGNATURE: 1})
    equal((device.commands, values.writes), ([], 0))


def test_replayed_commands_are_refused_also_after_a_restart():
    server, _, values = meter()
    assert server.answer(valve(1000), 0) is not None
    equal(values.writes, 1)
    equal(server.answer(valve(1000), 0), None)
    equal(server.answer(valve(999), 0), None)
    equal(server.refusals, {checks.REPLAYED: 2})
    again, other, _ = meter()
    again = made.GbcsServer(other, server.keys, values)
    equal(again.answer(valve(1000), 0), None)
    assert again.answer(valve(1001), 0) is not None
    equal(again.counters.last(SUPPLIER), 1001)


def test_without_a_key_for_the_answer_nothing_is_done():
    server, device, values = meter()
    server.keys.sign = None
    equal(server.answer(valve(1000), 0), None)
    equal((server.refusals, device.commands, values.writes), ({checks.NO_KEY: 1}, [], 0))


def test_other_protocols_are_refused_until_somebody_answers_them():
    server, _, _ = made.server("esme")
    equal(server.answer(encode(command(code("ECS12"), [])), 0), None)
    equal(server.refusals, {checks.NOT_SUPPORTED: 1})


def test_alerts_have_the_devices_own_counter_and_are_signed_or_have_a_mac():
    server, _, _ = meter()
    server.counters.set_own(2999)
    critical = decode(gbz_alerts.send(server, "GCA", SUPPLIER, 0x8F30, TIME))
    equal((critical.cra, critical.originator_counter, critical.signature), (ALERT, 3000, b"D" * 64))
    equal(critical.payload.hex(), "0109008f30" + "%08x" % TIME)
    other = decode(gbz_alerts.send(server, "GNCA", SUPPLIER, 0x8F30, TIME))
    equal((other.originator_counter, other.signature), (3001, b""))
    assert protection.mac_is_valid(SECRETS[SUPPLIER], other)
    receipt = decode(gbz_alerts.send(server, "FDRA-ZigBee", SUPPLIER, 0x8F72, TIME, b"\x09\x20" + bytes(32)))
    payload = gbz.decode(receipt.payload, ALERT, receipt.message_code)
    equal((payload.count, payload.content), (1, b"\x09\x20" + bytes(32)))


def test_the_billing_alert_is_encrypted():
    server, _, _ = meter()
    message = decode(gbz_alerts.send(server, "GCS53", SUPPLIER, 0x8F0A, TIME, payloads=[b"snapshot"]))
    component = gbz.decode(message.payload, ALERT, message.message_code).components[0]
    equal((component.cluster, component.frame_control, component.command), (0x0702, 0x19, 0x06))
    counter = message.originator_counter
    plain = protection.decrypt(SECRETS[SUPPLIER], DEVICE, SUPPLIER, counter, component.payload)
    equal(plain, b"snapshot")


def test_an_alert_without_a_key_uses_no_counter():
    server, _, values = made.server("gsme")
    raises(CryptoError, gbz_alerts.send, server, "GCA", SUPPLIER, 0x8F30, TIME)
    raises(CryptoError, gbz_alerts.send, server, "GNCA", STRANGER, 0x8F30, TIME)
    raises(CryptoError, gbz_alerts.send, server, "GCS53", STRANGER, 0x8F0A, TIME, b"", [b"snapshot"])
    equal(values.writes, 0)


def restored_log(payload="3020301e300d04080011223344556677020105300d04088899aabbccddeeff020106"):
    message = command(code("GCS59"), [], originator=made.BROKER)
    message.payload = bytes.fromhex(payload)
    message.mac = protection.mac_of(SECRETS[made.BROKER], message)
    return encode(message)


def proxy_with_a_device_log():
    server, device, _ = made.server(protocols={use_cases.ASN1: asn1_answer})
    device.paired_devices = PairedDevices(MemoryValues(), capacity=1)
    return server


def test_gcs59_restores_the_device_log():
    answer = decode(proxy_with_a_device_log().answer(restored_log(), 0))
    assert protection.mac_is_valid(SECRETS[made.BROKER], answer)
    expected = "302a30283012300d04080011223344556677020105020100" + "3012300d04088899aabbccddeeff020106020104"
    equal(answer.payload.hex(), expected)


def test_asn1_of_another_form_is_refused():
    for payload in (
        "",
        "3000",
        "0500",
        "30020500",
        "3020301e300d04080011223344556677020105300d04088899aabbccddeeff0201",
        "300f300d300b0406001122334455020105",  # an entity identifier of six octets
        "30113010300e04080011223344556677020105ff",
    ):
        server = proxy_with_a_device_log()
        equal(server.answer(restored_log(payload), 0), None)
        equal(server.refusals, {checks.PAYLOAD: 1}, payload)


def test_gcs62_backs_the_device_log_up():
    server, _, _ = made.server()
    alert = decode(asn1_alerts.device_log(server, SUPPLIER, 0x8071, TIME, [(made.READER, 5)]))
    assert protection.mac_is_valid(SECRETS[SUPPLIER], alert)
    expected = "3027" + "0203008071" + "180f" + b"20221103100000Z".hex() + "300f" + "300d0408" + made.READER.hex() + "020105"
    equal(alert.payload.hex(), expected)
