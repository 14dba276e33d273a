# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of requirements, its predicates, and what judging makes of findings."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hanref.errors import UsageError
from hanref.requirements import applicability, judge, overall, predicates, requirements
from hanref.requirements.table import modifications, releases
from hanref.trace import Trace
from trace_story import Story

SERIES = {
    "0015": 14, "0056": 21, "078": 5, "085A": 16, "099": 3, "140": 1, "141": 1, "143": 1, "4465": 1, "116": 1, "121": 6,
    "179": 2, "196": 1, "0023": 5, "0024": 2, "NOV26": 1, "PKI": 2, "CLK": 6, "CHF": 14, "GPF": 19, "GSME": 9, "IHD": 8,
    "PPMID": 10,
}  # fmt: skip
FIRST_LIST = (
    ["REQ-0015-%d" % n for n in (1, 3, 4, 6, 7, 8, 9)]
    + ["REQ-0056-%d" % n for n in (1, 2, 3, 4, 5, 7, 8, 11, 13, 14, 15, 16, 18)]
    + ["REQ-085A-%d" % n for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 13)]
)


def test_every_number_of_every_series_is_there() -> None:
    wanted = {"REQ-%s-%d" % (name, n) for name, count in SERIES.items() for n in range(1, count + 1)}
    wanted |= {"REQ-ESME-%d" % n for n in range(1, 9)} | {"REQ-ESME-V%d" % n for n in range(1, 4)}

    assert set(requirements()) == wanted


def test_the_table_is_whole() -> None:
    for requirement in requirements().values():
        assert requirement.confidence in ("C", "S", "I"), requirement.id
        assert requirement.text.endswith(".")
        assert requirement.source
        assert set(requirement.devices) <= {"CHF", "GPF", "ESME", "GSME", "IHD", "PPMID", "TOOL", "FIRMWARE"}
        assert requirement.modification in modifications()
    assert {name for names in releases().values() for name in names} <= set(modifications())


def test_what_must_be_judged_has_a_predicate() -> None:
    assert set(FIRST_LIST) <= set(predicates())


def test_predicates_say_what_a_report_needs() -> None:
    for registered in predicates().values():
        assert 1 <= registered.severity <= 5
        assert registered.reference
        assert registered.devices


def test_judging_imports_no_device() -> None:
    code = (
        "import sys; from hanref.requirements import judge; from hanref.trace import Trace; judge(Trace({}));"
        "print([name for name in sys.modules if name.startswith(('han.devices', 'han.node', 'hanref.run'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_empty_trace_shows_nothing() -> None:
    verdicts = judge(Trace({}))

    assert {verdict.verdict for verdict in verdicts} == {"not run"}
    assert overall(verdicts) == "not run"


def test_a_broken_field_is_no_devices_fault() -> None:
    story = Story("esme")
    story.add("10:30:00", "clock", "esme", status="reliable", utc="yesterday")

    with pytest.raises(UsageError, match="cannot be judged"):
        judge(story.trace())


# --- versions and dates ----------------------------------------------------------------------------------------------


def profile(tmp_path: Path, text: str) -> dict[str, applicability.Claim]:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return applicability.load_profile(path)


NEW_METER = '[esme]\nspecification = "ESMETS"\nversion = "v5.2"\ngbcs = "4.2"\n'
OLD_METER = '[esme]\nspecification = "SMETS2"\nversion = "v3.1"\ngbcs = "2.1"\n'


@pytest.mark.parametrize(
    ("text", "on", "allowed"),
    [
        (NEW_METER, date(2022, 11, 2), False),
        (NEW_METER, date(2022, 11, 3), True),
        (OLD_METER, date(2023, 4, 27), True),
        (OLD_METER, date(2023, 4, 28), False),
        (NEW_METER.replace("4.2", "3.2"), date(2023, 1, 1), False),
        ('[esme]\nspecification = "SMETS2"\nversion = "v4.2"\n', date(2023, 1, 1), None),
    ],
)
def test_whether_a_version_may_be_installed(tmp_path: Path, text: str, on: date, allowed: bool | None) -> None:
    claims = profile(tmp_path, text)

    assert applicability.position("esme", claims["esme"], on).may_be_installed is allowed


def test_what_a_version_brings(tmp_path: Path) -> None:
    new = applicability.applicable(profile(tmp_path, NEW_METER))
    old = applicability.applicable(profile(tmp_path, OLD_METER))

    assert new["REQ-085A-1"] is True
    assert old["REQ-085A-1"] is False
    assert old["REQ-ESME-1"] is True
    assert old["REQ-0015-1"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fridge]\n", "fridge: unknown device"),
        ('[esme]\nspecification = "ESMETS"\n', "esme.version"),
        ("[esme", "is not TOML"),
    ],
)
def test_a_broken_profile(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        profile(tmp_path, text)


def test_a_version_nobody_knows(tmp_path: Path) -> None:
    claims = profile(tmp_path, '[esme]\nspecification = "ESMETS"\nversion = "v9"\n')

    with pytest.raises(UsageError, match=r"no ESMETS v9: the table has v5\.2"):
        applicability.position("esme", claims["esme"], date(2023, 1, 1))
