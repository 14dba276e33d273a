# SPDX-License-Identifier: GPL-3.0-or-later
"""A HAN of boards that carries out the plan of a run and tells what happens, in the lines of docs/architecture.md."""

import json
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from han.message import BROADCAST, SMART_ENERGY
from han.node.settings import PROFILE

from hanref.air.aps_data import Data
from hanref.air.simulation import Air, Conditions
from hanref.bench import secrets
from hanref.bench.clockwork import Clockwork
from hanref.bench.file import Bench, check_radios
from hanref.bench.place import Place
from hanref.bench.wire import Wire
from hanref.errors import BenchError, UsageError
from hanref.flash.image import Image, image
from hanref.flash.install import Installed, install
from hanref.flash.settings import radio

_COMMISSIONING = 600_000  # milliseconds before the start of a run in which its network comes to be
_OPEN = 254  # seconds the network is open for joiners
_ON_THE_NETWORK_LIMIT = 90.0  # seconds
_FEEDS = ("voltage", "load", "gas_flow")  # what is measured: it goes on while a meter is off
_BEHIND = {"chf": "hub", "gpf": "hub"}

Told = Callable[[str], None]


class BoardHan:
    """Boards on a simulated air, or with radios of their own. Use as a context manager: it flashes and commissions them;
    `lines` then runs the plan.

    `plan` is the document of a run, `capture` the pcapng to write, `flashes` a folder for the flash memory of emulated
    boards; without it they have one that is kept from run to run, so that there is little to write. `told` gets a
    sentence now and then for whoever waits. Of radios of their own nothing is captured: the frames are those that the
    boards say they sent. Raises UsageError for a bench that cannot be, BenchError where a board fails.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        bench: Bench,
        capture: Path | None = None,
        conditions: Conditions | None = None,
        told: Told | None = None,
        flashes: Path | None = None,
    ) -> None:
        self.plan = plan
        self.bench = bench
        self.roles: list[str] = list(plan["devices"])
        self.identities = {role: bytes.fromhex(plan["devices"][role]["identity"]) for role in self.roles}
        self._start = plan["start"] * 1000
        self._told = told or (lambda sentence: None)
        self._folder = tempfile.TemporaryDirectory(prefix="hanref-")
        self._flashes = flashes
        self.simulated_air = check_radios(bench, self.roles)
        if conditions is not None and not self.simulated_air:
            raise UsageError("bench: losses and delays are for the simulated air; these boards have radios of their own")
        self.air = Air(plan["seed"], self._start - _COMMISSIONING, conditions, capture if self.simulated_air else None)
        self.air.heard = self._heard
        self.places: dict[str, Place] = {}
        self.installed: dict[str, Installed] = {}
        self.packets: deque[int] = deque()  # number in the capture of each frame of `lines`
        self._roles_by_endpoint: dict[tuple[bytes, int], str] = {}
        self._lines: list[str] = []
        self._feeds: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self._running = False
        self._frames = 0
        self._steps: list[list[Any]] = []
        self.clockwork = Clockwork((), self.air, self._drain)

    def __enter__(self) -> Self:
        try:
            self._power_on()
            self._flash()
            self._commission()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the emulated boards, give the ports back, end the capture."""
        for place in self.places.values():
            place.close()
        self.air.close()
        self._folder.cleanup()

    # -- set-up --------------------------------------------------------------------------------------------

    def _power_on(self) -> None:
        self._told(f"starting {len(self.roles)} boards")
        events: deque[dict[str, Any]] = deque()
        for role in self.roles:
            place = Place(role, self.bench.entry(role), Path(self._folder.name), self._flashes)
            if self.simulated_air:
                place.wire = Wire(self.air.coprocessor(self.identities[role]))
            else:
                place.events = events  # in the order in which they come: a request before its answer
            self.places[role] = place
            place.power_on()
        self.clockwork.places = list(self.places.values())

    def _flash(self) -> None:
        self._told(f"flashing {len(self.roles)} boards")
        # Boards of one kind in different roles share nothing, so they are flashed side by side.
        images = {role: image(role) for role in self.roles}
        with ThreadPoolExecutor(len(self.roles)) as pool:
            work = {role: pool.submit(self._flash_one, role, images[role]) for role in self.roles}
            try:
                self.installed = {role: done.result() for role, done in work.items()}
            except BaseException:
                for place in self.places.values():
                    place.close()  # a flash that is under way ends with its board
                raise

    def _flash_one(self, role: str, image: Image) -> Installed:
        place = self.places[role]
        settings = self.settings(role)
        stopped = None if place.wire is None else place.wire.discard
        try:
            return install(place.board, place.port, image, settings, fresh_stores=True, stopped=stopped)
        except (BenchError, UsageError):
            if not place.renew():
                raise
        return install(place.board, place.port, image, settings, fresh_stores=True, stopped=stopped)

    def settings(self, role: str) -> dict[str, Any]:
        """What is written to the board's /settings.json."""
        seed = self.plan["seed"]
        own = self.identities[role]
        told = radio(self.places[role].board)
        told["link_keys"] = {
            other.hex(): key.hex()
            for pair, key in secrets.link_keys(seed, list(self.identities.values())).items()
            if own in pair
            for other in pair - {own}
        }
        if not self.simulated_air:
            told["fresh"] = True  # it may remember another network
        if role == "hub":
            others = [identity for other, identity in self.identities.items() if other != "hub"]
            told["joiners"] = {identity.hex(): secrets.install_code(seed, identity).hex() for identity in others}
        else:
            told["install_code"] = secrets.install_code(seed, own).hex()
        return {
            "role": role,
            "profile": self.plan["devices"][role].get("profile", PROFILE),
            "time": "held",
            "identities": {other: identity.hex() for other, identity in self.identities.items()},
            "radio": told,
            "settings": self.plan["devices"][role],
        }

    def _commission(self) -> None:
        """The hub forms the network, the others join it by install code."""
        self._told("forming the network")
        for place in self.places.values():
            place.open_link()
            for device in place.request("identity")["devices"]:
                for endpoint in device["endpoints"]:
                    self._roles_by_endpoint[(self.identities[place.role], endpoint)] = device["role"]
        self._on_the_network([self.places["hub"]])
        self.places["hub"].request("radio", permit_join=_OPEN)
        self._on_the_network(list(self.places.values()))
        if not self.simulated_air:
            self._remember_network()
        self.clockwork.advance(self._start)

    def _remember_network(self) -> None:
        """A board that starts again in the middle of the run comes back to the network it is on now."""
        for role, place in self.places.items():
            settings = self.settings(role)
            settings["radio"]["fresh"] = False
            place.request("settings", settings=settings)

    def _on_the_network(self, places: list[Place]) -> None:
        states: dict[str, dict[str, Any]] = {}

        def all_started() -> bool:
            for place in places:
                states[place.role] = place.request("radio")
            return all(state["started"] for state in states.values())

        def what() -> str:
            missing = [f"{role} ({'; '.join(state['notes'])})" for role, state in states.items() if not state["started"]]
            return f"not on the network within {_ON_THE_NETWORK_LIMIT:g} s: {', '.join(missing)}"

        self.clockwork.wait_for(all_started, what, _ON_THE_NETWORK_LIMIT)

    # -- the run -----------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """Every line of the run, in order. Raises BenchError where a board fails."""
        yield from self.run(self.plan["end"] * 1000 - self.air.now)
        yield "Z %s\n" % json.dumps(self.summary())

    def run(self, milliseconds: int) -> Iterator[str]:
        """The lines of a stretch of the run, from where it stands."""
        end = self.air.now + milliseconds
        if not self._running:
            self._running = True
            self._steps = sorted(self.plan["steps"], key=lambda step: step[0])[::-1]
            self.clockwork.step(self.places.values())
        while self._steps and self._start + self._steps[-1][0] <= end:
            at, role, verb, arguments = self._steps.pop()
            yield from self._run_to(self._start + at)
            self.command(role, verb, arguments)
        yield from self._run_to(end)
        self.clockwork.step([place for place in self.places.values() if place.on])
        self.clockwork.settle()
        yield from self._taken()

    def _run_to(self, moment: int) -> Iterator[str]:
        """Let time go on in stretches, so that whoever reads the lines sees how far it is."""
        while self.air.now < moment:
            self.clockwork.advance(min(moment, self.air.now + 60_000))
            yield from self._taken()
            yield "P %d\n" % (self.air.now - self._start)
        self.clockwork.settle()
        yield from self._taken()

    def _taken(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines

    def summary(self) -> dict[str, Any]:
        """What the run came to: frames on the air, frames lost, each device's state."""
        devices: dict[str, Any] = {}
        for place in self.places.values():
            if place.on:
                devices.update(place.request("state"))
        return {"frames": self.air.frames if self.simulated_air else self._frames, "lost": self.air.lost, "devices": devices}

    # -- the bench's inputs ------------------------------------------------------------------------------------

    def command(self, role: str, verb: str, arguments: dict[str, Any]) -> None:
        """An input of the bench, now: a verb of the plan of a run."""
        board = _BEHIND.get(role, role)
        place = self.places.get(board)
        if place is None:
            raise BenchError(f"the plan names {role}, which is not on this HAN")
        if verb == "power":
            self.power(board, arguments["on"])
        elif verb == "link" and place.wire is not None:
            place.wire.coprocessor.in_reach = arguments["on"]
        else:
            if verb in _FEEDS:
                self._feeds[(board, verb)] = (self.air.now // 1000, arguments)
            if place.on:
                self.clockwork.step([place])
                place.request("do", role=role, verb=verb, arguments=arguments)
                place.dirty = True
        self.clockwork.settle()

    def power(self, role: str, on: bool) -> None:
        """The power of a board comes or goes; a device has the moment of its last gasp to save what it counts."""
        place = self.places[role]
        if on and not place.on:
            place.power_on()
            self._back_again(place)
        elif on:
            self.clockwork.step([place])
            place.request("do", role=role, verb="power", arguments={"on": True})
            place.dirty = True
        elif place.on:
            self.clockwork.step([place])
            place.request("do", role=role, verb="power", arguments={"on": False})
            place.dirty = True
            self.clockwork.settle()
            place.cut_power()

    def cut(self, role: str) -> None:
        """Power goes without a warning: nothing is saved any more."""
        place = self.places[role]
        try:
            self.clockwork.settle()
        except BenchError:
            if not place.has_ended:  # it is another board that does not answer
                raise
        if not place.cut_power():
            raise BenchError(f"{role}: the bench file has no power_off command for it")
        for device in dict.fromkeys(self._roles_by_endpoint[key] for key in self._endpoints_of(role)):
            self._event({"source": device, "kind": "power", "on": False})

    def _endpoints_of(self, role: str) -> list[tuple[bytes, int]]:
        return [key for key in self._roles_by_endpoint if key[0] == self.identities[role]]

    def _back_again(self, place: Place) -> None:
        """A board that was off: it takes up its network, the time, and what is measured."""
        place.open_link()
        self._on_the_network([place])
        self.clockwork.step([place])
        for (role, verb), (since, arguments) in self._feeds.items():
            if role == place.role:
                elapsed = self.air.now // 1000 - since
                place.request("do", role=role, verb=verb, arguments={**arguments, "elapsed": elapsed})
        place.dirty = True

    # -- what is heard -------------------------------------------------------------------------------------------

    def _heard(self, data: Data, destination: bytes) -> None:
        """A message goes on the air."""
        if not self._running or data.profile != SMART_ENERGY:
            return
        source = self._name(data.source.identity, data.source_endpoint)
        pan = data.source.pan
        packet = 0 if pan is None or pan.tap is None else pan.tap.packets + 1
        endpoints = (data.source_endpoint, data.destination_endpoint)
        self._frame(source, destination, endpoints, data.cluster, data.key is not None, data.payload.hex(), packet)

    def _frame(
        self,
        source: str,
        destination: bytes,
        endpoints: tuple[int, int],
        cluster: int,
        secured: bool,
        octets: str,
        packet: int = 0,
    ) -> None:
        """The line of a frame; `packet` is its number in the capture, 0 where there is none."""
        target = "*" if destination == BROADCAST else self._name(destination, endpoints[1])
        self.packets.append(packet)
        self._frames += 1
        moment = self.air.now - self._start
        self._lines.append("F %d %s %s %d %d %04x %d %s\n" % (moment, source, target, *endpoints, cluster, secured, octets))

    def _name(self, identity: bytes, endpoint: int) -> str:
        name = self._roles_by_endpoint.get((identity, endpoint))
        if name is not None:
            return name
        for role, known in self.identities.items():
            if known == identity:
                return role
        return identity.hex()

    def _drain(self) -> None:
        """All is quiet: what the boards reported goes to the lines."""
        for place in self.places.values():
            while place.events:
                self._event(place.events.popleft())

    def _event(self, fields: dict[str, Any]) -> None:
        if not self._running:
            return
        if fields["kind"] == "frame":
            source, target, endpoints = fields["source"], bytes.fromhex(fields["to"]), tuple(fields["endpoints"])
            self._frame(source, target, endpoints, fields["cluster"], fields["secured"], fields["octets"])
            return
        fields.pop("time", None)
        fields.setdefault("destination", None)
        self._lines.append("E %d %s\n" % (self.air.now - self._start, json.dumps(fields)))
