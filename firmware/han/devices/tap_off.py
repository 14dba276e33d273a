# SPDX-License-Identifier: Apache-2.0
"""Tap-off: the gas proxy follows commands that go to the meter, once the meter has answered with success and not before
their date [GBCS 10.3.4; REQ-GPF-12 to 14]."""

from micropython import const

from han.errors import HanError
from han.gbcs import envelope, gas_settings, gbz, use_cases
from han.zcl import clusters, status

FOLLOWED = ("GCS01a", "GCS01b", "GCS05", "GCS07", "GCS23", "GCS25", "GCS25a", "GCS44", "CS11")
NOT_FOLLOWED = const(0x819E)

_CALENDAR = const(0x0707)
_CALENDAR_ONLY = "GCS05"
_PASSED = "tapped"  # [originator, counter, message code, payload] of commands that wait for the meter's answer
_PLANNED = "tap_planned"  # message code -> [utc, payload]
_MOST = const(8)


class TapOff:
    """`proxy` is a GasProxy with `tables`, `clock` and `utc()`; `values` keeps what waits."""

    def __init__(self, proxy, values):
        self._proxy = proxy
        self._values = values
        self._passed = values.get(_PASSED, [])
        self._planned = values.get(_PLANNED, {})

    def keeps_nothing(self):
        return True  # but in `values`

    def command(self, message):
        """A command for the meter passes."""
        use_case = use_cases.find(message.message_code)
        if message.cra != envelope.COMMAND or use_case is None or use_case.name not in FOLLOWED:
            return
        entry = [message.originator, message.originator_counter, message.message_code, bytes(message.payload)]
        self._passed = [kept for kept in self._passed if kept[:2] != entry[:2]][1 - _MOST :] + [entry]
        self._values.set(_PASSED, self._passed)

    def answer(self, octets):
        """A message of the meter passes: where it answers a command that is kept, that is followed."""
        try:
            message = envelope.decode(octets)
        except HanError:
            return
        for entry in self._passed:
            originator, counter, code, payload = entry
            if (message.recipient, message.originator_counter, message.message_code) == (originator, counter, code):
                break
        else:
            return
        if message.cra != envelope.RESPONSE:
            return
        self._passed.remove(entry)
        self._values.set(_PASSED, self._passed)
        self._proxy.tapped_event(code)
        try:
            commands = gbz.decode(payload, envelope.COMMAND, code).components
            succeeded = _is_success(commands, gbz.decode(message.payload, message.cra, code).components)
            followed = succeeded and self._follow(code, payload, commands)
        except (HanError, KeyError):
            followed = False
        if not followed:
            self._proxy.event(NOT_FOLLOWED, code.to_bytes(2, "big"))

    def next_date(self):
        """When the next part that is kept becomes active, None while there is none."""
        return min([entry[0] for entry in self._planned.values()]) if self._planned else None

    def follow_due(self, utc):
        """What was kept for its date becomes active."""
        for code in sorted([code for code, entry in self._planned.items() if entry[0] <= utc]):
            payload = self._planned.pop(code)[1]
            self._values.set(_PLANNED, self._planned)
            if not self._apply(code, gbz.decode(payload, envelope.COMMAND, code).components):
                self._proxy.event(NOT_FOLLOWED, code.to_bytes(2, "big"))

    def _follow(self, code, payload, components):
        """At once, at the date that the command says, or a date taken back; whether it could be done."""
        when = _time_of(components) if use_cases.find(code).future_dated else 0
        utc = self._proxy.utc()
        if gas_settings.is_cancellation(when):
            self._planned.pop(code, None)
        elif when and (utc is None or when > utc):
            self._planned[code] = [when, payload]
        else:
            return self._apply(code, components)
        self._values.set(_PLANNED, self._planned)
        self._proxy.plan_taps()
        return True

    def _apply(self, code, components):
        only_calendar = use_cases.find(code).name == _CALENDAR_ONLY
        for component in components:
            if only_calendar and component.cluster != _CALENDAR:
                continue
            name, fields = _decoded(component)
            if self._proxy.follow(name, fields) != status.SUCCESS:
                return False
        return True


def _decoded(component):
    direction = component.frame_control >> 3 & 1
    return clusters.decode_command(component.cluster, component.command, direction, component.payload)


def _time_of(components):
    """The time of a command: that of its first part which has one, 0 for none."""
    for component in components:
        if component.from_date_time is not None:
            return component.from_date_time
        try:
            return gas_settings.time_of(_decoded(component)[1])
        except KeyError:
            pass
    return 0


def _is_success(commands, answers):
    """Whether each component of a command was answered with success."""
    if len(commands) != len(answers):
        return False
    for command, answer in zip(commands, answers):
        if (command.cluster, command.sequence) != (answer.cluster, answer.sequence):
            return False
        if answer.is_global() and answer.command == gbz.DEFAULT_RESPONSE and answer.payload[1:] != bytes((status.SUCCESS,)):
            return False
    return True
