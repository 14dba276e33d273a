# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what devices say to each other as the secured Zigbee frames it would be on the air.

Speed is the point here: a run of two simulated days is some 35,000 frames. So what stays the same between two
endpoints is made once, and each frame costs two encryptions and a few joins.
"""

import struct
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from han.message import BROADCAST, SMART_ENERGY

from hanref.air.capture import IEEE802_15_4_WITH_FCS, MILLISECONDS_1970_TO_2000, Writer
from hanref.air.hashes import frame_check_sequence
from hanref.air.network import Network
from hanref.errors import BenchError

MAC_FRAME_OCTETS = 127  # the largest IEEE 802.15.4 frame, FCS included
RADIUS = 30

_SECURITY_LEVEL = 5  # used in every computation, sent as 0
_NETWORK_CONTROL = 0x28  # network key, extended nonce
_MIC_OCTETS = 4
_ALL_AWAKE = 0xFFFD  # broadcast to every device whose receiver is on
_NETWORK_OVERHEAD = 9 + 8 + 14 + _MIC_OCTETS + 2
_LINK_OVERHEAD = 13 + _MIC_OCTETS
_APS_HEADER = 8
_FRAGMENT_HEADER = 2

_FIRST_FRAGMENT = 1
_LATER_FRAGMENT = 2
_APS_ACKNOWLEDGEMENT = 0x02
_APS_BROADCAST = 0x08
_APS_SECURED = 0x20
_APS_ACKNOWLEDGE = 0x40
_APS_EXTENDED = 0x80

_NETWORK_HEADER = struct.Struct("<7sBBI9s")


class _Conversation:
    """What is the same in every frame from one endpoint to another."""

    def __init__(
        self,
        network: Network,
        source: bytes,
        destination: bytes,
        source_endpoint: int,
        destination_endpoint: int,
        cluster: int,
        secured: bool,
        profile: int,
    ) -> None:
        self.node = node = network.node(source)
        self.destination = destination
        broadcast = destination == BROADCAST
        address = _ALL_AWAKE if broadcast else network.node(destination).short
        link_destination = b"\xff\xff" if broadcast else address.to_bytes(2, "little")
        # Data, PAN id compressed, short addresses; a broadcast asks for no acknowledgement [ZSE 10].
        self.mac_control = b"\x41\x88" if broadcast else b"\x61\x88"
        self.mac_addresses = network.pan_id.to_bytes(2, "little") + link_destination + node.address
        # Data, version 2, secured; a unicast may discover its route.
        control = 0x0208 if broadcast else 0x0248
        self.network_start = struct.pack("<HHHB", control, address, node.short, RADIUS)
        self.network_end = node.on_air + bytes((network.key_sequence,))
        self.network_nonce = node.on_air
        self.secured = secured and not broadcast
        self.aps_control = (_APS_BROADCAST if broadcast else 0) | (_APS_SECURED if self.secured else 0)
        self.aps_start = struct.pack("<BHHB", destination_endpoint, cluster, profile, source_endpoint)
        self.link_cipher = AESCCM(network.link_key(source, destination), _MIC_OCTETS) if self.secured else None
        self.room = MAC_FRAME_OCTETS - _NETWORK_OVERHEAD - _APS_HEADER - (_LINK_OVERHEAD if self.secured else 0)
        self.whole_start = bytes((self.aps_control,)) + self.aps_start


class Tap:
    """Writes a pcapng of one interface, link type 195, with every frame handed to `frame`.

    `target` is the file, or a Writer that several networks share. `network` gives addresses, keys and counters, and its
    counters advance. Use as a context manager, or close it. Raises UsageError where the file cannot be written.
    """

    def __init__(self, target: Path | str | Writer, network: Network) -> None:
        self.network = network
        self.frames = 0
        self.packets = 0  # as Wireshark counts them; a frame in fragments is several
        self._writer = target if isinstance(target, Writer) else Writer(target, IEEE802_15_4_WITH_FCS)
        self._network_cipher = AESCCM(network.network_key, _MIC_OCTETS)
        self._conversations: dict[tuple[bytes, bytes, int, int, int, bool, int], _Conversation] = {}

    def frame(
        self,
        milliseconds: int,
        source: bytes,
        destination: bytes,
        source_endpoint: int,
        destination_endpoint: int,
        cluster: int,
        zcl: bytes,
        secured: bool,
        profile: int = SMART_ENERGY,
        counter: int | None = None,
    ) -> int:
        """One APS data unit at `milliseconds` since 2000-01-01, under the network key and, `secured`, the link key.

        `source` and `destination` are EUI-64, most significant octet first, or BROADCAST (which no link key protects).
        What does not fit one frame goes in fragments. `counter` is the APS counter of a retry, as its first try
        returned it. Raises BenchError for an address that is not on the network.
        """
        key = (source, destination, source_endpoint, destination_endpoint, cluster, secured, profile)
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = _Conversation(self.network, *key)
        if counter is None:
            node = conversation.node
            counter = node.aps_counter
            node.aps_counter = (counter + 1) & 0xFF
        self.frames += 1
        microseconds = (milliseconds + MILLISECONDS_1970_TO_2000) * 1000
        if len(zcl) <= conversation.room:
            self._send(microseconds, conversation, conversation.whole_start, counter, zcl)
        else:
            self._send_fragments(microseconds, conversation, counter, zcl)
        return counter

    def acknowledge(
        self,
        milliseconds: int,
        source: bytes,
        destination: bytes,
        source_endpoint: int,
        destination_endpoint: int,
        cluster: int,
        counter: int,
        secured: bool,
        profile: int = SMART_ENERGY,
    ) -> None:
        """The APS acknowledgement `source` sends for the data unit `counter` of `destination`; endpoints as it sends."""
        key = (source, destination, source_endpoint, destination_endpoint, cluster, secured, profile)
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = _Conversation(self.network, *key)
        microseconds = (milliseconds + MILLISECONDS_1970_TO_2000) * 1000
        start = bytes((conversation.aps_control | _APS_ACKNOWLEDGEMENT,)) + conversation.aps_start
        self._send(microseconds, conversation, start, counter, b"")

    def raw(self, milliseconds: int, frame: bytes) -> None:
        """An IEEE 802.15.4 frame made elsewhere, without its FCS."""
        microseconds = (milliseconds + MILLISECONDS_1970_TO_2000) * 1000
        self._writer.packet(microseconds, frame + frame_check_sequence(frame))

    def forget(self) -> None:
        """Keys or addresses have changed: make what was kept of conversations anew."""
        self._conversations.clear()
        self._network_cipher = AESCCM(self.network.network_key, _MIC_OCTETS)

    def flush(self) -> None:
        """What has been written so far is in the file."""
        self._writer.flush()

    def close(self) -> None:
        """End the file. Closing twice does nothing."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send_fragments(self, microseconds: int, conversation: _Conversation, counter: int, zcl: bytes) -> None:
        if conversation.aps_control & _APS_BROADCAST:
            raise BenchError(f"broadcast of {len(zcl)} octets: {conversation.room} fit, it cannot go in fragments")
        control = bytes((conversation.aps_control | _APS_ACKNOWLEDGE | _APS_EXTENDED,))
        size = conversation.room - _FRAGMENT_HEADER
        count = -(-len(zcl) // size)
        for block in range(count):
            extended = bytes((_LATER_FRAGMENT, block)) if block else bytes((_FIRST_FRAGMENT, count))
            piece = zcl[block * size : (block + 1) * size]
            self._send(microseconds, conversation, control + conversation.aps_start, counter, piece, extended)

    def _send(
        self,
        microseconds: int,
        conversation: _Conversation,
        start: bytes,
        counter: int,
        data: bytes,
        extended: bytes = b"",
    ) -> None:
        node = conversation.node
        header = start + bytes((counter,)) + extended
        if conversation.secured:
            data = self._link_secured(conversation, header, data)
        else:
            data = header + data
        sequence = node.network_sequence
        node.network_sequence = (sequence + 1) & 0xFF
        frame_counter = node.network_counter
        node.network_counter = frame_counter + 1
        authenticated = _NETWORK_HEADER.pack(
            conversation.network_start,
            sequence,
            _NETWORK_CONTROL | _SECURITY_LEVEL,
            frame_counter,
            conversation.network_end,
        )
        # The nonce is the source, the counter, and the control octet with its level.
        nonce = conversation.network_nonce + authenticated[9:13] + authenticated[8:9]
        encrypted = self._network_cipher.encrypt(nonce, data, authenticated)
        link_sequence = node.mac_sequence
        node.mac_sequence = (link_sequence + 1) & 0xFF
        frame = b"".join(
            (
                conversation.mac_control,
                bytes((link_sequence,)),
                conversation.mac_addresses,
                authenticated[:8],
                b"\x28",
                authenticated[9:],
                encrypted,
            )
        )
        self._writer.packet(microseconds, frame + frame_check_sequence(frame))
        self.packets += 1

    def _link_secured(self, conversation: _Conversation, header: bytes, data: bytes) -> bytes:
        node = conversation.node
        counter = self.network.next_link_counter(node.identity, conversation.destination).to_bytes(4, "little")
        address = node.on_air
        assert conversation.link_cipher is not None
        encrypted = conversation.link_cipher.encrypt(address + counter + b"\x25", data, header + b"\x25" + counter + address)
        return header + b"\x20" + counter + address + encrypted
