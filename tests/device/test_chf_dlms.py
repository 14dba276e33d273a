# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub's device logs over the WAN: CCS01 to CCS07, and the alert CS14 (REQ-CHF-4 to 7)."""

from dlms_wan import ALL_PARTIES, HUB, NULL, Wan, act, get, put
from gas_supplier import BROKER
from han.crypto import mmo
from han.gbcs import axdr, dlms, envelope
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
