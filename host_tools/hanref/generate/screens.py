# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws docs/images/screens.png: the screens of a PPMID that has lived on the simulated HAN for some weeks.

    python -m hanref.generate.screens docs/images/screens.png
"""

import math
import sys
from pathlib import Path
from typing import Any

from han.clock import DAY, from_iso
from han.devices.payment_modes import PREPAYMENT_MODE
from han.display import pages
from han.display.canvas import HEIGHT, WIDTH, Canvas
from han.node.sim import Simulation
from PIL import Image

from hanref.display.capture import picture
from hanref.run.plan import test_identity

START = "2022-08-20T00:03:00Z"
DAYS = 76
COLUMNS = 6
GAP = 14
BACK = (222, 227, 232)
SECRET = bytes(32)


def plan() -> dict[str, Any]:
    """A HAN of five devices in prepayment mode, its load and gas flow changing by the hour and the day."""
    start = from_iso(START)
    devices: dict[str, dict[str, Any]] = {
        role: {"identity": test_identity(role).hex()} for role in ("hub", "esme", "gsme", "ppmid")
    }
    devices["hub"]["chf_identity"] = test_identity("chf").hex()
    devices["esme"].update(
        {
            "payment_control_configuration": PREPAYMENT_MODE,
            "credit_remaining": 26_700_000,
            "low_credit_warning": 500_000,
            "prepayment_secret": SECRET.hex(),
            "supplier": "90b3d51f30010009",
            "customer_id": "A-4711-22",
        }
    )
    devices["ppmid"].update({"electricity_poll": 1800, "captures": "none"})
    steps: list[list[Any]] = []
    for hour in range(DAYS * 24):
        day, of_day = divmod(hour, 24)
        at = hour * 3600 * 1000
        busy = 1 + math.sin((of_day - 9) / 24 * 2 * math.pi) + (1.4 if of_day in (7, 17, 18, 19) else 0)
        watts = int(180 + 190 * busy * (1 + 0.35 * math.sin(day * 1.7)))
        steps.append([at, "esme", "load", {"watts": watts}])
        heating = max(0.1, day / DAYS * (1.2 + 0.3 * math.sin(day)))
        steps.append([at, "gsme", "gas_flow", {"litres_per_hour": int(260 * heating) if 6 <= of_day < 22 else 20}])
    end = start + DAYS * DAY + 17 * 3600 + 39 * 60
    told = (DAYS * DAY + 3600) * 1000
    work = "Planned work on Tuesday 8 November from 9:00 to 12:00: your supply may be off for some minutes."
    steps.append([told, "esme", "message", {"text": work}])
    steps.append([told, "gpf", "message", {"text": "Your gas tariff changes on 1 December."}])
    steps.append([(end - start - 2400) * 1000, "esme", "load", {"watts": 1437}])
    return {"start": start, "end": end, "seed": 1, "trace": "summary", "devices": devices, "steps": steps}


def screens() -> list[Image.Image]:
    """Every screen after those weeks, and some that buttons lead to."""
    simulation = Simulation(plan(), lambda line: None)
    simulation.run()
    (display,) = simulation.nodes["ppmid"].devices
    items = display.screen()
    canvas = Canvas()
    views = [display.view.shown(page) for page in pages.names("ppmid") if page != "gas_payment"]
    views.append({**display.view.shown("electricity_days"), "money": True})
    views.append({**display.view.shown("electricity_payment"), "digits": "40528816370000000000", "cursor": 11})
    for fuel, result in (("electricity", "accepted"), ("gas", "sent")):
        taken = {**items, "last_payment": result, "last_payment_fuel": fuel}
        views.append({**display.view.shown(fuel + "_payment"), "items": taken})
    found = []
    for view in views:
        shown = view.pop("items", items)
        found.append(picture(b"".join(bytes(canvas.buffer) for _ in pages.bands(canvas, shown, view))))
    return found


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """All pictures on one sheet."""
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP), BACK)
    for number, one in enumerate(pictures):
        row, column = divmod(number, COLUMNS)
        whole.paste(one.convert("RGB"), (GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)))
    return whole.quantize(64)


if __name__ == "__main__":
    sheet(screens()).save(Path(sys.argv[1]), optimize=True)
