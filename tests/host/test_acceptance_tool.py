# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance tests of what is asked of the tool, each under its own id, and that every acceptance test is somewhere."""

import ast
import json
import re
from pathlib import Path

import pytest
from hanref.air import hashes
from hanref.errors import UsageError
from hanref.requirements.table import acceptance_tests, exercised_by, not_judged, requirements
from hanref.resources import firmware
from hanref.run.runner import run_and_judge
from hanref.scenario import load
from hanref.scenario.steps import Command

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/device", "tests/host", "hil_tests")
CODES = ("00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100")  # of the scenario device-log


def ids(folder: Path) -> set[str]:
    """The acceptance tests that the test functions of a folder are named after."""
    found = set()
    for path in folder.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (match := re.match(r"test_at_([0-9a-z]+)_(\d+)(_|$)", node.name)):
                found.add("AT-%s-%s" % (match[1].upper(), match[2]))
    return found


def test_every_acceptance_test_is_there_under_its_own_id() -> None:
    known = acceptance_tests()
    there = set().union(*[ids(ROOT / folder) for folder in FOLDERS])
    lacking = [id for id, entry in known.items() if id not in there and not entry.exception]
    assert not lacking
    excused = [id for id, entry in known.items() if id in there and entry.exception]
    assert not excused, "these have a test, and need no exception"


def test_those_of_a_device_run_on_micropython() -> None:
    """Portable tests run under both interpreters; what is of the tool cannot."""
    there = ids(ROOT / "tests/device")
    wanted = {id for id, entry in acceptance_tests().items() if "TOOL" not in entry.where and not entry.exception}
    assert wanted <= there, sorted(wanted - there)


def test_those_of_tenancy_and_voltage_periods_run_on_boards_too() -> None:
    there = ids(ROOT / "hil_tests")
    wanted = {id for id, entry in acceptance_tests().items() if "BOARDS" in entry.where}
    assert {id for id in acceptance_tests() if re.match(r"AT-(0056|085A)-", id)} - wanted == {"AT-085A-10"}
    assert wanted <= there, sorted(wanted - there)


def test_the_requirements_name_tests_that_are_there() -> None:
    from hanref.requirements import predicates

    there = set().union(*[ids(ROOT / folder) for folder in FOLDERS])
    modules = {path.stem for folder in FOLDERS for path in (ROOT / folder).glob("test_*.py")}
    for id, registered in predicates().items():
        assert registered.tests, id
        assert set(registered.tests) <= there | modules, (id, registered.tests)
    for id in not_judged():
        assert set(exercised_by(id)) <= there | modules, id


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `hanref run device-log` writes."""
    folder = tmp_path_factory.mktemp("tool") / "results"
    run_and_judge(load("device-log"), folder)
    return folder


def test_at_121_5_install_codes_are_checked_and_in_no_report(results: Path) -> None:
    code = bytes.fromhex("83FED3407A939723A5C639B26916D505")  # that of the Zigbee specification, with its CRC
    whole = code + bytes.fromhex("C3B5")
    assert hashes.install_code_with_crc(whole) == whole
    wrong = whole[:3] + b"\x00" + whole[4:]
    with pytest.raises(UsageError, match="wrong CRC") as raised:
        hashes.install_code_with_crc(wrong)
    assert wrong.hex() not in str(raised.value).lower()
    steps = [step for step in load("device-log").step if isinstance(step, Command) and step.use_case == "CCS01"]
    assert {step.fields["install_code"] for step in steps} == set(CODES)
    for name in ("report.html", "report.json", "verdicts.json", "junit.xml"):
        text = (results / name).read_text(encoding="utf-8").lower()
        assert not [code for code in CODES if code in text], name


def test_at_141_1_the_history_is_that_of_the_script_without_payload(results: Path) -> None:
    history = json.loads((results / "report.json").read_text(encoding="utf-8"))["history"]
    script = [step.use_case for step in load("device-log").step if isinstance(step, Command)]
    assert [line["use_case"] for line in history["chf"] if line["direction"] == "command"] == script
    parts = {"time", "direction", "use_case", "message_code", "title"}
    assert all(line["title"] and set(line) == parts for line in history["chf"])
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Add Device to CHF device log" in page
    for line in (results / "trace.jsonl").open(encoding="utf-8"):
        event = json.loads(line)
        if event.get("kind") == "gbcs":
            assert event["octets"] not in page
            assert len(event["payload"]) < 20 or event["payload"] not in page


def test_at_4465_1_no_switch_lies_dormant_in_the_image() -> None:
    """Nothing in the firmware is asked of an environment, and no name of it is a switch of something to come."""
    words = re.compile(r"feature|toggle|enable_deferred|experimental|debug_mode|killswitch", re.IGNORECASE)
    for path in sorted((firmware() / "han").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_docstring(node):
                names.append(node.value)
            switches = [name for name in names if isinstance(name, str) and "\n" not in name and words.search(name)]
            assert not switches, (path.name, switches)
            assert not (isinstance(node, ast.Attribute) and node.attr in ("getenv", "environ")), path.name


def _is_docstring(node: ast.Constant) -> bool:
    return " " in str(node.value)


def test_every_requirement_is_of_a_known_series() -> None:
    assert {id.split("-")[1] for id in acceptance_tests()} <= {id.split("-")[1] for id in requirements()}
