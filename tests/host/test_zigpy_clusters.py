# SPDX-License-Identifier: GPL-3.0-or-later
"""hanref.zigpy: every attribute and command of the tables is there, and tshark takes what zigpy builds."""

import importlib
import subprocess
import sys

import pytest
import zcl_examples as examples
from han.zcl import clusters
from han.zcl.frame import CLUSTER, Frame
from test_zcl_tshark import PROTOCOLS, ROOM, capture, drawn, is_left_out
from tshark import needs_tshark
from zigpy.zcl import Cluster, foundation

# Other tests have zigpy's own clusters for an independent judge: they stay registered in this process.
_own = dict(Cluster._registry)
smart_energy = importlib.import_module("hanref.zigpy")
Cluster._registry.clear()
Cluster._registry.update(_own)

NUMBERS = smart_energy.CLUSTERS
SOURCE = {int(number, 16): entry for number, entry in examples.SOURCE["clusters"].items()}
COMMANDS = [command for command in examples.COMMANDS if command.cluster in NUMBERS]


def definition(command: examples.Command) -> foundation.ZCLCommandDef:
    cluster = smart_energy.registered[command.cluster]
    return (cluster.client_commands if command.direction else cluster.server_commands)[command.identifier]


def test_one_import_registers_all():
    script = "import hanref.zigpy as ours; from zigpy.zcl import Cluster; "
    script += "assert all(Cluster._registry[number] is cluster for number, cluster in ours.registered.items())"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number:04x}")
def test_every_attribute_is_there_with_its_type(number):
    cluster = smart_energy.registered[number]
    for attribute in SOURCE[number]["attributes"]:
        identifier, type_id = int(attribute["id"], 16), int(attribute["type_id"], 16)
        sides = {"server": [cluster.attributes], "client": [cluster.client_attributes]}
        sides["both"] = [cluster.attributes, cluster.client_attributes]
        for known in sides[attribute["side"]]:
            if "do not implement" in attribute.get("note", ""):
                assert identifier not in known or known[identifier].name != smart_energy.identifier(attribute["name"])
            else:
                assert known[identifier].zcl_type == type_id
                assert known[identifier].name == smart_energy.identifier(attribute["name"])


def built(command: examples.Command, fields: dict) -> bytes:
    """What zigpy makes of a command's fields."""
    values = {name: smart_energy.NO_VALUE if value is None else value for name, value in fields.items()}
    return definition(command).schema(**values).serialize()


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_is_there_and_is_built_and_read(command):
    schema = definition(command).schema
    for fields, octets in drawn(examples.examples(command)):
        assert built(command, fields) == octets
        read, rest = schema.deserialize(octets)
        assert rest == b""
        assert read.serialize() == octets


def test_fields_that_do_not_fit_are_named():
    schema = smart_energy.DeviceManagement.ClientCommandDefs.publish_change_of_tenancy.schema
    with pytest.raises(ValueError, match="publish_change_of_tenancy"):
        schema(provider_id=1).serialize()
    with pytest.raises(ValueError, match="publish_change_of_tenancy"):
        schema.deserialize(b"\x01")


def test_zigpys_own_names_stay():
    assert smart_energy.Metering.attributes_by_name["current_summ_delivered"].id == 0
    assert smart_energy.Metering.attributes_by_name["current_summation_delivered"].id == 0


@needs_tshark
def test_tshark_takes_what_zigpy_builds(tmp_path):
    sent = []
    for command in COMMANDS:
        for fields, octets in drawn(examples.examples(command)):
            if len(octets) <= ROOM and not is_left_out(command, fields):
                payload = built(command, fields)
                sent.append((command, Frame(CLUSTER, command.identifier, payload, 1, command.direction, True)))
    names = [PROTOCOLS[number] for number in NUMBERS]
    shown = [f"zbee_zcl_{name}.cmd.srv_{side}.id" for name in names for side in ("rx", "tx")]
    packets = capture(tmp_path / "commands.pcapng", [(command.cluster, frame) for command, frame in sent], *shown)
    for packet, (command, frame) in zip(packets, sent, strict=True):
        where = f"{command} {frame.payload.hex()}"
        assert packet["_ws.malformed"] == [], where
        assert packet["data.data"] == [], where
        side = "tx" if command.direction else "rx"
        assert [int(value, 0) for value in packet[f"zbee_zcl_{PROTOCOLS[command.cluster]}.cmd.srv_{side}.id"]] == [
            command.identifier
        ], where


def test_the_tables_of_the_firmware_have_the_same_commands():
    for number in NUMBERS:
        table = clusters.table(number)
        for command in examples.COMMANDS:
            if command.cluster == number:
                assert table.command(command.identifier, command.direction).name == definition(command).name
