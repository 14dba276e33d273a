# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Every published command that the replay knows for ESME and GSME, through the hub and over the air: tunnels, the queue of
the sleeping meter, blocks. The meters behind the tunnels are the seeded ones of the replay, so the answers that reach the WAN
are the published ones."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from han.gbcs import envelope
from hanref.air.keys import Keys as AirKeys
from hanref.gbcs import answering, modelled, seed, state
from hanref.gbcs import keys as key_files
from hanref.gbcs.keys import Keys
from hanref.replay import replayer, scenarios
from simulated import Han
from test_tunnel_capture import tapped
from tshark import dissect, needs_tshark

FOLDER = os.environ.get("HANREF_VECTORS")
METERS = ("esme", "gsme")
HUB = "00db12345678901f"
SAME_AGAIN = 7300  # seconds after which the same octets are another message, not the same one sent again
LOSS = 0.2
UNDELIVERED = ("8f84", "819d")

pytestmark = pytest.mark.skipif(not FOLDER, reason="the published vectors are not here: set HANREF_VECTORS to their folder")


@dataclass
class Published:
    """A scenario with the meter that answers it."""

    name: str
    role: str
    command: bytes
    response: bytes
    device: dict[str, Any]


@pytest.fixture(scope="module")
def keys() -> Keys:
    return key_files.load(Path(FOLDER or "") / "keys.json")


@pytest.fixture(scope="module")
def batches(keys: Keys) -> list[list[Published]]:
    """The scenarios of ESME and GSME; those with the same command are in different batches."""
    found: list[list[Published]] = []
    for scenario in scenarios.load(Path(FOLDER or "")):
        try:
            prepared = replayer.prepare(scenario, keys)
        except replayer.NotReplayed:
            continue
        if prepared.role not in METERS:
            continue
        model = state.parse(seed.surround(prepared.shown), scenario.name)
        device = answering.question(prepared.role, model, keys, [])["device"]
        one = Published(scenario.name, prepared.role, prepared.command, prepared.response, device)
        for batch in found:
            if all(other.command != one.command for other in batch):
                batch.append(one)
                break
        else:
            found.append([one])
    assert sum(map(len, found)) > 80
    return found


class Seeded:
    """Takes the place of a meter's GBCS side: each command is answered by a fresh meter of its scenario."""

    def __init__(self) -> None:
        self.given: list[Published] = []

    def gbcs(self, octets: bytes, time: int) -> tuple[bytes, ...]:
        one = [one for one in self.given if one.command == octets][-1]
        answer = modelled.answer(*modelled.opened(one.device), octets)
        assert answer is not None, one.name
        return (answer,)


def identities(keys: Keys) -> dict[str, str]:
    return {"hub": HUB, **{party.role: entity.hex() for entity, party in keys.parties.items() if party.role in METERS}}


def carry(han: Han, batches: list[list[Published]], after: int) -> tuple[list[bytes], list[str]]:
    """Give all commands from the WAN, batch by batch with `after` seconds for each: the answers that reached the WAN, and what
    was reported not to have been delivered."""
    meters = Seeded()
    for role in METERS:
        han.device(role).gbcs = meters.gbcs
    han.run("09:40:00")
    for batch in batches:
        for one in batch:
            meters.given.append(one)
            han.do("hub", "gbcs", octets=one.command.hex())
            han.run(2)
        han.run(after)
    messages = [bytes.fromhex(event["octets"]) for event in han.of("gbcs", "chf") if event.get("source_side") != "wan"]
    answers = [octets for octets in messages if envelope.decode(octets).cra == envelope.RESPONSE]
    return answers, [event["code"] for event in han.of("alert", "chf") if event["code"] in UNDELIVERED]


def unanswered(batches: list[list[Published]], answers: list[bytes], keys: Keys) -> list[str]:
    """The scenarios whose published answer is not among the answers, each of which counts for one."""
    left = list(answers)
    missing = []
    for one in [one for batch in batches for one in batch]:
        same = [answer for answer in left if replayer.difference(answer, one.response, keys) is None]
        if same:
            left.remove(same[0])
        else:
            missing.append(one.name)
    assert not left, [octets.hex() for octets in left]  # answered twice, or something else
    return missing


@needs_tshark
def test_answers_are_the_published_ones_and_dissected(keys: Keys, batches: list[list[Published]], tmp_path: Path) -> None:
    path = tmp_path / "air.pcapng"
    with tapped(path, **identities(keys)) as (han, network):
        answers, undelivered = carry(han, batches, SAME_AGAIN)
    assert unanswered(batches, answers, keys) == []
    assert undelivered == []
    packets = dissect(path, AirKeys.of(network), "gbcs_message.grouping_header.message_code", "gbcs_message.mac")
    assert not any(packet["_ws.malformed"] for packet in packets)
    dissected = {packet["gbcs_message.mac"][0].replace(":", "") for packet in packets if packet["gbcs_message.mac"]}
    under_mac = [octets for octets in (*answers, *(one.command for batch in batches for one in batch)) if has_mac(octets)]
    assert {octets[-12:].hex() for octets in under_mac if len(octets) <= envelope.LIMIT} <= dissected


def has_mac(octets: bytes) -> bool:
    return envelope.decode(octets).mac is not None


@pytest.mark.parametrize("seed", range(2))
def test_with_loss_every_command_is_answered_once_or_told(
    keys: Keys, batches: list[list[Published]], tmp_path: Path, seed: int
) -> None:
    with tapped(tmp_path / "air.pcapng", LOSS, **identities(keys)) as (han, _):
        han.run(10 + seed)  # other frames are lost
        answers, undelivered = carry(han, batches, 2 * SAME_AGAIN)
    assert len(unanswered(batches, answers, keys)) <= len(undelivered)
