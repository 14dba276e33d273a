# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoded messages as XML after `gbcs-messages.xsd`, one element a message.

The element `Timestamp` with `isFromGSME` and `ClockStatus` is that of the Message Mapping Catalogue [SECMP0015]; all
else is ours.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hanref.decode.batch import Result
from hanref.decode.message import Decoded

NAMESPACE = "urn:hanref:gbcs-messages:1"

START = f'<?xml version="1.0" encoding="UTF-8"?>\n<Messages xmlns="{NAMESPACE}">\n'
END = "</Messages>\n"

# What XML 1.0 cannot carry, not even escaped.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CLOCK_STATUSES = ("reliable", "unreliable", "invalid")


def element(result: Result) -> str:
    """The element of one input."""
    if result.error is not None:
        offset = "" if result.error.offset is None else f' offset="{result.error.offset}"'
        return f'<Error index="{result.index}"{offset}>{_text(result.error.what)}</Error>\n'
    assert result.decoded is not None
    return "".join(_message(result.index, result.decoded))


def _text(value: object) -> str:
    return escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def _line(name: str, value: object, attributes: str = "", depth: int = 2) -> str:
    return f"{'  ' * depth}<{name}{attributes}>{_text(value)}</{name}>\n"


def _message(index: int, decoded: Decoded) -> Iterator[str]:
    tree = decoded.tree()
    yield f'<Message index="{index}">\n  <Header>\n'
    for name, key in (("Kind", "cra"), ("Originator", "originator"), ("Recipient", "recipient")):
        yield _line(name, tree[key])
    yield _line("OriginatorCounter", tree["originator_counter"])
    yield _line("MessageCode", tree["message_code"])
    yield _line("UseCase", tree["use_case"])
    yield _line("Title", tree["title"])
    yield _timestamp(decoded)
    for name, key in (
        ("SupplementaryRemotePartyID", "supplementary_remote_party_id"),
        ("SupplementaryRemotePartyCounter", "supplementary_remote_party_counter"),
        ("SupplementaryOriginatorCounter", "supplementary_originator_counter"),
    ):
        if tree[key] is not None:
            yield _line(name, tree[key])
    yield "  </Header>\n  <Protection>\n"
    if decoded.mac_check is not None:
        yield _line("MAC", tree["mac"], f' check="{decoded.mac_check}"')
    if decoded.signature_check is not None:
        yield _line("Signature", tree["signature"], f' check="{decoded.signature_check}"')
    if decoded.decryption_check is not None:
        yield f'    <EncryptedAttributes check="{decoded.decryption_check}"/>\n'
    yield f'  </Protection>\n  <Payload family="{decoded.payload_family}" length="{len(decoded.message.payload)}">\n'
    yield from _value(None, decoded.content, 2)
    yield "  </Payload>\n</Message>\n"


def _timestamp(decoded: Decoded) -> str:
    """The time in the header: whose it is where that is known, its status where it has one."""
    octets = decoded.message.date_time
    if octets is None:
        return ""
    attributes = ""
    if decoded.time_source is not None:
        attributes += f' isFromGSME="{"true" if decoded.time_source == "GSME" else "false"}"'
    if decoded.time_reliability in _CLOCK_STATUSES:
        attributes += f' ClockStatus="{decoded.time_reliability}"'
    if decoded.date_time_utc is None:
        return _line("OpenTime", octets.hex(), attributes)
    return _line("Timestamp", decoded.date_time_utc, attributes)


def _value(name: str | None, value: Any, depth: int) -> Iterator[str]:
    """A value of the content: Group for what has names, List for what has places, Value for the rest."""
    label = "" if name is None else f" name={quoteattr(_UNPRINTABLE.sub('?', name))}"
    indent = "  " * depth
    if isinstance(value, dict):
        yield f"{indent}<Group{label}>\n"
        for key, inner in value.items():
            yield from _value(key, inner, depth + 1)
        yield f"{indent}</Group>\n"
    elif isinstance(value, list):
        yield f"{indent}<List{label}>\n"
        for inner in value:
            yield from _value(None, inner, depth + 1)
        yield f"{indent}</List>\n"
    elif value is None:
        yield f"{indent}<Value{label}/>\n"
    else:
        shown = str(value).lower() if isinstance(value, bool) else value
        yield f"{indent}<Value{label}>{_text(shown)}</Value>\n"
