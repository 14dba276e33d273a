# SPDX-License-Identifier: GPL-3.0-or-later
"""A correct command that the model of a meter does not answer: the alert ECS100 of an ESME, silence elsewhere."""

import gbcs_support as made
from han.gbcs import axdr, checks, cosem_time, dlms, dlms_answer, envelope, protection, use_cases

SIGNATURE = b"\x5a" * 64
NOT_SUPPORTED = 0x8F85
READ_TARIFF = "ECS24"  # for an ESME, and not modelled
BROKER, SUPPLIER = made.BROKER, made.SUPPLIER


def meter(role="esme", signs=True):
    """(server, device): one that signs."""
    server, device, _ = made.server(role, protocols={use_cases.DLMS: dlms_answer})
    if signs:
        server.keys.sign = lambda octets: SIGNATURE
    return server, device


def asked(use_case=READ_TARIFF, originator=SUPPLIER, counter=77, **named):
    """The octets of a command with an access request that asks for nothing."""
    payload = dlms.encode(dlms.AccessRequest(dlms.invoke_id(counter), [], []))
    message = envelope.Message(
        envelope.COMMAND,
        counter,
        originator,
        made.DEVICE,
        use_cases.code_of(use_case),
        payload,
        signature=b"",
        **named,
    )
    message.mac = protection.mac_of(made.SECRETS[BROKER], message)
    return envelope.encode(message)


def body(alert):
    return dlms.decode(alert.payload).body[1]


def test_an_electricity_meter_says_what_it_does_not_know():
    server, _ = meter()
    alert = envelope.decode(server.answer(asked(), 0))
    assert (alert.cra, alert.message_code) == (envelope.ALERT, use_cases.code_of("ECS100"))
    assert (alert.recipient, alert.signature, alert.mac) == (SUPPLIER, SIGNATURE, None)
    code, time, refused = body(alert)
    assert code == (axdr.LONG_UNSIGNED, NOT_SUPPORTED)
    assert cosem_time.decode(time[1])[0] == server.device.gbcs_utc(0)
    # message code and counter of what was refused
    assert refused == (axdr.OCTET_STRING, use_cases.code_of(READ_TARIFF).to_bytes(2, "big") + (77).to_bytes(8, "big"))
    assert server.refusals == {checks.NOT_SUPPORTED: 1}


def test_a_party_behind_the_broker_is_named():
    server, _ = meter()
    octets = asked(originator=BROKER, supplementary_remote_party=made.NETWORK, supplementary_remote_party_counter=200000)
    alert = envelope.decode(server.answer(octets, 0))
    assert (alert.recipient, alert.supplementary_remote_party) == (BROKER, made.NETWORK)
    assert alert.supplementary_remote_party_counter == 200000


def test_an_alert_has_a_counter_of_its_own_each_time():
    server, _ = meter()
    counters = [envelope.decode(server.answer(asked(), 0)).originator_counter for _ in range(2)]
    assert counters == [1, 2]


def test_a_wrong_mac_gets_no_alert():
    server, _ = meter()
    octets = asked()
    assert server.answer(octets[:-1] + bytes((octets[-1] ^ 1,)), 0) is None


def test_without_a_key_to_sign_there_is_silence():
    server, _ = meter(signs=False)
    assert server.answer(asked(), 0) is None


def test_other_devices_are_silent():
    server, _ = meter("chf")
    # read for a hub, which the model does not answer
    assert server.answer(asked("ECS26i", originator=BROKER), 0) is None
    assert server.refusals == {checks.NOT_SUPPORTED: 1}
