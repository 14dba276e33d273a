# SPDX-License-Identifier: GPL-3.0-or-later
"""A run from scenario to report, on the native MicroPython."""

import filecmp
import json
import os
import random
import stat
from pathlib import Path

import pytest
from hanref.errors import BenchError, UsageError
from hanref.report.html import render
from hanref.requirements import judge
from hanref.run.runner import Run, run_and_judge, simulate
from hanref.run.simulation import Simulation
from hanref.scenario import Scenario, load, parse
from hanref.trace import Trace
from junitparser import JUnitXml
from test_cli import hanref
from test_requirements import FIRST_LIST
from trace_story import Story

FILES = {"trace.jsonl", "air.pcapng", "keys.toml", "verdicts.json", "junit.xml", "report.html", "report.json"}

SHORT = """
[scenario]
name = "short"
title = "An hour and a half"
start = 2022-11-03T10:07:13Z
duration = "90m"
[devices.hub]
[devices.esme]
[devices.gsme]
[devices.ihd]
[[step]]
at = "+40m"
do = "read"
use_case = "GCS13a"
"""


def short() -> Scenario:
    return parse(SHORT, "short.toml")


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """The results of november-2022."""
    out = tmp_path_factory.mktemp("november") / "out"
    run, _ = run_and_judge(load("november-2022"), out)
    return out, run


def test_november_2022_passes(november: tuple[Path, Run]) -> None:
    out, run = november
    verdicts = {entry["id"]: entry for entry in json.loads((out / "verdicts.json").read_text())}

    assert {id: verdicts[id]["reason"] for id in FIRST_LIST if verdicts[id]["verdict"] != "pass"} == {}
    assert {entry["verdict"] for entry in verdicts.values()} <= {"pass", "not run"}
    assert all(verdicts[id]["evidence"] for id in FIRST_LIST)
    assert run.frames >= 34560


def test_everything_is_written(november: tuple[Path, Run]) -> None:
    out, _ = november

    assert {entry.name for entry in out.iterdir()} == FILES
    assert stat.S_IMODE(os.stat(out / "keys.toml").st_mode) == 0o600


def test_the_trace_says_what_the_bench_stood_in_for(november: tuple[Path, Run]) -> None:
    out, _ = november
    notes = {event.get("note") for event in Trace.read(out / "trace.jsonl").of("bench")}

    assert {"the bench sets what ECS12 would set", "the bench sets what ECS29a would set"} <= notes


def test_the_file_is_judged_like_the_run(november: tuple[Path, Run]) -> None:
    out, _ = november
    again = judge(Trace.read(out / "trace.jsonl"))

    assert [verdict.as_dict() for verdict in again] == json.loads((out / "verdicts.json").read_text())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kinds", [("zcl", "gbcs"), None], ids=["capture", "all"])
def test_lost_frames_are_no_defect(november: tuple[Path, Run], seed: int, kinds: tuple[str, ...] | None) -> None:
    """A sniffer misses one frame in ten."""
    trace = november[1].trace
    chance = random.Random(seed)
    left = [event for event in trace.events if event.kind != "zcl" or chance.random() >= 0.1]
    if kinds is not None:
        left = [event for event in left if event.kind in kinds]

    verdicts = judge(Trace({**trace.header, "complete": False}, left))

    assert not [verdict for verdict in verdicts if verdict.verdict in ("fail", "observation")]


def test_junit_agrees_with_the_verdicts(november: tuple[Path, Run]) -> None:
    out, _ = november
    verdicts = json.loads((out / "verdicts.json").read_text())
    cases = {case.name: case for suite in JUnitXml.fromfile(str(out / "junit.xml")) for case in suite}

    assert set(cases) == {entry["id"] for entry in verdicts}
    for entry in verdicts:
        assert cases[entry["id"]].is_skipped == (entry["verdict"] == "not run")
        assert not cases[entry["id"]].is_failure


def test_the_report_shows_screens_and_charts(november: tuple[Path, Run]) -> None:
    page = (november[0] / "report.html").read_text()

    assert page.count("<svg") == 3
    for heading in ("1 Device under test", "4 Differences from the field", "5 Results", "8 Exit criteria"):
        assert heading in page
    assert "Electricity: date 2022-11-04" in page
    assert "Gas: date 2022-11-04" in page
    assert "http" not in page.replace("http://www.w3.org", "")  # one file, nothing fetched


def test_a_report_of_failures_names_them() -> None:
    story = Story("esme", title="<script>")
    story.power("10:00:00", "esme", True)
    story.entry("10:37:13")
    story.entry("11:07:13")
    trace = story.end("11:30:00").trace()

    page = render(trace, judge(trace))

    assert "Not recommended for acceptance" in page
    assert "The reference waits for the next hh:00 or hh:30" in page
    assert "<script>" not in page


def test_the_same_seed_gives_the_same_octets(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_and_judge(short(), tmp_path / name)

    same, different, _ = filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", FILES, shallow=False)
    assert not different
    assert {"trace.jsonl", "verdicts.json", "air.pcapng"} <= set(same)


def test_another_seed_gives_other_keys(tmp_path: Path) -> None:
    run_and_judge(short(), tmp_path / "a", 1)
    run_and_judge(short(), tmp_path / "b", 2)

    assert (tmp_path / "a" / "keys.toml").read_text() != (tmp_path / "b" / "keys.toml").read_text()


def test_no_secret_is_in_trace_or_report(november: tuple[Path, Run]) -> None:
    out, run = november
    parties = [device["parties"] for device in run.plan.document["devices"].values()]
    secrets = {known["secret"] for known_parties in parties for known in known_parties.values()}

    for name in FILES - {"keys.toml", "air.pcapng"}:
        text = (out / name).read_text()
        assert not [secret for secret in secrets if secret in text]


def test_progress_goes_up(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    simulate(short(), tmp_path, progress=lambda done, total: seen.append((done, total)))

    assert seen == sorted(seen)
    assert seen[0][1] == 5_400_000


def test_a_han_that_fails_is_the_benchs_fault(tmp_path: Path) -> None:
    with Simulation({"devices": {}}) as simulation, pytest.raises(BenchError, match="the simulated HAN ended"):
        list(simulation.lines())


def test_no_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hanref import toolchain

    toolchain.micropython.cache_clear()
    monkeypatch.setenv("HANREF_MICROPYTHON", str(tmp_path / "none"))
    try:
        with pytest.raises(BenchError), Simulation({}):
            pass
    finally:
        toolchain.micropython.cache_clear()


def test_a_scenario_for_other_tiers() -> None:
    scenario = parse(SHORT.replace('duration = "90m"', 'duration = "90m"\ntiers = ["emulated"]'), "short.toml")

    with pytest.raises(UsageError, match="does not run in tier sim"):
        simulate(scenario, Path())


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_verdicts(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)

    done = hanref("run", str(tmp_path / "short.toml"), "--out", str(tmp_path / "out"))

    assert done.returncode == 0, done.stderr
    assert "REQ-0015-7" in done.stdout
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == FILES


def test_the_command_prints_json(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)

    done = hanref("run", str(tmp_path / "short.toml"), "--out", str(tmp_path / "out"), "--json")

    assert json.loads(done.stdout) == json.loads((tmp_path / "out" / "verdicts.json").read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHORT.replace("duration", "durration"), "scenario.durration"),
        (SHORT + 'colour = "red"\n', "step 1 (read): colour"),
        (SHORT.replace('"+40m"', '"2022-13-01T00:00:00Z"'), "step 1 (read): at"),
        (SHORT.replace("[devices.ihd]", "[devices.toaster]"), "devices.toaster"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.toml").write_text(text)

    done = hanref("run", str(tmp_path / "bad.toml"), "--out", str(tmp_path / "out"))

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "bad.toml" in done.stderr
    assert said in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.toml"]


def test_an_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = hanref("run", "november-2022", "--out", str(tmp_path / "file" / "out"))

    assert done.returncode == 2
    assert "--out" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b'{"schema": "hanref-trace/1"}\n{"n": 1}\n'])
def test_check_of_what_is_no_trace(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)

    done = hanref("check", str(tmp_path / "x"))

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_check_finds_a_defect(tmp_path: Path) -> None:
    from hanref.trace import Writer

    story = Story("esme")
    story.power("10:00:00", "esme", True)
    story.entry("10:37:13")
    with open(tmp_path / "trace.jsonl", "w") as file:
        writer = Writer(file, story.header)
        for event in story.events:
            writer.write(event)

    done = hanref("check", str(tmp_path / "trace.jsonl"), "--out", str(tmp_path / "out"))

    assert done.returncode == 1
    written = {"verdicts.json", "junit.xml", "report.html", "report.json"}
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == written
    assert JUnitXml.fromfile(str(tmp_path / "out" / "junit.xml")).failures >= 1


def test_requirements_are_listed() -> None:
    done = hanref("requirements", "--json", "--modification", "0056")
    rows = json.loads(done.stdout)

    assert [row["id"] for row in rows] == ["REQ-0056-%d" % n for n in range(1, 22)]
    assert hanref("requirements", "--modification", "0099").returncode == 2
