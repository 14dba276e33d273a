# SPDX-License-Identifier: Apache-2.0
"""What devices make of the answers to their requests."""

from han.errors import CodecError
from han.zcl import clusters, commands, foundation, types
from han.zcl.frame import CLUSTER, GLOBAL


def command(cluster, frame):
    """(name, fields) of a cluster's command, (None, {}) when it is none or cannot be read."""
    if frame is None or frame.frame_type != CLUSTER:
        return None, {}
    try:
        return clusters.decode_command(cluster, frame.command, frame.direction, frame.payload)
    except CodecError:
        return None, {}


def result(frame):
    """The ZCL status of a Default Response, None when the frame is another or none."""
    if frame is None or frame.frame_type != GLOBAL or frame.command != commands.DEFAULT_RESPONSE:
        return None
    return frame.payload[1] if len(frame.payload) > 1 else None


def by_name(frame, identifiers, names):
    """{name: value} of the records that succeeded in the answer to a read of `identifiers` (their octets as they were
    sent), called `names`; None when the frame is another or cannot be read."""
    if frame.frame_type != GLOBAL or frame.command != commands.READ_ATTRIBUTES_RESPONSE:
        return None
    try:
        return _by_name(frame.payload, identifiers, names)
    except (CodecError, IndexError):
        return None


def _by_name(payload, identifiers, names):
    found = {}
    at = place = 0
    while at < len(payload):
        # Records come in the order of the request; what is not where it should be is looked for.
        if place >= len(identifiers) or payload[at] != identifiers[place] or payload[at + 1] != identifiers[place + 1]:
            place = _place(payload[at : at + 2], identifiers)
        if payload[at + 2]:
            at += 3
        else:
            value, at = types.decode(payload[at + 3], payload, at + 4)
            if place < len(identifiers):
                found[names[place >> 1]] = value
        place += 2
    return found


def _place(identifier, identifiers):
    for place in range(0, len(identifiers), 2):
        if identifiers[place : place + 2] == identifier:
            return place
    return len(identifiers)


def values(cluster, names, frame):
    """{name: value} out of the answer to a read of `names`, empty when there is none."""
    identifiers = commands.identifier_list(foundation.identifiers(cluster, names))
    return (None if frame is None else by_name(frame, identifiers, names)) or {}
