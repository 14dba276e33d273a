# SPDX-License-Identifier: GPL-3.0-or-later
"""Capture files: pcapng written, pcap and pcapng read.

This is our own because none of the libraries does: a run writes 35,000 frames beside its trace, a capture to judge
has a million, and both have a time limit. python-pcapng takes 34 us to write a packet and 23 us to read one; scapy
reads in 3 us but writes in 127 us, ends a damaged file without a word, and is GPL-2.0-only, which this package cannot
take in. The few block types that a capture needs are below.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from hanref.errors import UsageError

IEEE802_15_4_WITH_FCS = 195
IEEE802_15_4_NONASK_PHY = 215
IEEE802_15_4_NO_FCS = 230
IEEE802_15_4_TAP = 283
LINK_TYPES = {
    IEEE802_15_4_WITH_FCS: "frame with FCS",
    IEEE802_15_4_NONASK_PHY: "frame with PHY header and FCS",
    IEEE802_15_4_NO_FCS: "frame without FCS",
    IEEE802_15_4_TAP: "frame with TAP header",
}

MILLISECONDS_1970_TO_2000 = 946_684_800_000

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_SIMPLE_PACKET = 3
_ENHANCED_PACKET = 6
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_TIMESTAMP_RESOLUTION = 9  # option of an interface
_TIMESTAMP_OFFSET = 14
_END_OF_OPTIONS = 0
_HARDWARE = 2  # options of a section
_APPLICATION = 4
_INTERFACE_NAME = 2
_LARGEST_BLOCK = 16 * 1024 * 1024
_READ_AHEAD = 1 << 20

_PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
_PACKET_HEADER = struct.Struct("<IIIIIII")
_BLOCK_LENGTH = struct.Struct("<I")
_PADDING = (b"", b"\x00\x00\x00", b"\x00\x00", b"\x00")


class Packet(NamedTuple):
    """One captured frame. `number` counts from 1 as Wireshark does; `time` is microseconds since 1970, UTC."""

    number: int
    time: int
    link_type: int
    octets: bytes


class Writer:
    """Writes a pcapng file of one interface. Use as a context manager, or close it."""

    def __init__(self, path: Path | str, link_type: int = IEEE802_15_4_WITH_FCS, interface: str = "han") -> None:
        self.path = Path(path)
        self.link_type = link_type
        self.packets = 0
        try:
            self._file = open(path, "wb", buffering=_READ_AHEAD)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
        self._write = self._file.write
        self._write(_section_header() + _interface_description(link_type, interface))

    def packet(self, microseconds: int, octets: bytes) -> None:
        """One frame, with its time in microseconds since 1970."""
        length = len(octets)
        padding = _PADDING[length & 3]
        block = 32 + length + len(padding)
        self._write(
            _PACKET_HEADER.pack(_ENHANCED_PACKET, block, 0, microseconds >> 32, microseconds & 0xFFFFFFFF, length, length)
            + octets
            + padding
            + _BLOCK_LENGTH.pack(block)
        )
        self.packets += 1

    def flush(self) -> None:
        """What has been written so far is in the file."""
        self._file.flush()

    def close(self) -> None:
        """End the file. Closing twice does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path | str) -> Iterator[Packet]:
    """The packets of a pcap or pcapng file in their order; memory does not grow with the file.

    Raises UsageError, naming file and offset, for a file that is no capture, is damaged or ends inside a packet.
    """
    try:
        file = open(path, "rb", buffering=_READ_AHEAD)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        start = file.read(4)
        if not start:
            raise UsageError(f"{path}: the file is empty, it is no capture")
        if start in _PCAP_MAGIC:
            yield from _read_pcap(file, str(path), *_PCAP_MAGIC[start])
        elif start == _SECTION_HEADER.to_bytes(4, "big"):
            yield from _read_pcapng(file, str(path))
        else:
            raise UsageError(f"{path}: starts with {start.hex()}, it is neither pcap nor pcapng")


def is_capture(path: Path | str) -> bool:
    """Whether a file starts as a pcap or pcapng file does."""
    try:
        with open(path, "rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return start in _PCAP_MAGIC or start == _SECTION_HEADER.to_bytes(4, "big")


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + _PADDING[len(value) & 3]


def _block(block_type: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", block_type, length) + body + struct.pack("<I", length)


def _section_header() -> bytes:
    body = struct.pack("<IHHq", _BYTE_ORDER_MAGIC, 1, 0, -1)
    return _block(_SECTION_HEADER, body + _option(_APPLICATION, b"hanref") + _option(_END_OF_OPTIONS, b""))


def _interface_description(link_type: int, name: str) -> bytes:
    body = struct.pack("<HHI", link_type, 0, 0)
    return _block(_INTERFACE_DESCRIPTION, body + _option(_INTERFACE_NAME, name.encode()) + _option(_END_OF_OPTIONS, b""))


def _read_pcap(file: BinaryIO, path: str, order: str, resolution: int) -> Iterator[Packet]:
    header = file.read(20)
    if len(header) < 20:
        raise UsageError(f"{path}: ends inside the file header, at offset {4 + len(header)}")
    link_type = struct.unpack_from(order + "I", header, 16)[0] & 0xFFFF  # the high half tells of an FCS elsewhere
    record = struct.Struct(order + "IIII")
    divisor = resolution // 1_000_000
    offset = 24
    number = 0
    while header := file.read(16):
        if len(header) < 16:
            raise UsageError(f"{path}: ends inside a packet header, at offset {offset}")
        seconds, fraction, length, _ = record.unpack(header)
        if length > _LARGEST_BLOCK:
            raise UsageError(f"{path}: a packet of {length} octets at offset {offset}, the file is damaged")
        octets = file.read(length)
        if len(octets) < length:
            raise UsageError(f"{path}: ends inside a packet, at offset {offset + 16 + len(octets)}")
        number += 1
        yield Packet(number, seconds * 1_000_000 + fraction // divisor, link_type, octets)
        offset += 16 + length


class _Interface(NamedTuple):
    """An interface of a section: its link type, and `time x multiplier // divisor + offset` microseconds."""

    link_type: int
    multiplier: int
    divisor: int
    offset: int
    snapped: int


def _read_pcapng(file: BinaryIO, path: str) -> Iterator[Packet]:
    file.seek(0)
    order = "<"
    head = struct.Struct("<II")
    packet = struct.Struct("<IIIII")
    interfaces: list[_Interface] = []
    offset = 0
    number = 0
    while header := file.read(8):
        if len(header) < 8:
            raise UsageError(f"{path}: ends inside a block header, at offset {offset}")
        if header[:4] == b"\x0a\x0d\x0d\x0a":
            magic = file.read(4)
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic, "")
            if not order:
                raise UsageError(f"{path}: no byte order in the section at offset {offset}, the file is damaged")
            file.seek(-4, 1)
            head = struct.Struct(order + "II")
            packet = struct.Struct(order + "IIIII")
            interfaces = []
        block_type, length = head.unpack(header)
        if length < 12 or length & 3 or length > _LARGEST_BLOCK:
            raise UsageError(f"{path}: a block of {length} octets at offset {offset}, the file is damaged")
        body = file.read(length - 8)
        if len(body) < length - 8:
            raise UsageError(f"{path}: ends inside a block, at offset {offset + 8 + len(body)}")
        if body[-4:] != header[4:]:
            raise UsageError(f"{path}: the block at offset {offset} has two lengths, the file is damaged")
        if block_type == _ENHANCED_PACKET:
            number += 1
            if length < 32:
                raise UsageError(f"{path}: a packet block too short at offset {offset}, the file is damaged")
            which, high, low, captured, _ = packet.unpack_from(body)
            if which >= len(interfaces) or captured > length - 32:
                raise UsageError(f"{path}: a packet that does not fit at offset {offset}, the file is damaged")
            link_type, multiplier, divisor, shift, _ = interfaces[which]
            time = ((high << 32) | low) * multiplier // divisor + shift
            yield Packet(number, time, link_type, body[20 : 20 + captured])
        elif block_type == _SIMPLE_PACKET:
            number += 1
            if not interfaces or length < 16:
                raise UsageError(f"{path}: a packet without an interface at offset {offset}")
            captured = min(struct.unpack_from(order + "I", body)[0], interfaces[0].snapped, length - 16)
            yield Packet(number, 0, interfaces[0].link_type, body[4 : 4 + captured])
        elif block_type == _INTERFACE_DESCRIPTION:
            if length < 20:
                raise UsageError(f"{path}: an interface block too short at offset {offset}")
            interfaces.append(_interface(body, order))
        offset += length


def _interface(body: bytes, order: str) -> _Interface:
    link_type, _, snapped = struct.unpack_from(order + "HHI", body)
    multiplier, divisor, shift = 1, 1, 0
    at = 8
    while at + 4 <= len(body) - 4:
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == _END_OF_OPTIONS:
            break
        if code == _TIMESTAMP_RESOLUTION and length == 1:
            base = 2 if value[0] & 0x80 else 10
            multiplier, divisor = 1_000_000, base ** (value[0] & 0x7F)
        elif code == _TIMESTAMP_OFFSET and length == 8:
            shift = struct.unpack(order + "q", value)[0] * 1_000_000
        at += 4 + length + (-length & 3)
    return _Interface(link_type, multiplier, divisor, shift, snapped or _LARGEST_BLOCK)
