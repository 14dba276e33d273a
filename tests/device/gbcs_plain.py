# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS objects as plain data and back, so that tests can send them to the other interpreter."""

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.gbcs import envelope, gbz

NAMES = (
    "cra",
    "originator_counter",
    "originator",
    "recipient",
    "message_code",
    "payload",
    "date_time",
    "signature",
    "mac",
    "supplementary_remote_party",
    "supplementary_remote_party_counter",
    "supplementary_originator_counter",
    "certificate",
)
COMPONENT_NAMES = (
    "cluster",
    "frame_control",
    "sequence",
    "command",
    "payload",
    "encrypted",
    "frame_counter",
    "from_date_time",
)


def decode_message(octets):
    """The fields of a message in the order of NAMES."""
    message = envelope.decode(octets)
    return [getattr(message, name) for name in NAMES]


def encode_message(fields):
    """The octets of a message of these fields."""
    message = envelope.Message(0, 0, b"", b"", 0)
    for index in range(len(NAMES)):
        setattr(message, NAMES[index], fields[index])
    return envelope.encode(message)


def decode_payload(octets, cra, message_code):
    """A GBZ payload as [alert code, alert time, content, count, [component fields, ...]]."""
    payload = gbz.decode(octets, cra, message_code)
    components = [[getattr(component, name) for name in COMPONENT_NAMES] for component in payload.components]
    return [payload.alert_code, payload.alert_time, payload.content, payload.count, components]


def encode_payload(alert_code, alert_time, content, count, components):
    """The octets of a GBZ payload."""
    made = [gbz.Component(*fields) for fields in components]
    return gbz.encode(gbz.Payload(made, alert_code, alert_time, content, count))


def offset_of_error(octets):
    """Where decoding a message fails, -1 where it does not."""
    try:
        envelope.decode(octets)
    except envelope.GbcsError as error:
        return error.offset
    return -1
