# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated HAN in this process in which one device is a mutant."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from han.clock import INVALID, STATUS_NAMES, Clock
from han.message import Message
from han.node.sim import Simulation
from han.zcl import clusters, commands

from hanref.mutants import frames
from hanref.mutants.mutant import Mutant, MutantEvent, overrides
from hanref.run.messages import Entities

_LOCAL = {"chf", "gpf"}  # whose messages go through their own `gbcs`


class FaultySimulation(Simulation):
    """The HAN of a plan; `mutant` stands round the device of its role, None for a HAN of reference devices."""

    def __init__(self, plan: dict[str, Any], line: Callable[[str], object], mutant: Mutant | None, entities: Entities) -> None:
        super().__init__(plan, line)
        self._mutant = mutant
        self._entities = entities
        if mutant is not None:
            for node in self.nodes.values():
                self._wrap(node)

    def _exchange(self, old: Any) -> None:
        super()._exchange(old)
        if self._mutant is not None:
            self._wrap(self.nodes[old.board])

    def _after(self, now: int, node: Any, messages: list[Message]) -> None:
        """What the node itself tells of a device, its power, goes through the mutant as well."""
        mutant = self._mutant
        if mutant is not None and node.events and overrides(mutant, "sends"):
            told = []
            for source, kind, fields in node.events:
                if kind != "power" or mutant.role not in (source, node.board):
                    told.append((source, kind, fields))
                    continue
                event = frames.report_of(source, kind, fields, self._start + now // 1000)
                told += [(source, said["kind"], content_of(said)) for said in events_of(mutant.sends(event))]
            node.events[:] = told
        super()._after(now, node, messages)

    def _wrap(self, node: Any) -> None:
        mutant = self._mutant
        assert mutant is not None
        for device in node.devices:
            if mutant.role in (device.role, node.board):
                mutant.device = device
                Wrapper(device, mutant, frames.Names(self.nodes), self._entities)


class Wrapper:
    """Stands between a reference device and its node: each call of the node goes through the mutant's methods."""

    def __init__(self, device: Any, mutant: Mutant, names: frames.Names, entities: Entities) -> None:
        self._device = device
        self._mutant = mutant
        self._names = names
        self._entities = entities
        self._receives = overrides(mutant, "received")
        self._changes = overrides(mutant, "sends")
        self._values = overrides(mutant, "value")
        self._started = False
        self._receive, self._start, self._report = device.receive, device.start, device.report
        device.receive = self.receive
        device.start = self.start
        device.tick = self._through(device.tick)
        device.command = self._through(device.command)
        device.report = self.report
        if hasattr(device, "gbcs"):
            self._gbcs = device.gbcs
            device.gbcs = self.gbcs
        if hasattr(device, "router"):
            self._forward = device.router.take
            device.router.take = self.forward
        if self._changes and hasattr(device, "tunnel"):
            self._wrap_tunnel(device.tunnel)
        if self._values and hasattr(device, "gbcs_read"):
            self._gbcs_read = device.gbcs_read
            device.gbcs_read = self.gbcs_read
        if overrides(mutant, "deadline"):
            self._at = device.at
            device.at = self.at
        if overrides(mutant, "clock"):
            device.clock = MutantClock(device, mutant)

    # -- power and time --------------------------------------------------------------------------------------

    def start(self, time: int) -> list[Message]:
        self._mutant.now = time
        if self._started:
            self._mutant.restart()
        self._started = True
        return self._out(self._start(time), time)

    def at(self, time: int, function: Callable[[int], None]) -> None:
        """A timer, moved by the mutant. What has passed by then is due at once."""
        moved = self._mutant.deadline(time)
        if moved is None:
            self._device.cancel(function)
        else:
            self._at(max(moved, self._device.now), function)

    def _through(self, call: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
        def called(*arguments: Any) -> list[Message]:
            time = arguments[-1]
            self._mutant.now = time
            return self._out(call(*arguments), time)

        return called

    # -- frames ----------------------------------------------------------------------------------------------

    def receive(self, message: Message, time: int) -> list[Message]:
        self._mutant.now = time
        found = [message]
        if self._receives:
            original = frames.event_of(message, self._names, time)
            found = self._messages(self._mutant.received(copy.deepcopy(original)), original, message)
        outgoing = []
        for each in found:
            outgoing += self._receive(each, time)
        return self._out(outgoing, time)

    def _out(self, messages: Iterable[Message], time: int) -> list[Message]:
        if not (self._changes or self._values):
            return list(messages)
        found = []
        for message in messages:
            original = frames.event_of(message, self._names, time)
            event = copy.deepcopy(original)
            if self._values and event["attributes"]:
                self._change_values(event, message, time)
            sent = self._messages(self._mutant.sends(event), original, message)
            if not sent and original["command"] == "report_attributes":
                # What a device does not send it does not wait for: the reference goes on with its next report.
                found += self._out(self._receive(frames.acknowledgement(message), time), time)
            found += sent
        return found

    def _messages(self, said: Any, original: MutantEvent, message: Message) -> list[Message]:
        return [frames.message_of(event, original, message, self._names) for event in events_of(said)]

    def _change_values(self, event: MutantEvent, message: Message, time: int) -> None:
        """Values as the mutant gives them to readers, in the form that values have inside: times are utc."""
        natives = {}
        for record in commands.decode(message.payload[2], message.payload[3:]):
            identifier, value = record[0], record[-1]
            if len(record) == 4 and record[1]:
                continue
            found = clusters.table(message.cluster).attribute(identifier)
            natives["0x%04X" % identifier if found is None else found.name] = value
        for name in event["attributes"]:
            if name in natives:
                given = self._mutant.value(name, natives[name], time)
                if given != natives[name]:
                    event["attributes"][name] = given.hex() if isinstance(given, bytes) else given

    # -- reports and GBCS ------------------------------------------------------------------------------------

    def report(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "gbcs" and self._changes and "source_side" not in fields:
            for octets in self._of_its_own(bytes.fromhex(fields["octets"]), self._device.now):
                self._report(kind, {**fields, "octets": octets.hex()})
            return
        if kind == "gbcs" or not (self._changes or self._values):
            self._report(kind, fields)
            return
        event = frames.report_of(self._device.role, kind, fields, self._device.now)
        if self._values and kind == "display":
            screen = event["screen"]
            for name, value in screen.items():
                screen[name] = self._mutant.value(name, value, self._device.now)
        for said in events_of(self._mutant.sends(event)):
            self._report(said["kind"], content_of(said))

    def gbcs(self, octets: bytes, time: int) -> list[bytes]:
        self._mutant.now = time
        incoming = [octets]
        if self._receives:
            incoming = self._gbcs_through(self._mutant.received, octets, time)
        answers: list[bytes] = []
        for message in incoming:
            for answer in self._gbcs(message, time):
                answers += self._gbcs_through(self._mutant.sends, answer, time) if self._changes else [answer]
        return answers

    def forward(self, octets: bytes, time: int) -> None:
        """A message that passes through the hub to another device or to the WAN: the mutant gets it, and sends it."""
        self._mutant.now = time
        passing = [octets]
        event = frames.gbcs_event(octets, self._entities, time)
        if event is not None and not _LOCAL & {event["source"], event["destination"]}:
            for changes, method in ((self._receives, self._mutant.received), (self._changes, self._mutant.sends)):
                if changes:
                    passing = [given for each in passing for given in self._gbcs_through(method, each, time)]
        for each in passing:
            self._forward(each, time)

    def _wrap_tunnel(self, tunnel: Any) -> None:
        """Alerts, and commands of a PPMID, go into the tunnel to the hub; a sleeping meter has them fetched."""
        name = "send" if hasattr(tunnel, "send") else "deliver"
        send = getattr(tunnel, name)

        def through(octets: bytes, *rest: Any) -> Any:
            results = [send(sent, *rest) for sent in self._of_its_own(octets, self._device.now)]
            return results[0] if results else True

        setattr(tunnel, name, through)

    def _of_its_own(self, octets: bytes, time: int) -> list[bytes]:
        """What becomes of a message: of an alert or a command of this device what the mutant sends, others as they are."""
        event = frames.gbcs_event(octets, self._entities, time)
        server = self._server()
        if event is None or event["cra"] == "response" or server is None or event["originator"] != server.identity.hex():
            return [octets]
        return self._gbcs_through(self._mutant.sends, octets, time)

    def _gbcs_through(self, method: Callable[[MutantEvent], Any], octets: bytes, time: int) -> list[bytes]:
        original = frames.gbcs_event(octets, self._entities, time)
        if original is None:
            return [octets]
        said = events_of(method(copy.deepcopy(original)))
        return [frames.gbcs_octets(event, original, octets, self._secret(original)) for event in said]

    def _secret(self, message: MutantEvent) -> bytes | None:
        """The shared secret of a message to or from this device, None for one that only passes."""
        server = self._server()
        ends = [message["originator"], message["recipient"]]
        if server is None or server.identity.hex() not in ends:
            return None
        ends.remove(server.identity.hex())
        secret: bytes | None = server.keys.secret(bytes.fromhex(ends[0]))
        return secret

    def _server(self) -> Any:
        """The device's GBCS server; a PPMID has it at its WAN side."""
        device = self._device
        return device.server if hasattr(device, "server") else device.wan.server

    def gbcs_read(self, cluster: int, attribute: int) -> tuple[int, int, Any]:
        status, type_id, value = self._gbcs_read(cluster, attribute)
        found = clusters.table(cluster).attribute(attribute)
        if not status and found is not None:
            value = frames.native_time(self._mutant.value(found.name, value, self._device.now))
        return status, type_id, value


def events_of(said: Any) -> list[MutantEvent]:
    """What a mutant's method returned, as a list."""
    if said is None:
        return []
    several = said if isinstance(said, (list, tuple)) else [said]
    return [event.settle() if isinstance(event, MutantEvent) else MutantEvent(event) for event in several if event is not None]


def content_of(event: MutantEvent) -> dict[str, Any]:
    """The fields of a report without what every event has."""
    return {name: event[name] for name in event if name not in ("kind", "source", "time", "destination")}


class MutantClock(Clock):
    """The clock of a mutant: what it reads and its status are what the mutant makes of them."""

    def __init__(self, device: Any, mutant: Mutant) -> None:
        self._device = device
        self._mutant = mutant
        self._status = device.clock.status
        super().__init__(device.clock.status)

    @property
    def status(self) -> int:
        return self._believed(self._device.now)[1]

    @status.setter
    def status(self, status: int) -> None:
        self._status = status

    def utc(self, time: int) -> int | None:
        utc, status = self._believed(time)
        return None if status == INVALID else utc

    def time_of(self, utc: int) -> int:
        now = self._device.now
        believed = self._believed(now)[0]
        return utc - self.offset if believed is None else utc - (believed - now)

    def _believed(self, time: int) -> tuple[int | None, int]:
        real = None if self._status == INVALID else time + self.offset
        said = self._mutant.clock(real, STATUS_NAMES[self._status])
        if not isinstance(said, (tuple, list)):
            said = said, STATUS_NAMES[self._status]
        utc, status = said
        number = status if isinstance(status, int) else STATUS_NAMES.index(status)
        if utc is None and number != INVALID:
            number = INVALID
        return utc, number
