# SPDX-License-Identifier: Apache-2.0
"""The stores of the gas proxy and the gas meter as han.gbcs.gas_answers asks for them: for the WAN with everything, for
the HAN without what is older than the change of tenancy (REQ-0056-9, 10)."""

from han.devices import profile, snapshots
from han.gbcs import gas_answers

_EVER = 0xFFFFFFFF


class GasLogs:
    """`device` has the logs that it keeps as attributes: `daily_reads`, `billing`, `prepayment_daily_reads`,
    `prepayment_billing`, `top_ups`, `debt_payments`, `half_hours`, `days`, `network`, `event_logs`, and its `tables`;
    one that it does not keep is None or is missing.

    It keeps what it has read of a log: have a new one for each message.

    `since` is the change of tenancy in force, None for readers from the WAN; `most` how many samples fit an answer.
    """

    def __init__(self, device, since=None, most=None):
        self._device = device
        self._since = since
        self._most = most
        self._read = {}  # (kind, cause) -> snapshots

    def _log(self, name):
        return getattr(self._device, name, None)

    def _is_visible(self, utc):
        return self._since is None or utc > self._since

    # -- snapshots -------------------------------------------------------------------------------------------------

    def snapshots(self, cause):
        return self._snapshots(cause, "daily_reads", "billing")

    def prepay_snapshots(self, cause):
        return self._snapshots(cause, "prepayment_daily_reads", "prepayment_billing")

    def _snapshots(self, cause, daily, billing):
        found = self._read.get((daily, cause))
        if found is not None:
            return found
        found = self._read[(daily, cause)] = []
        for name, causes in ((daily, snapshots.GENERAL), (billing, snapshots.ANY_CAUSE ^ snapshots.GENERAL)):
            log = self._log(name)
            if log is not None and cause & causes:
                for record in log.records(cause & causes):
                    if self._is_visible(record[0]):
                        found.append((record[1], record[0], record[2], (log, record)))
        return found

    def payload(self, entry):
        log, record = entry[3]
        fields = log.publication(record, 1)[1]
        return fields["snapshot_sub_payload" if "snapshot_sub_payload" in fields else "snapshot_payload"]

    # -- payments -------------------------------------------------------------------------------------------------

    def debts(self):
        names = ("collection_time", "amount_collected", "debt_type", "outstanding_debt")
        return self._entries("debt_payments", names)

    def top_ups(self):
        return self._entries("top_ups", ("top_up_time", "top_up_amount", "top_up_code"))

    def _entries(self, name, fields):
        log = self._log(name)
        if log is None:
            return []
        entries = log.newest(len(log), 0, _EVER)
        found = [tuple([entry[field] for field in fields]) for entry in entries]
        return [entry for entry in found if self._is_visible(entry[0])]

    # -- samples --------------------------------------------------------------------------------------------------

    def samples(self, sample_id, start, count):
        log = self._log({profile.HALF_HOURLY_SAMPLES: "half_hours", profile.DAILY_SAMPLES: "days"}.get(sample_id, "network"))
        if log is None or sample_id > profile.NETWORK_SAMPLES:
            return start, 0, []
        if self._since is not None:
            start = max(start, self._since - log.interval + 1)
        if self._most is not None:
            count = min(count, self._most)
        values = []
        first = start
        # A sample that starts at `start` ended an interval later.
        for utc, value in log.between(start + log.interval, _EVER):
            if not values:
                first = utc - log.interval
            values.append(value)
            if len(values) == count:
                break
        return first, log.interval, values

    # -- events ----------------------------------------------------------------------------------------------------

    def events(self, log_id):
        logs = self._device.event_logs
        return list(logs.entries(log_id)) if log_id in logs.identifiers() else None

    def clear_events(self, log_id):
        return self._device.clear_events(log_id)

    # -- tables ----------------------------------------------------------------------------------------------------

    def calendar(self, kind):
        return self._device.tables.calendar(kind)

    def price(self):
        return self._device.tables.price(self._device.utc())

    def billing_period(self):
        return self._device.tables.billing_period()


def answer_for_han(logs, name, fields):
    """What a handler on the HAN returns for a read of logs: han.gbcs.gas_answers, one answer of it."""
    found = gas_answers.answer(logs, name, fields)
    return found if isinstance(found, int) else found[0]
