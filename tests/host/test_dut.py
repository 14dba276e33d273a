# SPDX-License-Identifier: GPL-3.0-or-later
"""A device under test on the reference's network: one that behaves, and those that do not."""

import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest
from hanref import observed
from hanref.dut.options import parse as parse_options
from hanref.dut.person import Person
from hanref.dut.runner import run_with_device
from hanref.dut.watch import Watch
from hanref.errors import UsageError
from hanref.observed import Observed
from hanref.scenario import live_names, load, parse
from outside_device import Device

PACE = 90.0
CODE = "83fed3407a939723a5c639b26916d505"
SCENARIO = """
[scenario]
name = "short-live"
title = "A short run around a device under test"
start = 2022-11-03T10:27:00Z
duration = "8m"

[devices.hub]
[devices.esme]
[devices.gsme]
[devices.ihd]
electricity_poll = 10
gas_poll = 60
tenancy_poll = 60

[[step]]
at = "+0s"
do = "load"
watts = 900

[[step]]
at = "+2m"
do = "change_of_tenancy"
to = "esme"
date = "+1m"

[[step]]
at = "+2m"
do = "change_of_tenancy"
to = "gpf"
date = "-2h"
"""


class Bench:
    """A run in a thread of its own. `told` gathers what the person is told, `where` finds the device's radio in it."""

    def __init__(self, out, options=("ihd=join:" + CODE,), scenario=SCENARIO, pace=PACE, limit=20.0, **more):
        self.told = []
        self.out = out
        self._found = {}
        self.person = Person(self.told.append, more.pop("answers", None))

        def work():
            try:
                plan = parse(scenario, "short-live.toml")
                self._found["result"] = run_with_device(
                    plan, out, parse_options(options), self.person, pace=pace, limit=limit, **more
                )
            except BaseException as error:
                self._found["error"] = error

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()

    @property
    def where(self):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            for sentence in self.told:
                found = re.search(r"socket://127\.0\.0\.1:\d+", sentence)
                if found:
                    return found[0]
            if "error" in self._found:
                raise self._found["error"]
            time.sleep(0.01)
        raise AssertionError("no prompt: %s" % self.told)

    @property
    def settings(self):
        return next(self.out.parent.glob(self.out.name + ".dut-*.json"))

    def result(self, limit=90):
        self.thread.join(limit)
        assert not self.thread.is_alive(), self.told
        if "error" in self._found:
            raise self._found["error"]
        run, verdicts = self._found["result"]
        return run, {verdict.id: verdict for verdict in verdicts}


def outside(bench, behaviour=None, clock=None):
    """A device that joins by the code that the bench was given."""
    device = Device(bench.where, bench.settings, clock)
    if behaviour is not None:
        device.then = behaviour
    return device


def hub_time(bench, pace=PACE, start="2022-11-03T10:27:00Z"):
    """The time on this HAN, as the hub would tell it: from when the device joined."""
    from hanref.moments import moment

    began = []

    def utc():
        joined = [sentence for sentence in bench.told if "has joined" in sentence]
        if not joined:
            return None
        began.append(time.monotonic())
        return moment(start) + int((time.monotonic() - began[0]) * pace)

    return utc


def test_a_display_from_outside_joins_asks_and_is_judged(tmp_path):
    seen = Observed.model_validate(
        {
            "device": {"role": "ihd", "model": "Round One", "firmware_version": "4.5.6"},
            "observation": [
                {"at": "+90s", "screen": {"electricity_week": 120, "gas_week": "none"}},
                {"at": "+6m", "screen": {"electricity_week": "none", "gas_week": "none"}},
            ],
        }
    )
    bench = Bench(tmp_path / "run", observed=seen)
    device = outside(bench, clock=hub_time(bench))

    run, verdicts = bench.result()
    device.stop()

    assert {verdicts["REQ-0056-%d" % n].verdict for n in (1, 2, 3, 4, 7, 8, 11)} == {"pass"}
    assert verdicts["REQ-0056-13"].verdict == "pass", verdicts["REQ-0056-13"].reason
    assert run.trace.of("dut", source="ihd")[0].get("what") == "joined"
    report = json.loads((bench.out / "report.json").read_text())
    assert report["device_under_test"]["model"] == "Round One"
    assert {path.name for path in bench.out.iterdir()} >= {"trace.jsonl", "air.pcapng", "keys.toml", "report.html"}
    assert any("install code the one you gave" in sentence for sentence in bench.told)
    assert not any(CODE in sentence for sentence in bench.told)


def test_a_device_that_keeps_the_figures_fails(tmp_path):
    kept = {"electricity_week": 120}
    seen = Observed.model_validate({"observation": [{"at": "+90s", "screen": kept}, {"at": "+6m", "screen": kept}]})
    bench = Bench(tmp_path / "run", observed=seen)
    device = outside(bench, clock=hub_time(bench))

    _, verdicts = bench.result()
    device.stop()

    assert verdicts["REQ-0056-13"].verdict == "fail" and "still shows electricity_week" in verdicts["REQ-0056-13"].reason


def test_a_device_with_the_keys_of_the_settings_talks_under_them(tmp_path):
    """A board on a port: its radio is a UNIX socket, as an emulated board has one; keys are put in place beforehand."""
    from hanref.dut.live import LiveHan
    from hanref.run.plan import make

    plan = make(parse(SCENARIO, "short-live.toml"))
    listening = _listening_socket(tmp_path)
    told = []
    with LiveHan(plan.document, parse_options(["ihd=%s" % listening.path]), Person(told.append), limit=0.001, pace=1.0) as han:
        settings = han.settings("ihd")

    assert settings["identities"]["ihd"] == plan.document["devices"]["ihd"]["identity"]
    assert len(settings["radio"]["link_keys"]) == 3 and len(bytes.fromhex(settings["radio"]["install_code"])) == 18
    assert listening.accepted.wait(5)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_emulated_board_is_the_device_under_test(tmp_path):
    """In real time: the board has a clock of its own, and takes the hub's."""
    from hanref.boards import find
    from hanref.boards.emulated import EmulatedBoard
    from hanref.flash.image import image
    from hanref.flash.install import install
    from hanref.flash.settings import radio

    radio_line = tmp_path / "ihd.radio"
    kind = find("mps2_an385")
    with EmulatedBoard("ihd", flash=tmp_path / "ihd.flash", radio=radio_line) as board:
        bench = Bench(tmp_path / "run", ["ihd=%s" % radio_line], SCENARIO.replace('"8m"', '"4m"'), pace=1.0, limit=120.0)
        end = time.monotonic() + 30
        while not any("Let the ihd" in sentence for sentence in bench.told) and time.monotonic() < end:
            time.sleep(0.1)
        settings = json.loads(bench.settings.read_text())
        settings["radio"].update(radio(kind))
        install(kind, board.port, image("ihd"), settings, fresh_stores=True)

        _, verdicts = bench.result(500)

    assert {verdicts["REQ-0056-%d" % n].verdict for n in (1, 2, 3, 4, 7, 8, 11)} == {"pass"}


class _listening_socket:
    def __init__(self, folder):
        import socket

        self.path = str(folder / "radio")
        self.accepted = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        self._line, _ = self._socket.accept()
        self.accepted.set()


def test_a_device_that_never_joins_ends_in_order(tmp_path):
    bench = Bench(tmp_path / "run", limit=0.5)

    _, verdicts = bench.result()

    found = verdicts["REQ-0056-11"]
    assert found.verdict == "not run" and "did not join: nothing came from it at socket://" in found.reason
    assert not any(verdict.verdict == "fail" for verdict in verdicts.values())
    assert (bench.out / "report.html").exists()


def test_a_device_with_another_code_is_not_let_in(tmp_path):
    from hanref.air.hashes import install_code_with_crc

    bench = Bench(tmp_path / "run", limit=3.0, pace=10.0)
    device = Device(bench.where, bench.settings, None, install_code_with_crc(bytes(16)))

    _, verdicts = bench.result()
    device.stop()

    assert "it spoke to its radio and was not let onto the network" in verdicts["REQ-0056-11"].reason


def test_a_device_that_insists_on_key_establishment_is_not_run_with_its_frames(tmp_path):
    def behaviour(device):
        if not getattr(device, "asked", False):
            device.asked = True
            device.say(0x0800, bytes((0x01, 0x01, 0x00)) + b"\x02\x00\x0f\x0f" + bytes(48))

    bench = Bench(tmp_path / "run", scenario=SCENARIO.replace('"8m"', '"4m"'))
    device = outside(bench, behaviour)

    run, verdicts = bench.result()
    device.stop()

    found = verdicts["REQ-0056-11"]
    assert (found.verdict, found.reason) == ("not run", "key establishment not modelled")
    frames = [run.trace.event(n) for n in found.evidence]
    assert frames and all((frame.source, frame.get("cluster")) == ("ihd", "0800") for frame in frames)


def test_a_device_that_floods_is_put_out_of_reach_and_the_run_ends(tmp_path):
    def behaviour(device):
        for sequence in range(20):
            device.say(0x0702, bytes((0x00, sequence, 0x00, 0x00, 0x00)), 2)

    bench = Bench(tmp_path / "run", pace=4.0)
    device = outside(bench, behaviour)

    run, _ = bench.result()
    device.stop()

    assert [event.get("what") for event in run.trace.of("dut")][-1] == "floods"
    assert any("floods the network" in sentence for sentence in bench.told)
    assert run.trace.end - run.trace.start < 7 * 60_000


def test_a_device_that_leaves_ends_the_run(tmp_path):
    def behaviour(device):
        if time.monotonic() - device.joined_at > 1:
            device.uart.write(b"\xfe\x01\x41\x00\x00\x40")  # SYS_RESET_REQ
            device.switched_off = True  # or its driver would bring the radio back

    bench = Bench(tmp_path / "run", limit=2.0, scenario=SCENARIO.replace('"8m"', '"1h"'))
    device = outside(bench, behaviour)

    run, _ = bench.result()
    device.stop()

    assert "left" in [event.get("what") for event in run.trace.of("dut")]
    assert any("left and did not come back" in sentence for sentence in bench.told)
    assert run.trace.end - run.trace.start < 40 * 60_000


def test_a_device_that_says_nonsense_is_survived(tmp_path):
    def behaviour(device):
        count = getattr(device, "said", 0)
        if count < 60:
            device.said = count + 1
            device.say(0x0702, os.urandom(1 + count), 2)
            device.uart.write(os.urandom(40))
            time.sleep(0.02)

    bench = Bench(tmp_path / "run", scenario=SCENARIO.replace('"8m"', '"4m"'))
    device = outside(bench, behaviour)

    run, verdicts = bench.result()
    device.stop()

    assert run.trace.of("zcl", source="ihd")
    assert verdicts["REQ-0056-1"].verdict in ("pass", "not run")


def test_a_person_is_asked_and_the_answers_are_screens(tmp_path):
    read, write = os.pipe()
    lines = os.fdopen(read)
    bench = Bench(tmp_path / "run", answers=lines, scenario=SCENARIO.replace('"8m"', '"5m"'))
    device = outside(bench, clock=hub_time(bench))
    answers = [b"electricity_week=120 gas_week=none\n", b"what?\n", b"electricity_week=none\n"]
    asked = 0
    while bench.thread.is_alive():
        questions = sum("What does the ihd show now?" in sentence for sentence in bench.told)
        if questions > asked and answers:
            asked = questions
            os.write(write, answers.pop(0))
        time.sleep(0.02)
    device.stop()

    run, _ = bench.result()

    screens = [event.get("screen") for event in run.trace.of("display", source="ihd")]
    assert screens[0] == {"electricity_week": 120, "gas_week": None}
    assert any("was not understood" in sentence for sentence in bench.told)


def test_every_live_plan_fits_into_ninety_minutes():
    assert len(live_names()) >= 2
    for name in live_names():
        assert load(name, live=True).scenario.duration <= 90 * 60


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("ihd", "write ROLE=PORT or ROLE=join:CODE"),
        ("hub=/dev/ttyACM0", "judge a hub by a capture"),
        ("ihd=join:0011", "2 octets"),
        ("ihd=join:" + CODE + "0000", "wrong CRC"),
    ],
)
def test_wrong_options_are_said_to_be_wrong(option, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        parse_options([option])


def test_a_scenario_without_a_plan_says_which_have_one():
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "run", "voltage", "--dut", "ihd=/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "has no plan for a device under test: change-of-tenancy, november-2022 have" in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[device]\nrole = 'kettle'", "device.role"),
        ("[[observation]]\nat = '+1h'\nscreen = {}", "observation.1.screen"),
        ("[[observation]]\nat = '+1h'\nscreens = {a = 1}", "unknown key"),
        ("device", "is not TOML"),
    ],
)
def test_a_wrong_file_of_observations_names_the_field(tmp_path, text, says):
    path = tmp_path / "seen.toml"
    path.write_text(text)

    with pytest.raises(UsageError, match=re.escape(says)):
        observed.load(path)


def test_talk_of_a_home_is_no_flood():
    watch = Watch("ihd")
    for second in range(3600):
        for _ in range(4):
            watch.heard(0x0702, second * 1000)
    assert not watch.floods and watch.talked and not watch.insists
