# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated tables are up to date, and hold what their source holds."""

import shutil
from pathlib import Path

import pytest
import zcl_examples as examples
from han.zcl import clusters, status, tables, types
from hanref.generate import clusters as generator
from hanref.generate.naming import snake_case
from zigpy.zcl.foundation import DataTypeId
from zigpy.zcl.foundation import Status as ZigpyStatus

FOLDER = Path(tables.__file__).parent
SOURCE = examples.SOURCE


def test_generated_files_are_up_to_date():
    assert generator.write(FOLDER, check=True) == []
    assert {path.name for path in FOLDER.glob("*.py")} == set(generator.modules())


def test_a_changed_file_is_noticed_and_written_again(tmp_path):
    for path in FOLDER.glob("*.py"):
        shutil.copy(path, tmp_path)
    (tmp_path / "c0702.py").write_text("NAME = 'other'\n")
    (tmp_path / "c0009.py").unlink()

    assert generator.write(tmp_path, check=True) == ["c0009.py", "c0702.py"]
    assert not (tmp_path / "c0009.py").exists()
    assert generator.write(tmp_path) == ["c0009.py", "c0702.py"]
    assert generator.write(tmp_path, check=True) == []


@pytest.mark.parametrize("identifier", SOURCE["clusters"])
@pytest.mark.parametrize("side", ["server", "client"])
def test_attributes_of_the_source_and_no_others(identifier, side):
    table = clusters.table(int(identifier, 16))
    expected = {
        int(entry["id"], 16): (
            snake_case(entry["name"]),
            int(entry["type_id"], 16),
            clusters.READ | clusters.WRITE if entry["access"] == "rw" else clusters.READ,
        )
        for entry in SOURCE["clusters"][identifier]["attributes"]
        if entry["side"] in (side, "both") and "do not implement" not in entry.get("note", "")
    }

    assert {found.id: tuple(found)[1:] for found in table.attributes(side)} == expected
    for number, row in expected.items():
        assert tuple(table.attribute(number, side))[1:] == row
        assert table.attribute_named(row[0], side).id == number
    for number in range(0x10000):
        if number not in expected:
            assert table.type(number, side) is None


@pytest.mark.parametrize("identifier", SOURCE["clusters"])
def test_commands_of_the_source_and_no_others(identifier):
    table = clusters.table(int(identifier, 16))
    for direction_name, direction in examples.DIRECTIONS.items():
        expected = {
            int(entry["id"], 16): snake_case(entry["name"])
            for entry in SOURCE["clusters"][identifier]["commands"]
            if entry["direction"] == direction_name
        }
        assert {found.id: found.name for found in table.commands(direction)} == expected
        for number in range(256):
            found = table.command(number, direction)
            assert (found.name if found else None) == expected.get(number)


def test_types_of_the_source_and_of_zigpy():
    found = {types.name(number): number for number in range(256) if types.is_known(number)}
    assert found == examples.TYPES
    assert found == {member.name.removesuffix("_"): member.value for member in DataTypeId}
    for name, entry in SOURCE["zcl_types"].items():
        assert types.size(found[name]) == (None if entry["size"] == "var" else entry["size"])


def test_statuses_of_the_source_and_of_zigpy():
    ours = {number: status.name(number) for number in range(256) if not status.name(number).startswith("0x")}
    theirs = {int(key, 16): name for key, name in SOURCE["enums"]["Status"]["values"].items()}
    # The numbers agree; a few names changed from one revision to the next.
    renamed = {0x81: "UNSUP_COMMAND"}
    assert {number: renamed.get(number, name) for number, name in ours.items() if number in theirs} == theirs
    for member in ZigpyStatus:
        if member.value in ours and member.value not in (0x81, 0x83, 0x84, 0x91, 0x98, 0x9A):
            assert member.name == ours[member.value]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CurrentTier1SummationDelivered", "current_tier1_summation_delivered"),
        ("ZCLVersion", "zcl_version"),
        ("CurrentZigBeeStackVersion", "current_zigbee_stack_version"),
        ("CO2TrailingDigit", "co2_trailing_digit"),
        ("CurrentMeterID", "current_meter_id"),
        ("UpdateSiteIDReceived", "update_site_id_received"),
        ("PublishCoTActioned", "publish_cot_actioned"),
        ("PublishCoSActioned", "publish_cos_actioned"),
        ("BlockTOUTariffActivated", "block_tou_tariff_activated"),
        ("GetCIN", "get_cin"),
        ("Page28ChannelMask", "page28_channel_mask"),
        ("ModeCredit2Prepay", "mode_credit2_prepay"),
    ],
)
def test_names(name, expected):
    assert snake_case(name) == expected


def test_names_are_unique_on_a_side():
    for number in clusters.known():
        for side in ("server", "client"):
            names = [found.name for found in clusters.table(number).attributes(side)]
            assert len(names) == len(set(names))


def test_link_keys_where_the_sources_agree():
    needed = {number for number in clusters.known() if clusters.table(number).link_key}
    assert needed == {0x0019} | set(range(0x0700, 0x070C))
