# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub's device logs and who may join when (MP121, REQ-CHF-1 to 5)."""

from han.devices import device_log
from han.devices.device_log import DeviceLog
from han.stores.memory import MemoryValues

METER = bytes(7) + b"\x01"
INSTALL_KEY = bytes(range(16))
LINK_KEY = bytes(range(16, 32))
WINDOW = 90


class Hub:
    def __init__(self):
        self.changes = 0
        self.values = MemoryValues()
        self.log = DeviceLog(self.values, lambda key: bytes(16), self._changed)

    def _changed(self):
        self.changes += 1


def entity(number):
    return number.to_bytes(8, "big")


def test_at_121_1_a_wrong_code_does_not_join():
    log = Hub().log
    log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 1000)
    assert not log.joins(METER, LINK_KEY, 1010)
    assert log.joins(METER, INSTALL_KEY, 1010)
    assert not log.joins(entity(9), INSTALL_KEY, 1010)


def test_at_121_2_the_right_code_after_the_timeout_does_not_join():
    log = Hub().log
    log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 1000)
    assert log.joins(METER, INSTALL_KEY, 1089)
    assert not log.joins(METER, INSTALL_KEY, 1090)


def test_at_121_3_a_known_device_uses_its_stored_key_first_and_the_code_then():
    log = Hub().log
    log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 0)
    log.established(METER, LINK_KEY)
    log.remove(METER)
    other_code = bytes(16)
    log.add(METER, device_log.TYPE_ESME, other_code, WINDOW, 1000)
    assert log.joins(METER, LINK_KEY, 1044)
    assert not log.joins(METER, other_code, 1044)
    assert log.joins(METER, other_code, 1045)
    assert not log.joins(METER, LINK_KEY, 1045)


def test_at_121_4_the_sixteenth_removed_device_evicts_the_first():
    log = Hub().log
    for number in range(16):
        log.add(entity(number), device_log.TYPE_IHD, INSTALL_KEY, WINDOW, 0)
        log.established(entity(number), LINK_KEY)
        log.remove(entity(number))
    assert len(log.historic) == 15
    assert log.stored_key(entity(0)) is None
    assert log.stored_key(entity(1)) == LINK_KEY


def test_an_id_in_the_log_keeps_its_link_key():
    log = Hub().log
    log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 0)
    log.established(METER, LINK_KEY)
    assert log.add(METER, device_log.TYPE_ESME, bytes(16), WINDOW, 50)
    assert log.find(METER)[2:] == [INSTALL_KEY, LINK_KEY]


def test_every_change_is_told_and_survives_a_restart():
    hub = Hub()
    hub.log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 0)
    hub.log.established(METER, LINK_KEY)
    hub.log.established(METER, LINK_KEY)
    hub.log.remove(METER)
    assert hub.changes == 3
    again = DeviceLog(hub.values, lambda key: bytes(16), lambda: None)
    assert again.stored_key(METER) == LINK_KEY


def test_a_hash_is_shown_only_when_there_is_a_link_key():
    log = Hub().log
    log.add(METER, device_log.TYPE_ESME, INSTALL_KEY, WINDOW, 0)
    assert log.shown() == [(METER, device_log.TYPE_ESME, b"")]
    log.established(METER, LINK_KEY)
    assert log.shown() == [(METER, device_log.TYPE_ESME, bytes(16))]


def test_sixteen_devices_and_no_more():
    log = Hub().log
    for number in range(16):
        assert log.add(entity(number), device_log.TYPE_IHD, INSTALL_KEY, WINDOW, 0)
    assert not log.add(entity(16), device_log.TYPE_IHD, INSTALL_KEY, WINDOW, 0)


def test_hand_held_terminals_leave_no_trace():
    log = Hub().log
    log.add(METER, device_log.TYPE_HAND_HELD_TERMINAL, INSTALL_KEY, WINDOW, 0)
    log.established(METER, LINK_KEY)
    log.remove(METER)
    assert log.historic == []
