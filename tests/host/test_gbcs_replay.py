# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref replay`: published commands to modelled devices; made scenarios, and the published ones where they are at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hanref.gbcs import answering, build, state, test_keys
from hanref.gbcs.keys import AGREEMENT, SIGNATURE, Keys
from hanref.gbcs.native import Native
from hanref.replay import report, scenarios

FOLDER = os.environ.get("HANREF_VECTORS")
GPF = bytes.fromhex("02cc000000000003")
GSME = bytes.fromhex("02cc000000000001")
NOON = "2022-11-03T12:00:00Z"
REGISTERS = {"0702": {"0302": 1000, "0301": 1, "0300": 1, "0000": 12345}}
STATE = {"attributes": REGISTERS, "time": {"utc": NOON, "source": "GSME", "status": "reliable"}}
EMPTY: dict[str, Any] = {"time": {"utc": NOON, "source": "GSME", "status": "reliable"}}
PAYMENT_MODE = {"issuer_event_id": 1, "proposed_payment_control_configuration": 2199, "cut_off_value": 0}
PAYMENT = {"meter": {"payment": [1, 2, 500000, 100000]}}


def made_scenario(keys: Keys, role: str, entity: bytes, use_case: str, held: dict[str, Any], **fields: Any) -> dict[str, bytes]:
    """A command and what a device of that state answers."""
    supplier = build.party(keys, "supplier", "test")
    command = build.build_command(keys, use_case, supplier, entity, 1000, fields)
    answer = answering.answer(role, state.parse({"entity": entity.hex(), **held}, "test"), keys, [command]).answers[0]
    assert answer is not None
    return {"command": command, "response": answer}


def write(folder: Path, found: dict[str, dict[str, bytes]], keys: Keys) -> None:
    """A folder as the published one."""
    (folder / "gbz").mkdir()
    for name, octets in found.items():
        use_case, _, scenario = name.partition("_")
        messages = [
            {
                "id": f"{name}_{kind.upper()}",
                "use_case": use_case,
                "srv": "1",
                "scenario": scenario,
                "kind": kind,
                "hex": value.hex(),
            }
            for kind, value in octets.items()
        ]
        (folder / "gbz" / f"{name}.json").write_text(json.dumps({"use_case": use_case, "messages": messages}))
    parties = {}
    for entity, party in keys.parties.items():
        fields: dict[str, str] = {"role_in_vectors": party.role or ""}
        for purpose, label in ((AGREEMENT, "key_agreement"), (SIGNATURE, "digital_signature")):
            if entity in (GPF, GSME):
                fields[f"{label}_public"] = answering.point(party.public[purpose]).hex()
            else:
                number = party.private[purpose].private_numbers().private_value
                fields[f"{label}_private"] = f"{number:064x}"
        parties[entity.hex()] = fields
    (folder / "keys.json").write_text(json.dumps({"parties": parties}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of made scenarios; a device's keys are published without their private halves."""
    folder = tmp_path_factory.mktemp("scenarios")
    keys = test_keys.make_all({GPF: "gpf", GSME: "gsme"})
    found = {
        "GCS13a_SUCCESS": made_scenario(keys, "gpf", GPF, "GCS13a", STATE),
        "GCS13a_ERROR": made_scenario(
            keys, "gsme", GSME, "GCS13a", {**STATE, "attributes": {"0702": {**REGISTERS["0702"], "0000": {"status": "C0"}}}}
        ),
        "GCS03_IMMEDIATE": made_scenario(
            keys, "gsme", GSME, "GCS03", {**EMPTY, **PAYMENT}, **PAYMENT_MODE, implementation_date_time=0
        ),
        "GCS03_CANCELLATION": made_scenario(
            keys,
            "gsme",
            GSME,
            "GCS03",
            {**EMPTY, "meter": {**PAYMENT["meter"], "waiting": [0x6D]}},
            **PAYMENT_MODE,
            implementation_date_time=0xFFFFFFFF,
        ),
        "GCS33_NO_ANSWER": {"command": build.build_command(keys, "GCS33", build.party(keys, "supplier", ""), GSME, 7)},
    }
    write(folder, found, keys)
    return folder


def hanref(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from hanref.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "replay", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("vary", [[], ["--vary", "1"], ["--vary", "2"]])
def test_answers_come_out_of_the_seeded_devices(made: Path, vary: list[str]) -> None:
    done = hanref(str(made), *vary)
    assert done.stdout.splitlines() == [
        "GCS03_CANCELLATION matched",
        "GCS03_IMMEDIATE matched",
        "GCS13a_ERROR matched",
        "GCS13a_SUCCESS matched",
        "GCS33_NO_ANSWER not replayed: no response",
        "by state 3 of 3, by fault 1 of 1",
        "matched 4 of 4",
    ], done.stderr
    assert done.returncode == 0


def changed(folder: Path, name: str, change: Any, target: Path) -> Path:
    """A copy of a folder in which one answer is another."""
    (target / "gbz").mkdir()
    (target / "keys.json").write_bytes((folder / "keys.json").read_bytes())
    content = json.loads((folder / "gbz" / f"{name}.json").read_text())
    for message in content["messages"]:
        if message["kind"] == "response":
            message["hex"] = change(bytes.fromhex(message["hex"])).hex()
    (target / "gbz" / f"{name}.json").write_text(json.dumps(content))
    return target


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        ("GCS13a_SUCCESS", lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)), "differs at octet"),
        ("GCS03_IMMEDIATE", lambda octets: octets[:-66] + bytes((octets[-66] ^ 1,)) + octets[-65:], "matched"),
        ("GCS03_IMMEDIATE", lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)), "matched"),
        ("GCS03_IMMEDIATE", lambda octets: octets[:45] + bytes((octets[45] ^ 1,)) + octets[46:], "differs at octet"),
        ("GCS13a_SUCCESS", lambda octets: octets[:-20], "differs at octet 0"),
    ],
    ids=["MAC", "value", "signature", "date-time", "cut short"],
)
def test_an_answer_that_the_device_would_not_give_differs(
    made: Path, name: str, change: Any, line: str, tmp_path: Path
) -> None:
    """A value goes into the state and so comes out again; a signature is not compared; all else must be equal."""
    done = hanref(str(changed(made, name, change, tmp_path)))
    assert done.stdout.startswith(f"{name} {line}"), done.stdout + done.stderr
    assert done.returncode == (0 if line == "matched" else 1)
    assert done.stdout.splitlines()[-1] == f"matched {int(line == 'matched')} of 1"


def test_use_cases_can_be_chosen(made: Path) -> None:
    done = hanref(str(made), "--use-case", "gcs13A")
    assert done.stdout.splitlines()[-1] == "matched 2 of 2"


def test_use_cases_go_by_their_published_and_their_own_names(made: Path, tmp_path: Path) -> None:
    """As published answers to CS02b go by what they update."""
    folder = changed(made, "GCS03_IMMEDIATE", lambda octets: octets, tmp_path)
    path = folder / "gbz" / "GCS03_IMMEDIATE.json"
    path.write_text(path.read_text().replace('"use_case": "GCS03"', '"use_case": "GCS03ByAnother"'))
    for name in ("gcs03", "GCS03byAnother"):
        assert [scenario.name for scenario in scenarios.load(folder, [name])] == ["GCS03_IMMEDIATE"]


def test_a_second_answer_under_the_same_names_is_another_scenario(made: Path, tmp_path: Path) -> None:
    folder = changed(made, "GCS13a_SUCCESS", lambda octets: octets, tmp_path)
    path = folder / "gbz" / "GCS13a_SUCCESS.json"
    content = json.loads(path.read_text())
    alert = {**content["messages"][0], "kind": "alert", "id": "GCS13a_SUCCESS_8F66_ALERT"}
    path.write_text(json.dumps({"messages": [alert, *content["messages"], *content["messages"]]}))
    found = scenarios.load(folder)
    assert [(one.name, one.command is None, one.response is None) for one in found] == [("GCS13a_SUCCESS", False, False)] * 2


def test_nothing_replayed_is_no_success(made: Path) -> None:
    done = hanref(str(made), "--use-case", "GCS33")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "matched 0 of 0")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-folder"], "no-such-folder: no folder"),
        (["."], "no messages"),
        (["MADE", "--use-case", "GCS99"], "no messages of gcs99"),
        (["MADE", "--keys", "no-such-file"], "no-such-file"),
        (["MADE", "--tier", "paper"], "--tier paper: there are sim, emulated"),
    ],
)
def test_wrong_usage_is_one_clear_line(arguments: list[str], words: str, made: Path, tmp_path: Path) -> None:
    done = hanref(*[{"MADE": str(made), ".": str(tmp_path)}.get(argument, argument) for argument in arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_file_is_named(made: Path, tmp_path: Path) -> None:
    folder = changed(made, "GCS13a_SUCCESS", lambda octets: octets, tmp_path)
    (folder / "gbz" / "other.json").write_text('{"messages": [{"id": "x", "use_case": "y", "kind": "command", "hex": "0g"}]}')
    done = hanref(str(folder))
    assert done.returncode == 2
    assert "other.json: message 1: hex" in done.stderr


@pytest.mark.parametrize("vary", [None, 1, 2, 3])
def test_published_answers_come_out_of_the_seeded_devices(vary: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    if not FOLDER:
        pytest.skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    from hanref.gbcs import keys

    known = keys.load(Path(FOLDER) / "keys.json")
    with Native() as interpreter:
        assert report.run(scenarios.load(Path(FOLDER)), known, interpreter, vary), capsys.readouterr().out


def test_published_gas_reads_come_out_of_the_emulated_board(capsys: pytest.CaptureFixture[str]) -> None:
    if not FOLDER:
        pytest.skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    from hanref.gbcs import keys
    from hanref.replay.board import Board

    known = keys.load(Path(FOLDER) / "keys.json")
    found = scenarios.load(Path(FOLDER), ["GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"])
    with Board() as interpreter:
        assert report.run(found, known, interpreter), capsys.readouterr().out
