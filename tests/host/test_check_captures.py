# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref check` on captures and GBCS logs: the same verdicts as from the bench's trace, and one line for bad input."""

import json
import random
import struct
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hanref.air import capture
from hanref.air.frames import unlink_frame
from hanref.air.keys import Keys
from hanref.errors import UsageError
from hanref.importer import given, read_all
from hanref.importer.who import Seen, find
from hanref.requirements import judge
from hanref.trace import Trace
from hanref.trace.frames_kept import Shape
from short_run import short_run, verdicts

# What a capture on the HAN shows as well as the bench does.
SHOWN_ON_THE_AIR = ["REQ-0056-1", "REQ-0056-2", "REQ-0056-3", "REQ-0056-4", "REQ-0056-7", "REQ-0056-11"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return short_run(tmp_path_factory.mktemp("runs") / "short")


@pytest.fixture(scope="module")
def from_air(run):
    """The trace and the verdicts of the whole capture."""
    return judged([run / "air.pcapng"], [run / "keys.toml"])


def judged(paths, keys=(), **options):
    trace = read_all([Path(path) for path in paths], given(files=keys, **options))
    return trace, {verdict.id: verdict for verdict in judge(trace)}


def rewritten(source, target, link_type=195, change=lambda octets: octets):
    with capture.Writer(target, link_type) as writer:
        for packet in capture.read(source):
            octets = change(packet.octets)
            if octets is not None:
                writer.packet(packet.time, octets)
    return target


def check(*arguments):
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_capture_gets_the_verdicts_of_the_trace(run, from_air):
    trace, found = from_air

    expected = verdicts(run)
    assert {id: found[id].verdict for id in SHOWN_ON_THE_AIR} == {id: expected[id] for id in SHOWN_ON_THE_AIR}
    assert {expected[id] for id in SHOWN_ON_THE_AIR} == {"pass"}
    assert not trace.complete


def test_frames_and_names_are_those_of_the_trace(run, from_air):
    from_air, _ = from_air
    from_bench = Trace.read(run / "trace.jsonl")

    names = ("source", "destination", "cluster", "command", "sequence", "octets", "packet")
    seen = [[event.as_dict().get(name) for name in names] + [event.milliseconds] for event in from_air.of("zcl")]
    said = [[event.as_dict().get(name) for name in names] + [event.milliseconds] for event in from_bench.of("zcl")]
    assert seen == said
    contents = [dict(event.content) for event in from_air.of("zcl", command="read_attributes_response")]
    assert contents == [dict(event.content) for event in from_bench.of("zcl", command="read_attributes_response")]


def test_what_a_capture_cannot_show_is_not_run_with_a_reason(from_air):
    _, found = from_air

    for id in ("REQ-085A-1", "REQ-0056-13", "REQ-0015-1", "REQ-0056-5"):
        assert found[id].verdict == "not run" and found[id].reason, id


def test_a_gbcs_log_beside_the_capture_adds_its_verdicts(run, tmp_path):
    log = tmp_path / "wan.log"
    events = Trace.read(run / "trace.jsonl").of("gbcs")
    log.write_text("# what the WAN saw\n\n" + "".join("%s %s\n" % (event.time, event.get("octets")) for event in events))

    _, found = judged([run / "air.pcapng", log], [run / "keys.toml"])

    expected = verdicts(run)
    for id in ("REQ-0015-1", "REQ-0015-3", "REQ-0015-7", "REQ-0056-5"):
        assert found[id].verdict == expected[id] == "pass", id


def test_a_log_without_times_is_judged_alone(run, tmp_path):
    log = tmp_path / "wan.log"
    log.write_text("".join("%s\n" % event.get("octets") for event in Trace.read(run / "trace.jsonl").of("gbcs")))

    _, found = judged([log])

    assert found["REQ-0015-1"].verdict == found["REQ-0015-3"].verdict == "pass"


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_the_frames_missing_gives_no_false_defect(run, tmp_path, seed):
    chance = random.Random(seed)
    target = rewritten(run / "air.pcapng", tmp_path / "lost.pcapng", change=lambda o: o if chance.random() > 0.1 else None)

    _, found = judged([target], [run / "keys.toml"])

    assert {verdict.verdict for verdict in found.values()} <= {"pass", "not run"}
    assert found["REQ-0056-1"].verdict == "pass"


def test_a_tenth_of_the_frames_cut_short_gives_no_false_defect(run, tmp_path):
    chance = random.Random(7)
    cut = lambda octets: octets if chance.random() > 0.1 else octets[: chance.randrange(len(octets))]  # noqa: E731
    target = rewritten(run / "air.pcapng", tmp_path / "cut.pcapng", change=cut)

    trace, found = judged([target], [run / "keys.toml"])

    assert {verdict.verdict for verdict in found.values()} <= {"pass", "not run"}
    assert sum(trace.header["capture"]["not opened"].values()) > 100


@pytest.mark.parametrize(
    ("link_type", "change"),
    [
        (230, lambda octets: octets[:-2]),
        (215, lambda octets: b"\0\0\0\0\xa7" + bytes((len(octets),)) + octets),
        (283, lambda octets: struct.pack("<BBHHHI", 0, 0, 12, 0, 1, 1) + octets),
    ],
)
def test_every_link_type_gives_the_same_frames(run, tmp_path, link_type, change):
    target = rewritten(run / "air.pcapng", tmp_path / "other.pcapng", link_type, change)
    first = next(iter(capture.read(target)))
    assert unlink_frame(first.octets, link_type)[1]

    trace, found = judged([target], [run / "keys.toml"])

    assert len(trace.of("zcl")) == len(Trace.read(run / "trace.jsonl").of("zcl"))
    assert found["REQ-0056-11"].verdict == "pass"


def test_keys_on_the_command_line_open_it_too(run):
    keys = Keys.read(run / "keys.toml")
    all_keys = [key.hex() for key in keys.network_keys] + [link.key.hex() for link in keys.link_keys]

    trace = read_all([run / "air.pcapng"], given(keys=all_keys))

    from_bench = Trace.read(run / "trace.jsonl")
    ends = [(event.source, event.destination) for event in trace.of("zcl")]
    assert ends == [(event.source, event.destination) for event in from_bench.of("zcl")]  # found out who is who


def test_the_keys_of_a_run_tell_who_is_who(run):
    keys = Keys.read(run / "keys.toml")
    devices = Trace.read(run / "trace.jsonl").header["devices"]
    assert keys.roles[bytes.fromhex(devices["ihd"]["identity"])] == "ihd"
    assert keys.roles[bytes.fromhex(devices["gpf"]["identity"])] == "hub"


def test_a_role_in_the_keys_that_is_none(run, tmp_path):
    text = (run / "keys.toml").read_text().replace('role = "ihd"', 'role = "toaster"')
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(UsageError, match=r"keys.toml: node\[\d\].role: one of hub"):
        Keys.read(tmp_path / "keys.toml")


def test_roles_can_be_told(run):
    identity = Trace.read(run / "trace.jsonl").header["devices"]["ihd"]["identity"]

    trace, found = judged([run / "air.pcapng"], [run / "keys.toml"], roles=[identity + "=ppmid"])

    assert trace.devices("ppmid") == ["ppmid"] and not trace.devices("ihd")
    assert found["REQ-0056-12"].verdict == "pass"


def shape(source, destination, cluster, command, direction="client_to_server"):
    return Shape(source, destination, cluster, command, direction, "cluster", 1, 1, True)


def test_a_display_with_a_tunnel_is_a_ppmid():
    hub, meter, display, other = "0" * 16, "1" * 16, "2" * 16, "3" * 16
    seen = {hub: Seen(hub, 0)}
    shapes = [
        shape(meter, display, "0702", "read_attributes_response", "server_to_client"),
        shape(display, meter, "0702", "read_attributes"),
        shape(other, meter, "0702", "read_attributes"),
        shape(hub, display, "0704", "request_tunnel"),
        shape(hub, meter, "0704", "request_tunnel"),
    ]

    who = find(seen, [(each, 10) for each in shapes], {})

    assert who.roles == {hub: "hub", meter: "esme", display: "ppmid", other: "ihd"}


def test_two_displays_get_two_names(run, tmp_path):
    identities = {name: entry["identity"] for name, entry in Trace.read(run / "trace.jsonl").header["devices"].items()}

    trace, _ = judged([run / "air.pcapng"], [run / "keys.toml"], roles=[identities["gsme"] + "=ihd"])

    assert trace.devices("ihd") == ["ihd", "ihd.2"]


def test_a_trace_and_a_capture_are_numbered_as_one_row(run):
    trace, _ = judged([run / "air.pcapng", run / "trace.jsonl"], [run / "keys.toml"])

    events = list(trace.events)
    assert [event.n for event in events] == list(range(1, len(events) + 1))
    assert all(first.milliseconds <= second.milliseconds for first, second in pairwise(events))
    assert trace.event(len(events)) == trace.events[-1]


@pytest.fixture(scope="module")
def bad_inputs(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    (folder / "random").write_bytes(random.Random(3).randbytes(5000))
    (folder / "empty").write_bytes(b"")
    (folder / "truncated.pcapng").write_bytes((run / "air.pcapng").read_bytes()[:50_001])
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    (folder / "ethernet.pcap").write_bytes(header + struct.pack("<IIII", 1, 0, 60, 60) + bytes(60))
    (folder / "no-packet.pcap").write_bytes(header)
    (folder / "words.log").write_text("2022-11-03T10:00:00Z DD00\n")
    return folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("random", "is neither a trace, nor a capture"),
        ("empty", "the file is empty"),
        ("truncated.pcapng", "ends inside a block"),
        ("ethernet.pcap", "link type 1, which is another protocol"),
        ("no-packet.pcap", "holds no packet"),
        ("words.log", "line 1: no GBCS message"),
        ("missing", "cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(bad_inputs, name, says):
    done = check(bad_inputs / name)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and name in done.stderr and says in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--key", "00112233445566778899aabbccddeeff"], "can be opened"),
        (["--key", "0011"], "--key: 2 octets, 16 expected"),
        (["--role", "0x1234"], "write ADDRESS=ROLE"),
        (["--role", "0x1234=toaster"], "the role one of hub"),
    ],
)
def test_a_wrong_key_or_role_is_one_line_and_exit_code_2(run, options, says):
    done = check(run / "air.pcapng", *options)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and says in done.stderr
    assert "ddeeff" not in done.stderr


def test_the_network_key_alone_reads_nothing_and_the_link_keys_are_asked_for(run):
    key = tomllib.loads((run / "keys.toml").read_text())["network"]["keys"][0]

    done = check(run / "air.pcapng", "--key", key)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "link keys" in done.stderr
    assert key not in done.stderr


def test_an_address_that_nobody_has_is_said_to_be_mistyped(run):
    with pytest.raises(UsageError, match="nobody has this address; there are"):
        judged([run / "air.pcapng"], [run / "keys.toml"], roles=["0011223344556677=ihd"])


def test_results_are_written(run, tmp_path):
    out = tmp_path / "results"

    done = check(run / "air.pcapng", "--keys", run / "keys.toml", "--previous", run, "--out", out)

    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} >= {"verdicts.json", "junit.xml", "report.html"}
    rows = json.loads((out / "verdicts.json").read_text())
    assert next(row for row in rows if row["id"] == "REQ-0056-1")["verdict"] == "pass"
    assert "Verdicts that are not what they were" in (out / "report.html").read_text()
