# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a device's clock may be off true time: by what the bench did to it, and not because the device says so."""

from hanref.moments import moment
from hanref.trace import Event, Trace

ADJUSTABLE = 10  # seconds that a clock may be off without anybody's doing [REQ-CLK-1]


def clock_offset(trace: Trace, device: str, milliseconds: int) -> int:
    """How far a device's clock is rightly ahead of true time, in seconds.

    What it says of its clock counts where the bench moved the clock, and within the ten seconds that a clock may be off.
    A device that is an hour ahead by itself is judged by true time.
    """
    offset = 0
    for event in trace.of("clock", source=device, until=milliseconds + 1):
        offset = offset_after(trace, event, offset)
    return offset


def offset_after(trace: Trace, event: Event, before: int) -> int:
    """The offset from a `clock` event on, `before` it was another."""
    if not event.get("utc"):
        return before
    said = moment(event.get("utc")) - event.utc
    if event.get("cause") == "bench":
        steps = _steps(trace, event.source, event.milliseconds, event.milliseconds + 1)
        # A trace without the bench's orders has the device's word alone.
        return before + sum(steps) if steps or trace.of("bench", destination=event.source) else said
    hub = sum(_steps(trace, "chf", None, event.milliseconds))
    return said if abs(said - hub) <= ADJUSTABLE else before


def clock_status(trace: Trace, device: str | None, milliseconds: int) -> str | None:
    """The status a device's clock rightly has: what the bench made it, or else what the device says; None if unknown."""
    clock = trace.last("clock", milliseconds, source=device)
    return None if clock is None else status_after(trace, clock)


def status_after(trace: Trace, event: Event) -> str | None:
    """The status from a `clock` event on: where the bench ordered one, the device's word does not count until its clock was
    set over the network."""
    if event.get("cause") == "bench":
        for order in trace.of("bench", destination=event.source, until=event.milliseconds + 1)[::-1]:
            ordered = (order.get("arguments") or {}).get("status")
            if order.get("verb") == "clock" and ordered is not None:
                since = trace.of("clock", source=event.source, since=order.milliseconds, until=event.milliseconds)
                if any(later.get("cause") == "network" for later in since):
                    break
                return str(ordered)
    status = event.get("status")
    return None if status is None else str(status)


def _steps(trace: Trace, device: str | None, since: int | None, until: int) -> list[int]:
    """Seconds by which the bench moved a device's clock, order by order."""
    orders = trace.of("bench", destination=device, since=since, until=until)
    return [(order.get("arguments") or {}).get("step") or 0 for order in orders if order.get("verb") == "clock"]
