# SPDX-License-Identifier: GPL-3.0-or-later
"""A HAN of boards when not all goes well: sleep, restarts, a board that goes away or hangs, an air that loses frames."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hanref.air.simulation import Conditions
from hanref.bench.han import BoardHan
from hanref.bench.place import BoardHangs

HUB_AND_GAS = """
[devices.hub]
[devices.gsme]
register = 1234567
[[step]]
at = "+0s"
do = "gas_flow"
litres_per_hour = 600
"""
ELECTRICITY = """
[devices.hub]
[devices.esme]
[devices.ihd]
electricity_poll = 10
[[step]]
at = "+0s"
do = "load"
watts = 3600
"""
MINUTE = 60_000

HanMaker = Callable[..., BoardHan]


def run(han: BoardHan, minutes: float) -> Iterator[str]:
    """The lines of the next minutes."""
    return han.run(int(minutes * MINUTE))


def frames(lines: list[str], source: str, destination: str, cluster: str) -> list[str]:
    """The frames from one device to another in a cluster."""
    found = (line.split(" ") for line in lines if line.startswith("F"))
    return [" ".join(words) for words in found if [*words[2:4], words[6]] == [source, destination, cluster]]


def shown(han: BoardHan) -> dict[str, Any]:
    """What the display shows."""
    screen: dict[str, Any] = han.places["ihd"].request("state")["ihd"]["screen"]
    return screen


@pytest.mark.requirement("REQ-0015-7")
def test_gas_meter_sleeps_between_its_wakes(make_han: HanMaker) -> None:
    with_gas = make_han(HUB_AND_GAS)
    list(run(with_gas, 30))
    radio = with_gas.places["gsme"].wire.coprocessor
    assert radio.poll_rate == 0, "its radio is off between wakes"
    asleep = list(run(with_gas, 20))
    assert not [line for line in asleep if line.startswith("F")], "nothing on the air while it sleeps"
    awake = list(run(with_gas, 15))
    assert frames(awake, "gsme", "gpf", "0702"), "the next half hour it pushes"
    assert radio.poll_rate == 0
    summary = with_gas.summary()["devices"]
    assert summary["gpf"]["current_summation_delivered"] > 1234567


def test_hub_restarted_in_the_middle(make_han: HanMaker) -> None:
    han = make_han(HUB_AND_GAS)
    list(run(han, 25))
    before = han.summary()["devices"]["gpf"]
    assert before["current_summation_delivered"] == 1234567 + 600 * 1367 // 3600  # what flowed until half past
    han.cut("hub")
    list(run(han, 1))
    han.power("hub", True)
    after = han.summary()["devices"]["gpf"]
    assert after["stamps"] == before["stamps"], "when its values were taken survives"
    pushed = list(run(han, 30))
    assert frames(pushed, "gsme", "gpf", "0702"), "the meter goes on pushing to it"
    assert han.summary()["devices"]["gpf"]["current_summation_delivered"] > before["current_summation_delivered"]


def test_board_unplugged_and_back(make_han: HanMaker) -> None:
    han = make_han(ELECTRICITY)
    list(run(han, 3))
    assert shown(han)["electricity_power"] == 3600
    han.cut("esme")
    without = list(run(han, 3))
    assert not frames(without, "esme", "ihd", "0702")
    assert any('"kind": "link"' in line and '"up": false' in line for line in without), "the display says so"
    han.power("esme", True)
    again = list(run(han, 5))
    assert frames(again, "esme", "ihd", "0702"), "and is answered again"
    assert shown(han)["electricity_power"] == 3600


def test_board_that_hangs_ends_the_run_with_its_name(make_han: HanMaker) -> None:
    han = make_han(ELECTRICITY)
    list(run(han, 1))
    place = han.places["ihd"]
    if not place.emulated:
        pytest.skip("a physical board cannot be made to hang from here")
    place.limit = 3.0
    process = next(entry.process for entry in running() if entry.port == place.port)
    os.kill(process, signal.SIGSTOP)
    try:
        with pytest.raises(BoardHangs, match="ihd"):
            list(run(han, 5))
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_fifth_of_all_frames_lost(make_han: HanMaker) -> None:
    han = make_han(ELECTRICITY)
    han.air.conditions = Conditions(loss=0.2)
    lines = list(run(han, 10))
    assert han.air.lost > 10
    asked = {line.split(" ")[-1] for line in frames(lines, "ihd", "esme", "0702")}
    answered = frames(lines, "esme", "ihd", "0702")
    assert len(answered) > 0.9 * len(asked), "retries get nearly everything through"
    assert shown(han)["electricity_power"] == 3600


def running() -> list[Any]:
    from hanref.boards import running as all_running

    return all_running()
