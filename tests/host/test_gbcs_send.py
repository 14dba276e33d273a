# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref send`: commands under test keys, refusals, bad input."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from gbcs_asking import DEVICE, NOON, REGISTERS, STAMPED, ask, hanref, party, readings, stated
from han.clock import RELIABLE, UNRELIABLE, from_iso
from han.gbcs import cosem_time, envelope, gbz, use_cases
from hanref import toolchain
from hanref.errors import UsageError
from hanref.gbcs import answering, build, check, keys, seed, state, test_keys


@pytest.fixture(scope="module")
def own_keys() -> test_keys.TestKeys:
    return test_keys.make(DEVICE, "gpf")


# --- commands of our own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*STAMPED, "GCS60"])
def test_answers_under_test_keys_verify_with_another_library(name: str, own_keys: test_keys.TestKeys) -> None:
    checked = check.check(ask(own_keys, stated(), name), own_keys)
    assert checked.mac == "valid"
    assert None not in checked.plaintexts
    assert checked.message.recipient == party(own_keys, "supplier")
    utc_and_status = (from_iso(NOON), 0x04)
    assert (
        checked.message.date_time is None if name == "GCS60" else cosem_time.decode(checked.message.date_time) == utc_and_status
    )
    assert sum(len(seed.records(payload)) for payload in readings(checked)) in (2, 4, 7, 8)


def test_source_and_reliability_reach_the_header(own_keys: test_keys.TestKeys) -> None:
    for source, status, expected in (
        ("GSME", "reliable", 4),
        ("GPF", "reliable", 0),
        ("GSME", "unreliable", 6),
        ("GPF", "invalid", 1),
    ):
        model = stated(time={"utc": NOON, "source": source, "status": status})
        message = envelope.decode(ask(own_keys, model, "GCS13a"))
        assert cosem_time.decode(message.date_time) == (from_iso(NOON), expected)
    model = stated(time={"utc": None, "source": "GPF"})
    assert cosem_time.decode(envelope.decode(ask(own_keys, model, "GCS13a")).date_time) == (None, 1)


def test_a_stated_fault_is_answered_as_one(own_keys: test_keys.TestKeys) -> None:
    model = stated(attributes={**REGISTERS, "0700": {"0617": {"status": "C0"}, "0616": 826}})
    payloads = readings(check.check(ask(own_keys, model, "GCS14"), own_keys))
    assert payloads == [bytes.fromhex("1706C0" + "160600213A03"), b"\xff\x01"]


def test_change_of_tenancy_with_its_parameters(own_keys: test_keys.TestKeys) -> None:
    parameters = {"issuer_event_id": 1, "implementation_date_time": NOON}
    checked = check.check(ask(own_keys, stated(), "GCS09", parameters=parameters), own_keys)
    assert (checked.mac, readings(checked)) == ("valid", [b"\x00\x00"])
    model = stated(command_status={"0708": {"publish_change_of_tenancy": "01"}})
    assert readings(check.check(ask(own_keys, model, "GCS09", parameters=parameters), own_keys)) == [b"\x00\x01"]


def test_a_critical_command_is_signed_and_so_is_its_answer() -> None:
    known = test_keys.make(DEVICE, "gsme")
    command = build.build_command(known, "GCS39", party(known, "supplier"), DEVICE, 5, {"issuer_event_id": 0})
    checked = check.check(command, known)
    assert (checked.mac, checked.signature) == ("valid", "valid")
    model = stated()
    for outcome in (
        answering.answer("gsme", model, known, [command, command]),
        answering.answer_on_micropython(toolchain.micropython(), "gsme", model, known, [command, command]),
    ):
        assert outcome.answers[0] is not None, outcome.refusals()
        answer = check.check(outcome.answers[0], known)
        assert (answer.mac, answer.signature) == (None, "valid")
        assert (outcome.answers[1], outcome.refusals()) == (None, ["replayed"])
    damaged = bytearray(command)
    damaged[-20] ^= 1  # in the signature
    message = envelope.decode(bytes(damaged))
    broker = known.broker()
    assert broker is not None
    secret = known.secret(broker, DEVICE)
    assert secret is not None
    message.mac = check.mac_of(message, secret)
    assert answering.answer("gsme", model, known, [envelope.encode(message)]).refusals() == ["wrong signature"]


def test_an_unknown_remote_party_reads_with_the_key_of_its_certificate(own_keys: test_keys.TestKeys) -> None:
    reader = party(own_keys, "network operator")
    broker = own_keys.broker()
    assert broker is not None
    command = build.build_command(
        own_keys,
        "GCS17",
        broker,
        DEVICE,
        9,
        {"earliestsampletime": 0, "numberofsamples": 3},
        on_behalf_of=(reader, 44),
        certificate=own_keys.certificates[(reader, "ka")],
    )
    samples = {"samples": {"0": ["2022-11-03T00:00:00Z", 1800, [1, 2, None, 4]]}}
    for trusts, own_counter in ([broker.hex()], 6001), ([broker.hex(), reader.hex()], None):
        model = stated(counters={"own": 6000}, logs=samples, trusts=trusts)
        for outcome in (
            answering.answer("gpf", model, own_keys, [command]),
            answering.answer_on_micropython(toolchain.micropython(), "gpf", model, own_keys, [command]),
        ):
            assert outcome.answers[0] is not None, outcome.refusals()
            checked = check.check(outcome.answers[0], own_keys)
            assert checked.mac == "valid"
            message = checked.message
            assert (message.supplementary_remote_party, message.supplementary_remote_party_counter) == (reader, 44)
            assert message.supplementary_originator_counter == own_counter
            start = from_iso("2022-11-03T00:00:00Z").to_bytes(4, "little")
            header = b"\x00\x00" + start + b"\x00" + b"\x08\x07" + b"\x03\x00"
            assert readings(checked) == [header + bytes.fromhex("010000" + "020000" + "FFFFFF")]


def test_every_gbz_command_can_be_built(own_keys: test_keys.TestKeys) -> None:
    """Each template with every free field set: the firmware's own templates take the result."""
    from han.gbcs import templates

    known = test_keys.make_all({DEVICE: "gsme", bytes(8): "ppmid"})
    count = 0
    for row in use_cases.every():
        if row.protocol != use_cases.GBZ or not templates.components(row.code, envelope.COMMAND):
            continue
        rows = [r for r in build.tables.templates() if int(r["message_code"], 16) == row.code and r["direction"] == "command"]
        parameters: dict[str, Any] = dict.fromkeys(build.free_fields(rows), 0)
        for template_row in rows:
            for field in template_row["fields"].split("; "):
                name, _, fixed = field.partition("=")
                if "|" in fixed:
                    parameters[build.field_name(name.rsplit(" ", 1)[0])] = int(fixed.split("|")[0], 0)
                elif re.fullmatch(r"\d+-\d+", fixed):
                    parameters.pop(build.field_name(name.rsplit(" ", 1)[0]), None)
                    if fixed.startswith("1-"):
                        parameters[build.field_name(name.rsplit(" ", 1)[0])] = 1
                elif name.endswith("ZSE struct"):
                    parameters[build.field_name(name.removesuffix("ZSE struct"))] = "0102"
        payload = build.gbz_payload(row.code, parameters)
        components = gbz.decode(payload, envelope.COMMAND).components
        assert templates.match(row.code, components), row.name
        sender = bytes(8) if row.allows(use_cases.PPMID, "gsme") else party(known, "supplier")
        octets = build.build_command(known, row.name, sender, DEVICE, 1, payload=payload)
        assert check.check(octets, known).mac == "valid"
        count += 1
    assert count > 50


# --- test keys ------------------------------------------------------------------------------------------------


def test_certificates_are_marked_and_descend_from_the_test_root(own_keys: test_keys.TestKeys) -> None:
    from cryptography import x509
    from han.crypto.certificate import Certificate

    supplier = party(own_keys, "supplier")
    octets = own_keys.certificates[(supplier, "ka")]
    certificate = x509.load_der_x509_certificate(octets)
    assert "NOT FOR USE" in certificate.issuer.rfc4514_string()
    subject = {attribute.oid.dotted_string: attribute.value for attribute in certificate.subject}
    assert subject["2.5.4.45"] == b"\x00" + supplier
    assert subject["2.5.4.11"] == "02"
    assert Certificate(octets).public_key == answering.point(own_keys.party(supplier).public["ka"])
    assert len(octets) in range(380, 460)
    top = x509.load_der_x509_certificate(own_keys.root)
    assert test_keys.MARK in top.subject.rfc4514_string()


def test_keys_are_written_for_their_owner_alone_and_read_again(own_keys: test_keys.TestKeys, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    test_keys.write(own_keys, folder)
    for file in folder.glob("*.pem"):
        assert file.stat().st_mode & 0o77 == 0
    again = keys.load(folder)
    for entity, known in own_keys.parties.items():
        assert again.role(entity) == known.role
        if entity != DEVICE:
            assert again.secret(entity, DEVICE) == own_keys.secret(entity, DEVICE)
    assert "NOT FOR USE" in (folder / "README").read_text()


# --- refusals and bad input through the command line ----------------------------------------------------------


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, own_keys: test_keys.TestKeys) -> tuple[Path, Path]:
    """(state file, key folder)."""
    folder = tmp_path_factory.mktemp("send")
    test_keys.write(own_keys, folder / "keys")
    file = folder / "state.json"
    plain = {"entity": DEVICE.hex(), "attributes": REGISTERS, "time": {"utc": NOON, "source": "GSME", "status": "reliable"}}
    file.write_text(json.dumps(plain))
    return file, folder / "keys"


def test_a_use_case_by_name(bench: tuple[Path, Path], own_keys: test_keys.TestKeys) -> None:
    file, folder = bench
    done = hanref("send", "GCS13a", "--to", "GPF", "--state", str(file), "--keys", str(folder), "--counter", "12")
    assert done.returncode == 0
    assert "current_summation_delivered" in done.stderr  # decoded, for whoever looks
    checked = check.check(bytes.fromhex(done.stdout), own_keys)
    assert (checked.mac, checked.message.originator_counter) == ("valid", 12)


def test_test_keys_are_made_where_none_are_given(bench: tuple[Path, Path]) -> None:
    file, _ = bench
    done = hanref(
        "send", "GCS09", "--set", "issuer_event_id=1", "--set", f"implementation_date_time={NOON}", "--state", str(file)
    )
    assert done.returncode == 0
    assert envelope.decode(bytes.fromhex(done.stdout)).message_code == use_cases.code_of("GCS09")


@pytest.mark.parametrize(("use_case", "to"), [("GCS13a", "gpf"), ("GCS60a", "gsme"), ("GCS06", "gsme")])
def test_without_a_state_the_answer_comes_from_a_han_in_sim(use_case: str, to: str) -> None:
    done = hanref("send", use_case, "--to", to)
    assert done.returncode == 0, done.stderr
    message = envelope.decode(bytes.fromhex(done.stdout))
    assert (message.cra, message.message_code) == (envelope.RESPONSE, use_cases.code_of(use_case))
    assert "UNSUPPORTED" not in done.stderr
    assert "invalid" not in done.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)), "wrong MAC"),
        (lambda octets: octets[:-1], "malformed"),
        (lambda octets: octets + b"\x00", "malformed"),
        (lambda octets: octets[:34] + bytes((octets[34] ^ 1,)) + octets[35:], "other recipient"),
        (lambda octets: octets[:25] + bytes((octets[25] ^ 1,)) + octets[26:], "unknown originator"),
        (lambda octets: octets[:44] + b"\x77\x77" + octets[46:], "unknown message code"),
    ],
)
def test_no_answer_is_exit_code_1_with_the_reason(
    change: Any, reason: str, bench: tuple[Path, Path], own_keys: test_keys.TestKeys
) -> None:
    file, folder = bench
    command = build.build_command(own_keys, "GCS13a", party(own_keys, "supplier"), DEVICE, 3)
    done = hanref("send", "--hex", change(command).hex(), "--to", "gpf", "--state", str(file), "--keys", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"no answer: {reason}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hex", "00", "--to", "ihd"], "--to: 'ihd' is no target"),
        (["--hex", "0g"], "--hex: not hexadecimal"),
        (["--hex", ""], "--hex: nothing to send"),
        ([], "say a use case"),
        (["GCS13a", "--hex", "00"], "say a use case"),
        (["GCS99"], "'GCS99' is no use case"),
        (["ECS12"], "ECS12: date: missing"),
        (["ECS01a"], "ECS01a: give its payload"),
        (["CCS02", "--set", "device=0102"], "is no entity identifier"),
        (["GCS09"], "field issuer_event_id of component 1 is missing"),
        (["GCS09", "--set", "issuer_event_id"], "--set: 'issuer_event_id': write NAME=VALUE"),
        (["GCS13a", "--set", "nothing=1"], "no field nothing"),
        (["GCS13a", "--from", "nobody"], "--from: no key of a party 'nobody'"),
        (["GCS13a", "--keys", "no-such-folder"], "no-such-folder: No such file or directory"),
        (["GCS13a", "--interpreter", "/no/such/interpreter"], "/no/such/interpreter: No such file or directory"),
    ],
)
def test_wrong_usage_is_one_clear_line(arguments: list[str], words: str, bench: tuple[Path, Path]) -> None:
    file, _ = bench
    done = hanref("send", "--state", str(file), *arguments)
    assert done.returncode == (3 if "--interpreter" in arguments else 2)
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ([], "an object is expected"),
        ({}, "entity: missing"),
        ({"entity": "0011"}, "entity: '0011' is no entity identifier"),
        ({"entity": DEVICE.hex(), "registers": {}}, "registers: no such field"),
        ({"entity": DEVICE.hex(), "attributes": {"metering": {}}}, "attributes: metering: 'metering' is not hexadecimal"),
        ({"entity": DEVICE.hex(), "attributes": {"0702": 5}}, "attributes: 0702: an object is expected"),
        ({"entity": DEVICE.hex(), "attributes": {"0702": {"0000": -1}}}, "attributes: 0702: 0000: "),
        ({"entity": DEVICE.hex(), "attributes": {"0702": {"0000": 1 << 48}}}, "attributes: 0702: 0000: "),
        ({"entity": DEVICE.hex(), "attributes": {"0702": {"0000": "many"}}}, "'many' is no number"),
        ({"entity": DEVICE.hex(), "attributes": {"0702": {"0000": {"size": 1}}}}, "size: no such field"),
        ({"entity": DEVICE.hex(), "attributes": {"FFF0": {"0000": 1}}}, "give its type"),
        ({"entity": DEVICE.hex(), "attributes": {"0702": {"0000": {"value": 1, "type": "02"}}}}, "no ZCL data type"),
        ({"entity": DEVICE.hex(), "time": {"utc": "today"}}, "time: utc: "),
        ({"entity": DEVICE.hex(), "time": {"source": "CHF"}}, "time: source: 'CHF' is neither GSME nor GPF"),
        ({"entity": DEVICE.hex(), "time": {"status": "good"}}, "time: status: 'good': say reliable"),
        ({"entity": DEVICE.hex(), "counters": {"own": -1}}, "counters: own: -1 is no counter"),
        ({"entity": DEVICE.hex(), "trusts": "everybody"}, "trusts: a list of entity identifiers"),
        ({"entity": DEVICE.hex(), "faults": {"x": 1}}, "faults: x: say the number of a component"),
        ({"entity": DEVICE.hex(), "logs": {"diary": []}}, "logs: diary: no such log"),
        ({"entity": DEVICE.hex(), "logs": {"debts": [[1, 2]]}}, "logs: debts: 1: a list of 4 is expected"),
        ({"entity": DEVICE.hex(), "logs": {"debts": [["now", 2, 2, 0]]}}, "logs: debts: 1: 1: "),
        ({"entity": DEVICE.hex(), "logs": {"events": {"3": [[1, 2, "00"]]}}}, "logs: events: 3: 1: 3: write octets"),
        ({"entity": DEVICE.hex(), "logs": {"calendars": {"0": {}}}}, "logs: calendars: 0: issuer_event_id"),
    ],
)
def test_a_wrong_state_names_file_and_field(plain: Any, words: str) -> None:
    with pytest.raises(UsageError) as error:
        state.parse(plain, "file.json")
    assert str(error.value).startswith("file.json: ")
    assert words in str(error.value)


def test_state_files_may_be_written_in_several_ways() -> None:
    plain = {
        "entity": "A1-A2-A3-A4-A5-A6-A7-A8",
        "attributes": {"0x0702": {"0x0000": "0x10", "307": "31323334", "0100": None}, "0000": {"0004": "maker"}},
        "time": {"utc": 0, "source": "gsme", "status": "Unreliable"},
    }
    found = state.parse(plain, "file")
    assert found.entity == DEVICE
    assert (0x0702, 0x0000, 0, 0x25, 16) in found.attributes
    assert (0x0702, 0x0307, 0, 0x41, b"1234") in found.attributes
    assert (0x0702, 0x0100, 0, 0x25, None) in found.attributes
    assert (0x0000, 0x0004, 0, 0x42, "maker") in found.attributes
    assert (found.utc, found.source, found.reliability) == (0, "gsme", UNRELIABLE)
    assert state.parse({"entity": DEVICE.hex(), "time": {"utc": 5}}, "file").reliability == RELIABLE


def test_no_secret_is_printed(bench: tuple[Path, Path], own_keys: test_keys.TestKeys) -> None:
    file, folder = bench
    for arguments in (["GCS13a"], ["--hex", "00"], ["GCS13a", "--interpreter", "micropython"]):
        done = hanref("send", *arguments, "--state", str(file), "--keys", str(folder))
        for entity in own_keys.parties:
            secret = own_keys.secret(entity, DEVICE) if entity != DEVICE else None
            assert secret is None or secret.hex() not in (done.stdout + done.stderr).lower()


def test_a_command_of_the_ppmid() -> None:
    """The meter knows it as after CS03C."""
    fields = ("--set", "command_issue_date_time=2022-11-03T09:55:00Z")
    done = hanref("send", "PCS02", "--to", "gsme", "--from", "ppmid", *fields)
    assert done.returncode == 0, done.stderr
    assert "FAILURE" in done.stderr  # the meter is in credit mode
