# SPDX-License-Identifier: Apache-2.0
"""How a meter keeps its clock: compared with the hub's, adjusted when little is wrong (REQ-CLK-1 to 5)."""

from han.clock import DAY, RELIABLE
from han.devices import client, events
from han.zcl import foundation

TIME = 0x000A
HUB_TIME = ("time", "time_status")

ANSWER_WITHIN = 3  # seconds
ATTEMPTS = 4
ADJUSTABLE = 10  # seconds (REQ-CLK-2, 3)
SYNCHRONISED = 0x02  # bit of TimeStatus [ZSE 7]


class Timekeeper:
    """Compares one device's clock with the hub's. The device gives `event(code, data, alert)` and, when its clock has
    moved, gets `clock_moved(seconds, time)`."""

    def __init__(self, device, interval=DAY):
        self._device = device
        self._interval = interval
        self._hub = None  # the hub's time less the node's, as of the last answer
        self._told = False  # a large difference is told once, not at every comparison

    def begin(self, time):
        """Compare soon, and once an interval from then on (REQ-CLK-2)."""
        self._device.at(time + 5, self.compare)

    def compare(self, time):
        """Ask the hub for its time."""
        self._device.at(time + self._interval, self.compare)
        self.ask(self._compared, time)

    def ask(self, then, time):
        """Ask the hub; `then(hub_utc, synchronised, time)` gets its time, None where it has none or does not answer."""
        device = self._device
        hub = device.configuration["hub"]
        if hub["identity"] is None:
            return

        def answered(frame, now):
            values = client.values(TIME, HUB_TIME, frame)
            if values.get("time") is not None:
                self._hub = values["time"] - now
            then(values.get("time"), bool(values.get("time_status", 0) & SYNCHRONISED), now)

        device.read(
            hub["identity"],
            device.endpoint,
            hub["time"],
            TIME,
            foundation.identifiers(TIME, HUB_TIME),
            answered,
            time,
            ANSWER_WITHIN,
            ATTEMPTS,
        )

    def _compared(self, hub_utc, synchronised, time):
        self.take(hub_utc, synchronised, time)

    def take(self, hub_utc, synchronised, time):
        """The hub's time has come: adjust what is small, report what is not."""
        device = self._device
        clock = device.clock
        if hub_utc is None or not synchronised or clock.status != RELIABLE:
            return
        difference = hub_utc - clock.utc(time)
        if abs(difference) <= ADJUSTABLE:
            self._told = False
        if not difference:
            return
        if abs(difference) <= ADJUSTABLE:
            clock.offset += difference
            device.report_clock("network")
            device.event(events.CLOCK_ADJUSTED, b"", False)
            device.clock_moved(difference, time)
        elif not self._told:
            self._told = True
            device.event(events.CLOCK_NOT_ADJUSTED)

    def set_now(self, start, end, time):
        """Set Clock with a validity interval: the clock takes the hub's time, as the hub last told it, if that lies inside
        (REQ-CLK-4). Returns whether it did."""
        if self._hub is None or not start <= time + self._hub <= end:
            return False
        device = self._device
        before = device.clock.utc(time)
        hub_utc = time + self._hub
        device.clock.set(hub_utc, time)
        device.report_clock("network")
        device.clock_moved(None if before is None else hub_utc - before, time)
        return True
