# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and account of a gas meter, and COSEM objects, in a state file.

    "meter": {
      "waiting": [163],                        message codes of commands that wait for their date
      "payment": [1, 2, 1000000, 200000],      friendly credit, its calendar, emergency credit limit and threshold
      "event_configurations": [[33037, 24]],   event code and configuration
      "sample_id": 2,                          the next identifier that Start Sampling gives
      "account": {"credit_remaining": 5, ...}, attributes of the Prepayment cluster, UTRN counters `used`, `locked`
      "top_up_fault": [3, 0]                   result and value of a top-up that fails for a fault of the meter
    }

COSEM attributes and methods are named CLASS/OBIS/NUMBER, as 3/1-0:32.32.0.4/2.
"""

from typing import Any

from han.devices.prepayment import DEFAULTS
from han.errors import HanError
from han.gbcs import axdr, dlms

from hanref.errors import UsageError
from hanref.gbcs.state_logs import Check, fields, number, octets, row, rows

Place = tuple[int, str, int]


def account(value: Any, where: str) -> dict[str, Any]:
    """Attributes of the Prepayment cluster, and what goes with them."""
    for name, item in fields(value, where).items():
        place = f"{where}: {name}"
        if name == "used":
            rows(number)(item, place)
        elif name == "locked":
            if not isinstance(item, bool):
                raise UsageError(f"{place}: say true or false")
        elif name in DEFAULTS:
            number(item, place)
        else:
            raise UsageError(f"{place}: no such field; there are used, locked, {', '.join(DEFAULTS)}")
    return dict(value)


METER: dict[str, Check] = {
    "waiting": rows(number),
    "payment": row(number, number, number, number),
    "event_configurations": rows(row(number, number)),
    "sample_id": number,
    "account": account,
    "top_up_fault": row(number, number),
}


def parse(plain: Any, where: str) -> dict[str, Any]:
    """The settings in plain data, checked; raises UsageError, which begins with `where` and the place."""
    for name in fields(plain, where):
        if name not in METER:
            raise UsageError(f"{where}: {name}: no such setting; there are {', '.join(METER)}")
    return {name: METER[name](value, f"{where}: {name}") for name, value in plain.items()}


def place_text(class_id: int, obis: bytes, number: int) -> str:
    """CLASS/OBIS/NUMBER."""
    return f"{class_id}/{dlms.obis_text(obis)}/{number}"


def objects(plain: Any, where: str) -> dict[Place, bytes]:
    """{(class, OBIS code in hex, number): A-XDR} of COSEM attributes; raises UsageError."""
    found: dict[Place, bytes] = {}
    for name, value in fields(plain, where).items():
        place = f"{where}: {name}"
        try:
            class_id, obis, item = name.split("/")
            key = int(class_id), dlms.logical_name(obis).hex(), int(item)
        except (ValueError, HanError):
            raise UsageError(f"{place}: write CLASS/OBIS/NUMBER, as 3/1-0:32.32.0.4/2") from None
        datum = bytes.fromhex(octets(value, place)["hex"])
        try:
            axdr.decode(datum)
        except HanError as error:
            raise UsageError(f"{place}: no A-XDR: {error}") from None
        found[key] = datum
    return found
