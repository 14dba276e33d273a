# SPDX-License-Identifier: GPL-3.0-or-later
"""What the devices of a trace did, gathered in one pass: what each asked, of whom, how often, how soon after which event,
what it answered, with which types and values, and what it showed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hanref.compare.distribution import Distribution
from hanref.trace import Event, Trace

ANSWERED_WITHIN = 30_000  # milliseconds
REACTION = 3_600_000
_MOST_VALUES = 6  # distinct values that are listed
_MOST_CODES = 3  # distinct numbers that may be codes; more are a measurement

_QUESTIONS = frozenset(("read_attributes", "write_attributes", "configure_reporting", "discover_attributes"))
_ANSWERS = ("_response", "default_response")


@dataclass
class Values:
    """The values something took: distinct ones while they are few, then the span of numbers, or how many there were."""

    distinct: Counter[str] = field(default_factory=Counter)
    low: float | None = None
    high: float | None = None
    absent: int = 0
    count: int = 0
    many: bool = False
    kinds: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        self.count += 1
        if value is None:
            self.absent += 1
            return
        self.kinds.add(_kind(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
        if not self.many:
            self.distinct[_text(value)] += 1
            if len(self.distinct) > _MOST_VALUES:
                self.many = True
                self.distinct.clear()

    @property
    def is_measured(self) -> bool:
        """Whether these are numbers that vary, not one of a few codes."""
        return self.kinds == {"number"} and (self.many or len(self.distinct) > _MOST_CODES)

    def text(self) -> str:
        """As a person reads it."""
        parts = []
        if self.is_measured:
            parts.append("%g to %g" % (self.low or 0, self.high or 0))
        elif self.many:
            parts.append("many values (%s)" % ", ".join(sorted(self.kinds)))
        elif self.distinct:
            parts.append(", ".join(sorted(self.distinct)))
        if self.absent:
            parts.append("no value" if self.absent == self.count else "sometimes no value")
        return "; ".join(parts) or "nothing"

    def differs(self, other: "Values") -> bool:
        """Other kinds of value; other codes or texts; measured numbers that nowhere overlap; or one side has no value at
        times and the other never. Times are those of the run, and never differ.
        """
        if self.kinds != other.kinds and self.kinds and other.kinds:
            return True
        if bool(self.absent) != bool(other.absent):
            return True
        if self.kinds <= {"time"} and other.kinds <= {"time"}:
            return False
        if self.is_measured or other.is_measured:
            return _disjoint(self, other)
        return not (self.many or other.many) and set(self.distinct) != set(other.distinct)


@dataclass
class Asking:
    """One kind of frame a device sends on its own: how many, and how long from one to the next."""

    count: int = 0
    intervals: Distribution = field(default_factory=Distribution)
    last: int | None = None
    unanswered: int = 0


@dataclass
class Answering:
    """One attribute or field that a device gives out."""

    count: int = 0
    types: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    values: Values = field(default_factory=Values)


@dataclass
class Behaviour:
    """Everything, by keys whose first part is the device."""

    hours: float = 0.0
    asks: dict[tuple[str, str, str], Asking] = field(default_factory=dict)
    delays: dict[tuple[str, str, str], Distribution] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], Answering] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str], Distribution] = field(default_factory=dict)
    shows: dict[tuple[str, str, str], Values] = field(default_factory=dict)
    events: dict[tuple[str, str, str], int] = field(default_factory=dict)


def gather(trace: Trace) -> Behaviour:
    """The behaviour of every device in a trace."""
    gatherer = _Gatherer(Behaviour((trace.end - trace.start) / 3_600_000))
    for event in trace.events:
        gatherer.take(event)
    gatherer.finish()
    return gatherer.behaviour


class _Gatherer:
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._open: dict[tuple[str | None, str | None, Any, int | None], tuple[int, tuple[str, str, str]]] = {}
        self._triggers: dict[str, tuple[str, int, set[str]]] = {}
        self._tenancy: dict[tuple[str, str | None], Any] = {}

    def take(self, event: Event) -> None:
        if event.kind == "zcl":
            self._frame(event)
        elif event.kind == "display":
            screen = event.get("screen") or {}
            for item, value in screen.items():
                self.behaviour.shows.setdefault((event.source or "?", "shows", item), Values()).add(value)
        elif event.kind == "gbcs":
            self._gbcs(event)
        elif event.kind in ("power", "clock", "link"):
            self._state(event)
        elif event.kind == "bench" and event.destination is not None:
            self._trigger(event.destination, "the bench's %s" % event.get("verb"), event.milliseconds)
        elif event.kind in ("erase", "store", "alert"):
            what = {"erase": "fuel", "store": "store", "alert": "code"}[event.kind]
            self._count(event, "%s %s %s" % (event.kind, event.get(what), event.get("operation") or ""))
            if event.kind == "erase" and event.source is not None:
                self._react(event.source, "erases %s" % event.get("fuel"), event.milliseconds)

    def finish(self) -> None:
        for _, asked in self._open.values():
            self.behaviour.asks[asked].unanswered += 1

    def _state(self, event: Event) -> None:
        device = event.source or "?"
        if event.kind == "power":
            if event.get("on"):
                self._trigger(device, "power on", event.milliseconds)
        elif event.kind == "link":
            if event.get("up"):
                self._trigger(device, "its radio link back", event.milliseconds)
        else:
            self._count(event, "clock %s" % event.get("status"))

    def _gbcs(self, event: Event) -> None:
        what = " ".join(str(part) for part in (event.get("use_case") or event.get("message_code"), event.get("cra")) if part)
        status = event.get("clock_status")
        self._count(event, "GBCS %s%s" % (what, "" if status is None else " with clock status %s" % status))

    def _count(self, event: Event, what: str) -> None:
        key = (event.source or "?", "does", what.strip())
        self.behaviour.events[key] = self.behaviour.events.get(key, 0) + 1

    def _frame(self, event: Event) -> None:
        source, destination = event.source or "?", event.destination or "everybody"
        command = event.get("command") or "?"
        if event.get("error"):
            self._count(event, "sends %s frames that cannot be decoded" % event.get("cluster"))
            return
        question = self._open.pop((event.destination, event.source, event.get("cluster"), event.sequence), None)
        answers = command.endswith(_ANSWERS) or (question is not None and command not in _QUESTIONS)
        if question is not None and event.milliseconds - question[0] <= ANSWERED_WITHIN and answers:
            key = (source, destination, "%s %s" % (event.get("cluster"), command))
            self.behaviour.delays.setdefault(key, Distribution()).add((event.milliseconds - question[0]) / 1000)
        if not answers or question is None:
            self._asked(event, source, destination, command)
        self._given(event, source, command)

    def _asked(self, event: Event, source: str, destination: str, command: str) -> None:
        names = event.fields.get("attributes")
        what = "%s %s" % (event.get("cluster"), command)
        if isinstance(names, list):
            what += " " + ", ".join(str(name) for name in names)
        elif command == "report_attributes":
            what += " " + ", ".join(event.attributes)
        key = (source, destination, what)
        asking = self.behaviour.asks.setdefault(key, Asking())
        asking.count += 1
        if asking.last is not None:
            asking.intervals.add((event.milliseconds - asking.last) / 1000)
        asking.last = event.milliseconds
        if command in _QUESTIONS or command.startswith("get_"):
            place = (event.source, event.destination, event.get("cluster"), event.sequence)
            if place in self._open:
                self.behaviour.asks[self._open.pop(place)[1]].unanswered += 1
            self._open[place] = (event.milliseconds, key)
        self._react(source, "%s of %s" % (what, destination), event.milliseconds)

    def _given(self, event: Event, source: str, command: str) -> None:
        cluster = event.get("cluster") or "?"
        types: Mapping[str, str] = event.get("types") or {}
        for name, value in event.attributes.items():
            answering = self.behaviour.answers.setdefault((source, cluster, name), Answering())
            answering.count += 1
            answering.types.add(types.get(name, "as specified"))
            answering.values.add(value)
        for name, status in (event.get("statuses") or {}).items():
            self.behaviour.answers.setdefault((source, cluster, name), Answering()).statuses[str(status)] += 1
        if command not in _QUESTIONS:
            for name, value in event.fields.items():
                place = (source, cluster, "%s: %s" % (command, name))
                answering = self.behaviour.answers.setdefault(place, Answering())
                answering.count += 1
                answering.values.add(value)
        if cluster == "0708" and event.destination is not None:
            date = event.attributes.get("change_of_tenancy_update_date_time", event.fields.get("implementation_date_time"))
            if date is not None and self._tenancy.get((source, event.destination)) != date:
                self._tenancy[(source, event.destination)] = date
                self._trigger(event.destination, "it learns of a change of tenancy from the %s" % source, event.milliseconds)

    def _trigger(self, device: str, what: str, milliseconds: int) -> None:
        self._triggers[device] = (what, milliseconds, set())

    def _react(self, device: str, what: str, milliseconds: int) -> None:
        """The first of each kind after what happened to a device last."""
        trigger = self._triggers.get(device)
        if trigger is None or milliseconds - trigger[1] > REACTION or what in trigger[2]:
            return
        trigger[2].add(what)
        key = (device, "after " + trigger[0], what)
        self.behaviour.reactions.setdefault(key, Distribution()).add((milliseconds - trigger[1]) / 1000)


def _disjoint(one: Values, other: Values) -> bool:
    if one.low is None or other.low is None or one.high is None or other.high is None:
        return one.low is not other.low
    return one.high < other.low or other.high < one.low


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, Mapping):
        return "table"
    return "time" if isinstance(value, str) and value[10:11] == "T" and value[-1:] == "Z" else "text"


def _text(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
