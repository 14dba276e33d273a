# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Answers that nobody has published: made by a device with one fault, or by the other gas device, they come out of the
device that the replay seeds from them, and vary as others do."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from han.gbcs import dlms, envelope, gbz, use_cases, utrn
from hanref.gbcs import answering, build, modelled, seed, state, test_keys
from hanref.gbcs import keys as key_files
from hanref.gbcs.check import mac_of
from hanref.gbcs.keys import PREPAYMENT, Keys
from hanref.replay import replayer, scenarios
from hanref.replay.replayer import MATCHED
from hanref.replay.scenarios import Scenario
from hanref.replay.varied import replay_varied

FOLDER = os.environ.get("HANREF_VECTORS")
GSME = bytes.fromhex("02cc000000000001")
ESME = bytes.fromhex("02cc000000000002")
PPMID = bytes.fromhex("02cc000000000005")
NOON = "2022-11-03T12:00:00Z"
GAS = ("gpf", "gsme")
Plain = dict[str, Any]


class Here:
    """Modelled devices in this process."""

    def ask(self, question: Plain) -> Plain:
        found: Plain = json.loads(json.dumps(modelled.answers_of(question)))
        return found


def check(name: str, role: str, command: bytes, held: Plain, keys: Keys) -> replayer.Result:
    """Let a device of that state answer, and replay the answer, as it is and varied."""
    plain = seed.surround(copy.deepcopy(held))
    question = answering.question(role, state.parse(plain, name), keys, [command])
    answer = Here().ask(question)["answers"][0]
    assert answer is not None, name
    scenario = Scenario(name, name, command, bytes.fromhex(answer))
    result = replayer.replay(scenario, keys, Here())
    assert result.outcome == MATCHED, f"{result.line(name)}: {result.reason}"
    varied = replay_varied(scenario, keys, Here(), 1)
    assert varied.outcome == MATCHED, f"{varied.line(name)} varied: {varied.reason}"
    return result


def held(entity: bytes, **more: Any) -> Plain:
    return {
        "entity": entity.hex(),
        "attributes": {},
        "faults": {},
        "logs": {},
        "time": {"utc": NOON, "source": "GSME", "status": "reliable"},
        **more,
    }


def supplier_command(keys: Keys, use_case: str, entity: bytes, **fields: Any) -> bytes:
    return build.build_command(keys, use_case, build.party(keys, "supplier", "test"), entity, 1000, fields)


@pytest.mark.parametrize("status", ["01", "87", "8B", "C0"])
def test_a_setting_that_fails_with_any_status(status: str) -> None:
    keys = test_keys.make_all({GSME: "gsme"})
    command = supplier_command(keys, "GCS40a", GSME, issuer_event_id=1, credit_adjustment_value=500)
    assert check("GCS40a", "gsme", command, held(GSME, faults={"0": status}), keys).by_fault


def test_a_log_that_is_not_cleared() -> None:
    keys = test_keys.make_all({GSME: "gsme"})
    command = supplier_command(keys, "CS11", GSME)
    logs = {"events": {"3": [[1000, 5, {"hex": ""}]]}}
    assert check("CS11", "gsme", command, held(GSME, faults={"0": "00"}, logs=logs), keys).by_fault
    assert not check("CS11", "gsme", command, held(GSME, logs=logs), keys).by_fault


@pytest.mark.parametrize("code", ["01", "02", "03", "0B", "FA"])
@pytest.mark.parametrize("specification", [0, 4, 9])
def test_a_read_that_fails_with_any_result(code: str, specification: int) -> None:
    """250 says "not executed" of what follows a failure; at first it is one itself."""
    keys = test_keys.make_all({ESME: "esme"})
    command = supplier_command(keys, "ECS26b", ESME)
    request = dlms.decode(envelope.decode(command).payload)
    places = ["%d/%s/%d" % (one.class_id, one.obis.hex(), one.number) for one in request.specifications]
    assert places
    shown = replayer_state(command, keys)
    shown["faults"] = {str(specification): code}
    assert check("ECS26b", "esme", command, shown, keys).by_fault


def replayer_state(command: bytes, keys: Keys) -> Plain:
    """A state with all that a read of thresholds asks for."""
    from han.gbcs import axdr
    from hanref.gbcs.state_meter import place_text

    request = dlms.decode(envelope.decode(command).payload)
    value = {"hex": bytes(axdr.encode((axdr.DOUBLE_LONG_UNSIGNED, 230))).hex()}
    cosem = {place_text(one.class_id, one.obis, one.number): value for one in request.specifications}
    return held(ESME, cosem=cosem, cosem_methods={})


@pytest.mark.parametrize("status", ["reliable", "unreliable", "invalid"])
@pytest.mark.parametrize(("use_case", "role", "entity"), [("ECS70", "esme", ESME), ("GCS28", "gsme", GSME)])
def test_a_clock_that_is_not_set(use_case: str, role: str, entity: bytes, status: str) -> None:
    keys = test_keys.make_all({ESME: "esme", GSME: "gsme"})
    command = supplier_command(keys, use_case, entity, start="2022-11-03T09:00:00Z", end="2022-11-03T11:00:00Z")
    shown = held(entity, hub_time="2022-11-03T12:00:00Z", cosem={}, cosem_methods={})
    shown["time"]["status"] = status
    if use_case == "GCS28":
        shown["commissioning"] = {}
    check(use_case, role, command, shown, keys)


def test_what_a_ppmid_asks() -> None:
    """PCS01 and PCS02, where the keys of both devices are at hand."""
    keys = test_keys.make_all({GSME: "gsme", PPMID: "ppmid"})
    supplier = build.party(keys, "supplier", "test")
    secret = keys.secret(supplier, GSME, PREPAYMENT)
    digits = utrn.make(secret, supplier, GSME, 7, utrn.POUNDS, 10)
    account = {"credit_remaining": 5, "max_credit_limit": 1 << 30, "max_credit_per_top_up": 1 << 30, "used": []}
    asked = {
        "PCS01": ({"topup_code": digits}, {"meter": {"account": account}}),
        "PCS02": ({"command_issue_date_time": NOON}, {}),
    }
    for use_case, (fields, more) in asked.items():
        command = build.build_command(keys, use_case, PPMID, GSME, 1000, fields)
        assert not check(use_case, "gsme", command, held(GSME, **more), keys).by_fault
        assert check(use_case, "gsme", command, held(GSME, faults={"0": "01"}, **more), keys).by_fault


@pytest.mark.parametrize("payment", [[0, 0, 0, 0], [255, 128, 0x80000000, 1], [1, 127, 5, 0xFFFFFFFE]])
def test_numbers_of_any_size_vary(payment: list[int]) -> None:
    keys = test_keys.make_all({GSME: "gsme"})
    mode = {"issuer_event_id": 1, "proposed_payment_control_configuration": 2199, "cut_off_value": 0}
    command = supplier_command(keys, "GCS03", GSME, **mode, implementation_date_time=0)
    check("GCS03", "gsme", command, held(GSME, meter={"payment": payment}), keys)


# --- every published command ----------------------------------------------------------------------------------


def published() -> Iterator[tuple[str, str, bytes, Plain, Keys]]:
    """Published commands to their device, and reads of gas to the other gas device too, each with a state without faults."""
    folder = Path(FOLDER or "")
    keys = key_files.load(folder / "keys.json")
    for scenario in scenarios.load(folder):
        try:
            prepared = replayer.prepare(scenario, keys)
        except replayer.NotReplayed:
            continue
        message = envelope.decode(prepared.command)
        use_case = use_cases.find(message.message_code)
        for role in GAS if use_case.protocol == use_cases.GBZ and not message.signature else (prepared.role,):
            entity = message.recipient
            if role != prepared.role:
                entity = next(found for found, party in keys.parties.items() if party.role == role)
            if not use_case.is_modelled(role) or not use_case.allows(role_number(keys, message.originator), role):
                continue
            shown = copy.deepcopy(prepared.shown)
            shown.update(entity=entity.hex(), faults={})
            for values in shown["attributes"].values():
                values.update({name: {"value": 1, "type": "20"} for name, value in values.items() if "status" in value})
            if "time" in shown and role == "gsme":
                shown["time"]["source"] = "GSME"
            yield f"{scenario.name} at {role}", role, readdressed(prepared.command, entity, keys), shown, keys


def role_number(keys: Keys, entity: bytes) -> int:
    return answering.ROLE_NUMBERS[keys.role(entity) or ""]


def readdressed(command: bytes, entity: bytes, keys: Keys) -> bytes:
    message = envelope.decode(command)
    message.recipient = entity
    if message.mac is not None:
        broker = keys.broker()
        assert broker is not None
        secret = keys.secret(broker, entity)
        assert secret is not None
        message.mac = mac_of(message, secret)
    octets: bytes = envelope.encode(message)
    return octets


def faults(command: bytes, every: bool) -> list[Plain]:
    """Changes to a state that make the command fail once: the last part of it, or each with several results."""
    message = envelope.decode(command)
    found: list[Plain] = []
    if use_cases.find(message.message_code).protocol == use_cases.DLMS:
        last = len(dlms.decode(message.payload).specifications) - 1
        for number in range(last + 1) if every else [last]:
            found += [{"faults": {str(number): code}} for code in (("01", "02", "03", "FA") if every else ("01",))]
        return found
    components = gbz.decode(message.payload, message.cra, message.message_code).components
    for number, component in enumerate(components):
        if not every and number != len(components) - 1:
            continue
        if component.is_global():
            for at in range(0, len(component.payload), 2):
                identifier = "%04X" % int.from_bytes(component.payload[at : at + 2], "little")
                found.append({"attributes": {"%04X" % component.cluster: {identifier: {"status": "C0"}}}})
        else:
            found += [{"faults": {str(number): status}} for status in (("01", "87", "C0") if every else ("C0",))]
    return found


def examine(every: bool) -> int:
    count = 0
    for name, role, command, shown, keys in published():
        check(name, role, command, shown, keys)
        count += 1
        if use_cases.find(envelope.decode(command).message_code).protocol == use_cases.ASN1:
            continue
        for change in faults(command, every):
            failing = copy.deepcopy(shown)
            failing["faults"] = change.get("faults", {})
            for cluster, values in change.get("attributes", {}).items():
                failing["attributes"].setdefault(cluster, {}).update(values)
            check(f"{name}, {change}", role, command, failing, keys)
            count += 1
    return count


needs_vectors = pytest.mark.skipif(
    not FOLDER, reason="the published vectors are not here: set HANREF_VECTORS to their folder"
)


@needs_vectors
def test_published_commands_to_a_device_with_a_fault() -> None:
    assert examine(every=False) > 200


@needs_vectors
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_published_commands_to_devices_with_every_fault() -> None:
    assert examine(every=True) > 1000
