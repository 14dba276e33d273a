# SPDX-License-Identifier: Apache-2.0
"""The battery of a gas meter: how long it will last, when it is low, and when the meter lost it (REQ-GSME-7)."""

from micropython import const

from han.clock import DAY
from han.devices.outage import Outage

LOST = const(0x8F1D)  # events [alert code table]
LOW = const(0x8F1F)
RESET = const(0x8F82)

DAYS = const(3650)  # of a new battery
_LOW_DAYS = const(180)  # from which on it is low (I)

_ATTRIBUTE = "remaining_battery_life_in_days"
_STORE = "battery"  # (days at a moment, UTC of that, whether it was told to be low)


class Battery:
    """`metering` shows what remains, `values` keeps it, `event(code)` logs and alerts. Each day of the clock costs a day."""

    def __init__(self, metering, values, days, event):
        self._metering = metering
        self._values = values
        self._event = event
        self._outage = Outage(values)
        self._days, self._since, self._told = values.get(_STORE, (days, None, False))
        metering.set(_ATTRIBUTE, self._days)

    def start(self, utc):
        """The meter has power: an earlier loss of it is told now."""
        if self._outage.ends() is not None:
            self._event(LOST)
        self.look(utc)

    def stop(self, utc):
        """The meter has lost its power."""
        self._outage.begins(utc)

    def look(self, utc):
        """What remains at `utc`; nothing is counted while the clock has no time."""
        if utc is None:
            return
        if self._since is None:
            self._since = utc
            self._keep()
        remaining = max(0, self._days - max(0, utc - self._since) // DAY)
        self._metering.set(_ATTRIBUTE, remaining)
        if remaining <= _LOW_DAYS and not self._told:
            self._told = True
            self._keep()
            self._event(LOW)

    def holds(self, days, utc):
        """The bench's battery: it has so many days left; more than before is a new one."""
        renewed = days > self._metering.get(_ATTRIBUTE)
        self._days = days
        self._since = utc
        self._told = self._told and days <= _LOW_DAYS
        self._keep()
        self._metering.set(_ATTRIBUTE, days)
        if renewed:
            self._event(RESET)
        self.look(utc)

    def _keep(self):
        self._values.set(_STORE, (self._days, self._since, self._told))
