# SPDX-License-Identifier: GPL-3.0-or-later
"""One board at a time: every role starts, tells its version, is flashed and flashed again, gives its prompt back."""

import json
import subprocess
import sys

import pytest
from hanref.flash.image import image
from hanref.flash.install import kind_of
from hanref.hil.service import MicroPythonDut, tracebacks
from hanref.link import BoardRefused

ROLES = ["hub", "esme", "gsme", "ihd"]


@pytest.mark.parametrize("app_path", [f"hanref:{role}" for role in ROLES], indirect=True)
def test_boot_and_version(dut: MicroPythonDut, app_path: str) -> None:
    role = app_path.removeprefix("hanref:")
    dut.start()
    dut.expect(rf"hanref \S+ role={role} profile=\S+ identity=[0-9a-f]{{16}} mpy=([0-9a-f]{{16}}) ", timeout=10)
    version = dut.request("version")
    assert version["role"] == role
    assert version["mpy"] == image(role).code_hash
    assert version["protocol"] == "hanref-console/1"
    devices = {device["role"] for device in dut.request("identity")["devices"]}
    assert devices == ({"chf", "gpf"} if role == "hub" else {role})
    assert not tracebacks(dut.last_words())


@pytest.mark.parametrize("app_path", ["hanref:ihd"], indirect=True)
def test_flash_change_flash(dut: MicroPythonDut) -> None:
    assert dut.flash().octets == 0, "nothing had changed, so nothing is written"
    assert dut.flash("hanref:esme").octets > 0
    assert dut.request("version")["role"] == "esme"
    assert dut.flash("hanref:esme").octets == 0
    assert dut.flash("hanref:ihd").octets > 0
    assert dut.request("version")["role"] == "ihd"


@pytest.mark.parametrize("app_path", ["hanref:ihd"], indirect=True)
def test_interrupted_flash_says_so_and_can_be_repeated(dut: MicroPythonDut) -> None:
    with dut.serial.released() as port:
        command = [sys.executable, "-c", INTERRUPTED, port, kind_of(port).name]
        assert subprocess.run(command, check=False, timeout=60).returncode == 9
    dut.start()
    dut.expect_exact("the last flash of this board was interrupted: flash it again", timeout=10)
    assert dut.flash().octets > 0
    assert dut.request("version")["role"] == "ihd"


# Flashes another role and is gone in the middle, as a process that is killed is.
INTERRUPTED = """
import os, sys
from hanref.boards import find
from hanref.flash.image import image
from hanref.flash.install import kind_of
from hanref.flash.install import install
from hanref.flash.settings import for_role
def gone(done, total):
    if done > total // 2:
        os._exit(9)
board = find(sys.argv[2])
install(board, sys.argv[1], image("esme"), for_role(board, "esme"), gone)
"""


@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_prompt_and_back(dut: MicroPythonDut) -> None:
    """Ctrl-C gives the REPL back, so mpremote works; and the firmware starts again."""
    dut.start()
    dut.request("version")
    with dut.serial.released() as port:
        command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "eval", "6 * 7"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert answer.stdout.strip() == "42"
    dut.start()
    assert dut.request("version")["role"] == "esme"


@pytest.mark.parametrize("app_path", ["hanref:gsme"], indirect=True)
def test_hard_reset(dut: MicroPythonDut) -> None:
    dut.start()
    dut.reset()
    dut.expect(r"hanref \S+ role=gsme", timeout=20)
    assert dut.request("version")["role"] == "gsme"


@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_time_is_stepped_and_never_goes_back(dut: MicroPythonDut) -> None:
    dut.start()
    stands = dut.request("time", step=720_000_000)
    assert stands["time"] == 720_000_000
    assert stands["mode"] == "held"
    assert dut.request("time", step=stands["deadline"])["time"] == stands["deadline"]
    with pytest.raises(BoardRefused, match="cannot be stepped back"):
        dut.request("time", step=720_000_000)


@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_inputs_events_and_state(dut: MicroPythonDut) -> None:
    dut.start()
    dut.request("time", step=720_000_000)
    dut.request("events", on=True)
    events: list[dict[str, object]] = []
    dut.link.on_event = events.append
    dut.request("do", role="esme", verb="load", arguments={"watts": 3600})
    dut.request("time", step=720_001_800)
    assert dut.request("state")["esme"]["current_summation_delivered"] == 1800
    assert {"name": "load", "value": 3600}.items() <= events[0].items()
    with pytest.raises(BoardRefused, match="no command"):
        dut.request("do", role="esme", verb="no_such_input")


@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_power_cut(dut: MicroPythonDut) -> None:
    """What the meter stored survives; the board says what it is when it is back."""
    if dut.serial.emulated is None:
        pytest.skip("the power of a board on --port is not in our hands")
    dut.start()
    dut.request("time", step=720_000_000)
    before = dut.request("state")["esme"]["voltage_entries"]
    dut.request("time", step=720_000_000 + 3 * 3600)
    after = dut.request("state")["esme"]["voltage_entries"]
    assert after > before
    dut.cut_power()
    dut.power_on()
    dut.expect(r"hanref \S+ role=esme", timeout=20)
    assert dut.request("state")["esme"]["voltage_entries"] == after


@pytest.mark.parametrize("app_path", ["hanref:hub"], indirect=True)
def test_settings_tell_no_keys(dut: MicroPythonDut) -> None:
    dut.start()
    told = json.dumps(dut.request("settings"))
    assert "identities" in told
    assert "secret" not in told
    assert "key" not in told


@pytest.mark.parametrize(
    ("count", "app_path"), [(2, "hanref:esme|hanref:ihd")], indirect=True, ids=["esme and ihd"]
)
def test_two_boards(dut: tuple[MicroPythonDut, MicroPythonDut], count: int, app_path: tuple[str, str]) -> None:
    for board, role in zip(dut, ("esme", "ihd"), strict=True):
        board.start()
        assert board.request("version")["role"] == role
