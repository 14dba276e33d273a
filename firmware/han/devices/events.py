# SPDX-License-Identifier: Apache-2.0
"""Event log and security log: kept, served to the HAN and the WAN (REQ-CHF-9, 10; REQ-078-3, 4)."""

from micropython import const

from han.zcl import status

CLUSTER = 0x0709

ENTRIES = const(100)  # [device requirements 5.1]
_DATA = const(10)  # octets of data an entry has room for: message code and counter
_RECORD = const(17)  # u32 UTC, u16 code, u8 length, data

# Log identifiers of the Events cluster [ZSE 8].
ALL = const(0)
GENERAL = const(3)
SECURITY = const(4)
METER_GENERAL = const(6)  # the gas proxy's copies of the meter's logs
METER_SECURITY = const(7)

SECURITY_LOGS = (SECURITY, METER_SECURITY)
_SECURITY_OF = {GENERAL: SECURITY, METER_GENERAL: METER_SECURITY}

# Events that belong into the security log [REQ-CHF-10, REQ-CLK-3, alert code table].
CLOCK_NOT_ADJUSTED = const(0x8F0C)
LOG_CLEARED = const(0x8F52)
SECURITY_CODES = (CLOCK_NOT_ADJUSTED, LOG_CLEARED, 0x8F1E, 0x8F30, 0x8F3D, 0x8F53, 0x8F60)

COMMAND_ACCEPTED = const(0x8154)
COMMAND_REFUSED = const(0x8155)
CLOCK_ADJUSTED = const(0x8145)

_IN_ONE_FRAME = const(3)  # entries of the greatest length that fit a secured frame


class EventLogs:
    """The logs of one device: `logs` maps log identifiers to stores' logs of fixed entries."""

    def __init__(self, stores, identifiers=(GENERAL, SECURITY)):
        self._logs = {}
        for identifier in identifiers:
            self._logs[identifier] = stores.log("events_%d" % identifier, _RECORD, ENTRIES)

    def record(self, utc, code, data=b"", log=None):
        """Something happened. Without a valid time nothing is recorded: no entry has an invented time (REQ-099-2)."""
        if utc is None:
            return
        if log is None:
            log = SECURITY if code in SECURITY_CODES else GENERAL
        data = data[:_DATA]
        entry = utc.to_bytes(4, "little") + code.to_bytes(2, "little") + bytes((len(data),)) + data
        self._logs[log].append(entry + bytes(_RECORD - len(entry)))

    def clear(self, log, utc=None):
        """Clear a log; a security log is never cleared (REQ-ESME-6), it keeps that another one was (REQ-CHF-10). Returns
        whether it was."""
        if log in SECURITY_LOGS or log not in self._logs:
            return False
        self._logs[log].erase()
        self.record(utc, LOG_CLEARED, b"", _SECURITY_OF[log])
        return True

    def entries(self, log, start=0, end=0xFFFFFFFF):
        """(utc, code, data) of a log's entries with start <= utc < end, oldest first."""
        for record in self._logs[log].oldest_first():
            utc = int.from_bytes(record[:4], "little")
            if start <= utc < end:
                yield utc, int.from_bytes(record[4:6], "little"), bytes(record[7 : 7 + record[6]])

    def identifiers(self):
        return sorted(self._logs)

    def serve(self, fields, refusal=status.NOT_AUTHORIZED):
        """Answer a GetEventLog from the HAN: newest first, never anything of a security log (REQ-078-3, 4).

        Asking for a security log itself is answered with `refusal`, "all logs" with those that are permitted.
        """
        wanted = fields["event_control_log_id"] & 0x0F
        full = fields["event_control_log_id"] >> 4
        if wanted in SECURITY_LOGS:
            return refusal
        logs = [log for log in self.identifiers() if log not in SECURITY_LOGS and wanted in (ALL, log)]
        end = fields["end_time"] or 0xFFFFFFFF
        found = []
        for log in logs:
            for utc, code, data in self.entries(log, fields["start_time"] or 0, end):
                if fields["event_id"] in (0, code):
                    found.append({"log_id": log, "event_id": code, "event_time": utc, "event_data": data if full else b""})
        if not found:
            return status.NOT_FOUND
        found.sort(key=_time_of)
        found.reverse()
        total = len(found)
        found = found[fields["event_offset"] :]
        if fields["number_of_events"]:
            found = found[: fields["number_of_events"]]
        found = found[:_IN_ONE_FRAME]
        return "publish_event_log", {
            "total_number_of_matching_events": total,
            "command_index": 0,
            "total_commands": 1,
            "log_payload_control": len(found) << 4,
            "events": found,
        }


def _time_of(entry):
    return entry["event_time"]
