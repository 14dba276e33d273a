# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoding then decoding is the identity for every row of the DLMS and the GBZ table, names included."""

from typing import Any

import pytest
from gbcs_rows import (
    any_data,
    components,
    notifications,
    requests,
    responses,
    template_payload,
    wrapped,
)
from han.gbcs import axdr, dlms, gbz
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE
from hanref.decode import cosem, tables
from hanref.decode.dlms import data_tree
from hanref.decode.message import decode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))

DLMS_CODES = sorted({row.code for row in tables.cosem_rows()})
GBZ_ROWS = tables.rows("gbcs-gbz-templates.csv")
FLAGS = {"command": COMMAND, "response": RESPONSE, "alert": ALERT}


@settings(max_examples=150, deadline=None)
@given(any_data)
def test_any_data(datum: Any) -> None:
    octets = axdr.encode(datum)
    assert axdr.decode(octets) == datum
    data_tree(datum)
    cosem.value(datum)


@pytest.mark.parametrize("code", DLMS_CODES, ids=lambda code: tables.use_cases()[code].name)
def test_dlms_command(code: int) -> None:
    @FEW
    @given(requests(code))
    def check(apdu: dlms.AccessRequest) -> None:
        octets = dlms.encode(apdu)
        again = dlms.decode(octets)
        assert [vars(item) for item in again.specifications] == [vars(item) for item in apdu.specifications]
        assert again.data == apdu.data
        decoded = decode(wrapped(code, COMMAND, octets))
        assert [(item["class"], item["obis"]) for item in decoded.content["items"]] == [
            (item.class_id, dlms.obis_text(item.obis)) for item in apdu.specifications
        ]
        names = [row.name for row in cosem.attributes(code)]
        assert [item.get("name", "") for item in decoded.content["items"]] == names

    check()


@pytest.mark.parametrize("code", DLMS_CODES, ids=lambda code: tables.use_cases()[code].name)
def test_dlms_response(code: int) -> None:
    @FEW
    @given(responses(code))
    def check(apdu: dlms.AccessResponse) -> None:
        octets = dlms.encode(apdu)
        again = dlms.decode(octets)
        assert (again.data, again.results) == (apdu.data, apdu.results)
        decoded = decode(wrapped(code, RESPONSE, octets, signature=bytes(64)))
        assert decoded.payload["data"] == [data_tree(datum) for datum in apdu.data]
        # Without the command the order of the table names the attributes.
        assert all("obis" in item for item in decoded.content["items"])

    check()


@settings(max_examples=60, deadline=None)
@given(notifications())
def test_dlms_alert(apdu: dlms.DataNotification) -> None:
    octets = dlms.encode(apdu)
    assert dlms.decode(octets).body == apdu.body
    decoded = decode(wrapped(0x1000, ALERT, octets, signature=bytes(64)))
    assert decoded.payload_family == "DLMS"
    assert decoded.content["meaning"]


def row_name(row: tables.Row) -> str:
    return "-".join((row["use_case"], row["direction"], row["component"]))


OWN_COMMANDS = [row for row in GBZ_ROWS if int(row["frame_control"], 16) & 3]
READ_ANSWERS = [row for row in GBZ_ROWS if not int(row["frame_control"], 16) & 3 and row["command_id"] == "0x01"]
READS = [row for row in GBZ_ROWS if not int(row["frame_control"], 16) & 3 and row["command_id"] == "0x00"]
DEFAULTS = [row for row in GBZ_ROWS if row["command_id"] == "0x0B" and not int(row["frame_control"], 16) & 3]


def test_every_row_is_tested() -> None:
    assert len(OWN_COMMANDS) + len(READ_ANSWERS) + len(READS) + len(DEFAULTS) == len(GBZ_ROWS)


def through(row: tables.Row, payload: bytes, from_date_time: int | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(tree, content) of a component of a row after encoding and decoding a whole message."""
    cra, code = FLAGS[row["direction"]], int(row["message_code"], 16)
    head = (0x8F0A, 5) if cra == ALERT else (None, None)
    sent = gbz.Payload(components(row, payload, from_date_time), *head)
    octets = gbz.encode(sent)
    again = gbz.decode(octets, cra, code)
    assert [vars(item) for item in again.components] == [vars(item) for item in sent.components]
    decoded = decode(wrapped(code, cra, octets, signature=None if cra == COMMAND else bytes(64)))
    return decoded.payload["components"][0], decoded.content["components"][0]


@pytest.mark.parametrize("row", OWN_COMMANDS, ids=row_name)
def test_gbz_fields(row: tables.Row) -> None:
    @FEW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        payload, fields = template_payload(data.draw, row)
        time = data.draw(st.integers(0, 2**32 - 1)) if row["from_date_time"] == "yes" else None
        tree, content = through(row, payload, time)
        assert tree["zcl_payload"] == payload.hex()
        assert tree["fields"] == fields
        assert tree.get("from_date_time") == time
        assert content["command"].islower(), "every command has a name"
        assert not content["command"].isdigit()

    check()


TYPES = {0x18: 1, 0x19: 2, 0x20: 1, 0x21: 2, 0x22: 3, 0x23: 4, 0x25: 6, 0x2B: 4, 0x30: 1}


def attributes_of(row: tables.Row) -> list[tuple[int, int | None]]:
    """(identifier, type or None) of the attributes of a row."""
    found = []
    for part in row["fields"].split(";"):
        words = part.split()
        kind = int(words[words.index("type") + 1], 16) if "type" in words else None
        found.append((int(words[0], 16), kind))
    return found


@pytest.mark.parametrize("row", READ_ANSWERS, ids=row_name)
def test_gbz_read_answer(row: tables.Row) -> None:
    @FEW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        payload, expected = b"", []
        for identifier, kind in attributes_of(row):
            assert kind is not None
            entry = {"id": "%04x" % identifier, "status": "00", "type": "%02x" % kind}
            payload += identifier.to_bytes(2, "little") + b"\0" + bytes((kind,))
            if kind in TYPES:
                signed = kind == 0x2B
                bits = 8 * TYPES[kind]
                value = data.draw(st.integers(-(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1))
                payload += value.to_bytes(TYPES[kind], "little", signed=signed)
                entry["value"] = value
            else:
                octets = data.draw(st.binary(max_size=30))
                payload += bytes((len(octets),)) + octets
                entry["value"] = octets.hex() if kind == 0x41 else octets.decode("latin-1")
            expected.append(entry)
        tree, content = through(row, payload)
        assert tree["attributes"] == expected
        assert [item["value"] for item in content["attributes"]] == [item["value"] for item in expected]
        assert not any(item["name"].isdigit() for item in content["attributes"])

    check()


@pytest.mark.parametrize("row", READS, ids=row_name)
def test_gbz_read(row: tables.Row) -> None:
    identifiers = [identifier for identifier, _ in attributes_of(row)]
    tree, content = through(row, b"".join(identifier.to_bytes(2, "little") for identifier in identifiers))
    assert tree["attributes_requested"] == ["%04x" % identifier for identifier in identifiers]
    assert len(content["attributes"]) == len(identifiers)


@pytest.mark.parametrize("row", DEFAULTS, ids=row_name)
def test_gbz_default_response(row: tables.Row) -> None:
    tree, content = through(row, b"\x06\x8b")
    assert tree["default_response"] == {"command": "06", "status": "8b"}
    assert content["status"] == "NOT_FOUND"
