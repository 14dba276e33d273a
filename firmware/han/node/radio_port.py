# SPDX-License-Identifier: Apache-2.0
"""The node's radio: a co-processor behind a UART, its driver, and the counts by which a bench sees that it is quiet."""

from han.radio.znp import Znp

_AWAKE_POLL = 500  # milliseconds between the questions of an end device that is awake
_KEPT_NOTES = 8


class RadioPort:
    """`uart` reads and writes octets without waiting; `settings` is a han.radio.znp_settings.Settings; `milliseconds()`
    only goes forward.

    `given` counts messages handed to the radio, `settled` those of them that were sent or given up, `received` those that
    came from the air, `octets_in` and `octets_out` what came and went on the wire to the co-processor. `notes` are the
    latest words of the driver.
    """

    def __init__(self, uart, settings, milliseconds):
        self.given = self.settled = self.failed = self.received = 0
        self.octets_in = self.octets_out = 0
        self.notes = []
        self.radio = Znp()
        self._uart = uart
        self._milliseconds = milliseconds
        self._poll = settings.poll
        self._peers = list(settings.link_keys)
        self.radio.start(settings, milliseconds())
        self._write()

    def send(self, messages):
        """Hand messages to the radio."""
        now = self._milliseconds()
        for message in messages:
            self.given += 1
            self.radio.send(message, now)
        self._write()

    def turn(self):
        """Take what the co-processor sent, do what is due; returns the messages that came."""
        now = self._milliseconds()
        waiting = self._uart.any()
        if waiting:
            octets = self._uart.read(waiting)
            if octets:
                self.octets_in += len(octets)
                self.radio.feed(octets, now)
        due = self.radio.deadline()
        if due is not None and due <= now:
            self.radio.tick(now)
        self._write()
        self._take_events()
        messages = self.radio.received()
        self.received += len(messages)
        return messages

    def sleep(self, asleep):
        """An end device sleeps between its wakes, and asks for messages while it is awake."""
        wanted = 0 if asleep else _AWAKE_POLL
        if wanted != self._poll:
            self._poll = wanted
            self.radio.set_poll(wanted, self._milliseconds())
            self._write()

    def permit_join(self, seconds):
        """Open the network for joiners."""
        self.radio.permit_join(seconds, self._milliseconds())
        self._write()

    def expect(self, identity, install_code):
        """Let a device with this install code join."""
        self.radio.expect(identity, install_code, self._milliseconds())
        self._write()

    def milliseconds_until_due(self):
        """How long until `turn` has something to do though nothing came; None for never."""
        due = self.radio.deadline()
        return None if due is None else max(0, due - self._milliseconds())

    def quiet(self):
        """Whether nothing is going on between driver and co-processor but waiting for the air."""
        return not self.radio.busy

    def state(self):
        """What the bench is told, as plain data."""
        radio = self.radio
        return {
            "started": radio.started,
            "identity": None if radio.identity is None else radio.identity.hex(),
            "short": radio.short,
            "pan_id": radio.pan_id,
            "given": self.given,
            "settled": self.settled,
            "failed": self.failed,
            "received": self.received,
            "damaged": radio.damaged,
            "notes": self.notes,
        }

    def _take_events(self):
        for event in self.radio.events():
            name = event[0]
            if name == "sent" or name == "failed":
                self.settled += 1
                if name == "failed":
                    self.failed += 1
            else:
                if name == "started":
                    self._meet_peers()
                self.notes.append(" ".join([name] + [_word(part) for part in event[1:]]))
                if len(self.notes) > _KEPT_NOTES:
                    del self.notes[0]

    def _meet_peers(self):
        """Those who joined before are unknown as yet; without their link key what they send would be dropped."""
        now = self._milliseconds()
        for identity in self._peers:
            self.radio.look_up(identity, now)
        self._write()

    def _write(self):
        octets = self.radio.outgoing()
        sent = 0
        while sent < len(octets):
            # A UART with a full buffer takes a part.
            sent += self._uart.write(memoryview(octets)[sent:]) or 0
        self.octets_out += sent


def _word(part):
    return part.hex() if isinstance(part, bytes) else str(part)
