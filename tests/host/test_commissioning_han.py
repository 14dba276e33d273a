# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of a simulated HAN are commissioned over the WAN with test keys: through the hub, tunnels and queues."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from han.clock import RELIABLE, from_iso
from han.crypto.certificate import Certificate
from han.devices.payment_modes import PREPAYMENT_MODE
from han.gbcs import der, elements, envelope, utrn
from hanref.errors import UsageError
from hanref.gbcs import build, build_asn1, check, test_keys, trust
from hanref.gbcs.keys import AGREEMENT, PREPAYMENT, SIGNATURE
from simulated import CHF, IDENTITIES, Han

DEVICES = {
    "chf": bytes.fromhex(CHF),
    "gpf": bytes.fromhex(IDENTITIES["hub"]),
    "esme": bytes.fromhex(IDENTITIES["esme"]),
    "gsme": bytes.fromhex(IDENTITIES["gsme"]),
    "ppmid": bytes.fromhex(IDENTITIES["ppmid"]),
}
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}
BROKER = "access control broker"
PARTNER = bytes.fromhex("0A0B0C0D0E0F00AA")
SIGN, AGREE = 0, 4
TYPE_2 = 6


class Bench:
    """A HAN of new devices, and the parties that hold their keys."""

    def __init__(self, installed: bool = True) -> None:
        self.keys = test_keys.make_all({entity: role for role, entity in DEVICES.items()})
        given = {role: trust.settings(self.keys, entity, role, installed) for role, entity in DEVICES.items()}
        hub = {"trust": {"chf": given["chf"], "gpf": given["gpf"]}}
        others = {role: {"trust": {role: given[role]}} for role in ("esme", "gsme", "ppmid")}
        others["gsme"].update(self.account())
        others["ppmid"].update(QUIET)
        self.han = Han(boards=("hub", *others), hub=hub, **others)
        self.han.run("09:05:00")
        self.counter = 1000

    def account(self) -> dict[str, Any]:
        """A gas meter in prepayment mode that takes the supplier's top-ups."""
        secret = self.keys.secret(self.party("supplier"), DEVICES["gsme"], PREPAYMENT)
        assert secret is not None
        return {
            "supplier": self.party("supplier").hex(),
            "prepayment_secret": secret.hex(),
            "payment_control_configuration": PREPAYMENT_MODE,
            "credit_remaining": 500000,
        }

    def party(self, role: str) -> bytes:
        return next(entity for entity, found in self.keys.parties.items() if found.role == role)

    def messages(self) -> list[Any]:
        """What went out to the WAN: Checked messages."""
        octets = [event["octets"] for event in self.han.of("gbcs") if event.get("source_side") != "wan"]
        return [check.check(bytes.fromhex(text), self.keys) for text in octets]

    def give(self, use_case: str, to: str, sender: str = "supplier", payload: bytes | None = None, **parameters: Any) -> Any:
        """The DER element that answers; its MAC or signature is right by the `cryptography` package."""
        self.counter += 1
        command = build.build_command(
            self.keys, use_case, self.party(sender), DEVICES[to], self.counter, parameters, payload=payload
        )
        seen = len(self.messages())
        self.han.do("hub", "gbcs", octets=command.hex())
        self.han.run(2000 if to == "gsme" else 10)
        answers = [found for found in self.messages()[seen:] if found.message.cra == envelope.RESPONSE]
        assert len(answers) == 1, self.han.of("gbcs_refused")
        assert "valid" in (answers[0].mac, answers[0].signature)
        return der.decode(answers[0].message.payload)

    def alerts(self, code: int) -> list[Any]:
        found = [one for one in self.messages() if one.message.message_code == code and one.message.cra == envelope.ALERT]
        assert all("valid" in (one.mac, one.signature) for one in found)
        return [der.decode(one.message.payload) for one in found]


def statuses(answer: Any) -> list[int]:
    return [field[1][1][1][0] for field in answer[1][1][1][3][1]]


def test_the_supplier_renews_its_keys_at_the_meter() -> None:
    bench = Bench()
    supplier = bench.keys.party(bench.party("supplier"))
    old = supplier.private[SIGNATURE]
    certificates = [bench.keys.renew(bench.party("supplier"), purpose) for purpose in (SIGNATURE, AGREEMENT)]
    new, supplier.private[SIGNATURE] = supplier.private[SIGNATURE], old
    payload = build_asn1.update_credentials(
        2, (2, SIGN, 0), bench.counter + 1, [(certificates[0], (2, SIGN, 0)), (certificates[1], (2, AGREE, 0))],
        [bench.keys.issuer], floor=0,
    )  # fmt: skip
    assert statuses(bench.give("0102", "esme", payload=payload)) == [0, 0]
    supplier.private[SIGNATURE] = new
    answer = bench.give("CS03A1", "esme", partner=PARTNER.hex(), device_type=5)
    assert answer == der.integer(0)
    log = bench.give("CS07", "esme", BROKER)
    assert log[1][1] == elements.sequence(elements.entry((PARTNER, 5)))


def test_the_gas_proxy_is_handed_over_and_tells_its_device_log() -> None:
    bench = Bench(installed=False)
    supplier = bench.party("supplier")
    certificates = [bench.keys.certificates[(supplier, purpose)] for purpose in (SIGNATURE, AGREEMENT)]
    payload = build_asn1.update_credentials(
        2, (2, SIGN, 0), bench.counter + 1, [(certificates[0], (2, SIGN, 0)), (certificates[1], (2, AGREE, 0))],
        [bench.keys.issuer], floor=0, top_up_floor=0,
    )  # fmt: skip
    assert statuses(bench.give("0102", "gpf", BROKER, payload=payload)) == [0, 0]
    assert bench.give("CS03B", "gpf", BROKER, partner=PARTNER.hex(), device_type=TYPE_2) == der.integer(0)
    (alert,) = bench.alerts(0x00B2)
    assert (der.integer_of(alert[1][0]), alert[1][2]) == (0x8071, elements.sequence(elements.entry((PARTNER, TYPE_2))))
    # The supplier's key agreement is the proxy's now: it reads what is encrypted for it.
    command = build.build_command(bench.keys, "GCS13a", supplier, DEVICES["gpf"], 1)
    bench.han.do("hub", "gbcs", octets=command.hex())
    bench.han.run(5)
    found = bench.messages()[-1]
    assert (found.message.recipient, found.mac) == (supplier, "valid")
    assert None not in found.plaintexts


def test_a_hub_that_is_replaced_gets_the_device_log_back() -> None:
    bench = Bench()
    entries = [(PARTNER, 5), (PARTNER[:-1] + b"\xab", TYPE_2)]
    text = ",".join(f"{entity.hex()}/{device_type}" for entity, device_type in entries)
    answer = bench.give("GCS59", "gpf", BROKER, entries=text)
    assert [der.integer_of(result[1][1]) for result in answer[1][0][1]] == [0, 0]
    assert bench.han.device("gpf").paired_devices.entries() == entries
    assert len(bench.alerts(0x00B2)) == 1


def test_the_sleeping_meter_takes_the_time_of_the_hub_alone_inside_the_interval() -> None:
    bench = Bench()
    meter = bench.han.device("gsme")
    bench.han.do("gsme", "clock", status="unreliable", step=-3000)
    before = bench.han.utc()
    outside = bench.give("GCS28", "gsme", start="2022-11-03T23:00:00Z", end="2022-11-03T23:30:00Z")
    assert der.integer_of(outside[1][1]) == 2
    inside = bench.give("GCS28", "gsme", start="2022-11-03T09:00:00Z", end="2022-11-03T12:00:00Z")
    assert der.integer_of(inside[1][1]) == RELIABLE
    assert before < elements.read_time(inside[1][0]) <= bench.han.utc()
    assert meter.clock.utc(bench.han.utc()) == bench.han.utc()


def test_the_meter_changes_its_own_key() -> None:
    bench = Bench()
    device = DEVICES["esme"]
    request = bench.give("CS02c", "esme", usage="digital signature")
    public = elements.items(elements.items(request[1][0])[2])[1][1][1:]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    certificate = bench.keys.issue(device, SIGNATURE, key)
    # The answer is signed with the new key already.
    bench.keys.party(device).public[SIGNATURE] = key
    assert bench.give("CS02d", "esme", certificate=certificate.hex()) == der.integer(0)
    shown = bench.give("CS02e", "esme", usage="digital signature")
    assert der.encode(shown) == certificate
    assert bench.give("CS02e", "esme", usage="key agreement")[0] == der.SEQUENCE


def test_an_activation_waits_for_its_date_and_the_meter_tells_what_became_of_it() -> None:
    bench = Bench()
    image = "5a" * 32
    assert bench.give("CS06", "esme", hash=image)[1][0] == der.integer(1)
    assert bench.give("CS06", "esme", hash=image, at="2022-11-03T10:30:00Z")[0] == der.NULL
    assert bench.give("CS06", "gsme", hash=image, at="2022-11-03T10:45:00Z")[0] == der.NULL
    bench.han.run("11:30:00")
    esme, gsme = bench.alerts(0x00CA)
    assert [der.integer_of(alert[1][0]) for alert in (esme, gsme)] == [0x8F67, 0x8F67]
    assert [elements.read_time(alert[1][1]) for alert in (esme, gsme)] == [
        from_iso("2022-11-03T10:30:00Z"), from_iso("2022-11-03T10:45:00Z")
    ]  # fmt: skip
    assert gsme[1][3][1][0] == der.integer(1)


def test_what_the_hub_holds() -> None:
    bench = Bench()
    answer = bench.give("CS02a", "chf", BROKER, asker="4/4", roles="4,2")
    broker, supplier = answer[1]
    assert [cell[1][-1][1] for cell in broker[1][3][1]] == [
        Certificate(bench.keys.certificates[(bench.party(BROKER), purpose)]).key_identifier
        for purpose in (SIGNATURE, AGREEMENT)
    ]
    assert supplier[1][1][1] == b"\x19"


def test_ppmid_and_gas_meter_are_joined_and_a_top_up_goes_between_them() -> None:
    bench = Bench()
    digits = utrn.make(
        bench.keys.secret(bench.party("supplier"), DEVICES["gsme"], PREPAYMENT), bench.party("supplier"), DEVICES["gsme"],
        1, utrn.POUNDS, 10,
    )  # fmt: skip
    bench.han.do("ppmid", "top_up", fuel="gas", utrn=digits)
    assert [event["result"] for event in bench.han.of("payment")] == ["not possible"]  # no gas meter yet
    certificates = {role: bench.keys.certificates[(DEVICES[role], AGREEMENT)].hex() for role in ("gsme", "ppmid")}
    meter, display = DEVICES["gsme"].hex(), DEVICES["ppmid"].hex()
    joined = bench.give("CS03C", "gsme", partner=display, device_type=5, certificate=certificates["ppmid"])
    assert joined == der.integer(0)
    joined = bench.give("CS03C", "ppmid", BROKER, partner=meter, device_type=0, certificate=certificates["gsme"])
    assert joined == der.integer(0)
    bench.han.do("ppmid", "top_up", fuel="gas", utrn=digits)
    bench.han.run(1900)
    assert [event["result"] for event in bench.han.of("payment")] == ["not possible", "accepted"]
    assert bench.han.device("gsme").account.prepayment.credit() == 1500000
    # Parted, the meter does not know the display any more.
    assert bench.give("CS04AC", "gsme", partner=display) == der.integer(0)
    bench.han.do("ppmid", "emergency_credit", fuel="gas")
    bench.han.run(1900)
    assert [event["reason"] for event in bench.han.of("gbcs_refused", "gsme")] == ["unknown originator"]


def test_the_ppmid_is_commissioned_like_a_meter() -> None:
    bench = Bench()
    meter = DEVICES["esme"]
    assert bench.give("CS03A1", "esme", partner=DEVICES["ppmid"].hex(), device_type=5) == der.integer(0)
    assert bench.give("CS03A2", "ppmid", BROKER, partner=meter.hex(), device_type=1) == der.integer(0)
    log = bench.give("CS07", "ppmid", BROKER)
    assert log[1][1] == elements.sequence(elements.entry((meter, 1)))
    cells = bench.give("CS02a", "ppmid", BROKER, asker="4/4", roles="4,2")
    broker, supplier = cells[1]
    assert len(broker[1][3][1]) == 2
    assert supplier[1][1][1] == b"\x19"  # it holds no cell of a supplier
    request = bench.give("CS02c", "ppmid", BROKER, usage="key agreement")
    public = elements.items(elements.items(request[1][0])[2])[1][1][1:]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    certificate = bench.keys.issue(DEVICES["ppmid"], AGREEMENT, key)
    assert bench.give("CS02d", "ppmid", BROKER, certificate=certificate.hex()) == der.integer(0)
    bench.keys.party(DEVICES["ppmid"]).public[AGREEMENT] = key
    bench.keys.party(DEVICES["ppmid"]).private.pop(AGREEMENT)
    bench.keys.forget(DEVICES["ppmid"])
    version = bench.give("CS08", "ppmid", BROKER)
    assert version[1][1] == der.integer(0)


def test_the_broker_renews_its_key_at_the_ppmid() -> None:
    bench = Bench()
    broker = bench.keys.party(bench.party(BROKER))
    old = {purpose: broker.private[purpose] for purpose in (SIGNATURE, AGREEMENT)}
    certificate = bench.keys.renew(bench.party(BROKER), SIGNATURE)
    new = broker.private[SIGNATURE]
    broker.private[SIGNATURE] = old[SIGNATURE]
    payload = build_asn1.update_credentials(
        4, (4, SIGN, 0), bench.counter + 1, [(certificate, (4, SIGN, 0))], [bench.keys.issuer], floor=0
    )
    assert statuses(bench.give("0104", "ppmid", BROKER, payload=payload)) == [0]
    broker.private[SIGNATURE] = new
    assert bench.give("CS03A2", "ppmid", BROKER, partner=DEVICES["esme"].hex(), device_type=1) == der.integer(0)


@pytest.mark.parametrize(
    ("use_case", "parameters", "said"),
    [
        ("CS06", {}, "CS06: hash: missing"),
        ("CS06", {"hash": "xyz"}, "CS06: hash: no hexadecimal digits"),
        ("CS06", {"hash": "00", "at": "soon"}, "CS06: at: "),
        ("CS06", {"hash": "00", "colour": "red"}, "CS06: colour: no such field; there are hash, at"),
        ("CS02c", {"usage": "signing"}, "CS02c: usage: 'signing': say one of digital signature, key agreement"),
        ("CS02a", {"asker": "two", "roles": "2"}, "CS02a: asker: 'two': write a cell as"),
        ("CS02a", {"asker": "4/4", "roles": "x"}, "CS02a: roles: 'x': write role numbers"),
        ("CS02d", {"certificate": "3000"}, "CS02d: certificate: no certificate"),
        ("CS03A1", {"partner": "12", "device_type": "5"}, "CS03A1: partner: '12' is no entity identifier"),
        ("CS03A1", {"partner": PARTNER.hex(), "device_type": "x"}, "CS03A1: device_type: 'x' is no number"),
        ("0102", {"asker": "2/0", "replacements": "2/0"}, "CS02b: replacements: write CELL:CERTIFICATE"),
        ("GCS59", {"entries": PARTNER.hex()}, "GCS59: entries: write ENTITY/TYPE,ENTITY/TYPE"),
        ("GCS28", {"start": "2022-11-03T10:00:00Z"}, "GCS28: end: missing"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(use_case: str, parameters: dict[str, str], said: str) -> None:
    code = build.code_of(use_case)
    with pytest.raises(UsageError) as caught:
        build_asn1.payload(code, parameters, 1)
    assert str(caught.value).startswith(said)


def test_texts_give_the_payload_that_functions_give() -> None:
    keys = test_keys.make(DEVICES["esme"], "esme")
    certificate = keys.certificates[(DEVICES["esme"], SIGNATURE)]
    parameters = {
        "asker": "2/0", "replacements": f"2/0:{certificate.hex()};2/4/1:{certificate.hex()}", "path": keys.issuer.hex(),
        "floor": "0", "top_up_floor": "0x100000000", "at": "cancel",
    }  # fmt: skip
    replacements = [(certificate, (2, 0, 0)), (certificate, (2, 4, 1))]
    assert build_asn1.payload(0x0102, parameters, 7) == build_asn1.update_credentials(
        2, (2, 0, 0), 7, replacements, [keys.issuer], floor=0, top_up_floor=1 << 32, at=build_asn1.CANCEL
    )
