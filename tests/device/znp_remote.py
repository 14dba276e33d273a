# SPDX-License-Identifier: GPL-3.0-or-later
"""The radio driver of a board in another process, called with plain values."""

from han.message import Endpoint, Message
from han.radio.znp import Znp
from han.radio.znp_settings import Settings

radio = Znp()


def start(role, endpoints, install_code, time):
    """A new driver; `endpoints` are (number, device, servers, clients)."""
    global radio
    radio = Znp()
    radio.start(Settings(role, [Endpoint(*parts) for parts in endpoints], install_code=install_code), time)


def exchange(octets, time):
    """Feed octets and time; returns octets to write, events by name, messages as tuples, the deadline."""
    radio.feed(octets, time)
    events = [event[0] for event in radio.events()]
    messages = [(message.source, message.cluster, message.payload, message.secured) for message in radio.received()]
    return bytes(radio.outgoing()), events, messages, radio.deadline()


def send(destination, cluster, payload, time):
    """Send from endpoint 1 to endpoint 1, secured."""
    radio.send(Message(radio.identity, destination, 1, 1, cluster, payload), time)
