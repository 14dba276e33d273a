# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance tests of MP085A on a meter's board, each under its own id: one meter goes through nearly all of them in three
days, its power cut where a test begins with it. AT-085A-10 is of the tool: tests/host/test_voltage_log.py."""

import pytest
from board_runs import Told, plan_of, run
from han.clock import to_iso
from han.gbcs import axdr, dlms, envelope
from hanref.bench.file import Bench

METER = """
[devices.hub]
[devices.esme]
"""


def power(at: str, on: bool) -> tuple[str, str, str]:
    return at, "power", 'to = "esme"\non = %s' % str(on).lower()


def period(at: str, seconds: int) -> tuple[str, str, str]:
    return at, "voltage_period", "seconds = %d" % seconds


def clock(at: str, step: int) -> tuple[str, str, str]:
    return at, "clock", 'to = "esme"\nstep = %d' % step


def volts(at: str, rest: str) -> tuple[str, str, str]:
    return at, "voltage", rest


# The day on which summer time ends is the second of them.
STEPS = [
    volts("2022-10-29T10:07:13Z", "volts = 236.0"),
    # AT-085A-2: power at half past
    power("2022-10-29T14:20:00Z", False),
    power("2022-10-29T14:30:00Z", True),
    # AT-085A-6, AT-085A-7
    period("2022-10-30T10:41:00Z", 900),
    period("2022-10-30T12:05:00Z", 1800),
    power("2022-10-30T13:50:00Z", False),
    power("2022-10-30T14:10:00Z", True),
    # AT-085A-8
    clock("2022-10-30T16:59:55Z", 8),
    clock("2022-10-30T18:00:03Z", -8),
    # AT-085A-9
    volts("2022-10-30T19:00:00Z", 'volts = 230.0\nramp_to = 262.0\nover = "1h"'),
    volts("2022-10-30T20:00:00Z", "volts = 236.0"),
    # AT-085A-3
    period("2022-10-31T08:00:00Z", 600),
    power("2022-10-31T09:50:00Z", False),
    power("2022-10-31T10:07:13Z", True),
    # AT-085A-4
    period("2022-10-31T12:00:00Z", 3600),
    power("2022-10-31T14:50:00Z", False),
    power("2022-10-31T15:07:13Z", True),
    power("2022-10-31T18:20:00Z", False),
    power("2022-10-31T18:40:00Z", True),
    # AT-085A-5
    period("2022-11-01T08:00:00Z", 420),
    power("2022-11-01T09:50:00Z", False),
    power("2022-11-01T10:07:13Z", True),
]


@pytest.fixture(scope="module")
def told(bench: Bench) -> Told:
    return run(plan_of("2022-10-29T10:07:13Z", "3d01:20:00", METER, STEPS), bench)


def stamps(told: Told, since: str, until: str) -> list[str]:
    return [stamp[11:16] for stamp, _ in told.stored(since, until)]


def test_at_085a_1_half_hour_period_starts_at_the_next_half_hour(told: Told) -> None:
    assert stamps(told, "2022-10-29T10:07:13Z", "2022-10-29T11:40:00Z") == ["11:00", "11:30"]


def test_at_085a_2_the_boundary_instant_counts_as_a_start(told: Told) -> None:
    assert stamps(told, "2022-10-29T14:10:00Z", "2022-10-29T15:10:00Z") == ["15:00"]


def test_at_085a_3_ten_minutes(told: Told) -> None:
    assert stamps(told, "2022-10-31T10:07:13Z", "2022-10-31T11:05:00Z") == ["10:40", "10:50", "11:00"]


def test_at_085a_4_an_hour_starts_on_whichever_came_first(told: Told) -> None:
    assert stamps(told, "2022-10-31T15:07:13Z", "2022-10-31T17:40:00Z") == ["16:30", "17:30"]
    assert stamps(told, "2022-10-31T18:40:00Z", "2022-10-31T21:10:00Z") == ["20:00", "21:00"]


def test_at_085a_5_seven_minutes_run_on_or_start_again(told: Told, spring: Told) -> None:
    runs_on = ["10:37", "10:44", "10:51", "10:58", "11:05", "11:12"]
    assert stamps(told, "2022-11-01T10:07:13Z", "2022-11-01T11:15:00Z") == runs_on
    starts_again = ["10:37", "10:44", "10:51", "10:58", "11:07", "11:14"]
    assert stamps(spring, "2022-03-27T10:07:13Z", "2022-03-27T11:15:00Z") == starts_again


def test_at_085a_6_a_new_period_abandons_the_running_one(told: Told) -> None:
    assert stamps(told, "2022-10-30T10:41:00Z", "2022-10-30T11:35:00Z") == ["11:15", "11:30"]


def test_at_085a_7_an_outage_leaves_no_entry(told: Told) -> None:
    assert stamps(told, "2022-10-30T13:10:00Z", "2022-10-30T15:10:00Z") == ["13:30", "15:00"]


def test_at_085a_8_small_adjustments_write_exactly_one_entry(told: Told) -> None:
    assert stamps(told, "2022-10-30T16:45:00Z", "2022-10-30T17:20:00Z") == ["17:00"]
    assert stamps(told, "2022-10-30T17:45:00Z", "2022-10-30T18:20:00Z") == ["18:00"]


def test_at_085a_9_the_average_is_the_mean_of_the_samples(told: Told) -> None:
    entries = told.stored("2022-10-30T19:20:00Z", "2022-10-30T20:10:00Z")
    assert [stamp[11:16] for stamp, _ in entries] == ["19:30", "20:00"]
    # From 230 to 262 V in an hour: the means of its halves.
    assert [value for _, value in entries] == pytest.approx([238.0, 254.0], abs=0.05)


# --- another meter: in spring, one that starts again at each half hour, and a full log ------------------------------------

SPRING = """
[devices.hub]
[devices.esme]
voltage_anchor = "restart"
"""


@pytest.fixture(scope="module")
def spring(bench: Bench) -> Told:
    steps = [
        volts("2022-03-26T22:10:00Z", "volts = 236.0"),
        period("2022-03-27T08:00:00Z", 420),
        power("2022-03-27T09:50:00Z", False),
        power("2022-03-27T10:07:13Z", True),
    ]
    return run(plan_of("2022-03-26T22:10:00Z", "14h", SPRING, steps), bench)


def test_at_085a_12_nights_in_which_summer_time_begins_and_ends(told: Told, spring: Told) -> None:
    for found in (
        spring.stored("2022-03-26T23:00:00Z", "2022-03-27T06:00:00Z"),
        told.stored("2022-10-29T23:00:00Z", "2022-10-30T06:00:00Z"),
    ):
        stamps = [stamp[11:16] for stamp, _ in found]
        assert len(stamps) == 14
        assert stamps == ["%02d:%02d" % (place // 2 % 24, place % 2 * 30) for place in range(46, 60)]


# --- a full log -----------------------------------------------------------------------------------------------------------


@pytest.mark.soak
def test_at_085a_11_the_4321st_entry_overwrites_the_oldest(bench: Bench) -> None:
    """Minutes for three days, from 11:30 on; of the first of them the supplier reads what is left."""
    steps = [
        volts("2022-11-01T11:20:00Z", "volts = 236.0"),
        (
            "2022-11-04T11:40:30Z",
            "command",
            'to = "esme"\nuse_case = "ECS23"\nfields = { start = 2022-11-01T11:30:00Z, end = 2022-11-01T11:45:00Z }',
        ),
    ]
    meter = METER + "voltage_period = 60\n"
    told = run(plan_of("2022-11-01T11:20:00Z", "3d00:30:00", meter, steps), bench)
    answers = [envelope.decode(bytes.fromhex(event["octets"])) for event in told.of("gbcs", "chf")]
    answer = next(message for message in answers if message.cra == envelope.RESPONSE)
    (log,) = [value for tag, value in dlms.decode(answer.payload).data if tag == axdr.COMPACT_ARRAY]
    assert [to_iso(utc)[11:16] for utc, _ in log[1]] == ["11:41", "11:42", "11:43", "11:44", "11:45"]
