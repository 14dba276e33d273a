# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel, installed into an empty virtual environment outside the clone, does the main job there."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from hanref import resources
from hanref.toolchain import compiling

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sources() -> list[Path]:
    """The firmware's files, before the wheel is built."""
    return [path.relative_to(resources.firmware()) for path in compiling.firmware_files(resources.firmware())]


@pytest.fixture(scope="module")
def installed(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a virtual environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    call(folder, sys.executable, "-m", "pip", "wheel", *options, str(ROOT))
    (wheel,) = folder.glob("hanref-*.whl")
    venv.create(folder / "environment", with_pip=True)
    programs = folder / "environment" / "bin"
    call(folder, str(programs / "python"), "-m", "pip", "install", "--quiet", str(wheel))
    return programs


def call(folder: Path, *command: str) -> str:
    """Run a program outside the clone; its standard output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_scenario_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    said = call(tmp_path, str(installed / "hanref"), "run", "november-2022", "--out", str(tmp_path / "out"))
    assert "REQ-0056-1" in said
    verdicts = json.loads((tmp_path / "out" / "verdicts.json").read_text())
    assert {verdict["verdict"] for verdict in verdicts} <= {"pass", "not run"}
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


def test_the_wheel_carries_firmware_and_boards(installed: Path, sources: list[Path], tmp_path: Path) -> None:
    code = (
        "import han, hanref, json, sys; from hanref import boards, resources\n"
        "names = lambda folder: sorted(str(path.relative_to(folder)) for path in folder.rglob('*')"
        " if path.is_file() and path.suffix != '.pyc')\n"
        "json.dump([han.__file__, hanref.__file__, names(resources.firmware()), names(resources.compiled_firmware()),"
        " sorted(boards.known())], sys.stdout)\n"
    )
    han, hanref, shipped, compiled, boards = json.loads(call(tmp_path, str(installed / "python"), "-c", code))
    environment = str(installed.parent)
    assert han.startswith(environment)
    assert hanref.startswith(environment)
    assert shipped == sorted(str(name) for name in sources)
    started_by_name = compiling.KEPT_AS_SOURCE
    assert compiled == sorted(str(name if str(name) in started_by_name else name.with_suffix(".mpy")) for name in sources)
    assert boards == ["esp32_cc2652", "mps2_an385", "rpi_pico_cc2652"]
