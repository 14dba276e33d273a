# SPDX-License-Identifier: GPL-3.0-or-later
"""A meter's metering cluster that answers any octets, for the tests that compare both interpreters."""

from han.message import Message
from han.zcl import foundation, status
from han.zcl.attributes import Attributes

METERING = 0x0702
OWN = b"\x01" * 8
PEER = b"\x02" * 8


def refuse(name, fields, message, time):
    """A handler that finds nothing."""
    return status.NOT_FOUND


def answered(octets, destination=OWN):
    """The answer to `octets`, sent to a meter that holds one register."""
    attributes = Attributes(METERING)
    attributes.set("current_summation_delivered", 5)
    attributes.reports()
    return foundation.answer(attributes, Message(PEER, destination, 1, 1, METERING, octets), refuse, 0)
