# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance tests of SECMP0056 on boards, each under its own id: two households that live through changes of tenancy, a
prepayment interface, and a meter from before the change."""

import os
import random
import signal
import threading
from contextlib import suppress
from typing import Any

import pytest
from board_runs import Told, plan_of, run
from han.clock import from_iso
from han.gbcs import envelope
from han.zcl.frame import Frame
from hanref import boards
from hanref.bench.file import Bench
from hanref.bench.han import BoardHan
from hanref.errors import BenchError
from hanref.gbcs import check
from hanref.trace.frames import describe

GCS17 = 0x0078
MANAGEMENT, METERING = 0x0708, 0x0702
DATE, CONTROL = "change_of_tenancy_update_date_time", "proposed_tenancy_change_control"
HISTORY = ("_today", "_week", "_month")
PROFILE = "fields = { interval_channel = 0, end_time = 0, number_of_periods = 14 }"

HOUSEHOLD = """
[devices.hub]
[devices.esme]
price = 34000
[devices.gsme]
register = 1234567
price = 10300
daily_snapshot = false
[devices.ihd]
electricity_poll = 1800
gas_poll = 1800
"""
EVENING = "2022-11-03T17:00:00Z"
USED = [
    (EVENING, "load", "watts = 1000"),
    (EVENING, "gas_flow", "litres_per_hour = 2000"),
]


def ask(at: str, of: str, what: str) -> tuple[str, str, str]:
    return at, "ask", 'to = "ihd"\nof = "%s"\n%s' % (of, what)


def attributes(at: str, of: str) -> tuple[str, str, str]:
    return ask(at, of, 'cluster = %d\nread = ["%s", "%s"]' % (MANAGEMENT, DATE, CONTROL))


def move(at: str, to: str, date: str) -> tuple[str, str, str]:
    return at, "change_of_tenancy", 'to = "%s"\ndate = %s' % (to, date)


def link(at: str, on: bool) -> tuple[str, str, str]:
    return at, "link", 'to = "ihd"\non = %s' % str(on).lower()


STEPS = [
    *USED,
    # AT-0056-1
    attributes("2022-11-03T17:10:00Z", "electricity"),
    attributes("2022-11-03T17:11:00Z", "gas"),
    # AT-0056-2, AT-0056-6: electricity alone, a minute ahead; the display asks before it is reached
    move("2022-11-03T17:59:50Z", "esme", '"+1m"'),
    attributes("2022-11-03T18:00:05Z", "electricity"),
    # AT-0056-5: the same again, a later one, an earlier one
    move("2022-11-03T18:40:00Z", "esme", "2022-11-03T18:00:50Z"),
    move("2022-11-03T19:10:00Z", "esme", "2022-11-03T19:05:00Z"),
    move("2022-11-03T19:40:00Z", "esme", "2022-11-03T18:30:00Z"),
    # AT-0056-3: gas, with a date that lies back
    ask("2022-11-03T20:10:00Z", "gas", 'cluster = 0x0702\ncommand = "get_profile"\n' + PROFILE),
    move("2022-11-03T20:12:00Z", "gpf", "2022-11-03T19:00:00Z"),
    ask("2022-11-03T20:14:00Z", "gas", 'cluster = 0x0702\ncommand = "get_profile"\n' + PROFILE),
    (
        "2022-11-03T20:16:00Z",
        "read",
        'to = "gpf"\nuse_case = "GCS17"\nfields = { earliestsampletime = 2022-11-03T17:00:00Z, numberofsamples = 48 }',
    ),
    # AT-0056-4: the display is away over the date
    link("2022-11-03T20:40:00Z", False),
    move("2022-11-03T20:45:00Z", "esme", "2022-11-03T20:50:00Z"),
    link("2022-11-03T21:05:00Z", True),
    # AT-0056-9: at midnight
    move("2022-11-03T23:10:00Z", "esme", "2022-11-04T00:00:00Z"),
]


@pytest.fixture(scope="module")
def plan() -> Any:
    return plan_of(EVENING, "07:40:00", HOUSEHOLD, STEPS)


@pytest.fixture(scope="module")
def told(bench: Bench, plan: Any) -> Told:
    return run(plan, bench)


def screen(told: Told, moment: str) -> dict[str, Any]:
    """What the display shows at a moment."""
    found: dict[str, Any] = [event["screen"] for event in told.of("display", "ihd") if event["time"] <= moment][-1]
    return found


def erasures(told: Told, fuel: str, since: str, until: str, display: str = "ihd") -> list[str]:
    erased = [event["time"] for event in told.of("erase", display) if event["fuel"] == fuel]
    return [time for time in erased if since <= time < until]


def answers(told: Told, server: str, cluster: str, since: str, until: str) -> list[bytes]:
    """ZCL frames of a server to the display."""
    span = [(from_iso(moment) - told.start) * 1000 for moment in (since, until)]
    return [
        bytes.fromhex(frame[8])
        for frame in told.frames
        if frame[2:4] == [server, "ihd"] and frame[6] == cluster and span[0] <= int(frame[1]) < span[1]
    ]


def values(told: Told, server: str, at: str, until: str) -> dict[str, Any]:
    """What the change of tenancy reads."""
    found: dict[str, Any] = {}
    for octets in answers(told, server, "0708", at, until):
        found.update(describe(MANAGEMENT, octets).get("attributes", {}))
    return found


def test_at_0056_1_factory_state_reads_the_defaults(told: Told) -> None:
    for server, at, until in (("esme", "17:10:00", "17:11:00"), ("gpf", "17:11:00", "17:12:00")):
        assert values(told, server, "2022-11-03T%sZ" % at, "2022-11-03T%sZ" % until) == {DATE: None, CONTROL: 0}


def test_at_0056_2_history_is_intact_until_the_minute_and_gone_after_it(told: Told) -> None:
    read = values(told, "esme", "2022-11-03T18:00:05Z", "2022-11-03T18:00:10Z")
    assert read == {DATE: "2022-11-03T18:00:50Z", CONTROL: 0x200}
    # The display shows itself a minute after each half hour: what was used since five, and since the date.
    assert screen(told, "2022-11-03T18:00:49Z")["electricity_today"] > 500
    assert erasures(told, "electricity", "2022-11-03T17:59:00Z", "2022-11-03T18:00:50Z") == []
    assert erasures(told, "electricity", "2022-11-03T18:00:50Z", "2022-11-03T18:31:00Z")
    assert (screen(told, "2022-11-03T18:35:00Z")["electricity_today"] or 0) < 500


def test_at_0056_3_a_past_date_hides_what_was_before_from_the_han_alone(told: Told, plan: Any) -> None:
    before, after = profile(told, "2022-11-03T20:10:00Z"), profile(told, "2022-11-03T20:14:00Z")
    assert len(before) >= 5
    assert after == before[:2]  # those that ended at 20:00 and at 19:30
    replies = [envelope.decode(bytes.fromhex(event["octets"])) for event in told.of("gbcs", "gpf") + told.of("gbcs", "chf")]
    answer = next(message for message in replies if (message.cra, message.message_code) == (envelope.RESPONSE, GCS17))
    checked = check.check(envelope.encode(answer), plan.wan.keys)
    assert checked.mac == "valid"
    (plaintext,) = [octets for octets in checked.plaintexts if octets is not None]
    assert int.from_bytes(plaintext[9:11], "little") >= len(before), "the supplier reads every half hour"


def profile(told: Told, at: str) -> list[Any]:
    """The half hours that the proxy gives the display."""
    frames = [describe(METERING, octets) for octets in answers(told, "gpf", "0702", at, at[:-3] + "20Z")]
    found: list[Any] = next(frame["fields"] for frame in frames if frame.get("command") == "get_profile_response")["intervals"]
    return found


def test_at_0056_4_a_display_that_was_away_asks_first_and_shows_nothing_before(told: Told) -> None:
    back = (from_iso("2022-11-03T21:05:00Z") - told.start) * 1000
    asked = [frame for frame in told.frames if frame[2:4] == ["ihd", "esme"] and int(frame[1]) > back]
    assert asked[0][6] == "0708"
    erased = next(event for event in told.of("erase", "ihd") if event["time"] > "2022-11-03T21:05:00Z")
    for event in told.of("display", "ihd"):
        if event["time"] >= "2022-11-03T21:05:00Z" and event["milliseconds"] < erased["milliseconds"]:
            assert not event["screen"]["electricity_today"]


def test_at_0056_5_same_date_once_later_again_earlier_not(told: Told) -> None:
    assert len(erasures(told, "electricity", "2022-11-03T17:59:00Z", "2022-11-03T18:40:00Z")) == 1
    assert erasures(told, "electricity", "2022-11-03T18:40:00Z", "2022-11-03T19:10:00Z") == []
    assert len(erasures(told, "electricity", "2022-11-03T19:10:00Z", "2022-11-03T19:40:00Z")) == 1
    assert erasures(told, "electricity", "2022-11-03T19:40:00Z", "2022-11-03T20:45:00Z") == []


def test_at_0056_6_one_fuel_leaves_the_other_alone(told: Told) -> None:
    assert erasures(told, "gas", EVENING, "2022-11-03T20:12:00Z") == []
    before, after = screen(told, "2022-11-03T18:00:49Z"), screen(told, "2022-11-03T18:20:00Z")
    assert after["gas_today"] >= before["gas_today"] > 0
    assert len(erasures(told, "gas", "2022-11-03T20:12:00Z", "2022-11-04T00:40:00Z")) == 1
    assert erasures(told, "electricity", "2022-11-03T20:12:00Z", "2022-11-03T20:45:00Z") == []


def test_at_0056_9_around_midnight_only_the_new_occupiers_part_is_shown(told: Told) -> None:
    late = screen(told, "2022-11-04T00:40:00Z")
    assert not (late["electricity_previous_days"] or [None])[0]
    for item in HISTORY:
        assert (late["electricity" + item] or 0) <= 700, item


# --- power cut in the middle of an erasure ----------------------------------------------------------------------------------

ELECTRICITY = """
[devices.hub]
[devices.esme]
price = 34000
%s
[devices.ihd]
electricity_poll = 600
gas_poll = 86400
"""
MINUTE = 60_000
HALF_HOUR = 1800


@pytest.mark.parametrize("points", [3, pytest.param(10, marks=pytest.mark.soak)])
def test_at_0056_7_power_cut_in_the_middle_of_the_erasure(bench: Bench, points: int) -> None:
    plan = plan_of(EVENING, "1d", ELECTRICITY % "", [(EVENING, "load", "watts = 12000")])
    told = Told(plan.document["start"])
    chance = random.Random(56)
    with BoardHan(plan.document, bench) as han:
        if not han.places["ihd"].emulated:
            pytest.skip("a physical board's power cannot be cut at a moment that a test chooses")
        for _ in range(points):
            before = _cut_at_the_date(han, told, chance.uniform(0.0, 0.25))
            han.power("ihd", True)
            for _ in range(6):
                figure = _today(han)
                assert figure is None or figure < before
                told.take(han.run(10_000))


def _today(han: BoardHan) -> Any:
    """What the display shows of the day, now."""
    return han.places["ihd"].request("state")["ihd"]["screen"]["electricity_today"]


def _cut_at_the_date(han: BoardHan, told: Told, after: float) -> int:
    """The display reads its figures and learns of a date, 20 seconds after the half hour; when that is reached, 20 seconds
    later, its power goes at some moment of the erasure. Returns what it showed before."""
    half_hour = (han.air.now // 1000 // HALF_HOUR + 1) * HALF_HOUR
    told.take(han.run(half_hour * 1000 - 10_000 - han.air.now))
    han.command("esme", "change_of_tenancy", {"date": half_hour + 40, "control": 0x200})
    told.take(han.run(48_000))
    before: int = _today(han)
    assert before > 4000
    place = han.places["ihd"]
    process = next(entry.process for entry in boards.running() if entry.port == place.port)
    cutter = threading.Timer(after, os.kill, (process, signal.SIGKILL))
    cutter.start()
    with suppress(BenchError):  # the board goes away while it is at work
        told.take(han.run(5_000))
    cutter.join()
    han.cut("ihd")
    return before


# --- a prepayment interface; a meter from before the change -----------------------------------------------------------------

PREPAYMENT = """
[devices.hub]
[devices.esme]
price = 34000
prepayment = true
credit = 100000
emergency_credit = 500000
[devices.ppmid]
electricity_poll = 300
gas_poll = 86400
"""


def test_at_0056_8_after_an_erasure_payments_still_work(bench: Bench) -> None:
    steps = [
        USED[0],
        ("2022-11-03T17:10:00Z", "top_up", "pounds = 1\ncounter = 1"),
        move("2022-11-03T17:12:00Z", "esme", "2022-11-03T17:10:30Z"),
        ("2022-11-03T17:35:00Z", "top_up", "pounds = 1\ncounter = 2"),
        ("2022-11-03T17:36:00Z", "top_up", "pounds = 1\ncounter = 1"),
        ("2022-11-03T17:37:00Z", "load", "watts = 20000"),
        ("2022-11-03T18:10:00Z", "emergency_credit", ""),
    ]
    told = run(plan_of(EVENING, "01:15:00", PREPAYMENT, steps), bench)
    assert erasures(told, "electricity", "2022-11-03T17:12:00Z", "2022-11-03T17:35:00Z", "ppmid")
    payments = [(event["what"], event["result"]) for event in told.of("payment", "ppmid")]
    assert [what for what, _ in payments] == ["top_up", "top_up", "top_up", "emergency_credit"]
    first, second, again, emergency = [result for _, result in payments]
    assert first == second != again, "each number counts once, before and after the erasure"
    assert emergency == "success"


def test_at_0056_10_a_meter_from_before_the_change(bench: Bench) -> None:
    plan = plan_of(EVENING, "1h", ELECTRICITY % "change_of_tenancy = false", USED[:1])
    told = Told(plan.document["start"])
    with BoardHan(plan.document, bench) as han:
        told.take(han.run(35 * MINUTE))
        state = han.places["ihd"].request("state")["ihd"]
    assert state["tenancy_supported"]["electricity"] is False
    assert state["erasures"]["electricity"] == 0
    assert told.of("display", "ihd")[-1]["screen"]["electricity_today"] > 500
    refused = [Frame.decode(octets) for octets in answers(told, "esme", "0708", EVENING, "2022-11-03T18:00:00Z")]
    assert refused
    assert all(b"\x86" in bytes(frame.payload) for frame in refused)
