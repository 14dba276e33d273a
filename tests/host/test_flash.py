# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on a board, and the errors of putting it there. Real flashing: hil_tests/test_boards.py."""

from pathlib import Path

import pytest
from han.node import settings as on_board
from hanref import resources
from hanref.boards import find
from hanref.errors import UsageError
from hanref.flash.image import DEVICES, image, needed
from hanref.flash.install import install
from hanref.flash.remote import romfs_image
from hanref.flash.settings import for_role

BUILT_ON = {"ppmid": {"han.devices.ihd"}}
ROMFS_OF_THE_PICO = 262144


def modelled() -> list[str]:
    """The roles whose devices the firmware has."""
    folder = resources.firmware() / "han" / "devices"
    return [role for role, modules in DEVICES.items() if (folder / (modules[0].rpartition(".")[2] + ".py")).is_file()]


@pytest.mark.parametrize("role", modelled())
def test_image_has_what_its_role_needs_and_no_other(role: str) -> None:
    modules = needed(role, resources.firmware())
    assert {"han.node.board", "han.node.service", "han.radio.znp", "han.stores.flash", *DEVICES[role]} <= modules
    others = {device for other, devices in DEVICES.items() if other != role for device in devices}
    assert not modules & (others - BUILT_ON.get(role, set()))
    assert "han.node.sim" not in modules
    assert "han.zcl.tables.c0702" in modules, "tables are loaded by number"


@pytest.mark.parametrize("role", modelled())
def test_image_fits_the_smallest_romfs(role: str) -> None:
    made = image(role)
    assert len(romfs_image({**made.modules, **made.scripts})) < ROMFS_OF_THE_PICO


def test_board_computes_the_same_hash(tmp_path: Path) -> None:
    made = image("ihd")
    for path, octets in made.modules.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(octets)
    assert on_board.code_hash(str(tmp_path / "han")) == made.code_hash


def test_images_of_roles_differ() -> None:
    assert len({image(role).code_hash for role in modelled()}) == len(modelled())


@pytest.mark.parametrize("role", modelled())
@pytest.mark.parametrize("name", ["mps2_an385", "rpi_pico_cc2652", "esp32_cc2652"])
def test_settings_are_what_the_board_reads(role: str, name: str) -> None:
    board = find(name)
    made = on_board.check(for_role(board, role))
    assert made["radio"]["uart"] == board.radio.uart
    assert ("tx" in made["radio"]) == (board.radio.pins is not None)
    assert len({*made["identities"].values()}) == len(made["identities"])


def test_identity_is_taken_in_the_usual_ways() -> None:
    board = find("mps2_an385")
    for text in ("00DB1234567890AB", "00:db:12:34:56:78:90:ab", "00-DB-12-34-56-78-90-AB"):
        assert for_role(board, "ihd", text)["identities"]["ihd"] == "00db1234567890ab"
    for text in ("00DB", "x" * 16, ""):
        with pytest.raises(UsageError, match="an EUI-64 is 16 hex digits"):
            for_role(board, "ihd", text)


def test_unknown_role_and_port() -> None:
    with pytest.raises(UsageError, match="there are hub, esme, gsme, ihd, ppmid"):
        image("kettle")
    board = find("mps2_an385")
    with pytest.raises(UsageError, match="there is no such device"):
        install(board, "/dev/no-such-port", image("ihd"), for_role(board, "ihd"))


def test_romfs_image_is_one(tmp_path: Path) -> None:
    octets = romfs_image({"main.py": b"print(1)", "han/x.mpy": b"M\x06"})
    assert octets[:3] == b"\xd2\xcd\x31"
    assert b"print(1)" in octets
    assert octets == romfs_image({"han/x.mpy": b"M\x06", "main.py": b"print(1)"}), "whatever the order of the files"
