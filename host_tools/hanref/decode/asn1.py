# SPDX-License-Identifier: GPL-3.0-or-later
"""ASN.1 payloads: the generic DER tree, and the use cases of section 7.3 by the names of their fields."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from han.errors import CodecError
from han.gbcs import der
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE, Message

from hanref.decode import tables
from hanref.decode.times import generalized_text

Tree = dict[str, Any]
Element = tuple[int, Any]
Reader = Callable[[Element], Any]


def decode(message: Message, use_case: str) -> tuple[list[Tree], Tree]:
    """(tree, content) of a message's payload; raises CodecError with the offset in the payload."""
    element = der.decode(message.payload)
    return trees([element]), content(use_case, message.cra, element)


def trees(elements: list[Element]) -> list[Tree]:
    """Elements by their tags: octets in hex, or items."""
    found: list[Tree] = []
    for tag, value in elements:
        if isinstance(value, list):
            found.append({"tag": _TAGS[tag], "items": trees(value)})
        else:
            found.append({"tag": _TAGS[tag], "hex": value.hex()})
    return found


_TAGS = ["%02x" % tag for tag in range(256)]


# --- readers ------------------------------------------------------------------------------------------------


# Longer integers are serial numbers and parts of signatures; they stay octets.
_LONGEST_NUMBER = 8


class FormError(Exception):
    """An element that has not the form of the use case."""


class Part(NamedTuple):
    """A part of a sequence: its name (none: its own parts are taken in), how it is read, the tags it may have, whether it
    may be left out."""

    name: str
    read: Reader
    tags: tuple[int, ...]
    optional: bool = False


def expect(element: Element, *tags: int) -> Any:
    """The value of an element that must have one of the tags."""
    if element[0] not in tags:
        raise FormError
    return element[1]


def number(element: Element) -> int:
    """A number, whatever its tag: context tags hide the type."""
    if isinstance(element[1], list) or not 0 < len(element[1]) <= _LONGEST_NUMBER:
        raise FormError
    value: int = der.integer_of(element)
    return value


@cache
def _codes(field: str) -> dict[int, str]:
    return {int(row["code"]): row["name"] for row in tables.rows("asn1-codes.csv") if row["field"] == field}


def coded(field: str) -> Reader:
    """A number by its name, itself where it has none."""

    def read(element: Element) -> Any:
        value = number(element)
        return _codes(field).get(value, value)

    return read


def octets(element: Element) -> str:
    """Octets in hex."""
    if isinstance(element[1], list):
        raise FormError
    text: str = element[1].hex()
    return text


def time(element: Element) -> str:
    """A GeneralizedTime as ISO text, or `cancelled`."""
    return generalized_text(expect(element, der.GENERALIZED_TIME))


def key_usage(element: Element) -> list[str]:
    """The names of the bits that are set."""
    bits = expect(element, der.BIT_STRING)
    if not isinstance(bits, bytes) or not bits:
        raise FormError
    count = 8 * (len(bits) - 1) - bits[0]
    return [_codes("key_usage").get(i, "bit %d" % i) for i in range(count) if bits[1 + i // 8] >> (7 - i % 8) & 1]


def certificate(element: Element) -> Tree:
    """A summary of a certificate."""
    # X.509 takes a while to import, and few messages hold a certificate.
    from hanref.decode import certificates

    expect(element, der.SEQUENCE)
    return certificates.summary(der.encode(element))


def certification_request(element: Element) -> Tree:
    """A summary of a certification request."""
    from hanref.decode import certificates

    return certificates.request_summary(der.encode(element))


def alert_code(element: Element) -> Tree:
    """An alert code and what it means."""
    value = number(element)
    return {"alert": "%04x" % value, "meaning": tables.alert_codes().get(value)}


def accepted(element: Element) -> bool:
    """NULL where an answer begins with it: the command was taken."""
    expect(element, der.NULL)
    return True


def null(element: Element) -> Tree:
    """Nothing."""
    expect(element, der.NULL)
    return {}


def sequence(*parts: Part) -> Reader:
    """A sequence of named parts."""

    def read(element: Element) -> Tree:
        return _read_parts(expect_list(element), parts)

    return read


def expect_list(element: Element) -> list[Element]:
    """The items of a constructed element."""
    if not isinstance(element[1], list):
        raise FormError
    return element[1]


def _read_parts(items: list[Element], parts: tuple[Part, ...]) -> Tree:
    fields: Tree = {}
    at = 0
    for part in parts:
        if at < len(items) and items[at][0] in part.tags:
            value = part.read(items[at])
            at += 1
            if part.name:
                fields[part.name] = value
            else:
                fields.update(value)
        elif not part.optional:
            raise FormError
    if at < len(items):
        raise FormError
    return fields


def each(read: Reader) -> Reader:
    """A sequence of alike elements."""
    return lambda element: [read(item) for item in expect_list(element)]


def either(*readers: tuple[int, Reader]) -> Reader:
    """What an element is by its tag."""

    def read(element: Element) -> Any:
        for tag, reader in readers:
            if element[0] == tag:
                return reader(element)
        raise FormError

    return read


_NUMBER = (der.INTEGER, der.ENUMERATED)
_OCTETS = (der.OCTET_STRING,)
_BITS = (der.BIT_STRING,)
_SEQUENCE = (der.SEQUENCE,)
_TIME = (der.GENERALIZED_TIME,)


def _context(n: int) -> tuple[int, int]:
    return der.CONTEXT + n, der.CONTEXT_CONSTRUCTED + n


# --- the use cases ------------------------------------------------------------------------------------------

_ROLE = Part("role", coded("role"), _NUMBER)
_CELL_PARTS = (
    _ROLE,
    Part("key_usage", key_usage, _BITS),
    Part("cell_usage", coded("cell_usage"), _NUMBER, True),
)
_cell = sequence(*_CELL_PARTS)

_DETAILS_WANTED = sequence(Part("cell_of_asker", _cell, _SEQUENCE), Part("roles_wanted", each(coded("role")), _SEQUENCE))
_DETAILS = each(
    sequence(
        _ROLE,
        Part("status", coded("credentials_status"), _NUMBER),
        Part("current_counter", number, _NUMBER, True),
        Part(
            "cells",
            each(
                sequence(
                    Part("key_usage", key_usage, _BITS),
                    Part("cell_usage", coded("cell_usage"), _NUMBER, True),
                    Part("subject", octets, _OCTETS),
                    Part("key_identifier", octets, _OCTETS),
                )
            ),
            _SEQUENCE,
            True,
        ),
    )
)

_special_floors = each(sequence(Part("usage", coded("sequence_number_usage"), _NUMBER), Part("floor", number, _NUMBER)))
_floors = each(
    sequence(
        _ROLE,
        Part("floor", number, _NUMBER),
        Part("special_floors", _special_floors, _SEQUENCE, True),
    )
)
_UPDATE = sequence(
    Part(
        "control",
        sequence(
            Part("mode", coded("mode"), _NUMBER),
            Part("symmetric_key", lambda element: "present", _context(0), True),
            Part("time_checks", coded("time_checks"), _context(1), True),
            Part("cell", _cell, _context(2), True),
            Part("counter", number, _context(3), True),
            Part("new_floor", number, _context(4), True),
            Part("new_special_floors", _special_floors, _context(5), True),
            Part("other_floors", _floors, _context(6), True),
        ),
        _SEQUENCE,
    ),
    Part(
        "replacements",
        each(sequence(Part("certificate", certificate, _SEQUENCE), Part("cell", _cell, _SEQUENCE))),
        _SEQUENCE,
    ),
    Part("path_certificates", each(certificate), _SEQUENCE),
    Part("execution_time", time, _TIME, True),
)
_outcome = sequence(
    Part("counter", number, _NUMBER),
    Part("mode", coded("mode"), _NUMBER),
    Part("floor_changes", _floors, _SEQUENCE),
    Part(
        "replacements",
        each(
            sequence(
                Part("cell", _cell, _SEQUENCE),
                Part("status", coded("credentials_status"), _NUMBER),
                Part("old_subject", octets, _OCTETS, True),
                Part("old_key_identifier", octets, _OCTETS, True),
                Part("new_subject", octets, _OCTETS, True),
                Part("new_key_identifier", octets, _OCTETS, True),
            )
        ),
        _SEQUENCE,
    ),
)
_ALERT_HEAD = (Part("", alert_code, _NUMBER), Part("time", time, _TIME))
_VERSION = Part("version", octets, _OCTETS)
_entry = sequence(Part("entity", octets, _OCTETS), Part("device_type", coded("device_type"), _NUMBER))
_activation = sequence(Part("result", coded("activation_result"), _NUMBER), _VERSION)

_KEY_USAGE_WANTED = sequence(Part("key_usage", key_usage, _BITS))
_JOIN = sequence(
    Part("method_and_role", coded("join_method_and_role"), _NUMBER),
    Part("entity", octets, _OCTETS),
    Part("device_type", coded("device_type"), _NUMBER),
    Part("certificate", certificate, _SEQUENCE, True),
)


def _result(field: str) -> Reader:
    return lambda element: {"result": coded(field)(element)}


def _readers(names: str, command: Reader | None, response: Reader | None, alert: Reader | None = None) -> None:
    for name in names.split():
        for cra, reader in ((COMMAND, command), (RESPONSE, response), (ALERT, alert)):
            if reader is not None:
                _USE_CASES[name, cra] = reader


_USE_CASES: dict[tuple[str, int], Reader] = {}
_readers("CS02a CS02f", _DETAILS_WANTED, lambda element: {"credentials": _DETAILS(element)})
_readers(
    "CS02b CS02g",
    _UPDATE,
    sequence(Part("accepted", accepted, (der.NULL,)), Part("outcome", _outcome, _SEQUENCE, True)),
)
_readers("FD-CS02b CS02g", None, None, sequence(*_ALERT_HEAD, Part("outcome", _outcome, _SEQUENCE)))
_readers(
    "CS02c",
    _KEY_USAGE_WANTED,
    either(
        (der.INTEGER, _result("issue_failure")),
        (der.SEQUENCE, lambda element: {"certification_request": certification_request(element)}),
    ),
)
_readers("CS02d", lambda element: {"certificate": certificate(element)}, _result("certificate_update"))
_readers(
    "CS02e",
    _KEY_USAGE_WANTED,
    either(
        (der.INTEGER, _result("provide_failure")),
        (der.SEQUENCE, lambda element: {"certificate": certificate(element)}),
    ),
)
_readers("CS03A1 CS03A2 CS03B CS03C", _JOIN, _result("join_result"))
_readers("CS04AC CS04B", lambda element: {"entity": octets(element)}, _result("unjoin_result"))
_readers(
    "CS06",
    sequence(
        Part("hash", octets, _OCTETS),
        Part("originator_counter", number, _NUMBER),
        Part("execution_time", time, _TIME, True),
    ),
    either((der.NULL, lambda element: {"accepted": accepted(element)}), (der.SEQUENCE, _activation)),
)
_readers(
    "FD-CS06",
    None,
    None,
    sequence(
        *_ALERT_HEAD,
        Part("originator_counter", number, _NUMBER),
        Part("outcome", _activation, _SEQUENCE),
    ),
)
_readers(
    "CS07",
    null,
    sequence(Part("result", coded("read_result"), _NUMBER), Part("devices", each(_entry), _SEQUENCE, True)),
)
_readers(
    "CS08",
    null,
    sequence(_VERSION, Part("result", coded("read_result"), _NUMBER)),
)
_readers("CS09", None, None, sequence(*_ALERT_HEAD, _VERSION, Part("result", coded("read_result"), _NUMBER)))
_readers(
    "CCS08",
    None,
    None,
    sequence(
        *_ALERT_HEAD,
        Part("entity", octets, _OCTETS),
        _VERSION,
        Part("result", coded("transfer_result"), _NUMBER),
    ),
)
_readers(
    "GCS28",
    sequence(Part("start", time, _TIME), Part("end", time, _TIME)),
    sequence(Part("device_time", time, _TIME), Part("status", coded("time_status"), _NUMBER)),
)
_readers(
    "GCS59",
    sequence(Part("entries", each(_entry), _SEQUENCE)),
    sequence(
        Part(
            "entries",
            each(sequence(Part("entry", _entry, _SEQUENCE), Part("result", coded("join_result"), _NUMBER))),
            _SEQUENCE,
        )
    ),
)
_readers("GCS62", None, None, sequence(*_ALERT_HEAD, Part("entries", each(_entry), _SEQUENCE)))


def content(use_case: str, cra: int, element: Element) -> Tree:
    """The payload by field names; plain values where the use case is not known or has another form."""
    reader = _USE_CASES.get((use_case, cra))
    if reader is not None:
        try:
            found: Tree = reader(element)
            return found
        except (FormError, CodecError):
            pass
    return {"value": _plain(element)}


def _plain(element: Element) -> Any:
    tag, value = element
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if tag in _NUMBER and 0 < len(value) <= _LONGEST_NUMBER:
        return der.integer_of(element)
    if tag == der.GENERALIZED_TIME:
        return generalized_text(value)
    return None if tag == der.NULL else value.hex()
