# SPDX-License-Identifier: GPL-3.0-or-later
"""A co-processor for the driver's tests that answers requests from a table, octet for octet."""

from han.radio.znp import Znp
from han.radio.znp_link import Link, frame
from han.radio.znp_settings import Settings

OWN = bytes((0x00, 0xDB, 0x12, 0x34, 0x56, 0x78, 0xA0, 0x02))
HUB = bytes((0x00, 0xDB, 0x12, 0x34, 0x56, 0x78, 0xA0, 0x01))
OK = b"\x00"
RESET = 0x4100
RESET_IND = frame(0x4180, b"\x02\x02\x01\x02\x07\x01")


def backwards(octets):
    return bytes(reversed(octets))


class Coprocessor:
    """Answers every request: from `answers` {command: data, or a list to use up, or None for silence}, else with success.

    `then` {command: [(command, data), ...]} follows an answer. `requests` collects (command, data).
    """

    def __init__(self, answers=None, then=None, items=None):
        self.requests = []
        self.answers = {
            0x2101: b"\x59\x06",
            0x2700: OK + backwards(OWN) + b"\x34\x12" + b"\x02\x06\x00",
            0x2550: b"\x34\x12" + b"\x4e\x2f" + b"\x00\x00" + bytes(8) + backwards(HUB) + b"\x0b",
        }
        self.answers.update(answers or {})
        self.then = {RESET: [(0x4180, b"\x02\x02\x01\x02\x07\x01")]}
        self.then.update(then or {})
        self.items = {0x87: b"\x02", 0x8F: b"\x00", 0x01: backwards(OWN)}
        self.items.update(items or {})
        self.octets = bytearray()
        self._link = Link(self._request)

    def feed(self, octets, time):
        self._link.feed(octets, time)

    def taken(self):
        octets = bytes(self.octets)
        self.octets = bytearray()
        return octets

    def say(self, command, data):
        self.octets += frame(command, data)

    def _request(self, command, data):
        data = bytes(data)
        self.requests.append((command, data))
        if command != RESET:
            answer = self._answer(command, data)
            if answer is not None:
                self.say(command + 0x4000, answer)
        for other, fields in self.then.get(command, ()):
            self.say(other, fields)

    def _answer(self, command, data):
        if command in self.answers:
            answer = self.answers[command]
            if isinstance(answer, list):
                return answer.pop(0) if len(answer) > 1 else answer[0]
            return answer
        item = data[0] | data[1] << 8 if len(data) >= 2 else 0
        if command == 0x2108:
            value = self.items.get(item)
            return b"\x02\x00" if value is None else OK + bytes((len(value),)) + value
        if command == 0x2109:
            self.items[item] = data[4:]
        if command == 0x2107:
            self.items[item] = data[5:]
            return b"\x09"
        return OK


class Bench:
    """A driver and its co-processor, one clock."""

    def __init__(self, coprocessor):
        self.coprocessor = coprocessor
        self.radio = Znp()
        self.time = 0
        self.events = []
        self.messages = []

    def start(self, settings):
        self.radio.start(settings, self.time)
        self.settle()

    def settle(self):
        """Carry octets both ways until both are quiet."""
        while True:
            out = bytes(self.radio.outgoing())
            if out:
                self.coprocessor.feed(out, self.time)
            back = self.coprocessor.taken()
            if back:
                self.radio.feed(back, self.time)
            if not out and not back:
                break
        self.events += self.radio.events()
        self.messages += self.radio.received()

    def run(self, milliseconds):
        """Let time pass, from deadline to deadline."""
        end = self.time + milliseconds
        while True:
            self.settle()
            due = self.radio.deadline()
            if due is None or due > end:
                break
            self.time = max(due, self.time)
            self.radio.tick(self.time)
        self.time = end

    def say(self, command, data):
        self.coprocessor.say(command, data)
        self.settle()

    def names(self):
        return [event[0] for event in self.events]


def joined(**named):
    """A bench whose radio has joined as end device."""
    bench = Bench(Coprocessor(then={0x2F05: [(0x4F80, b"\x00\x02\x00"), (0x45C0, b"\x06")]}))
    bench.start(Settings("end_device", [], **named))
    bench.events.clear()
    bench.coprocessor.requests.clear()
    return bench
