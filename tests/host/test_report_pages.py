# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: the files follow their schemas, the pages have every section and read well in a real browser."""

import base64
import json
from importlib import resources

import browser
import jsonschema
import pytest
from hanref import compare
from hanref.importer import given, read_all
from hanref.report import earlier, write_all
from hanref.requirements import judge
from hanref.trace import Trace
from short_run import short_run

SECTIONS = [
    "1 Device under test",
    "2 Reference",
    "3 Scope",
    "4 Differences from the field",
    "5 Results",
    "6 Regression",
    "7 Defects and observations",
    "8 Exit criteria",
    "Evidence",
]

OBSERVED = """
[device]
role = "ihd"
type = "In-Home Display"
maker = "A Maker"
model = "Round One"
hardware_version = "1.2"
firmware_version = "4.5.6"
claim = { specification = "IHDTS", version = "v4.4", gbcs = "4.2" }

[[observation]]
at = "+1h"
screen = { electricity_week = 1234, gas_week = 99, gas_balance = "none" }

[[observation]]
at = "+02:30:00"
screen = { electricity_week = 1234, gas_week = 99 }
"""

# What makes a page hard to use: an unlabelled picture, a table without heads, text that is too faint or too wide.
CHECKS = """
const luminance = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
  .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$/.test(c) && c !== 'transparent') return c; } return 'rgb(255, 255, 255)'; };
const faint = [...document.querySelectorAll('p, td, th, li, dt, dd, h1, h2, h3, a, summary, .v, caption')].filter(e => {
  if (!e.innerText || !e.offsetWidth) return false;
  const [one, other] = [luminance(getComputedStyle(e).color), luminance(behind(e))].sort((a, b) => b - a);
  return (one + 0.05) / (other + 0.05) < 4.5; }).map(e => e.outerHTML.slice(0, 120));
return {
  language: document.documentElement.lang,
  headings: [...document.querySelectorAll('h2')].map(e => e.innerText),
  h1: document.querySelectorAll('h1').length,
  unlabelled: [...document.querySelectorAll('svg')].filter(e => !e.getAttribute('aria-label')).length,
  pictures: document.querySelectorAll('svg').length,
  headless: [...document.querySelectorAll('table')].filter(t => !t.querySelector('th[scope=col]') || !t.caption)
    .map(t => t.outerHTML.slice(0, 200)),
  dangling: [...document.querySelectorAll('a[href^="#"]')].map(a => a.hash.slice(1))
    .filter(id => !document.getElementById(id)),
  doubled: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n),
  overflow: document.documentElement.scrollWidth - window.innerWidth,
  outside: [...document.querySelectorAll('link, script, img[src^="http"]')].length,
  faint: faint,
};
"""

in_chromium = pytest.mark.skipif(not browser.is_there(), reason=browser.MISSING)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return short_run(tmp_path_factory.mktemp("runs") / "short")


@pytest.fixture(scope="module")
def faulty(run, tmp_path_factory):
    """Results of a device that keeps what it must erase, with its papers and an earlier result."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "seen.toml").write_text(OBSERVED)
    told = given(files=[run / "keys.toml"], observed=folder / "seen.toml")
    trace = read_all([run / "air.pcapng"], told)
    verdicts = judge(trace)
    write_all(folder, trace, verdicts, earlier.read(run))
    return folder


@pytest.fixture(scope="module")
def comparison(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    other = short_run(tmp_path_factory.mktemp("runs") / "other", poll=120)
    traces = (Trace.read(folder / "trace.jsonl") for folder in (run, other))
    compare.write(folder, compare.compare(*traces))
    return folder


def schema(name):
    return json.loads((resources.files("hanref") / "data" / "schemas" / (name + ".schema.json")).read_text())


@pytest.mark.parametrize("name", ["verdicts", "report"])
def test_files_follow_their_schemas(run, faulty, name):
    for folder in (run, faulty):
        jsonschema.validate(json.loads((folder / (name + ".json")).read_text()), schema(name))


def test_schemas_refuse_what_is_no_result(run):
    rows = json.loads((run / "verdicts.json").read_text())
    rows[0]["verdict"] = "maybe"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(rows, schema("verdicts"))


def test_papers_and_what_a_person_saw_are_in_the_report(faulty):
    report = json.loads((faulty / "report.json").read_text())

    device = report["device_under_test"]
    assert (device["model"], device["firmware_version"], device["image_hash"]) == ("Round One", "4.5.6", None)
    assert "may be installed, since 2022-11-03" in device["position"]
    found = {row["id"]: row for row in report["results"]}
    assert found["REQ-0056-13"]["verdict"] == "fail"  # the week's figures survived the date
    assert "still shows" in found["REQ-0056-13"]["reason"]
    assert "REQ-0056-13" in report["defects"][0]["requirements"]
    assert {change["id"]: change["better"] for change in report["regression"]["changes"]}["REQ-0056-13"] is False
    assert "Not recommended" in report["recommendation"]
    assert not report["exit_criteria"][0]["met"]


def test_results_are_keyed_by_use_case_and_message_code(run):
    report = json.loads((run / "report.json").read_text())

    rows = {(row["use_case"], row["message_code"]): row for row in report["by_use_case"]}
    assert rows[("GCS09", "0072")]["messages"]["command"] == 1
    assert rows[("GCS09", "0072")]["verdicts"]["REQ-0056-5"] == "pass"
    assert any(use_case == "GCS13a" for use_case, _ in rows)


def looked_at(path, width=1280):
    with browser.open_page(path, width) as page:
        seen = page.execute_script(CHECKS)
        seen["errors"] = [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
        seen["screenshot"] = page.get_screenshot_as_png()
        seen["printed"] = base64.b64decode(page.print_page())
    return seen


@in_chromium
@pytest.mark.parametrize("which", ["run", "faulty", "comparison"])
def test_pages_read_well_in_a_browser(which, request):
    folder = request.getfixturevalue(which)
    page = folder / ("comparison.html" if which == "comparison" else "report.html")

    seen = looked_at(page)

    assert seen["errors"] == [] and seen["outside"] == 0  # one file, nothing fetched
    assert seen["language"] == "en" and seen["h1"] == 1
    assert seen["unlabelled"] == 0 and seen["pictures"] >= 1
    assert seen["headless"] == [] and seen["dangling"] == [] and seen["doubled"] == []
    assert seen["faint"] == [] and seen["overflow"] <= 0
    assert seen["printed"][:4] == b"%PDF" and len(seen["screenshot"]) > 20_000
    if which != "comparison":
        assert seen["headings"] == SECTIONS


@in_chromium
def test_a_narrow_window_does_not_cut_the_page(run):
    assert looked_at(run / "report.html", 600)["overflow"] <= 0


@in_chromium
def test_what_is_folded_opens(comparison):
    with browser.open_page(comparison / "comparison.html") as page:
        details = page.find_element("css selector", "#verdicts details")
        assert not details.get_property("open")
        details.find_element("css selector", "summary").click()
        assert details.get_property("open")
        assert details.find_element("css selector", "table").is_displayed()
