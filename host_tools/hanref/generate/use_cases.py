# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the packed GBCS tables on the board: `use_case_table.py` and `gbz_table.py` of firmware/han/gbcs.

Run it as `python -m hanref.generate.use_cases FOLDER`; a test sees to it that the files in the project are up to date.
"""

import csv
import re
import struct
import sys
import textwrap
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

Row = dict[str, str]

DEVICES = ("CHF", "GPF", "ESME", "GSME", "PPMID", "HCALCS", "SAPC")
# Bit numbers: the remote party roles of GBCS, then those that have no number there.
ROLES = (
    "Root",
    "Recovery",
    "Supplier",
    "Network Operator",
    "Access Control Broker",
    "Transitional Change of Supplier",
    "WAN Provider",
    "Issuing Authority",
    "Load Controller",
    "PPMID",
)
FORMS = ("cmd:MAC", "cmd:MAC+sig", "cmd:sig", "rsp:MAC", "rsp:sig", "alert:MAC", "alert:sig")
FORMS_OF_CATEGORY = {
    "SME.C.C": "cmd:MAC+sig rsp:sig",
    "SME.C.NC": "cmd:MAC rsp:MAC",
    "SME.C.NC+UTRN crypto": "cmd:MAC rsp:MAC",
    "SME.C.PPMID-GSME": "cmd:MAC rsp:MAC",
    "SME.A.C": "alert:sig",
    "SME.A.NC": "alert:MAC",
    "ZSE specified": "",
    "": "",
    "See GBCS": "cmd:MAC+sig rsp:sig",  # root credentials: as the other modes of the use case
    # The published set has no command of this mode; the recovery command beside it is signed only.
    "observed rsp:sig": "cmd:sig rsp:sig",
}
PROTOCOLS = ("", "DLMS", "GBZ", "ASN.1")
ANTI_REPLAY, FUTURE_DATED, ENCRYPTED, TIME_OF_EXECUTION, TIME_OF_DATA, SUPPLIER_ONLY_AT_GSME = (1 << n for n in range(6))

WIDTHS = {
    "UINT8": 1, "ENUM8": 1, "BITMAP8": 1, "UINT16": 2, "BITMAP16": 2, "UINT24": 3, "UINT32": 4, "INT32": 4,
    "BITMAP32": 4, "UTCTIME": 4, "TIME": 4,
}  # fmt: skip
STRING, STRUCTURE = 14, 15
RANGE = 15
DIRECTIONS = ("command", "response", "alert")
DEFAULT_RESPONSE = 0x0B
READ_ATTRIBUTES = 0x00
COMPONENT_ENCRYPTED, FROM_DATE_TIME, REPEATED = 1, 2, 4


def read(name: str) -> list[Row]:
    """The rows of a table of the data folder."""
    return list(csv.DictReader((files("hanref.data") / name).read_text(encoding="utf-8").splitlines()))


# --- use cases ------------------------------------------------------------------------------------------------


def mask(text: str, names: tuple[str, ...]) -> int:
    """The bits of the names in a list such as `Supplier; Network Operator`."""
    bits = 0
    for part in text.split(";"):
        bits |= 1 << names.index(part.strip())
    return bits


def targets(text: str) -> int:
    """The bits of the devices that a use case is for."""
    if text in ("All", "ZigBee Device"):
        return mask("; ".join(DEVICES), DEVICES) if text == "All" else mask("GPF; GSME", DEVICES)
    bits = 0
    for part in re.sub(r"\(.*?\)", "", text).split(";"):
        name = part.strip().removesuffix(" in a Dual Band CH only")
        bits |= 1 << DEVICES.index(name) if name else 0
    return bits


def forms(category: str) -> int:
    """The bits of the protections that commands, responses and alerts of a category may have."""
    text = FORMS_OF_CATEGORY.get(category, category.removeprefix("observed "))
    return sum(1 << FORMS.index(form) for form in text.split())


def flags(row: Row, addition: Row) -> int:
    """The bits of what else holds for a use case."""
    seen = row["response_clock_status_seen"]
    return (
        (ANTI_REPLAY if "Yes" in (row["anti_replay"], addition.get("anti_replay")) else 0)
        | (FUTURE_DATED if row["future_dated"] == "Yes" else 0)
        | (ENCRYPTED if row["encrypted_content"] == "yes" else 0)
        | (TIME_OF_EXECUTION if seen == "FF" else 0)
        | (TIME_OF_DATA if seen not in ("", "FF") else 0)
        | (SUPPLIER_ONLY_AT_GSME if "GSME (supplier only)" in row["device_types"] else 0)
        | PROTOCOLS.index(row["protocol"] if row["protocol"] in PROTOCOLS else "") << 6
    )


def use_case_rows() -> tuple[bytes, bytes]:
    """(rows, names) of all message codes."""
    additions = {row["message_code"]: row for row in read("gbcs-use-case-additions.csv")}
    modelled = {row["use_case"]: row["targets"] for row in read("gbcs-modelled.csv")}
    rows = bytearray()
    names = bytearray()
    places: dict[str, int] = {}
    for row in sorted(read("gbcs-use-cases.csv"), key=lambda row: row["message_code"]):
        if not row["message_code"]:
            continue  # firmware distribution: no GBCS message
        addition = additions.get(row["message_code"], {})
        name = row["use_case"]
        if name not in places:
            places[name] = len(names)
            names += bytes((len(name),)) + name.encode()
        roles = addition.get("roles") or row["roles_allowed"]
        rows += struct.pack(
            ">HHBBHBB",
            int(row["message_code"], 16),
            places[name],
            targets(addition.get("targets") or row["device_types"]),
            forms(row["message_type"]),
            mask(roles, ROLES) if roles else 0,
            flags(row, addition),
            mask(modelled[name], DEVICES) if name in modelled else 0,
        )
    return bytes(rows), bytes(names)


# --- GBZ templates --------------------------------------------------------------------------------------------


def number(text: str) -> int:
    """A number of a template: 12, 0x0C or 0b1100."""
    return int(text.strip(), 0)


def number_or_none(text: str) -> int | None:
    """The number of a template, None where the text is none."""
    try:
        return number(text)
    except ValueError:
        return None


def values(text: str, width: int) -> tuple[int, bytes]:
    """(count of alternatives or RANGE, their octets) of what follows the equals sign of a field."""
    if match := re.fullmatch(r"(\w+) ?- ?(\w+)", text):
        alternatives, count = [number(match[1]), number(match[2])], RANGE
    else:
        alternatives = [number(part) for part in text.split("|")] if text and text[0].isdigit() else []
        count = len(alternatives)
    return count, b"".join(value.to_bytes(width, "little") for value in alternatives)


def fields_of(text: str) -> Iterator[bytes]:
    """The packed fields of one component."""
    for field in text.split("; "):
        if field == "From Date Time" or re.match(r"\d+ =", field):
            continue  # in the component's header; a remark on the field before
        name, _, fixed = field.partition("=")
        if match := re.match(r"0x([0-9A-F]{4}) ", name):
            yield b"\x12" + int(match[1], 16).to_bytes(2, "little")  # an attribute that is read
        elif name.endswith("ZSE struct"):
            yield bytes((STRUCTURE,))
        elif name.endswith("STRING"):
            yield bytes((STRING | 1 << 4, number(fixed))) if fixed else bytes((STRING,))
        else:
            width = WIDTHS[name.split()[-1].upper()]
            count, octets = values(fixed, width)
            yield bytes((width | count << 4,)) + octets


def instances(command: str) -> tuple[int, int]:
    """(fewest, most) components of a kind."""
    match = re.search(r"\((\d+)(?:-(\w+))? instances", command)
    if not match:
        return 1, 1
    most = match[2] or match[1]
    return int(match[1]), 255 if most == "n" else int(most)


def fixed_command(row: Row) -> int | None:
    """The command that a default response of a template answers."""
    match = re.match(r"Command identifier UINT8=(0x\w\w);", row["fields"])
    return number(match[1]) if match and number(row["command_id"]) == DEFAULT_RESPONSE else None


def is_cluster_command(row: Row) -> bool:
    return bool(number(row["frame_control"]) & 3)


def answers_to(command: Row, responses: list[Row]) -> tuple[int, int]:
    """(component of the answer with data, component of the default response) to a command; 0 where there is none."""
    same = [row for row in responses if row["cluster"] == command["cluster"]]
    if not is_cluster_command(command):
        reads = [row for row in same if not is_cluster_command(row) and fixed_command(row) is None]
        return (int(reads[0]["component"]), 0) if reads else (0, 0)
    for row in same:
        if fixed_command(row) == number(command["command_id"]):
            before = [other for other in same if int(other["component"]) == int(row["component"]) - 1]
            answer = before[0] if before and is_cluster_command(before[0]) else None
            return int(answer["component"]) if answer else 0, int(row["component"])
    data = [row for row in same if is_cluster_command(row)]
    return (int(data[0]["component"]), 0) if data else (0, 0)


def templates() -> list[Row]:
    """The rows of the template table and what this project adds to it."""
    return read("gbcs-gbz-templates.csv") + read("gbcs-gbz-template-additions.csv")


def template_rows() -> tuple[bytes, bytes]:
    """(rows, fields) of all components."""
    table = templates()
    rows = []
    fields = bytearray(b"\x00")  # an empty list
    places = {b"\x00": 0}
    for row in table:
        direction = DIRECTIONS.index(row["direction"]) + 1
        is_read_answer = direction != 1 and not is_cluster_command(row) and number(row["command_id"]) == 1
        packed = (b"" if is_read_answer else b"".join(fields_of(row["fields"]))) + b"\x00"
        if packed not in places:
            places[packed] = len(fields)
            fields += packed
        fewest, most = instances(row["command"])
        answer, default = 0, 0
        if direction == 1:
            siblings = [other for other in table if other["message_code"] == row["message_code"]]
            answer, default = answers_to(row, [other for other in siblings if other["direction"] == "response"])
        marks = (COMPONENT_ENCRYPTED if row["encrypted"] == "yes" else 0) | (
            FROM_DATE_TIME if row["from_date_time"] == "yes" else 0
        )
        rows.append(
            struct.pack(
                ">HBHBBBBBBBH",
                number(row["message_code"]),
                direction << 6 | int(row["component"]),
                number(row["cluster"]),
                number(row["frame_control"]),
                number(row["command_id"]),
                marks,
                fewest,
                most,
                answer,
                default,
                places[packed],
            )
        )
    return b"".join(sorted(rows)), bytes(fields)


# --- modules --------------------------------------------------------------------------------------------------

USE_CASES_HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""All GBCS message codes, packed. Made by hanref.generate.use_cases: change that or its tables, not this.

A row, 10 octets, big endian, in the order of codes: code u16, place of the name in NAMES u16, targets u8, forms u8, roles
u16, flags u8 (bits: anti-replay, future dated, encrypted, header time FF, header time of the data, only the supplier at
the GSME; the upper two: 1 DLMS, 2 GBZ, 3 ASN.1), targets of which we have a model u8. A name is a length and its text.
Bits from the lowest:

targets: {devices}
forms: {forms}
roles: {roles}
"""

'''

TEMPLATES_HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""All GBZ components, packed. Made by hanref.generate.use_cases: change that or its tables, not this.

A row, 14 octets, big endian, in order: message code u16, direction (1 command, 2 response, 3 alert) in the upper two
bits and component number in the lower six u8, cluster u16, frame control u8, ZCL command u8, marks u8 (bits: encrypted,
From Date Time), fewest and most instances u8 u8, component that answers with data u8, component of the default
response u8 (commands only, 0 is none), place in FIELDS u16.

A field is an octet and values: the lower four bits are the width in octets, 14 for an octet string, 15 for a
structure to the end; the upper four how many values, little endian, follow of which it has one, 15 for a range of
two values. The octet 0 ends a list; answers to reads have an empty one.
"""

'''


def literal(name: str, octets: bytes) -> str:
    """A bytes constant, 16 octets a line."""
    lines = [octets[i : i + 16] for i in range(0, len(octets), 16)]
    text = "".join('    b"' + "".join(f"\\x{octet:02x}" for octet in line) + '"\n' for line in lines)
    return f"{name} = (\n{text})\n"


def use_case_table() -> str:
    """The text of use_case_table.py."""
    rows, names = use_case_rows()
    roles = "\n".join(textwrap.wrap(", ".join(ROLES), 110))
    head = USE_CASES_HEAD.format(devices=" ".join(DEVICES), forms=" ".join(FORMS), roles=roles)
    return head + literal("ROWS", rows) + "\n" + literal("NAMES", names)


def gbz_table() -> str:
    """The text of gbz_table.py."""
    rows, fields = template_rows()
    return TEMPLATES_HEAD + literal("ROWS", rows) + "\n" + literal("FIELDS", fields)


def tables() -> dict[str, str]:
    """File name and text of every table."""
    return {"use_case_table.py": use_case_table(), "gbz_table.py": gbz_table()}


if __name__ == "__main__":
    for file_name, text in tables().items():
        (Path(sys.argv[1]) / file_name).write_text(text, encoding="utf-8")
