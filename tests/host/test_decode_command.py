# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref decode`: its inputs, its three outputs, its checks and its exit codes. All keys are made for the test."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from gbcs_rows import wrapped
from han.gbcs import cosem_time, der, dlms, envelope, gbz, protection
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE, Message
from hanref.cli import main
from hanref.decode import as_xml
from lxml import etree

SUPPLIER = bytes.fromhex("90b3d51f30010000")
BROKER = bytes.fromhex("90b3d51f30000002")
GPF = bytes.fromhex("00db1234567890a3")
GSME = bytes.fromhex("00db1234567890a1")

READ_TENANCY = dlms.encode(
    dlms.AccessRequest(bytes(4), [dlms.Specification(dlms.GET, 1, dlms.logical_name("0-0:94.44.3.2"), 2)], [(0, None)])
)
ECS12, GCS13A, GCS09, GCA = 0x0022, 0x0074, 0x0072, 0x1000
COMMAND_HEX = wrapped(ECS12, COMMAND, READ_TENANCY).hex()

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["decode", *arguments])
        output = capfd.readouterr()
        return left.value.code or 0, output.out, output.err  # type: ignore[return-value]

    return call


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- keys -----------------------------------------------------------------------------------------------------

PRIVATE = {entity: ec.generate_private_key(ec.SECP256R1()) for entity in (SUPPLIER, BROKER, GPF, GSME)}
SIGNING = {entity: ec.generate_private_key(ec.SECP256R1()) for entity in (SUPPLIER, GSME)}
ROLES = {SUPPLIER: "supplier", BROKER: "access control broker", GPF: "GPF", GSME: "GSME"}


def secret(one: bytes, other: bytes) -> bytes:
    return PRIVATE[one].exchange(ec.ECDH(), PRIVATE[other].public_key())


@pytest.fixture
def key_folder(tmp_path: Path) -> Path:
    """Private keys of the parties, public keys of the devices."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for entity, key in PRIVATE.items():
        file = folder / f"{entity.hex()}-ka.pem"
        file.write_bytes(private_pem(key) if entity in (SUPPLIER, BROKER) else public_pem(key))
    for entity, key in SIGNING.items():
        (folder / f"{entity.hex()}-ds.pem").write_bytes(public_pem(key))
    (folder / "roles.json").write_text(json.dumps({entity.hex(): role for entity, role in ROLES.items()}))
    return folder


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The same as one JSON file."""

    def point(key: ec.EllipticCurvePrivateKey) -> str:
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    parties: dict[str, dict[str, str]] = {entity.hex(): {"role": role} for entity, role in ROLES.items()}
    for entity, key in PRIVATE.items():
        parties[entity.hex()]["key_agreement_public"] = point(key)
        if entity in (SUPPLIER, BROKER):
            parties[entity.hex()]["key_agreement_private"] = f"{key.private_numbers().private_value:064x}"
    for entity, key in SIGNING.items():
        parties[entity.hex()]["digital_signature_public"] = point(key)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"parties": parties}))
    return path


# --- messages -------------------------------------------------------------------------------------------------


def read_command() -> Message:
    """The supplier asks the GPF for the consumption register; the broker's MAC protects it."""
    read = gbz.Component(0x0702, 0x00, 0, 0x00, bytes.fromhex("0203010300030000"))
    message = Message(COMMAND, 7, SUPPLIER, GPF, GCS13A, gbz.encode(gbz.Payload([read])), signature=b"")
    message.mac = protection.mac_of(secret(BROKER, GPF), message)
    return message


def read_answer(status: int = 4, damage: bool = False) -> Message:
    """The GPF answers 12.345 m3, encrypted."""
    plaintext = bytes.fromhex("02030022e8030001030022010000000300300100000025393000000000")
    block = protection.encrypt(secret(SUPPLIER, GPF), GPF, SUPPLIER, 7, plaintext)
    if damage:
        block = block[:-1] + bytes((block[-1] ^ 1,))
    component = gbz.Component(0x0702, 0x18, 0, 0x01, block, encrypted=True)
    message = Message(RESPONSE, 7, GPF, SUPPLIER, GCS13A, gbz.encode(gbz.Payload([component])), signature=b"")
    message.date_time = cosem_time.encode(473385600, status)
    message.mac = protection.mac_of(secret(SUPPLIER, GPF), message)
    return message


def signed_alert() -> Message:
    """A critical alert of the GSME."""
    payload = gbz.encode(gbz.Payload([], 0x8F30, 473385600))
    message = Message(ALERT, 9, GSME, SUPPLIER, GCA, payload)
    signature = SIGNING[GSME].sign(envelope.signature_input(message), ec.ECDSA(SHA256()))
    message.signature = b"".join(part.to_bytes(32, "big") for part in utils.decode_dss_signature(signature))
    return message


def hexadecimal(message: Message) -> str:
    return str(envelope.encode(message).hex())


def flipped(text: str, place: int) -> str:
    """Hex with one bit of one octet changed; a place below 0 counts from the end."""
    octets = bytearray.fromhex(text)
    octets[place] ^= 1
    return octets.hex()


# --- inputs ---------------------------------------------------------------------------------------------------


def test_an_argument_may_be_hex(run: Run) -> None:
    code, out, err = run(
        "--json", COMMAND_HEX, "0x" + COMMAND_HEX.upper(), " ".join(COMMAND_HEX[i : i + 2] for i in range(0, 20, 2))
    )
    first, second, cut = objects(out)
    assert code == 2
    assert (first["index"], second["index"]) == (0, 1)
    assert first["message_code"] == second["message_code"] == "0022"
    assert set(cut) == {"index", "error", "offset"}
    assert "3 messages, 1 not readable" in err


def test_files_have_a_message_a_line_and_comments(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.hex"
    spaced = " ".join(COMMAND_HEX[i : i + 4] for i in range(0, len(COMMAND_HEX), 4))
    file.write_text(f"# a log\n\n{COMMAND_HEX}\n   \n{spaced}  # read again\n#{COMMAND_HEX}\n{COMMAND_HEX.upper()}\n")
    code, out, _ = run(str(file), "--json")
    assert code == 0
    assert [item["index"] for item in objects(out)] == [0, 1, 2]


def test_a_file_of_one_message_on_many_lines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.hex"
    file.write_text("".join(f"{COMMAND_HEX[i : i + 32]}\n" for i in range(0, len(COMMAND_HEX), 32)))
    code, out, _ = run(str(file), "--json")
    assert (code, len(objects(out))) == (0, 1)


def test_a_bad_first_line_does_not_join_the_others(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.hex"
    file.write_text(f"{COMMAND_HEX[:-2]}\n{COMMAND_HEX}\n")
    code, out, _ = run(str(file), "--json")
    assert code == 2
    bad, good = objects(out)
    assert "error" in bad
    assert good["index"] == 1


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{COMMAND_HEX}\n{COMMAND_HEX}\n"))
    code, out, _ = run("-", "--json")
    assert (code, len(objects(out))) == (0, 2)


def test_wrong_usage_is_one_line(run: Run, tmp_path: Path) -> None:
    binary = tmp_path / "log.bin"
    binary.write_bytes(b"\xff\xfe\x00\xdd")
    (tmp_path / "wrong.json").write_text("[]")
    (tmp_path / "half.json").write_text('{"parties": {"90b3d51f30010000": {"key_agreement_private": "zz"}}}')
    for arguments, words in (
        ((), "nothing to decode"),
        (("no-such-file",), "no-such-file: no file, and no message in hex"),
        ((str(binary),), "no text"),
        ((COMMAND_HEX, "--json", "--xml"), "one of --json, --xml and --table"),
        ((COMMAND_HEX, "--keys", str(tmp_path / "absent.json")), "absent.json"),
        ((COMMAND_HEX, "--keys", str(tmp_path)), "no key files"),
        ((COMMAND_HEX, "--keys", str(tmp_path / "wrong.json")), "object"),
        ((COMMAND_HEX, "--keys", str(tmp_path / "half.json")), "no private key of P-256"),
        ((COMMAND_HEX, "--role", "90b3d51f30010000"), "not ENTITY=ROLE"),
        ((COMMAND_HEX, "--role", "12=supplier"), "no entity identifier"),
        ((COMMAND_HEX, "--role", "90b3d51f30010000=king"), "no role"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, ""), arguments
        assert words in " ".join(err.split()), (arguments, err)


def test_bad_messages_say_what_is_wrong_and_where(run: Run) -> None:
    good = hexadecimal(read_command())
    bad = {
        COMMAND_HEX.replace("020022", "02ffff", 1): "message code FFFF is not in the table",
        "": "",
        good[:-2]: "the length says",
        good + "00": "the length says",
        flipped(good, 0): "DD or DF",
        COMMAND_HEX + "0000": "signature",
        COMMAND_HEX.replace("d9000000", "d8000000"): "D8 is no APDU",
        "df09zz": "no hexadecimal digit",
        "df0": "odd number",
    }
    del bad[""]
    code, out, _ = run("--json", *(text for text in bad if "z" not in text), COMMAND_HEX)
    assert code == 2
    results = objects(out)
    assert "error" not in results[-1], "the rest of the batch goes on"
    for result, (text, words) in zip(results, [item for item in bad.items() if "z" not in item[0]], strict=False):
        assert set(result) == {"index", "error", "offset"}
        assert words in result["error"], (text, result)
        assert 0 <= result["offset"] <= len(text) // 2
    assert results[0]["offset"] == COMMAND_HEX.index("020022") // 2 + 1


def test_lines_that_are_no_hex(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.hex"
    file.write_text(f"{COMMAND_HEX}\ndf09zz\ndf0\n")
    code, out, _ = run(str(file), "--json")
    _, letter, odd = objects(out)
    assert code == 2
    assert (letter["error"], letter["offset"]) == ("'z' is no hexadecimal digit", 2)
    assert (odd["error"], odd["offset"]) == ("an odd number of hexadecimal digits", 1)


# --- protection -----------------------------------------------------------------------------------------------


def test_protection_is_checked_with_keys(run: Run, key_folder: Path, key_file: Path) -> None:
    messages = [hexadecimal(message) for message in (read_command(), read_answer(), signed_alert())]
    for keys in (key_folder, key_file):
        code, out, _ = run("--json", "--keys", str(keys), *messages)
        command, answer, alert = objects(out)
        assert code == 0
        assert command["mac_check"] == answer["mac_check"] == alert["signature_check"] == "valid"
        assert command["mac_key_parties"] == [BROKER.hex(), GPF.hex()]
        assert answer["mac_key_parties"] == [SUPPLIER.hex(), GPF.hex()]
        assert alert["mac_check"] is alert["mac"] is None
        assert answer["payload"]["components"][0]["attributes"][3]["value"] == 12345
        assert answer["content"]["components"][0]["attributes"][3] == {
            "name": "current_summation_delivered",
            "value": 12345,
            "scaled": "12.345",
            "unit": "m³",
        }
        assert (answer["time_source"], answer["time_reliability"]) == ("GSME", "reliable")


def test_without_keys_nothing_is_checked(run: Run) -> None:
    code, out, _ = run("--json", hexadecimal(read_answer(2)), hexadecimal(signed_alert()))
    answer, alert = objects(out)
    assert code == 0
    assert answer["mac_check"] == alert["signature_check"] == answer["decryption_check"] == "unverified"
    assert "plaintext" not in answer["payload"]["components"][0]
    assert (answer["time_source"], answer["time_reliability"]) == (None, "unreliable")


def test_a_role_tells_whose_time_it_is(run: Run) -> None:
    for status, source, reliability in (
        (0, "GPF", "reliable"),
        (4, "GSME", "reliable"),
        (7, "GSME", "invalid"),
        (1, "GPF", "invalid"),
    ):
        _, out, _ = run("--json", hexadecimal(read_answer(status)), "--role", f"{GPF.hex()}=gpf")
        assert (objects(out)[0]["time_source"], objects(out)[0]["time_reliability"]) == (source, reliability)
    _, out, _ = run("--json", hexadecimal(read_answer(0xFF)))
    assert (objects(out)[0]["time_source"], objects(out)[0]["time_reliability"]) == (None, "not specified")


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (flipped(hexadecimal(read_command()), -1), "mac_check"),
        (flipped(hexadecimal(read_command()), -20), "mac_check"),
        (flipped(hexadecimal(signed_alert()), -1), "signature_check"),
        (hexadecimal(read_answer(damage=True)), "decryption_check"),
    ],
)
def test_damage_is_a_defect(run: Run, key_folder: Path, text: str, check: str) -> None:
    code, out, err = run("--json", "--keys", str(key_folder), text)
    assert code == 1
    assert objects(out)[0][check] == "invalid"
    assert "invalid MAC, signature or encrypted block" in err


def test_no_key_is_ever_shown(run: Run, key_file: Path) -> None:
    secrets = [f"{key.private_numbers().private_value:064x}" for key in PRIVATE.values()]
    for form in ("--json", "--xml", "--table"):
        _, out, err = run(form, "--keys", str(key_file), hexadecimal(read_answer()))
        assert not any(text in (out + err).replace("\n", "") for text in secrets)


# --- outputs --------------------------------------------------------------------------------------------------

SCHEMA = etree.XMLSchema(etree.parse(str(Path(as_xml.__file__).with_name("gbcs-messages.xsd"))))
SPACE = {"h": as_xml.NAMESPACE}


def test_xml_follows_its_schema(run: Run, key_folder: Path) -> None:
    code, out, _ = run(
        "--xml",
        "--keys",
        str(key_folder),
        hexadecimal(read_command()),
        hexadecimal(read_answer(2)),
        COMMAND_HEX,
        "df",
        hexadecimal(signed_alert()),
    )
    assert code == 2
    document = etree.fromstring(out.encode())
    SCHEMA.assertValid(document)
    assert [child.get("index") for child in document] == ["0", "1", "2", "3", "4"]
    stamp = document.find("h:Message[2]/h:Header/h:Timestamp", SPACE)
    assert stamp is not None
    assert stamp.text == "2015-01-01T00:00:00Z"
    assert stamp.attrib == {"isFromGSME": "false", "ClockStatus": "unreliable"}
    assert document.find("h:Error", SPACE).get("offset") == "1"
    assert document.find("h:Message[1]/h:Protection/h:MAC", SPACE).get("check") == "valid"


def test_xml_of_times_that_are_open_or_say_little(run: Run) -> None:
    open_time = read_answer()
    open_time.date_time = b"\xff" * 9 + b"\x80\x00\x04"
    _, out, _ = run("--xml", hexadecimal(open_time), hexadecimal(read_answer(0xFF)))
    document = etree.fromstring(out.encode())
    SCHEMA.assertValid(document)
    assert document.find("h:Message[1]/h:Header/h:OpenTime", SPACE).get("isFromGSME") == "true"
    assert dict(document.find("h:Message[2]/h:Header/h:Timestamp", SPACE).attrib) == {}


def test_xml_takes_any_text(run: Run) -> None:
    text = gbz.Component(0x0703, 0x09, 0, 0x00, bytes(11) + bytes((7,)) + b"a<\x00&\x1b\xc2\xa3")
    _, out, _ = run("--xml", wrapped(0x0071, COMMAND, gbz.encode(gbz.Payload([text]))).hex())
    SCHEMA.assertValid(etree.fromstring(out.encode()))


def test_the_table_is_the_default(run: Run, key_folder: Path) -> None:
    code, out, _ = run("--keys", str(key_folder), hexadecimal(read_answer()))
    assert code == 0
    for words in ("GCS13a", "Read GSME Consumption Register", "12.345 m³", "time source", "GSME", "reliable", "valid"):
        assert words in out
    _, out, _ = run("--table", hexadecimal(read_answer()), "df")
    assert "not checked" in out
    assert "message 1: " in out


# --- contents -------------------------------------------------------------------------------------------------


def content_of(run: Run, *arguments: str) -> Any:
    _, out, _ = run("--json", *arguments)
    return objects(out)[-1]["content"]


def test_a_response_is_named_by_its_command(run: Run) -> None:
    def answer(value: int) -> str:
        body = dlms.AccessResponse(bytes(4), [(0x11, value)], [(dlms.GET, 0)])
        message = Message(
            RESPONSE, 1, b"\x00\xdb" + bytes(6), b"\x90" + bytes(7), 0x003F, dlms.encode(body), signature=bytes(64)
        )
        return hexadecimal(message)

    asked = [dlms.Specification(dlms.GET, 1, dlms.logical_name("0-0:96.1.1.255"), 2)]
    command = wrapped(0x003F, COMMAND, dlms.encode(dlms.AccessRequest(bytes(4), asked, [(0, None)]))).hex()
    assert "obis" not in content_of(run, answer(5))["items"][0]
    assert content_of(run, command, answer(5))["items"][0]["obis"] == "0-0:96.1.1.255"


def test_change_of_tenancy_of_both_fuels(run: Run) -> None:
    date = cosem_time.encode(820540800)
    set_date = dlms.AccessRequest(
        bytes(4), [dlms.Specification(dlms.SET, 1, dlms.logical_name("0-0:94.44.3.2"), 2)], [(0x09, date)]
    )
    item = content_of(run, wrapped(ECS12, COMMAND, dlms.encode(set_date)).hex())["items"][0]
    assert (item["do"], item["name"], item["value"]) == ("set", "value", "2026-01-01T00:00:00Z")
    publish = gbz.Component(0x0708, 0x09, 0, 0x00, bytes.fromhex("00000000804a371c008075e83000020000"))
    fields = content_of(run, wrapped(GCS09, COMMAND, gbz.encode(gbz.Payload([publish]))).hex())["components"][0]["fields"]
    assert fields["implementation_date_time"] == "2026-01-01T00:00:00Z"
    assert fields["proposed_tenancy_change_control"]


def test_logs_are_rows(run: Run) -> None:
    log = (0x13, ((0x02, [0x06, 0x06]), [[473299200, 241], [473301000, 239]]))
    numbers = [(0x06, 3), (0x02, [(0x0F, 0), (0x16, 255)])] * 2
    body = dlms.AccessResponse(bytes(4), [*numbers, log, (0x06, 1800)], [(dlms.GET, 0)] * 6)
    items = content_of(run, wrapped(0x0039, RESPONSE, dlms.encode(body), signature=bytes(64)).hex())["items"]
    assert items[4]["value"] == {
        "columns": ["timestamp", "dlValue"],
        "rows": [["2014-12-31T00:00:00Z", 241], ["2014-12-31T00:30:00Z", 239]],
    }
    assert items[0]["scaled"] == "3"


def test_certificates_in_two_words(run: Run) -> None:
    update = (der.SEQUENCE, [(der.BIT_STRING, b"\x03\x08")])
    assert content_of(run, wrapped(0x000C, COMMAND, der.encode(update)).hex()) == {"key_usage": ["key agreement"]}
    answer = wrapped(0x000C, RESPONSE, der.encode((der.SEQUENCE, [])), signature=bytes(64)).hex()
    assert "no readable certificate" in content_of(run, answer)["certificate"]["error"]


def test_a_form_that_the_use_case_has_not_is_shown_as_it_is(run: Run) -> None:
    assert content_of(run, wrapped(0x0012, COMMAND, der.encode((der.INTEGER, b"\x05"))).hex()) == {"value": 5}
