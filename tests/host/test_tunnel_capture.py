# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS commands through the hub to ESME and GSME over the air: the answers are those of the device itself, and tshark's
tunnel and message dissectors take every message from the capture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dlms_wan import ALL_PARTIES, ESME, NULL, OPERATOR, get
from gas_supplier import BROKER, GSME, REGISTER, SECRETS, SUPPLIER, TARIFF
from han.gbcs import cosem_places as places
from han.gbcs import dlms, envelope, protection
from hanref.air.keys import Keys
from hanref.air.network import Network
from hanref.air.tap import Tap
from simulated import IDENTITIES, Han
from tshark import dissect, needs_tshark

QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}
THRESHOLDS = 0x003C  # ECS26b


class Tapped(Han):
    """A simulated HAN whose frames go into a capture."""

    def __init__(self, tap: Tap, **settings: object) -> None:
        self._tap = tap
        given = {role: table.get("identity") for role, table in settings.items() if isinstance(table, dict)}
        self._identities = {role: bytes.fromhex(given.get(role) or identity) for role, identity in IDENTITIES.items()}
        self._identities["chf"] = self._identities["gpf"] = self._identities["hub"]
        super().__init__(**settings)  # type: ignore[no-untyped-call]

    def _line(self, text: str) -> None:
        super()._line(text)  # type: ignore[no-untyped-call]
        if text[0] == "F":
            at, source, destination, first, second, cluster, secured, octets = text[2:].split()
            self._tap.frame(
                self.start * 1000 + int(at),
                self._identities[source],
                self._identities[destination],
                int(first),
                int(second),
                int(cluster, 16),
                bytes.fromhex(octets),
                secured == "1",
            )


@contextmanager
def tapped(path: Path, loss: float = 0.0, **identities: str) -> Iterator[tuple[Tapped, Network]]:
    """A HAN with keys for its meters, its capture in `path`; `identities` by role where they are others than the usual."""
    known = {**IDENTITIES, **identities}
    radios = [bytes.fromhex(known[role]) for role in ("hub", "esme", "gsme", "ihd")]
    network = Network("tunnels", radios, extended_pan_id=radios[0])
    tap = Tap(path, network)
    try:
        tables = {role: {"parties": ALL_PARTIES, "identity": known[role]} for role in ("hub", "esme", "gsme")}
        yield Tapped(tap, **tables, ihd=QUIET, air={"loss": loss}), network
    finally:
        tap.close()


def command(party: str, recipient: bytes, code: int, counter: int, payload: bytes) -> bytes:
    message = envelope.Message(
        envelope.COMMAND, counter, bytes.fromhex(party), recipient, code, payload=payload, signature=b""
    )
    message.mac = protection.mac_of(bytes.fromhex(SECRETS[BROKER]), message)
    octets: bytes = envelope.encode(message)
    return octets


def threshold_read(counter: int) -> bytes:
    wanted = [get(places.SAG_THRESHOLD), get(places.SWELL_THRESHOLD), get(places.AVERAGE_OVER_THRESHOLD_1)]
    payload = dlms.encode(dlms.AccessRequest(dlms.invoke_id(counter), wanted, [NULL] * len(wanted)))
    return command(OPERATOR, ESME, THRESHOLDS, counter, payload)


def answers(han: Han) -> list[bytes]:
    found = [bytes.fromhex(event["octets"]) for event in han.of("gbcs", "chf")]  # type: ignore[no-untyped-call]
    return [octets for octets in found if envelope.decode(octets).cra == envelope.RESPONSE]


@needs_tshark
def test_tunnelled_messages_are_answered_and_dissected(tmp_path: Path) -> None:
    path = tmp_path / "air.pcapng"
    with tapped(path) as (han, network):
        han.run("09:40:00")
        to_esme = threshold_read(2000)
        to_gsme = [command(SUPPLIER, GSME, code, 2001 + i, payload) for i, (code, payload) in enumerate((REGISTER, TARIFF))]
        for octets in (to_esme, *to_gsme):
            han.do("hub", "gbcs", octets=octets.hex())
        han.run("10:05:00")
        through_the_air = answers(han)
        assert len(through_the_air) == 3
        counters = [envelope.decode(octets).originator_counter for octets in through_the_air]
        assert sorted(counters) == [2000, 2001, 2002]
        # Given to the device itself, past hub and tunnel, the read of the ESME has the same answer.
        again = han.device("esme").server.answer(to_esme, han.utc())
        assert again in through_the_air

    keys = Keys.of(network)
    packets = dissect(path, keys, "gbcs_message.grouping_header.message_code", "gbcs_message.mac")
    assert not any(packet["_ws.malformed"] for packet in packets)
    dissected = {packet["gbcs_message.mac"][0].replace(":", "") for packet in packets if packet["gbcs_message.mac"]}
    sent = {octets[-12:].hex() for octets in (to_esme, *to_gsme, *through_the_air)}
    assert sent <= dissected
    assert sum("gbcs_tunnel" in packet["frame.protocols"][0] for packet in packets) >= len(sent)


@pytest.mark.parametrize("seed", range(3))
def test_with_loss_every_command_is_answered_once_or_told(tmp_path: Path, seed: int) -> None:
    with tapped(tmp_path / "air.pcapng", loss=0.2) as (han, _):
        han.run("09:40:00")
        sent = []
        for hour in range(10, 16):
            counter = 3000 + 10 * hour + seed
            han.do("hub", "gbcs", octets=threshold_read(counter).hex())
            code, payload = REGISTER
            han.do("hub", "gbcs", octets=command(SUPPLIER, GSME, code, counter, payload).hex())
            sent += [(OPERATOR, counter), (SUPPLIER, counter)]
            han.run(f"{hour}:40:00")
        han.run("18:10:00")
        answered = [
            (message.recipient.hex(), message.originator_counter) for message in map(envelope.decode, answers(han))
        ]
        undelivered = [event["code"] for event in han.of("alert", "chf") if event["code"] in ("8f84", "819d")]
    assert len(answered) == len(set(answered))
    assert set(answered) <= set(sent)
    assert len(sent) - len(answered) <= len(undelivered)
