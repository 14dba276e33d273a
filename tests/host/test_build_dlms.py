# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""DLMS commands that `hanref send` builds by name: what they ask for, and that they are the published ones."""

import os
from pathlib import Path
from typing import Any

import pytest
from han.gbcs import axdr, dlms, envelope, use_cases
from han.gbcs import cosem_places as places
from hanref.errors import UsageError
from hanref.gbcs import build_dlms
from hanref.replay import scenarios

FOLDER = os.environ.get("HANREF_VECTORS")
SENDER, METER = bytes(range(8)), bytes(range(8, 16))
WRITTEN = {
    "voltage_period_1": 600, "average_over_threshold_1": 264, "average_under_threshold_1": 200,
    "extreme_over_threshold": 287, "extreme_over_period": 30, "extreme_under_threshold": 180, "extreme_under_period": 31,
    "sag_threshold": 216, "sag_period": 32, "swell_threshold": 253, "swell_period": 33,
}  # fmt: skip


def code_of(name: str) -> int:
    return int(use_cases.code_of(name))


def request(name: str, **fields: Any) -> dlms.AccessRequest:
    return dlms.decode(build_dlms.payload(code_of(name), fields, 7, SENDER, METER))


def test_settings_go_to_their_places() -> None:
    made = request("ECS29a", **WRITTEN)
    written = {
        (one.class_id, one.obis, one.number): datum
        for one, datum in zip(made.specifications, made.data, strict=True)
        if one.choice == dlms.SET
    }
    assert written == {
        getattr(places, name.upper()): (axdr.DOUBLE_LONG_UNSIGNED, value) for name, value in WRITTEN.items()
    }
    reset = [(one.class_id, one.obis, one.number) for one in made.specifications if one.choice == dlms.ACTION]
    assert reset == [places.UNDER_COUNTER_RESET_1, places.OVER_COUNTER_RESET_1]


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("ECS29a", {}, "ECS29a: voltage_period_1: missing"),
        ("ECS29e", {"sag_period": 3}, "ECS29e: sag_period: no such field"),
        ("ECS29c", {**WRITTEN, "sag_period": "long"}, "ECS29c: sag_period: 'long' is no number"),
        ("CS01a", {"utrn": "123"}, "CS01a: utrn: 20 digits are wanted"),
        ("ECS01a", {}, "ECS01a: give its payload"),
    ],
)
def test_what_is_wrong_is_said(name: str, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_dlms.payload(code_of(name), fields, 7, SENDER, METER)
    assert str(caught.value).startswith(words)


def test_every_modelled_use_case_in_dlms_can_be_built() -> None:
    wanted = {
        use_case.name for use_case in use_cases.every() if use_case.protocol == use_cases.DLMS
        and any(use_case.is_modelled(target) for target in use_cases.TARGETS)
    }  # fmt: skip
    assert wanted <= set(build_dlms.BUILDERS)


@pytest.mark.skipif(not FOLDER, reason="the published vectors are not here: set HANREF_VECTORS to their folder")
def test_what_needs_no_fields_is_built_as_published() -> None:
    compared = set()
    for scenario in scenarios.load(Path(FOLDER or "")):
        message = None if scenario.command is None else envelope.decode(scenario.command)
        use_case = None if message is None else use_cases.find(message.message_code)
        if message is None or use_case is None or use_case.name not in build_dlms.BUILDERS:
            continue
        parties = message.originator, message.recipient
        try:
            made = build_dlms.payload(use_case.code, {}, message.originator_counter, *parties)
        except UsageError:
            continue
        if use_case.name not in ("ECS22b", "ECS23", "ECS23b", "ECS35a", "ECS35b", "ECS35c", "ECS35d"):  # between dates
            assert made == message.payload, scenario.name
            compared.add(use_case.name)
        else:
            mine, published = dlms.decode(made), dlms.decode(message.payload)
            assert [(one.choice, one.class_id, one.obis, one.number) for one in mine.specifications] == [
                (one.choice, one.class_id, one.obis, one.number) for one in published.specifications
            ]
    assert compared >= {"ECS17b", "ECS26b", "ECS26k", "ECS29e", "ECS29f", "CCS05/CCS04", "CCS06", "CCS07"}
