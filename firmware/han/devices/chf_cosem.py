# SPDX-License-Identifier: Apache-2.0
"""What a CHF answers in DLMS: its device logs and its event logs [GBCS use cases CCS01 to CCS07, ECS35c, ECS35d; REQ-CHF-4 to
9]."""

from han.devices import events
from han.devices.cosem import Objects, number_of, rows
from han.gbcs import axdr, cosem_time
from han.gbcs import cosem_places as places
from han.gbcs.dlms_answer import HARDWARE_FAULT, OTHER_REASON, SUCCESS

INSTALL_CODE = 1  # key type of CCS01 [GBCS 12.1]
ACTIVE = 0xC8  # status bits of a device that is on the HAN, as published answers have them (S)

_U32 = axdr.DOUBLE_LONG_UNSIGNED
_U16 = axdr.LONG_UNSIGNED
_OCTETS = axdr.OCTET_STRING


class HubObjects(Objects):
    """The COSEM objects of one CommunicationsHub. CCS01 comes in three steps: add, time-out, open the HAN."""

    def __init__(self, hub):
        super().__init__()
        self._hub = hub
        self._added = []  # what the steps of a CCS01 have added and not yet opened for
        self.method(places.DEVICE_LOG_ADD, self._add)
        self.attribute(places.DEVICE_LOG_TIMEOUT, self._join_timeout, self._set_join_timeout)
        self.attribute(places.DEVICE_LOG_JOINING, self._joining, self._open)
        self.method(places.DEVICE_LOG_REMOVE, self._remove)
        self.method(places.DEVICE_LOG_RESTORE, self._restore)
        self.attribute(places.DEVICE_LOG_ACTIVE, self._active)
        self.method(places.DEVICE_LOG_READ, self._read_log)
        self.method(places.HISTORIC_LOG_READ, self._read_historic_log)
        self.attribute(places.HUB_EVENT_LOG, self._event_log)
        self.attribute(places.HUB_SECURITY_LOG, self._security_log)

    def keeps_nothing(self):
        """See han.later: only while a CCS01 is not done with."""
        return not self._added

    # -- adding and removing -------------------------------------------------------------------------------

    def _add(self, datum):
        entity, key_type, key, device_type = [part[1] for part in datum[1]]
        if key_type != INSTALL_CODE or len(entity) != 8 or len(key) != 16:
            return OTHER_REASON
        if not self._hub.log.add(bytes(entity), device_type, self._hub.key_of(bytes(key)), 0, self._hub.now):
            return HARDWARE_FAULT
        self._added.append(bytes(entity))
        return SUCCESS

    def _join_timeout(self, selection):
        return (_U16, self._hub.join_timeout)

    def _set_join_timeout(self, datum):
        self._hub.join_timeout = number_of(datum, _U16)
        return SUCCESS

    def _joining(self, selection):
        return (axdr.BOOLEAN, self._hub.log.is_open(self._hub.now))

    def _open(self, datum):
        if number_of(datum, axdr.BOOLEAN):
            for entity in self._added:
                self._hub.log.open(entity, self._hub.join_timeout, self._hub.now)
            self._hub.joining_opens(self._hub.join_timeout)
        self._added.clear()
        return SUCCESS

    def _remove(self, datum):
        return SUCCESS if self._hub.remove(bytes(number_of(datum, _OCTETS))) else HARDWARE_FAULT

    def _restore(self, datum):
        """CCS03: the hub re-forms its network with the extended PAN id of the log that comes back (REQ-CHF-8)."""
        extended_pan_id, devices = datum[1]
        entries = [(bytes(device[1][0][1]), None, bytes(device[1][1][1])) for device in devices[1]]
        self._hub.restore(bytes(number_of(extended_pan_id, _OCTETS)), entries)
        return SUCCESS

    # -- reading -------------------------------------------------------------------------------------------

    def _active(self, selection):
        """Devices and their last communication; signal figures only where there are some (REQ-CHF-6)."""
        hub = self._hub
        found = []
        for entity, _, _ in hub.log.shown():
            quality = hub.link_quality.get(entity, (0, 0, 0, 0, 0, 0))
            last = cosem_time.encode(hub.last_communication.get(entity))
            row = [(_OCTETS, entity), (axdr.BIT_STRING, (8, bytes((ACTIVE,))))]
            row += [(axdr.INTEGER, value) for value in quality[:3]]
            row += [(axdr.UNSIGNED, value) for value in quality[3:]]
            row += [(_OCTETS, last)]
            row += [(axdr.UNSIGNED, value) for value in hub.counters_of(entity)]
            found.append((axdr.STRUCTURE, row))
        return (axdr.ARRAY, found)

    def _read_log(self, datum):
        return SUCCESS, self.backup(self._hub.log.shown())

    def _read_historic_log(self, datum):
        return SUCCESS, self.backup(self._hub.log.historic_shown())

    def backup(self, entries):
        """A log as CCS07 and CS14 give it: time, extended PAN id, (id, hash) of each entry."""
        hub = self._hub
        devices = [(axdr.STRUCTURE, [(_OCTETS, entity), (_OCTETS, key)]) for entity, _, key in entries]
        return (
            axdr.STRUCTURE,
            [(_OCTETS, cosem_time.encode(hub.utc())), (_OCTETS, hub.extended_pan_id), (axdr.ARRAY, devices)],
        )

    def alert_of_change(self, code):
        """The body of CS14: the event, its time, the log as it is now (REQ-CHF-4)."""
        return (
            axdr.STRUCTURE,
            [
                (_U16, code),
                (_OCTETS, cosem_time.encode(self._hub.utc())),
                self.backup(self._hub.log.shown()),
            ],
        )

    def _event_log(self, selection):
        start, end = selection or (0, 0xFFFFFFFE)
        entries = [[utc, code, data] for utc, code, data in self._hub.event_logs.entries(events.GENERAL, start, end + 1)]
        return rows((_U32, _U16, _OCTETS), entries)

    def _security_log(self, selection):
        start, end = selection or (0, 0xFFFFFFFE)
        entries = [[utc, code] for utc, code, _ in self._hub.event_logs.entries(events.SECURITY, start, end + 1)]
        return rows((_U32, _U16), entries)
