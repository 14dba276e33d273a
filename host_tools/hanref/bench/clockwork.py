# SPDX-License-Identifier: GPL-3.0-or-later
"""One time for all boards and the air: it goes from deadline to deadline, so that quiet time costs nothing.

A board's time stands until it is stepped. It is stepped when it is due, and before it is given octets from the air. The
time goes on only when everything is settled: boards and co-processors have heard all that the other said. Boards with radios
of their own are settled when none has anything to send and none has heard anything for a while.
"""

import time
from collections.abc import Callable, Iterable

from hanref.air.simulation import Air
from hanref.bench.place import BoardHangs, Place

_LOST_AFTER = 3.0  # seconds without progress after which octets count as lost on a wire
_NAP = 0.002
_QUIET = 0.1  # seconds without an octet after which nothing is on a real air any more
_NEVER_QUIET = 10.0  # seconds after which time goes on all the same: a message that nobody takes is given up by then


class Clockwork:
    """`now` is the time of the air in milliseconds since 2000. `settled()` is called whenever all is quiet."""

    def __init__(self, places: Iterable[Place], air: Air, settled: Callable[[], None]) -> None:
        self.places = list(places)
        self.air = air
        self._settled = settled

    @property
    def now(self) -> int:
        """Milliseconds since 2000."""
        return self.air.now

    def step(self, places: Iterable[Place]) -> None:
        """Bring boards to the time it is; those that are due do what they have to.

        With radios of their own they may hear at once what others say, so those others are brought there first.
        """
        seconds = self.air.now // 1000
        asked = list(places)
        listening = [place for place in self.places if place.own_radio and self._behind(place) and place not in asked]
        for group in (listening, asked):
            requests = [(place, place.begin("time", step=seconds)) for place in group]
            for place, request in requests:
                place.take(request)
                place.dirty = True

    def settle(self) -> None:
        """Exchange octets until nobody has anything to say at this time. Raises BoardHangs."""
        progress = time.monotonic()
        while True:
            self._exchange()
            dirty = [place for place in self.places if place.on and place.dirty]
            if not dirty:
                break
            before = [(place.wire.coprocessor.octets_in, place.wire.coprocessor.octets_out) for place in dirty if place.wire]
            requests = [(place, place.begin("poll", **place.on_its_way())) for place in dirty]
            for place, request in requests:
                place.take(request)
            self._exchange()
            for place in dirty:
                place.dirty = not place.balanced
            after = [(place.wire.coprocessor.octets_in, place.wire.coprocessor.octets_out) for place in dirty if place.wire]
            if before != after:
                progress = time.monotonic()
            elif any(place.dirty for place in dirty):
                if time.monotonic() - progress > _LOST_AFTER:
                    for place in dirty:
                        place.forget_imbalance()
                time.sleep(_NAP)
        self._wait_for_own_radios()
        self._settled()

    def _wait_for_own_radios(self) -> None:
        """Whether they are done cannot be seen on the air, so until nothing has happened for a while."""
        began = since = time.monotonic()
        before: list[tuple[int, int]] = []
        while places := [place for place in self.places if place.on and place.own_radio and place.linked]:
            requests = [(place, place.begin("poll")) for place in places]
            for place, request in requests:
                place.take(request)
            octets = [place.octets for place in places]
            now = time.monotonic()
            if octets != before or any(place.busy for place in places):
                before, since = octets, now
            if now - since >= _QUIET or now - began > _NEVER_QUIET:
                return
            time.sleep(_QUIET / 5)

    def _exchange(self) -> None:
        for place in self.places:
            if place.wire is None or not place.on:
                continue
            if place.wire.pump():
                place.dirty = True
        late = [place for place in self.places if self._to_be_given(place) and self._behind(place)]
        if late:
            self.step(late)
        for place in self.places:
            if self._to_be_given(place):
                assert place.wire is not None
                place.wire.flush()
                place.dirty = True

    @staticmethod
    def _to_be_given(place: Place) -> bool:
        return place.on and place.wire is not None and place.wire.waiting

    def _behind(self, place: Place) -> bool:
        """Whether a board that has been given the time stands before it."""
        return place.on and place.now is not None and place.now < self.air.now // 1000

    def advance(self, end: int) -> None:
        """Let time go on to `end` (milliseconds since 2000); what is due at `end` itself waits."""
        while True:
            self.settle()
            due = self._next(end)
            if due is None:
                break
            self.air.advance(max(self.air.now, due))
            late = [place for place in self.places if place.on and self._due(place)]
            if late:
                self.step(late)
        self.air.advance(max(self.air.now, end))

    def _next(self, end: int) -> int | None:
        """The next moment before `end` at which something is due."""
        moments = [place.deadline * 1000 for place in self.places if place.on and place.deadline is not None]
        if self.air.deadline() is not None:
            moments.append(self.air.deadline() or 0)
        earliest = min(moments, default=None)
        return earliest if earliest is not None and earliest < end else None

    def _due(self, place: Place) -> bool:
        return place.deadline is not None and place.deadline * 1000 <= self.air.now

    def wait_for(self, condition: Callable[[], bool], what: Callable[[], str], limit: float) -> None:
        """Let the air's time run, but not ahead of the boards, until a condition holds. Raises BoardHangs after `limit` s."""
        end = time.monotonic() + limit
        while True:
            own = any(place.own_radio for place in self.places)
            if not own:  # they are busy with what is waited for
                for place in self.places:
                    place.dirty = place.on
                self.settle()
            if condition():
                return
            if time.monotonic() > end:
                raise BoardHangs(what())
            due = None if own else self._next(self.air.now + 1000)
            if due is not None:
                self.advance(due + 1)
            else:
                time.sleep(_NAP)
