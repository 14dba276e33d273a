# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged commands through the gas proxy's model: no exception, no answer, and nothing in a store but the event logs, which
say what was refused."""

import random
from typing import Any

import pytest
from han.clock import from_iso
from han.devices.gpf import GasProxy
from han.devices.registers import FROM_GSME
from han.devices.roles import HUB_ESI, HUB_MIRROR, key_store
from han.gbcs import envelope, protection
from han.stores.memory import MemoryStores
from hanref.gbcs import build, test_keys, trust
from hanref.gbcs.check import mac_of
from hanref.gbcs.keys import Keys

NOON = from_iso("2022-11-03T12:00:00Z")
METER = bytes.fromhex("02cc000000000001")
PROXY = bytes.fromhex("02cc000000000003")
EVENT_LOGS = "events_"
PARTNER = "02cc0000000000aa"
DATES = {"from_date_time": NOON - 86400, "latest_end_time": NOON}
SUPPLIER, BROKER = "supplier", "access control broker"
# Use case, fields, who sends it.
USE_CASES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("GCS13a", {}, SUPPLIER),
    ("GCS14", {}, SUPPLIER),
    ("GCS15e", DATES, SUPPLIER),
    ("GCS16a", {"earliest_start_time": NOON - 86400, "latest_end_time": NOON}, SUPPLIER),
    ("GCS21f", {}, SUPPLIER),
    ("GCS33", {}, SUPPLIER),
    ("GCS38", {}, SUPPLIER),
    ("GCS60a", {}, SUPPLIER),
    ("GCS09", {"issuer_event_id": 1, "implementation_date_time": NOON - 86400}, SUPPLIER),
    ("CS11", {}, SUPPLIER),
    ("CS02a", {"asker": "4/4", "roles": "2,4"}, BROKER),
    ("CS02c", {"usage": "digital signature"}, SUPPLIER),
    ("CS03B", {"partner": PARTNER, "device_type": 6}, BROKER),
    ("CS07", {}, BROKER),
    ("GCS59", {"entries": PARTNER + "/6"}, BROKER),
)
DEFECTS = (0x00, 0x01, 0x09, 0x7F, 0x80, 0x82, 0xDD, 0xDF, 0xFF)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return test_keys.make_all({PROXY: "gpf", METER: "gsme"})


def proxy_of(keys: Keys) -> GasProxy:
    """A gas proxy with a register of the meter's in its copy."""
    stores = MemoryStores()
    assert isinstance(keys, test_keys.TestKeys)
    told = {"trust": {"gpf": trust.settings(keys, PROXY, "gpf")}}
    known = key_store(told, stores.values, "gpf")
    for sender in (SUPPLIER, BROKER):
        assert known.secret(build.party(keys, sender, "test"))  # kept when it is first used
    configuration = {"esi": HUB_ESI, "mirror": HUB_MIRROR, "gsme": METER, "admits": [METER], "keys": known}
    proxy = GasProxy(PROXY, configuration, stores)
    proxy.start(NOON)
    proxy.metering.set("current_summation_delivered", 12345)
    proxy.stamps.put("consumption", NOON, FROM_GSME, 0)
    return proxy


def kept(proxy: GasProxy) -> dict[str, Any]:
    """Everything that the proxy would keep over a loss of power, but for its event logs."""
    stores = proxy.stores
    found: dict[str, Any] = {name: stores.values.get(name) for name in sorted(stores.values.keys())}
    for name, log in stores._logs.items():
        if not name.startswith(EVENT_LOGS):
            found[name] = list(log.oldest_first())
    return found


def commands(keys: Keys) -> list[bytes]:
    return [
        build.build_command(keys, name, build.party(keys, sender, "test"), PROXY, 5 + number, fields)
        for number, (name, fields, sender) in enumerate(USE_CASES)
    ]


def damaged(octets: bytes, chance: random.Random) -> bytes:
    """The octets with one to three places changed, dropped, doubled, or cut off."""
    found = bytearray(octets)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(found))
        kind = chance.randrange(5)
        if kind == 0:
            found[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            found[place] = chance.choice(DEFECTS)
        elif kind == 2:
            del found[place : place + chance.randint(1, 4)]
        elif kind == 3:
            found[place:place] = found[place : place + chance.randint(1, 4)]
        else:
            del found[place + 1 :]
        if not found:
            return bytes(found)
    return bytes(found)


def examine_commands(keys: Keys, examples: int) -> None:
    proxy = proxy_of(keys)
    before = kept(proxy)
    good = commands(keys)
    chance = random.Random(1)
    for _ in range(examples):
        command = chance.choice(good)
        octets = damaged(command, chance)
        if octets in good:
            continue
        assert proxy.gbcs(octets, NOON) == (), octets.hex()
    assert kept(proxy) == before
    assert sum(proxy.server.refusals.values()) > examples * 9 // 10
    assert len(proxy.gbcs(good[0], NOON)) == 1


def examine_payloads(keys: Keys, examples: int) -> None:
    """With a right MAC: an answer, or a refusal that changes nothing."""
    chance = random.Random(2)
    good = [envelope.decode(command) for command in commands(keys)]
    broker = keys.broker()
    assert broker is not None
    secret = keys.secret(broker, PROXY)
    assert secret is not None
    proxy = proxy_of(keys)
    for _ in range(examples):
        message = chance.choice(good)
        made = envelope.Message(
            message.cra,
            message.originator_counter,
            message.originator,
            message.recipient,
            message.message_code,
            damaged(message.payload, chance),
            signature=b"",
        )
        made.mac = mac_of(made, secret)
        before = kept(proxy)
        answers = proxy.gbcs(envelope.encode(made), NOON)
        if answers:
            envelope.decode(answers[0])
        else:
            assert kept(proxy) == before


def test_damaged_commands_change_nothing(keys: Keys) -> None:
    examine_commands(keys, 5000)


def test_damaged_payloads_with_a_right_mac_are_answered_or_change_nothing(keys: Keys) -> None:
    examine_payloads(keys, 500)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_damaged_commands_change_nothing(keys: Keys) -> None:
    examine_commands(keys, 200_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_damaged_payloads_are_answered_or_change_nothing(keys: Keys) -> None:
    examine_payloads(keys, 20_000)


def test_the_mac_is_that_of_the_firmware(keys: Keys) -> None:
    """The commands above are good ones."""
    broker = keys.broker()
    assert broker is not None
    for command in commands(keys):
        assert protection.mac_is_valid(keys.secret(broker, PROXY), envelope.decode(command))
