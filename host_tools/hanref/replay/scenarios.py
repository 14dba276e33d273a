# SPDX-License-Identifier: GPL-3.0-or-later
"""Published scenarios out of a folder: a command and the answer to it.

Each file `FAMILY/USE CASE.json` is `{"use_case": ..., "messages": [{"id", "srv", "scenario", "kind", "hex"}, ...]}`; the
messages of one `srv` and `scenario` belong together. Other files of the folder are passed over.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from han.errors import HanError
from han.gbcs import envelope, use_cases

from hanref.errors import UsageError

COMMAND, RESPONSE = "command", "response"


@dataclass
class Scenario:
    """One scenario; `command` and `response` are None where there is none. `use_case` is its name among the published ones."""

    name: str
    use_case: str
    command: bytes | None = None
    response: bytes | None = None

    def names(self) -> set[str]:
        """What the use case goes by: as published, and as GBCS calls the message code, in small letters."""
        found = {self.use_case.lower()}
        for octets in (self.command, self.response):
            with suppress(HanError):
                use_case = use_cases.find(envelope.decode(octets).message_code) if octets else None
                if use_case is not None:
                    found.add(use_case.name.lower())
        return found


def load(folder: Path, use_cases: Iterable[str] = ()) -> list[Scenario]:
    """The scenarios of a folder, those of some use cases where they are named; raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no folder")
    found: list[Scenario] = []
    for path in sorted(folder.glob("**/*.json")):
        messages = _messages(path)
        if messages is not None:
            found.extend(_scenarios(path, messages))
    if not found:
        raise UsageError(f"{folder}: no messages; they are in FAMILY/USE CASE.json, as {{'messages': [...]}}")
    wanted = {name.lower() for name in use_cases}
    known = {name for scenario in found for name in scenario.names()} if wanted else set()
    if wanted - known:
        raise UsageError(f"{folder}: no messages of {', '.join(sorted(wanted - known))}")
    return [scenario for scenario in found if not wanted or scenario.names() & wanted]


def _messages(path: Path) -> list[dict[str, Any]] | None:
    """The messages in a file; None for a file of another kind."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}") from None
    messages = content.get("messages") if isinstance(content, dict) else None
    return messages if isinstance(messages, list) else None


def _scenarios(path: Path, messages: list[dict[str, Any]]) -> list[Scenario]:
    found: list[Scenario] = []
    latest: dict[tuple[str, str, str], Scenario] = {}
    for number, message in enumerate(messages, 1):
        where = f"{path}: message {number}"
        if not isinstance(message, dict):
            raise UsageError(f"{where}: an object is expected")
        identifier, use_case, kind = (_text(message, name, where) for name in ("id", "use_case", "kind"))
        key = (use_case, str(message.get("srv")), str(message.get("scenario")))
        name = identifier.removesuffix("_" + kind.upper())
        scenario = latest.get(key)
        # A second command or answer under the same names belongs to another scenario.
        if scenario is None or (kind in (COMMAND, RESPONSE) and getattr(scenario, kind) is not None):
            scenario = latest[key] = Scenario(name, use_case)
            found.append(scenario)
        if kind in (COMMAND, RESPONSE):
            scenario.name = name  # the names of alerts say more than the scenario
            try:
                setattr(scenario, kind, bytes.fromhex(_text(message, "hex", where)))
            except ValueError:
                raise UsageError(f"{where}: hex: no hexadecimal digits") from None
    return found


def _text(message: dict[str, Any], name: str, where: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise UsageError(f"{where}: {name}: a text is expected")
    return value
