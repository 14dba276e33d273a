# SPDX-License-Identifier: Apache-2.0
"""Snapshots of registers, top-ups and debt payments: the logs that GSME and GPF keep alike (REQ-GPF-1 to 6).

A snapshot is kept with its payload as octets, in the form in which it is published.
"""

from micropython import const

from han.zcl import clusters, status
from han.zcl.frame import TO_CLIENT

METERING = 0x0702
PREPAYMENT = 0x0705

# Snapshot causes [ZSE 5].
GENERAL = const(0x0001)
END_OF_BILLING_PERIOD = const(0x0002)
TARIFF_CHANGE = const(0x0008)
PRICE_MATRIX_CHANGE = const(0x0010)
BLOCK_THRESHOLDS_CHANGE = const(0x0020)
CHANGE_OF_SUPPLIER = const(0x2000)
CHANGE_OF_MODE = const(0x4000)
BILLING = const(0x603A)  # every cause that goes into the billing data log
ANY_CAUSE = const(0xFFFFFFFF)

_HEAD = const(14)  # u32 UTC, u32 identifier, u32 cause, u8 payload type, u8 payload length
_PUBLISHED_HEAD = const(16)  # octets of a publication before its payload
METERING_OCTETS = const(73)  # of the largest sub-payload GB uses: type 2
PREPAY_OCTETS = const(24)


class SnapshotLog:
    """Snapshots of one kind. `command` publishes one: "publish_snapshot" or "publish_prepay_snapshot"."""

    def __init__(self, stores, name, cluster, capacity):
        self.cluster = cluster
        self.command = "publish_snapshot" if cluster == METERING else "publish_prepay_snapshot"
        self._number = clusters.table(cluster).command_named(self.command, TO_CLIENT).id
        self._payload = METERING_OCTETS if cluster == METERING else PREPAY_OCTETS
        self._log = stores.log(name, _HEAD + self._payload, capacity)

    def __len__(self):
        return len(self._log)

    def last(self):
        """UTC of the newest snapshot, None while there is none."""
        record = self._log.record(0) if len(self._log) else None
        return None if record is None else int.from_bytes(record[:4], "little")

    def add(self, utc, identifier, cause, payload_type, payload):
        """Keep a snapshot; one that is older than the newest, or as old and of the same cause, is known already. Returns
        whether it was kept."""
        for record in self._log.newest_first():
            kept = int.from_bytes(record[:4], "little")
            if kept < utc:
                break
            if kept > utc or int.from_bytes(record[8:12], "little") == cause:
                return False
        head = utc.to_bytes(4, "little") + identifier.to_bytes(4, "little") + cause.to_bytes(4, "little")
        head += bytes((payload_type, len(payload))) + payload
        self._log.append(head + bytes(_HEAD + self._payload - len(head)))
        return True

    def records(self, cause=ANY_CAUSE):
        """(utc, identifier, cause, payload type, payload) of the snapshots with one of the causes, oldest first."""
        for record in self._log.oldest_first():
            found = int.from_bytes(record[8:12], "little")
            if found & cause:
                yield (
                    int.from_bytes(record[:4], "little"),
                    int.from_bytes(record[4:8], "little"),
                    found,
                    record[12],
                    bytes(record[_HEAD : _HEAD + record[13]]),
                )

    def publication(self, record, total):
        """(name, fields) of the command that publishes one of `total` snapshots."""
        utc, identifier, cause, payload_type, payload = record
        octets = identifier.to_bytes(4, "little") + utc.to_bytes(4, "little") + bytes((total, 0, 1))
        octets += cause.to_bytes(4, "little") + bytes((payload_type,)) + payload
        return clusters.decode_command(self.cluster, self._number, TO_CLIENT, octets)

    def payload_of(self, fields):
        """The octets of a published snapshot's payload, out of the fields of the command."""
        return clusters.encode_command(self.cluster, self.command, TO_CLIENT, fields)[_PUBLISHED_HEAD:]

    def serve(self, start, end, offset, cause, since=None):
        """Answer a request for the snapshot number `offset` of those with start <= time < end (REQ-GPF-11).

        The total counts what the log holds of the cause [GBCS 3.3]. Snapshots taken at or before `since` are not
        returned (REQ-0056-10, I).
        """
        total = 0
        place = 0
        chosen = None
        for record in self.records(cause):
            total += 1
            if (start or 0) <= record[0] and (end is None or record[0] < end) and (since is None or record[0] > since):
                if place == offset:
                    chosen = record
                place += 1
        if chosen is None:
            return status.NOT_FOUND
        return self.publication(chosen, min(total, 0xFF))


class EntryLog:
    """Top-ups or debt payments: entries of fixed fields, each with a time.

    `fields` is a list of (name, octets) of integers; an octet string has its length in place of a number and a name that
    ends with `code`. The entry's time is the field `time_field`.
    """

    def __init__(self, stores, name, fields, time_field, capacity):
        self._fields = fields
        self._time = time_field
        self._log = stores.log(name, 4 + sum([octets for _, octets in fields]), capacity)

    def __len__(self):
        return len(self._log)

    def last(self):
        """UTC of the newest entry, None while there is none."""
        record = self._log.record(0) if len(self._log) else None
        return None if record is None else int.from_bytes(record[:4], "little")

    def add(self, entry):
        """Keep an entry, unless it or a newer one is known already. Returns whether it was kept."""
        utc = entry[self._time]
        last = self.last()
        if last is not None and utc < last:
            return False
        record = utc.to_bytes(4, "little")
        for name, octets in self._fields:
            value = entry[name]
            if name.endswith("code"):
                record += value + bytes(octets - len(value))
            else:
                record += (value & ((1 << 8 * octets) - 1)).to_bytes(octets, "little")
        if utc == last and record in [bytes(known) for known in self._log.newest_first()]:
            return False
        self._log.append(record)
        return True

    def newest(self, count, start, end):
        """The newest `count` entries with start <= time <= end, oldest first."""
        found = []
        for record in self._log.newest_first():
            utc = int.from_bytes(record[:4], "little")
            if (start or 0) <= utc and (end is None or utc <= end):
                found.append(self._entry(record))
                if len(found) == count:
                    break
        found.reverse()
        return found

    def _entry(self, record):
        entry = {}
        at = 4
        for name, octets in self._fields:
            value = record[at : at + octets]
            at += octets
            if name.endswith("code"):
                entry[name] = bytes(value).rstrip(b"\0")
            else:
                number = int.from_bytes(value, "little")
                signed = name == "top_up_amount" and number >> (8 * octets - 1)
                entry[name] = number - (1 << 8 * octets) if signed else number
        return entry


def top_up_log(stores, capacity=5):
    """The latest top-ups (REQ-GPF-4)."""
    fields = (("top_up_code", 25), ("top_up_amount", 4), ("top_up_time", 4))
    return EntryLog(stores, "top_ups", fields, "top_up_time", capacity)


def debt_log(stores, capacity=10):
    """The latest payments of debt out of top-ups (REQ-GPF-5)."""
    fields = (("collection_time", 4), ("amount_collected", 4), ("debt_type", 1), ("outstanding_debt", 4))
    return EntryLog(stores, "debt_payments", fields, "collection_time", capacity)
