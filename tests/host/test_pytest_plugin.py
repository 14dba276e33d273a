# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest plugin as another project sees it."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("pytest_embedded_serial", reason="pytest-embedded-serial is not installed")

MARKED = """
import pytest

@pytest.mark.requirement("REQ-0056-13", "REQ-0056-14")
@pytest.mark.requirement("REQ-0056-13")
def test_marked():
    pass

@pytest.mark.requirement("REQ-0015-1")
def test_failing():
    assert False
"""
PLAIN = """
import sys

def test_plain():
    assert not {"hanref.hil.service", "serial", "mpremote"} & set(sys.modules)
"""
APPLICATION = """
import sys
print("application ready")
while True:
    line = sys.stdin.readline().strip()
    if line == "fail":
        raise ValueError("asked to")
    print("echo:", line.upper())
"""
TESTED = """
def test_application(dut):
    dut.start()
    dut.expect_exact("application ready", timeout=10)
    dut.write("hello\\n")
    assert dut.expect(r"echo: (\\w+)", timeout=5).group(1) == b"HELLO"

def test_nothing_has_changed(dut):
    assert dut.installed.octets == 0
    assert dut.flash().octets == 0

def test_that_fails(dut):
    dut.start()
    dut.expect_exact("application ready", timeout=10)
    dut.write("fail\\n")
    dut.expect_exact("asked to", timeout=5)
    assert False, "so that the traceback is shown"
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_requirements_become_properties(tmp_path: Path) -> None:
    (tmp_path / "test_marked.py").write_text(MARKED)
    done = run(tmp_path, "--strict-markers", "--junitxml", "junit.xml")
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    cases = {case.get("name"): case for case in ElementTree.parse(tmp_path / "junit.xml").iter("testcase")}
    told = {
        name: [entry.get("value") for entry in case.iter("property") if entry.get("name") == "requirement"]
        for name, case in cases.items()
    }
    assert told == {"test_marked": ["REQ-0056-13", "REQ-0056-14"], "test_failing": ["REQ-0015-1"]}


def test_boards_are_not_loaded_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(PLAIN)
    done = run(tmp_path, "-p", "no:pytest_embedded")
    assert "1 passed" in done.stdout, done.stdout


def test_another_project_on_an_emulated_board(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    (tmp_path / "test_application.py").write_text(TESTED)
    done = run(tmp_path, "--embedded-services", "micropython")
    assert "1 failed, 2 passed" in done.stdout, done.stdout
    section = done.stdout.partition("- board ")[2]
    assert "Traceback (most recent call last):" in section
    assert "ValueError: asked to" in section
