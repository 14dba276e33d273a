# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of voltages exported as CSV: read, judged by the predicates of traces, realigned to half hours."""

import json
from pathlib import Path

import pytest
from han.clock import from_iso, to_iso
from hanref.cli import main
from hanref.errors import UsageError
from hanref.requirements import judge
from hanref.voltage_log import VoltageLog, describe, parse, realigned, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st

START = from_iso("2022-11-03T10:00:00Z")


def csv_of(begin: str, period: int, count: int, without: tuple[int, ...] = ()) -> str:
    """A log of `count` periods from `begin`, with volts 240.0, 240.1, ... and some rows left out."""
    rows = ["time,volts"]
    for place in range(count):
        if place not in without:
            rows.append("%s,%.1f" % (to_iso(from_iso(begin) + (place + 1) * period), 240 + place / 10))
    return "\n".join(rows) + "\n"


def log_of(text: str, zone: str = "utc", period: int | None = None) -> VoltageLog:
    return parse(text, "log.csv", zone, period)


def verdicts(text: str, period: int | None = None) -> dict[str, str]:
    found = judge(trace_of(log_of(text, period=period), "log.csv"))
    return {verdict.id: verdict.verdict for verdict in found if verdict.verdict != "not run"}


# --- judged ---------------------------------------------------------------------------------------------------


def test_an_aligned_log_passes():
    found = verdicts(csv_of("2022-11-03T10:00:00Z", 1800, 96))
    assert set(found.values()) == {"pass"}
    assert {"REQ-085A-2", "REQ-085A-6", "REQ-085A-16"} <= set(found)


def test_at_085a_10_a_misaligned_log_fails_with_its_offset():
    text = csv_of("2022-11-03T10:07:13Z", 1800, 48)
    found = verdicts(text)
    assert [found[id] for id in ("REQ-085A-2", "REQ-085A-6", "REQ-085A-16")] == ["fail"] * 3
    assert "offset from the half hours: 433 s" in describe(log_of(text))
    (reason,) = [
        verdict.reason for verdict in judge(trace_of(log_of(text), "log.csv")) if verdict.id == "REQ-085A-16"
    ]
    assert "433 s off" in reason


def test_what_averages_do_not_show_is_not_run():
    found = verdicts(csv_of("2022-11-03T10:00:00Z", 1800, 96))
    assert not {"REQ-085A-1", "REQ-085A-3", "REQ-085A-12", "REQ-085A-13", "REQ-085A-14", "REQ-ESME-1"} & set(found)


@pytest.mark.parametrize(
    ("period", "begin", "requirement", "verdict"),
    [
        (600, "2022-11-03T10:30:00Z", "REQ-085A-6", "pass"),
        (600, "2022-11-03T10:35:00Z", "REQ-085A-6", "fail"),
        (3600, "2022-11-03T10:30:00Z", "REQ-085A-7", "pass"),
        (3600, "2022-11-03T10:45:00Z", "REQ-085A-7", "fail"),
        (420, "2022-11-03T10:30:00Z", "REQ-085A-8", "pass"),
    ],
)
def test_other_periods(period, begin, requirement, verdict):
    assert verdicts(csv_of(begin, period, 30))[requirement] == verdict


def test_a_period_cut_at_each_half_hour_is_no_gap():
    stamps = [from_iso("2022-11-03T10:30:00Z") + base + 420 * place for base in (0, 1800, 3600) for place in (1, 2, 3, 4)]
    text = "time,volts\n" + "".join("%s,240\n" % to_iso(utc) for utc in stamps)
    assert log_of(text).period == 420
    assert log_of(text).gaps() == []
    assert verdicts(text)["REQ-085A-8"] == "pass"


def test_a_gap_is_told_and_is_no_defect():
    text = csv_of("2022-11-03T10:00:00Z", 1800, 48, without=(5, 6))
    (gap,) = log_of(text).gaps()
    assert (gap.seconds, to_iso(gap.last)) == (3600, "2022-11-03T12:30:00Z")
    assert "gap of 3600 s: nothing from 2022-11-03T12:30:00Z to 2022-11-03T13:30:00Z" in describe(log_of(text))
    assert set(verdicts(text).values()) == {"pass"}
    assert verdicts(text)["REQ-085A-10"] == "pass"


def test_a_meter_that_begins_when_its_power_comes_back():
    aligned = csv_of("2022-11-03T10:00:00Z", 1800, 12)
    again = csv_of("2022-11-03T17:12:05Z", 1800, 12).partition("\n")[2]
    found = verdicts(aligned + again)
    assert found["REQ-085A-10"] == "observation"  # an I-confidence requirement is never a defect
    assert found["REQ-085A-2"] == "fail"


def test_an_outage_padded_with_zeros_is_found():
    text = csv_of("2022-11-03T10:00:00Z", 1800, 6) + "2022-11-03T13:30:00Z,0.0\n"
    assert verdicts(text)["REQ-085A-10"] == "observation"


def test_a_boundary_twice_is_found():
    text = csv_of("2022-11-03T10:00:00Z", 1800, 6) + "2022-11-03T13:00:00Z,241.0\n2022-11-03T13:30:00Z,241.0\n"
    assert verdicts(text)["REQ-085A-6"] == "fail"


def test_phases():
    rows = "".join("%s,240.1,241.2,242.3\n" % to_iso(START + 1800 * place) for place in range(1, 9))
    text = "time,volts_1,volts_2,volts_3\n" + rows
    assert verdicts(text)["REQ-085A-15"] == "pass"
    assert realigned(log_of(text))[0] == (START + 1800, (240.1, 241.2, 242.3))


# --- read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "time,volts\n2022-11-03T10:30:00Z,241.5\n2022-11-03T11:00:00Z,242\n",
        "\ufefftime;volts\n2022-11-03 10:30;241.5\n2022-11-03 11:00;242\n".lstrip("\ufeff"),
        "meter\tVoltage (V)\tTimestamp\nA\t241.5\t03/11/2022 10:30:00\nA\t242\t03/11/2022 11:00:00\n",
        "# exported\ntime,millivolts\n\n2022-11-03T11:30:00+01:00,241500\n2022-11-03T12:00:00+0100,242000\n",
        "end,voltage [mV]\n2022-11-03T11:00:00Z,242000\n2022-11-03T10:30:00Z,241500\n",
    ],
)
def test_forms_of_a_log(text):
    log = log_of(text)
    assert [(to_iso(row.utc), row.volts) for row in log.rows] == [
        ("2022-11-03T10:30:00Z", (241.5,)),
        ("2022-11-03T11:00:00Z", (242.0,)),
    ]
    assert log.period == 1800


def test_local_time_over_the_night_summer_time_ends():
    stamps = ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]
    text = "time,volts\n" + "".join("2022-10-30 %s,240\n" % stamp for stamp in stamps)
    assert [to_iso(row.utc) for row in log_of(text, "gb").rows] == [
        "2022-10-29T23:30:00Z",
        "2022-10-30T00:00:00Z",
        "2022-10-30T00:30:00Z",
        "2022-10-30T01:00:00Z",
        "2022-10-30T01:30:00Z",
        "2022-10-30T02:00:00Z",
    ]


def test_rows_without_a_value_are_not_there():
    log = log_of("time,volts\n2022-11-03T10:30:00Z,241\n2022-11-03T11:00:00Z,\n2022-11-03T11:30:00Z,241\n", period=1800)
    assert (len(log.rows), log.blank, log.gaps()[0].seconds) == (2, 1, 1800)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("time,volts\n", "holds no average"),
        ("time,amps\n2022-11-03T10:30:00Z,1\n", "row 1: no column volts"),
        ("when,volts\n2022-11-03T10:30:00Z,1\n", "row 1: no column of times"),
        ("time,end,volts\na,b,1\n", "row 1: more than one column of times"),
        ("time,volts\n2022-11-03T10:30:00Z\n", "row 2: has 1 columns, the line of names has 2"),
        ("time,volts\n2022-11-03T10:30:00Z,241\nyesterday,241\n", "row 3: 'yesterday' is no time"),
        ("time,volts\n2022-11-31T10:30:00Z,241\n", "row 2: '2022-11-31T10:30:00Z': there is no such day or hour"),
        ("time,volts\n2022-11-03T25:30:00Z,241\n", "row 2: '2022-11-03T25:30:00Z': there is no such day or hour"),
        ("time,volts\n2022-11-03T10:30:00Z,n/a\n", "row 2: volts: 'n/a' is no voltage"),
        ("time,volts\n2022-11-03T10:30:00Z,-3\n", "row 2: volts: '-3' is no voltage"),
        ("time,volts\n2022-11-03T10:30:00Z,241500\n", "row 2: volts: 241500 V is no mains voltage"),
        ("time,voltage (kV)\n2022-11-03T10:30:00Z,0.24\n", "row 1: voltage .kV.: the unit is V or mV"),
        ("time,volts\n2022-11-03T10:30:00Z,241\n", "one entry does not tell the period"),
        (
            "time,volts\n2022-11-03T10:30:00Z,1\n2022-11-03T10:00:00Z,1\n2022-11-03T11:00:00Z,1\n",
            "row 3: is out of order",
        ),
        ('time,volts\n"2022-11-03T10:30:00Z,241\n', "row 2: is no line of CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(text, words):
    with pytest.raises(UsageError, match=words):
        log_of(text)


def test_an_hour_that_local_time_leaves_out():
    with pytest.raises(UsageError, match=r"row 2: .*leave this hour out"):
        log_of("time,volts\n2022-03-27 01:30,241\n", "gb", 1800)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="time,volts\n0123456789-:TZ. #;\"'", max_size=200))
def test_whatever_is_in_a_file_it_is_a_log_or_a_sentence(text):
    try:
        log, said = parse(text, "log.csv"), ""
    except UsageError as error:
        log, said = None, str(error)
    if log is None:
        assert said.startswith("log.csv: ") and "\n" not in said
    else:
        assert judge(trace_of(log, "log.csv"))
        assert realigned(log) == sorted(realigned(log))


# --- realigned ------------------------------------------------------------------------------------------------

LOGS = st.tuples(
    st.sampled_from((60, 300, 420, 600, 900, 1800, 3600)),
    st.integers(0, 7200),
    st.lists(st.integers(180_000, 290_000), min_size=2, max_size=60),
)


def text_of(period: int, offset: int, millivolts: list[int]) -> str:
    rows = ["%s,%d" % (to_iso(START + offset + (place + 1) * period), value) for place, value in enumerate(millivolts)]
    return "time,millivolts\n" + "\n".join(rows) + "\n"


@given(LOGS)
def test_the_mean_over_all_seconds_stays(log):
    period, offset, millivolts = log
    found = realigned(log_of(text_of(*log), period=period))
    begin, end = START + offset, START + offset + period * len(millivolts)
    first, last = begin + -begin % 1800, end - end % 1800
    assert [utc for utc, _ in found] == list(range(first + 1800, last + 1, 1800))
    for utc, (volts,) in found:
        # Second by second, which is what a mean is.
        samples = [millivolts[(utc - 1800 + second - begin) // period] for second in range(1800)]
        assert abs(volts - sum(samples) / 1800 / 1000) < 1e-6


@given(st.lists(st.integers(180_000, 290_000), min_size=2, max_size=60))
def test_an_aligned_log_is_its_own_realignment(millivolts):
    log = log_of(text_of(1800, 0, millivolts))
    assert realigned(log) == [(row.utc, pytest.approx(row.volts)) for row in log.rows]


@given(LOGS, st.data())
def test_a_half_hour_with_a_gap_in_it_is_left_out(log, data):
    period, offset, millivolts = log
    text = text_of(*log).splitlines()
    lost = data.draw(st.integers(1, len(millivolts)))
    whole = dict(realigned(log_of("\n".join(text), period=period)))
    text.pop(lost)
    found = dict(realigned(log_of("\n".join(text), period=period))) if len(text) > 1 else {}
    end = START + offset + lost * period
    touched = {utc for utc in whole if utc - 1800 < end and utc > end - period}
    assert found == {utc: volts for utc, volts in whole.items() if utc not in touched}


# --- the command ----------------------------------------------------------------------------------------------


def check(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log, out = tmp_path / "meter.csv", tmp_path / "half-hours.csv"
    log.write_text(csv_of("2022-11-03T10:07:13Z", 1800, 48))
    assert check(log, "--realigned", out, "--out", tmp_path / "judged") == 1
    said = capsys.readouterr().out
    assert "offset from the half hours: 433 s" in said and "47 half hours" in said
    lines = out.read_text().splitlines()
    assert lines[:2] == ["time,volts", "2022-11-03T11:00:00Z,240.076"]
    rows = json.loads((tmp_path / "judged" / "verdicts.json").read_text())
    assert {row["id"] for row in rows if row["verdict"] == "fail"} == {
        "REQ-085A-2",
        "REQ-085A-6",
        "REQ-085A-16",
        "REQ-ESME-V3",
    }
    assert check(out) == 0  # what was realigned is aligned


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{log}", "{log}"], "is judged by itself"),
        (["{log}", "--realigned", "{log}"], "is the log itself"),
        (["{log}", "--realigned", "{folder}/none/out.csv"], "cannot be written"),
        (["{log}", "--time-zone", "cet"], "there are utc, gb"),
        (["{log}", "--period", "0"], "no number of seconds"),
        (["{folder}/none.csv"], "cannot be read"),
        (["{other}", "--realigned", "{folder}/out.csv"], "goes with a log of voltages"),
        (["{broken}"], "row 3: volts: 'high' is no voltage"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, capsys, arguments, words):
    log, other, broken = tmp_path / "meter.csv", tmp_path / "trace.jsonl", tmp_path / "broken.csv"
    log.write_text(csv_of("2022-11-03T10:00:00Z", 1800, 4))
    other.write_text("{}\n")
    broken.write_text("time,volts\n2022-11-03T10:30:00Z,241\n2022-11-03T11:00:00Z,high\n")
    places = {"log": log, "other": other, "broken": broken, "folder": tmp_path}
    assert check(*[argument.format(**places) for argument in arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and "\n" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.csv", "meter.csv", "trace.jsonl"]
