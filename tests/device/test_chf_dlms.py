# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub's device logs over the WAN: CCS01 to CCS07, and the alert CS14 (REQ-CHF-4 to 7)."""

from dlms_wan import ALL_PARTIES, HUB, NULL, Wan, act, get, put
from gas_supplier import BROKER
from han.crypto import mmo
from han.gbcs import axdr, cosem_time, dlms, envelope
from han.gbcs import cosem_places as places
from simulated import IDENTITIES, Han

MICROPYTHON_HEAP = "64M"
QUIET = {"electricity_poll": 3600, "gas_poll": 86400, "history_poll": 86400}
ADD, REMOVE, ACTIVE, READ = 0x0001, 0x0002, 0x010F, 0x00FE
NEW = bytes(7) + b"\x77"
INSTALL_CODE = bytes(range(16))
TYPE_IHD = 128


def with_hub():
    han = Han(hub={"parties": ALL_PARTIES}, ihd=QUIET)
    han.run("09:05:00")
    return han, Wan(han, BROKER, HUB)


def add(wan, seconds=90):
    device = (
        axdr.STRUCTURE,
        [(axdr.OCTET_STRING, NEW), (axdr.ENUM, 1), (axdr.OCTET_STRING, INSTALL_CODE), (axdr.ENUM, TYPE_IHD)],
    )
    return wan.send(
        ADD,
        [act(places.DEVICE_LOG_ADD), put(places.DEVICE_LOG_TIMEOUT), put(places.DEVICE_LOG_JOINING)],
        [device, (axdr.LONG_UNSIGNED, seconds), (axdr.BOOLEAN, True)],
    )


def alerts(han):
    found = [envelope.decode(bytes.fromhex(event["octets"])) for event in han.of("gbcs", "chf")]
    return [message for message in found if message.cra == envelope.ALERT]


def test_ccs01_lets_a_device_join_with_its_install_code():
    han, wan = with_hub()
    _, results = add(wan)
    assert results == [0, 0, 0]
    log = han.device("chf").log
    assert log.joins(NEW, mmo.install_code_key(INSTALL_CODE), han.utc())
    assert not log.joins(NEW, mmo.install_code_key(INSTALL_CODE), han.utc() + 90)


def test_every_change_of_the_log_is_told_with_a_copy():
    han, wan = with_hub()
    add(wan)
    (alert,) = alerts(han)
    assert alert.message_code == 0x0018
    code, _, backup = [part for part in dlms.decode(alert.payload).body[1]]
    assert code == (axdr.LONG_UNSIGNED, 0x8F12)
    devices = [device[1][0][1] for device in backup[1][2][1]]
    assert NEW in devices
    assert len(devices) == 4
    (new,) = [device[1] for device in backup[1][2][1] if device[1][0][1] == NEW]
    assert new[1] == (axdr.OCTET_STRING, b"")  # no link key, so no hash


def test_ccs02_removes_and_ccs07_reads_both_logs():
    han, wan = with_hub()
    ihd = bytes.fromhex(IDENTITIES["ihd"])
    _, results = wan.send(REMOVE, [act(places.DEVICE_LOG_REMOVE)], [(axdr.OCTET_STRING, ihd)])
    assert results == [0]
    _, results = wan.send(REMOVE, [act(places.DEVICE_LOG_REMOVE)], [(axdr.OCTET_STRING, ihd)])
    assert results == [1]
    data, results = wan.send(READ, [act(places.DEVICE_LOG_READ), act(places.HISTORIC_LOG_READ)], [NULL, NULL])
    assert results == [0, 0]
    logs = [[device[1][0][1] for device in datum[1][2][1]] for datum in data]
    assert ihd not in logs[0]
    assert logs[1] == [ihd]
    # a device that is not in the log is not heard any more (REQ-CHF-3)
    seen = len(han.frames)
    han.run("10:20:00")
    from_hub = [frame for frame in han.frames[seen:] if frame[1] == "chf" and frame[2] == "ihd"]
    assert from_hub == []


def test_ccs06_gives_the_last_communication():
    han, wan = with_hub()
    data, results = wan.send(ACTIVE, [get(places.DEVICE_LOG_ACTIVE)], [NULL])
    assert results == [0]
    devices = [row[1][0][1] for row in data[0][1]]
    assert sorted(devices) == sorted([bytes.fromhex(IDENTITIES[board]) for board in ("esme", "gsme", "ihd")])
    last = next(row[1][8][1] for row in data[0][1] if row[1][0][1] == bytes.fromhex(IDENTITIES["esme"]))
    assert last[:4] == b"\x07\xe6\x0b\x03"


def test_a_device_that_left_the_log_is_not_heard_by_the_proxy_either():
    han, wan = with_hub()
    ihd = bytes.fromhex(IDENTITIES["ihd"])
    wan.send(REMOVE, [act(places.DEVICE_LOG_REMOVE)], [(axdr.OCTET_STRING, ihd)])
    seen = len(han.frames)
    han.run("10:20:00")
    asked = [frame for frame in han.frames[seen:] if frame[1] == "ihd" and frame[2] == "gpf"]
    answered = [frame for frame in han.frames[seen:] if frame[1] == "gpf" and frame[2] == "ihd"]
    assert asked
    assert answered == []


def test_what_was_said_to_the_proxy_is_communication_too():
    han, wan = with_hub()
    han.run("10:00:30")
    data, _ = wan.send(ACTIVE, [get(places.DEVICE_LOG_ACTIVE)], [NULL])
    last = {row[1][0][1]: row[1][8][1] for row in data[0][1]}
    heard = max([frame[0] for frame in han.frames if frame[1] == "gsme" and frame[2] in ("chf", "gpf")])
    assert cosem_time.decode(last[bytes.fromhex(IDENTITIES["gsme"])])[0] == heard


def joins(han, device, **how):
    """Whether the hub lets a device in."""
    han.do("hub", "join", device=device.hex(), **how)
    return han.of("join", "chf")[-1]["admitted"]


def test_who_asks_to_join_is_judged_by_its_key():
    han, wan = with_hub()
    assert not joins(han, NEW, install_code=INSTALL_CODE.hex())
    add(wan)
    assert not joins(han, NEW, install_code=bytes(16).hex())
    assert len(alerts(han)) == 1
    assert joins(han, NEW, install_code=INSTALL_CODE.hex())
    assert len(alerts(han)) == 2  # its hash is new
    log = han.device("chf").log
    assert [len(key) for entity, _, key in log.shown() if entity == NEW] == [16]


def test_a_device_comes_back_with_the_key_it_had():
    han, wan = with_hub()
    add(wan)
    assert joins(han, NEW, install_code=INSTALL_CODE.hex())
    wan.send(REMOVE, [act(places.DEVICE_LOG_REMOVE)], [(axdr.OCTET_STRING, NEW)])
    assert not joins(han, NEW)
    add(wan)
    assert not joins(han, NEW, install_code=INSTALL_CODE.hex())
    assert joins(han, NEW)


def test_no_tunnel_is_opened_to_a_device_that_left_the_log():
    han = Han(boards=("hub", "esme"), hub={"parties": ALL_PARTIES}, esme={"parties": ALL_PARTIES})
    han.run("09:05:00")
    esme = bytes.fromhex(IDENTITIES["esme"])
    Wan(han, BROKER, HUB).send(REMOVE, [act(places.DEVICE_LOG_REMOVE)], [(axdr.OCTET_STRING, esme)])
    seen = len(han.frames)
    message = envelope.Message(envelope.COMMAND, 7, bytes.fromhex(BROKER), esme, 0x0039, b"", signature=b"")
    message.mac = bytes(12)
    han.do("hub", "gbcs", octets=envelope.encode(message).hex())
    han.run(60)
    assert [frame for frame in han.frames[seen:] if frame[1] == "chf" and frame[2] == "esme"] == []
    assert [event["code"] for event in han.of("alert", "chf")][-1] == "8f84"
