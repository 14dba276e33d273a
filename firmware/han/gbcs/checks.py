# SPDX-License-Identifier: Apache-2.0
"""The checks of a received command, and the reasons for which one is refused [GBCS 6.2.4].

The order in the specification was not available; that of section 1.5 of the reference is the default, and the
order is a parameter (I).
"""

from micropython import const

from han.errors import HanError
from han.gbcs import counters, protection, use_cases
from han.gbcs.envelope import signature_input

MALFORMED = "malformed"
NOT_A_COMMAND = "not a command"
OTHER_RECIPIENT = "other recipient"
UNKNOWN_CODE = "unknown message code"
OTHER_TARGET = "not for this device"
ROLE = "role not allowed"
UNKNOWN_ORIGINATOR = "unknown originator"
PROTECTION = "wrong kind of protection"
MAC = "wrong MAC"
SIGNATURE = "wrong signature"
REPLAYED = "replayed"
PAYLOAD = "payload differs from the template"
NOT_SUPPORTED = "not supported"
NO_KEY = "no key to answer with"
NOT_ASKED = "answers nothing that was asked"

COMMAND_ACCEPTED = const(0x8154)
COMMAND_REFUSED = const(0x8155)
_FORMAT_FAILED = const(0x8F1E)
_SENDER_NOT_AUTHORISED = const(0x8F30)
_SOURCE_NOT_AUTHENTICATED = const(0x8F3D)
_OTHER_FAILURE = const(0x8F53)

# The event that goes with a reason; that each reason has this one is inferred (I).
EVENTS = {
    MALFORMED: _FORMAT_FAILED,
    NOT_A_COMMAND: _FORMAT_FAILED,
    OTHER_RECIPIENT: _OTHER_FAILURE,
    UNKNOWN_CODE: _FORMAT_FAILED,
    OTHER_TARGET: _FORMAT_FAILED,
    ROLE: _SENDER_NOT_AUTHORISED,
    UNKNOWN_ORIGINATOR: _SOURCE_NOT_AUTHENTICATED,
    PROTECTION: _OTHER_FAILURE,
    MAC: _SOURCE_NOT_AUTHENTICATED,
    SIGNATURE: _SOURCE_NOT_AUTHENTICATED,
    REPLAYED: _OTHER_FAILURE,
    PAYLOAD: _FORMAT_FAILED,
    NOT_SUPPORTED: _FORMAT_FAILED,
    NO_KEY: _OTHER_FAILURE,
    NOT_ASKED: _OTHER_FAILURE,
}


class Refused(HanError):
    """A command that gets no answer; `reason` is one of those above, `detail` says more."""

    def __init__(self, reason, detail=""):
        super().__init__(reason + (": " + detail if detail else ""))
        self.reason = reason
        self.detail = detail


def check_recipient(server, request):
    if request.message.recipient != server.identity:
        raise Refused(OTHER_RECIPIENT)


def check_use_case(server, request):
    """Message code known, for this device, allowed to the sender where the sender is known."""
    use_case = request.use_case
    if use_case is None:
        raise Refused(UNKNOWN_CODE, "%04X" % request.message.message_code)
    if not use_case.is_for(server.role):
        raise Refused(OTHER_TARGET, use_case.name)
    role = server.keys.role(request.message.originator)
    if role is not None and not use_case.allows(role, server.role):
        raise Refused(ROLE, use_case.name)


def check_originator(server, request):
    """A trust anchor cell of this device holds the originator."""
    if server.keys.role(request.message.originator) is None:
        raise Refused(UNKNOWN_ORIGINATOR)


def check_mac(server, request):
    """The message is protected as its use case asks, and its MAC, if it has one, is right."""
    message = request.message
    if message.mac is None:
        form = use_cases.COMMAND_SIGNATURE if message.signature else 0
    else:
        form = use_cases.COMMAND_MAC_AND_SIGNATURE if message.signature else use_cases.COMMAND_MAC
    if request.use_case is not None and not request.use_case.forms & form:
        raise Refused(PROTECTION, request.use_case.name)
    if message.mac is None:
        return
    # The Access Control Broker makes the MAC of whatever comes over the WAN; on the HAN a device makes its own.
    party = message.originator
    if server.keys.role(party) != use_cases.PPMID:
        party = server.keys.holder(use_cases.ACCESS_CONTROL_BROKER)
    secret = None if party is None else server.keys.secret(party)
    if secret is None or not protection.mac_is_valid(secret, message):
        raise Refused(MAC)


def check_signature(server, request):
    message = request.message
    if message.signature and not server.keys.signature_is_valid(
        message.originator, signature_input(message), message.signature
    ):
        raise Refused(SIGNATURE)


def counter_line(message):
    """The line a counter belongs to: top-ups have the low 32 bits zero [GBCS 14]."""
    low = message.originator_counter & 0xFFFFFFFF
    return counters.TOP_UP if message.originator_counter and not low else counters.ORDINARY


def check_counter(server, request):
    """Where the use case asks for it the counter is greater than the last one accepted."""
    message = request.message
    if request.use_case is None or not request.use_case.anti_replay:
        return
    last = server.counters.last(message.originator, counter_line(message))
    if last is not None and message.originator_counter <= last:
        raise Refused(REPLAYED)


def check_payload(server, request):
    """The payload can be read and has the form of the template."""
    server.read_payload(request)


CHECKS = {
    "recipient": check_recipient,
    "use_case": check_use_case,
    "originator": check_originator,
    "mac": check_mac,
    "signature": check_signature,
    "counter": check_counter,
    "payload": check_payload,
}

# Format comes first whatever the order: nothing can be checked in what cannot be read.
ORDER = ("recipient", "use_case", "originator", "mac", "signature", "counter", "payload")
