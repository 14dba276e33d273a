# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""The content of every published command that a model answers, sent under test keys to a simulated HAN of new devices: each
is answered once, under the right MAC or signature, out of the devices' own stores."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from han.gbcs import envelope, use_cases
from hanref.gbcs import build, check
from hanref.gbcs import keys as key_files
from hanref.gbcs.keys import AGREEMENT, Keys
from hanref.replay import scenarios
from test_commissioning_han import DEVICES, Bench

ECS100 = 0x0120
FOLDER = os.environ.get("HANREF_VECTORS")

pytestmark = pytest.mark.skipif(not FOLDER, reason="the published vectors are not here: set HANREF_VECTORS to their folder")


@dataclass
class Command:
    """A published command by its parts: to which device, from a party in which role, on behalf of one in another."""

    name: str
    use_case: use_cases.UseCase
    to: str
    sender: str
    payload: bytes
    on_behalf_of: str | None
    certified: bool


def role_of(keys: Keys, entity: bytes) -> str:
    return keys.role(entity) or "supplier"


def published(modelled: bool = True) -> list[Command]:
    """Those that a model answers, or those to the ESME that its model does not."""
    folder = Path(FOLDER or "")
    keys = key_files.load(folder / "keys.json")
    found = []
    for scenario in scenarios.load(folder):
        if scenario.command is None:
            continue
        message = envelope.decode(scenario.command)
        use_case = use_cases.find(message.message_code)
        to = keys.role(message.recipient)
        if use_case is None or use_case.protocol == use_cases.ASN1 or to not in DEVICES:
            continue
        if use_case.is_modelled(to) != modelled or not modelled and to != "esme":
            continue
        party = message.supplementary_remote_party
        found.append(
            Command(
                scenario.name,
                use_case,
                to,
                role_of(keys, message.originator),
                bytes(message.payload),
                None if party is None else role_of(keys, party),
                message.certificate is not None,
            )
        )
    return found


def octets_of(bench: Bench, command: Command) -> bytes:
    """The command under the bench's keys; DLMS repeats its counter, and protected reads name the parties: built anew."""
    bench.counter += 1
    payload = command.payload
    if command.use_case.protocol == use_cases.DLMS:
        payload = payload[:1] + b"\x20" + (bench.counter & 0xFFFFFF).to_bytes(3, "big") + payload[5:]
    sender = DEVICES["ppmid"] if command.sender == "ppmid" else bench.party(command.sender)
    rebuilt = command.use_case.protocol == use_cases.DLMS and command.use_case.encrypted
    certificate, on_behalf_of = None, None
    if command.on_behalf_of is not None:
        reader = bench.party(command.on_behalf_of)
        on_behalf_of = reader, bench.counter
        if command.certified:
            certificate = bench.keys.certificates[(reader, AGREEMENT)]
    return build.build_command(
        bench.keys,
        f"{command.use_case.code:04X}",
        sender,
        DEVICES[command.to],
        bench.counter,
        payload=None if rebuilt else payload,
        on_behalf_of=on_behalf_of,
        certificate=certificate,
    )


def test_every_command_is_answered() -> None:
    commands = [command for command in published() if command.sender != "ppmid"]
    assert len({command.use_case.name for command in commands}) > 70
    bench = Bench()
    sent: dict[int, str] = {}
    # What changes the hub's device log comes last: it takes the meters off the HAN.
    for last in (False, True):
        for command in commands:
            if (command.to == "chf") == last:
                octets = octets_of(bench, command)
                sent[bench.counter] = command.name
                bench.han.do("hub", "gbcs", octets=octets.hex())
                bench.han.run(3)
        bench.han.run(2000)
    answered: dict[int, check.Checked] = {}
    for found in bench.messages():
        if found.message.cra == envelope.RESPONSE:
            assert found.message.originator_counter not in answered, sent[found.message.originator_counter]
            assert "valid" in (found.mac, found.signature), sent[found.message.originator_counter]
            assert None not in found.plaintexts, sent[found.message.originator_counter]
            answered[found.message.originator_counter] = found
    silent = [name for counter, name in sent.items() if counter not in answered]
    refused = [(event["source"], event["reason"], event["detail"]) for event in bench.han.of("gbcs_refused")]
    assert (silent, refused) == ([], [])


def test_what_the_esme_does_not_know_is_told() -> None:
    """ECS100 names the message code and the counter of each [GBCS 7.1]."""
    commands = published(modelled=False)
    assert len({command.use_case.name for command in commands}) > 40
    bench = Bench()
    sent = []
    for command in commands:
        if command.certified or command.use_case.encrypted or command.sender == "load controller":
            continue  # whose content names the parties; of whom a new meter does not know
        octets = octets_of(bench, command)
        sent.append((command.use_case.code, bench.counter))
        bench.han.do("hub", "gbcs", octets=octets.hex())
        bench.han.run(3)
    alerts = [found for found in bench.messages() if found.message.message_code == ECS100]
    assert len(bench.messages()) == len(alerts)
    assert all(found.signature == "valid" for found in alerts)
    told = [bytes(found.message.payload)[-10:] for found in alerts]
    assert told == [code.to_bytes(2, "big") + counter.to_bytes(8, "big") for code, counter in sent]
