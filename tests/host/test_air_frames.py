# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames both ways: against published values, against tshark, and each against its own inverse."""

import json
import os
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hanref.air import capture, frames, hashes
from hanref.air.dissector import DAMAGED, NO_LINK_KEY, NO_NETWORK_KEY, Dissector, open_capture
from hanref.air.frames import ApsFrame, ApsType, FrameError, MacFrame, MacType, NetworkFrame, NetworkType
from hanref.air.keys import InstallCode, Keys, LinkKey
from hanref.air.network import BROADCAST, Network
from hanref.air.security import Auxiliary, KeyKind, decode_auxiliary, protect, unprotect
from hanref.air.tap import Tap
from hanref.errors import UsageError
from hypothesis import given, settings
from hypothesis import strategies as st
from tshark import dissect, needs_tshark

HUB = bytes.fromhex("00db12345678a001")
DISPLAY = bytes.fromhex("00db12345678a002")
METER = bytes.fromhex("00db12345678a003")
SHORTS = {HUB: 0, DISPLAY: 0x1234, METER: 0xBEEF}
LINK_TYPES = sorted(capture.LINK_TYPES)

shorts = st.integers(0, 0xFFFF)
octet = st.integers(0, 0xFF)
identities = st.binary(min_size=8, max_size=8)
payloads = st.binary(max_size=80)


def vectors(name: str) -> dict[str, list[dict[str, object]]]:
    folder = os.environ.get("HANREF_VECTORS")
    if not folder:
        pytest.skip("HANREF_VECTORS is not set, so the published values cannot be compared")
    return json.loads((Path(folder) / name).read_text())


def octets_of(text: str) -> bytes:
    if text.startswith("octets 00 01 02"):
        return bytes(index & 0xFF for index in range(int(text.split()[-2])))
    return bytes.fromhex(text)


def test_published_hashes():
    table = vectors("zse-primitives.json")
    for row in table["aes_mmo"]:
        assert hashes.aes_mmo(octets_of(row["message"])).hex() == row["digest"]
    for row in table["hmac_aes_mmo"]:
        assert hashes.hmac_aes_mmo(bytes.fromhex(row["key"]), bytes.fromhex(row["message"])).hex() == row["mac"]
    by_input = {"00": hashes.key_transport_key, "02": hashes.key_load_key, "03": hashes.verify_key_hash}
    for row in table["specialised_keyed_hash"]:
        assert by_input[row["input"]](bytes.fromhex(row["key"])).hex() == row["mac"]
    for row in table["ccm_star"]:
        cipher = AESCCM(bytes.fromhex(row["key"]), row["mic_octets"])
        output = cipher.encrypt(*(bytes.fromhex(row[part]) for part in ("nonce", "m", "a")))
        assert output.hex() == row["output"]


def test_published_install_codes():
    for row in vectors("zse-installcode.json")["vectors"]:
        code, whole = bytes.fromhex(row["code"]), bytes.fromhex(row["code_with_crc"])
        assert hashes.install_code_with_crc(code) == whole
        assert hashes.install_code_with_crc(whole) == whole
        assert hashes.install_code_key(code).hex() == row["link_key"]
        if len(whole) == 8:
            continue  # with a wrong CRC this is a code of eight octets
        with pytest.raises(UsageError, match="install code"):
            hashes.install_code_with_crc(whole[:-1] + bytes((whole[-1] ^ 1,)))


def test_published_frames():
    """Every frame decodes to its APS payload and encodes back; the secured ones open under the keys given there."""
    for row in vectors("zse-frames.json")["frames"]:
        octets = bytes.fromhex(row["mac"])
        assert hashes.frame_check_sequence(octets).hex() == row["fcs"]
        mac = frames.decode_mac(octets)
        assert mac.payload.hex() == row["nwk"]
        network = frames.decode_network(mac.payload)
        assert mac.encode() == octets
        assert network.encode() == mac.payload
        keys = Keys()
        for layer, known in (("nwk_security", keys.network_keys), ("aps_security", keys.link_keys)):
            if layer in row:
                key = bytes.fromhex(row[layer]["key"])
                known.append(key if layer == "nwk_security" else LinkKey(key))
        dissected = Dissector(keys).packet(capture.Packet(1, 0, capture.IEEE802_15_4_NO_FCS, octets))
        assert dissected.reason is None
        assert dissected.payload is not None and dissected.payload.hex() == row["zcl"]
        aps = dissected.aps
        assert aps is not None and aps.cluster == int(row["cluster"], 16)
        assert aps.secured == ("aps_security" in row)
        assert aps.encode().hex() == row["aps"]


@given(
    kind=st.sampled_from([MacType.BEACON, MacType.DATA, MacType.COMMAND]),
    sequence=octet,
    pan=shorts,
    destination=st.one_of(st.none(), shorts, identities),
    source=st.one_of(st.none(), shorts, identities),
    payload=payloads,
    acknowledge=st.booleans(),
    pending=st.booleans(),
    other=st.one_of(st.none(), shorts),
)
def test_mac_frames(kind, sequence, pan, destination, source, payload, acknowledge, pending, other):
    if destination is None:
        pan = None
    if source is None:
        other = None
    elif destination is None and other is None:
        other = 0x1111
    frame = MacFrame(kind, sequence, pan, destination, source, payload, acknowledge, pending, other)
    assert frames.decode_mac(frame.encode()) == frame


@given(
    kind=st.sampled_from([NetworkType.DATA, NetworkType.COMMAND]),
    addresses=st.tuples(shorts, shorts),
    sequence=octet,
    payload=payloads,
    radius=octet,
    secured=st.booleans(),
    discover=st.integers(0, 3),
    sent_identities=st.tuples(st.one_of(st.none(), identities), st.one_of(st.none(), identities)),
    route=st.one_of(st.none(), st.lists(shorts, max_size=5).map(tuple)),
    initiator=st.booleans(),
)
def test_network_frames(
    kind, addresses, sequence, payload, radius, secured, discover, sent_identities, route, initiator
):
    index = len(route) - 1 if route else 0
    frame = NetworkFrame(
        kind, *addresses, sequence, payload, radius, secured, discover, *sent_identities, route, index, initiator
    )
    assert frames.decode_network(frame.encode()) == frame


@given(
    counter=octet,
    payload=payloads,
    endpoints=st.tuples(octet, octet),
    cluster=shorts,
    profile=shorts,
    group=st.one_of(st.none(), shorts),
    secured=st.booleans(),
    acknowledge=st.booleans(),
    part=st.one_of(st.none(), st.tuples(st.just(0), st.integers(1, 40)), st.tuples(st.integers(1, 40), st.none())),
    acknowledgement=st.booleans(),
)
def test_aps_frames(counter, payload, endpoints, cluster, profile, group, secured, acknowledge, part, acknowledgement):
    frame = ApsFrame(
        ApsType.ACKNOWLEDGEMENT if acknowledgement else ApsType.DATA,
        counter,
        payload,
        frames.Delivery.UNICAST if group is None else frames.Delivery.GROUP,
        endpoints[0] if group is None else None,
        group,
        cluster,
        profile,
        endpoints[1],
        secured,
        acknowledge,
    )
    if part is not None:
        frame.fragment, frame.fragments = part
        if acknowledgement:
            frame.received_blocks = 0xFE
    assert frames.decode_aps(frame.encode()) == frame


@given(counter=octet, payload=payloads, secured=st.booleans())
def test_aps_commands(counter, payload, secured):
    frame = ApsFrame(ApsType.COMMAND, counter, payload, profile=None, secured=secured)
    assert frames.decode_aps(frame.encode()) == frame


@given(
    kind=st.sampled_from(list(KeyKind)),
    counter=st.integers(0, 0xFFFFFFFF),
    source=identities,
    sent=st.booleans(),
    header=payloads,
    payload=payloads,
    key=st.binary(min_size=16, max_size=16),
    damage=st.integers(0),
)
def test_protection(kind, counter, source, sent, header, payload, key, damage):
    sequence = 3 if kind == KeyKind.NETWORK else None
    auxiliary = Auxiliary(kind, counter, source if sent else None, sequence)
    octets = protect(key, header, auxiliary, payload, source)
    read, at = decode_auxiliary(octets)
    assert read == auxiliary
    assert unprotect(key, header, read, octets[at:], source) == payload
    broken = bytearray(octets[at:])
    broken[damage % len(broken)] ^= 1 + damage % 255
    assert unprotect(key, header, read, bytes(broken), source) is None


@settings(max_examples=300)
@given(octets=st.binary(max_size=140), link_type=st.sampled_from(LINK_TYPES))
def test_random_octets_have_a_reason_or_are_a_frame(octets, link_type):
    dissector = Dissector(Keys(network_keys=[bytes(16)]))
    dissected = dissector.packet(capture.Packet(1, 0, link_type, octets))
    assert dissected.reason is not None or dissected.mac is not None
    assert dissected.payload is None or dissected.network is not None


@pytest.mark.parametrize("link_type", LINK_TYPES)
@needs_tshark
def test_link_types(tmp_path, link_type):
    """Our own capture in every link type: read back the same, and read by tshark with a right FCS."""
    path = tmp_path / "air.pcapng"
    frame = MacFrame(MacType.DATA, 1, 0x2F4E, 0, 0x1234, payload_of_read(), acknowledge=True).encode()
    with capture.Writer(path, link_type) as writer:
        writer.packet(1_700_000_000_123_456, frames.link_frame(frame, link_type))
    (packet,) = capture.read(path)
    assert (packet.number, packet.time, packet.link_type) == (1, 1_700_000_000_123_456, link_type)
    assert frames.unlink_frame(packet.octets, link_type) == (frame, True)
    (seen,) = dissect(path, Keys(), "wpan.fcs_ok", "frame.time_epoch")
    assert "zbee_zcl" in seen["frame.protocols"][0] and seen["_ws.malformed"] == []
    assert seen["frame.time_epoch"] == ["1700000000.123456000"]
    if link_type != capture.IEEE802_15_4_NO_FCS:
        assert seen["wpan.fcs_ok"] == ["1"]


def payload_of_read() -> bytes:
    aps = ApsFrame(ApsType.DATA, 1, b"\x00\x21\x00\x00\x00", 0, 1, cluster=0x0702, source_endpoint=1)
    return NetworkFrame(NetworkType.DATA, 0, 0x1234, 5, aps.encode()).encode()


@settings(max_examples=30)
@given(
    messages=st.lists(
        st.tuples(
            st.sampled_from([(HUB, DISPLAY), (DISPLAY, METER), (METER, HUB), (HUB, BROADCAST)]),
            octet,
            octet,
            shorts,
            st.binary(min_size=1, max_size=400),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_what_the_tap_writes_the_dissector_reads(tmp_path_factory, messages):
    path = tmp_path_factory.mktemp("tap") / "air.pcapng"
    network = Network(3, SHORTS)
    sent = []
    with Tap(path, network) as tap:
        for (source, destination), *endpoints, cluster, payload, secured in messages:
            payload = payload[:80] if destination == BROADCAST else payload
            tap.frame(0, source, destination, *endpoints, cluster, payload, secured)
            to = None if destination == BROADCAST else destination
            sent.append((source, to, *endpoints, cluster, payload, secured and to is not None))
    read = []
    for packet in Dissector(Keys.of(network)).packets(capture.read(path)):
        if packet.payload is not None:
            aps = packet.aps
            ends = (aps.source_endpoint, aps.destination_endpoint, aps.cluster)
            read.append((packet.source, packet.destination, *ends, packet.payload, packet.secured))
    assert read == sent


def written(tmp_path: Path) -> tuple[Path, Network]:
    path = tmp_path / "air.pcapng"
    network = Network(4, SHORTS)
    with Tap(path, network) as tap:
        tap.frame(0, METER, DISPLAY, 1, 1, 0x0702, b"\x00\x01\x00", True)
        tap.frame(1, DISPLAY, METER, 1, 1, 0x0702, b"\x18\x01\x01", False)
    return path, network


def test_a_missing_link_key_closes_one_message_only(tmp_path):
    path, network = written(tmp_path)
    one, other = Dissector(Keys(network_keys=[network.network_key])).packets(capture.read(path))
    assert (one.reason, one.source, one.destination, one.payload) == (NO_LINK_KEY, METER, None, None)
    assert (other.reason, other.source, other.destination, other.payload) == (None, DISPLAY, METER, b"\x18\x01\x01")


def test_a_wrong_network_key_opens_nothing(tmp_path):
    path, _ = written(tmp_path)
    assert {packet.reason for packet in Dissector(Keys()).packets(capture.read(path))} == {NO_NETWORK_KEY}
    with pytest.raises(UsageError, match="none of 2 Zigbee frames could be opened"):
        list(open_capture(capture.read(path), Keys(network_keys=[bytes(16)])))


def test_a_wrong_check_sequence_is_told_apart_from_a_sniffer_that_writes_none(tmp_path):
    path, network = written(tmp_path)
    packet = next(capture.read(path))
    strength = packet._replace(octets=packet.octets[:-2] + b"\xc8\xff")
    damaged = packet._replace(octets=packet.octets[:40] + b"\x00" + packet.octets[41:])
    unsecured = packet._replace(octets=MacFrame(1, 1, 1, 2, 3, payload_of_read()).encode() + b"\x00\x00")
    dissector = Dissector(Keys.of(network))
    assert dissector.packet(strength).payload == b"\x00\x01\x00"
    assert dissector.packet(damaged).reason == DAMAGED
    assert dissector.packet(unsecured).reason == DAMAGED
    assert dissector.counts == {DAMAGED: 2}


def test_retries_and_relays_are_marked(tmp_path):
    path, network = written(tmp_path)
    packets = list(capture.read(path))
    dissector = Dissector(Keys.of(network))
    again = packets[0]._replace(time=packets[0].time + 50_000)
    later = packets[0]._replace(time=packets[0].time + 60_000_000)
    assert [dissector.packet(packet).repeated for packet in (packets[0], again, packets[1], later)] == [
        False,
        True,
        False,
        False,
    ]


def test_keys_from_the_capture(tmp_path):
    """A network key sent under an install code's key opens what follows, and so does a partner link key."""
    code = hashes.install_code_with_crc(METER * 2)
    network = Network(5, SHORTS)
    link_key = network.link_key(METER, DISPLAY)
    preconfigured = hashes.install_code_key(code)
    transported = b"\x05\x01" + network.network_key + b"\x00" + METER[::-1] + HUB[::-1]
    partner = b"\x05\x03" + link_key + DISPLAY[::-1] + b"\x01"
    tap_path = tmp_path / "tap.pcapng"
    with Tap(tap_path, network) as tap:
        tap.frame(3, METER, DISPLAY, 1, 1, 0x0702, b"\x00\x01\x00", True)
    path = tmp_path / "join.pcapng"
    with capture.Writer(path) as writer:
        for kind, derived, command in (
            (KeyKind.KEY_TRANSPORT, hashes.key_transport_key(preconfigured), transported),
            (KeyKind.KEY_LOAD, hashes.key_load_key(preconfigured), partner),
        ):
            aps = ApsFrame(ApsType.COMMAND, 1, b"", profile=None, secured=True)
            aps.payload = protect(derived, aps.header(), Auxiliary(kind, 1, HUB), command, HUB)
            plain = NetworkFrame(NetworkType.DATA, 0xBEEF, 0, 1, aps.encode(), destination_identity=METER)
            frame = MacFrame(MacType.DATA, 1, network.pan_id, 0xBEEF, 0, plain.encode(), acknowledge=True)
            writer.packet(1, frames.with_fcs(frame.encode()))
        for packet in capture.read(tap_path):
            writer.packet(packet.time, packet.octets)
    keys = Keys(install_codes=[InstallCode(code, METER)])
    *joining, data = Dissector(keys).packets(capture.read(path))
    assert [packet.reason for packet in joining] == [None, None]
    assert data.payload == b"\x00\x01\x00"
    assert keys.network_keys == [network.network_key]
    assert keys.link_keys == [LinkKey(link_key, (METER, DISPLAY))]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\x61", "2 octets|1 octets"),
        (b"\x09\x00\x00", "MAC security"),
        (b"\x01\x20\x00", "version 2"),
        (b"\x61\x88\x00\x01\x02", "inside its addresses"),
        (b"\x41\x84\x00\x01\x02\x03\x04\x05", "mode 1"),
    ],
)
def test_what_is_no_frame_says_why(octets, words):
    with pytest.raises(FrameError, match=words):
        frames.decode_mac(octets)


def test_captures_that_are_none(tmp_path):
    path = tmp_path / "file"
    for content, words in (
        (b"", "is empty"),
        (os.urandom(3) + b"hello", "neither pcap nor pcapng"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "ends inside the file header"),
        (b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00", "no byte order"),
    ):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=words) as caught:
            list(capture.read(path))
        assert str(path) in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        list(capture.read(tmp_path / "none"))
    assert not capture.is_capture(path.with_name("none"))


@settings(max_examples=200)
@given(cut=st.integers(0, 1000), change=st.one_of(st.none(), st.tuples(st.integers(0, 1000), octet)))
def test_a_damaged_capture_is_one_line(tmp_path_factory, cut, change):
    folder = tmp_path_factory.mktemp("cut")
    path, _ = written(folder)
    octets = bytearray(path.read_bytes())
    if change is not None:
        octets[change[0] % len(octets)] = change[1]
    path.write_bytes(octets[: len(octets) - cut % len(octets)])
    problem = ""
    packets: list[capture.Packet] = []
    try:
        packets = list(capture.read(path))
    except UsageError as error:
        problem = str(error)
    assert len(packets) <= 2
    assert not problem or (str(path) in problem and "\n" not in problem)


def test_old_pcap_and_both_byte_orders(tmp_path):
    path = tmp_path / "old.pcap"
    for order, magic, scale in (("<", 0xA1B2C3D4, 1), (">", 0xA1B2C3D4, 1), ("<", 0xA1B23C4D, 1000)):
        head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 195)
        record = struct.pack(order + "IIII", 1000, 250_000 * scale, 3, 3) + b"abc"
        path.write_bytes(head + record * 2)
        assert list(capture.read(path))[1] == capture.Packet(2, 1_000_250_000, 195, b"abc")
    big = struct.pack(">IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    big += struct.pack(">IIHHIHHB3xHHqHHI", 1, 44, 230, 0, 0, 9, 1, 3, 14, 8, 5, 0, 0, 44)
    big += struct.pack(">IIIIIII4sI", 6, 36, 0, 0, 2500, 4, 4, b"abcd", 36)
    path.write_bytes(big + struct.pack(">IIII", 99, 16, 0, 16))
    assert list(capture.read(path)) == [capture.Packet(1, 7_500_000, 230, b"abcd")]
