# SPDX-License-Identifier: GPL-3.0-or-later
"""Board files, their schema, and the list of boards."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hanref import boards, resources
from hanref.errors import UsageError
from serial.tools import list_ports

PICO = resources.boards() / "rpi_pico_cc2652" / "board.toml"


def test_the_boards_of_the_project_are_known() -> None:
    assert set(boards.known()) == {"mps2_an385", "rpi_pico_cc2652", "esp32_cc2652"}
    pico = boards.find("rpi_pico_cc2652")
    assert pico.radio.pins is not None
    assert (pico.radio.uart, pico.radio.pins.tx, pico.radio.pins.rx) == (1, 4, 5)


def test_an_unknown_board_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no board 'nucleo'; known are .*rpi_pico_cc2652"):
        boards.find("nucleo")


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ("uart = 1", "uart = 0", "radio.uart"),
        ('"2E8A:0005"', '"2e8a-5"', "recognise.usb.0"),
        ('title = "', 'titel = "', "title"),
        ("[heap]", "[heap]\ncolour = 1", "heap.colour"),
        ("romfs = 262144", "", "flash"),
        ('method = "romfs"', 'method = "magic"', "flash.method"),
        ("[recognise]", "[recognise", "line"),
    ],
)
def test_a_wrong_board_file_names_file_and_field(tmp_path: Path, was: str, becomes: str, field: str) -> None:
    path = tmp_path / "pico" / "board.toml"
    path.parent.mkdir()
    text = PICO.read_text()
    assert was in text
    path.write_text(text.replace(was, becomes, 1))
    with pytest.raises(UsageError) as caught:
        boards.load(path)
    assert str(path) in str(caught.value)
    assert field in str(caught.value)


def test_a_missing_board_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        boards.load(tmp_path / "board.toml")


def test_usb_ports_are_matched_with_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    # No USB here: the ports are made up, in the form pyserial gives them.
    def port(device: str, vid: int | None, pid: int | None) -> SimpleNamespace:
        return SimpleNamespace(device=device, vid=vid, pid=pid, description="made up", serial_number="1")

    found = [port("/dev/ttyACM0", 0x2E8A, 0x0005), port("/dev/ttyS0", None, None), port("/dev/ttyUSB0", 0x10C4, 0xEA60)]
    found.append(port("/dev/ttyUSB1", 0x1234, 0x5678))
    monkeypatch.setattr(list_ports, "comports", lambda: found)
    plugged = boards.plugged_in()
    assert [(item.port, item.boards, item.certain) for item in plugged] == [
        ("/dev/ttyACM0", ["rpi_pico_cc2652"], True),
        ("/dev/ttyUSB0", ["esp32_cc2652"], False),
        ("/dev/ttyUSB1", [], False),
    ]


def test_boards_command_prints_json() -> None:
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "boards", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    listed = json.loads(done.stdout)
    assert {board["name"] for board in listed["known"]} == set(boards.known())
    assert isinstance(listed["plugged_in"], list)
