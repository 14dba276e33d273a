# SPDX-License-Identifier: Apache-2.0
"""What devices make of the answers to their requests."""

from han.errors import CodecError
from han.zcl import clusters, commands, foundation
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


def records(frame):
    """The records of a Read Attributes Response, None when the frame is another or cannot be read."""
    if frame.frame_type != GLOBAL or frame.command != commands.READ_ATTRIBUTES_RESPONSE:
        return None
    try:
        return commands.decode(commands.READ_ATTRIBUTES_RESPONSE, frame.payload)
    except CodecError:
        return None


def by_name(records, identifiers, names):
    """{name: value} of the records that succeeded, for a read of `identifiers` called `names`."""
    values = {}
    for identifier, status, _, value in records:
        if not status and identifier in identifiers:
            values[names[identifiers.index(identifier)]] = value
    return values


def named(cluster, records):
    """{name: value} of reported records."""
    table = clusters.table(cluster)
    values = {}
    for identifier, _, value in records:
        attribute = table.attribute(identifier)
        if attribute is not None:
            values[attribute.name] = value
    return values


def values(cluster, names, frame):
    """{name: value} out of the answer to a read of `names`, empty when there is none."""
    answered = None if frame is None else records(frame)
    return {} if answered is None else by_name(answered, foundation.identifiers(cluster, names), names)
