# SPDX-License-Identifier: GPL-3.0-or-later
"""REQ-0023-4: a threshold of uncontrolled flow is written in cubic metres an hour, and refused where it cannot be said."""

from decimal import Decimal

import pytest
from hanref.errors import UsageError
from hanref.gbcs.build import code_of, gbz_payload
from hypothesis import given
from hypothesis import strategies as st

OTHERS = {
    "issuer_event_id": 1,
    "stabilisation_period": 60,
    "measurement_period": 300,
    "supplytamper_state": 3,
    "supplydepletion_state": 3,
}
THRESHOLD = slice(19, 21)  # of the payload, low octet first


def threshold(use_case: str, value: object) -> int:
    payload = gbz_payload(code_of(use_case), {**OTHERS, "uncontrolled_flow_threshold": value})
    return int.from_bytes(payload[THRESHOLD], "little")


def test_the_same_flow_in_both_use_cases():
    assert threshold("GCS24a", "6.1680") == threshold("GCS24a", "6.168") == threshold("GCS24a", 61680) == 61680
    assert threshold("GCS24", "6.0") == threshold("GCS24", "6") == 6


@given(st.integers(0, 0xFFFF))
def test_four_places_say_every_number(raw):
    assert threshold("GCS24a", "%.4f" % (Decimal(raw) / 10000)) == raw


@pytest.mark.parametrize(
    ("use_case", "value", "words"),
    [
        ("GCS24", "6.1", "a whole number"),
        ("GCS24a", "6.16801", "four decimal places at most"),
        ("GCS24a", "6.5536", "does not fit"),
        ("GCS24a", "-1.0", "is no flow"),
        ("GCS24a", "1.", "is no flow"),
        ("GCS24a", "six.1", "is no flow"),
    ],
)
def test_what_cannot_be_said_is_refused(use_case, value, words):
    with pytest.raises(UsageError, match=words):
        threshold(use_case, value)
