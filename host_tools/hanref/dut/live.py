# SPDX-License-Identifier: GPL-3.0-or-later
"""The network around a device under test: carries out the plan of a run in real time, and tells what happens in the lines
of docs/architecture.md.
"""

import json
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from han.message import BROADCAST
from han.node.settings import PROFILE

from hanref.air.aps_data import Data
from hanref.air.simulation import Air, Conditions
from hanref.bench import secrets
from hanref.dut.local import LocalBoard
from hanref.dut.options import Attachment
from hanref.dut.outside import Outside
from hanref.dut.person import Person
from hanref.dut.watch import NOT_MODELLED, Watch
from hanref.errors import BenchError
from hanref.observed import DISPLAYS
from hanref.trace import Event

JOIN_LIMIT = 600.0  # seconds a person has to let the device join, and a device that left to come back
LONGEST = 5400  # seconds of real time that a live plan may take

_COMMISSIONING = 60_000  # milliseconds for the reference to come together
_OPEN = 250  # seconds the network is open at a time
_PROGRESS = 2000
_NAP = 0.05  # seconds
_STANDS_STILL = 1000  # turns at one moment
_LAST_LOOK = 60_000
_AFTER_DATE = 120_000
_BEFORE_CHANGE = 30_000


class LiveHan:
    """Use as a context manager: the reference comes together and the devices join; `lines` then runs the plan.

    `attachments` are the roles left to devices outside. `pace` is how many times faster than real time it goes, for
    devices that are simulated themselves. `observed` are screens that somebody saw, `settings_beside` writes the settings
    of a device to a file of its own.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        attachments: dict[str, Attachment],
        person: Person,
        capture: Path | None = None,
        conditions: Conditions | None = None,
        limit: float = JOIN_LIMIT,
        pace: float = 1.0,
        observed: Iterable[Event] = (),
        settings_beside: Callable[[str, dict[str, Any]], Path] | None = None,
    ) -> None:
        self.plan = plan
        self._observed = deque(observed)
        self._write_settings = settings_beside
        self.attachments = attachments
        self.person = person
        self.limit = limit
        self.pace = pace
        self.packets: deque[int] = deque()  # number in the capture of each frame of `lines`
        self.identities = {role: bytes.fromhex(table["identity"]) for role, table in plan["devices"].items()}
        self._start = plan["start"] * 1000
        self._longest_wait = int(limit * pace * 1000)
        self.air = Air(plan["seed"], self._start - _COMMISSIONING - self._longest_wait, conditions, capture)
        self.air.heard = self._heard
        self.boards: dict[str, LocalBoard] = {}
        self.outside: dict[str, Outside] = {}
        self.watches = {role: Watch(role) for role in attachments}
        self.frames = 0
        self._names: dict[tuple[bytes, int], str] = {}
        self._lines: list[str] = []
        self._running = False
        self._ended: str | None = None
        self._anchor = (time.monotonic(), self.air.now)

    def __enter__(self) -> Self:
        try:
            self._come_together()
            self._let_join()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the lines back, end the capture."""
        for outside in self.outside.values():
            outside.close()
        self.air.close()

    # -- set-up --------------------------------------------------------------------------------------------

    def settings(self, role: str) -> dict[str, Any]:
        """What a device under test that is built on this firmware has in its /settings.json: test keys included."""
        return {
            "role": role,
            "profile": self.plan["devices"][role].get("profile", PROFILE),
            "time": "running",
            "identities": {other: identity.hex() for other, identity in self.identities.items()},
            "radio": {
                "driver": "znp",
                "install_code": self._install_code(role).hex(),
                "link_keys": {other.hex(): key.hex() for other, key in self._link_keys(role).items()},
            },
            "settings": self.plan["devices"][role],
        }

    def _install_code(self, role: str) -> bytes:
        attachment = self.attachments.get(role)
        if attachment is not None and attachment.install_code is not None:
            return attachment.install_code
        return secrets.install_code(self.plan["seed"], self.identities[role])

    def _link_keys(self, role: str) -> dict[bytes, bytes]:
        """Link keys put in place between devices. One that brings an install code has its key with the hub from that."""
        own = self.identities[role]
        strangers = {self.identities[other] for other, known in self.attachments.items() if known.install_code is not None}
        found = {}
        for pair, key in secrets.link_keys(self.plan["seed"], list(self.identities.values())).items():
            by_code = self.identities["hub"] in pair and bool(pair & strangers)
            if own in pair and not by_code:
                found[next(iter(pair - {own}))] = key
        return found

    def _come_together(self) -> None:
        """The hub forms the network and the reference devices join it: in no time."""
        joiners = {self.identities[role]: self._install_code(role) for role in self.identities if role != "hub"}
        for role in self.identities:
            if role in self.attachments:
                continue
            board = LocalBoard(
                role,
                self.air,
                self.plan["devices"][role],
                self.identities,
                self._link_keys(role),
                None if role == "hub" else self._install_code(role),
                joiners if role == "hub" else {},
            )
            self.boards[role] = board
            for endpoint, name in board.roles.items():
                self._names[(self.identities[role], endpoint)] = name
        self._until(lambda: self.boards["hub"].port.radio.started, "the hub")
        self.boards["hub"].port.permit_join(_OPEN)
        self._until(lambda: all(board.port.radio.started for board in self.boards.values()), "the reference")

    def _until(self, condition: Any, who: str) -> None:
        end = self.air.now + _COMMISSIONING
        while not condition():
            if self.air.now >= end:
                raise BenchError("%s did not form its network" % who)
            self._settle()
            self.air.advance(min(end, self._next(end)))

    def _let_join(self) -> None:
        """Wait, in real time, for the devices from outside."""
        for role, attachment in self.attachments.items():
            outside = Outside(self.air.coprocessor(self.identities[role]), attachment.port)
            self.outside[role] = outside
            self.person.tell(
                "Let the %s under test join now: its radio is at %s, its EUI-64 is %s%s. In %d minutes the run ends without it."
                % (role, outside.where, self.identities[role].hex(), self._secrets_of(role), self.limit // 60)
            )
        end = self.air.now + self._longest_wait
        opened = 0
        self._anchor = (time.monotonic(), self.air.now)
        while self.air.now < end and not all(self._is_on(role) for role in self.attachments):
            if self.air.now >= opened:
                self.boards["hub"].port.permit_join(_OPEN)
                opened = self.air.now + (_OPEN - 10) * 1000
            self._live_until(min(end, self.air.now + 1000))
        for role in self.attachments:
            if self.watches[role].joined:
                self.person.tell("The %s under test has joined." % role)

    def _secrets_of(self, role: str) -> str:
        """Where a device finds its install code and link keys."""
        own = ", its install code the one you gave" if self.attachments[role].install_code is not None else ""
        if self._write_settings is None:
            return own
        return own + ", test keys for it are in %s" % self._write_settings(role, self.settings(role))

    def _is_on(self, role: str) -> bool:
        radio = self.outside[role].coprocessor
        told = self.watches[role].look(bool(radio.online), self.air.now)
        if told is not None and self._running:
            self._event({"source": role, "kind": "dut", "what": told})
        return bool(radio.online)

    # -- the run -------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """Every line of the run, in order; it ends early where the device makes it impossible to go on."""
        self.air.advance(self._start)
        self._running = True
        self._anchor = (time.monotonic(), self.air.now)
        for board in self.boards.values():
            board.start()
        for role, watch in self.watches.items():
            if watch.joined:
                self._event({"source": role, "kind": "dut", "what": "joined"})
            else:
                self._block(role, "never_joined", "the device under test did not join: %s" % self._how_far(role))
                self._ended = "no device"
        steps = deque(sorted(self.plan["steps"], key=lambda step: step[0]))
        looks = deque(self._looks())
        end = self.plan["end"] * 1000
        told = 0
        while self.air.now < end and self._ended is None:
            until = min(end, self.air.now + 1000)
            if steps:
                until = min(until, max(self.air.now, self._start + steps[0][0]))
            self._live_until(until)
            while steps and self._start + steps[0][0] <= self.air.now:
                _, role, verb, arguments = steps.popleft()
                self._command(role, verb, arguments)
            while looks and looks[0][0] <= self.air.now:
                self.person.ask_for_screen(looks.popleft()[1])
            self._look_at_devices()
            if self.air.now - told >= _PROGRESS:
                told = self.air.now
                yield "P %d\n" % (self.air.now - self._start)
            yield from self._taken()
        yield from self._end()

    def _end(self) -> Iterator[str]:
        for role, watch in self.watches.items():
            if watch.insists:
                self._block(role, "key_establishment", NOT_MODELLED)
        self._settle()
        yield from self._taken()
        states = {}
        for board in self.boards.values():
            states.update(board.service.serve("state", {}))
        yield "Z %s\n" % json.dumps({"frames": self.air.frames, "lost": self.air.lost, "ended": self._ended, "devices": states})

    def _look_at_devices(self) -> None:
        for role, watch in self.watches.items():
            self._is_on(role)
            screen = self.person.answered()
            if screen is not None and role in DISPLAYS:
                self._event({"source": role, "kind": "display", "screen": screen, "observed": True})
            while self._observed and self._observed[0].milliseconds <= self.air.now:
                seen = self._observed.popleft()
                self._event({"source": seen.source, "kind": "display", **seen.content})
            if watch.floods and self._ended is None:
                self.outside[role].coprocessor.in_reach = False
                self._event({"source": role, "kind": "dut", "what": "floods"})
                self._ended = "the %s under test floods the network" % role
            if watch.gone_since is not None and self.air.now - watch.gone_since > self._longest_wait:
                self._ended = "the %s under test left and did not come back" % role
        if self._ended is not None:
            self.person.tell("The run ends: %s." % self._ended)

    def _looks(self) -> list[tuple[int, str]]:
        """When a person is asked what a display shows: around each change of tenancy, and at the end."""
        moments = {self.plan["end"] * 1000 - _LAST_LOOK}
        for at, _, verb, arguments in self.plan["steps"]:
            if verb in ("change_of_tenancy", "gbcs"):
                moments.add(max(self._start, self._start + at - _BEFORE_CHANGE))
            if verb == "change_of_tenancy":
                moments.add(max(self._start + at, arguments["date"] * 1000) + _AFTER_DATE)
        displays = [role for role in self.attachments if role in DISPLAYS]
        return [(moment, role) for moment in sorted(moments) for role in displays]

    def _command(self, role: str, verb: str, arguments: dict[str, Any]) -> None:
        board = "hub" if role in ("chf", "gpf") else role
        if board in self.boards:
            if verb == "link":
                self.boards[board].coprocessor.in_reach = bool(arguments["on"])
            self.boards[board].command(role, verb, arguments)
        elif verb == "link":
            self.outside[board].coprocessor.in_reach = bool(arguments["on"])
        else:
            said = ", ".join("%s %s" % item for item in arguments.items())
            self.person.tell("Please do this at the %s under test now: %s %s" % (role, verb.replace("_", " "), said))

    def _block(self, role: str, what: str, reason: str) -> None:
        self._event({"source": role, "kind": "dut", "what": what, "blocks": reason})

    def _how_far(self, role: str) -> str:
        outside = self.outside[role]
        if not outside.coprocessor.octets_in:
            return "nothing came from it at %s" % outside.where
        return "it spoke to its radio and was not let onto the network"

    # -- time ----------------------------------------------------------------------------------------------

    def _wall(self) -> int:
        """Where the time of the air would be by the clock on the wall."""
        began, at = self._anchor
        return at + int((time.monotonic() - began) * 1000 * self.pace)

    def _live_until(self, end: int) -> None:
        """Let time go on to `end`, not faster than it may, and take what the devices outside say."""
        while True:
            self._settle()
            due = self._next(end)
            wall = self._wall()
            self.air.advance(max(self.air.now, min(due, wall)))
            if self.air.now >= end:
                self._settle()
                return
            self._listen(0 if wall >= due else min(_NAP, (due - wall) / 1000 / self.pace))

    def _listen(self, seconds: float) -> None:
        """Wait for the devices outside, and hand what they say to their co-processors."""
        lines = [line for outside in self.outside.values() for line in outside.lines]
        if lines:
            select.select(lines, [], [], seconds)
        elif seconds:
            time.sleep(seconds)
        for outside in self.outside.values():
            octets = outside.receive()
            if octets:
                outside.coprocessor.feed(octets)
            outside.flush()

    def _settle(self) -> None:
        """Let the reference do all that it has to at this moment."""
        turns = 0
        busy = True
        while busy:
            busy = False
            for board in self.boards.values():
                board.work()
            for board in self.boards.values():
                due = board.due()
                busy = busy or board.waiting() or (due is not None and due <= self.air.now)
            turns += 1
            if turns > _STANDS_STILL:
                raise BenchError("the reference does not come to rest at %d" % self.air.now)
        for outside in self.outside.values():
            outside.flush()
        self._drain()

    def _next(self, end: int) -> int:
        """The next moment up to `end` at which something is due."""
        moments = [end]
        for due in [self.air.deadline(), *(board.due() for board in self.boards.values())]:
            if due is not None:
                moments.append(max(due, self.air.now))
        return min(moments)

    # -- what is heard -------------------------------------------------------------------------------------

    def _heard(self, data: Data, destination: bytes) -> None:
        """A message goes on the air."""
        role = next((role for role in self.attachments if self.identities[role] == data.source.identity), None)
        if data.profile == 0:
            return
        if role is not None:
            self.watches[role].heard(data.cluster, self.air.now)
        if not self._running:
            return
        source = self._name(data.source.identity, data.source_endpoint)
        target = "*" if destination == BROADCAST else self._name(destination, data.destination_endpoint)
        pan = data.source.pan
        self.packets.append(0 if pan is None or pan.tap is None else pan.tap.packets + 1)
        frame = (source, target, data.source_endpoint, data.destination_endpoint, data.cluster, data.key is not None)
        self._lines.append("F %d %s %s %d %d %04x %d %s\n" % (self.air.now - self._start, *frame, data.payload.hex()))

    def _name(self, identity: bytes, endpoint: int) -> str:
        name = self._names.get((identity, endpoint))
        if name is not None:
            return name
        known = next((role for role, other in self.identities.items() if other == identity), identity.hex())
        return "gpf" if known == "hub" else known

    def _drain(self) -> None:
        for board in self.boards.values():
            for fields in board.events():
                self._event(fields)

    def _event(self, fields: dict[str, Any]) -> None:
        if not self._running:
            return
        fields.pop("time", None)
        fields.setdefault("destination", None)
        self._lines.append("E %d %s\n" % (self.air.now - self._start, json.dumps(fields)))

    def _taken(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines
