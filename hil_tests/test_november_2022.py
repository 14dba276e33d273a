# SPDX-License-Identifier: GPL-3.0-or-later
"""The November 2022 release on boards: five devices on four boards, and every requirement that the run shows.

An emulated hub has little memory here, so that what fits a small board is shown as well.
"""

import json
import subprocess
from pathlib import Path

import pytest
from hanref import scenario
from hanref.bench.file import Bench, Entry
from hanref.requirements import Verdict
from hanref.run.runner import Run, run_and_judge

SHOWN = {
    "SECMP0015": (1, 3, 4, 6, 7, 8, 9),
    "SECMP0056": (1, 2, 3, 4, 5, 7, 8, 11, 13, 14, 15, 16, 18),
    "MP085A": (1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 13),
}
PREFIX = {"SECMP0015": "REQ-0015", "SECMP0056": "REQ-0056", "MP085A": "REQ-085A"}
SMALL = 120_000  # octets of heap
REQUIREMENTS = [f"{PREFIX[modification]}-{number}" for modification, numbers in SHOWN.items() for number in numbers]


@pytest.fixture(scope="module")
def november(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Verdict], Path]:
    """The run, its verdicts by requirement, and the folder of its results."""
    tier = "physical" if bench.boards else "emulated"
    folder = tmp_path_factory.mktemp("november") / "results"
    bench = Bench(boards={"hub": Entry(heap=SMALL), **bench.boards})
    run, verdicts = run_and_judge(scenario.load("november-2022", tier), folder, tier=tier, bench=bench)
    return run, {verdict.id: verdict for verdict in verdicts}, folder


@pytest.mark.parametrize(
    "requirement", [pytest.param(name, marks=pytest.mark.requirement(name)) for name in REQUIREMENTS]
)
def test_requirement(november: tuple[Run, dict[str, Verdict], Path], requirement: str) -> None:
    verdict = november[1][requirement]
    assert verdict.verdict == "pass", verdict.reason


def test_no_requirement_is_seen_to_fail(november: tuple[Run, dict[str, Verdict], Path]) -> None:
    failed = {verdict.id: verdict.reason for verdict in november[1].values() if verdict.verdict in ("fail", "observation")}
    assert not failed


def test_results_are_written(november: tuple[Run, dict[str, Verdict], Path]) -> None:
    names = {path.name for path in november[2].iterdir()}
    assert names >= {"trace.jsonl", "air.pcapng", "keys.toml", "verdicts.json", "junit.xml", "report.html"}
    header = json.loads((november[2] / "trace.jsonl").open().readline())
    assert header["tier"] in ("emulated", "physical")
    assert {line.split()[2] for line in header["boards"].values()} == {f"role={role}" for role in header["boards"]}


def test_every_frame_of_the_capture_can_be_read(november: tuple[Run, dict[str, Verdict], Path], tmp_path: Path) -> None:
    """With the keys of the run tshark gets through to ZCL, as often as the trace has frames, and finds none malformed."""
    from hanref.air.keys import Keys

    run, _, folder = november
    options = Keys.read(folder / "keys.toml").tshark_options()
    command = ["tshark", "-n", "-r", str(folder / "air.pcapng"), *options, "-T", "fields", "-E", "occurrence=f"]
    command += ["-Y", "zbee_zcl || _ws.malformed", "-e", "frame.number", "-e", "_ws.malformed"]
    try:
        read = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)
    except FileNotFoundError:
        pytest.skip("tshark is not installed: apt-get install tshark")
    lines = read.stdout.splitlines()
    assert len(lines) == run.frames
    assert not [line for line in lines if line.split("\t")[1]]
