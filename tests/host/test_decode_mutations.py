# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged messages through the decoder: each is decoded or refused with the documented error, nothing else escapes.

The messages are made from every row of the tables; the published ones join them where they are at hand.
"""

import io
import json
import os
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from gbcs_rows import components, notifications, requests, responses, template_payload, wrapped
from han.errors import CodecError
from han.gbcs import der, dlms, gbz
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE
from hanref.decode import as_json, as_table, as_xml, tables
from hanref.decode.batch import Batch
from hanref.gbcs import keys
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from rich.console import Console

FLAGS = {"command": COMMAND, "response": RESPONSE, "alert": ALERT}
TABLES = 50  # one of so many is drawn as a table, which takes longer
DEFECTS = (0x00, 0x01, 0x09, 0x13, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF)


def draw(strategy: st.SearchStrategy[bytes]) -> bytes:
    """One value of a strategy, the same in every run."""
    found: list[bytes] = []

    @seed(1)
    @settings(max_examples=2, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def keep(value: bytes) -> None:
        found.append(value)

    keep()
    return found[-1]


@st.composite
def gbz_messages(draw: st.DrawFn, row: tables.Row) -> bytes:
    """A message with one component of a row."""
    if int(row["frame_control"], 16) & 3:
        payload, _ = template_payload(draw, row)
    else:
        payload = draw(st.binary(max_size=30))
    cra, code = FLAGS[row["direction"]], int(row["message_code"], 16)
    head = (0x8F0A, 5) if cra == ALERT else (None, None)
    return wrapped(code, cra, gbz.encode(gbz.Payload(components(row, payload, None), *head)), signature=bytes(64))


def drawn() -> Iterator[bytes]:
    """A message for every row of the tables, with drawn values."""
    for code in sorted({row.code for row in tables.cosem_rows()}):
        yield draw(requests(code).map(lambda apdu, code=code: wrapped(code, COMMAND, dlms.encode(apdu))))
        yield draw(
            responses(code).map(
                lambda apdu, code=code: wrapped(code, RESPONSE, dlms.encode(apdu), signature=b"", mac=bytes(12))
            )
        )
    yield draw(notifications().map(lambda apdu: wrapped(0x1000, ALERT, dlms.encode(apdu), signature=bytes(64))))
    for row in tables.rows("gbcs-gbz-templates.csv"):
        yield draw(gbz_messages(row))


def asn1_messages() -> Iterator[bytes]:
    """Messages of the ASN.1 use cases: every shape of element, under every code."""
    inner = (der.SEQUENCE, [(der.INTEGER, b"\x02"), (der.BIT_STRING, b"\x03\x08"), (der.INTEGER, b"\x01")])
    time = (der.GENERALIZED_TIME, b"20230102000000Z")
    for element in (
        (der.NULL, b""),
        (der.INTEGER, b"\x03"),
        (der.OCTET_STRING, bytes(8)),
        (der.SEQUENCE, [(der.OCTET_STRING, bytes(32)), (der.INTEGER, b"\x03\xe8"), time]),
        (der.SEQUENCE, [inner, (der.SEQUENCE, [(der.INTEGER, b"\x02")])]),
        (der.SEQUENCE, [(der.SEQUENCE, [(der.INTEGER, b"\x02"), (der.CONTEXT + 3, b"\x01")]), (der.SEQUENCE, []), inner]),
    ):
        for code, use_case in tables.use_cases().items():
            if use_case.protocol == "ASN.1":
                yield wrapped(code, COMMAND, der.encode(element))
                yield wrapped(code, RESPONSE, der.encode(element), signature=b"", mac=bytes(12))


@cache
def seeds() -> list[bytes]:
    messages = [*drawn(), *asn1_messages()]
    folder = os.getenv("HANREF_VECTORS")
    if folder:
        for path in sorted(Path(folder).glob("*/*.json")):
            messages += [bytes.fromhex(message["hex"]) for message in json.loads(path.read_text())["messages"]]
    return messages


def mutated(chance: random.Random, message: bytes, others: list[bytes]) -> bytes:
    """One to four damages: another octet, one too many, some missing, a cut, a piece of another message."""
    octets = bytearray(message)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if not octets:
            break
        place = chance.randrange(len(octets))
        kind = chance.randrange(6)
        if kind == 0:
            octets[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            octets[place] = chance.choice(DEFECTS)
        elif kind == 2:
            octets.insert(place, chance.randrange(256))
        elif kind == 3:
            del octets[place : place + chance.randrange(1, 9)]
        elif kind == 4:
            del octets[place:]
        else:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            octets[place:place] = other[start : start + chance.randrange(1, 40)]
    return bytes(octets)


def check(count: int) -> None:
    """Decode `count` damaged messages; every one is one object of JSON and one element of XML."""
    chance = random.Random(count)  # the same messages in every run
    messages = seeds()
    batch = Batch(some_keys())
    console = Console(file=io.StringIO(), width=80)
    readable = 0
    for number in range(count):
        octets = mutated(chance, messages[number % len(messages)], messages)
        try:
            result = batch.result(octets)
            line = as_json.line(result)
            element = as_xml.element(result)
            if not number % TABLES:
                console.print(as_table.panel(result))
        except Exception as error:
            raise AssertionError(f"{octets.hex()}: {error!r}") from error
        assert line.count(b"\n") == 1
        assert element.endswith(">\n")
        if result.error is not None:
            assert isinstance(result.error, CodecError)
            assert result.error.offset is None or 0 <= result.error.offset <= len(octets)
        else:
            readable += 1
    # Damage to values leaves messages readable: the decoder was not only refusing headers.
    assert readable > count // 20
    assert batch.errors > count // 20


def some_keys() -> keys.Keys:
    folder = os.getenv("HANREF_VECTORS")
    return keys.load(Path(folder) / "keys.json") if folder else keys.Keys()


def test_damaged_messages() -> None:
    check(20_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_damaged_messages() -> None:
    check(1_000_000)
