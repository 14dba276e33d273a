# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a display's screens, before and after each thing that happened to it."""

from dataclasses import dataclass, field

from hanref.display.capture import Capture, captures, data_uri
from hanref.trace import Event, Trace

_BEFORE = "before "
_AFTER = "after "
_LATER = "half an hour later"
_MOST_SERIES = 40


@dataclass
class Series:
    """What happened to a display, and its screens around it: `rows` of (page, [(when, picture)])."""

    display: str
    title: str
    event: Event
    fuel: str | None
    columns: list[str] = field(default_factory=list)
    pages: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The screens in the order in which they were first drawn."""
        return [
            (page.replace("_", " "), [(column, pictures[column]) for column in self.columns if column in pictures])
            for page, pictures in self.pages.items()
        ]

    def add(self, capture: Capture) -> None:
        """One more screen."""
        if capture.moment not in self.columns:
            self.columns.append(capture.moment)
        self.pages.setdefault(capture.page, {})[capture.moment] = data_uri(capture.pixels)


def series(trace: Trace) -> list[Series]:
    """What the pictures of a trace show, oldest first."""
    found: list[Series] = []
    for capture in captures(trace):
        _place(found, capture).add(capture)
    return found[:_MOST_SERIES]


def _place(found: list[Series], capture: Capture) -> Series:
    """The series a picture belongs to: pictures after something follow those before it, buttons those pressed before."""
    fuel = capture.event.get("fuel")
    title = capture.moment.removeprefix(_BEFORE).removeprefix(_AFTER)
    if capture.moment == _LATER:
        title = "erasure"
    elif capture.moment.startswith("button "):
        title = "buttons"
    same = [one for one in found if (one.display, one.fuel, one.title) == (capture.device, fuel, title)]
    begins = capture.moment.startswith(_BEFORE) and (not same or same[-1].columns[-1:] != [capture.moment])
    if same and not begins:
        return same[-1]
    found.append(Series(capture.device, title, capture.event, fuel))
    return found[-1]
