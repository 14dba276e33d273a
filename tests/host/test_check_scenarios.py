# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario judged from the bench's trace and from its own capture, whole and with frames missing."""

import random
from pathlib import Path

import pytest
from hanref.air import capture
from hanref.importer import given, read_all
from hanref.requirements import judge
from hanref.run.runner import simulate
from hanref.scenario import load, names
from hanref.trace import Trace

# What a capture shows as well as the bench does.
SHOWN_ON_THE_AIR = [
    *("REQ-0056-%d" % number for number in (1, 2, 3, 4, 7, 11, 12, 17, 20)),
    *("REQ-078-3", "REQ-078-4", "REQ-IHD-2", "REQ-IHD-3", "REQ-IHD-7", "REQ-IHD-8"),
    *("REQ-GSME-1", "REQ-GSME-2", "REQ-ESME-1", "REQ-GPF-18"),
]
SHORT = ("hub-exchange", "prepayment-day", "device-log", "meter-events", "voltage-three-phase")
SUMMARISED = ("thirteen-months",)
SCENARIOS = [
    pytest.param(name, marks=() if name in SHORT else pytest.mark.soak) for name in names() if name not in SUMMARISED
]
GOOD = {"pass", "not run"}
LOST = 0.1  # of the frames


@pytest.fixture(scope="module", params=SCENARIOS)
def run(request, tmp_path_factory):
    """The results of a scenario's run."""
    folder = tmp_path_factory.mktemp(request.param)
    simulate(load(request.param), folder)
    return folder


def from_capture(run: Path, file: Path):
    return {verdict.id: verdict for verdict in judge(read_all([file], given(files=[run / "keys.toml"])))}


def damaged(run: Path, target: Path, seed: int, whole: bool) -> Path:
    """The capture of a run with a tenth of its frames missing, or cut short where they are not `whole`."""
    chance = random.Random(seed)
    with capture.Writer(target) as writer:
        for packet in capture.read(run / "air.pcapng"):
            if chance.random() >= LOST:
                writer.packet(packet.time, packet.octets)
            elif not whole:
                writer.packet(packet.time, packet.octets[: chance.randrange(len(packet.octets))])
    return target


def test_the_capture_gets_the_verdicts_of_the_trace(run):
    from_bench = {verdict.id: verdict for verdict in judge(Trace.read(run / "trace.jsonl"))}
    from_air = from_capture(run, run / "air.pcapng")

    differing = {
        id: (from_bench[id].verdict, from_air[id].verdict, from_air[id].reason)
        for id in SHOWN_ON_THE_AIR
        if from_bench[id].verdict != from_air[id].verdict
    }
    assert differing == {}
    assert {id: verdict.reason for id, verdict in from_air.items() if verdict.verdict not in GOOD} == {}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 8))])
@pytest.mark.parametrize("whole", [True, False], ids=["missing", "cut short"])
def test_a_tenth_of_the_frames_lost_gives_no_false_defect(run, tmp_path, seed, whole):
    found = from_capture(run, damaged(run, tmp_path / "damaged.pcapng", seed, whole))

    assert {id: verdict.reason for id, verdict in found.items() if verdict.verdict not in GOOD} == {}
