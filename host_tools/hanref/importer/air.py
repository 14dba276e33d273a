# SPDX-License-Identifier: GPL-3.0-or-later
"""From captures to the frames of a trace: read once, opened, kept in columns; then every radio gets its name."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanref.air import capture
from hanref.air.capture import LINK_TYPES, MILLISECONDS_1970_TO_2000, Packet
from hanref.air.dissector import NO_LINK_KEY, NO_NETWORK_KEY, Dissected, Dissector
from hanref.air.keys import Keys
from hanref.errors import UsageError
from hanref.importer.tunnels import Tunnels
from hanref.importer.who import Seen, Who, find
from hanref.trace.frames_kept import Frames, Shape

Progress = Callable[[int], None]  # octets of the capture read so far

_ZDO = 0
_SIMPLE_DESCRIPTOR = 0x8004
_TOLD_EACH = 5000  # packets between two words on progress
_BLOCK = 32  # octets that a capture adds to each packet, or nearly


@dataclass
class Found:
    """What captures hold: `frames` by name of device, and what stayed closed, by reason."""

    frames: Frames
    who: Who
    seen: dict[str, Seen]
    tunnels: Tunnels
    packets: int
    closed: Counter[str]

    def knows(self, address: str) -> bool:
        """Whether a radio of this address is in the captures."""
        return address in self.seen or any("0x%04x" % (radio.short or 0) == address for radio in self.seen.values())


def read(paths: list[Path], keys: Keys, told: dict[str, str], progress: Progress | None = None) -> Found:
    """All that captures of one network hold. Raises UsageError for a file that is no capture, is damaged, is of another
    protocol, or cannot be opened with these keys.
    """
    reader = _Reader(keys)
    for path in paths:
        reader.file(path, progress)
    return reader.found(told)


class _Reader:
    def __init__(self, keys: Keys) -> None:
        self._dissector = Dissector(keys)
        self._frames = Frames()
        self._seen: dict[str, Seen] = {}
        self._tunnels = Tunnels()
        self._known: dict[tuple[Any, ...], Shape] = {}
        self._types: set[tuple[str, int]] = set()
        self._shorts: dict[str, tuple[int, int]] = {}
        self._done = 0
        self._packets = 0

    def file(self, path: Path, progress: Progress | None) -> None:
        protocol = readable = closed = 0
        link_types: Counter[int] = Counter()
        for dissected in self._dissector.packets(self._checked(path, progress, link_types)):
            protocol += dissected.network is not None
            readable += dissected.payload is not None
            closed += dissected.reason in (NO_NETWORK_KEY, NO_LINK_KEY)
            if dissected.payload is not None and not dissected.repeated:
                self._message(dissected)
        if not link_types:
            raise UsageError("%s: the capture holds no packet" % path)
        if not protocol:
            raise UsageError("%s: no Zigbee frame in the capture: of another protocol, or all frames damaged" % path)
        if closed and not readable:
            raise UsageError(
                "%s: no message can be opened, of %d Zigbee frames: give the network key and the devices' link keys by --key, "
                "--install-code or --keys" % (path, protocol)
            )

    def _checked(self, path: Path, progress: Progress | None, link_types: Counter[int]) -> Iterator[Packet]:
        for packet in capture.read(path):
            link_types[packet.link_type] += 1
            if packet.link_type not in LINK_TYPES:
                raise UsageError(
                    "%s: packet %d has link type %d, which is another protocol: IEEE 802.15.4 is %s"
                    % (path, packet.number, packet.link_type, ", ".join(map(str, LINK_TYPES)))
                )
            self._packets += 1
            self._done += len(packet.octets) + _BLOCK
            if progress is not None and self._packets % _TOLD_EACH == 0:
                progress(self._done)
            yield packet

    def _message(self, dissected: Dissected) -> None:
        aps, network, payload = dissected.aps, dissected.network, dissected.payload
        assert aps is not None and network is not None and payload is not None
        pan = dissected.mac.pan_id if dissected.mac is not None and dissected.mac.pan_id is not None else 0
        source = self._address(pan, network.source, dissected.source)
        if aps.profile == _ZDO:
            if aps.cluster == _SIMPLE_DESCRIPTOR:
                self._descriptor(pan, payload)
            return
        destination = None if dissected.broadcast else self._address(pan, network.destination, dissected.destination)
        said = self._frames.decoder.describe(aps.cluster or 0, payload)
        command = said.get("command")
        key = (
            *(source, destination, aps.cluster, command, said.get("direction"), said.get("frame")),
            *(aps.source_endpoint, aps.destination_endpoint, aps.secured),
        )
        shape = self._known.get(key)
        if shape is None:
            shape = self._known[key] = Shape(
                source,
                destination,
                said["cluster"],
                command or "",
                said.get("direction"),
                said.get("frame"),
                aps.source_endpoint or 0,
                aps.destination_endpoint or 0,
                bool(aps.secured),
            )
        milliseconds = dissected.time // 1000 - MILLISECONDS_1970_TO_2000
        self._frames.add(milliseconds, shape, payload, dissected.number)
        attributes = said.get("attributes")
        if attributes and "metering_device_type" in attributes:
            value = attributes["metering_device_type"]
            if isinstance(value, int) and (source, value) not in self._types:
                self._types.add((source, value))
                self._seen[source].device_types.add(value)
        if said["cluster"] == "0704":
            self._tunnels.take(milliseconds, source, destination, said)

    def _address(self, pan: int, short: int, identity: bytes | None) -> str:
        """The EUI-64 in hex; a radio whose EUI-64 is not known yet goes by short address until the end."""
        address = identity.hex() if identity is not None else "0x%04x@%04x" % (short, pan)
        radio = self._seen.get(address)
        if radio is None:
            radio = self._seen[address] = Seen(address)
        radio.short = short
        if identity is None:
            self._shorts[address] = (pan, short)
        return address

    def _descriptor(self, pan: int, payload: bytes) -> None:
        """A simple descriptor: sequence, status, short address, length, endpoint, profile, device identifier."""
        if len(payload) >= 10 and payload[1] == 0:
            short = payload[2] | payload[3] << 8
            address = self._address(pan, short, self._dissector.identity(pan, short))
            self._seen[address].device_ids.add(payload[8] | payload[9] << 8)

    def found(self, told: dict[str, str]) -> Found:
        self._learn_late()
        frames = self._frames
        counted = [(shape, len(frames.select_shape(number))) for number, shape in enumerate(frames.shapes)]
        who = find(self._seen, counted, told)
        frames.rename([_named(shape, who) for shape in frames.shapes])
        return Found(frames, who, self._seen, self._tunnels, self._packets, Counter(self._dissector.counts))

    def _learn_late(self) -> None:
        """Frames from before an EUI-64 was known get it now."""
        late = {}
        for address, (pan, short) in self._shorts.items():
            identity = self._dissector.identity(pan, short)
            if identity is not None:
                late[address] = identity.hex()
        if not late:
            return
        for address, known in late.items():
            former = self._seen.pop(address)
            radio = self._seen.setdefault(known, Seen(known, former.short))
            radio.device_ids |= former.device_ids
            radio.device_types |= former.device_types
        self._frames.rename(
            [
                shape._replace(
                    source=late.get(shape.source or "", shape.source),
                    destination=late.get(shape.destination or "", shape.destination),
                )
                for shape in self._frames.shapes
            ]
        )
        self._tunnels.rename(late)


def _named(shape: Shape, who: Who) -> Shape:
    source = None if shape.source is None else who.name(shape.source, shape.source_endpoint, shape.cluster)
    destination = None
    if shape.destination is not None:
        destination = who.name(shape.destination, shape.destination_endpoint, shape.cluster)
    return shape._replace(source=source, destination=destination)
