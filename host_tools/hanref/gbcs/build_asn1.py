# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Payloads of the commands whose content is ASN.1: a function a kind, and all of them by name from texts.

Cells are (role, key usage, cell usage) with the numbers of GBCS; moments are `utc`, `None` for at once, or CANCEL.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from han.gbcs import der, elements, use_cases
from han.gbcs.credentials import mode_of
from han.gbcs.joining import METHODS

from hanref.errors import UsageError
from hanref.gbcs.keys import entity_of
from hanref.gbcs.texts import CANCEL, Cell, Texts, cell, certificate

Element = tuple[int, Any]


def _encoded(*parts: Element) -> bytes:
    return bytes(der.encode(elements.sequence(*parts)))


def _when(utc: int | str | None) -> list[Element]:
    if utc is None:
        return []
    return [(der.GENERALIZED_TIME, elements.NEVER) if utc == CANCEL else elements.time(utc)]


def _whole(octets: bytes) -> Element:
    return der.RAW, octets


def provide_credentials(asker: Cell, roles: Iterable[int]) -> bytes:
    """CS02a, CS02f: what the cells of these roles hold."""
    return _encoded(elements.cell(asker), elements.sequence(*[der.integer(role) for role in roles]))


def update_credentials(
    mode: int,
    asker: Cell,
    counter: int,
    replacements: Sequence[tuple[bytes, Cell]],
    path: Sequence[bytes],
    *,
    floor: int | None = None,
    top_up_floor: int | None = None,
    other_floors: Sequence[tuple[int, int, int | None]] = (),
    check_time: bool = True,
    at: int | str | None = None,
) -> bytes:
    """CS02b, CS02g: certificates for cells, with the certificates of authorities between them and the root.

    `floor` and `top_up_floor` are for the role that asks, `other_floors` (role, floor, floor for top-ups or None).
    """
    control = [der.integer(mode)]
    if not check_time:
        control.append(der.integer(1, 0x81))
    control += [(0xA2, elements.cell(asker)[1]), der.integer(counter, 0x83)]
    if floor is not None:
        control.append(der.integer(floor, 0x84))
    if top_up_floor is not None:
        control.append((0xA5, _special(top_up_floor)))
    if other_floors:
        control.append((0xA6, [_other_floor(*other) for other in other_floors]))
    return _encoded(
        elements.sequence(*control),
        elements.sequence(*[elements.sequence(_whole(octets), elements.cell(cell)) for octets, cell in replacements]),
        elements.sequence(*[_whole(octets) for octets in path]),
        *_when(at),
    )


def _special(floor: int) -> list[Element]:
    return [elements.sequence(der.integer(0), der.integer(floor))]


def _other_floor(role: int, floor: int, top_up_floor: int | None) -> Element:
    special = [] if top_up_floor is None else [elements.sequence(*_special(top_up_floor))]
    return elements.sequence(der.integer(role), der.integer(floor), *special)


def issue_credentials(usage: int) -> bytes:
    """CS02c, CS02e: a key usage."""
    return _encoded(elements.usage(usage))


def join(method: int, partner: bytes, device_type: int, certificate: bytes | None = None) -> bytes:
    """CS03A1, A2, B, C."""
    rest = [] if certificate is None else [_whole(certificate)]
    return _encoded(der.integer(method), *elements.entry((partner, device_type))[1], *rest)


def unjoin(partner: bytes) -> bytes:
    """CS04AC, CS04B."""
    return bytes(der.encode((der.OCTET_STRING, partner)))


def activate_firmware(image_hash: bytes, counter: int, at: int | str | None = None) -> bytes:
    """CS06."""
    return _encoded((der.OCTET_STRING, image_hash), der.integer(counter), *_when(at))


def nothing() -> bytes:
    """CS07, CS08."""
    return bytes(der.encode(elements.NULL))


def set_clock(start: int, end: int) -> bytes:
    """GCS28: the interval in which the hub's time has to lie."""
    return _encoded(elements.time(start), elements.time(end))


def restore_device_log(entries: Iterable[tuple[bytes, int]]) -> bytes:
    """GCS59: entity identifiers with their device types."""
    return _encoded(elements.sequence(*[elements.entry(entry) for entry in entries]))


# --- by name, from texts --------------------------------------------------------------------------------------


def _details(code: int, texts: Texts, counter: int) -> bytes:
    asker = texts.cell("asker")
    roles = texts.text("roles")
    if not re.fullmatch(r"\d+(,\d+)*", roles):
        raise UsageError(f"{texts.use_case}: roles: {roles!r}: write role numbers, as 2,4")
    return provide_credentials(asker, [int(role) for role in roles.split(",")])


def _update(code: int, texts: Texts, counter: int) -> bytes:
    replacements = []
    for part in texts.text("replacements").split(";"):
        place, equals, octets = part.partition(":")
        if not equals:
            raise UsageError(f"{texts.use_case}: replacements: write CELL:CERTIFICATE;CELL:CERTIFICATE")
        where = f"{texts.use_case}: replacements"
        replacements.append((certificate(octets, where), cell(place, where)))
    return update_credentials(
        mode_of(code),
        texts.cell("asker"),
        counter,
        replacements,
        texts.certificates("path"),
        floor=texts.number("floor") if texts.has("floor") else None,
        top_up_floor=texts.number("top_up_floor") if texts.has("top_up_floor") else None,
        at=texts.when(),
    )


def _take_certificate(code: int, texts: Texts, counter: int) -> bytes:
    return certificate(texts.text("certificate"), f"{texts.use_case}: certificate")


def _join(code: int, texts: Texts, counter: int) -> bytes:
    method = METHODS[use_cases.find(code).name]
    certificates = texts.certificates("certificate")
    return join(method, texts.entity("partner"), texts.number("device_type"), certificates[0] if certificates else None)


def _restore(code: int, texts: Texts, counter: int) -> bytes:
    entries = []
    for part in texts.text("entries").split(","):
        entity, _, device_type = part.partition("/")
        if not device_type.strip().isdecimal():
            raise UsageError(f"{texts.use_case}: entries: write ENTITY/TYPE,ENTITY/TYPE")
        entries.append((entity_of(entity, f"{texts.use_case}: entries"), int(device_type)))
    return restore_device_log(entries)


BUILDERS: dict[str, Callable[[int, Texts, int], bytes]] = {
    "CS02a": _details,
    "CS02b": _update,
    "CS02c": lambda code, texts, counter: issue_credentials(texts.usage("usage")),
    "CS02d": _take_certificate,
    "CS02e": lambda code, texts, counter: issue_credentials(texts.usage("usage")),
    "CS02f": _details,
    "CS02g": _update,
    "CS03A1": _join,
    "CS03A2": _join,
    "CS03B": _join,
    "CS03C": _join,
    "CS04AC": lambda code, texts, counter: unjoin(texts.entity("partner")),
    "CS04B": lambda code, texts, counter: unjoin(texts.entity("partner")),
    "CS06": lambda code, texts, counter: activate_firmware(texts.octets("hash"), counter, texts.when()),
    "CS07": lambda code, texts, counter: nothing(),
    "CS08": lambda code, texts, counter: nothing(),
    "GCS28": lambda code, texts, counter: set_clock(texts.moment("start"), texts.moment("end")),
    "GCS59": _restore,
}


def payload(code: int, parameters: Mapping[str, Any], counter: int) -> bytes:
    """The payload of a command by its message code; raises UsageError for what is missing or does not fit."""
    name = use_cases.find(code).name
    if name not in BUILDERS:
        raise UsageError(f"{name}: give its payload")
    texts = Texts(name, parameters)
    found = BUILDERS[name](code, texts, counter)
    texts.finish()
    return found
