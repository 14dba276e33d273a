# SPDX-License-Identifier: Apache-2.0
"""Profile data: consumption by half hour and by day, kept in logs and served to the HAN (REQ-GPF-7, 8; REQ-0056-9, 10)."""

from micropython import const

from han.clock import DAY, HALF_HOUR
from han.zcl import status

RECORD = const(7)  # u32 UTC of the end of the period, u24 consumption
NO_READING = const(0xFFFFFF)  # a period nobody knows anything of

HALF_HOURS = const(19056)  # 397 days, 13 months
DAYS = const(731)

HALF_HOURLY_SAMPLES = const(0)  # GB sample identifiers [ZSE 5]
DAILY_SAMPLES = const(1)
NETWORK_SAMPLES = const(2)  # what GCS31 starts [REQ-GSME-4]
DELIVERED = const(0)
A_DAY_APART = const(0xFFFF)  # how a GB daily log writes its interval [GBCS 11.3]

IN_ONE_FRAME = const(14)  # samples that fit a secured frame which is not fragmented

# GetProfileResponse [ZSE 5]
_HALF_HOUR_PERIOD = const(1)
_CHANNEL_NOT_SUPPORTED = const(2)
_MORE_THAN_FIT = const(4)
_NO_INTERVALS = const(5)


class PeriodLog:
    """A log with an entry for each period of `interval` seconds, stamped with the UTC of its end.

    Periods without a reading are entries too, with the value None: "nothing used" and "nothing known" differ.
    """

    def __init__(self, log, interval=HALF_HOUR):
        self.interval = interval
        self._log = log

    def __len__(self):
        return len(self._log)

    def last(self):
        """UTC of the end of the newest entry, None while there is none."""
        if not len(self._log):
            return None
        record = self._log.record(0)
        return None if record is None else int.from_bytes(record[:4], "little")

    def append(self, utc, value):
        """The period that ended at `utc` used `value`; the same or an earlier one again changes nothing.

        Returns the number of entries written, which counts the empty ones in between.
        """
        last = self.last()
        if last is not None and utc <= last:
            return 0
        written = 0
        if last is not None:
            first_missing = max(last + self.interval, utc - self._log.capacity * self.interval)
            for missing in range(first_missing, utc, self.interval):
                self._write(missing, None)
                written += 1
        self._write(utc, value)
        return written + 1

    def between(self, start, end):
        """(utc, value or None) of the entries with start <= utc < end, oldest first."""
        for record in self._log.between(start, end):
            value = int.from_bytes(record[4:7], "little")
            yield int.from_bytes(record[:4], "little"), None if value == NO_READING else value

    def newest(self, count, end=None):
        """(utc, value or None) of the newest entries that ended at or before `end`, newest first."""
        found = []
        for record in self._log.newest_first():
            utc = int.from_bytes(record[:4], "little")
            if end is None or utc <= end:
                value = int.from_bytes(record[4:7], "little")
                found.append((utc, None if value == NO_READING else value))
                if len(found) == count:
                    break
        return found

    def used_between(self, start, end):
        """What was used in the periods between two of their boundaries; None if part of it is not known."""
        total = 0
        expected = start + self.interval
        for utc, value in self.between(start + 1, end + 1):
            if value is None or utc != expected:
                return None
            total += value
            expected += self.interval
        return total if expected > end else None

    def used_after(self, date, end):
        """What was used from the first period that began at or after `date` until `end` or the last entry; None if part of
        it is not known."""
        last = self.last()
        start = date + -date % self.interval
        if last is None:
            return None
        return 0 if last <= start else self.used_between(start, min(end, last))

    def _write(self, utc, value):
        value = NO_READING if value is None else min(value, NO_READING - 1)
        self._log.append(utc.to_bytes(4, "little") + value.to_bytes(3, "little"))


def serve_profile(name, fields, half_hours, days, since):
    """Answer GetProfile or GetSampledData of a reader on the HAN out of the logs: what foundation handlers return.

    `since` is the change of tenancy in force, None without one: entries of periods that ended at or before it are not
    returned (REQ-0056-10, I). `days` may be None.
    """
    if name == "get_profile":
        return _profile(fields, half_hours, since)
    return _samples(fields, half_hours, days, since)


def _profile(fields, log, since):
    answer = {"end_time": 0, "status": 0, "profile_interval_period": _HALF_HOUR_PERIOD, "intervals": []}
    count = fields["number_of_periods"]
    if fields["interval_channel"] != DELIVERED:
        answer["status"] = _CHANNEL_NOT_SUPPORTED
        count = 0
    entries = log.newest(min(count, IN_ONE_FRAME), fields["end_time"] or None) if count else []
    entries = [entry for entry in entries if since is None or entry[0] > since]
    if entries:
        answer["end_time"] = entries[0][0]
        if count > IN_ONE_FRAME:
            answer["status"] = _MORE_THAN_FIT
    elif not answer["status"]:
        answer["status"] = _NO_INTERVALS
    answer["intervals"] = [value for _, value in entries]
    answer["number_of_periods_delivered"] = len(entries)
    return "get_profile_response", answer


def _samples(fields, half_hours, days, since):
    log = {HALF_HOURLY_SAMPLES: half_hours, DAILY_SAMPLES: days}.get(fields["sample_id"])
    if log is None or fields["sample_type"] != DELIVERED:
        return status.NOT_FOUND
    earliest = fields["sample_start_time"]
    if since is not None:
        earliest = max(earliest or 0, since - log.interval + 1)
    count = min(fields["number_of_samples"], IN_ONE_FRAME)
    entries = []
    # A sample that starts at `earliest` ended an interval later.
    for entry in log.between((earliest or 0) + log.interval, 0xFFFFFFFF):
        entries.append(entry)
        if len(entries) == count:
            break
    if not entries:
        return status.NOT_FOUND
    return "get_sampled_data_response", {
        "sample_id": fields["sample_id"],
        "sample_start_time": entries[0][0] - log.interval,
        "sample_type": DELIVERED,
        "sample_request_interval": A_DAY_APART if log.interval == DAY else log.interval,
        "number_of_samples": len(entries),
        "samples": [value for _, value in entries],
    }
