# SPDX-License-Identifier: GPL-3.0-or-later
"""One APS message on its way through the simulated air: retries, sleeping children, acknowledgement, confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hanref.air import joining
from hanref.air.aps_data import Data, Outcome
from hanref.air.frames import FIRST_BROADCAST
from hanref.air.messages import accepts, tell_confirm, tell_message
from hanref.air.network import BROADCAST

if TYPE_CHECKING:
    from hanref.air.coprocessor import Coprocessor
    from hanref.air.simulation import Pan

APS_RETRIES = 3  # apscMaxFrameRetries
APS_ACKNOWLEDGE_WAIT = 1600  # milliseconds, apscAckWaitDuration
PARENT_HOLDS = 7680  # milliseconds a parent keeps a frame for a sleeping child
DUPLICATE_WINDOW = 15000
_MAC_RETRIES_TAKE = 40
_FRAGMENT_OCTETS = 60
_FRAGMENT_GAP = 50


def send(data: Data) -> None:
    """Put a message on the air. The sender's stack confirms it in time, where it is to."""
    pan = data.source.pan
    assert pan is not None
    data.source.touched()
    if data.destination >= FIRST_BROADCAST:
        _broadcast(pan, data)
    elif data.destination == data.source.short:
        data.source.air.schedule(1, arrive_at_itself, data.source, data)
    else:
        _Unicast(pan, data).attempt()


def confirm(data: Data, outcome: Outcome) -> None:
    """Tell the sender's host how it went."""
    if data.confirm:
        tell_confirm(data, outcome)


def arrive_at_itself(radio: Coprocessor, data: Data) -> None:
    """A message of a radio to itself, which nobody else hears."""
    tell_message(radio, data, broadcast=False)
    confirm(data, Outcome.SUCCESS)


def _broadcast(pan: Pan, data: Data) -> None:
    air = data.source.air
    _tap(pan, data, BROADCAST)
    for member in list(pan.members.values()):
        if member is not data.source and not member.sleepy and data.source.in_reach and not air.lost_frame():
            air.schedule(air.latency(len(data.payload)), _arrive_by_broadcast, member, data)
    air.schedule(20, confirm, data, Outcome.SUCCESS)


def _arrive_by_broadcast(member: Coprocessor, data: Data) -> None:
    if member.online and member.hears:
        tell_message(member, data, broadcast=True)


def _tap(pan: Pan, data: Data, destination: bytes) -> None:
    pan.air.frames += 1
    pan.air.heard(data, destination)
    if pan.tap is not None:
        data.counter = pan.tap.frame(
            pan.air.now,
            data.source.identity,
            destination,
            data.source_endpoint,
            data.destination_endpoint,
            data.cluster,
            data.payload,
            data.key is not None,
            data.profile,
            data.counter,
        )
    elif data.counter is None:
        node = pan.network.node(data.source.identity)
        data.counter = node.aps_counter
        node.aps_counter = (node.aps_counter + 1) & 0xFF


class _Unicast:
    """A unicast until it is confirmed."""

    def __init__(self, pan: Pan, data: Data) -> None:
        self._pan = pan
        self._air = data.source.air
        self._data = data
        self._tries = 0
        self._done = False

    def attempt(self) -> None:
        """One try: the frame goes out, and may come back to be tried again."""
        data, air = self._data, self._air
        source = data.source
        if self._done or source.pan is not self._pan or not source.online:
            return
        self._tries += 1
        joining.watch_parent(source)
        if not source.online:
            self._end(Outcome.NO_MAC_ACKNOWLEDGEMENT, _MAC_RETRIES_TAKE)
            return
        target = self._pan.members.get(data.destination)
        if target is None:
            self._end(Outcome.NO_ROUTE, _MAC_RETRIES_TAKE)
            return
        _tap(self._pan, data, target.identity)
        if not (target.hears and source.in_reach):
            self._end(Outcome.NO_MAC_ACKNOWLEDGEMENT, _MAC_RETRIES_TAKE)
            return
        way = air.latency(len(data.payload)) + len(data.payload) // _FRAGMENT_OCTETS * _FRAGMENT_GAP
        if not air.lost_frame():
            air.schedule(way, self._reach, target, air.now + PARENT_HOLDS)
        elif not data.acknowledge:
            self._end(Outcome.NO_MAC_ACKNOWLEDGEMENT, _MAC_RETRIES_TAKE)
        if data.acknowledge:
            held = PARENT_HOLDS if target.sleepy else 0
            air.schedule(APS_ACKNOWLEDGE_WAIT + way + held, self._unanswered, self._tries)

    def _unanswered(self, tries: int) -> None:
        if self._done or tries != self._tries:
            return
        if self._tries > APS_RETRIES:
            self._end(Outcome.NO_APS_ACKNOWLEDGEMENT)
        else:
            self.attempt()

    def _reach(self, target: Coprocessor, until: int) -> None:
        """The frame is at the target, or at its parent while it sleeps."""
        if not target.sleepy:
            self._arrive(target)
            return
        poll = target.next_poll()
        if poll is not None and poll <= until:
            self._air.schedule(poll - self._air.now, self._arrive, target)
        elif poll is None:
            waiting = [True]

            def woken() -> None:
                if waiting.pop():
                    waiting.append(False)
                    self._reach(target, until)

            def expired() -> None:
                if waiting.pop():
                    self._end(Outcome.EXPIRED)
                waiting.append(False)

            target.waiting.append(woken)
            self._air.schedule(until - self._air.now, expired)
        else:
            self._air.schedule(until - self._air.now, self._end, Outcome.EXPIRED)

    def _arrive(self, target: Coprocessor) -> None:
        data, air = self._data, self._air
        if not target.online or target.pan is not self._pan or not target.hears:
            self._end(Outcome.NO_MAC_ACKNOWLEDGEMENT)
            return
        if data.key is not None and target.link_keys.get(data.source.identity) != data.key:
            return  # its check fails: dropped, not acknowledged
        if not accepts(target, data):
            return
        mark = (data.source.identity, data.counter or 0)
        last = target.duplicates.get(mark)
        if last is None or air.now - last > DUPLICATE_WINDOW:
            tell_message(target, data, broadcast=False)
            if air.random.random() < air.conditions.duplicates:
                air.schedule(30, tell_message, target, data, False)
        target.duplicates[mark] = air.now
        if not data.acknowledge:
            self._end(Outcome.SUCCESS)
            return
        if self._pan.tap is not None and data.counter is not None:
            self._pan.tap.acknowledge(
                air.now,
                target.identity,
                data.source.identity,
                data.destination_endpoint,
                data.source_endpoint,
                data.cluster,
                data.counter,
                data.key is not None,
                data.profile,
            )
        if not air.lost_frame():
            self._end(Outcome.SUCCESS, air.latency(0))

    def _end(self, outcome: Outcome, delay: int = 0) -> None:
        if not self._done:
            self._done = True
            self._air.schedule(delay, confirm, self._data, outcome)
