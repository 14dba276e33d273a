# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the cluster and type tables of the firmware: `python -m hanref.generate.clusters [--check]`.

Source: `hanref/data/zse-clusters.json` (its origin is told in `hanref/data/zse-sources.md`). Entries that the source marks
"do not implement" are left out. The tables are packed `bytes`, because bytes stay in flash on a board while tuples and
dicts are copied to the heap; `han.zcl.clusters` reads them. A module has:

* `SERVER`, `CLIENT`: attributes of the side, sorted by first identifier, records of nine octets (little endian):
  first identifier u16, count u8, step u8, type u8, access u8 (1 read, 2 write), first number u8, name offset u16.
  A record stands for `count` attributes `step` apart: with a `NUMBER` after a word of its name the name counts up
  from the first number, without one the names follow each other in the pool.
* `SERVER_NAMES`, `CLIENT_NAMES`: the names in record order between delimiters, word by word (see `Words`).
* `COMMANDS`: records of six octets: direction u8 (0 to the server, 1 to the client), identifier u8, name offset u16 in
  `TERMS`, program offset u16 in `PROGRAMS`.
* `TERMS`: names of commands, fields and groups, written in the same way.
* `PROGRAMS`: the payloads, as operations; see `han.zcl.operations`.
* `LINK_KEY`: whether all sources agree that the cluster's frames travel under the APS link key.
"""

import argparse
import json
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from han.zcl import operations as op
from han.zcl import tables

from hanref.generate.naming import snake_case

SOURCE = Path(__file__).parents[1] / "data" / "zse-clusters.json"
DELIMITER = b"\n"
NUMBER = b"\x01"
LONGEST_LIST = 16
GREATEST_OVERLAP = 8

# Kinds of value, read by han.zcl.types; the numbers are an agreement between these two files.
KINDS = {
    "nodata": 15, "unk": 15, "data": 3, "map": 3, "uint": 1, "UTC": 1, "int": 4, "bool": 5, "enum": 2, "clusterId": 2,
    "attribId": 2, "bacOID": 2, "semi": 6, "single": 6, "double": 6, "octstr": 7, "string": 8, "array": 9, "set": 9,
    "bag": 9, "struct": 10, "EUI64": 11, "ToD": 12, "date": 12, "key": 13,
}  # fmt: skip

# The source does not name repeated groups. Ours, by command or structure, outermost group first.
GROUP_NAMES = {
    "PublishPriceMatrix": ["prices"],
    "PublishBlockThresholds": ["tiers", "block_thresholds"],
    "PublishTierLabels": ["labels"],
    "ScheduleSnapshot": ["schedules"],
    "ScheduleSnapshotResponse": ["schedules"],
    "MirrorReportAttributeResponse": ["notification_flags"],
    "GetProfileResponse": ["intervals"],
    "GetSampledDataResponse": ["samples"],
    "ConfigureNotificationFlags": ["bit_field_allocations", "command_ids"],
    "SupportedTunnelProtocolsResponse": ["protocols"],
    "PublishTopUpLog": ["top_ups"],
    "PublishDebtLog": ["debts"],
    "PublishDayProfile": ["schedule_entries"],
    "PublishSeasons": ["seasons"],
    "PublishSpecialDays": ["special_days"],
    "ReportEventConfiguration": ["event_configurations"],
    "PublishEventLog": ["events"],
    "PairingResponse": ["devices"],
    "metering_snapshot_sub_payload": ["tier_summations", "tier_block_summations"],
    "set_event_configuration_payload": ["event_ids"],
}


class Pool:
    """Strings between delimiters; a string is known by the offset of its first octet."""

    def __init__(self) -> None:
        self.octets = bytearray(DELIMITER)

    def add(self, text: bytes) -> int:
        offset = len(self.octets)
        self.octets += text + DELIMITER
        return offset

    def offset(self, text: bytes) -> int:
        """Where `text` is; added where it is not there yet."""
        found = self.octets.find(DELIMITER + text + DELIMITER)
        return self.add(text) if found < 0 else found + 1


class Words:
    """The words of all names. The commonest are written as one octet from 0x20, which counts them, the others as two:
    the word's offset in halves of seven bits, with bit 7 set."""

    COMMON = 96
    FIRST = 0x20

    def __init__(self, names: Iterable[Sequence[str]]) -> None:
        counts = Counter(word for name in names for word in name if word)
        pool = Pool()
        offsets = {word: pool.add(word.encode()) for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}
        self.octets = bytes(pool.octets)
        self.common = list(offsets.values())[: self.COMMON]
        self._codes = {}
        for place, (word, offset) in enumerate(offsets.items()):
            code = bytes((0x80 | offset >> 7, 0x80 | offset & 0x7F))
            self._codes[word] = bytes((self.FIRST + place,)) if place < self.COMMON else code

    def code(self, name: Sequence[str]) -> bytes:
        """A name; an empty word stands for the number after the word before it."""
        return b"".join(self._codes[word] if word else NUMBER for word in name)


@dataclass
class Row:
    """One attribute of the source."""

    identifier: int
    name: str
    type: int
    access: int

    def template(self) -> tuple[list[str], int | None]:
        """Its words, the last number at the end of a word as a word of its own that is empty, and that number."""
        words: list[str] = self.name.split("_")
        for place in range(len(words) - 1, -1, -1):
            bare = words[place].rstrip("0123456789")
            if bare != words[place]:
                return [*words[:place], bare, "", *words[place + 1 :]], int(words[place][len(bare) :])
        return words, None


def rows(cluster: dict[str, Any], side: str) -> list[Row]:
    """The attributes of one side that are to be implemented, by identifier."""
    found = [
        Row(int(entry["id"], 16), snake_case(entry["name"]), int(entry["type_id"], 16), 3 if "w" in entry["access"] else 1)
        for entry in cluster["attributes"]
        if entry["side"] in (side, "both") and "do not implement" not in entry.get("note", "")
    ]
    return sorted(found, key=lambda row: row.identifier)


def numbered(row: Row, free: dict[int, Row]) -> list[Row]:
    """The longest series of `row` and attributes a fixed step apart whose names count up."""
    words, number = row.template()
    if number is None:
        return [row]
    longest = [row]
    for step in range(1, 256):
        series = [row]
        while len(series) < 255:
            following = free.get(row.identifier + step * len(series))
            if following is None or (following.type, following.access) != (row.type, row.access):
                break
            if following.template() != (words, number + len(series)):
                break
            series.append(following)
        if len(series) > len(longest):
            longest = series
    return longest


def listed(row: Row, free: dict[int, Row]) -> list[Row]:
    """`row` and what follows it without a gap, of the same type and without numbers."""
    series = [row]
    while len(series) < LONGEST_LIST:
        following = free.get(row.identifier + len(series))
        if following is None or following.template()[1] is not None:
            break
        if (following.type, following.access) != (row.type, row.access):
            break
        series.append(following)
    return series


def series_of(attributes: list[Row]) -> list[list[Row]]:
    """All attributes in series, sorted by first identifier; at most GREATEST_OVERLAP series cover one identifier."""
    free = {row.identifier: row for row in attributes}
    found: list[list[Row]] = []
    for row in attributes:
        if row.identifier not in free:
            continue
        series = numbered(row, free) if row.template()[1] is not None else listed(row, free)
        covered = [other for other in attributes if row.identifier < other.identifier < series[-1].identifier]
        if len(covered) > GREATEST_OVERLAP * len(series):
            series = [row]
        for taken in series:
            del free[taken.identifier]
        found.append(series)
    return found


def overlap(found: list[list[Row]]) -> int:
    """How many records before the last one that begins at or before an identifier may still hold it."""
    deepest = 0
    for place, series in enumerate(found):
        last = series[-1].identifier
        later = place
        while later + 1 < len(found) and found[later + 1][0].identifier <= last:
            later += 1
        deepest = max(deepest, later - place)
    return deepest


def pack_side(attributes: list[Row], words: Words) -> tuple[bytes, bytes, int]:
    """Records, names and overlap of one side."""
    found = series_of(attributes)
    names = Pool()
    records = bytearray()
    for series in found:
        first = series[0]
        number = first.template()[1]
        step = series[1].identifier - first.identifier if len(series) > 1 else 1
        offset = names.add(words.code(first.template()[0]))
        if number is None:
            for row in series[1:]:
                names.add(words.code(row.template()[0]))
        records += struct.pack("<HBBBBBH", first.identifier, len(series), step, first.type, first.access, number or 0, offset)
    return bytes(records), bytes(names.octets), overlap(found)


class Programs:
    """Payload layouts of one cluster as operations."""

    def __init__(self, source: dict[str, Any], words: Words) -> None:
        self._structures = source["structures"]
        self._types = {name: int(entry["id"], 16) for name, entry in source["zcl_types"].items()}
        self._words = words
        self.terms = Pool()
        self.octets = bytearray((op.END,))  # offset 0: the empty payload

    def add(self, owner: str, fields: list[dict[str, Any]]) -> int:
        """Compile `fields` of the command or structure `owner`; the offset of the program."""
        if not fields:
            return 0
        body = self._sequence(fields, list(GROUP_NAMES.get(owner, []))) + bytes((op.END,))
        found = self.octets.find(body)
        if found >= 0:
            return found
        offset = len(self.octets)
        self.octets += body
        return offset

    def term(self, name: str) -> int:
        """Where a name is in the terms."""
        return self.terms.offset(self._words.code(name.split("_")))

    def _term(self, name: str) -> bytes:
        return struct.pack("<H", self.term(name))

    def _sequence(self, fields: list[dict[str, Any]], groups: list[str]) -> bytes:
        return b"".join(self._item(field, fields, groups) for field in fields)

    def _item(self, field: dict[str, Any], fields: list[dict[str, Any]], groups: list[str]) -> bytes:
        if "repeat" in field:
            return self._group(field, fields, groups)
        prefix = b""
        if "condition" in field:
            prefix = self._condition(field["condition"])
        elif "absent_value" in field:
            fill = int(field["absent_value"] or "0xFF", 16) & 0xFF
            prefix = bytes((op.FILLED, fill))
        elif field.get("optional"):
            prefix = bytes((op.OPTIONAL,))
        return prefix + self._field(field, groups)

    def _field(self, field: dict[str, Any], groups: list[str]) -> bytes:
        kind = field["type"]
        name = field["name"]
        if kind == "choice":
            return self._choice(field["choices"], groups)
        if kind == "struct_ref":
            return self._structure(name, field["ref"])
        if kind == "bytes_to_end":
            return bytes((op.REST,)) + self._term(name)
        if kind.endswith("big-endian") and kind.startswith("uint"):
            return bytes((op.BIG_ENDIAN,)) + self._term(name) + bytes((int(kind[4:-11]) // 8,))
        if "length" in field:
            return bytes((op.OCTETS,)) + self._term(name) + bytes((field["length"],))
        return bytes((self._types[kind],)) + self._term(name)

    def _condition(self, text: str) -> bytes:
        """`name==value`, `name>=value` or `name&mask`."""
        for sign, code in (("==", op.EQUAL), (">=", op.AT_LEAST), ("&", op.ANY_BIT)):
            if sign in text:
                name, value = text.split(sign)
                return bytes((op.IF,)) + self._term(name) + bytes((code, int(value, 0)))
        raise ValueError("condition %r is not understood" % text)

    def _choice(self, choices: dict[str, list[dict[str, Any]]], groups: list[str]) -> bytes:
        """Alternatives by condition: each field is made conditional."""
        octets = b""
        for condition, fields in choices.items():
            for field in fields:
                octets += self._condition(condition)
                if field.get("repeat", "").startswith("count:"):
                    (octet,) = field["fields"]
                    octets += bytes((op.COUNTED_OCTETS,)) + self._term(octet["name"])
                    octets += self._term(field["repeat"][6:])
                else:
                    octets += self._field(field, groups)
        return octets

    def _group(self, field: dict[str, Any], fields: list[dict[str, Any]], groups: list[str]) -> bytes:
        name = groups.pop(0)
        body = self._sequence(field["fields"], groups)
        single = len(field["fields"]) == 1
        repeat = field["repeat"]
        # A count spread over two nibbles that sources read differently: the group is the last, so its end tells.
        if repeat == "to_end" or repeat.startswith("count:from "):
            head = bytes((op.LIST_TO_END if single else op.GROUP_TO_END,)) + self._term(name)
        else:
            counter, _, mask = repeat[6:].partition("&")
            head = bytes((op.COUNTED_LIST if single else op.COUNTED_GROUP,)) + self._term(name)
            (width,) = [0xFFFF if entry["type"].endswith("16") else 0xFF for entry in fields if entry.get("name") == counter]
            head += self._term(counter) + struct.pack("<H", int(mask, 0) if mask else width)
        return head + struct.pack("<H", len(body)) + body

    def _structure(self, name: str, reference: str) -> bytes:
        structure = self._structures[reference]
        octets = bytes((op.STRUCTURE,)) + self._term(name) + self._term(structure["selector"])
        octets += bytes((len(structure["variants"]),))
        for selector, fields in structure["variants"].items():
            octets += struct.pack("<BH", int(selector.split(" ")[0]), self.add(reference, fields))
        return octets


def literal(octets: bytes) -> str:
    """`octets` as a bytes literal over several lines."""
    if not octets:
        return 'b""'
    lines = []
    for start in range(0, len(octets), 24):
        lines.append('    b"%s"' % "".join("\\x%02x" % octet for octet in octets[start : start + 24]))
    return "(\n%s\n)" % "\n".join(lines)


HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""%s.

Generated by hanref.generate.clusters from zse-clusters.json: change that, not this file.
"""

'''


def names_of(fields: list[dict[str, Any]]) -> Iterator[str]:
    """The names of fields, at any depth."""
    for field in fields:
        if "name" in field:
            yield field["name"]
        yield from names_of(field.get("fields", []))
        for choice in field.get("choices", {}).values():
            yield from names_of(choice)


def all_names(source: dict[str, Any]) -> Iterator[list[str]]:
    """Every name the tables write, as words."""
    for cluster in source["clusters"].values():
        for side in ("server", "client"):
            for series in series_of(rows(cluster, side)):
                written = series[:1] if series[0].template()[1] is not None else series
                yield from (row.template()[0] for row in written)
        for command in cluster["commands"]:
            yield snake_case(command["name"]).split("_")
            yield from (name.split("_") for name in names_of(command["fields"]))
    for structure in source["structures"].values():
        yield structure["selector"].split("_")
        for variant in structure["variants"].values():
            yield from (name.split("_") for name in names_of(variant))
    for groups in GROUP_NAMES.values():
        yield from (name.split("_") for name in groups)


def words_module(words: Words) -> str:
    """The text of the module of words."""
    text = HEADER % "The words of all names, the commonest first; where each of those begins (u16); and how far they reach"
    offsets = b"".join(struct.pack("<H", offset) for offset in words.common)
    text += "WORDS = %s\nCOMMON = %s\n" % (literal(words.octets), literal(offsets))
    return text + "COMMON_END = %d\n" % (words.octets.find(DELIMITER, words.common[-1]) + 1)


def cluster_module(source: dict[str, Any], cluster: dict[str, Any], words: Words) -> str:
    """The text of one cluster's module."""
    programs = Programs(source, words)
    server, server_names, server_overlap = pack_side(rows(cluster, "server"), words)
    client, client_names, client_overlap = pack_side(rows(cluster, "client"), words)
    commands = bytearray()
    directions = {"client_to_server": 0, "server_to_client": 1}
    for command in sorted(cluster["commands"], key=lambda entry: (directions[entry["direction"]], int(entry["id"], 16))):
        name = programs.term(snake_case(command["name"]))
        program = programs.add(command["name"], command["fields"])
        commands += struct.pack("<BBHH", directions[command["direction"]], int(command["id"], 16), name, program)
    text = HEADER % ("Cluster %s, %s" % (cluster["id"].replace("0x", ""), cluster["name"]))
    text += 'NAME = "%s"\n' % snake_case(cluster["name"].replace(" ", "").replace("-", ""))
    secured = cluster["aps_key"].startswith("link_key") and "aps_key_note" not in cluster
    text += "LINK_KEY = %s\n" % secured
    text += "SERVER_OVERLAP = %d\nCLIENT_OVERLAP = %d\n" % (server_overlap, client_overlap)
    for constant, octets in (
        ("SERVER", server),
        ("SERVER_NAMES", server_names),
        ("CLIENT", client),
        ("CLIENT_NAMES", client_names),
        ("COMMANDS", bytes(commands)),
        ("PROGRAMS", bytes(programs.octets)),
        ("TERMS", bytes(programs.terms.octets)),
    ):
        text += "%s = %s\n" % (constant, literal(octets))
    return text


def types_module(source: dict[str, Any]) -> str:
    """The text of the table of data types."""
    kinds, sizes = bytearray(256), bytearray(256)
    names = b"\n"
    for name, entry in source["zcl_types"].items():
        identifier = int(entry["id"], 16)
        kinds[identifier] = KINDS.get(name) or KINDS[name.rstrip("0123456789")]
        sizes[identifier] = {"var": 2 if name.endswith("16") else 1}.get(entry["size"], entry["size"])
        names += b"%02x%s\n" % (identifier, name.encode())
    text = HEADER % "ZCL data types: kind and size of each type number, and its name after its number in hex"
    text += "# A string's size is that of its length.\n"
    for constant, octets in (("KINDS", bytes(kinds)), ("SIZES", bytes(sizes)), ("NAMES", names)):
        text += "%s = %s\n" % (constant, literal(octets))
    return text


def modules() -> dict[str, str]:
    """File name -> text of every generated module."""
    source = json.loads(SOURCE.read_text(encoding="utf-8"))
    words = Words(all_names(source))
    texts = {"types.py": types_module(source), "words.py": words_module(words)}
    for identifier, cluster in source["clusters"].items():
        texts["c%s.py" % identifier[2:].lower()] = cluster_module(source, cluster, words)
    clusters = b"".join(struct.pack("<H", int(identifier, 16)) for identifier in sorted(source["clusters"]))
    texts["__init__.py"] = HEADER % "Cluster tables, a module a cluster" + "CLUSTERS = %s\n" % literal(clusters)
    return texts


def write(folder: Path, check: bool = False) -> list[str]:
    """Write the tables that differ from what is in `folder`, with `check` only look; the names of those that did."""
    stale = []
    for name, text in modules().items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    return stale


def main() -> int:
    """Write the tables, or with --check compare them with what is there."""
    parser = argparse.ArgumentParser(prog="python -m hanref.generate.clusters", description="writes the cluster tables")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    arguments = parser.parse_args()
    stale = write(Path(tables.__file__).parent, arguments.check)
    for name in stale:
        print("%s %s" % ("out of date:" if arguments.check else "wrote", name))
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
