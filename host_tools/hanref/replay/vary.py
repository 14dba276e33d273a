# SPDX-License-Identifier: GPL-3.0-or-later
"""Other numbers, times and counters in a state, so that its answer changes in those and in nothing else.

Times stay in the order they were in and within the dates that the command asks for; numbers keep their sign and fit
into as many octets as before. What says how many items follow, which list an entry belongs to, or for how long a fixed
period is, is kept: it is no reading.
"""

import random
from collections.abc import Sequence
from typing import Any

from han.clock import to_iso
from han.errors import HanError
from han.gbcs import axdr, cosem_time, der, dlms, elements, envelope, gbz, protected, use_cases
from han.zcl import types

from hanref.gbcs import seed_commissioning, seed_dlms
from hanref.gbcs.seed_meter import decoded
from hanref.moments import moment

Plain = dict[str, Any]
Bounds = tuple[int, int]
END = 0xFFFFFFFE
STARTS = ("start_time", "earliest_start_time", "from_date_time", "sample_start_time")
ENDS = ("end_time", "latest_end_time")
# Fields of ZCL commands that give the form of what follows.
FORMS = ("number_of_", "total_", "command_index", "sub_payload_control", "snapshot_payload_type", "type_id")
DATE_TIME = 12  # octets


class Varied:
    """A state being varied: `pairs` has what was changed into what, as the fields of an answer have it; `shifts` by how
    much sums moved of which the state has a part only."""

    def __init__(self, seed: int | str, bounds: Bounds) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.bounds = bounds
        self.pairs: set[tuple[Any, Any]] = set()
        self.shifts: set[int] = set()

    def changed(self, old: Any, new: Any) -> Any:
        """Note a change."""
        self.pairs.add((old, new))
        return new

    def below(self, old: int | None, limit: int) -> int | None:
        """Another number from 0 on and below a limit; no value stays none."""
        return None if old is None else int(self.changed(old, self.between(0, limit - 1, old)))

    def number(self, old: Any) -> Any:
        """Another number of the same sign and as many octets; anything else as it is."""
        if not isinstance(old, int) or isinstance(old, bool):
            return old
        octets = max(1, (abs(old).bit_length() + 7) // 8)
        # With the highest bit set it is no signed number of so many octets; all bits set is "no value".
        unsigned = abs(old).bit_length() == 8 * octets and old != -(1 << 8 * octets - 1)
        limit = (1 << 8 * octets) - 1 if unsigned else 1 << 8 * octets - 1
        new = int(self.changed(abs(old), self.between(0, limit - 1, abs(old))))
        return self.changed(old, -new if old < 0 else new)

    def times(self, old: Sequence[int], inclusive: bool = False) -> list[int]:
        """Times in the same order, each nearer to its old place than to its neighbours', within the dates asked for."""
        start, end = self.bounds
        last = end if inclusive else end - 1
        new = []
        for place, time in enumerate(old):
            low = start if place == 0 else (old[place - 1] + time) // 2 + 1
            high = last if place == len(old) - 1 else (time + old[place + 1]) // 2
            low, high = max(low, start, time - 43200), min(high, last, time + 43200)
            if not low <= time <= high:  # an entry that lies outside
                low = high = time
            new.append(self.changed(time, self.between(low, high, time)))
        return new

    def between(self, low: int, high: int, old: int) -> int:
        """Another number of a range that has `old`, both ends included, where it has one."""
        if low == high:
            return old
        new = self.random.randrange(low, high)
        return new + 1 if new >= old else new

    def fields(self, old: Any) -> Any:
        """Fields of a ZCL command: every number, but for those that give a form."""
        if isinstance(old, dict):
            if list(old) == ["hex"]:
                return old
            return {name: value if name.startswith(FORMS) else self.fields(value) for name, value in old.items()}
        if isinstance(old, list):
            return [self.fields(value) for value in old]
        return self.number(old)


def bounds_of(command: bytes) -> Bounds:
    """The dates that a command asks for: (first moment, end)."""
    message = envelope.decode(command)
    use_case = use_cases.find(message.message_code)
    start, end = 0, END
    if use_case.protocol == use_cases.GBZ:
        for component in gbz.decode(message.payload, envelope.COMMAND).components:
            if component.is_global():
                continue
            fields = decoded(component)[1]
            start = max([start, *(fields[name] for name in STARTS if fields.get(name) is not None)])
            end = min([end, *(fields[name] for name in ENDS if fields.get(name) is not None)])
    elif use_case.protocol == use_cases.DLMS:
        for low, high in _ranges(dlms.decode(message.payload)):
            start, end = max(start, low), min(end, high)
    return start, end


def _ranges(request: Any) -> list[Bounds]:
    """The dates in the selections and protected reads of an access request."""
    found = []
    for number, wanted in enumerate(request.specifications):
        datum = request.data[number]
        if wanted.selection is not None:
            _, low, high, _ = wanted.selection[1]
            found.append((low[1], high[1]))
        elif wanted.class_id == protected.CLASS:
            for item in datum[1][0][1]:
                dates = protected.read_object_wanted(item)[3]
                if dates is not None:
                    found.append(tuple(cosem_time.decode(date)[0] for date in dates))
    return found


def vary(shown: Plain, command: bytes, seed: int | str) -> tuple[Plain, Varied]:
    """A varied copy of a state (`hanref.gbcs.seed.shown`), and what was changed."""
    varied = Varied(seed, bounds_of(command))
    plain = dict(shown)
    for name, change in CHANGES.items():
        if name in plain:
            plain[name] = change(varied, plain[name])
    if "hub_time" in plain:
        interval = seed_dlms.interval_of(command) or seed_commissioning.interval_of(command)
        plain["hub_time"] = _hub_time(varied, plain["hub_time"], interval)
    return plain, varied


def _hub_time(varied: Varied, hub_time: Any, interval: Bounds | None) -> int:
    """Another time in the interval of a Set Clock; one outside stays there."""
    old = hub_time if isinstance(hub_time, int) else moment(hub_time)
    start, end = interval or (old, old)
    if not start <= old <= end:
        return old
    new = int(varied.changed(old, varied.between(start, end, old)))
    varied.changed(cosem_time.encode(old), cosem_time.encode(new))
    varied.changed(elements.time(old)[1], elements.time(new)[1])
    return new


# --- the parts of a state -------------------------------------------------------------------------------------


def _attributes(varied: Varied, clusters: Plain) -> Plain:
    return {
        cluster: {identifier: _attribute(varied, value) for identifier, value in values.items()}
        for cluster, values in clusters.items()
    }


def _attribute(varied: Varied, old: Plain) -> Plain:
    if "value" not in old or not isinstance(old["value"], int):
        return old
    type_id = int(old["type"], 16)
    for _ in range(100):
        new = varied.random.getrandbits(8 * (types.size(type_id) or 1))
        for candidate in (new, new - (1 << 8 * (types.size(type_id) or 1))):
            try:
                octets = types.encode(type_id, candidate)
                value, _ = types.decode(type_id, octets, 0)
            except HanError:
                continue
            if value is not None and value != old["value"] and isinstance(value, type(old["value"])):
                return {"value": varied.changed(old["value"], value), "type": old["type"]}
    return old


def _time(varied: Varied, old: Plain) -> Plain:
    if old.get("utc") is None:
        return old
    utc = old["utc"] if isinstance(old["utc"], int) else moment(old["utc"])
    new = varied.changed(utc, utc + varied.random.randrange(1, 10 * 86400))
    varied.changed(elements.time(utc)[1], elements.time(new)[1])
    varied.changed(cosem_time.encode(utc), cosem_time.encode(new))
    return {**old, "utc": to_iso(new)}


def _counters(varied: Varied, old: Plain) -> Plain:
    new = dict(old)
    if "own" in old:
        # What the answer has is the next one.
        new["own"] = varied.below(old["own"], 1 << 62)
        varied.changed(old["own"] + 1, new["own"] + 1)
    if "accepted" in old:
        new["accepted"] = {party: _integer(varied, counter) for party, counter in old["accepted"].items()}
    return new


def _integer(varied: Varied, old: int) -> int:
    """Another number, not 0, that an answer has as an INTEGER."""
    new = varied.below(old, 1 << 62) or old + 1
    varied.changed(der.integer(old)[1], der.integer(new)[1])
    return new


def _commissioning(varied: Varied, old: Plain | None) -> Plain | None:
    """Versions of the firmware; keys and parties are no numbers."""
    if not old or "firmware" not in old:
        return old
    version, image = old["firmware"]
    by = varied.random.randrange(1, 1 << 32)
    for number in (version, version if image is None else image[1]):
        varied.changed(_octets_of(number), _octets_of(number ^ by))
    return {**old, "firmware": [version ^ by, None if image is None else [image[0], image[1] ^ by]]}


def _octets_of(version: int) -> bytes:
    return version.to_bytes(4, "big")


def _snapshots(varied: Varied, entries: list[Any]) -> list[Any]:
    times = varied.times([entry[1] for entry in entries])
    return [
        [varied.below(entry[0], 0xFFFFFFFE), time, entry[2], varied.fields(entry[3])]
        for entry, time in zip(entries, times, strict=True)
    ]


def _debts(varied: Varied, entries: list[Any]) -> list[Any]:
    times = varied.times([entry[0] for entry in entries])
    return [
        [time, varied.number(amount), kind, varied.number(outstanding)]
        for time, (_, amount, kind, outstanding) in zip(times, entries, strict=True)
    ]


def _top_ups(varied: Varied, entries: list[Any]) -> list[Any]:
    times = varied.times([entry[0] for entry in entries])
    return [[time, varied.number(entry[1]), entry[2]] for time, entry in zip(times, entries, strict=True)]


def _samples(varied: Varied, logs: Plain) -> Plain:
    return {
        sample_id: [varied.times([first])[0], interval, [varied.below(value, 0xFFFFFE) for value in values]]
        for sample_id, (first, interval, values) in logs.items()
    }


def _events(varied: Varied, logs: Plain) -> Plain:
    found = {}
    for log_id, entries in logs.items():
        times = varied.times([entry[0] for entry in entries])
        found[log_id] = [[time, varied.below(code, 0x8FFF), data] for time, (_, code, data) in zip(times, entries, strict=True)]
    return found


def _calendars(varied: Varied, calendars: Plain) -> Plain:
    return {kind: _calendar(varied, calendar) for kind, calendar in calendars.items()}


def _calendar(varied: Varied, old: Plain) -> Plain:
    def moved(entries: list[Any]) -> list[Any]:
        """Numbered entries under other numbers, in the same order."""
        by = varied.random.randrange(1, 100)
        return [[varied.changed(number, number + by), rest] for number, rest in entries]

    return {
        **old,
        "issuer_event_id": varied.below(old["issuer_event_id"], 0xFFFFFFF0),
        "issuer_calendar_id": varied.below(old["issuer_calendar_id"], 0xFFFFFFF0),
        "days": [
            [day, [[minutes, varied.below(value, 0xFE)] for minutes, value in entries]] for day, entries in moved(old["days"])
        ],
        "weeks": [[week, [varied.below(day, 0xFE) for day in days]] for week, days in moved(old["weeks"])],
        "seasons": [[date, varied.below(week, 0xFE)] for date, week in old["seasons"]],
        "special_start": varied.below(old["special_start"], 0xFFFFFFF0) if old["special_days"] else old["special_start"],
        "special_days": [[date, varied.below(day, 0xFE)] for date, day in old["special_days"]],
    }


def _fields(varied: Varied, old: Plain) -> Plain:
    return dict(varied.fields(old))


LOGS: dict[str, Any] = {
    "snapshots": _snapshots,
    "prepay_snapshots": _snapshots,
    "debts": _debts,
    "top_ups": _top_ups,
    "samples": _samples,
    "events": _events,
    "calendars": _calendars,
    "price": _fields,
    "billing_period": _fields,
}


def _logs(varied: Varied, logs: Plain) -> Plain:
    return {name: LOGS[name](varied, value) if name in LOGS else value for name, value in logs.items()}


def _meter(varied: Varied, old: Plain) -> Plain:
    new = dict(old)
    if "payment" in old:
        new["payment"] = [varied.number(value) for value in old["payment"]]
    if "event_configurations" in old:
        new["event_configurations"] = [[event, varied.below(value, 0xFF)] for event, value in old["event_configurations"]]
    if "sample_id" in old:
        new["sample_id"] = varied.below(old["sample_id"], 0xFFFF)
    if "account" in old:
        credit = old["account"]["credit_remaining"]
        moved = varied.random.randrange(1, 1 << 20)
        # What was credited is the same, so the sum moves as well.
        new["account"] = {**old["account"], "credit_remaining": credit + moved}
        if old["account"].get("max_credit_limit") == credit:
            new["account"]["max_credit_limit"] = credit + moved
        varied.shifts.add(moved)
    return new


def _objects(varied: Varied, old: Plain) -> Plain:
    found = {}
    for place, datum in old.items():
        changed = _datum(varied, axdr.decode(bytes.fromhex(datum["hex"])))
        found[place] = {"hex": bytes(axdr.encode(changed)).hex()}
    return found


def _datum(varied: Varied, datum: Any) -> Any:
    tag, value = datum
    if tag in (axdr.ARRAY, axdr.STRUCTURE):
        return tag, [_datum(varied, item) for item in value]
    if tag == axdr.COMPACT_ARRAY:
        columns, rows = value
        return tag, (columns, _rows(varied, columns, rows))
    if tag == axdr.OCTET_STRING and len(value) == DATE_TIME:
        return tag, _date_time(varied, value)
    return tag, _plain(varied, tag, value)


def _plain(varied: Varied, tag: int, value: Any) -> Any:
    if tag not in axdr.NUMBERS or isinstance(value, float):
        return value
    layout, octets = axdr.NUMBERS[tag]
    lowest = -(1 << 8 * octets - 1) if layout[-1].islower() else 0
    return varied.changed(value, varied.between(lowest, lowest + (1 << 8 * octets) - 1, value))


def _rows(varied: Varied, columns: Any, rows: list[Any]) -> list[Any]:
    """Rows of a log: the first column is the time."""
    times = varied.times([row[0] for row in rows], inclusive=True)
    tags = columns[1]
    return [
        [time, *(_plain(varied, tag, value) for tag, value in zip(tags[1:], row[1:], strict=True))]
        for time, row in zip(times, rows, strict=True)
    ]


def _date_time(varied: Varied, old: bytes) -> bytes:
    try:
        utc, status = cosem_time.decode(old)
    except HanError:
        return old
    if utc is None:
        return old
    new: bytes = cosem_time.encode(utc + varied.random.randrange(1, 86400), status)
    return bytes(varied.changed(old, new))


CHANGES: dict[str, Any] = {
    "attributes": _attributes,
    "time": _time,
    "counters": _counters,
    "commissioning": _commissioning,
    "logs": _logs,
    "meter": _meter,
    "cosem": _objects,
    "cosem_methods": _objects,
}
