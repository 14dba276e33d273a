# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands from the WAN that got no answer at all."""

from hanref.moments import HALF_HOUR
from hanref.requirements.wan import Dialogue, dialogues
from hanref.requirements.wire import present
from hanref.trace import Trace

AWAKE = 300  # seconds within which a device has answered that always listens
SLEEPS = 2 * HALF_HOUR + 300  # and one that wakes each half hour: in its second wake at the latest


def unanswered(trace: Trace, device: str, *names: str) -> list[Dialogue]:
    """Commands of these use cases that a device surely had, did not refuse, and left without an answer."""
    if not trace.complete:
        return []
    waits = (SLEEPS if device.startswith("gsme") else AWAKE) * 1000
    found = []
    for dialogue in dialogues(trace, device, *names):
        begin = dialogue.command.milliseconds
        there = all(present(trace, name, begin - 1, begin + waits) for name in (device, "chf"))
        if dialogue.answer is None and there and begin + waits < trace.end and not _refused(trace, device, dialogue, waits):
            found.append(dialogue)
    return found


def _refused(trace: Trace, device: str, dialogue: Dialogue, waits: int) -> bool:
    begin = dialogue.command.milliseconds
    refused = trace.of("gbcs_refused", source=device, since=begin, until=begin + waits)
    return any(event.get("message_code") in (None, dialogue.command.get("message_code")) for event in refused)
