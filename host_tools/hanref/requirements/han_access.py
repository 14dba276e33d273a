# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader on the HAN is given: nothing of a former occupier, nothing of a security log."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from han.clock import civil, day_number, to_iso, weekday

from hanref.moments import DAY, HALF_HOUR, moment
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.tenancy_model import ASK, CLUSTER, CONTROL, TELL, clock_offset, orders, told
from hanref.requirements.wire import Exchange, exchanges, is_reader, must_answer
from hanref.trace import Event, Trace
from hanref.trace.event import Content

METERING = "0702"
PREPAYMENT = "0705"
EVENTS = "0709"

MARGIN = 10  # seconds a server's clock may be off [REQ-CLK-1]
LOCAL = 3600  # a day, week or month of local time ends an hour earlier in summer

SECURITY_LOGS = (4, 7)  # log identifiers of the Events cluster [ZSE 8]: the own one, the proxy's copy of the meter's
ALL_LOGS = 0
ORDERED_AT_MOST = 2  # times that a test has a display ask for the same security log
BY_HAND = 60_000  # milliseconds within which the same question is one: it was sent again
# Events that go into a security log [alert codes; REQ-CHF-10, REQ-CLK-3].
SECURITY_EVENTS = (0x8F0C, 0x8F1E, 0x8F30, 0x8F3D, 0x8F52, 0x8F53, 0x8F60)

NO_LOGGED_DATA = "nobody on the HAN asked for logged data after a change of tenancy was in force"
NO_LOG_ASKED = "nobody on the HAN asked for a security log, or for all logs"

_CHANNELS = {"get_profile": "get_profile_response", "get_sampled_data": "get_sampled_data_response"}
_SNAPSHOTS = {"publish_snapshot": METERING, "publish_prepay_snapshot": PREPAYMENT}
_ENTRIES = {"publish_top_up_log": ("top_ups", "top_up_time"), "publish_debt_log": ("debts", "collection_time")}
_GIVING = [
    (cluster, command)
    for cluster in (METERING, PREPAYMENT)
    for command in (
        *_CHANNELS.values(),
        *_SNAPSHOTS,
        *_ENTRIES,
        "read_attributes_response",
    )
]
_LOG_REQUESTS = (
    (METERING, "get_profile"),
    (METERING, "get_sampled_data"),
    (METERING, "get_snapshot"),
    (PREPAYMENT, "get_prepay_snapshot"),
    (PREPAYMENT, "get_top_up_log"),
    (PREPAYMENT, "get_debt_repayment_log"),
)
_LITRE_AT_MOST = 13  # Wh: 45 MJ/m3 and the conversion factor 1.02264
_ROUNDING = 100  # Wh


@dataclass
class Given:
    """One value that a reader got: which set it is of, the end of its period (utc), what was used."""

    event: Event
    what: str
    end: int
    value: object


# --- change of tenancy ----------------------------------------------------------------------------------------


@judges(
    "REQ-0056-9",
    severity=1,
    reference="gives the HAN nothing from before the date, of any of the six sets",
    tests=["AT-0056-3", "AT-0056-9"],
)
def former_occupier_hidden(trace: Trace, device: str) -> Finding:
    case = Case()
    for given, date in _after_changes(trace, device):
        case.check(
            given.end > date or given.value in (None, 0),
            "%s of %s, which ended before the change of tenancy at %s, was given to %s"
            % (given.what, to_iso(given.end), to_iso(date), given.event.destination),
            given.event,
        )
    for exchange, _ in _requests_after_changes(trace, device):
        if exchange.refused is not None and exchange.answer is not None:
            case.seen(exchange.question, exchange.answer)
    _check_straddling(case, trace, device)
    return case.result("readers got nothing from before the date", NO_LOGGED_DATA)


@judges(
    "REQ-0056-10",
    severity=4,
    reference="leaves out entries whose period ended at or before the date, and gives the others",
    tests=["AT-0056-3"],
)
def entries_left_out(trace: Trace, device: str) -> Finding:
    case = Case()
    for given, date in _after_changes(trace, device):
        if given.what not in ("a half hour", "a day", "a snapshot"):
            continue
        case.check(
            given.end > date,
            "%s that ended at %s was given, the change of tenancy was at %s" % (given.what, to_iso(given.end), to_iso(date)),
            given.event,
        )
    for exchange, date in _requests_after_changes(trace, device):
        _check_still_given(case, trace, exchange, date)
    return case.result("entries that ended at or before the date are left out, later ones are given", NO_LOGGED_DATA)


def _check_still_given(case: Case, trace: Trace, exchange: Exchange, date: int) -> None:
    """The new occupier's half hours are there: two of them have ended since the date."""
    question, answer = exchange.question, exchange.answer
    if question.get("command") != "get_profile" or answer is None or question.utc < date + 3 * HALF_HOUR:
        return
    end = question.fields.get("end_time")
    if (end is not None and moment(end)) or question.fields.get("interval_channel"):
        return  # only the newest are sure to be there
    if not _measured(trace, question.destination, date):
        return
    case.check(
        bool(answer.fields.get("intervals")),
        "no half hour from after the change of tenancy at %s is given" % to_iso(date),
        question,
        answer,
    )


def _measured(trace: Trace, server: str | None, date: int) -> bool:
    """Whether the server itself wrote half hours since the date, of which a capture says nothing."""
    return any(
        event.get("store") == "profile_data" and moment((event.get("entry") or {})["utc"]) > date + HALF_HOUR
        for event in trace.of("store", source=server, since=date * 1000)
    )


def _in_force(trace: Trace, server: str) -> list[tuple[int, int, int | None]]:
    """(from when, until when, date) in milliseconds and utc: the change in force then.

    That is the newest that was given. While its date lies ahead the one before it stays in force: a second change of
    tenancy does not lift the first one's restriction until it comes.
    """
    given = [(order.event.milliseconds, order.date) for order in orders(trace, server) if order.accepted]
    if not given:
        given = [(answer.event.milliseconds, answer.date) for answer in told(trace, server) if answer.supported]
    # The same date told again and again is one span.
    given = [pair for place, pair in enumerate(given) if not place or pair[1] != given[place - 1][1]]
    spans: list[tuple[int, int, int | None]] = []
    before: int | None = None
    for place, (at, date) in enumerate(given):
        until = given[place + 1][0] if place + 1 < len(given) else trace.end + 1
        if date is None:
            before = None
            continue
        comes = max(at, (date + MARGIN) * 1000)
        if before is not None and date > before:
            spans.append((at, min(comes, until), before))
        spans.append((comes, until, date))
        if comes < until:
            before = date
    return [span for span in spans if span[0] < span[1]]


def _date_at(spans: list[tuple[int, int, int | None]], milliseconds: int) -> int | None:
    return next((date for begin, end, date in spans if begin < milliseconds < end), None)


def _after_changes(trace: Trace, server: str) -> list[tuple[Given, int]]:
    spans = _in_force(trace, server)
    if not spans:
        return []
    found = []
    for given in _given(trace, server, spans):
        date = _date_at(spans, given.event.milliseconds)
        if date is not None:
            found.append((given, date))
    return found


def _requests_after_changes(trace: Trace, server: str) -> list[tuple[Exchange, int]]:
    spans = _in_force(trace, server)
    found = []
    for cluster, command in _LOG_REQUESTS if spans else ():
        for exchange in exchanges(trace, server, cluster, command):
            date = _date_at(spans, exchange.question.milliseconds)
            if date is not None:
                found.append((exchange, date))
    return found


def _given(trace: Trace, server: str, spans: list[tuple[int, int, int | None]]) -> Iterator[Given]:
    """Everything out of the six restricted sets that readers on the HAN got from a server during the spans."""
    for cluster, command in _GIVING:
        for begin, end, _ in spans:
            for event in trace.of("zcl", server, None, cluster, command, begin, end):
                if is_reader(event.destination) and _is_restricted(event, command):
                    yield from _given_by(event, _server_utc(trace, server, event))


def _is_restricted(event: Event, command: str) -> bool:
    """Whether something of a frame may be restricted: most reads are of something else."""
    return command != "read_attributes_response" or any(_period(name)[1] for name in event.attributes)


def _server_utc(trace: Trace, server: str, event: Event) -> int:
    return event.utc + clock_offset(trace, server, event.milliseconds)


def _given_by(event: Event, utc: int) -> list[Given]:
    command = event.get("command")
    fields = event.fields
    if command == "get_profile_response":
        return _profile(event, fields)
    if command == "get_sampled_data_response":
        return _samples(event, fields)
    if command in _SNAPSHOTS:
        at = fields.get("snapshot_time")
        return [] if at is None else [Given(event, "a snapshot", moment(at), "registers")]
    if command in _ENTRIES:
        name, time = _ENTRIES[command]
        entries = [entry for entry in fields.get(name, ()) if entry.get(time) is not None]
        return [Given(event, "a payment", moment(entry[time]), entry) for entry in entries]
    if command == "read_attributes_response":
        return [
            Given(event, "%s of the period" % name, end, value)
            for name, value in event.attributes.items()
            if (end := period_end(name, utc)) is not None
        ]
    return []


def _profile(event: Event, fields: Content) -> list[Given]:
    end = fields.get("end_time")
    if end is None or fields.get("profile_interval_period") != 1:
        return []
    newest = moment(end)
    return [Given(event, "a half hour", newest - age * HALF_HOUR, "use") for age, _ in enumerate(fields.get("intervals", ()))]


def _samples(event: Event, fields: Content) -> list[Given]:
    start = fields.get("sample_start_time")
    if start is None:
        return []
    daily = fields.get("sample_id") == 1 or fields.get("sample_request_interval") in (None, 0xFFFF)
    length = DAY if daily else fields["sample_request_interval"]
    what = "a day" if daily else "a half hour"
    samples = fields.get("samples", ())
    return [Given(event, what, moment(start) + (place + 1) * length, "use") for place, _ in enumerate(samples)]


def period_end(name: str, utc: int) -> int | None:
    """When the period ended of which an attribute holds the consumption or cost; None for a running one or another
    attribute, and so near midnight that it cannot be told."""
    kind, age = _period(name)
    if not age or min(utc % DAY, DAY - utc % DAY) < MARGIN:
        return None
    midnight = utc - utc % DAY
    if kind == "day":
        return midnight - (age - 1) * DAY - LOCAL
    if kind == "week":
        return midnight - weekday(utc) * DAY - (age - 1) * 7 * DAY - LOCAL
    year, month = civil(utc)[:2]
    months = year * 12 + month - 1 - (age - 1)
    return int(day_number(months // 12, months % 12 + 1, 1)) * DAY - LOCAL


@cache
def _period(name: str) -> tuple[str, int]:
    """("day", 3) of `previous_day3_...delivered`; age 0 of a running period, ("", 0) of another attribute."""
    first, _, rest = name.partition("_")
    if first not in ("current", "previous") or "consumption_delivered" not in rest:
        return "", 0
    word = rest.partition("_")[0]
    kind = word.rstrip("0123456789")
    if kind not in ("day", "week", "month"):
        return "", 0
    return (kind, 0) if first == "current" else (kind, int(word[len(kind) :] or 1))


def _check_straddling(case: Case, trace: Trace, server: str) -> None:
    """A running period in which the date lies shows at most what was used since [AT-0056-9]."""
    spans = _in_force(trace, server)
    if not spans:
        return
    # Of a long capture times and values alone, and searched by halves.
    times, values = array("q"), array("q")
    for event in trace.of("zcl", source=server, cluster=METERING, command="read_attributes_response"):
        value = event.attributes.get("current_summation_delivered")
        if isinstance(value, int):
            times.append(event.milliseconds)
            values.append(value)
    factor = _LITRE_AT_MOST if server.startswith("gpf") else 1
    for event in trace.of("zcl", source=server, cluster=METERING, command="read_attributes_response"):
        running = [name for name in event.attributes if name.startswith("current_") and _period(name)[0]]
        date = _date_at(spans, event.milliseconds) if running else None
        if date is None or not is_reader(event.destination):
            continue
        before, after = bisect_left(times, (date - MARGIN) * 1000) - 1, bisect_left(times, event.milliseconds)
        if before < 0 or after == len(times):
            continue
        used = (values[after] - values[before]) * factor + _ROUNDING
        for name in running:
            value = event.attributes[name]
            if isinstance(value, int) and "cost" not in name:
                case.check(
                    value <= used,
                    "%s is %d, more than was used since the change of tenancy at %s" % (name, value, to_iso(date)),
                    event,
                )


@judges(
    "REQ-0056-20",
    severity=4,
    reference="answers with PublishChangeOfTenancy, with NOT_FOUND while none is set",
    tests=["AT-0056-1"],
)
def get_change_of_tenancy(trace: Trace, device: str) -> Finding:
    case = Case()
    given = [order for order in orders(trace, device) if order.accepted]
    for exchange in exchanges(trace, device, CLUSTER, ASK):
        question, answer = exchange.question, exchange.answer
        if answer is None:
            if must_answer(trace, exchange):
                case.fails("GetChangeOfTenancy was not answered", question)
            continue
        newest = [order for order in given if order.event.n < question.n]
        if exchange.turned:
            case.fails("GetChangeOfTenancy was answered with the direction bit of a question", question, answer)
        elif not newest or newest[-1].date is None:
            none_set = exchange.refused == "NOT_FOUND"
            known = trace.complete or newest
            case.check(
                none_set or not known,
                "with no change set GetChangeOfTenancy is answered with %s" % _said(exchange),
                question,
                answer,
            )
        else:
            _check_published(case, exchange, newest[-1].date, newest[-1].control)
    return case.result("GetChangeOfTenancy is answered as it must", "nobody sent a GetChangeOfTenancy")


def _check_published(case: Case, exchange: Exchange, date: int, control: int) -> None:
    question, answer = exchange.question, exchange.answer
    assert answer is not None
    if not case.check(
        answer.get("command") == TELL,
        "a change is set, but GetChangeOfTenancy is answered with %s" % _said(exchange),
        question,
        answer,
    ):
        return
    fields = answer.fields
    at = fields.get("implementation_date_time")
    case.check(
        at is not None and moment(at) == date and fields.get(CONTROL) == control,
        "PublishChangeOfTenancy says %s and 0x%08X, given were %s and 0x%08X"
        % (at, fields.get(CONTROL) or 0, to_iso(date), control),
        question,
        answer,
    )


def _said(exchange: Exchange) -> str:
    assert exchange.answer is not None
    return exchange.refused or str(exchange.answer.get("command"))


# --- security log ---------------------------------------------------------------------------------------------


@judges(
    "REQ-078-3",
    severity=1,
    reference="gives nothing of a security log to anybody on the HAN",
    tests=["AT-078-3"],
    devices=["esme", "gsme", "gpf"],
)
def security_log_hidden(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("zcl", source=device, cluster=EVENTS):
        if not is_reader(event.destination):
            continue
        for entry in _entries(event):
            case.check(
                not _is_security(entry),
                "event %04X of log %s was given to %s" % (entry.get("event_id", 0), entry.get("log_id"), event.destination),
                event,
            )
    for exchange in _log_questions(trace, device):
        if exchange.answer is not None:
            case.seen(exchange.question, exchange.answer)
    if device.startswith("gsme"):
        return case.result("nothing of the security log was given", "nobody on the HAN asked the gas meter itself for a log")
    return case.result("nothing of a security log was given", NO_LOG_ASKED)


@judges(
    "REQ-078-4",
    severity=4,
    reference="refuses the security log with NOT_AUTHORIZED; of all logs gives those that are permitted",
    tests=["AT-078-3"],
)
def security_log_refused(trace: Trace, device: str) -> Finding:
    case = Case()
    for exchange in _log_questions(trace, device):
        question, answer = exchange.question, exchange.answer
        wanted = _log_of(question)
        if answer is None:
            if must_answer(trace, exchange):
                case.fails("the question for event log %d was not answered" % wanted, question)
            continue
        if wanted in SECURITY_LOGS:
            case.check(
                exchange.refused == "NOT_AUTHORIZED" and not exchange.turned,
                "the question for log %d is answered with %s, due is a default response NOT_AUTHORIZED"
                % (wanted, exchange.refused or answer.get("command")),
                question,
                answer,
            )
        else:
            case.check(
                exchange.refused in (None, "NOT_FOUND") and not any(_is_security(entry) for entry in _entries(answer)),
                "the question for all logs is answered with %s" % (exchange.refused or "entries of a security log"),
                question,
                answer,
            )
    return case.result("the security log is refused", NO_LOG_ASKED)


@judges(
    "REQ-IHD-7", severity=1, reference="gets nothing of a security log, and does not ask for one of itself", tests=["AT-078-3"]
)
def display_gets_no_security_log(trace: Trace, device: str) -> Finding:
    case = Case()
    for event in trace.of("zcl", destination=device, cluster=EVENTS):
        entries = _entries(event)
        leaked = [entry for entry in entries if _is_security(entry)]
        case.check(not leaked, "%s was given entries of a security log by %s" % (device, event.source), event)
    for event in trace.of("display", source=device):
        shown = [name for name in event.get("screen") or {} if "security" in name]
        if shown:
            case.fails("the display shows %s" % ", ".join(shown), event)
    for event in _asked_for_security(trace, device):
        case.fails("%s asks for security log %d" % (device, _log_of(event)), event)
    return case.result("the display got nothing of a security log", NO_LOG_ASKED)


def _asked_for_security(trace: Trace, display: str) -> list[Event]:
    """Questions for a security log that nobody ordered.

    A capture tells of no orders: there a question counts that comes again and again, which no test has a display do.
    """
    asked = [
        event
        for event in trace.of("zcl", source=display, cluster=EVENTS, command="get_event_log")
        if _log_of(event) in SECURITY_LOGS
    ]
    if trace.complete:
        orders = [event.milliseconds for event in trace.of("bench", destination=display) if event.get("verb") == "ask"]
        return [event for event in asked if not any(0 <= event.milliseconds - at <= 2000 for at in orders)]
    repeated = Counter((event.destination, _log_of(event), event.milliseconds // BY_HAND) for event in asked)
    times = Counter((destination, log) for destination, log, _ in repeated)
    return [event for event in asked if times[event.destination, _log_of(event)] > ORDERED_AT_MOST]


def _log_questions(trace: Trace, device: str) -> list[Exchange]:
    asked = exchanges(trace, device, EVENTS, "get_event_log")
    return [exchange for exchange in asked if _log_of(exchange.question) in (*SECURITY_LOGS, ALL_LOGS)]


def _log_of(question: Event) -> int:
    return int(question.fields.get("event_control_log_id", 0)) & 0x0F


def _entries(event: Event) -> list[dict]:  # type: ignore[type-arg]
    fields = event.fields
    if event.get("command") == "publish_event":
        return [dict(fields)]
    return [dict(entry) for entry in fields.get("events", ())] if event.get("command") == "publish_event_log" else []


def _is_security(entry: dict) -> bool:  # type: ignore[type-arg]
    return entry.get("log_id") in SECURITY_LOGS or entry.get("event_id") in SECURITY_EVENTS
