# SPDX-License-Identifier: GPL-3.0-or-later
"""One network as its frames need it: identifiers, addresses, test keys, sequence numbers and frame counters."""

import hashlib
from collections.abc import Iterable, Mapping

from han.message import BROADCAST

from hanref.errors import BenchError

COORDINATOR = 0x0000
_FIRST_RESERVED = 0xFFF8  # short addresses from here on are broadcasts [Zigbee]


class Node:
    """A radio of the network. `short` is its network address; the counters are those it sends next."""

    def __init__(self, identity: bytes, short: int) -> None:
        self.identity = identity
        self.short = short
        self.address = short.to_bytes(2, "little")
        self.on_air = identity[::-1]
        self.mac_sequence = 0
        self.network_sequence = 0
        self.network_counter = 0
        self.aps_counter = 0


class Network:
    """PAN, addresses and keys of one run.

    Every key is a test key made from `seed`: the same seed gives the same keys, and nobody else's.
    `nodes` maps EUI-64 (8 octets, most significant first) to short address; a plain sequence has them given out,
    0x0000 (the coordinator) to its first.
    """

    def __init__(
        self,
        seed: int | str,
        nodes: Mapping[bytes, int] | Iterable[bytes] = (),
        pan_id: int | None = None,
        extended_pan_id: bytes | None = None,
        network_key: bytes | None = None,
    ) -> None:
        self._seed = str(seed).encode()
        self.pan_id = pan_id if pan_id is not None else 1 + self._number("pan") % 0xFFF0
        self.extended_pan_id = extended_pan_id or self._secret("extended pan")[:8]
        self.network_key = network_key or self._secret("network key")
        self.key_sequence = 0
        self.nodes: dict[bytes, Node] = {}
        self.link_keys: dict[frozenset[bytes], bytes] = {}
        self.preconfigured_keys: dict[bytes, bytes] = {}  # under which joiners were sent the network key
        self.install_codes: dict[bytes, bytes] = {}
        self._link_counters: dict[tuple[bytes, bytes], int] = {}
        if isinstance(nodes, Mapping):
            for identity, short in nodes.items():
                self.add(identity, short)
        else:
            for identity in nodes:
                self.add(identity)

    def add(self, identity: bytes, short: int | None = None) -> Node:
        """A radio joins; without `short` it is given an address no other has. Known already: its node as it is."""
        node = self.nodes.get(identity)
        if node is not None:
            return node
        taken = {other.short for other in self.nodes.values()}
        if short is None:
            short = COORDINATOR if not self.nodes else self._free_address(identity, taken)
        elif short in taken or not 0 <= short < _FIRST_RESERVED:
            raise BenchError(f"short address 0x{short:04X} of {identity.hex()}: taken or reserved")
        node = self.nodes[identity] = Node(identity, short)
        return node

    def node(self, identity: bytes) -> Node:
        """The node of an EUI-64. Raises BenchError for one that is not on this network."""
        try:
            return self.nodes[identity]
        except KeyError:
            raise BenchError(f"EUI-64 {identity.hex()}: not on this network, add it first") from None

    def link_key(self, one: bytes, other: bytes) -> bytes:
        """The link key two devices share, in whichever order they are named."""
        pair = frozenset((one, other))
        key = self.link_keys.get(pair)
        if key is None:
            key = self.link_keys[pair] = self._secret("link key", *sorted((one, other)))
        return key

    def next_link_counter(self, source: bytes, destination: bytes) -> int:
        """The frame counter `source` uses next under the link key it shares with `destination`."""
        counter = self._link_counters.get((source, destination), 0)
        self._link_counters[(source, destination)] = counter + 1
        return counter

    def _secret(self, name: str, *parts: bytes) -> bytes:
        digest = hashlib.sha256(b"hanref test key\x00" + name.encode() + b"\x00" + self._seed)
        for part in parts:
            digest.update(b"\x00" + part)
        return digest.digest()[:16]

    def _number(self, name: str, *parts: bytes) -> int:
        return int.from_bytes(self._secret(name, *parts)[:4], "big")

    def _free_address(self, identity: bytes, taken: set[int]) -> int:
        short = 1 + self._number("short", identity) % (_FIRST_RESERVED - 1)
        while short in taken:
            short = 1 + short % (_FIRST_RESERVED - 1)
        return short


__all__ = ["BROADCAST", "COORDINATOR", "Network", "Node"]
