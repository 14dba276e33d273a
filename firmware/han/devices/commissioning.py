# SPDX-License-Identifier: Apache-2.0
"""What every device does of the ASN.1 use cases: its device log, instructions with a date, its clock and version [GBCS 13]."""

from han.errors import CryptoError
from han.gbcs import pending, use_cases
from han.later import Later

RESTARTS_AFTER = 5  # seconds from an activation to the start of the new firmware


class Commissioned:
    """Mixed into the `device` of a GbcsServer, which calls `commission` when it has its server, `plan_instructions` at
    its start, after every GBCS message and when its clock has moved. It has `clock`, `now`, `event`, `report` and
    `tell_wan(message)`, which sends what `message()` makes.
    """

    request_names = None

    def commission(self, timers, server, log_changed=None):
        """`timers` has `at` and `cancel`; `log_changed()` is called when the device log changes."""
        self._instruction_timers = timers
        server.protocols[use_cases.ASN1] = Later("han.gbcs.asn1_answer")
        self.paired_devices = Later("han.devices.paired_devices", "PairedDevices", server.values, log_changed)

    def gbcs_clock(self, time):
        return self.clock.utc(time), self.clock.status

    def gbcs_restart(self):
        self._instruction_timers.at(self.now + RESTARTS_AFTER, self._start_firmware)

    def hold_firmware(self, stores, configuration):
        """Make `firmware`, which loads when something of it is asked for. Of `configuration`: `firmware_version`,
        `hardware_version`, `broken_version` (one that does not come up, AT-0024-4)."""
        self._broken_version = configuration.get("broken_version")
        self.firmware = Later(
            "han.devices.firmware_image",
            "FirmwareHolder",
            stores,
            configuration.get("firmware_version", 1),
            configuration.get("hardware_version", 1),
            self._is_signed,
            self.event,
            self._comes_up,
        )

    def _is_signed(self, image, signature):
        """Whether the supplier signed an image; a device that knows no supplier takes any (I)."""
        keys = self.server.keys
        supplier = keys.holder(use_cases.SUPPLIER)
        return supplier is None or keys.signature_is_valid(supplier, image, signature)

    def _comes_up(self, version):
        return version != self._broken_version

    def try_firmware(self, values, time):
        """Power is on: an activation that the loss of power came between goes on now."""
        if values.get("firmware_trial") is not None:
            self._start_firmware(time)

    def _start_firmware(self, time):
        """Start what was activated, or the old firmware where that does not come up (REQ-0024-1)."""
        started = self.firmware.start()
        if started is not None:
            self.report("firmware", {"running": self.firmware.version, "started": started})
            self.firmware_started(started)

    def firmware_started(self, started):
        """Other firmware runs, or would not."""

    def plan_instructions(self):
        """Be called when the next instruction that waits for its date is due."""
        date = pending.next_utc(self.server.values)
        if date is None or self.clock.utc(self.now) is None:
            self._instruction_timers.cancel(self._instructions_due)
        else:
            self._instruction_timers.at(max(self.clock.time_of(date), self.now), self._instructions_due)

    def _instructions_due(self, time):
        try:
            for alert in self.server.protocols[use_cases.ASN1].carry_out_due(self.server, time):
                self.tell_wan(lambda octets=alert: octets)
        except CryptoError as error:
            self.report("alert_not_sent", {"reason": str(error)})
        self.plan_instructions()
