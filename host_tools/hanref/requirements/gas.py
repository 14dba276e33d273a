# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sleeping gas meter pushes, and what the proxy makes of it."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from han.clock import to_iso

from hanref.moments import DAY, HALF_HOUR, moment
from hanref.requirements.clock_model import clock_status
from hanref.requirements.gbz_model import parts, succeeded
from hanref.requirements.registry import Case, Finding, judges
from hanref.requirements.stamp_model import Push, emptied, pushes
from hanref.requirements.tenancy_model import clock_offset
from hanref.requirements.wan import dialogues
from hanref.requirements.wire import each_exchange, exchanges, is_reader, present
from hanref.trace import Event, Trace

METERING = "0702"
PREPAYMENT = "0705"
REGISTER = "current_summation_delivered"
PUSHED = (
    (METERING, REGISTER, "the total"),
    (METERING, "current_day_alternative_consumption_delivered", "the day's energy"),
    (PREPAYMENT, "current_day_cost_consumption_delivered", "the day's cost"),
)

EARLY = 15  # seconds before a half hour at which a push still belongs to it
LATE = 60  # seconds after it
AWAY = 6 * HALF_HOUR  # seconds without a push after which a meter counts as out of reach, where nothing else tells
SNAPSHOT_LATE = 2400  # seconds after midnight by which the snapshot was sent
GENERAL = 0x01  # snapshot cause [ZSE 5]

CALENDAR = "0707"
IN_FORCE = {None: 0, 0xFFFFFFFF: 0, 0xFFFFFFFE: 3}  # identifiers that stand for the calendar of a type [REQ-GPF-15]
CALENDAR_COMMANDS = ("GCS01a", "GCS05")

NO_PUSH = "no push of the gas meter is in the trace"

MIRRORED_METERING = (
    "current_summation_delivered",
    "supply_status",
    *("current_tier%d_summation_delivered" % tier for tier in (1, 2, 3, 4)),
    *("current_no_tier_block%d_summation_delivered" % block for block in (1, 2, 3, 4)),
    "bill_to_date_delivered",
    "remaining_battery_life_in_days",
    "unit_of_measure",
    "multiplier",
    "divisor",
    "supply_tamper_state",
    "supply_depletion_state",
)
MIRRORED_PREPAYMENT = (
    "payment_control_configuration",
    "credit_remaining",
    "emergency_credit_remaining",
    "accumulated_debt",
    "emergency_credit_limit_allowance",
    "emergency_credit_threshold",
    "max_credit_limit",
    "max_credit_per_top_up",
    "low_credit_warning",
    "cut_off_value",
    "debt_amount1",
    "debt_amount2",
    "debt_amount3",
    "debt_recovery_frequency1",
    "debt_recovery_frequency2",
    "debt_recovery_amount1",
    "debt_recovery_amount2",
    "debt_recovery_top_up_percentage3",
)


# --- the meter ------------------------------------------------------------------------------------------------


@judges(
    "REQ-GSME-1",
    severity=2,
    reference="wakes each half hour and pushes the total, the day's energy and the day's cost",
    tests=["AT-0015-1"],
)
def pushes_each_half_hour(trace: Trace, device: str) -> Finding:
    case = Case()
    wakes = _pushes_of(trace, device)
    if trace.complete:
        _check_half_hours(case, trace, device, wakes)
    else:
        _check_gaps(case, trace, wakes)
    _check_on_the_grid(case, trace, device, wakes)
    for push in wakes:
        said = {(event.get("cluster"), name) for event in push.frames for name in event.attributes}
        lacking = [what for cluster, name, what in PUSHED if (cluster, name) not in said]
        if trace.complete and len(lacking) < len(PUSHED):
            case.check(not lacking, "the push lacks %s" % ", ".join(lacking), push.frames[0])
    return case.result("pushed total, energy and cost on each half hour", NO_PUSH)


def _pushes_of(trace: Trace, meter: str) -> list[Push]:
    found = [push for proxy in trace.devices("gpf") for push in pushes(trace, proxy)]
    return [push for push in found if push.frames[0].source == meter]


def _half_hours(trace: Trace, device: str) -> Iterator[int]:
    """True utc of each half hour on the meter's clock at which it surely was there and had a time."""
    utc = trace.start // 1000
    while True:
        offset = clock_offset(trace, device, utc * 1000)
        utc += HALF_HOUR - (utc + offset) % HALF_HOUR
        if (utc + LATE) * 1000 >= trace.end:
            return
        clock = trace.last("clock", utc * 1000, source=device)
        steady = clock is None or (clock.get("status") != "invalid" and utc - clock.utc > LATE)
        awake = [(utc - LATE - HALF_HOUR) * 1000, (utc + LATE) * 1000]
        proxies = trace.devices("gpf")
        if (
            steady
            and not (utc + clock_offset(trace, device, utc * 1000)) % HALF_HOUR
            and clock_offset(trace, device, (utc + LATE) * 1000) == clock_offset(trace, device, (utc - LATE) * 1000)
            and all(present(trace, name, *awake) for name in (device, *proxies))
        ):
            yield utc


def _check_half_hours(case: Case, trace: Trace, device: str, wakes: list[Push]) -> None:
    times = [event.utc for push in wakes for event in push.frames if event.get("cluster") != "000A"]
    first = {event.utc: event for push in wakes for event in push.frames}
    for utc in _half_hours(trace, device):
        near = [at for at in times if utc - EARLY <= at <= utc + LATE]
        shown = near[:1] or sorted(times, key=lambda at: abs(at - utc))[:2]
        witnesses = [first[at] for at in shown] or trace.of("power", source=device)[:1]
        case.check(bool(near), "nothing was pushed at %s" % to_iso(utc), *witnesses)


def _check_gaps(case: Case, trace: Trace, wakes: list[Push]) -> None:
    """Frames may be missing, and the meter out of reach now and then: of the rest most half hours must be there."""
    if len(wakes) < 4:
        case.seen(*[push.frames[0] for push in wakes])
        return
    gaps = [later.frames[0].utc - earlier.frames[0].utc for earlier, later in itertools.pairwise(wakes)]
    away = [gap for gap in gaps if gap > AWAY]
    if len(away) > len(gaps) // 10:
        away = []
    due = (sum(gaps) - sum(away)) // HALF_HOUR + len(away)
    case.check(
        len(gaps) >= due * 0.7,
        "%d pushes in %d half hours" % (len(gaps), due),
        wakes[0].frames[0],
        wakes[-1].frames[0],
    )


def _check_on_the_grid(case: Case, trace: Trace, device: str, wakes: list[Push]) -> None:
    """By the meter's own time, which comes with the push, a push is on the half hour: nearly all of them."""
    timed = [push for push in wakes if push.time is not None and push.time_frame is not None]
    off = [push for push in timed if EARLY < (push.time or 0) % HALF_HOUR - LATE < HALF_HOUR - LATE - EARLY]
    if len(timed) >= 4 and len(off) > len(timed) // 2:
        case.fails("pushes are stamped off the half hour, as %s" % to_iso(off[0].time), off[0].frames[0])


@judges("REQ-GSME-2", severity=2, reference="publishes a snapshot with cause General at midnight UTC", tests=["test_snapshots"])
def midnight_snapshots(trace: Trace, device: str) -> Finding:
    case = Case()
    configuration = trace.header.get("devices", {}).get(device, {}).get("configuration", {})
    if configuration.get("daily_snapshot") is False:
        return case.result("", "the scenario has the meter take no daily snapshots")
    taken: dict[int, Event] = {}
    for event in trace.of("zcl", source=device, cluster=METERING, command="publish_snapshot"):
        at = event.fields.get("snapshot_time")
        if not (event.fields.get("snapshot_cause") or 0) & GENERAL or at is None:
            continue
        off = (moment(at) + LATE) % DAY - LATE
        case.check(abs(off) <= LATE, "a daily snapshot is stamped %s" % at, event)
        taken.setdefault(moment(at) - off, event)
    for midnight in range(trace.start // 1000 // DAY * DAY + DAY, trace.end // 1000 - SNAPSHOT_LATE, DAY):
        clock = trace.last("clock", midnight * 1000, source=device)
        there = all(
            present(trace, name, (midnight - HALF_HOUR) * 1000, (midnight + SNAPSHOT_LATE) * 1000)
            for name in (device, *trace.devices("gpf"))
        )
        timed = clock is None or clock.get("status") != "invalid"
        if trace.complete and there and timed and not clock_offset(trace, device, midnight * 1000):
            sent = taken.get(midnight)
            soon = sent is not None and sent.utc <= midnight + SNAPSHOT_LATE
            near = trace.of("zcl", source=device, since=(midnight - HALF_HOUR) * 1000, until=(midnight + SNAPSHOT_LATE) * 1000)
            witnesses = [sent] if sent is not None and soon else near[:2] or trace.of("power", source=device)[:1]
            case.check(soon, "no snapshot of %s was published" % to_iso(midnight), *witnesses)
    return case.result("snapshots were published at midnight", "no midnight with the gas meter in reach is in the trace")


@judges(
    "REQ-0015-12",
    severity=2,
    reference="pushes ReadingSnapshotTime with the values and TimeStatus before them",
    tests=["AT-0015-1", "AT-0015-2"],
)
def pushes_its_time(trace: Trace, device: str) -> Finding:
    case = Case()
    wakes = _pushes_of(trace, device)
    with_values = [push for push in wakes if any(REGISTER in event.attributes for event in push.frames)]
    ordered_off = _told_to_leave_out(trace, device)
    judged = [push for push in with_values if not any(begin <= push.frames[0].milliseconds < end for begin, end in ordered_off)]
    lacking = [push for push in judged if not push.has_time]
    if trace.complete or 2 * len(lacking) > len(judged):
        for push in lacking:
            case.fails("values were pushed without the meter's time", push.frames[0])
    for push in judged:
        if not push.has_time:
            continue
        frame = push.time_frame or push.frames[0]
        if push.time is not None and trace.complete:
            own = frame.utc + clock_offset(trace, device, frame.milliseconds)
            case.check(
                abs(push.time - own) <= LATE,
                "the time with the values is %s, the meter's clock says %s" % (to_iso(push.time), to_iso(own)),
                frame,
            )
        _check_time_status(case, trace, device, push)
        case.seen(frame)
    return case.result("values come with the meter's time and its status", NO_PUSH)


def _check_time_status(case: Case, trace: Trace, device: str, push: Push) -> None:
    if not trace.complete:
        return
    status = clock_status(trace, device, push.frames[0].milliseconds)
    if push.synchronised is None:
        case.fails("values were pushed without the status of the meter's clock", push.frames[0])
    elif status in ("reliable", "unreliable", "invalid"):
        case.check(
            push.synchronised == (status == "reliable"),
            "the clock is %s, the time status says %s" % (status, "synchronised" if push.synchronised else "not synchronised"),
            push.frames[0],
        )


def _told_to_leave_out(trace: Trace, device: str) -> list[tuple[int, int]]:
    """When the bench had the meter leave its time out (AT-0015-2)."""
    found = []
    orders = [event for event in trace.of("bench", destination=device) if event.get("verb") == "time_report"]
    for order, following in zip(orders, [*orders[1:], None], strict=False):
        if not (order.get("arguments") or {}).get("on", True):
            found.append((order.milliseconds, trace.end + 1 if following is None else following.milliseconds))
    return found


# --- the proxy ------------------------------------------------------------------------------------------------


@judges(
    "REQ-GPF-18",
    severity=2,
    reference="serves every Metering attribute of the list as it was pushed",
    tests=["test_gas_copy"],
)
def metering_served(trace: Trace, device: str) -> Finding:
    return _served(trace, device, METERING, MIRRORED_METERING)


@judges(
    "REQ-GPF-19",
    severity=2,
    reference="serves every Prepayment attribute of the list as it was pushed",
    tests=["test_gas_copy"],
)
def prepayment_served(trace: Trace, device: str) -> Finding:
    return _served(trace, device, PREPAYMENT, MIRRORED_PREPAYMENT)


def _served(trace: Trace, device: str, cluster: str, names: tuple[str, ...]) -> Finding:
    case = Case()
    pushed = _Pushed(trace, device, cluster)
    read = set()
    for exchange in each_exchange(trace, device, cluster, "read_attributes"):
        wanted = [name for name in exchange.question.fields.get("attributes", ()) if name in names]
        answer = exchange.answer
        if not wanted or answer is None:
            continue
        if exchange.refused is not None or exchange.turned:
            what = exchange.refused or "the direction bit of a question"
            case.fails("a read of %s is answered with %s" % (wanted[0], what), exchange.question, answer)
            continue
        for name in wanted:
            status = (answer.get("statuses") or {}).get(name)
            known = pushed.before(name, answer)
            if name not in answer.attributes:
                if known is not None or (trace.complete and status == "UNSUPPORTED_ATTRIBUTE" and pushed.all_before(answer)):
                    case.fails("%s is answered with %s" % (name, status or "nothing"), exchange.question, answer)
                continue
            read.add(name)
            other = (answer.get("types") or {}).get(name)
            case.check(other is None, "%s is sent with type %s" % (name, other), answer)
            if known is not None and trace.complete:
                case.check(
                    answer.attributes[name] == known[1],
                    "%s reads %s, the meter pushed %s" % (name, answer.attributes[name], known[1]),
                    known[0],
                    answer,
                )
    return case.result(
        "%d of %d attributes were read" % (len(read), len(names)), "nobody on the HAN read the proxy's registers"
    )


class _Pushed:
    """What the meter reported to a proxy of one cluster, by attribute."""

    def __init__(self, trace: Trace, proxy: str, cluster: str) -> None:
        self._values: dict[str, list[tuple[Event, object]]] = {}
        self._ends: list[Event] = []
        self._emptied = emptied(trace, proxy)
        for push in pushes(trace, proxy):
            taken = [event for event in push.frames if event.get("cluster") == cluster and event.n not in push.doubtful]
            self._ends += taken and push.frames[-1:]
            for event in taken:
                for name, value in event.attributes.items():
                    self._values.setdefault(name, []).append((event, value))

    def before(self, name: str, answer: Event) -> tuple[Event, object] | None:
        """The newest report of an attribute before an answer, None in the seconds in which the proxy may not have it yet."""
        reports = self._values.get(name, [])
        place = bisect_left(reports, answer.n, key=lambda report: report[0].n)
        if not place:
            return None
        event, value = reports[place - 1]
        if event.n < self._emptied_before(answer) or answer.milliseconds - event.milliseconds < 1000:
            return None
        return event, value

    def all_before(self, answer: Event) -> bool:
        """Whether the meter has told this proxy all it has: a new one has nothing until the first push is over."""
        place = bisect_right(self._ends, self._emptied_before(answer), key=lambda end: end.n)
        return place < len(self._ends) and answer.milliseconds - self._ends[place].milliseconds >= 1000

    def _emptied_before(self, answer: Event) -> int:
        place = bisect_right(self._emptied, answer.n)  # of a capture it is the first frame after the silence
        return self._emptied[place - 1] if place else 0


@judges(
    "REQ-GPF-7",
    severity=2,
    reference="keeps the difference of the pushed totals of each half hour",
    tests=["test_gas_copy"],
)
def half_hours_copied(trace: Trace, device: str) -> Finding:
    case = Case()
    meters = trace.devices("gsme")
    original = {entry[0]: entry for meter in meters for entry in _stored(trace, meter, "profile_data")}
    for utc, value, event in _stored(trace, device, "profile_data"):
        if utc not in original:
            continue
        _, due, source = original[utc]
        case.check(
            value is None or value == due,
            "the copy of the half hour to %s is %s, the meter has %s" % (to_iso(utc), value, due),
            source,
            event,
        )
    _check_profile_answers(case, trace, device)
    return case.result("the copy equals the meter's half hours", "the trace shows no half hours of proxy and meter")


def _stored(trace: Trace, device: str, store: str) -> list[tuple[int, int | None, Event]]:
    return [
        (moment(entry["utc"]), entry.get("value"), event)
        for event in trace.of("store", source=device)
        if event.get("store") == store and event.get("operation") == "append" and (entry := event.get("entry") or {}).get("utc")
    ]


def _check_profile_answers(case: Case, trace: Trace, device: str) -> None:
    """What readers got of half hours is the difference of what was pushed at their ends."""
    registers = {}
    for push in pushes(trace, device):
        for event in push.frames:
            value = event.attributes.get(REGISTER)
            if isinstance(value, int) and push.time is not None and push.time % HALF_HOUR <= EARLY:
                registers[push.time - push.time % HALF_HOUR] = (value, event)
    for answer in trace.of("zcl", source=device, cluster=METERING, command="get_profile_response"):
        end = answer.fields.get("end_time")
        if end is None or not is_reader(answer.destination):
            continue
        for age, value in enumerate(answer.fields.get("intervals", ())):
            utc = moment(end) - age * HALF_HOUR
            last, first = registers.get(utc), registers.get(utc - HALF_HOUR)
            if value is None or last is None or first is None:
                continue
            case.check(
                value == last[0] - first[0],
                "the half hour to %s is given as %s, the pushes differ by %d" % (to_iso(utc), value, last[0] - first[0]),
                first[1],
                last[1],
                answer,
            )


@judges(
    "REQ-GPF-8",
    severity=2,
    reference="keeps the sum of a day's half hours",
    tests=["test_gas_copy"],
)
def days_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    half_hours = {utc: value for utc, value, _ in _stored(trace, device, "profile_data")}
    for utc, value, event in _stored(trace, device, "daily_consumption"):
        parts = [half_hours.get(utc - place * HALF_HOUR) for place in range(DAY // HALF_HOUR)]
        if value is None or any(part is None for part in parts):
            continue
        due = sum(part for part in parts if part is not None)
        case.check(value == due, "the day to %s is kept as %d, its half hours make %d" % (to_iso(utc), value, due), event)
    return case.result("a day is the sum of its half hours", "no day with all its half hours is in the trace")


@judges("REQ-GPF-1", severity=2, reference="keeps each midnight snapshot of the meter", tests=["test_snapshots"])
def daily_reads_kept(trace: Trace, device: str) -> Finding:
    case = Case()
    kept = {
        moment((event.get("entry") or {})["utc"])
        for event in trace.of("store", source=device)
        if event.get("store") == "daily_read" and event.get("operation") == "append"
    }
    for event in trace.of("zcl", destination=device, cluster=METERING, command="publish_snapshot"):
        at = event.fields.get("snapshot_time")
        if at is None or not (event.fields.get("snapshot_cause") or 0) & GENERAL or not trace.complete:
            continue
        if event.milliseconds + 5000 < trace.end and present(trace, device, event.milliseconds, event.milliseconds):
            case.check(moment(at) in kept, "the snapshot of %s was not kept" % at, event)
    for exchange in exchanges(trace, device, METERING, "get_snapshot"):
        answer = exchange.answer
        if answer is not None and answer.get("command") == "publish_snapshot":
            case.seen(exchange.question, answer)
    return case.result("daily reads are kept", "no daily snapshot reached the proxy")


@judges("REQ-GPF-11", severity=3, reference="answers NOT_FOUND where nothing lies in the range", tests=["AT-099-1"])
def not_found(trace: Trace, device: str) -> Finding:
    case = Case()
    for command in ("get_snapshot", "get_sampled_data"):
        for exchange in exchanges(trace, device, METERING, command):
            answer = exchange.answer
            if answer is None:
                continue
            if exchange.refused is not None:
                case.check(
                    exchange.refused == "NOT_FOUND",
                    "%s is refused with %s" % (command, exchange.refused),
                    exchange.question,
                    answer,
                )
                continue
            if command == "get_sampled_data":
                case.check(bool(answer.fields.get("samples")), "an answer without samples", exchange.question, answer)
            else:
                _check_range(case, exchange.question, answer)
    return case.result("ranges are kept to, NOT_FOUND where nothing lies in them", "nobody on the HAN asked for a dated range")


def _check_range(case: Case, question: Event, answer: Event) -> None:
    start, end, at = question.fields.get("start_time"), question.fields.get("end_time"), answer.fields.get("snapshot_time")
    if at is None:
        return
    inside = (start is None or moment(start) <= moment(at)) and (end is None or moment(at) < moment(end))
    case.check(inside, "the snapshot of %s lies outside the range asked for" % at, question, answer)


# --- calendars ------------------------------------------------------------------------------------------------


@judges(
    "REQ-GPF-15",
    severity=2,
    reference="takes FFFFFFFF for the switching table in force, FFFFFFFE for the non-disablement calendar in force",
    tests=["test_snapshots"],
)
def calendars_in_force(trace: Trace, device: str) -> Finding:
    case = Case()
    for exchange in exchanges(trace, device, CALENDAR, "get_day_profiles"):
        question, answer = exchange.question, exchange.answer
        wanted = question.fields.get("issuer_calendar_id")
        if answer is None or wanted not in IN_FORCE:
            continue
        given = _calendar_set(trace, IN_FORCE[wanted], answer)
        if given is None:
            known = trace.complete and exchange.refused != "NOT_FOUND"
            case.check(not known, "no calendar was set, the answer is %s" % answer.get("command"), question, answer)
            continue
        taken, identifier = given
        case.check(
            answer.fields.get("issuer_calendar_id") == identifier and not exchange.turned,
            "calendar %d is in force, the answer is %s"
            % (identifier, exchange.refused or "calendar %s" % answer.fields.get("issuer_calendar_id")),
            taken,
            question,
            answer,
        )
    return case.result("both identifiers stand for what is in force", "nobody on the HAN asked for a calendar in force")


def _calendar_set(trace: Trace, kind: int, before: Event) -> tuple[Event, int] | None:
    """The newest calendar of a kind that a gas meter took before an answer: its answer and the calendar's identifier."""
    found = None
    for meter in trace.devices("gsme"):
        for dialogue in dialogues(trace, meter, *CALENDAR_COMMANDS):
            if dialogue.answer is None or dialogue.answer.n > before.n or not succeeded(dialogue):
                continue
            for part in parts(dialogue.command):
                fields = part.get("fields") or {}
                if part.get("command") != "publish_calendar" or fields.get("calendar_type") != kind:
                    continue
                start = fields.get("start_time")  # 0, at once, is the year 2000
                if start is not None and moment(start) <= before.utc:
                    found = dialogue.answer, int(fields["issuer_calendar_id"])
    return found
