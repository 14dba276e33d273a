# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace shows of gas time stamps: the pushes of the gas meter, and the timed answers of the gas proxy.

The meter's time travels with a push as Metering ReadingSnapshotTime, its reliability as TimeStatus of the Time
cluster (how meters in the field carry it is not public).
"""

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from han.errors import HanError
from han.gbcs import envelope, use_cases
from han.zcl import clusters, commands

from hanref.generate import use_cases as tables
from hanref.moments import moment
from hanref.trace import Event, Trace

USE_CASES = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
CODES = {"%04X" % use_cases.code_of(name): name for name in USE_CASES}

# Units and formats: they are read with the registers and are no registers themselves.
UNITS = frozenset(("divisor", "multiplier", "unit_of_measure", "currency", "price_trailing_digit"))

FROM_GSME = "GSME"
FROM_GPF = "GPF"

SESSION_SECONDS = 60  # one wake of the meter
SILENT = 2400_000  # milliseconds without a frame of a proxy after which it may be another one
ACKNOWLEDGED = 10  # seconds within which a report is answered
TOLERANCE = 2  # seconds between a push and the stamp the proxy makes for it

_SYNCHRONISED = 0x02  # bit of TimeStatus


@dataclass
class Push:
    """One wake of the meter: its report frames with the moment that came with them.

    `time` is the meter's utc, None where it said that it has no valid one; `has_time` is False where no time came at
    all. `reliability` is None where nothing tells it. `doubtful` are the frames (by number) of which the trace does not
    show that the proxy took them.
    """

    frames: list[Event]
    has_time: bool = False
    time: int | None = None
    time_frame: Event | None = None
    synchronised: bool | None = None
    reliability: str | None = None
    doubtful: set[int] = field(default_factory=set)


@dataclass
class Stamp:
    """What a register's stamp must be: who made the time, the time (None: any), its reliability (None: unknown)."""

    source: str
    time: int | None
    reliability: str | None
    push: Event
    certain: bool = True


@dataclass
class Answer:
    """A timed answer of the proxy, with the stamps that its registers may show."""

    event: Event
    use_case: str
    time: int | None
    status: int | None
    octets: bytes | None
    expected: list[Stamp]

    @property
    def source(self) -> str | None:
        """Whose clock the answer says it was [REQ-0015-4]."""
        if self.status is None or self.status == 0xFF:
            return None
        return FROM_GSME if self.status & 4 else FROM_GPF

    @property
    def reliability(self) -> str | None:
        """`reliable`, `unreliable` or `invalid` as the answer says."""
        if self.status is None or self.status == 0xFF:
            return None
        return "invalid" if self.status & 1 else "unreliable" if self.status & 2 else "reliable"

    def of_source(self, source: str) -> list[Stamp]:
        return [stamp for stamp in self.expected if stamp.source == source]


def answers(trace: Trace, proxy: str) -> list[Answer]:
    """The answers of `proxy` to the five reads that carry a time, in order."""
    history = _History(trace, proxy)
    found = []
    for event in trace.of("gbcs", source=proxy):
        use_case = CODES.get(str(event.get("message_code") or "").upper().removeprefix("0X"))
        if use_case is not None and event.get("cra") == "response":
            found.append(_answer(event, use_case, history))
    return found


def pushes(trace: Trace, proxy: str) -> list[Push]:
    """The meter's pushes to `proxy`, in order."""
    found: list[Push] = []
    open_push: Push | None = None
    last = 0
    taken = _taken(trace, proxy)
    for event in trace.of("zcl", destination=proxy, command="report_attributes"):
        if event.source is None or not event.source.startswith("gsme"):
            continue
        if open_push is None or event.utc - last > SESSION_SECONDS:
            open_push = Push([])
            found.append(open_push)
        last = event.utc
        if taken is not None and event.n not in taken:
            if trace.complete:
                continue  # lost on the air
            open_push.doubtful.add(event.n)
        open_push.frames.append(event)
        attributes = event.attributes
        if "reading_snapshot_time" in attributes:
            value = attributes["reading_snapshot_time"]
            open_push.has_time = True
            open_push.time = None if value is None else moment(value)
            open_push.time_frame = open_push.time_frame or event
        if event.get("cluster") == "000A" and isinstance(attributes.get("time_status"), int):
            open_push.synchronised = bool(attributes["time_status"] & _SYNCHRONISED)
        if attributes.get("attribute_reporting_status") == 1:
            open_push = None
    found = [push for push in found if push.frames]
    for push in found:
        push.reliability = _reliability(trace, push)
    return found


def emptied(trace: Trace, proxy: str) -> list[int]:
    """Numbers of the events after which a proxy may hold nothing: the bench put another in its place. In a capture, which
    does not tell of that, it was silent for so long that somebody may have."""
    exchanged = [event.n for event in trace.of("bench", destination="hub") if event.get("verb") == "exchange"]
    if trace.complete:
        return exchanged
    return sorted(
        exchanged
        + [
            later.n
            for earlier, later in itertools.pairwise(trace.of("zcl", source=proxy))
            if later.milliseconds - earlier.milliseconds > SILENT
        ]
    )


def _taken(trace: Trace, proxy: str) -> set[int] | None:
    """Numbers of the report frames that the proxy acknowledged, None where it acknowledges none at all."""
    reports = trace.of("zcl", destination=proxy, command="report_attributes")
    answers = [
        event
        for event in trace.of("zcl", source=proxy, command="default_response")
        if event.fields.get("command") == commands.REPORT_ATTRIBUTES and event.fields.get("status") == "SUCCESS"
    ] + trace.of("zcl", source=proxy, command="mirror_report_attribute_response")
    if not answers:
        return None
    newest: dict[tuple[str | None, str | None, int | None], Event] = {}
    taken = set()
    for event in sorted(reports + answers, key=lambda event: event.n):
        cluster = event.get("cluster")
        if event.source != proxy:
            newest[(event.source, cluster, event.sequence)] = event
            continue
        report = newest.get((event.destination, cluster, event.sequence))
        if report is not None and event.utc - report.utc <= ACKNOWLEDGED:
            taken.add(report.n)
    return taken


@cache
def registers(use_case: str) -> frozenset[str]:
    """Names of the registers a read asks for, from the use case's template."""
    names = set()
    for row in tables.templates():
        if row["use_case"] != use_case or row["direction"] != "command":
            continue
        table = clusters.table(int(row["cluster"], 16))
        for text in row["fields"].split("; "):
            attribute = table.attribute(int(text.split()[0], 16))
            if attribute is not None and attribute.name not in UNITS:
                names.add("%04X/%s" % (table.cluster, attribute.name))
    return frozenset(names)


def _reliability(trace: Trace, push: Push) -> str | None:
    if push.has_time and push.time is None:
        return "invalid"
    if push.synchronised is not None:
        return "reliable" if push.synchronised else "unreliable"
    return _clock_status(trace, push.frames[0].source, push.frames[0].milliseconds)


def _clock_status(trace: Trace, device: str | None, milliseconds: int) -> str | None:
    clock = trace.last("clock", milliseconds, source=device)
    return None if clock is None else clock.get("status")


class _History:
    """What the meter pushed of each register, and when."""

    def __init__(self, trace: Trace, proxy: str) -> None:
        self._trace = trace
        self._proxy = proxy
        self._of_register: dict[str, list[tuple[int, Event, Push]]] = {}
        self._emptied = [trace.event(n).milliseconds for n in emptied(trace, proxy)]
        for push in pushes(trace, proxy):
            for frame in push.frames:
                for name in frame.attributes:
                    key = "%s/%s" % (frame.get("cluster"), name)
                    self._of_register.setdefault(key, []).append((frame.milliseconds, frame, push))

    def stamps(self, use_case: str, milliseconds: int) -> list[Stamp]:
        """The stamps a read at that moment may show: one for each of its registers that was pushed before."""
        found: dict[int, Stamp] = {}
        since = max([at for at in self._emptied if at <= milliseconds], default=-1)
        for register in sorted(registers(use_case)):
            newest = None
            for at, frame, push in self._of_register.get(register, ()):
                if since < at <= milliseconds:
                    newest = frame, push
            if newest is not None and newest[0].n not in found:
                found[newest[0].n] = self._stamp(*newest)
        return list(found.values())

    def _stamp(self, frame: Event, push: Push) -> Stamp:
        if not push.has_time:
            status = _clock_status(self._trace, self._proxy, frame.milliseconds)
            return Stamp(FROM_GPF, self._own_time(frame), status, frame)
        certain = push.time_frame is not None and push.time_frame.n <= frame.n and frame.n not in push.doubtful
        return Stamp(FROM_GSME, push.time, push.reliability, frame, certain)

    def _own_time(self, frame: Event) -> int:
        """The proxy's utc when it took a frame."""
        clock = self._trace.last("clock", frame.milliseconds, source=self._proxy)
        offset = 0
        if clock is not None and clock.get("utc"):
            offset = moment(clock.get("utc")) - clock.utc
        return frame.utc + offset


def _answer(event: Event, use_case: str, history: _History) -> Answer:
    octets = None
    with suppress(HanError, ValueError):  # the fields of the event still tell the time
        octets = envelope.decode(bytes.fromhex(event.get("octets") or "")).date_time
    time = event.get("date_time")
    status = event.get("clock_status")
    return Answer(
        event,
        use_case,
        None if time is None else moment(time),
        None if status is None else int(status, 16),
        octets,
        history.stamps(use_case, event.milliseconds),
    )
