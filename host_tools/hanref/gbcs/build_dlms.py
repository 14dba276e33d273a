# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""Payloads of commands whose content is DLMS, by name from texts: what to read, write and invoke, in the order of the use case
[GBCS 7.2.9]. Where attributes and methods are comes from the table of COSEM attributes.
"""

import csv
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from han.gbcs import axdr, cosem_time, dlms, envelope, protected, use_cases
from han.gbcs import cosem_places as places

from hanref.errors import UsageError
from hanref.gbcs.texts import Texts
from hanref.generate.cosem_places import DATA, logical_name

Place = tuple[int, bytes, int]
Datum = tuple[int, Any]
Part = tuple[Any, Datum]  # what to do, and with which datum

NULL: Datum = (axdr.NULL, None)
ENCRYPTION = 4  # purpose of a transaction: attributes are encrypted [GBCS 4.3.3.3]
RESET: Datum = (axdr.INTEGER, 0)
UTRN = 20  # digits
INSTALL_CODE = 1  # key type of CCS01 [GBCS 12.1]
OWN_CLOCK = 5  # clock base that ECS70 writes [GBCS 9.1]
EVER = 0xFFFFFFFE  # the end of a log that is read to its end
_RESTRICTING = (1, b"\x00\x00\x5e\x2c\x64\xff", 2, 0)  # the object by whose value a log is read in part, 0-0:94.44.100.255


class Command(Texts):
    """Parameters of a command, with what its header says."""

    def __init__(self, use_case: str, parameters: Mapping[str, Any], counter: int, originator: bytes, recipient: bytes) -> None:
        super().__init__(use_case, parameters)
        self.counter = counter
        self.originator = originator
        self.recipient = recipient


def _get(place: Place, selection: Datum | None = None) -> Part:
    if selection is None:
        return dlms.Specification(dlms.GET, *place), NULL
    return dlms.Specification(dlms.GET_WITH_SELECTION, *place, 1, selection), NULL


def _put(place: Place, datum: Datum) -> Part:
    return dlms.Specification(dlms.SET, *place), datum


def _act(place: Place, datum: Datum = NULL) -> Part:
    return dlms.Specification(dlms.ACTION, *place), datum


def _time(utc: int | None) -> Datum:
    return axdr.OCTET_STRING, cosem_time.encode(utc)


def _range(start: int, end: int) -> Datum:
    """The entries of a log between two moments."""
    class_id, obis, attribute, index = _RESTRICTING
    restricting = [
        (axdr.LONG_UNSIGNED, class_id),
        (axdr.OCTET_STRING, obis),
        (axdr.INTEGER, attribute),
        (axdr.LONG_UNSIGNED, index),
    ]
    return axdr.STRUCTURE, [
        (axdr.STRUCTURE, restricting),
        (axdr.DOUBLE_LONG_UNSIGNED, start),
        (axdr.DOUBLE_LONG_UNSIGNED, end),
        (axdr.ARRAY, []),
    ]


def _dates(texts: Texts) -> Datum:
    return _range(texts.moment("start", 0), texts.moment("end", EVER))


def _log(place: Place) -> Callable[[Texts], list[Part]]:
    return lambda texts: [_get(place, _dates(texts))]


def _tenancy(texts: Texts) -> list[Part]:
    return [_put(places.RESTRICT_DATA, _time(texts.moment("date")))]


def _set_clock(texts: Texts) -> list[Part]:
    limits = [_time(None), _time(texts.moment("start")), _time(texts.moment("end"))]
    return [
        _put(places.TIME_CLOCK_BASE, (axdr.ENUM, OWN_CLOCK)),
        _act(places.TIME_PRESET, (axdr.STRUCTURE, limits)),
        _act(places.TIME_ADJUST, (axdr.INTEGER, 0)),
        _get(places.TIME_VALUE),
        _get(places.TIME_STATUS),
    ]


@cache
def _places(use_case: str) -> list[tuple[Place, bool]]:
    """Where the attributes and methods of a use case are, in its order, each once; whether it is a method."""
    found: dict[tuple[Place, bool], None] = {}
    with (DATA / "gbcs-dlms-attributes.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["use_case"] == use_case:
                place = int(row["class"]), logical_name(row["obis"]), int(row["number"])
                found[(place, row["kind"] == "M")] = None
    return list(found)


_NAMES: dict[Place, str] = {place: name.lower() for name, place in vars(places).items() if isinstance(place, tuple)}


def _read(texts: Texts) -> list[Part]:
    """Every attribute of the use case; logs by their dates."""
    logs = (places.VOLTAGE_LOG_1, places.VOLTAGE_LOG_2, places.VOLTAGE_LOG_3)
    dates = _dates(texts) if any(place in logs for place, _ in _places(texts.use_case)) else None
    return [_get(place, dates if place in logs else None) for place, _ in _places(texts.use_case)]


def _write(texts: Texts) -> list[Part]:
    """Every attribute of the use case takes the number of its name (`sag_threshold`); its methods are resets."""
    parts = []
    for place, is_method in _places(texts.use_case):
        if is_method:
            parts.append(_act(place, RESET))
        else:
            parts.append(_put(place, (axdr.DOUBLE_LONG_UNSIGNED, texts.number(_NAMES[place]))))
    return parts


def _top_up(texts: Texts) -> list[Part]:
    digits = texts.text("utrn")
    if len(digits) != UTRN or not digits.isdecimal():
        raise UsageError(f"{texts.use_case}: utrn: {UTRN} digits are wanted")
    return [_act(places.ADD_CREDIT, (axdr.OCTET_STRING, digits.encode()))]


def _protected(place: Place, dated: bool) -> Callable[[Command], list[Part]]:
    """A read of one attribute that is answered encrypted; `dated`: of the entries between two dates."""

    def parts(texts: Command) -> list[Part]:
        dates = None
        if dated:
            dates = tuple(cosem_time.encode(texts.moment(name, other)) for name, other in (("start", 0), ("end", EVER)))
        (where,) = [found for found, is_method in _places(texts.use_case) if is_method and found[0] == protected.CLASS]
        transaction = envelope.transaction(ENCRYPTION, texts.counter)
        wanted = (axdr.ARRAY, [protected.object_wanted(*place, dates)])
        return [_act(where, (axdr.STRUCTURE, [wanted, protected.parameters(transaction, texts.originator, texts.recipient)]))]

    return parts


def _add(texts: Texts) -> list[Part]:
    device = [
        (axdr.OCTET_STRING, texts.entity("device")),
        (axdr.ENUM, INSTALL_CODE),
        (axdr.OCTET_STRING, _of_length(texts, "install_code", 16)),
        (axdr.ENUM, texts.number("device_type")),
    ]
    return [
        _act(places.DEVICE_LOG_ADD, (axdr.STRUCTURE, device)),
        _put(places.DEVICE_LOG_TIMEOUT, (axdr.LONG_UNSIGNED, texts.number("join_timeout", 90))),
        _put(places.DEVICE_LOG_JOINING, (axdr.BOOLEAN, True)),
    ]


def _remove(texts: Texts) -> list[Part]:
    return [_act(places.DEVICE_LOG_REMOVE, (axdr.OCTET_STRING, texts.entity("device")))]


def _restore(texts: Texts) -> list[Part]:
    """`entries`: ENTITY/HASH,ENTITY/HASH."""
    devices = []
    for part in texts.text("entries").split(","):
        entity, _, digits = part.strip().partition("/")
        own = Texts(texts.use_case, {"entries": entity, "hash": digits})
        octets = [(axdr.OCTET_STRING, own.entity("entries")), (axdr.OCTET_STRING, _of_length(own, "hash", 16))]
        devices.append((axdr.STRUCTURE, octets))
    network = axdr.OCTET_STRING, _of_length(texts, "extended_pan_id", 8)
    return [_act(places.DEVICE_LOG_RESTORE, (axdr.STRUCTURE, [network, (axdr.ARRAY, devices)]))]


def _of_length(texts: Texts, name: str, length: int) -> bytes:
    octets = texts.octets(name)
    if len(octets) != length:
        raise UsageError(f"{texts.use_case}: {name}: {length} octets, not {len(octets)}")
    return octets


BUILDERS: dict[str, Callable[[Command], list[Part]]] = {
    "CCS01": _add,
    "CCS02": _remove,
    "CCS03": _restore,
    "CCS05/CCS04": lambda texts: [_get(places.DEVICE_LOG_ACTIVE)],
    "CCS06": lambda texts: [_get(places.DEVICE_LOG_ACTIVE)],
    "CCS07": lambda texts: [_act(places.DEVICE_LOG_READ), _act(places.HISTORIC_LOG_READ)],
    "CS01a": _top_up,
    "ECS12": _tenancy,
    "ECS15a": lambda texts: [_act(places.CLEAR_EVENT_LOG, (axdr.INTEGER, 0))],
    "ECS17b": _protected(places.IMPORT_REGISTERS, False),
    "ECS22b": _protected(places.IMPORT_PROFILE, True),
    "ECS23": _read,
    "ECS23b": _read,
    "ECS26b": _read,
    "ECS26k": _read,
    "ECS29a": _write,
    "ECS29b": _write,
    "ECS29c": _write,
    "ECS29d": _write,
    "ECS29e": _write,
    "ECS29f": _write,
    "ECS35a": _log(places.EVENT_LOG),
    "ECS35b": _log(places.SECURITY_LOG),
    "ECS35c": _log(places.HUB_EVENT_LOG),
    "ECS35d": _log(places.HUB_SECURITY_LOG),
    "ECS70": _set_clock,
}


def payload(code: int, parameters: Mapping[str, Any], counter: int, originator: bytes, recipient: bytes) -> bytes:
    """The payload of a command by its message code; raises UsageError for what is missing or does not fit."""
    name = use_cases.find(code).name
    if name not in BUILDERS:
        raise UsageError(f"{name}: give its payload")
    texts = Command(name, parameters, counter, originator, recipient)
    parts = BUILDERS[name](texts)
    texts.finish()
    specifications, data = zip(*parts, strict=True)
    request = dlms.AccessRequest(dlms.invoke_id(counter), list(specifications), list(data))
    return bytes(dlms.encode(request))
