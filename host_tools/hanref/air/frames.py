# SPDX-License-Identifier: GPL-3.0-or-later
"""IEEE 802.15.4, Zigbee network and APS frames, both ways, without their protection [ZSE 10].

Addresses: a short address is an int, an EUI-64 is bytes(8) with its most significant octet first, no address is None.
The protection of a frame is in `hanref.air.security`, what a whole capture tells in `hanref.air.dissector`.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from han.message import SMART_ENERGY

from hanref.air.capture import (
    IEEE802_15_4_NO_FCS,
    IEEE802_15_4_NONASK_PHY,
    IEEE802_15_4_TAP,
    IEEE802_15_4_WITH_FCS,
)
from hanref.air.hashes import frame_check_sequence
from hanref.errors import UsageError

Address = int | bytes | None

MAC_FRAME_OCTETS = 127  # the largest frame, FCS included
BROADCAST_ALL = 0xFFFF
BROADCAST_AWAKE = 0xFFFD  # devices whose receiver is on
BROADCAST_ROUTERS = 0xFFFC
FIRST_BROADCAST = 0xFFF8
DEFAULT_RADIUS = 30
NO_PAN = 0xFFFF

_TAP_FCS_TYPE = 0
_PHY_HEADER = b"\x00\x00\x00\x00\xa7"


class FrameError(UsageError):
    """Octets that are no frame of this kind; the message says what is wrong and at which octet."""


class MacType(IntEnum):
    """Kinds of IEEE 802.15.4 frames."""

    BEACON = 0
    DATA = 1
    ACKNOWLEDGEMENT = 2
    COMMAND = 3


class MacCommand(IntEnum):
    """IEEE 802.15.4 commands a Zigbee device uses."""

    ASSOCIATION_REQUEST = 1
    ASSOCIATION_RESPONSE = 2
    DISASSOCIATION = 3
    DATA_REQUEST = 4
    PAN_ID_CONFLICT = 5
    ORPHAN = 6
    BEACON_REQUEST = 7


class NetworkType(IntEnum):
    """Kinds of network frames."""

    DATA = 0
    COMMAND = 1
    INTER_PAN = 3


class ApsType(IntEnum):
    """Kinds of APS frames."""

    DATA = 0
    COMMAND = 1
    ACKNOWLEDGEMENT = 2
    INTER_PAN = 3


class Delivery(IntEnum):
    """How an APS frame is addressed."""

    UNICAST = 0
    BROADCAST = 2
    GROUP = 3


class ApsCommand(IntEnum):
    """APS commands [ZSE 10]."""

    TRANSPORT_KEY = 0x05
    UPDATE_DEVICE = 0x06
    REMOVE_DEVICE = 0x07
    REQUEST_KEY = 0x08
    SWITCH_KEY = 0x09
    TUNNEL = 0x0E
    VERIFY_KEY = 0x0F
    CONFIRM_KEY = 0x10


@dataclass(slots=True)
class MacFrame:
    """An IEEE 802.15.4 frame of version 2003 or 2006 without MAC security.

    `pan_id` is the destination's; `source_pan_id` is None where it is the same. The first octet of a command's
    payload is its MacCommand.
    """

    kind: int
    sequence: int
    pan_id: int | None = None
    destination: Address = None
    source: Address = None
    payload: bytes = b""
    acknowledge: bool = False
    pending: bool = False
    source_pan_id: int | None = None

    def encode(self) -> bytes:
        """The frame without its FCS."""
        compressed = self.destination is not None and self.source is not None and self.source_pan_id is None
        control = self.kind | self.pending << 4 | self.acknowledge << 5 | compressed << 6
        control |= _address_mode(self.destination) << 10 | _address_mode(self.source) << 14
        octets = struct.pack("<HB", control, self.sequence)
        if self.destination is not None:
            octets += struct.pack("<H", self._pan()) + _address(self.destination)
        if self.source is not None:
            if not compressed:
                pan = self.source_pan_id if self.source_pan_id is not None else self._pan()
                octets += struct.pack("<H", pan)
            octets += _address(self.source)
        return octets + self.payload

    def _pan(self) -> int:
        return NO_PAN if self.pan_id is None else self.pan_id


@dataclass(slots=True)
class NetworkFrame:
    """A network frame. `payload` is what follows the header: the auxiliary header too while `secured`."""

    kind: int
    destination: int
    source: int
    sequence: int
    payload: bytes = b""
    radius: int = DEFAULT_RADIUS
    secured: bool = False
    discover_route: int = 0
    destination_identity: bytes | None = None
    source_identity: bytes | None = None
    source_route: tuple[int, ...] | None = None
    relay_index: int = 0
    end_device_initiator: bool = False

    def header(self) -> bytes:
        """The header alone, which protection authenticates."""
        control = self.kind | 2 << 2 | self.discover_route << 6 | self.secured << 9 | self.end_device_initiator << 13
        control |= (self.source_route is not None) << 10
        control |= (self.destination_identity is not None) << 11 | (self.source_identity is not None) << 12
        octets = struct.pack("<HHHBB", control, self.destination, self.source, self.radius, self.sequence)
        if self.destination_identity is not None:
            octets += self.destination_identity[::-1]
        if self.source_identity is not None:
            octets += self.source_identity[::-1]
        if self.source_route is not None:
            count = len(self.source_route)
            octets += struct.pack(f"<BB{count}H", count, self.relay_index, *self.source_route)
        return octets

    def encode(self) -> bytes:
        """Header and payload."""
        return self.header() + self.payload


@dataclass(slots=True)
class ApsFrame:
    """An APS frame. `payload` is what follows the header: the auxiliary header too while `secured`.

    `fragment` is None for a frame that is whole; of a part, its block number, and `fragments` their number in the
    first (block 0). The first octet of a command's payload is its ApsCommand.
    """

    kind: int
    counter: int
    payload: bytes = b""
    delivery: int = Delivery.UNICAST
    destination_endpoint: int | None = None
    group: int | None = None
    cluster: int | None = None
    profile: int | None = SMART_ENERGY
    source_endpoint: int | None = None
    secured: bool = False
    acknowledge: bool = False
    acknowledges_command: bool = False
    fragment: int | None = None
    fragments: int | None = None
    received_blocks: int | None = None

    def header(self) -> bytes:
        """The header alone, which protection authenticates."""
        extended = self.fragment is not None
        control = self.kind | self.delivery << 2 | self.acknowledges_command << 4
        control |= self.secured << 5 | self.acknowledge << 6 | extended << 7
        octets = bytes((control,))
        if self.kind == ApsType.DATA or (self.kind == ApsType.ACKNOWLEDGEMENT and not self.acknowledges_command):
            if self.delivery == Delivery.GROUP:
                octets += struct.pack("<H", self.group)
            else:
                octets += struct.pack("<B", self.destination_endpoint)
            octets += struct.pack("<HHB", self.cluster, self.profile, self.source_endpoint)
        octets += bytes((self.counter,))
        if self.fragment is not None:
            first = self.fragments is not None
            octets += bytes((1, self.fragments or 0)) if first else bytes((2, self.fragment))
            if self.kind == ApsType.ACKNOWLEDGEMENT:
                octets += bytes((0xFF if self.received_blocks is None else self.received_blocks,))
        return octets

    def encode(self) -> bytes:
        """Header and payload."""
        return self.header() + self.payload


def with_fcs(frame: bytes) -> bytes:
    """A frame followed by its check sequence."""
    return frame + frame_check_sequence(frame)


def link_frame(frame: bytes, link_type: int) -> bytes:
    """A frame without FCS as a capture of this link type holds it."""
    if link_type == IEEE802_15_4_NO_FCS:
        return frame
    checked = with_fcs(frame)
    if link_type == IEEE802_15_4_WITH_FCS:
        return checked
    if link_type == IEEE802_15_4_NONASK_PHY:
        return _PHY_HEADER + bytes((len(checked),)) + checked
    if link_type == IEEE802_15_4_TAP:
        return struct.pack("<BBHHHI", 0, 0, 12, _TAP_FCS_TYPE, 1, 1) + checked
    raise UsageError(f"link type {link_type}: not one of IEEE 802.15.4 (195, 215, 230, 283)")


def unlink_frame(octets: bytes, link_type: int) -> tuple[bytes, bool]:
    """The frame without FCS that a packet of a capture holds, and whether its FCS is right (or was left out).

    Raises FrameError for a cut packet or a damaged link header, UsageError for another link type.
    """
    if link_type == IEEE802_15_4_WITH_FCS:
        return _checked(octets)
    if link_type == IEEE802_15_4_NO_FCS:
        return octets, True
    if link_type == IEEE802_15_4_NONASK_PHY:
        if len(octets) < 6:
            raise FrameError(f"PHY header of {len(octets)} octets, 6 expected")
        return _checked(octets[6 : 6 + (octets[5] & 0x7F)])
    if link_type == IEEE802_15_4_TAP:
        return _without_tap_header(octets)
    raise UsageError(f"link type {link_type}: not one of IEEE 802.15.4 (195, 215, 230, 283)")


def decode_mac(octets: bytes) -> MacFrame:
    """Read a frame without FCS. Raises FrameError for one that is cut, secured by the MAC or of another version."""
    if len(octets) < 3:
        raise FrameError(f"IEEE 802.15.4 frame of {len(octets)} octets, 3 are the least")
    control = octets[0] | octets[1] << 8
    if control & 0x08:
        raise FrameError("IEEE 802.15.4 frame with MAC security, which Zigbee does not use")
    if control >> 12 & 3 > 1:
        raise FrameError(f"IEEE 802.15.4 frame of version {control >> 12 & 3}, 0 and 1 are read")
    at = 3
    pan = source_pan = None
    destination: Address = None
    source: Address = None
    try:
        if mode := control >> 10 & 3:
            pan = octets[at] | octets[at + 1] << 8
            destination, at = _read_address(octets, at + 2, mode)
        if mode := control >> 14:
            if not control & 0x40:
                source_pan = octets[at] | octets[at + 1] << 8
                at += 2
            source, at = _read_address(octets, at, mode)
    except IndexError:
        raise FrameError(f"IEEE 802.15.4 frame ends inside its addresses, at octet {len(octets)}") from None
    return MacFrame(
        control & 7,
        octets[2],
        pan,
        destination,
        source,
        octets[at:],
        bool(control & 0x20),
        bool(control & 0x10),
        source_pan,
    )


def decode_network(octets: bytes) -> NetworkFrame:
    """Read the payload of a MAC data frame. Raises FrameError for one that is cut or not Zigbee PRO."""
    if len(octets) < 2:
        raise FrameError(f"network frame of {len(octets)} octets")
    control = octets[0] | octets[1] << 8
    if control >> 2 & 0xF != 2:
        raise FrameError(f"network frame of protocol version {control >> 2 & 0xF}, Zigbee PRO is 2")
    if len(octets) < 8:
        if control & 3 == NetworkType.INTER_PAN:
            return NetworkFrame(NetworkType.INTER_PAN, 0, 0, 0, octets[2:])
        raise FrameError(f"network frame ends inside its header, at octet {len(octets)}")
    if control & 3 == NetworkType.INTER_PAN:
        return NetworkFrame(NetworkType.INTER_PAN, 0, 0, 0, octets[2:])
    _, destination, source, radius, sequence = struct.unpack_from("<HHHBB", octets)
    at = 8
    destination_identity = source_identity = route = None
    index = 0
    try:
        if control & 0x0800:
            destination_identity, at = _read_identity(octets, at)
        if control & 0x1000:
            source_identity, at = _read_identity(octets, at)
        if control & 0x0100:
            at += 1
        if control & 0x0400:
            count, index = octets[at], octets[at + 1]
            route = struct.unpack_from(f"<{count}H", octets, at + 2)
            at += 2 + 2 * count
    except (IndexError, struct.error):
        raise FrameError(f"network frame ends inside its header, at octet {len(octets)}") from None
    return NetworkFrame(
        control & 3,
        destination,
        source,
        sequence,
        octets[at:],
        radius,
        bool(control & 0x0200),
        control >> 6 & 3,
        destination_identity,
        source_identity,
        route,
        index,
        bool(control & 0x2000),
    )


def decode_aps(octets: bytes) -> ApsFrame:
    """Read the payload of a network data frame. Raises FrameError for one that is cut."""
    if not octets:
        raise FrameError("APS frame of no octets")
    control = octets[0]
    kind = control & 3
    frame = ApsFrame(
        kind,
        0,
        delivery=control >> 2 & 3,
        profile=None,
        secured=bool(control & 0x20),
        acknowledge=bool(control & 0x40),
        acknowledges_command=kind == ApsType.ACKNOWLEDGEMENT and bool(control & 0x10),
    )
    at = 1
    try:
        if kind == ApsType.DATA or (kind == ApsType.ACKNOWLEDGEMENT and not control & 0x10):
            if frame.delivery == Delivery.GROUP:
                frame.group = octets[at] | octets[at + 1] << 8
                at += 2
            else:
                frame.destination_endpoint = octets[at]
                at += 1
            frame.cluster, frame.profile, frame.source_endpoint = struct.unpack_from("<HHB", octets, at)
            at += 5
        elif kind == ApsType.INTER_PAN:
            raise FrameError("inter-PAN APS frame inside a network frame")
        frame.counter = octets[at]
        at += 1
        if control & 0x80:
            kind_of_part = octets[at] & 3
            at += 1
            if kind_of_part:
                number = octets[at]
                at += 1
                frame.fragment = 0 if kind_of_part == 1 else number
                frame.fragments = number if kind_of_part == 1 else None
                if kind == ApsType.ACKNOWLEDGEMENT:
                    frame.received_blocks = octets[at]
                    at += 1
    except (IndexError, struct.error):
        raise FrameError(f"APS frame ends inside its header, at octet {len(octets)}") from None
    frame.payload = octets[at:]
    return frame


def _checked(octets: bytes) -> tuple[bytes, bool]:
    if len(octets) < 5:
        raise FrameError(f"IEEE 802.15.4 frame of {len(octets)} octets, 5 are the least")
    return octets[:-2], frame_check_sequence(octets[:-2]) == octets[-2:]


def _without_tap_header(octets: bytes) -> tuple[bytes, bool]:
    if len(octets) < 4 or octets[0] != 0:
        raise FrameError("TAP header cut or of an unknown version")
    length = octets[2] | octets[3] << 8
    if not 4 <= length <= len(octets):
        raise FrameError(f"TAP header of {length} octets in a packet of {len(octets)}")
    fcs = 0
    at = 4
    while at + 4 <= length:
        kind, size = struct.unpack_from("<HH", octets, at)
        if kind == _TAP_FCS_TYPE and size >= 1 and at + 4 < length:
            fcs = octets[at + 4]
        at += 4 + size + (-size & 3)
    frame = octets[length:]
    if fcs == 0:
        return frame, True
    return _checked(frame) if fcs == 1 else (frame[:-4], True)


def _address_mode(address: Address) -> int:
    return 0 if address is None else 2 if isinstance(address, int) else 3


def _address(address: int | bytes) -> bytes:
    return struct.pack("<H", address) if isinstance(address, int) else address[::-1]


def _read_address(octets: bytes, at: int, mode: int) -> tuple[Address, int]:
    if mode == 2:
        return octets[at] | octets[at + 1] << 8, at + 2
    if mode == 3:
        return _read_identity(octets, at)
    raise FrameError(f"IEEE 802.15.4 address mode {mode}, which is reserved")


def _read_identity(octets: bytes, at: int) -> tuple[bytes, int]:
    identity = octets[at : at + 8]
    if len(identity) < 8:
        raise IndexError
    return identity[::-1], at + 8
