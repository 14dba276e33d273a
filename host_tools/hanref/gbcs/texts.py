# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a command by name, as texts or numbers, checked as they are asked for."""

import re
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from han.crypto.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT

from hanref.errors import UsageError
from hanref.gbcs.keys import entity_of
from hanref.moments import moment

Cell = tuple[int, int, int]
CANCEL = "cancel"
USAGES = {"digital signature": DIGITAL_SIGNATURE, "key agreement": KEY_AGREEMENT}


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
        return [certificate(text, f"{self.use_case}: {name}") for text in self.text(name, "").split(";") if text.strip()]

    def entity(self, name: str) -> bytes:
        return entity_of(self.text(name), f"{self.use_case}: {name}")

    def moment(self, name: str, otherwise: int | None = None) -> int:
        """`utc` of an ISO text, or one that is given as a number."""
        self._asked.append(name)
        if name not in self._given and otherwise is not None:
            return otherwise
        if isinstance(self._given.get(name), int):
            return int(self._given.pop(name))
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
        return cell(self.text(name), f"{self.use_case}: {name}")

    def finish(self) -> None:
        """Raise UsageError for what was given and not asked for."""
        for name in self._given:
            raise UsageError(f"{self.use_case}: {name}: no such field; there are {', '.join(self._asked) or 'none'}")


def cell(text: str, where: str) -> Cell:
    found = re.fullmatch(r"(\d+)/(\d+)(?:/(\d+))?", text.strip())
    if not found:
        raise UsageError(f"{where}: {text!r}: write a cell as ROLE/KEY USAGE or ROLE/KEY USAGE/CELL USAGE, as 2/0")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def certificate(text: str, where: str) -> bytes:
    """The octets of a certificate: hexadecimal digits of its DER."""
    try:
        octets = bytes.fromhex(text.strip())
        x509.load_der_x509_certificate(octets)
    except ValueError:
        raise UsageError(f"{where}: no certificate: write its DER in hexadecimal digits") from None
    return octets
