# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards whose radios are not the bench's: each has a co-processor on an air that another process simulates, in real time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hanref.bench.file import load
from hanref.boards.emulated import HEAP, EmulatedBoard
from hanref.requirements import Verdict
from hanref.run.runner import Run, run_and_judge
from hanref.scenario import parse
from virtual_dongles import virtual_dongles

ROLES = ("hub", "esme", "gsme", "ihd")
SCENARIO = """
[scenario]
name = "own-radios"
title = "Boards with radios of their own"
start = 2022-11-03T10:25:13Z
duration = "6m"
tiers = ["physical"]

[devices.hub]
[devices.esme]
[devices.gsme]
register = 1234567
[devices.ihd]
electricity_poll = 120

[[step]]
at = "+0s"
do = "load"
watts = 2400

[[step]]
at = "+1m"
do = "gas_flow"
litres_per_hour = 600

[[step]]
at = "+2m"
do = "power"
to = "esme"
on = false

[[step]]
at = "+3m"
do = "power"
to = "esme"
on = true
"""


@contextmanager
def with_co_processor(board: EmulatedBoard, dongle: str) -> Iterator[None]:
    """Octets go between the radio UART of a board and a co-processor, as on a circuit board."""
    host, _, port = dongle.removeprefix("socket://").rpartition(":")
    with socket.socket(socket.AF_UNIX) as uart, socket.create_connection((host, int(port))) as radio:
        uart.connect(str(board.radio))

        def carry(source: socket.socket, target: socket.socket) -> None:
            try:
                while octets := source.recv(4096):
                    target.sendall(octets)
            except OSError:
                pass  # one of the two has gone

        ways = [threading.Thread(target=carry, args=pair, daemon=True) for pair in ((uart, radio), (radio, uart))]
        for way in ways:
            way.start()
        try:
            yield
        finally:
            for end in (uart, radio):
                end.shutdown(socket.SHUT_RDWR)
            for way in ways:
                way.join()


@pytest.fixture(scope="module")
def own_radios(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Verdict], Path]:
    """A run of four boards that the bench knows by their ports alone."""
    folder = tmp_path_factory.mktemp("own")
    with ExitStack() as stack:
        dongles = stack.enter_context(virtual_dongles(len(ROLES)))
        written = ""
        for role, dongle in zip(ROLES, dongles, strict=True):
            board = stack.enter_context(EmulatedBoard.kept(f"own-{role}", HEAP, folder, folder / f"{role}.radio"))
            stack.enter_context(with_co_processor(board, dongle))
            written += f'[boards.{role}]\nport = "{board.port}"\nradio = "own"\n'
        (folder / "bench.toml").write_text(written)
        bench = load(folder / "bench.toml")
        run, verdicts = run_and_judge(parse(SCENARIO, "own.toml"), folder / "results", tier="physical", bench=bench)
    return run, {verdict.id: verdict for verdict in verdicts}, folder / "results"


def test_frames_are_those_the_boards_sent(own_radios: tuple[Run, dict[str, Verdict], Path]) -> None:
    run, _, folder = own_radios
    ways = {(event.source, event.destination) for event in run.trace.events if event.kind == "zcl"}
    assert {("ihd", "esme"), ("esme", "ihd"), ("ihd", "gpf"), ("gpf", "ihd"), ("gsme", "gpf"), ("esme", "chf")} <= ways
    assert run.frames == sum(event.kind == "zcl" for event in run.trace.events) > 50
    assert not (folder / "air.pcapng").exists(), "nobody has captured their air"


def test_display_shows_what_the_meters_measured(own_radios: tuple[Run, dict[str, Verdict], Path]) -> None:
    shown = [event.content["screen"] for event in own_radios[0].trace.events if event.kind == "display"]
    assert any(screen.get("electricity_power") == 2400 for screen in shown)


def test_power_that_nobody_can_cut_is_played(own_radios: tuple[Run, dict[str, Verdict], Path]) -> None:
    """The boards have no power commands: the device is told to be off, and its console goes on."""
    events = [event for event in own_radios[0].trace.events if event.kind == "power" and event.source == "esme"]
    assert [event.content["on"] for event in events] == [True, False, True]


@pytest.mark.requirement("REQ-GSME-1")
def test_trace_is_judged(own_radios: tuple[Run, dict[str, Verdict], Path]) -> None:
    verdicts = own_radios[1]
    failed = {verdict.id: verdict.reason for verdict in verdicts.values() if verdict.verdict == "fail"}
    assert not failed
    for requirement in ("REQ-GSME-1", "REQ-IHD-5", "REQ-CLK-6"):
        assert verdicts[requirement].verdict == "pass", verdicts[requirement].reason
