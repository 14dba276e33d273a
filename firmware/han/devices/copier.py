# SPDX-License-Identifier: Apache-2.0
"""How the gas proxy keeps its logs equal to the meter's: mirror, half-hour differences, and catching up after missed
wakes [GBCS 10.4; ZSE 5; REQ-GPF-1 to 8]."""

from han.clock import DAY, HALF_HOUR, INVALID, to_iso
from han.devices import snapshots
from han.message import BROADCAST
from han.zcl import foundation, status
from han.zcl.frame import TO_SERVER

METERING = 0x0702
PREPAYMENT = 0x0705

NO_SCHEME = 0
SCHEME_B = 2

NEW_IMAGE = 1 << 0  # FunctionalNotificationFlags [ZSE 5]
TUNNEL_MESSAGE = 1 << 21
GET_SNAPSHOT = 1 << 22
GET_SAMPLED_DATA = 1 << 23

_ASK_AT_ONCE = 14  # samples in one answer
_PATIENCE = 4 * 3600  # seconds from the first push in which the meter should tell of its first half hours


class Copier:
    """The part of the GPF that talks with the meter. `proxy` owns the logs; `values` survives a loss of power."""

    def __init__(self, proxy, values):
        self._proxy = proxy
        self._values = values
        self.scheme = values.get("notification_scheme", NO_SCHEME)
        self.reports = values.get("notification_reporting", False)
        self._configured = values.get("mirror_event", None)
        # The end of the newest half hour that is copied, and the register then: None while only the meter knows it.
        self._copied = values.get("copied")
        self._mirrored = values.get("mirrored")  # UTC of the meter's first request: what it logs from then on is copied
        self._latest = 0  # the half hour of the latest push
        self._waiting_since = None  # the half hour of the first push, while only the meter knows what the register was
        self._due = None  # the half hour the copy should reach, and the register then
        self._asked_from = None  # start of the latest request for daily reads
        self.flags = 0
        self.tunnel_pending = False  # the hub has a message for the meter
        self.image_pending = False  # the hub has a firmware image for it

    # -- commands of the meter, which is the server of its clusters ---------------------------------------

    def from_meter(self, name, fields, message, time):
        """Answer a command of the meter; anybody else's is refused."""
        proxy = self._proxy
        if message.source != proxy.configuration["gsme"]:
            return status.NOT_AUTHORIZED
        if name == "request_mirror":
            if self._mirrored is None and self._copied is None and proxy.utc() is not None:
                self._mirrored = proxy.utc()
                self._values.set("mirrored", self._mirrored)
            return "request_mirror_response", {"end_point_id": proxy.mirror}
        if name == "configure_mirror":
            return self._configure(fields)
        if name in ("publish_snapshot", "publish_prepay_snapshot"):
            return self._take_snapshot(name, fields, message)
        if name == "publish_top_up_log":
            for entry in fields["top_ups"]:
                proxy.top_ups.add(entry)
            return status.SUCCESS
        if name == "publish_debt_log":
            for entry in fields["debts"]:
                proxy.debt_payments.add(entry)
            return status.SUCCESS
        if name == "get_notified_message":
            return self._next_request(fields["notification_flags_n"])
        if name == "get_sampled_data_response":
            return self._take_samples(fields, message)
        return status.UNSUP_CLUSTER_COMMAND

    def _configure(self, fields):
        """Only with a newer event; schemes above B are no schemes [ZSE 5]."""
        event = fields["issuer_event_id"]
        if self._configured is not None and event < self._configured:
            return status.SUCCESS
        if fields["notification_scheme"] > SCHEME_B:
            return status.INVALID_FIELD
        self._configured = event
        self.scheme = fields["notification_scheme"]
        self.reports = bool(fields["mirror_notification_reporting"])
        self._values.set_all(
            {"mirror_event": event, "notification_scheme": self.scheme, "notification_reporting": self.reports}
        )
        return status.SUCCESS

    def answer_to_report(self, message):
        """What a report of the meter is answered with: the notification flags, or a default response."""
        if not self.reports or self.scheme == NO_SCHEME or message.destination == BROADCAST:
            return status.SUCCESS
        functional = self.flags | (TUNNEL_MESSAGE if self.tunnel_pending else 0) | (NEW_IMAGE if self.image_pending else 0)
        words = [functional, 0, 0, 0, 0] if self.scheme == SCHEME_B else [functional]
        fields = {"notification_scheme": self.scheme, "notification_flags": words}
        sequence = message.payload[1]
        return foundation.command(METERING, "mirror_report_attribute_response", TO_SERVER, fields, sequence)

    # -- half hours ---------------------------------------------------------------------------------------

    def push_complete(self, register, moment):
        """A push is complete: `register` held at `moment` (utc, source, status)."""
        utc = moment[0]
        if register is None or utc is None:
            return
        if moment[2] == INVALID:
            utc = self._proxy.utc()
            if utc is None:
                return
        slot = utc - utc % HALF_HOUR
        if self._copied is None:
            self._begin(utc, slot, register)
        before = self._copied[1]
        if before is None and self._waiting_since is None:
            self._waiting_since = slot
        if before is None and slot - self._waiting_since > _PATIENCE:
            self._reached(slot, register)
            self._due = None
        elif slot == self._copied[0] + HALF_HOUR and before is not None and register >= before:
            self._append(slot, register - before)
            self._reached(slot, register)
        elif slot > self._copied[0]:
            self._due = (slot, register)
        self._latest = slot
        self._set_flags()

    def _begin(self, utc, slot, register):
        """The first complete push. Only the meter knows its register at the half hour before it asked for its mirror: what it
        logged from then on is asked for."""
        since = slot if self._mirrored is None else min(slot, self._mirrored - self._mirrored % HALF_HOUR)
        self._reached(since, register if since == utc else None)

    def _append(self, slot, value):
        proxy = self._proxy
        if not proxy.half_hours.append(slot, value):
            return
        proxy.counted["litres"] += value or 0
        proxy.report("store", {"store": "profile_data", "operation": "append", "entry": {"utc": to_iso(slot), "value": value}})
        if slot % DAY == 0:
            used = proxy.half_hours.used_between(slot - DAY, slot)
            if proxy.days.append(slot, used):
                proxy.report(
                    "store",
                    {"store": "daily_consumption", "operation": "append", "entry": {"utc": to_iso(slot), "value": used}},
                )

    def _reached(self, slot, register):
        self._copied = (slot, register)
        self._values.set("copied", self._copied)

    def _set_flags(self):
        """What the meter is asked for when it has pushed [GBCS 10.4.2]."""
        flags = 0
        if self._due is not None:
            flags |= GET_SAMPLED_DATA
        known = self._daily_reads_known()
        if known is not None and known < self._latest - self._latest % DAY:
            flags |= GET_SNAPSHOT
        self.flags = flags

    def _daily_reads_known(self):
        """The moment up to which daily reads are here: of the last one, or when the mirror began; None is not known."""
        last = self._proxy.daily_reads.last()
        return self._mirrored if last is None else last

    def _next_request(self, flags):
        """The command that one flag announced, None of them: the flag is cleared by its data, not by being asked."""
        if flags & self.flags & GET_SAMPLED_DATA and self._due is not None:
            return "get_sampled_data", self._samples_wanted()
        if flags & self.flags & GET_SNAPSHOT:
            return "get_snapshot", self._snapshot_wanted()
        return status.NOT_FOUND

    def _samples_wanted(self):
        count = (self._due[0] - self._copied[0]) // HALF_HOUR
        return {
            "sample_id": 0,
            "sample_start_time": self._copied[0],
            "sample_type": 0,
            "number_of_samples": min(count, _ASK_AT_ONCE),
        }

    def _take_samples(self, fields, message):
        """Samples of the meter's own profile: fill the gap, ask for the rest."""
        if self._due is None or fields["sample_start_time"] is None:
            return status.SUCCESS
        slot = fields["sample_start_time"]
        register = self._copied[1]
        for sample in fields["samples"]:
            slot += HALF_HOUR
            if self._copied[0] < slot <= self._due[0]:
                self._append(slot, sample)
                if register is not None:
                    register += sample or 0
                self._reached(slot, register)
        if self._copied[0] >= self._due[0]:
            self._reached(self._due[0], self._due[1])
            self._due = None
            self.flags &= ~GET_SAMPLED_DATA
        elif fields["samples"]:
            self._ask(message, "get_sampled_data", self._samples_wanted())
        return status.SUCCESS

    # -- snapshots ---------------------------------------------------------------------------------------

    def _take_snapshot(self, name, fields, message):
        proxy = self._proxy
        log = proxy.snapshot_log(name, fields["snapshot_cause"])
        payload = log.payload_of(fields)
        utc = fields["snapshot_time"]
        if utc is None:
            return status.INVALID_FIELD
        if log is proxy.daily_reads and self._is_ahead(utc):
            self._latest = max(self._latest, utc)
            self._set_flags()
            return status.SUCCESS
        if log.add(utc, fields["snapshot_id"], fields["snapshot_cause"], fields["snapshot_payload_type"], payload):
            proxy.report(
                "store",
                {
                    "store": "daily_read" if fields["snapshot_cause"] & snapshots.GENERAL else "billing",
                    "operation": "append",
                    "entry": {"utc": to_iso(utc), "cause": fields["snapshot_cause"]},
                },
            )
            if fields["snapshot_cause"] & ~snapshots.GENERAL:
                proxy.billing_came(name, fields)
        self._set_flags()
        if fields["total_snapshots_found"] > 1 and self.flags & GET_SNAPSHOT:
            self._ask(message, "get_snapshot", self._snapshot_wanted())
        return status.SUCCESS

    def _is_ahead(self, utc):
        """Whether a daily read comes before one of an earlier day, which has to be asked for first: the log keeps them in
        order. What comes once they have been asked for is all that the meter has."""
        known = self._daily_reads_known()
        return known is not None and utc - known > DAY and self._asked_from != known + 1

    def _snapshot_wanted(self):
        """The daily reads after the last one that is here; the range is half open (REQ-GPF-11)."""
        known = self._daily_reads_known()
        self._asked_from = 0 if known is None else known + 1
        return {
            "start_time": self._asked_from,
            "end_time": None,
            "snapshot_offset": 0,
            "snapshot_cause": snapshots.GENERAL,
        }

    def _ask(self, message, name, fields):
        """A further request to the meter while it is awake; its answer comes back through `from_meter`."""
        proxy = self._proxy
        payload = foundation.command(METERING, name, TO_SERVER, fields, proxy.next_sequence())
        proxy.tell(message.source, message.destination_endpoint, message.source_endpoint, METERING, payload)
