# SPDX-License-Identifier: GPL-3.0-or-later
"""What the display costs on the emulated board: RAM of the screens, time to draw one, free heap of IHD and PPMID.

The RAM is shown by drawing every screen, with its capture, while no more than the number to hold is free. Times are at
125 MIPS. The heaps are those of boards on a HAN after a change of tenancy, when everything has been drawn and captured.
"""

from collections.abc import Iterator

from hanref.bench.file import Bench
from hanref.bench.han import BoardHan
from hanref.boards.bare import BareBoard
from hanref.run.plan import make
from hanref.scenario import parse

from benchmarks.figure import Figure

HELD = 24 * 1024
PACKAGES = ("han/display",)
ITEMS = {
    "time": "2022-11-04T17:42:10Z",
    "electricity_power": 1437,
    "electricity_ambient": "medium",
    "electricity_previous_days": [12935, 9220, None, 7410, 15010, 8220, 0, 9100],
    "electricity_previous_months": [312000 - 9000 * age for age in range(13)],
    "electricity_messages": ["Your supply is off on Monday for an hour, from nine to ten in the morning."],
    "gas_previous_months": [112000 - 4000 * age for age in range(13)],
    "identifier": "0a0b0c0d0e0f0004",
}
MEASURE = """
import gc, time
import han.clock
gc.collect()
before = gc.mem_alloc()
ballast = []
for piece in (8192, 512):
    while gc.mem_free() > HELD + piece - 600:
        ballast.append(bytearray(piece))
gc.collect()
free = gc.mem_free()
start = gc.mem_alloc()
from han.display import pages, capture
from han.display.canvas import Canvas
canvas = Canvas()
took = []
for page in pages.names("ppmid"):
    view = {"page": page, "role": "ppmid"}
    begin = time.ticks_us()
    for top in pages.bands(canvas, ITEMS, view):
        pass
    took.append(time.ticks_diff(time.ticks_us(), begin) / 1000)
    for top in pages.bands(canvas, ITEMS, view):
        capture.text(canvas.buffer)
gc.collect()
print([free, gc.mem_alloc() - start, sum(took) / len(took), max(took)])
"""
HAN = """
[scenario]
name = "display"
title = "display"
start = 2022-11-03T10:07:13Z
duration = "2h"
tiers = ["emulated"]
[devices.hub]
[devices.esme]
[devices.gsme]
[devices.ihd]
[devices.ppmid]
[[step]]
at = "+0s"
do = "load"
watts = 1437
[[step]]
at = "+30m"
do = "change_of_tenancy"
to = "esme"
date = "+1m"
"""


def figures() -> Iterator[Figure]:
    """RAM and time of a screen, then the heaps."""
    with BareBoard("benchmark-display", PACKAGES) as board:
        script = f"HELD = {HELD}\nITEMS = {ITEMS!r}\n{MEASURE}"
        free, kept, mean, worst = board.run(script, limit=600)
    yield Figure("RAM left in which every screen was drawn and captured", free / 1024, "KB", at_most=HELD / 1024)
    yield Figure("RAM the display keeps", kept / 1024, "KB")
    yield Figure("screen drawn, mean", mean, "ms")
    yield Figure("screen drawn, worst", worst, "ms")
    plan = make(parse(HAN, "display"))
    with BoardHan(plan.document, Bench()) as han:
        for _ in han.run(75 * 60 * 1000):
            pass
        for role in ("ihd", "ppmid"):
            health = han.places[role].request("health")
            yield Figure(f"{role}: heap free", health["heap_free"] / 1024, "KB", note="heap=204800")
            yield Figure(f"{role}: largest free block", health["largest_free"] / 1024, "KB")
