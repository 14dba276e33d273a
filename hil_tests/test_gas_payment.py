# SPDX-License-Identifier: GPL-3.0-or-later
"""A gas top-up typed in at a PPMID on a board: through the hub to the gas meter when it wakes, and what the display says; over
a loss of power as well."""

import json
from collections.abc import Callable

from hanref.bench.han import BoardHan

HAN = """
[devices.hub]
[devices.gsme]
prepayment = true
credit = 500000
debt = 1000000
debt_share = 2500
[devices.ppmid]
[[step]]
at = "+3m"
do = "top_up"
fuel = "gas"
pounds = 10
counter = 1
[[step]]
at = "+4m"
do = "emergency_credit"
fuel = "gas"
[[step]]
at = "+5m"
do = "power"
to = "ppmid"
on = false
[[step]]
at = "+6m"
do = "power"
to = "ppmid"
on = true
"""


def test_gas_top_up(make_han: Callable[..., BoardHan]) -> None:
    han = make_han(HAN)
    payments = []
    for line in han.run(25 * 60 * 1000):
        if line.startswith("E ") and '"payment"' in line:
            event = json.loads(line.split(" ", 2)[2])
            payments.append((event["fuel"], event["what"], event["result"], event["value"]))
    assert payments == [("gas", "top_up", "accepted", 1_000_000), ("gas", "emergency_credit", "refused", None)]
    proxy = han.places["hub"].request("state")
    assert proxy["gpf"]["refusals"] == {}
