# SPDX-License-Identifier: GPL-3.0-or-later
"""The packed GBCS tables on the board are those of the tables in the project."""

from pathlib import Path

import pytest
from han.gbcs import templates, use_cases
from han.gbcs.envelope import COMMAND, RESPONSE
from hanref.generate import use_cases as generator

FIRMWARE = Path(use_cases.__file__).parent


@pytest.mark.parametrize("name", sorted(generator.tables()))
def test_tables_are_up_to_date(name: str) -> None:
    assert (FIRMWARE / name).read_text(encoding="utf-8") == generator.tables()[name]


def test_every_code_is_there_with_its_columns() -> None:
    rows = [row for row in generator.read("gbcs-use-cases.csv") if row["message_code"]]
    assert len(rows) == len(list(use_cases.every()))
    replayed = {row["message_code"] for row in generator.read("gbcs-use-case-additions.csv") if row["anti_replay"] == "Yes"}
    for row in rows:
        found = use_cases.find(int(row["message_code"], 16))
        assert found.name == row["use_case"]
        assert found.anti_replay == (row["anti_replay"] == "Yes" or row["message_code"] in replayed)
        assert found.encrypted == (row["encrypted_content"] == "yes")
        assert found.protocol == {"DLMS": 1, "GBZ": 2, "ASN.1": 3}.get(row["protocol"], 0)
        if row["roles_allowed"] not in ("", "See GBCS") and found.targets != use_cases.TARGETS["gsme"]:
            target = "esme" if found.is_for("esme") else next(name for name in use_cases.TARGETS if found.is_for(name))
            assert found.allows(use_cases.SUPPLIER, target) == ("Supplier" in row["roles_allowed"].split("; "))


def test_every_command_has_somebody_who_may_send_it() -> None:
    commands = use_cases.COMMAND_MAC | use_cases.COMMAND_MAC_AND_SIGNATURE | use_cases.COMMAND_SIGNATURE
    assert [row.name for row in use_cases.every() if row.forms & commands and not (row.roles and row.targets)] == []


def test_templates_point_to_answers_of_the_same_cluster() -> None:
    seen = 0
    for row in use_cases.every():
        for command in templates.components(row.code, COMMAND):
            assert command.answer or command.default, row.name
            for number in (command.answer, command.default):
                if number:
                    assert templates.response(row.code, number).cluster == command.cluster
                    seen += 1
            if command.default:
                assert templates.response(row.code, command.default).command == generator.DEFAULT_RESPONSE
                assert not templates.response(row.code, command.default).encrypted
    assert seen > 100


def test_encrypted_use_cases_have_an_encrypted_component() -> None:
    for row in use_cases.every():
        components = templates.components(row.code, RESPONSE)
        if row.protocol == use_cases.GBZ and components:
            assert row.encrypted == any(component.encrypted for component in components), row.name
