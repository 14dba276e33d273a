# SPDX-License-Identifier: GPL-3.0-or-later
"""The air between simulated co-processors: networks, time, delivery with its losses, and the tap. Sans-IO.

Time is milliseconds since 2000-01-01, UTC, and moves only by `advance`: a bench owns it, or a server lets it follow the
clock. The same seed and the same calls give the same air.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hanref.air import commands_data, commands_network, commands_system, delivery, joining
from hanref.air.aps_data import Data
from hanref.air.capture import Writer
from hanref.air.coprocessor import Coprocessor
from hanref.air.keys import InstallCode, Keys, LinkKey
from hanref.air.network import Network
from hanref.air.tap import Tap

COMMANDS = (commands_data, commands_network, commands_system)  # importing them is what registers their handlers
_UNANSWERED_POLLS = 3
TEST_IDENTITY = bytes.fromhex("00db12fffe000000")  # what an address is made from where none is given


@dataclass
class Conditions:
    """How good the air is. Probabilities are from 0 to 1, times in milliseconds.

    `loss`: a frame or its APS acknowledgement is not received, in spite of the MAC's own retries. `delay`: up to so much
    is added to each frame's way. `duplicates`: a message reaches the host a second time. `reorder`: a frame is held
    back for up to `reorder_delay`, so that later ones overtake it.
    """

    loss: float = 0.0
    delay: int = 0
    duplicates: float = 0.0
    reorder: float = 0.0
    reorder_delay: int = 400


class Pan:
    """One network: its keys and addresses, and who is on the air of it."""

    def __init__(self, air: "Air", network: Network, channel: int, tap: Tap | None) -> None:
        self.air = air
        self.network = network
        self.channel = channel
        self.tap = tap
        self.members: dict[int, Coprocessor] = {}
        self.coordinator: Coprocessor | None = None
        self._keyed = False

    def set_key(self, key: bytes, sequence: int) -> None:
        """The network key, where it has changed."""
        if (key, sequence) != (self.network.network_key, self.network.key_sequence):
            if self._keyed:
                self.air.former_network_keys.append(self.network.network_key)
            self._keyed = True
            self.network.network_key = key
            self.network.key_sequence = sequence
            if self.tap is not None:
                self.tap.forget()

    def share_link_key(self, one: bytes, other: bytes, key: bytes) -> None:
        """Two devices have a link key from now on; the tap writes under it."""
        pair = frozenset((one, other))
        former = self.network.link_keys.get(pair)
        if former != key:
            if former is not None:
                self.air.former_link_keys.append(former)
            self.network.link_keys[pair] = key
            if self.tap is not None:
                self.tap.forget()


class Air:
    """Everything on one set of channels.

    `now` is where its time starts. `capture` is a pcapng to write, None for none. `conditions` may be changed at any time.
    """

    def __init__(
        self,
        seed: int | str = 0,
        now: int = 0,
        conditions: Conditions | None = None,
        capture: Path | str | None = None,
    ) -> None:
        self.seed = seed
        self.now = now
        self.conditions = conditions or Conditions()
        self.random = Random(f"hanref air {seed}")  # noqa: S311 - chance by seed, and test keys
        self.radios: list[Coprocessor] = []
        self.pans: dict[bytes, Pan] = {}
        self.frames = 0
        self.lost = 0
        self.former_network_keys: list[bytes] = []  # keys that were replaced, for the capture's sake
        self.former_link_keys: list[bytes] = []
        self.install_codes: dict[bytes, bytes] = {}
        self.heard: Callable[[Data, bytes], None] = _unheard  # told each message that goes on the air, and its destination
        self.changed: Callable[[], None] = lambda: None  # called when something earlier than before is due
        self._writer = Writer(capture) if capture is not None else None
        self._queue: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._order = 0

    def coprocessor(self, identity: bytes | None = None, memory: Path | None = None) -> Coprocessor:
        """A new radio. Without `identity` it gets a test EUI-64; `memory` is the file of its non-volatile memory."""
        if identity is None:
            identity = TEST_IDENTITY[:-2] + (len(self.radios) + 1).to_bytes(2, "big")
        radio = Coprocessor(self, identity, memory)
        self.radios.append(radio)
        return radio

    # -- time ---------------------------------------------------------------------------------------------------

    def schedule(self, delay: int, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function` in `delay` milliseconds."""
        self._order += 1
        heapq.heappush(self._queue, (self.now + max(0, delay), self._order, function, arguments))
        self.changed()

    def deadline(self) -> int | None:
        """When something is due next, None while nothing is."""
        return self._queue[0][0] if self._queue else None

    def advance(self, now: int) -> None:
        """Time goes on to `now`; what is due by then happens, in its order. Time never goes back."""
        while self._queue and self._queue[0][0] <= now:
            due, _, function, arguments = heapq.heappop(self._queue)
            self.now = max(self.now, due)
            function(*arguments)
        self.now = max(self.now, now)

    def settle(self, limit: int = 60_000) -> None:
        """Let time run until nothing is due any more, at most `limit` milliseconds."""
        end = self.now + limit
        while (due := self.deadline()) is not None and due <= end:
            self.advance(due)

    # -- networks -------------------------------------------------------------------------------------------------

    def pan(self, extended_pan_id: bytes, pan_id: int, channel: int) -> Pan:
        """The network of an extended PAN id, made where it is new."""
        pan = self.pans.get(extended_pan_id)
        if pan is None:
            network = Network(f"{self.seed} {extended_pan_id.hex()}", (), pan_id, extended_pan_id)
            tap = Tap(self._writer, network) if self._writer is not None else None
            pan = self.pans[extended_pan_id] = Pan(self, network, channel, tap)
        if (pan.network.pan_id, pan.channel) != (pan_id, channel):
            pan.network.pan_id, pan.channel = pan_id, channel
            if pan.tap is not None:
                pan.tap.forget()
        return pan

    def move(self, pan: Pan, channel: int) -> None:
        """A network goes to another channel, with all that are on it."""
        pan.channel = channel
        for member in pan.members.values():
            member.set_channel(channel)

    def gone(self, radio: Coprocessor) -> None:
        """A radio went off the air: its children notice when some of their polls are not answered."""
        for child in self.radios:
            if child.parent is radio and child.online and child.poll_rate:
                self.schedule(_UNANSWERED_POLLS * child.poll_rate, joining.watch_parent, child)

    def send(self, data: Data) -> None:
        """Put a message on the air; the sender's stack confirms it in time."""
        if data.source.pan is not None and data.source.online:
            delivery.send(data)

    def ask_itself(self, radio: Coprocessor, data: Data) -> None:
        """A stack that broadcasts a question may know the answer itself."""
        self.schedule(1, delivery.arrive_at_itself, radio, data)

    def lost_frame(self) -> bool:
        """Whether the air loses the next frame."""
        lost = self.random.random() < self.conditions.loss
        self.lost += lost
        return lost

    def latency(self, octets: int) -> int:
        """Milliseconds until a frame with so many octets of payload has arrived."""
        air = 8 + (octets + 60) // 31  # 250 kbit/s and the radio's turn-around
        if self.conditions.delay:
            air += self.random.randrange(self.conditions.delay + 1)
        if self.random.random() < self.conditions.reorder:
            air += self.random.randrange(1, self.conditions.reorder_delay + 1)
        return air

    # -- what is kept ------------------------------------------------------------------------------------------------

    def keys(self) -> Keys:
        """Every key used on this air so far."""
        keys = Keys()
        for pan in self.pans.values():
            of_pan = Keys.of(pan.network)
            keys.network_keys += of_pan.network_keys
            keys.link_keys += of_pan.link_keys
            keys.addresses |= of_pan.addresses
            keys.pan_id, keys.extended_pan_id = of_pan.pan_id, of_pan.extended_pan_id
        keys.install_codes = [InstallCode(code, device) for device, code in self.install_codes.items()]
        known = {link.key for link in keys.link_keys} | {entry.key for entry in keys.install_codes}
        preconfigured = [key for pan in self.pans.values() for key in pan.network.preconfigured_keys.values()]
        others = dict.fromkeys(self.former_link_keys + preconfigured)
        keys.link_keys += [LinkKey(key) for key in others if key not in known]
        keys.network_keys += [key for key in dict.fromkeys(self.former_network_keys) if key not in keys.network_keys]
        return keys

    def flush(self) -> None:
        """The capture is complete up to now."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """End the capture."""
        if self._writer is not None:
            self._writer.close()


def _unheard(data: "Data", destination: bytes) -> None:
    pass
