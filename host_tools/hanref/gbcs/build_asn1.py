# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Payloads of the commands whose content is ASN.1: a function a kind, and all of them by name from texts.

Cells are (role, key usage, cell usage) with the numbers of GBCS; moments are `utc`, `None` for at once, or CANCEL.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cryptography import x509
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT
from han.gbcs import der, elements, use_cases
from han.gbcs.credentials import mode_of
from han.gbcs.joining import METHODS

from hanref.errors import UsageError
from hanref.gbcs.keys import entity_of
from hanref.moments import moment

Cell = tuple[int, int, int]
Element = tuple[int, Any]
CANCEL = "cancel"
USAGES = {"digital signature": DIGITAL_SIGNATURE, "key agreement": KEY_AGREEMENT}


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


class Texts:
    """Parameters of one use case as texts or numbers, checked as they are asked for."""

    def __init__(self, use_case: str, parameters: Mapping[str, Any]) -> None:
        self.use_case = use_case
        self._given = dict(parameters)
        self._asked: list[str] = []

    def text(self, name: str, otherwise: str | None = None) -> str:
        self._asked.append(name)
        found = self._given.pop(name, otherwise)
        if found is None:
            raise UsageError(f"{self.use_case}: {name}: missing")
        return str(found)

    def has(self, name: str) -> bool:
        self._asked.append(name)
        return name in self._given

    def number(self, name: str, otherwise: int | None = None) -> int:
        text = self.text(name, None if otherwise is None else str(otherwise))
        try:
            return int(text, 0)
        except ValueError:
            raise UsageError(f"{self.use_case}: {name}: {text!r} is no number") from None

    def octets(self, name: str) -> bytes:
        text = self.text(name)
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise UsageError(f"{self.use_case}: {name}: no hexadecimal digits") from None

    def certificates(self, name: str) -> list[bytes]:
        return [_certificate(text, f"{self.use_case}: {name}") for text in self.text(name, "").split(";") if text.strip()]

    def entity(self, name: str) -> bytes:
        return entity_of(self.text(name), f"{self.use_case}: {name}")

    def moment(self, name: str) -> int:
        text = self.text(name)
        try:
            return moment(text)
        except ValueError as error:
            raise UsageError(f"{self.use_case}: {name}: {error}") from None

    def when(self, name: str = "at") -> int | str | None:
        if not self.has(name):
            return None
        return CANCEL if str(self._given[name]).lower() == CANCEL and self.text(name) else self.moment(name)

    def usage(self, name: str) -> int:
        text = self.text(name).lower().replace("_", " ")
        if text not in USAGES:
            raise UsageError(f"{self.use_case}: {name}: {text!r}: say one of {', '.join(USAGES)}")
        return USAGES[text]

    def cell(self, name: str) -> Cell:
        return _cell(self.text(name), f"{self.use_case}: {name}")

    def finish(self) -> None:
        """Raise UsageError for what was given and not asked for."""
        for name in self._given:
            raise UsageError(f"{self.use_case}: {name}: no such field; there are {', '.join(self._asked) or 'none'}")


def _cell(text: str, where: str) -> Cell:
    found = re.fullmatch(r"(\d+)/(\d+)(?:/(\d+))?", text.strip())
    if not found:
        raise UsageError(f"{where}: {text!r}: write a cell as ROLE/KEY USAGE or ROLE/KEY USAGE/CELL USAGE, as 2/0")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _certificate(text: str, where: str) -> bytes:
    """The octets of a certificate: hexadecimal digits of its DER."""
    try:
        octets = bytes.fromhex(text.strip())
        x509.load_der_x509_certificate(octets)
    except ValueError:
        raise UsageError(f"{where}: no certificate: write its DER in hexadecimal digits") from None
    return octets


def _details(code: int, texts: Texts, counter: int) -> bytes:
    asker = texts.cell("asker")
    roles = texts.text("roles")
    if not re.fullmatch(r"\d+(,\d+)*", roles):
        raise UsageError(f"{texts.use_case}: roles: {roles!r}: write role numbers, as 2,4")
    return provide_credentials(asker, [int(role) for role in roles.split(",")])


def _update(code: int, texts: Texts, counter: int) -> bytes:
    replacements = []
    for part in texts.text("replacements").split(";"):
        cell, equals, octets = part.partition(":")
        if not equals:
            raise UsageError(f"{texts.use_case}: replacements: write CELL:CERTIFICATE;CELL:CERTIFICATE")
        where = f"{texts.use_case}: replacements"
        replacements.append((_certificate(octets, where), _cell(cell, where)))
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
    return _certificate(texts.text("certificate"), f"{texts.use_case}: certificate")


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
