# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files: what is wrong is said in one line, with file and field."""

from pathlib import Path

import pytest
from han.gbcs import envelope
from hanref import scenario
from hanref.errors import UsageError
from hanref.moments import duration, milliseconds_of, milliseconds_text, moment, moment_or_offset
from hanref.run.plan import make

HEADING = """
[scenario]
name = "small"
title = "A small one"
start = 2022-11-03T10:00:00Z
duration = "2h"
[devices.hub]
[devices.esme]
[devices.gsme]
[devices.ihd]
"""


def complaint(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        scenario.parse(text, "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    return message


def step(text: str) -> str:
    return HEADING + "[[step]]\n" + text


@pytest.mark.parametrize("name", scenario.names())
def test_every_scenario_that_comes_with_hanref_can_be_planned(name: str) -> None:
    loaded = scenario.load(name)

    assert loaded.scenario.name == name
    assert make(loaded).document["devices"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADING.replace("duration", "durration"), "scenario.durration: unknown key; did you mean duration?"),
        (HEADING.replace('"2h"', '"soon"'), "scenario.duration: "),
        (HEADING.replace("2022-11-03T10:00:00Z", '"2022-11-31T10:00:00Z"'), "scenario.start: "),
        (HEADING.replace("2022-11-03T10:00:00Z", "2022-11-03T10:00:00"), "has no time zone: add Z"),
        (HEADING + "[devices.fridge]\n", "devices.fridge: unknown key"),
        (HEADING.replace("[devices.ihd]", "[devices.ihd]\nelectricity_pol = 5"), "devices.ihd.electricity_pol: unknown key"),
        (HEADING.replace("[devices.ihd]", "[devices.ihd]\ngas_poll = -1"), "devices.ihd.gas_poll: "),
        (HEADING.replace("[devices.esme]", '[devices.esme]\nvoltage_period = "1800"'), "devices.esme.voltage_period: "),
        (HEADING.replace("[scenario]", "[scenario"), "is not TOML"),
        (step('at = "+1m"\ndo = "reed"'), "step 1: do: unknown verb 'reed'"),
        (step('at = "+1m"\nto = "esme"'), "step 1: do: is missing"),
        (step('do = "read"\nuse_case = "GCS13a"'), "step 1 (read): at: is missing"),
        (step('at = "+1m"\ndo = "read"\nuse_cse = "GCS13a"'), "step 1 (read)"),
        (step('at = "1 minute"\ndo = "read"\nuse_case = "GCS13a"'), "step 1 (read): at: "),
        (step('at = "+3h"\ndo = "read"\nuse_case = "GCS13a"'), "is not between start and end"),
        (step('at = "+1m"\ndo = "power"\nto = "fridge"\non = true'), "step 1 (power): to: unknown device 'fridge'"),
        (step('at = "+1m"\ndo = "power"\nto = "ppmid"\non = true'), "no ppmid in this scenario"),
        (step('at = "+1m"\ndo = "power"\nto = "ihd"\non = "yes"'), "step 1 (power): on: "),
        (step('at = "+1m"\ndo = "voltage"\nto = "ihd"\nvolts = 230'), "voltage goes to esme, not ihd"),
        (step('at = "+1m"\ndo = "voltage"\nvolts = 230\nramp_to = 250'), "a ramp has both"),
        (step('at = "+1m"\ndo = "change_of_tenancy"\nto = "esme"\ndate = "next week"'), "step 1 (change_of_tenancy): date: "),
        (step('at = "+1m"\ndo = "change_of_tenancy"\nto = "gpf"\ndate = "+1m"\ncontrol = 1'), "GCS09 always sets"),
        (step('at = "+1m"\ndo = "clock"\nto = "gsme"'), "say status or step"),
        (step('at = "+1m"\ndo = "command"\nto = "ihd"\nuse_case = "CCS07"'), "command goes to"),
        (step('at = "+1m"\ndo = "command"\nto = "chf"\nuse_case = "CCS07"\nfrom = "me"'), "step 1 (command): from"),
        (step('at = "+1m"\ndo = "command"\nto = "chf"\nuse_case = "CCS07"\npayload = "0"'), "step 1 (command): payload"),
        (step('at = "+1m"\ndo = "join"\ndevice = "01"'), "step 1 (join): device"),
        (step('at = "+1m"\ndo = "clock"\nto = "gsme"\nstatus = "good"'), "step 1 (clock): status: "),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    assert said in complaint(text)


def test_an_unknown_use_case_is_named_when_planned() -> None:
    loaded = scenario.parse(step('at = "+1m"\ndo = "read"\nuse_case = "GCS99"'), "my.toml")

    with pytest.raises(UsageError, match="step 1 \\(read\\): 'GCS99' is no use case"):
        make(loaded)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file"):
        scenario.load(str(tmp_path / "none.toml"))
    with pytest.raises(UsageError, match="november-2022"):
        scenario.load("november")


@pytest.mark.parametrize(
    ("text", "seconds"), [("2d", 172800), ("90m", 5400), ("10:17:00", 37020), ("1d10:17", 123420), ("0s", 0)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "d2", "1:2:3:4", "-1d", None, 5])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


def test_offsets_count_from_their_origin() -> None:
    origin = moment("2022-11-03T10:00:00Z")

    assert moment_or_offset("+1d10:17:00", origin) == moment("2022-11-04T20:17:00Z")
    assert moment_or_offset("-10d", origin) == moment("2022-10-24T10:00:00Z")


def test_milliseconds_survive_being_written() -> None:
    for value in (0, 720_957_600_001, 720_957_600_999):
        assert milliseconds_of(milliseconds_text(value)) == value


def test_steps_are_planned_in_order_of_time() -> None:
    text = step('at = "+30m"\ndo = "power"\nto = "ihd"\non = false\n') + '[[step]]\nat = "+10m"\ndo = "load"\nwatts = 5\n'

    plan = make(scenario.parse(text, "my.toml"))

    assert [(entry[0], entry[2]) for entry in plan.document["steps"]] == [(600_000, "load"), (1_800_000, "power")]
    assert [order.content["verb"] for order in plan.orders] == ["load", "power"]


def test_the_seed_makes_the_keys() -> None:
    loaded = scenario.parse(HEADING, "my.toml")
    parties = [make(loaded, seed).document["devices"]["hub"]["parties"] for seed in (1, 1, 2)]

    assert parties[0] == parties[1]
    assert parties[0] != parties[2]


COMMAND = 'at = "+1m"\ndo = "command"\nto = "chf"\n'


def sent(text: str, seed: int | None = None) -> envelope.Message:
    """The message that a scenario's first step is."""
    plan = make(scenario.parse(step(text), "my.toml"), seed)
    return envelope.decode(bytes.fromhex(plan.document["steps"][0][3]["octets"]))


def test_a_command_comes_from_whoever_may_send_it() -> None:
    message = sent(COMMAND + 'use_case = "CCS07"')
    keys = make(scenario.parse(step(COMMAND + 'use_case = "CCS07"'), "my.toml")).wan.keys
    assert keys.role(message.originator) == "access control broker"
    with pytest.raises(UsageError, match="CCS07 is nothing a supplier has for the chf"):
        sent(COMMAND + 'use_case = "CCS07"\nfrom = "supplier"')


def test_a_spoilt_command_is_wrong_in_its_last_octet_alone() -> None:
    good, spoilt = (envelope.encode(sent(COMMAND + 'use_case = "CCS07"' + more)) for more in ("", "\nspoilt = true"))
    assert good[:-1] == spoilt[:-1]
    assert good[-1] != spoilt[-1]


def test_a_ready_payload_is_sent_as_it_is() -> None:
    assert sent(COMMAND + 'use_case = "CCS07"\npayload = "0102"').payload == b"\x01\x02"


def test_install_codes_are_not_in_what_a_trace_tells() -> None:
    code = "00112233445566778899aabbccddeeff"
    fields = 'fields = { device = "0102030405060708", install_code = "%s", device_type = 128 }' % code
    plan = make(scenario.parse(step(COMMAND + 'use_case = "CCS01"\n' + fields), "my.toml"))
    assert code not in str(plan.orders)
    asked = step('at = "+1m"\ndo = "join"\ndevice = "0102030405060708"\ninstall_code = "%s"' % code)
    joins = make(scenario.parse(asked, "my.toml"))
    assert joins.document["steps"][0][3]["install_code"] == code
    assert code not in str(joins.orders)


def test_keys_and_certificates_come_out_of_the_seed() -> None:
    trusts = [
        make(scenario.parse(step(COMMAND + 'use_case = "CCS07"'), "my.toml"), seed).document["devices"]["hub"]["trust"]
        for seed in (1, 1, 2)
    ]
    assert trusts[0] == trusts[1] != trusts[2]
    assert set(trusts[0]) == {"chf", "gpf"}
