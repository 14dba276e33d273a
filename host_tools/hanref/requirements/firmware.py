# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Firmware over the air: what the hub gives to devices, what they check, how they start it."""

from typing import Any

from han.errors import HanError
from han.gbcs import der

from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.wan import Dialogue, alerts, dialogues, payload
from hanref.requirements.wire import present
from hanref.trace import Event, Trace

FAILED, TRANSFERRED = 0x8F89, 0x8F8A
GOOD, BAD, ACTIVATED = 0x8F72, 0x8F1C, 0x8F43
VERSION_READ = 0x8F8B
OK = 0
TAKES = 7200_000  # milliseconds that a transfer may take
BRIEFLY = 600_000  # that a small image takes
STARTS = 300_000  # until new firmware runs, and is told of

NO_IMAGE_GIVEN = "the hub was given no image for a device in the trace"


def _told(trace: Trace, device: str, since: int, until: int, *codes: int) -> list[Event]:
    found = trace.of("alert", source=device, since=since, until=until)
    return [event for event in found if int(str(event.get("code")), 16) in codes]


def elements(event: Event | None) -> list[Any]:
    """The parts of the sequence that an ASN.1 message is, empty where it is none."""
    try:
        tag, value = der.decode(payload(event)) if event is not None else (der.NULL, b"")
    except (HanError, ValueError):
        return []
    return list(value) if tag == der.SEQUENCE else []


def _number(element: tuple[int, bytes]) -> int | None:
    return int.from_bytes(element[1], "big") if element[0] == der.INTEGER else None


def _images(trace: Trace, to: str | None = None) -> list[tuple[Event, int]]:
    """(order, end of its time) of the images that the hub was given, for one device or for all: until the next one."""
    orders = [event for event in trace.of("bench") if event.get("verb") == "image"]
    found = []
    for order, following in zip(orders, [*orders[1:], None], strict=False):
        until = order.milliseconds + TAKES
        if following is not None:
            until = min(until, following.milliseconds)
        if to in (None, order.get("arguments")["device"]) and until < trace.end:
            found.append((order, until))
    return found


def _reached(trace: Trace, order: Event) -> bool:
    """Whether the device was there to take the image."""
    return present(trace, order.get("arguments")["device"], order.milliseconds, order.milliseconds + BRIEFLY)


@judges("REQ-CHF-13", severity=2, reference="gives the image and tells with CCS08 what came of it", tests=["AT-0024-1"])
def transfers_told(trace: Trace, device: str) -> Finding:
    case = Case()
    for order, until in _images(trace):
        arguments = order.get("arguments") or {}
        wanted = TRANSFERRED if _reached(trace, order) and not arguments.get("damage") else FAILED
        told = _told(trace, device, order.milliseconds, until, FAILED, TRANSFERRED)
        codes = [int(str(event.get("code")), 16) for event in told]
        case.check(
            codes == [wanted],
            "an image of %s ended with %s, due was %04X"
            % (arguments.get("device"), ", ".join("%04X" % code for code in codes) or "nothing", wanted),
            order,
            *told,
        )
        messages = alerts(trace, device, "CCS08", order.milliseconds, until)
        said = [_number(elements(message)[0]) for message in messages if elements(message)]
        if trace.of("gbcs"):
            case.check(said == [wanted], "CCS08 came with %s" % ["%04X" % (code or 0) for code in said], order, *messages)
    return case.result("each transfer was told with what came of it", NO_IMAGE_GIVEN)


@judges(
    "REQ-0024-1",
    severity=1,
    reference="checks an image before it can be activated, keeps the old one until the new one runs, tells its version",
    tests=["AT-0024-1", "AT-0024-2", "AT-0024-4"],
    devices=["esme", "gsme", "ppmid"],
)
def verified_and_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    for order, until in _images(trace, device):
        if not _reached(trace, order):
            continue
        bad = bool((order.get("arguments") or {}).get("damage"))
        if bad:
            # The hub may have kept what does not fit from the device; then nothing is told.
            good = _told(trace, device, order.milliseconds, until, GOOD)
            witnesses = _told(trace, device, order.milliseconds, until, BAD)
            witnesses += _told(trace, "chf", order.milliseconds, until, FAILED)
            case.check(not good and bool(witnesses), "a damaged image was taken for good", order, *good, *witnesses)
        else:
            good = _told(trace, device, order.milliseconds, until, GOOD)
            case.check(len(good) == 1, "a good image was told %d times with event 8F72" % len(good), order, *good)
    for dialogue in dialogues(trace, device, "CS06"):
        # Of images and what became of them a capture tells nothing.
        if trace.complete and dialogue.answer is not None and len(elements(dialogue.answer)) > 1:
            _check_activation(case, trace, device, dialogue)
    return case.result("images were checked, started and told, or dropped for the old one", NO_IMAGE_GIVEN)


def _check_activation(case: Case, trace: Trace, device: str, dialogue: Dialogue) -> None:
    assert dialogue.answer is not None
    answer = dialogue.answer
    result = _number(elements(answer)[0])
    wanted = str((_order_of(trace, device, dialogue) or {}).get("version"))
    offered = [order for order, _ in _images(trace, device) if order.milliseconds < answer.milliseconds]
    newest = offered[-1].get("arguments") if offered else {}
    is_held = bool(offered) and not newest.get("damage") and str(newest.get("version")) == wanted
    is_held = is_held and bool(_told(trace, device, offered[-1].milliseconds, answer.milliseconds, GOOD))
    if result != OK:
        said = "CS06 for the image that the device holds is answered with %s" % result
        case.check(not is_held, said, dialogue.command, answer)
        return
    case.check(is_held, "CS06 for an image that was not found good succeeds", dialogue.command, answer)
    until = answer.milliseconds + STARTS
    reports = [
        event
        for event in trace.of("firmware", source=device, since=answer.milliseconds, until=until)
        if event.get("running") is not None
    ]
    told = _told(trace, device, answer.milliseconds, until, ACTIVATED)
    broken = trace.header.get("devices", {}).get(device, {}).get("configuration", {}).get("broken_version")
    if not reports:
        return
    runs = reports[-1].get("running")
    comes_up = str(broken) != wanted
    case.check(
        (str(runs) == wanted) == comes_up and bool(told) == comes_up,
        "after CS06 for version %s version %s runs, and event 8F43 came %d times" % (wanted, runs, len(told)),
        answer,
        reports[-1],
        *told,
    )


def _order_of(trace: Trace, device: str, dialogue: Dialogue) -> dict[str, Any] | None:
    """What the bench said of a CS06."""
    for order in trace.of("bench", destination=device, until=dialogue.command.milliseconds + 1)[::-1]:
        if order.get("verb") == "activate":
            return dict(order.get("arguments") or {})
    return None


@judges(
    "REQ-PPMID-9",
    severity=2,
    reference="takes firmware over the air, gives its version to CS08 and tells of the new one with CS09",
    tests=["test_firmware_image"],
)
def prepayment_firmware(trace: Trace, device: str) -> Finding:
    case = Case()
    running: Any = None
    for event in trace.of("firmware", source=device):
        if event.get("running") is None:
            continue
        running = event.get("running")
        told = alerts(trace, device, "CS09", event.milliseconds, event.milliseconds + STARTS)
        said = [elements(message) for message in told]
        right = [
            parts
            for parts in said
            if len(parts) == 4
            and _number(parts[0]) == VERSION_READ
            and int.from_bytes(parts[2][1], "big") == running
            and _number(parts[3]) == (0 if event.get("started") else 1)
        ]
        case.check(len(right) == 1, "CS09 told of version %s %d times" % (running, len(right)), event, *told)
    for dialogue in dialogues(trace, device, "CS08"):
        parts = elements(dialogue.answer)
        if dialogue.answer is None or len(parts) != 2:
            continue
        before = [
            event.get("running")
            for event in trace.of("firmware", source=device, until=dialogue.answer.milliseconds)
            if event.get("running") is not None
        ]
        version = int.from_bytes(parts[0][1], "big")
        case.check(
            _number(parts[1]) == OK and (not before or version == before[-1]),
            "CS08 reads version %d, %s runs" % (version, before[-1] if before else "another"),
            dialogue.command,
            dialogue.answer,
        )
    return case.result("its version was read and told", "neither CS08 nor new firmware came to the prepayment interface")
