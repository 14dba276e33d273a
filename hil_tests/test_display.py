# SPDX-License-Identifier: GPL-3.0-or-later
"""The display of a board: what it draws is what its figures say, pixel by pixel."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from han.display import pages
from han.display.canvas import Canvas
from hanref.bench.han import BoardHan
from hanref.display.capture import unpack

ELECTRICITY = """
[devices.hub]
[devices.esme]
[devices.ihd]
[[step]]
at = "+0s"
do = "load"
watts = 1437
"""


@pytest.mark.requirement("REQ-IHD-5")
def test_a_board_draws_what_it_shows(make_han: Callable[..., BoardHan]) -> None:
    han = make_han(ELECTRICITY)
    list(han.run(3 * 60_000))
    han.command("ihd", "press", {"button": "right"})
    lines = list(han.run(2_000))
    events: list[dict[str, Any]] = [json.loads(line.split(" ", 2)[2]) for line in lines if line.startswith("E ")]
    items = next(event["screen"] for event in events if event["kind"] == "display")
    assert items["page"] == "electricity" and items["electricity_power"] == 1437
    bands = [unpack(event["data"]) for event in events if event["kind"] == "screen"]
    canvas = Canvas()
    drawn = [bytes(canvas.buffer) for _ in pages.bands(canvas, items, {"role": "ihd", "page": "electricity"})]
    assert bands == drawn
