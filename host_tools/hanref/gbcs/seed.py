# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device must have held to answer as it did: a state (hanref.gbcs.state) out of a command and its answer.

Values, log entries, tables, the time and counters come from the answer's fields, whom the device trusts from the header
of both. A failure that no state explains is
one fault: the first component that failed, or the attribute; what follows from it is the device's own.
"""

from typing import Any

from han.clock import STATUS_NAMES, to_iso
from han.gbcs import cosem_time, envelope, gbz, use_cases
from han.zcl import clusters, types

from hanref.gbcs import seed_commissioning, seed_dlms, seed_meter
from hanref.gbcs.check import Checked
from hanref.gbcs.keys import PARTIES, Keys

NOT_FOUND = 0x8B
NOT_CARRIED_OUT = 0xFF
DAY = 86400
LENGTHS = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}  # octets of the length of a string type
Plain = dict[str, Any]


def state_of(command: bytes, checked: Checked, keys: Keys) -> Plain:
    """The state, as plain data, before a device gave the answer `checked` to a command; raises what `shown` raises."""
    return surround(shown(command, checked, keys))


def is_fault(plain: Plain) -> bool:
    """Whether a state has a fault, which no value explains."""
    failed = any("status" in value for values in plain["attributes"].values() for value in values.values())
    return failed or bool(plain["faults"]) or "top_up_fault" in plain.get("meter", {})


def surround(plain: Plain) -> Plain:
    """Add to what an answer shows the entries that it only counts: they lie before the dates that were asked for."""
    for name, (total, start) in plain["logs"].pop("outside", {}).items():
        entries = plain["logs"][name]
        _, _, cause, payload = entries[-1]
        for missing in range(total - len(entries)):
            entries.insert(0, [0, start - (missing + 1) * DAY, cause, payload])
    return plain


def shown(command: bytes, checked: Checked, keys: Keys) -> Plain:
    """What the answer `checked` to a command shows of the state before it.

    Raises HanError for messages that are none, ValueError for an encrypted component that could not be read.
    """
    message = checked.message
    plain: Plain = {"entity": message.originator.hex(), "attributes": {}, "faults": {}, "logs": {}}
    _take_time(plain, message, keys.role(message.originator))
    request = envelope.decode(command)
    plain["trusts"] = [entity.hex() for entity in _trusted(request, message, keys)]
    if message.supplementary_originator_counter is not None:
        plain["counters"] = {"own": message.supplementary_originator_counter - 1}
    use_case = use_cases.find(request.message_code)
    if use_case.protocol == use_cases.ASN1:
        seed_commissioning.take(plain, use_case.name, request, message, keys)
        return plain
    if use_case.protocol == use_cases.DLMS:
        seed_dlms.take(plain, request.payload, message.payload, checked.plaintexts)
        return plain
    asked = gbz.decode(request.payload, envelope.COMMAND).components
    seed_meter.take_waiting(plain, request, asked)
    answers = gbz.decode(message.payload, message.cra, message.message_code).components
    plaintexts = iter(checked.plaintexts)
    for component in answers:
        payload = next(plaintexts) if component.encrypted else component.payload
        if payload is None:
            raise ValueError("an encrypted component could not be read")
        _take_component(plain, asked[component.sequence], component, payload, request)
    return plain


def _trusted(request: envelope.Message, response: envelope.Message, keys: Keys) -> list[bytes]:
    """One party a role: who sent the command, else whom the answer was encrypted for as a party it knows, else the first."""
    held: dict[str, bytes] = {}
    known = response.supplementary_remote_party if response.supplementary_originator_counter is None else None
    for entity in (request.originator, known, *keys.parties):
        role = None if entity is None else keys.role(entity)
        if entity is not None and role in (*PARTIES, "ppmid"):
            held.setdefault(str(role), entity)
    return list(held.values())


def _take_time(plain: Plain, message: envelope.Message, role: str | None) -> None:
    if message.date_time is None:
        return
    utc, status = cosem_time.decode(message.date_time)
    source, reliability = cosem_time.source_and_reliability(status, role)
    plain["time"] = {
        "utc": to_iso(utc),
        "source": source or "GPF",
        "status": STATUS_NAMES[0 if reliability is None else reliability],
    }


def _take_component(
    plain: Plain, asked: gbz.Component, component: gbz.Component, payload: bytes, request: envelope.Message
) -> None:
    if component.is_global() and component.command == gbz.READ_ATTRIBUTES_RESPONSE:
        plain["attributes"].setdefault(f"{component.cluster:04X}", {}).update(records(payload))
    elif component.is_global() and component.command == gbz.DEFAULT_RESPONSE:
        command, status = payload
        if command != NOT_CARRIED_OUT and status and not (status == NOT_FOUND and _is_read(asked)):
            plain["faults"][str(component.sequence)] = f"{status:02X}"
    else:
        direction = component.frame_control >> 3 & 1
        name, fields = clusters.decode_command(component.cluster, component.command, direction, payload)
        take = TAKERS.get(name)
        if take is not None:
            take(plain["logs"], fields, asked)
        elif name in seed_meter.TAKERS:
            seed_meter.TAKERS[name](plain, fields, asked, request)


def _is_read(asked: gbz.Component) -> bool:
    """Whether a command asks for entries, of which there may be none."""
    return not asked.is_global() and seed_meter.decoded(asked)[0].startswith("get_")


def records(payload: bytes) -> Plain:
    """The attributes of a Read Attributes Response as a state file has them."""
    found: Plain = {}
    at = 0
    while at < len(payload):
        identifier, status = int.from_bytes(payload[at : at + 2], "little"), payload[at + 2]
        at += 3
        if status:
            found[f"{identifier:04X}"] = {"status": f"{status:02X}"}
            continue
        type_id = payload[at]
        start = at + 1
        value, at = types.decode(type_id, payload, start)
        if isinstance(value, (bytes, str)):
            # A text may hold octets that are none.
            value = hexadecimal(payload[start + LENGTHS[type_id] : at])
        found[f"{identifier:04X}"] = {"value": value, "type": f"{type_id:02X}"}
    return found


# --- logs and tables ------------------------------------------------------------------------------------------


def hexadecimal(value: bytes) -> dict[str, str]:
    """Octets as a state file has them."""
    return {"hex": value.hex()}


def _take_snapshot(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    prepay = "snapshot_payload" in fields
    name = "prepay_snapshots" if prepay else "snapshots"
    entries = logs.setdefault(name, [])
    payload = fields["snapshot_payload" if prepay else "snapshot_sub_payload"]
    direction = asked.frame_control >> 3 & 1
    _, wanted = clusters.decode_command(asked.cluster, asked.command, direction, asked.payload)
    start = wanted["earliest_start_time" if prepay else "start_time"]
    entries.append([fields["snapshot_id"], fields["snapshot_time"], fields["snapshot_cause"], payload])
    logs.setdefault("outside", {})[name] = [fields["total_snapshots_found"], start]


def _take_debts(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    names = ("collection_time", "amount_collected", "debt_type", "outstanding_debt")
    logs["debts"] = [[entry[name] for name in names] for entry in fields["debts"]]


def _take_top_ups(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    logs["top_ups"] = [
        [entry["top_up_time"], entry["top_up_amount"], hexadecimal(entry["top_up_code"])] for entry in fields["top_ups"]
    ]


def _take_samples(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    interval = fields["sample_request_interval"]
    entry = [fields["sample_start_time"], DAY if interval is None else interval, fields["samples"]]
    logs.setdefault("samples", {})[str(fields["sample_id"])] = entry


def _take_events(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    found = logs.setdefault("events", {})
    for entry in fields["events"]:
        log = found.setdefault(str(entry["log_id"]), [])
        log.append([entry["event_time"], entry["event_id"], hexadecimal(entry["event_data"])])


def _calendar(logs: Plain, fields: Plain, asked: gbz.Component) -> Plain:
    """The calendar that a command asked for; its identifier in the command tells which."""
    non_disablement = (0xFFFFFFFE).to_bytes(4, "little") in asked.payload
    empty = {"days": [], "weeks": [], "seasons": [], "special_start": 0, "special_days": []}
    calendars: Plain = logs.setdefault("calendars", {})
    calendar: Plain = calendars.setdefault("3" if non_disablement else "0", empty)
    calendar["issuer_event_id"] = fields["issuer_event_id"]
    calendar["issuer_calendar_id"] = fields["issuer_calendar_id"]
    return calendar


def _take_day(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    entries = [[entry["start_time_minutes"], entry["value"]] for entry in fields["schedule_entries"]]
    _calendar(logs, fields, asked)["days"].append([fields["day_id"], entries])


def _take_week(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week = [fields["week_id"], [fields[f"day_id_ref_{day}"] for day in days]]
    _calendar(logs, fields, asked)["weeks"].append(week)


def _take_seasons(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    seasons = [[hexadecimal(entry["season_start_date"]), entry["week_id_ref"]] for entry in fields["seasons"]]
    _calendar(logs, fields, asked)["seasons"] = seasons


def _take_special_days(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    calendar = _calendar(logs, fields, asked)
    calendar["special_start"] = fields["start_time"]
    calendar["special_days"] = [
        [hexadecimal(entry["special_day_date"]), entry["day_id_ref"]] for entry in fields["special_days"]
    ]


def _take_price(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    logs["price"] = {name: hexadecimal(value) if isinstance(value, bytes) else value for name, value in fields.items()}


def _take_billing_period(logs: Plain, fields: Plain, asked: gbz.Component) -> None:
    logs["billing_period"] = fields


TAKERS = {
    "publish_snapshot": _take_snapshot,
    "publish_prepay_snapshot": _take_snapshot,
    "publish_debt_log": _take_debts,
    "publish_top_up_log": _take_top_ups,
    "get_sampled_data_response": _take_samples,
    "publish_event_log": _take_events,
    "publish_day_profile": _take_day,
    "publish_week_profile": _take_week,
    "publish_seasons": _take_seasons,
    "publish_special_days": _take_special_days,
    "publish_price": _take_price,
    "publish_billing_period": _take_billing_period,
}
