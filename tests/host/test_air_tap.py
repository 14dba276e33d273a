# SPDX-License-Identifier: GPL-3.0-or-later
"""The tap: what it writes is a Zigbee capture that an independent program reads to the last octet."""

import stat

import pytest
from hanref.air.keys import InstallCode, Keys, LinkKey
from hanref.air.network import BROADCAST, Network
from hanref.air.tap import Tap
from hanref.errors import BenchError, UsageError
from tshark import dissect, needs_tshark

HUB = bytes.fromhex("00db12345678a001")
DISPLAY = bytes.fromhex("00db12345678a002")
METER = bytes.fromhex("00db12345678a003")
READ = bytes.fromhex("0021000000")
START = 820_454_400_000  # milliseconds, 2026-01-01


def network() -> Network:
    return Network(7, [HUB, DISPLAY, METER])


@needs_tshark
def test_every_frame_reaches_the_cluster_library(tmp_path):
    """Unicasts with and without the link key, a broadcast, and messages of every length up to six fragments."""
    path = tmp_path / "air.pcapng"
    net = network()
    sent = 0
    with Tap(path, net) as tap:
        for secured in (False, True):
            for length in range(0, 420, 7):
                tap.frame(START + sent, METER, DISPLAY, 1, 2, 0x0702, b"\x18\x21\x0a" + record(length), secured)
                sent += 1
        tap.frame(START + sent, HUB, BROADCAST, 1, 0xFF, 0x000A, READ, True)
        sent += 1
        assert tap.frames == sent
    packets = dissect(path, Keys.of(net), "wpan.fcs_ok", "zbee_aps.security", "zbee_zcl.attr.ostr", "frame.len")
    assert all(packet["_ws.malformed"] == [] for packet in packets)
    assert all(packet["wpan.fcs_ok"] == ["1"] for packet in packets)
    assert all(int(packet["frame.len"][0]) <= 127 for packet in packets)
    assert all(packet["frame.protocols"][0].startswith("wpan:zbee_nwk:zbee_aps") for packet in packets)
    read = [packet for packet in packets if "zbee_zcl" in packet["frame.protocols"][0]]
    assert len(read) == sent
    values = [packet["zbee_zcl.attr.ostr"] for packet in read[:-1]]
    lengths = [len(value[0]) if value else 0 for value in values]
    assert max(lengths) >= 2 * 250
    assert {packet["zbee_aps.security"][0] for packet in read[:60]} == {"0"}
    assert {packet["zbee_aps.security"][0] for packet in read[60:-1]} == {"1"}


def record(length: int) -> bytes:
    """Attribute records of octet strings, `length` octets of content at most 250 each."""
    octets = b""
    while length > 0:
        part = min(length, 250)
        octets += b"\x00\x00\x41" + bytes((part,)) + bytes(range(part))
        length -= part
    return octets


@needs_tshark
def test_time_addresses_and_counters(tmp_path):
    path = tmp_path / "air.pcapng"
    net = Network("addresses", {HUB: 0, DISPLAY: 0x1234, METER: 0xBEEF}, pan_id=0x2F4E)
    with Tap(path, net) as tap:
        for turn in range(300):
            tap.frame(START + 1500 * turn, DISPLAY, METER, 5, 6, 0x0708, READ, True)
    packets = dissect(
        path,
        Keys.of(net),
        "frame.time_epoch",
        "wpan.dst_pan",
        "zbee_nwk.src",
        "zbee_nwk.dst",
        "zbee_aps.src",
        "zbee_aps.dst",
        "zbee_aps.cluster",
        "zbee_aps.profile",
        "zbee_aps.counter",
        "zbee.sec.counter",
        "zbee.sec.src64",
    )
    assert len(packets) == 300
    for turn, packet in enumerate(packets):
        assert float(packet["frame.time_epoch"][0]) == pytest.approx(1767139200 + 1.5 * turn, abs=1e-6)
        assert packet["wpan.dst_pan"] == ["0x2f4e"]
        assert packet["zbee_nwk.src"] == ["0x1234"]
        assert packet["zbee_nwk.dst"] == ["0xbeef"]
        assert (packet["zbee_aps.src"], packet["zbee_aps.dst"]) == (["5"], ["6"])
        assert packet["zbee_aps.cluster"] == ["0x0708"]
        assert packet["zbee_aps.profile"] == ["0x0109"]
        assert packet["zbee_aps.counter"] == [str(turn % 256)]
        assert packet["zbee.sec.counter"] == [str(turn), str(turn)]
        assert packet["zbee.sec.src64"][0] == "00:db:12:34:56:78:a0:02"


@needs_tshark
def test_without_its_link_key_a_secured_frame_stays_closed(tmp_path):
    path = tmp_path / "air.pcapng"
    net = network()
    with Tap(path, net) as tap:
        tap.frame(START, METER, DISPLAY, 1, 1, 0x0702, READ, True)
    keys = Keys.of(net)
    keys.link_keys.clear()
    (packet,) = dissect(path, keys, "zbee_sec.encrypted_payload")
    assert "zbee_zcl" not in packet["frame.protocols"][0]
    assert packet["zbee_sec.encrypted_payload"] != []


def test_same_seed_same_file(tmp_path):
    for name in ("one", "two"):
        with Tap(tmp_path / name, network()) as tap:
            tap.frame(START, METER, DISPLAY, 1, 1, 0x0702, READ, True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert Network(8, [HUB]).network_key != network().network_key


def test_what_cannot_be_sent_is_said(tmp_path):
    with Tap(tmp_path / "air.pcapng", network()) as tap:
        with pytest.raises(BenchError, match="not on this network"):
            tap.frame(START, bytes(8), DISPLAY, 1, 1, 0x0702, READ, True)
        with pytest.raises(BenchError, match="cannot go in fragments"):
            tap.frame(START, HUB, BROADCAST, 1, 1, 0x0702, bytes(200), False)
    with pytest.raises(UsageError, match="cannot be written"):
        Tap(tmp_path / "absent" / "air.pcapng", network())


def test_keys_file(tmp_path):
    path = tmp_path / "keys.toml"
    net = network()
    net.link_key(METER, DISPLAY)
    keys = Keys.of(net)
    keys.install_codes = [InstallCode(code_of(METER), METER)]
    keys.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keys.read(path) == keys
    text = path.read_text()
    for line in keys.wireshark_lines():
        assert f"# {line}\n" in text
    keys.link_keys.append(LinkKey(bytes(16)))
    keys.write(path)
    assert Keys.read(path).link_keys[0] == LinkKey(bytes(16))
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.toml"]


def code_of(device: bytes) -> bytes:
    from hanref.air.hashes import install_code_with_crc

    return install_code_with_crc(device * 2)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[network", "no TOML"),
        ('[network]\nkeys = ["00"]', r"network\.keys\[0\]: 1 octets"),
        ('[network]\nkeys = "00"', "network.keys: a list expected"),
        ('[network]\nkeys = ["zz"]', r"network\.keys\[0\]: not hex"),
        ("[network]\npan_id = 70000", "network.pan_id"),
        ("[network]\nkey = 1", "network.key: no field of that name"),
        ('[[link]]\nkey = "00"', r"link\[0\]\.key"),
        ('[[link]]\ndevices = ["00"]', r"link\[0\]\.devices\[0\]"),
        ("link = 3", "link: a list expected"),
        ("link = [3]", r"link\[0\]: a table expected"),
        ("network = 3", "network: a table expected"),
        ('[[install_code]]\ncode = "83fed3407a939723a5c639b26916d5050000"', r"install_code\[0\]\.code: .*wrong CRC"),
        ('[[node]]\ndevice = "00db12345678a001"\naddress = "x"', r"node\[0\]\.address"),
    ],
)
def test_a_wrong_keys_file_names_its_field(tmp_path, text, field):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=field) as caught:
        Keys.read(path)
    assert str(path) in str(caught.value)


def test_a_missing_keys_file_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        Keys.read(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="cannot be written"):
        Keys().write(tmp_path / "none" / "keys.toml")
