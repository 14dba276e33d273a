# SPDX-License-Identifier: Apache-2.0
"""The screens in words: messages of the suppliers, and what this display is."""

from han.display import frame, wording
from han.display.canvas import CENTRE, RIGHT, WIDTH, wrapped
from han.display.palette import AMBER, GREEN, INK, LINE, RED, SOFT, full

_LINES = 11  # of messages on a screen


def messages(canvas, items, view):
    """Messages of both fuels, newest first; `view["first"]` is the first line shown."""
    frame.head(canvas, "Messages", items)
    lines = view.get("lines")
    if lines is None:
        lines = view["lines"] = _lines(items)  # once a picture: the view is made anew for each
    if not lines:
        canvas.text(WIDTH // 2, 140, "No messages", SOFT, align=CENTRE)
        return
    first = max(0, min(view.get("first", 0), len(lines) - _LINES))
    for number, (fuel, begins, words) in enumerate(lines[first : first + _LINES]):
        y = frame.TOP + 4 + number * 23
        if begins and number:
            frame.line(canvas, y - 1)
        canvas.fill(frame.MARGIN, y + (3 if begins else 0), 4, 20 if begins else 23, full(frame.COLOURS[fuel]))
        canvas.text(frame.MARGIN + 12, y, words)
    if first + _LINES < len(lines):
        canvas.fill(WIDTH // 2 - 12, 298, 24, 2, LINE)


def _lines(items):
    """(fuel, whether a message begins, words) of each line."""
    lines = []
    for fuel in ("electricity", "gas"):
        for text in items.get(fuel + "_messages") or ():
            for number, words in enumerate(wrapped(text, WIDTH - 2 * frame.MARGIN - 12)):
                lines.append((fuel, not number, words))
    return lines


def about(canvas, items, view):
    """Identifier, versions, the way to the meters."""
    frame.head(canvas, "About", items)
    identity = items.get("identifier") or ""
    canvas.text(frame.MARGIN, 46, "Identifier", SOFT)
    canvas.text(frame.MARGIN, 68, "-".join([identity[at : at + 4] for at in range(0, len(identity), 4)]) or wording.DASH)
    frame.row(canvas, 98, "Firmware", items.get("version") or wording.DASH)
    frame.row(canvas, 120, "Specification", items.get("profile") or wording.DASH)
    frame.row(canvas, 142, "Clock", items.get("clock") or wording.DASH)
    frame.line(canvas, 170)
    canvas.text(frame.MARGIN, 178, "Link to the meters", SOFT)
    for number, fuel in enumerate(("electricity", "gas")):
        _link(canvas, 206 + number * 42, fuel, items.get(fuel + "_link_quality"))


def _link(canvas, y, fuel, percent):
    """How many of the latest requests were answered, as five bars and in words."""
    canvas.text(frame.MARGIN, y, fuel[0].upper() + fuel[1:])
    ramp = RED if not percent else GREEN if percent >= 75 else AMBER
    for number in range(5):
        high = 6 + 4 * number
        lit = percent is not None and percent > number * 20
        canvas.fill(116 + number * 9, y + 22 - high, 7, high, full(ramp) if lit else LINE)
    text = wording.DASH if percent is None else "lost" if not percent else "%d %%" % percent
    canvas.text(WIDTH - frame.MARGIN, y, text, INK if percent else SOFT, align=RIGHT)
