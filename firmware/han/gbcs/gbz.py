# SPDX-License-Identifier: Apache-2.0
"""The GBZ payload: ZCL commands inside a GBCS message [GBCS 7.2.10, 16].

Header, cluster, lengths and From Date Time are big endian, the ZCL payload is little endian.
"""

import struct

from han.gbcs import templates
from han.gbcs.envelope import ALERT, GbcsError

PROFILE = 0x0109

DEFAULT_RESPONSE = 0x0B
READ_ATTRIBUTES = 0x00
READ_ATTRIBUTES_RESPONSE = 0x01

_LAST = 0x01
_ENCRYPTED = 0x02
_FROM_DATE_TIME = 0x10
_MANUFACTURER_SPECIFIC = 0x04


class Component:
    """One ZCL command.

    `frame_control`, `sequence` and `command` are the ZCL header. `payload` is the ZCL payload, or with `encrypted` the
    ciphered information: security header, ciphertext and tag. `frame_counter` counts the encrypted components of a
    message from 0. `from_date_time` is None or seconds since 2000.
    """

    def __init__(
        self,
        cluster,
        frame_control,
        sequence,
        command,
        payload=b"",
        encrypted=False,
        frame_counter=0,
        from_date_time=None,
    ):
        self.cluster = cluster
        self.frame_control = frame_control
        self.sequence = sequence
        self.command = command
        self.payload = payload
        self.encrypted = encrypted
        self.frame_counter = frame_counter
        self.from_date_time = from_date_time

    def is_global(self):
        """Whether the command is one of all clusters (read, default response), not the cluster's own."""
        return not self.frame_control & 3


class Payload:
    """A GBZ payload: `components`; in an alert also `alert_code` and `alert_time` (seconds since 2000).

    An alert without ZCL commands has `content` instead, the octets after the time, and in `count` what it says as the
    number of components.
    """

    def __init__(self, components, alert_code=None, alert_time=None, content=b"", count=0):
        self.components = components
        self.alert_code = alert_code
        self.alert_time = alert_time
        self.content = content
        self.count = count


def _encode_component(component, is_last):
    control = _LAST if is_last else 0
    body = bytes((component.frame_control, component.sequence, component.command))
    if component.from_date_time is not None:
        if component.encrypted:
            raise GbcsError("a component is encrypted or has a From Date Time, not both")
        control |= _FROM_DATE_TIME
        body = struct.pack(">I", component.from_date_time) + body
    if component.encrypted:
        control |= _ENCRYPTED
        body = b"".join((bytes((0, component.frame_counter)), body, struct.pack(">H", len(component.payload))))
    length = len(body) + len(component.payload)
    if length > 0xFFFF:
        raise GbcsError("a component of %d octets is too long" % length)
    return struct.pack(">BHH", control, component.cluster, length) + body + component.payload


def encode(payload):
    """The octets of a Payload; raises GbcsError."""
    components = payload.components
    if len(components) > 255:
        raise GbcsError("%d components are more than a message can have" % len(components))
    parts = [struct.pack(">HB", PROFILE, len(components) or payload.count)]
    if payload.alert_code is not None:
        parts.append(struct.pack(">HI", payload.alert_code, payload.alert_time))
    if payload.content:
        if payload.alert_code is None or components:
            raise GbcsError("only an alert without components has other content")
        parts.append(payload.content)
    last = len(components) - 1
    for index in range(len(components)):
        parts.append(_encode_component(components[index], index == last))
    return b"".join(parts)


def _unpack(layout, octets, at, name):
    if at + struct.calcsize(layout) > len(octets):
        raise GbcsError("%s is cut short" % name, at)
    return struct.unpack_from(layout, octets, at)


def _decode_component(octets, at, is_last):
    """(component, offset after it)."""
    control, cluster, length = _unpack(">BHH", octets, at, "component header")
    if control & ~(_LAST | _ENCRYPTED | _FROM_DATE_TIME) or control & _ENCRYPTED and control & _FROM_DATE_TIME:
        raise GbcsError("the extended header control is %02X" % control, at)
    if bool(control & _LAST) != is_last:
        raise GbcsError("the mark of the last component does not fit the number of components", at)
    at += 5
    end = at + length
    if end > len(octets):
        raise GbcsError("a component says %d octets, %d follow" % (length, len(octets) - at), at - 2)
    frame_counter = 0
    from_date_time = None
    encrypted = bool(control & _ENCRYPTED)
    if encrypted:
        additional, frame_counter = _unpack(">BB", octets, at, "additional header")
        if additional:
            raise GbcsError("the additional header control is %02X, not 00" % additional, at)
        at += 2
    elif control & _FROM_DATE_TIME:
        (from_date_time,) = _unpack(">I", octets, at, "From Date Time")
        at += 4
    frame_control, sequence, command = _unpack(">BBB", octets, at, "ZCL header")
    if frame_control & _MANUFACTURER_SPECIFIC:
        raise GbcsError("a manufacturer's command (frame control %02X) has no place in GBCS" % frame_control, at)
    at += 3
    if encrypted:
        (ciphered,) = _unpack(">H", octets, at, "ciphered length")
        at += 2
        if at + ciphered != end:
            raise GbcsError("the ciphered information has %d octets, its length says %d" % (end - at, ciphered), at - 2)
    if at > end:
        raise GbcsError("a component of %d octets is too short" % length, end)
    payload = octets[at:end]
    return Component(cluster, frame_control, sequence, command, payload, encrypted, frame_counter, from_date_time), end


def decode(octets, cra, message_code=None):
    """The Payload in `octets`, all of them, of a message with that CRA flag; raises GbcsError.

    `message_code` tells of an alert whether ZCL commands follow its time: those with a template have them. Offsets in
    errors count from the start of the payload.
    """
    profile, count = _unpack(">HB", octets, 0, "profile and number of components")
    if profile != PROFILE:
        raise GbcsError("the profile is %04X, not %04X" % (profile, PROFILE), 0)
    at = 3
    payload = Payload([])
    if cra == ALERT:
        payload.alert_code, payload.alert_time = _unpack(">HI", octets, at, "alert code and time")
        at += 6
        if not templates.components(message_code, ALERT):
            payload.content = octets[at:]
            payload.count = count
            return payload
    for index in range(count):
        component, at = _decode_component(octets, at, index == count - 1)
        payload.components.append(component)
    if at != len(octets):
        raise GbcsError("%d octets after the last component" % (len(octets) - at), at)
    return payload
