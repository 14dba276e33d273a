# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the frames of a capture: who spoke to whom, and the APS payloads under their keys.

A dissector reads frames in their order and learns as it goes: which EUI-64 a short address belongs to, which key two
devices use, and the keys the trust centre hands out under keys that are known already.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hanref.air.capture import Packet
from hanref.air.frames import (
    FIRST_BROADCAST,
    ApsCommand,
    ApsFrame,
    ApsType,
    FrameError,
    MacCommand,
    MacFrame,
    MacType,
    NetworkFrame,
    NetworkType,
    decode_aps,
    decode_mac,
    decode_network,
    unlink_frame,
)
from hanref.air.hashes import key_load_key, key_transport_key
from hanref.air.keys import Keys, LinkKey
from hanref.air.security import Auxiliary, KeyKind, decode_auxiliary, unprotect
from hanref.errors import UsageError

WELL_KNOWN_LINK_KEY = b"ZigBeeAlliance09"  # what a joiner without install code uses in the open Zigbee world

NO_NETWORK_KEY = "no key opens the network layer"
NO_LINK_KEY = "no key opens the APS layer"
DAMAGED = "wrong check sequence, the frame was received damaged"
UNKNOWN_SOURCE = "the sender's EUI-64 is not known yet"
FRAGMENT = "part of a message whose other parts are not there yet"

_DEVICE_ANNOUNCE = 0x0013
_STANDARD_NETWORK_KEY = 1
_APPLICATION_LINK_KEY = 3
_TRUST_CENTRE_LINK_KEY = 4
_REPEAT_MICROSECONDS = 15_000_000  # a sender's retries end long before its 8-bit counter comes round
_REMEMBERED_REPEATS = 4096
_UNFINISHED_MESSAGES = 256


@dataclass(slots=True)
class Dissected:
    """What one packet of a capture was.

    `payload` is the whole APS payload (of profile 0x0109 the ZCL frame), None for everything else; then `reason` says
    why a data frame has none. `source` and `destination` are EUI-64 where they are known; a broadcast has none.
    `repeated` marks what was on the air before: a relay, or a retry.
    """

    number: int
    time: int
    mac: MacFrame | None = None
    network: NetworkFrame | None = None
    aps: ApsFrame | None = None
    source: bytes | None = None
    destination: bytes | None = None
    payload: bytes | None = None
    reason: str | None = None
    secured: bool = False
    repeated: bool = False
    command: bytes | None = None

    @property
    def broadcast(self) -> bool:
        """Whether it was sent to more than one device."""
        return self.network is not None and self.network.destination >= FIRST_BROADCAST


class Dissector:
    """Reads the packets of one or several captures under `keys`, which grow by what the frames themselves carry."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys or Keys()
        self.counts: dict[str, int] = {}
        self._addresses: dict[tuple[int, int], bytes] = {}
        self._network_keys = list(self.keys.network_keys)
        self._link_keys: list[bytes] = []
        self._pairs: dict[frozenset[bytes], bytes] = {}
        self._found: dict[tuple[int, int, int, int], bytes] = {}
        self._parts: dict[tuple[int, int, int, int], dict[int, bytes]] = {}
        self._recent: dict[tuple[object, ...], int] = {}
        for entry in self.keys.install_codes:
            self._add_link_key(entry.key)
        for link in self.keys.link_keys:
            self._add_link_key(link.key, link.devices)
        self._add_link_key(WELL_KNOWN_LINK_KEY)
        for identity, short in self.keys.addresses.items():
            if self.keys.pan_id is not None:
                self._addresses[(self.keys.pan_id, short)] = identity

    def packets(self, packets: Iterable[Packet]) -> Iterator[Dissected]:
        """Every packet in its order. Raises UsageError for a link type that is not IEEE 802.15.4."""
        for packet in packets:
            yield self.packet(packet)

    def packet(self, packet: Packet) -> Dissected:
        """One packet. A frame that cannot be read ends with its `reason`, and is counted under it."""
        result = Dissected(packet.number, packet.time)
        try:
            octets, intact = unlink_frame(packet.octets, packet.link_type)
            if intact:
                self._mac(result, octets)
            else:
                self._doubtful(result, octets)
        except FrameError as error:
            result.reason = str(error)
        if result.reason is not None:
            self.counts[result.reason] = self.counts.get(result.reason, 0) + 1
        return result

    def identity(self, pan_id: int, short: int) -> bytes | None:
        """The EUI-64 a short address belongs to now, None while it is not known."""
        return self._addresses.get((pan_id, short))

    def _add_link_key(self, key: bytes, devices: tuple[bytes, ...] = ()) -> None:
        if key not in self._link_keys:
            self._link_keys.append(key)
        if len(devices) == 2:
            self._pairs[frozenset(devices)] = key

    def _doubtful(self, result: Dissected, octets: bytes) -> None:
        """A frame with a wrong FCS: some sniffers put signal strength there, so a right MIC is proof enough."""
        try:
            mac = decode_mac(octets)
            protected = mac.kind == MacType.DATA and decode_network(mac.payload).secured
            if protected:
                self._mac(result, octets)
        except FrameError:
            protected = False
        if not protected or result.reason == NO_NETWORK_KEY:
            result.mac = result.network = result.source = result.destination = None
            result.reason = DAMAGED

    def _mac(self, result: Dissected, octets: bytes) -> None:
        mac = result.mac = decode_mac(octets)
        if mac.kind == MacType.COMMAND:
            self._mac_command(mac)
        if mac.kind != MacType.DATA:
            return
        pan = mac.pan_id if mac.pan_id is not None else mac.source_pan_id
        if pan is None:
            raise FrameError("data frame without a PAN")
        network = result.network = decode_network(mac.payload)
        if network.kind == NetworkType.INTER_PAN:
            return
        payload: bytes | None = network.payload
        if network.secured:
            header = mac.payload[: len(mac.payload) - len(network.payload)]
            payload = self._network_payload(pan, mac, network, header)
        if payload is not None:
            for short, known in (
                (network.source, network.source_identity),
                (network.destination, network.destination_identity),
            ):
                if known is not None:
                    self._addresses[(pan, short)] = known
        result.source = self._addresses.get((pan, network.source))
        if network.destination < FIRST_BROADCAST:
            result.destination = self._addresses.get((pan, network.destination))
        if payload is None:
            result.reason = NO_NETWORK_KEY
        elif network.kind == NetworkType.DATA:
            self._aps(result, pan, payload)
        else:
            result.command = payload

    def _mac_command(self, mac: MacFrame) -> None:
        payload = mac.payload
        if len(payload) >= 4 and payload[0] == MacCommand.ASSOCIATION_RESPONSE and isinstance(mac.destination, bytes):
            short = payload[1] | payload[2] << 8
            if payload[3] == 0 and short < FIRST_BROADCAST and mac.pan_id is not None:
                self._addresses[(mac.pan_id, short)] = mac.destination

    def _network_payload(self, pan: int, mac: MacFrame, network: NetworkFrame, header: bytes) -> bytes | None:
        auxiliary, at = decode_auxiliary(network.payload)
        hop = mac.source if isinstance(mac.source, int) else network.source
        source = auxiliary.source or self._addresses.get((pan, hop))
        if source is None:
            raise FrameError(UNKNOWN_SOURCE)
        for index, key in enumerate(self._network_keys):
            payload = unprotect(key, header, auxiliary, network.payload[at:], source)
            if payload is not None:
                if index:  # the key in use goes first
                    self._network_keys.insert(0, self._network_keys.pop(index))
                if auxiliary.source is not None:
                    self._addresses[(pan, hop)] = source
                return payload
        return None

    def _aps(self, result: Dissected, pan: int, octets: bytes) -> None:
        network = result.network
        assert network is not None
        aps = result.aps = decode_aps(octets)
        result.secured = aps.secured
        payload = aps.payload
        if aps.secured:
            opened = self._aps_payload(result, pan, aps, octets[: len(octets) - len(payload)])
            if opened is None:
                return
            payload = opened
        if aps.kind == ApsType.COMMAND:
            result.command = payload
            self._aps_command(result, pan, payload)
        elif aps.kind == ApsType.DATA:
            if aps.fragment is None:
                self._data(result, pan, payload)
            else:
                self._part(result, pan, aps, payload)

    def _aps_payload(self, result: Dissected, pan: int, aps: ApsFrame, header: bytes) -> bytes | None:
        network = result.network
        assert network is not None
        auxiliary, at = decode_auxiliary(aps.payload)
        if auxiliary.source is not None:
            self._addresses[(pan, network.source)] = auxiliary.source
            result.source = auxiliary.source
        source = auxiliary.source or result.source
        if source is None:
            result.reason = UNKNOWN_SOURCE
            return None
        encrypted = aps.payload[at:]
        usual = (pan, network.source, network.destination, auxiliary.kind)
        for key in self._candidates(usual, source, result.destination, auxiliary):
            payload = unprotect(key, header, auxiliary, encrypted, source)
            if payload is not None:
                self._found[usual] = key
                return payload
        result.reason = NO_LINK_KEY
        return None

    def _candidates(
        self, usual: tuple[int, int, int, int], source: bytes, destination: bytes | None, auxiliary: Auxiliary
    ) -> Iterator[bytes]:
        """The keys worth trying, the likeliest first."""
        if usual in self._found:
            yield self._found[usual]
        if auxiliary.kind == KeyKind.NETWORK:
            yield from self._network_keys
            return
        keys = self._link_keys
        if destination is not None and (pair := frozenset((source, destination))) in self._pairs:
            keys = [self._pairs[pair], *keys]
        for key in keys:
            if auxiliary.kind == KeyKind.KEY_TRANSPORT:
                yield key_transport_key(key)
            elif auxiliary.kind == KeyKind.KEY_LOAD:
                yield key_load_key(key)
            else:
                yield key

    def _part(self, result: Dissected, pan: int, aps: ApsFrame, payload: bytes) -> None:
        network = result.network
        assert network is not None and aps.fragment is not None
        key = (pan, network.source, network.destination, aps.counter)
        parts = self._parts.setdefault(key, {})
        if aps.fragment == 0 and parts.get(0, payload) != payload:
            parts.clear()  # the counter came round before the last message of that number was whole
        parts[aps.fragment] = payload
        if aps.fragments is not None:
            parts[-1] = bytes((aps.fragments,))
        count = parts[-1][0] if -1 in parts else 0
        if count and all(block in parts for block in range(count)):
            del self._parts[key]
            self._data(result, pan, b"".join(parts[block] for block in range(count)))
            return
        result.reason = FRAGMENT
        while len(self._parts) > _UNFINISHED_MESSAGES:
            del self._parts[next(iter(self._parts))]

    def _data(self, result: Dissected, pan: int, payload: bytes) -> None:
        aps, network = result.aps, result.network
        assert aps is not None and network is not None
        result.payload = payload
        if aps.profile == 0 and aps.cluster == _DEVICE_ANNOUNCE and len(payload) >= 11:
            self._addresses[(pan, payload[1] | payload[2] << 8)] = payload[3:11][::-1]
        key = (pan, network.source, network.destination, aps.counter, aps.cluster, payload)
        last = self._recent.pop(key, None)
        self._recent[key] = result.time
        result.repeated = last is not None and 0 <= result.time - last < _REPEAT_MICROSECONDS
        if len(self._recent) > _REMEMBERED_REPEATS:
            del self._recent[next(iter(self._recent))]

    def _aps_command(self, result: Dissected, pan: int, payload: bytes) -> None:
        if not payload:
            return
        if payload[0] == ApsCommand.TRANSPORT_KEY and len(payload) >= 18:
            self._transport_key(result, payload[1], payload[2:18], payload[18:])
        elif payload[0] == ApsCommand.TUNNEL and len(payload) > 9:
            self._tunnelled(result, pan, payload[1:9][::-1], payload[9:])
        elif payload[0] == ApsCommand.UPDATE_DEVICE and len(payload) >= 11:
            self._addresses[(pan, struct.unpack_from("<H", payload, 9)[0])] = payload[1:9][::-1]

    def _transport_key(self, result: Dissected, kind: int, key: bytes, rest: bytes) -> None:
        if kind == _STANDARD_NETWORK_KEY:
            if key not in self._network_keys:
                self._network_keys.insert(0, key)
                self.keys.network_keys.append(key)
        elif kind in (_APPLICATION_LINK_KEY, _TRUST_CENTRE_LINK_KEY) and key not in self._link_keys:
            owner = result.destination
            partner = rest[:8][::-1] if kind == _APPLICATION_LINK_KEY and len(rest) >= 8 else result.source
            devices = (owner, partner) if owner and partner else ()
            self._add_link_key(key, devices)
            self.keys.link_keys.append(LinkKey(key, devices))

    def _tunnelled(self, result: Dissected, pan: int, destination: bytes, octets: bytes) -> None:
        """A protected command for a joiner, carried as far as its parent [Zigbee 4.6.3.7]."""
        inner = decode_aps(octets)
        if inner.kind != ApsType.COMMAND or not inner.secured:
            return
        reason, former = result.reason, result.destination
        result.destination = destination
        opened = self._aps_payload(result, pan, inner, octets[: len(octets) - len(inner.payload)])
        if opened is not None:
            self._aps_command(result, pan, opened)
        result.reason, result.destination = reason, former


def open_capture(packets: Iterable[Packet], keys: Keys) -> Iterator[Dissected]:
    """The packets of a capture of which `keys` must open something.

    Raises UsageError at its end where nothing could be opened, saying which: no Zigbee in it, or the wrong key.
    """
    dissector = Dissector(keys)
    data = opened = 0
    for dissected in dissector.packets(packets):
        data += dissected.network is not None
        opened += dissected.aps is not None
        yield dissected
    if not data:
        raise UsageError("no Zigbee frame in the capture: of another protocol, or all frames damaged")
    if not opened:
        raise UsageError(f"none of {data} Zigbee frames could be opened: give the network key or the install code")
