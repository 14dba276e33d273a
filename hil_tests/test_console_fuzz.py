# SPDX-License-Identifier: GPL-3.0-or-later
"""Random, damaged, cut and senseless lines to the console of a board: it answers the next good request."""

import json
from random import Random

import pytest
from han.node.console import LONGEST, checked
from hanref.hil.service import MicroPythonDut

VERBS = ("version", "identity", "state", "poll", "events", "radio", "do", "gbcs", "time", "nothing", "health")
INPUTS = ("load", "voltage", "clock", "power", "change_of_tenancy", "voltage_period", "no_such_input", "")
ASK_AFTER = 100  # lines
SEED = 20221103


def a_value(random: Random, depth: int = 0) -> object:
    """Anything that JSON can say."""
    kind = random.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return random.choice([0, 1, -1, 255, 65536, 2**31, -(2**40)])
    if kind == 2:
        return random.choice([True, False, None])
    if kind == 3:
        return random.random() * 1e6
    if kind < 6:
        return "".join(random.choice('a"\\é{}*#0f') for _ in range(random.randrange(8)))
    if kind == 6:
        return [a_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {str(a_value(random, 3)): a_value(random, depth + 1) for _ in range(random.randrange(4))}


def a_request(random: Random) -> bytes:
    """A whole request, mostly with arguments that make no sense."""
    verb = random.choice(VERBS)
    arguments: object = {}
    if verb == "do":
        arguments = {"role": random.choice(["esme", "ihd", ""]), "verb": random.choice(INPUTS), "arguments": a_value(random)}
    elif verb != "time":  # a time of a million years ahead is a request like any other, and would be carried out
        arguments = random.choice([{}, a_value(random), {"octets": a_value(random), "role": a_value(random)}])
    return checked("#%d %s %s" % (random.randrange(10**9), verb, json.dumps(arguments))).encode()


def a_line(random: Random) -> bytes:
    """A line with its end, and without Ctrl-C: that ends the firmware, as it should."""
    kind = random.randrange(20)
    if kind < 6:
        line = random.randbytes(random.randrange(80))
    elif kind < 10:
        line = a_request(random)[: random.randrange(40)]
    elif kind < 15:
        damaged = bytearray(a_request(random))
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
        line = bytes(damaged)
    elif kind < 19:
        line = a_request(random)
    else:
        line = b"#1 " + random.choice([b"x", b"#", b"\xff"]) * random.randrange(100, LONGEST // 8)
        if random.randrange(20) == 0:
            line *= 10
    return line.replace(b"\x03", b"").replace(b"\n", b"") + b"\n"


def fuzz(dut: MicroPythonDut, lines: int) -> None:
    random = Random(SEED)
    dut.start()
    dut.request("time", step=720_000_000)
    served = 0
    for number in range(lines):
        dut.link.write(a_line(random))
        if number % ASK_AFTER == ASK_AFTER - 1:
            version = dut.request("version")
            assert version["role"] == "esme", f"after {number + 1} lines of seed {SEED}"
            served += 1
    health = dut.request("health")
    counts = health["console"]
    assert served == lines // ASK_AFTER
    assert counts["damaged"] > lines // 10
    assert counts["garbage"] > lines // 10
    assert health["heap_free"] > 50_000


@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_console_is_fuzzed(dut: MicroPythonDut) -> None:
    fuzz(dut, 5_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("app_path", ["hanref:esme"], indirect=True)
def test_console_is_fuzzed_for_long(dut: MicroPythonDut) -> None:
    fuzz(dut, 100_000)
