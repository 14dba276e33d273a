# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref compare`: equal runs are equal, differences are found and come first, timings are compared as distributions."""

import json
import random
import subprocess
import sys
from importlib import resources

import jsonschema
import pytest
from hanref import compare
from hanref.compare.distribution import Distribution
from hanref.trace import Trace
from short_run import short_run

POWER_CUT = """
[[step]]
at = "+1h"
do = "power"
to = "ihd"
on = false

[[step]]
at = "+01:05:00"
do = "power"
to = "ihd"
on = true
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        "same": short_run(folder / "same"),
        "seed": short_run(folder / "seed", seed=9),
        "slow": short_run(folder / "slow", poll=60, more=POWER_CUT),
    }


def compared(runs, a, b):
    return compare.compare(Trace.read(compare.trace_of(runs[a])), Trace.read(compare.trace_of(runs[b])))


def run_compare(*arguments):
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "compare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_run_equals_itself(runs):
    comparison = compared(runs, "same", "same")

    assert comparison.rows and comparison.verdicts
    assert not any(row.different for row in [*comparison.rows, *comparison.verdicts])


def test_another_seed_is_no_difference(runs):
    assert [row for row in compared(runs, "same", "seed").rows if row.different] == []


def test_a_display_that_asks_half_as_often_is_found_first(runs):
    first = compared(runs, "same", "slow").rows[0]

    assert (first.section, first.device, first.why) == ("asks", "ihd", "how often")
    assert first.a.startswith("1800 times, every 10.0 s") and "every 60.0 s" in first.b


def test_differences_come_first(runs):
    different = [row.different for row in compared(runs, "same", "slow").rows]

    assert different == sorted(different, reverse=True) and different[0] and not different[-1]


def test_types_statuses_and_silence_are_differences(runs):
    changed = Trace.read(runs["same"] / "trace.jsonl")
    for event in changed.of("zcl", source="esme", cluster="0708", command="read_attributes_response"):
        content = dict(event.content)
        content["types"] = {"change_of_tenancy_update_date_time": "0x23"}
        event.content = content
    gone = [event for event in changed.events if (event.source, event.get("cluster")) != ("gsme", "0705")]

    rows = compare.compare(Trace.read(runs["same"] / "trace.jsonl"), Trace(changed.header, gone)).rows

    found = {(row.device, row.what): row for row in rows if row.different}
    assert found[("esme", "0708 change_of_tenancy_update_date_time")].why == "the type"
    assert any(row.why == "only one side asks this" and row.device == "gsme" for row in found.values())


def test_it_tells_how_soon_after_what(runs):
    rows = {(row.device, row.what): row for row in compared(runs, "same", "same").rows if row.section == "how soon after what"}

    assert any("learns of a change of tenancy from the esme: erases electricity" in what for _, what in rows)


def test_files_follow_the_schema(runs, tmp_path):
    out = tmp_path / "out"

    done = run_compare(runs["same"], runs["slow"], "--out", out)

    assert done.returncode == 0, done.stderr
    schema = json.loads((resources.files("hanref") / "data" / "schemas" / "comparison.schema.json").read_text())
    document = json.loads((out / "comparison.json").read_text())
    jsonschema.validate(document, schema)
    assert document["behaviour"][0]["different"]
    assert "how often" in done.stdout and "equal" in done.stdout
    assert "Time line" in (out / "comparison.html").read_text()


def test_a_capture_can_be_a_side(runs):
    done = run_compare(runs["same"], runs["same"] / "air.pcapng", "--keys", runs["same"] / "keys.toml", "--json")

    document = json.loads(done.stdout)
    asks = [row for row in document["behaviour"] if row["section"] == "asks"]
    assert asks and not any(row["different"] for row in asks)


@pytest.mark.parametrize(("path", "says"), [("nowhere", "cannot be read"), (".", "holds no trace.jsonl")])
def test_a_side_that_is_no_run_is_one_line(runs, tmp_path, path, says):
    done = run_compare(runs["same"], tmp_path / path)

    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and says in done.stderr


def test_a_failed_requirement_ends_with_code_1(runs, tmp_path):
    text = (runs["same"] / "trace.jsonl").read_text()
    bad = tmp_path / "bad.jsonl"
    bad.write_text(text.replace('"proposed_tenancy_change_control": 512', '"proposed_tenancy_change_control": 2'))

    done = run_compare(runs["same"], bad)

    assert done.returncode == 1 and "REQ-0056-7" in done.stdout


def chance(seed, middle, spread, count):
    source = random.Random(seed)
    return Distribution(source.gauss(middle, spread) for _ in range(count))


def test_distributions_of_one_kind_do_not_differ():
    for seed in range(200):
        assert not chance(seed, 10, 2, 300).differs(chance(seed + 1000, 10, 2, 200))


def test_distributions_of_two_kinds_differ():
    assert chance(1, 10, 2, 300).differs(chance(2, 13, 2, 300))
    assert chance(1, 10, 1, 300).differs(chance(2, 10, 5, 300))
    assert Distribution([10.0, 10.1]).differs(Distribution([20.0, 21.0]))
    assert Distribution([1.0]).differs(Distribution())


def test_what_nobody_would_care_for_is_no_difference():
    assert not chance(1, 0.020, 0.001, 3000).differs(chance(2, 0.030, 0.001, 3000))


def test_a_long_distribution_keeps_few_values_and_its_quantiles():
    many = Distribution()
    for value in range(100_000):
        many.add(value / 1000)

    assert many.count == 100_000 and len(many.values) <= 10_000
    assert abs(many.median - 50) < 0.5
