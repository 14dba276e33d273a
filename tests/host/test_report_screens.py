# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a display as a person reads them."""

import pytest
from hanref.report.screens import changes, text_of
from trace_story import Story


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("electricity_today", 12391, "12.391 kWh"),
        ("electricity_power", 715, "715 W"),
        ("electricity_cost_per_hour", 24310, "£0.24"),
        ("gas_register", 1244526, "1244.526 m³"),
        ("gas_credit_remaining", -150000, "£-1.50"),
        ("gas_prepayment", False, "no"),
        ("gas_today", None, "–"),
        ("gas_previous_days", [1000, None, 2000, None, None], "1.000 kWh, –, 2.000 kWh"),
        ("gas_previous_weeks", [None, None], "–"),
        ("electricity_ambient", "low", "low"),
    ],
)
def test_figures(name: str, value: object, text: str) -> None:
    assert text_of(name, value) == text


def test_screens_around_an_erasure() -> None:
    story = Story("ihd")
    story.screen("10:29:00", electricity_week=900, gas_week=700)
    story.erase("10:30:20", "electricity", "10:00:00")
    story.screen("10:30:21", electricity_week=None, gas_week=700)
    story.screen("11:01:00", electricity_week=30, gas_week=700)

    (change,) = changes(story.trace())

    assert change.fuel == "electricity"
    assert change.rows == [("week", ["0.900 kWh", "–", "0.030 kWh"], True)]
