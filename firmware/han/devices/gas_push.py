# SPDX-License-Identifier: Apache-2.0
"""What the gas meter publishes to the proxy beyond attributes: balances of the day, billing snapshots, top-ups, payments of
debt; again at each wake until a push was complete [GBCS 10.4.2; REQ-GPF-2 to 6]."""

PREPAYMENT = 0x0705

_STORE = "published"  # log -> UTC of the newest entry that the proxy has
_TOP_UPS = 5  # the latest ones, with every new one [GBCS 10.4.2.5]


class GasPush:
    """`meter` is a GasWan; `values` keeps what the proxy has."""

    def __init__(self, meter, values):
        self._values = values
        self._told = values.get(_STORE, {})
        self._telling = {}
        self._snapshots = (
            ("billing", meter.billing),
            ("prepayment_billing", meter.prepayment_billing),
            ("prepayment_daily_read", meter.prepayment_daily_reads),
        )
        self._top_ups = meter.top_ups
        self._debts = meter.debt_payments

    def publications(self):
        """(cluster, name, fields) of the commands to send in this wake."""
        found = []
        self._telling = {}
        for name, log in self._snapshots:
            for record in log.records() if self._is_new(name, log) else ():
                if record[0] > self._told.get(name, 0):
                    found.append((log.cluster,) + log.publication(record, 1))
        whole = {"command_index": 0, "total_number_of_commands": 1}
        if self._is_new("top_ups", self._top_ups):
            fields = dict(whole)
            fields["top_ups"] = self._top_ups.newest(_TOP_UPS, 0, None)
            found.append((PREPAYMENT, "publish_top_up_log", fields))
        told = self._told.get("debts", 0)
        if self._is_new("debts", self._debts):
            for entry in self._debts.newest(len(self._debts), told + 1, None):
                fields = dict(whole)
                fields["debts"] = [entry]
                found.append((PREPAYMENT, "publish_debt_log", fields))
        return found

    def complete(self):
        """The proxy has answered all of it."""
        if self._telling:
            self._told.update(self._telling)
            self._telling = {}
            self._values.set(_STORE, self._told)

    def _is_new(self, name, log):
        last = log.last()
        if last is None or last <= self._told.get(name, 0):
            return False
        self._telling[name] = last
        return True
