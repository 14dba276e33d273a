# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of GBZ messages, told as traces tell frames."""

from typing import Any

from han.errors import HanError
from han.gbcs import envelope, gbz

from hanref.requirements.wan import Dialogue
from hanref.trace import Event
from hanref.trace.frames import describe

SUCCESS = "SUCCESS"


def parts(event: Event | None) -> list[dict[str, Any]]:
    """The components of a GBZ message as traces tell frames, empty where they cannot be read."""
    try:
        message = envelope.decode(bytes.fromhex(str((event.get("octets") if event is not None else "") or "")))
        components = gbz.decode(message.payload, message.cra, message.message_code).components
    except (HanError, ValueError):
        return []
    return [
        describe(part.cluster, bytes((part.frame_control, 0, part.command)) + bytes(part.payload))
        for part in components
        if part.payload is not None
    ]


def succeeded(dialogue: Dialogue) -> bool:
    """Whether every component of a command was answered with success."""
    answered = parts(dialogue.answer)
    return bool(answered) and all((part.get("fields") or {}).get("status") == SUCCESS for part in answered)
