# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays of ASN.1 use cases made up here: every kind of answer comes out of a device seeded with what it shows."""

import json
from typing import Any

import pytest
from cryptography import x509
from han.crypto.certificate import Certificate
from han.gbcs import certification_request, cosem_time, der, envelope, use_cases
from han.gbcs.elements import NULL, cell, cell_usage, sequence
from hanref.gbcs import answering, authorities, build, check, modelled, test_keys
from hanref.gbcs.keys import AGREEMENT, SIGNATURE
from hanref.replay import replayer
from hanref.replay.scenarios import Scenario
from hanref.replay.varied import replay_varied

Element = Any
DEVICES = {
    role: bytes.fromhex(f"00DB12345678900{number}") for number, role in enumerate(("esme", "gsme", "chf", "gpf", "ppmid"))
}
PARTNER = bytes.fromhex("00DB1234567890FF")
TIME, START, END = b"20150101000000Z", b"20141231233000Z", b"20150101003000Z"
LATER, NEVER = b"20300115000000Z", b"99991231235959Z"
SIGN, AGREE, CERTIFY = 0, 4, 5
VERSION = (der.OCTET_STRING, b"\x01\x23\xab\xcd")
HASH = b"\x5a" * 32


@pytest.fixture(scope="module")
def keys() -> test_keys.TestKeys:
    return test_keys.make_all({entity: role for role, entity in DEVICES.items()})


class Here:
    """The modelled devices in this process; on MicroPython they answer the published messages."""

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = modelled.answers_of(json.loads(json.dumps(question)))
        return found


@pytest.fixture(scope="module")
def interpreter() -> Here:
    return Here()


def party(keys: test_keys.TestKeys, role: str) -> bytes:
    return next(entity for entity, found in keys.parties.items() if found.role == role)


def identifier(certificate: bytes) -> bytes:
    return bytes(Certificate(certificate).key_identifier)


def octets(value: bytes) -> Element:
    return der.OCTET_STRING, value


def usage(number: int) -> Element:
    return cell_usage(number, 0)[0]


def response(keys: test_keys.TestKeys, command: bytes, element: Element) -> bytes:
    """The answer to a command with that payload, protected as the use case and the command say."""
    asked = envelope.decode(command)
    use_case = use_cases.find(asked.message_code)
    message = envelope.Message(
        envelope.RESPONSE,
        asked.originator_counter,
        asked.recipient,
        asked.originator,
        asked.message_code,
        der.encode(element, True),
        date_time=cosem_time.encode(473385600) if use_case.time_of_execution else None,
        signature=b"",
        supplementary_remote_party=asked.supplementary_remote_party,
        supplementary_remote_party_counter=asked.supplementary_remote_party_counter,
    )
    if use_case.forms & use_cases.RESPONSE_SIGNATURE and (not use_case.forms & use_cases.RESPONSE_MAC or asked.mac is None):
        message.signature = answering.sign(keys.party(asked.recipient).private[SIGNATURE], envelope.signature_input(message))
    else:
        secret = keys.secret(asked.originator, asked.recipient)
        assert secret
        message.mac = check.mac_of(message, secret)
    return bytes(envelope.encode(message))


def replayed(
    keys: test_keys.TestKeys,
    interpreter: Here,
    name: str,
    role: str,
    asked: Element,
    answered: Element,
    originator: str = "supplier",
) -> replayer.Result:
    """What becomes of a scenario whose messages are made here; it is also replayed with other numbers."""
    command = build.build_command(keys, name, party(keys, originator), DEVICES[role], 1000, payload=bytes(der.encode(asked)))
    scenario = Scenario(name, name, command, response(keys, command, answered))
    result = replayer.replay(scenario, keys, interpreter)
    assert result.outcome == replayer.MATCHED, (result.reason, result.offset)
    varied = replay_varied(scenario, keys, interpreter, 1)
    assert varied.outcome == replayer.MATCHED, (varied.reason, varied.offset)
    return result


# --- trust anchor cells ---------------------------------------------------------------------------------------


def details(role: int, *cells: tuple[int, int, bytes, bytes], counter: int = 0) -> Element:
    held = [sequence(*cell_usage(key_usage, of_cell), octets(entity), octets(key)) for key_usage, of_cell, entity, key in cells]
    return sequence(der.integer(role), (der.ENUMERATED, b"\0"), der.integer(counter), sequence(*held))


@pytest.mark.parametrize("name", ["CS02a", "CS02f"])
def test_details(keys: test_keys.TestKeys, interpreter: Here, name: str) -> None:
    broker, supplier = party(keys, "access control broker"), party(keys, "supplier")
    asked = sequence(sequence(der.integer(4), usage(AGREE)), sequence(*[der.integer(role) for role in (0, 2, 4, 6, 3)]))
    key = identifier(keys.certificates[(supplier, SIGNATURE)])
    answered = sequence(
        details(0, (CERTIFY, 0, bytes(8), identifier(keys.root))),
        details(2, (SIGN, 0, supplier, key), (AGREE, 0, supplier, key), (AGREE, 1, supplier, key), counter=70000),
        details(4, (AGREE, 0, broker, identifier(keys.certificates[(broker, AGREEMENT)]))),
        sequence(der.integer(6), (der.ENUMERATED, b"\x19")),
        sequence(der.integer(3), (der.ENUMERATED, b"\x7f")),
    )
    result = replayed(keys, interpreter, name, "chf", asked, answered, "access control broker")
    assert result.by_fault


UPDATES = [
    (2, "supplier", "supplier", ((2, SIGN, 0), (2, AGREE, 0))),
    (3, "network operator", "network operator", ((3, SIGN, 0), (3, AGREE, 0))),
    (4, "access control broker", "access control broker", ((4, AGREE, 0),)),
    (5, "wan provider", "wan provider", ((6, SIGN, 0), (6, AGREE, 0))),
    (6, "transitional change of supplier", "transitional change of supplier", ((5, SIGN, 0),)),
    (7, "transitional change of supplier", "supplier", ((2, SIGN, 0), (2, AGREE, 0), (2, AGREE, 1))),
    (8, "recovery", "supplier", ((1, SIGN, 0), (2, SIGN, 0), (3, AGREE, 0), (5, SIGN, 0))),
    (11, "supplier", "supplier", ((8, SIGN, 0), (8, AGREE, 0))),
]
ASKERS = {
    2: (2, SIGN, 0),
    3: (3, SIGN, 0),
    4: (4, AGREE, 0),
    5: (6, SIGN, 0),
    6: (5, SIGN, 0),
    7: (5, SIGN, 0),
    8: (1, SIGN, 0),
    11: (2, SIGN, 0),
}


def update(
    keys: test_keys.TestKeys,
    mode: int,
    holder: str,
    cells: Any,
    path: list[bytes],
    moment: bytes | None = None,
    asker: Any = None,
) -> tuple[Element, list[bytes]]:
    """(command, certificates) of a credentials update."""
    entity = party(keys, holder)
    certificates = [keys.certificates[(entity, SIGNATURE if of[1] == SIGN else AGREEMENT)] for of in cells]
    control = sequence(der.integer(mode), (0xA2, cell(asker or ASKERS[mode])[1]), der.integer(1000, 0x83), der.integer(3, 0x84))
    replacements = [sequence((der.RAW, octets), cell(of)) for octets, of in zip(certificates, cells, strict=True)]
    parts = [control, sequence(*replacements), sequence(*[(der.RAW, octets) for octets in path])]
    return sequence(*parts, *([(der.GENERALIZED_TIME, moment)] if moment else [])), certificates


def outcome(mode: int, role: int, cells: Any, statuses: list[int], certificates: list[bytes], holder: bytes) -> Element:
    """An outcome for cells that were held by PARTNER."""
    found = []
    for of, status, certificate in zip(cells, statuses, certificates, strict=True):
        old = [octets(PARTNER), octets(b"\x40" + bytes(6) + bytes((of[0] * 8 + of[1],)))]
        if list(of) == list(ASKERS[mode]):
            old[0] = octets(holder)
        if status == 25:
            old = [octets(bytes(8))] * 2
        new = [octets(Certificate(certificate).entity), octets(identifier(certificate))] if status == 0 else old
        found.append(sequence(cell(of), (der.ENUMERATED, bytes((status,))), *old, *new))
    changes = sequence(sequence(der.integer(role), der.integer(3)))
    return sequence(NULL, sequence(der.integer(1000), der.integer(mode), changes, sequence(*found)))


@pytest.mark.parametrize(("mode", "sender", "holder", "cells"), UPDATES)
def test_updates(keys: test_keys.TestKeys, interpreter: Here, mode: int, sender: str, holder: str, cells: Any) -> None:
    code = f"{0x0100 + mode:04X}" if mode < 10 else f"{0x011B + mode:04X}"
    role = "chf" if mode == 5 else "esme"
    for path, status, extra in (
        ([keys.issuer], 0, None),
        ([], 10, None),
        ([keys.issuer], 0, 17),
        ([keys.issuer], 0, 25),
    ):
        statuses = [status] * len(cells)
        if extra:
            statuses[-1] = extra
        if extra == 25 and len(cells) == 1:
            continue  # the cell of whoever asks is there
        asked, certificates = update(keys, mode, holder, cells, path)
        answered = outcome(mode, ASKERS[mode][0], cells, statuses, certificates, party(keys, sender))
        # Without a path an issuer is not known either: nothing says that it is a root's.
        result = replayed(keys, interpreter, code, role, asked, answered, sender)
        assert result.by_fault == (extra == 17)


@pytest.mark.parametrize("moment", [LATER, NEVER])
def test_updates_at_a_date(keys: test_keys.TestKeys, interpreter: Here, moment: bytes) -> None:
    for mode, sender, holder, cells in UPDATES:
        code = f"{0x0100 + mode:04X}" if mode < 10 else f"{0x011B + mode:04X}"
        asked, _ = update(keys, mode, holder, cells, [keys.issuer], moment)
        assert not replayed(keys, interpreter, code, "chf" if mode == 5 else "esme", asked, sequence(NULL), sender).by_fault


@pytest.mark.parametrize(("mode", "holder"), [(2, "supplier"), (3, "network operator")])
def test_handover(keys: test_keys.TestKeys, interpreter: Here, mode: int, holder: str) -> None:
    cells = ((mode, SIGN, 0), (mode, AGREE, 0))
    asked, certificates = update(keys, mode, holder, cells, [keys.issuer])
    sender = "access control broker"
    answered = outcome(mode, mode, cells, [0, 0], certificates, party(keys, sender))
    assert not replayed(keys, interpreter, f"{0x0100 + mode:04X}", "gpf", asked, answered, sender).by_fault


# --- own certificates -----------------------------------------------------------------------------------------


def test_certification_requests(keys: test_keys.TestKeys, interpreter: Here) -> None:
    device = DEVICES["esme"]
    private = keys.party(device).private[AGREEMENT]
    public = answering.point(private.public_key())
    subject = certification_request.subject_of(device)
    attributes = der.encode((der.CONTEXT_CONSTRUCTED, [sequence((der.OBJECT_IDENTIFIER, b"\x2a\x03"), (der.SET, []))]))

    def sign(information: bytes) -> bytes:
        return answering.sign(private, information)

    for names in ((subject, None), (subject, attributes), (der.encode(sequence()), None)):
        octets = certification_request.make(public, sign, *names)
        assert x509.load_der_x509_csr(octets).is_signature_valid
        asked = sequence(usage(AGREE))
        assert not replayed(keys, interpreter, "CS02c", "esme", asked, (der.RAW, octets)).by_fault


def test_a_certification_request_for_another_key_differs(keys: test_keys.TestKeys, interpreter: Here) -> None:
    public = [answering.point(keys.party(DEVICES["esme"]).public[purpose]) for purpose in (AGREEMENT, SIGNATURE)]
    answers = []
    for key in public:
        octets = certification_request.make(
            key, lambda information: bytes(63) + b"\x01", certification_request.subject_of(PARTNER)
        )
        asked = der.encode(sequence(usage(AGREE)))
        command = build.build_command(keys, "CS02c", party(keys, "supplier"), DEVICES["esme"], 1000, payload=asked)
        answers.append(response(keys, command, (der.RAW, octets)))
    assert replayer.difference(answers[0], answers[0], keys) is None
    assert replayer.difference(answers[0], answers[1], keys) is not None


@pytest.mark.parametrize(
    ("name", "asked", "code", "by_fault"),
    [
        ("CS02c", usage(CERTIFY), 1, False),
        ("CS02c", usage(AGREE), 2, True),
        ("CS02c", usage(SIGN), 3, True),
        ("CS02e", usage(CERTIFY), 1, False),
        ("CS02e", usage(AGREE), 2, False),
        ("CS02e", usage(SIGN), 3, True),
    ],
)
def test_keys_and_certificates_that_are_not_there(
    keys: test_keys.TestKeys, interpreter: Here, name: str, asked: Element, code: int, by_fault: bool
) -> None:
    assert replayed(keys, interpreter, name, "esme", sequence(asked), der.integer(code)).by_fault == by_fault


def test_shown_certificates(keys: test_keys.TestKeys, interpreter: Here) -> None:
    octets = keys.certificates[(DEVICES["gsme"], AGREEMENT)]
    assert not replayed(keys, interpreter, "CS02e", "gsme", sequence(usage(AGREE)), (der.RAW, octets)).by_fault


@pytest.mark.parametrize(("code", "by_fault"), [(0, False), (1, False), (4, False), (5, False), (6, True), (7, True)])
def test_certificates_of_the_device(keys: test_keys.TestKeys, interpreter: Here, code: int, by_fault: bool) -> None:
    for purpose in (SIGNATURE, AGREEMENT):
        asked = (der.RAW, keys.certificates[(DEVICES["esme"], purpose)])
        assert replayed(keys, interpreter, "CS02d", "esme", asked, der.integer(code)).by_fault == by_fault


def test_a_certificate_of_another_device(keys: test_keys.TestKeys, interpreter: Here) -> None:
    asked = (der.RAW, keys.certificates[(DEVICES["esme"], SIGNATURE)])
    assert not replayed(keys, interpreter, "CS02d", "gsme", asked, der.integer(2)).by_fault


# --- joining --------------------------------------------------------------------------------------------------

JOINS = [
    ("CS03A1", "esme", 0, 5, "supplier"),
    ("CS03A1", "esme", 0, 4, "supplier"),
    ("CS03A2", "ppmid", 1, 1, "access control broker"),
    ("CS03B", "gsme", 2, 3, "access control broker"),
    ("CS03C", "gsme", 3, 5, "supplier"),
    ("CS03C", "ppmid", 3, 0, "access control broker"),
]


@pytest.mark.parametrize(("name", "role", "method", "partner", "sender"), JOINS)
def test_joins(
    keys: test_keys.TestKeys, interpreter: Here, name: str, role: str, method: int, partner: int, sender: str
) -> None:
    certificate = keys.certificates[(DEVICES["ppmid" if role == "gsme" else "gsme"], AGREEMENT)]
    rest = [(der.RAW, certificate)] if method == 3 else []
    for code in range(14):
        asked = sequence(der.integer(method), octets(PARTNER), der.integer(partner), *rest)
        by_fault = code not in (0, 3, 4) and not (code == 11 and rest)
        result = replayed(keys, interpreter, name, role, asked, der.integer(code), sender)
        assert result.by_fault == by_fault, code
    wrong = sequence(der.integer((method + 1) % 4), octets(PARTNER), der.integer(partner), *rest)
    assert not replayed(keys, interpreter, name, role, wrong, der.integer(1), sender).by_fault
    wrong = sequence(der.integer(method), octets(PARTNER), der.integer(2), *rest)
    assert not replayed(keys, interpreter, name, role, wrong, der.integer(2), sender).by_fault
    if rest:
        bare = sequence(der.integer(method), octets(PARTNER), der.integer(partner))
        assert not replayed(keys, interpreter, name, role, bare, der.integer(11), sender).by_fault


@pytest.mark.parametrize(("name", "role", "sender"), [
    ("CS04AC", "esme", "supplier"), ("CS04AC", "ppmid", "access control broker"), ("CS04AC", "gsme", "supplier"),
    ("CS04B", "gsme", "access control broker"), ("CS04B", "esme", "access control broker"),
])  # fmt: skip
def test_unjoins(keys: test_keys.TestKeys, interpreter: Here, name: str, role: str, sender: str) -> None:
    for code in range(3):
        result = replayed(keys, interpreter, name, role, octets(PARTNER), der.integer(code), sender)
        assert result.by_fault == (code == 2)


def entry(number: int, device_type: int) -> Element:
    return sequence(octets(PARTNER[:-1] + bytes((number,))), der.integer(device_type))


def test_device_logs(keys: test_keys.TestKeys, interpreter: Here) -> None:
    broker = "access control broker"
    for role in ("esme", "gsme", "ppmid", "gpf"):
        for entries in ([], [entry(1, 3), entry(2, 5)]):
            answered = sequence(der.integer(0), sequence(*entries))
            assert not replayed(keys, interpreter, "CS07", role, NULL, answered, broker).by_fault
        assert replayed(keys, interpreter, "CS07", role, NULL, sequence(der.integer(1)), broker).by_fault


def test_restored_logs(keys: test_keys.TestKeys, interpreter: Here) -> None:
    for codes in ([0, 0], [0, 12], [4, 5]):
        entries = [entry(number, 5 + number) for number in range(2)]
        answered = sequence(sequence(*[sequence(item, der.integer(code)) for item, code in zip(entries, codes, strict=True)]))
        asked = sequence(sequence(*entries))
        result = replayed(keys, interpreter, "GCS59", "gpf", asked, answered, "access control broker")
        assert result.by_fault == any(codes)


# --- firmware and clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["esme", "gsme"])
def test_activations(keys: test_keys.TestKeys, interpreter: Here, role: str) -> None:
    asked = [octets(HASH), der.integer(1000)]
    for code in range(4):
        result = replayed(keys, interpreter, "CS06", role, sequence(*asked), sequence(der.integer(code), VERSION))
        assert result.by_fault == (code == 3)
    for moment in (LATER, NEVER):
        at_a_date = sequence(*asked, (der.GENERALIZED_TIME, moment))
        assert not replayed(keys, interpreter, "CS06", role, at_a_date, NULL).by_fault


def test_versions(keys: test_keys.TestKeys, interpreter: Here) -> None:
    for code in (0, 1):
        result = replayed(
            keys, interpreter, "CS08", "ppmid", NULL, sequence(VERSION, der.integer(code)), "access control broker"
        )
        assert result.by_fault == bool(code)


@pytest.mark.parametrize(("time", "status"), [
    (TIME, 0), (START, 0), (END, 0), (TIME, 1), (TIME, 2), (b"20140101000000Z", 0), (b"20140101000000Z", 2),
])  # fmt: skip
def test_clocks(keys: test_keys.TestKeys, interpreter: Here, time: bytes, status: int) -> None:
    asked = sequence((der.GENERALIZED_TIME, START), (der.GENERALIZED_TIME, END))
    answered = sequence((der.GENERALIZED_TIME, time), der.integer(status))
    assert not replayed(keys, interpreter, "GCS28", "gsme", asked, answered).by_fault


# --- authorities ----------------------------------------------------------------------------------------------


def test_the_key_of_an_authority_follows_from_what_it_signed(keys: test_keys.TestKeys) -> None:
    issuer = x509.load_der_x509_certificate(keys.issuer)
    key = answering.point(issuer.public_key())  # type: ignore[arg-type]
    for octets in list(keys.certificates.values())[:3]:
        assert authorities.signer(Certificate(octets)) == key
    root = answering.point(x509.load_der_x509_certificate(keys.root).public_key())  # type: ignore[arg-type]
    assert [bytes.fromhex(part["hex"]) for part in authorities.trusted([keys.issuer])[0]][1] == root
    assert authorities.trusted(list(keys.certificates.values())) == []
    assert len(authorities.trusted(keys.certificates.values(), of_devices=True)) == 1
    assert authorities.trusted([b"", keys.issuer[:-1]]) == []
