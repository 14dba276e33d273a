# SPDX-License-Identifier: Apache-2.0
"""Data frames of the Z-Stack serial protocol: messages out, short and long, and in."""

import struct

from han.message import BROADCAST
from han.radio import znp_commands as znp

RADIUS = 30
_WHOLE = 230  # octets of data in one AF_DATA_REQUEST_EXT; AF_DATA_REQUEST takes ten more
_PIECE = 240


def transmit(radio, message, short, sequence):
    """Task: hand a message over; returns its status, None without an answer."""
    payload = message.payload
    options = 0
    if message.destination != BROADCAST:
        options = znp.OPTION_ACKNOWLEDGE | (znp.OPTION_LINK_KEY if message.secured else 0)
    endpoints = (message.destination_endpoint, message.source_endpoint)
    ends = struct.pack("<BBHBBB", endpoints[0], endpoints[1], message.cluster, sequence, options, RADIUS)
    if len(payload) <= _WHOLE:
        answer = yield znp.AF_DATA_REQUEST, struct.pack("<H", short) + ends + bytes((len(payload),)) + payload
        return answer[0] if answer else None
    mode = znp.ADDRESS_BROADCAST if message.destination == BROADCAST else znp.ADDRESS_SHORT
    request = struct.pack("<BH6xBH", mode, short, message.destination_endpoint, 0) + ends[1:]
    return (yield from _transmit_long(radio, request + struct.pack("<H", len(payload)), payload))


def _transmit_long(radio, request, payload):
    """The pieces, then the request with the length of them all; a stack that takes no pieces before the request gets
    them after it."""
    if radio.store_first:
        status = yield from _store(payload)
        if status == znp.SUCCESS:
            answer = yield znp.AF_DATA_REQUEST_EXT, request
            return answer[0] if answer else None
        if status is None or status == znp.BUFFERS_FULL or status == znp.NO_RESOURCES:
            return status
        radio.store_first = False
    answer = yield znp.AF_DATA_REQUEST_EXT, request
    if not answer or answer[0] != znp.SUCCESS:
        return answer[0] if answer else None
    status = yield from _store(payload)
    if status != znp.SUCCESS:
        return status
    answer = yield znp.AF_DATA_STORE, b"\x00\x00\x00"  # a piece of no octets: send it now
    return answer[0] if answer else None


def _store(payload):
    view = memoryview(payload)
    for at in range(0, len(payload), _PIECE):
        piece = view[at : at + _PIECE]
        answer = yield znp.AF_DATA_STORE, struct.pack("<HB", at, len(piece)) + bytes(piece)
        if not answer or answer[0] != znp.SUCCESS:
            return answer[0] if answer else None
    return znp.SUCCESS


def incoming(data):
    """AF_INCOMING_MSG: (source, source endpoint, destination endpoint, cluster, broadcast, secured, payload)."""
    cluster, source, source_endpoint, endpoint, broadcast, _, secured = struct.unpack_from("<HHBBBBB", data, 2)
    length = data[16]
    if len(data) < 17 + length:
        raise ValueError
    return source, source_endpoint, endpoint, cluster, broadcast != 0, secured != 0, bytes(data[17 : 17 + length])


def incoming_extended(data):
    """AF_INCOMING_MSG_EXT: the same, its time stamp and its length; the payload is None where it must be retrieved."""
    cluster, _, source, source_endpoint, _, endpoint, broadcast, _, secured, stamp, _, length = struct.unpack_from(
        "<HBH6xBHBBBBIBH", data, 2
    )
    start = 2 + 25
    payload = bytes(data[start : start + length]) if len(data) >= start + length else None
    return (source, source_endpoint, endpoint, cluster, broadcast != 0, secured != 0, payload), stamp, length


def retrieve(radio, stamp, length):
    """Task: the octets of a long message; None where the co-processor does not give them all."""
    payload = bytearray(length)
    at = 0
    while at < length:
        count = min(_PIECE, length - at)
        answer = yield znp.AF_DATA_RETRIEVE, struct.pack("<IHB", stamp, at, count)
        if not answer or answer[0] != znp.SUCCESS or len(answer) < 2 + count:
            at = None
            break
        payload[at : at + count] = answer[2 : 2 + count]
        at += count
    yield znp.AF_DATA_RETRIEVE, struct.pack("<IHB", stamp, 0, 0)  # free it
    return None if at is None else bytes(payload)
