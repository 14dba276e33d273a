# SPDX-License-Identifier: GPL-3.0-or-later
"""Short runs for tests of what is made of runs: a few hours with a change of tenancy of both fuels."""

import json
from pathlib import Path

from hanref.run.runner import run_and_judge
from hanref.scenario import parse

SCENARIO = """
[scenario]
name = "short"
title = "A few hours with a change of tenancy of both fuels"
start = 2022-11-03T10:07:13Z
duration = "5h"
seed = 1
tiers = ["sim"]

[devices.hub]
[devices.esme]
[devices.gsme]
[devices.ihd]
electricity_poll = %(poll)d

[[step]]
at = "+0s"
do = "load"
watts = 900
swing = 650
swing_period = 5400

[[step]]
at = "+0s"
do = "gas_flow"
litres_per_hour = 420

[[step]]
at = "+10s"
do = "voltage"
volts = 240.0
swing = 9.0
swing_period = 3000

[[step]]
at = "+2h"
do = "change_of_tenancy"
to = "esme"
date = "+1m"

[[step]]
at = "+2h10m"
do = "change_of_tenancy"
to = "gpf"
date = "-4h"

[[step]]
at = "+3h"
do = "read"
use_case = "GCS13a"
"""


def short_run(out: Path, poll: int = 10, seed: int | None = None, more: str = "") -> Path:
    """Run it in tier sim; the folder of its results."""
    run_and_judge(parse(SCENARIO.replace("+2h10m", "+02:10:00") % {"poll": poll} + more, "short.toml"), out, seed)
    return out


def verdicts(folder: Path) -> dict[str, str]:
    """Verdict by requirement of a folder of results."""
    return {row["id"]: row["verdict"] for row in json.loads((folder / "verdicts.json").read_text())}
