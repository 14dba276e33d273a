# SPDX-License-Identifier: GPL-3.0-or-later
"""The COSEM objects that a device must have had to answer an access request as it did.

What was read is an attribute, what was written existed before, what a method returned it has to return; the first
result that is no success is one fault of its specification, and nothing after it was executed.
"""

from typing import Any

from han.clock import RELIABLE, STATUS_NAMES, to_iso
from han.gbcs import axdr, cosem_time, dlms, envelope, protected
from han.gbcs import cosem_places as places

from hanref.gbcs.state_meter import place_text

Plain = dict[str, Any]
Specification = Any
CLOCK = (places.TIME_VALUE, places.TIME_STATUS)
CLOCK_METHODS = (places.TIME_PRESET, places.TIME_ADJUST)
NULL = (axdr.NULL, None)


def take(plain: Plain, asked: bytes, answered: bytes, plaintexts: list[bytes | None]) -> None:
    """Add the objects to a state; `plaintexts` has the values of each protected read. Raises HanError, ValueError."""
    request, response = dlms.decode(asked), dlms.decode(answered)
    plain["cosem"], plain["cosem_methods"] = {}, {}
    readable = iter(plaintexts)
    interval = (0, 0xFFFFFFFE)
    found: dict[tuple[int, bytes, int], Any] = {}
    for number, wanted in enumerate(request.specifications):
        place = wanted.class_id, wanted.obis, wanted.number
        code = response.results[number][1]
        datum = response.data[number]
        if code != dlms.SUCCESS and (code != dlms.NOT_EXECUTED or not plain["faults"]):
            plain["faults"][str(number)] = f"{code:02X}"
        if place == places.TIME_PRESET and wanted.choice == dlms.ACTION:
            interval = _interval(request.data[number])
        if place in CLOCK and wanted.choice == dlms.GET:
            found[place] = datum if code == dlms.SUCCESS else NULL
        elif wanted.class_id == protected.CLASS:
            _take_protected(plain, request.data[number], next(readable) if code == dlms.SUCCESS else None)
        else:
            _take(plain, wanted, place, datum if code == dlms.SUCCESS else NULL)
    if found:
        _take_clock(plain, found, interval)


def _take(plain: Plain, wanted: Specification, place: tuple[int, bytes, int], datum: Any) -> None:
    """One attribute or method; one that was written is there, with whatever value."""
    name = place_text(*place)
    if wanted.choice == dlms.ACTION:
        if place not in CLOCK_METHODS:
            plain["cosem_methods"][name] = _octets(datum)
    elif wanted.choice in (dlms.GET, dlms.GET_WITH_SELECTION) or name not in plain["cosem"]:
        plain["cosem"][name] = _octets(datum)


def _take_protected(plain: Plain, asked: Any, plaintext: bytes | None) -> None:
    """The attributes of a protected read."""
    objects = [protected.read_object_wanted(item) for item in asked[1][0][1]]
    values = [NULL] * len(objects)
    if plaintext is not None:
        values = axdr.decode(plaintext)[1]
    for (class_id, obis, number, _), value in zip(objects, values, strict=True):
        plain["cosem"][place_text(class_id, obis, number)] = _octets(value)


def interval_of(command: bytes) -> tuple[int, int] | None:
    """The interval of a Set Clock in an access request; None where there is none."""
    payload = envelope.decode(command).payload
    if payload[:1] != bytes((dlms.ACCESS_REQUEST,)):
        return None
    request = dlms.decode(payload)
    for wanted, datum in zip(request.specifications, request.data, strict=True):
        if (wanted.class_id, wanted.obis, wanted.number) == places.TIME_PRESET and wanted.choice == dlms.ACTION:
            return _interval(datum)
    return None


def _interval(datum: Any) -> tuple[int, int]:
    start, end = (cosem_time.decode(part[1])[0] for part in datum[1][1:])
    return start, end


def _take_clock(plain: Plain, found: dict[tuple[int, bytes, int], Any], interval: tuple[int, int]) -> None:
    """The hub's time was what the clock says where it was set, and outside the interval where it was not."""
    utc = None
    if found.get(places.TIME_VALUE, NULL) != NULL:
        utc = cosem_time.decode(found[places.TIME_VALUE][1])[0]
    status = found.get(places.TIME_STATUS, NULL)[1]
    if status == RELIABLE and utc is not None and interval[0] <= utc <= interval[1]:
        plain["hub_time"] = utc
        return
    plain["hub_time"] = interval[1] + 1
    plain["time"] = {"utc": to_iso(utc), "status": STATUS_NAMES[status or RELIABLE]}


def _octets(datum: Any) -> dict[str, str]:
    return {"hex": bytes(axdr.encode(datum)).hex()}
