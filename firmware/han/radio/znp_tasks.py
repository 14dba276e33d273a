# SPDX-License-Identifier: Apache-2.0
"""Runs what the driver has going on at once: one request outstanding on the wire, many things waiting for an event.

A task is a generator. It yields `(command, data)` and is resumed with the answer's octets, or None when the
co-processor refused the request or did not answer; or it yields `(condition, milliseconds)` and is resumed with the
first value of `condition()` that is not None, or with None when the time is over.
"""

from han.radio.znp_commands import ANSWER
from han.radio.znp_link import frame

REQUEST_TIMEOUT = 3000  # milliseconds; answers take 3 to 15


class Tasks:
    """Tasks in the order they came. `write` takes octets for the co-processor.

    `timeouts` counts requests without an answer since the last answer, `refused` those the co-processor does not know.
    """

    def __init__(self, write):
        self._write = write
        self._ready = []  # [task, command, data] that wait for the wire
        self._waiting = []  # [task, condition, deadline]
        self._task = None  # whose request is outstanding, with its command and deadline
        self._command = 0
        self._deadline = None
        self.timeouts = 0
        self.refused = 0

    def clear(self):
        """Drop everything; each task may clean up in its `finally`."""
        dropped = [entry[0] for entry in self._ready] + [entry[0] for entry in self._waiting]
        if self._task is not None:
            dropped.append(self._task)
        self._ready = []
        self._waiting = []
        self._task = self._deadline = None
        self.timeouts = 0
        for task in dropped:
            task.close()

    def run(self, task, time):
        """Start a task."""
        self._resume(task, None, time)
        self._next_request(time)

    def answered(self, command, data, time):
        """An answer came. Returns whether it was awaited."""
        if self._task is None or command != self._command + ANSWER:
            return False
        self._finish(bytes(data), time)
        self.timeouts = 0
        return True

    def refusal(self, data, time):
        """The co-processor does not know the request that `data` names."""
        if self._task is not None and len(data) >= 3 and data[1] << 8 | data[2] == self._command:
            self.refused += 1
            self._finish(None, time)

    def look(self, time):
        """Something happened: resume the tasks whose condition came true."""
        for entry in [entry for entry in self._waiting]:
            if entry in self._waiting:
                value = entry[1]()
                if value is not None:
                    self._waiting.remove(entry)
                    self._resume(entry[0], value, time)
        self._next_request(time)

    def tick(self, time):
        """Time has passed: end what takes too long."""
        if self._deadline is not None and time >= self._deadline:
            self.timeouts += 1
            self._finish(None, time)
        for entry in [entry for entry in self._waiting if time >= entry[2]]:
            if entry in self._waiting:
                self._waiting.remove(entry)
                self._resume(entry[0], entry[1](), time)
        self._next_request(time)

    def deadline(self):
        """The time at which `tick` wants to be called, None for never."""
        earliest = self._deadline
        for entry in self._waiting:
            if earliest is None or entry[2] < earliest:
                earliest = entry[2]
        return earliest

    @property
    def busy(self):
        """Whether a request is outstanding or waits for the wire."""
        return self._task is not None or len(self._ready) > 0

    def _finish(self, value, time):
        task = self._task
        self._task = self._deadline = None
        self._resume(task, value, time)
        self._next_request(time)

    def _resume(self, task, value, time):
        try:
            wish, argument = task.send(value)
        except StopIteration:
            return
        if isinstance(wish, int):
            self._ready.append([task, wish, argument])
            return
        value = wish()
        if value is None:
            self._waiting.append([task, wish, time + argument])
        else:
            self._resume(task, value, time)

    def _next_request(self, time):
        if self._task is None and self._ready:
            self._task, self._command, data = self._ready.pop(0)
            self._deadline = time + REQUEST_TIMEOUT
            self._write(frame(self._command, data))
