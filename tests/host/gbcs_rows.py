# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages made from the rows of the GBCS tables: hypothesis draws the values, the table says their form."""

from typing import Any

from han.gbcs import axdr, dlms, envelope, gbz, protected
from hanref.decode import cosem, tables
from hypothesis import strategies as st

EIGHT = st.binary(min_size=8, max_size=8)
COUNTER = st.integers(0, 2**64 - 1)

INTEGERS = {
    "double-long-unsigned": (axdr.DOUBLE_LONG_UNSIGNED, 0, 2**32 - 1),
    "double-long": (axdr.DOUBLE_LONG, -(2**31), 2**31 - 1),
    "long-unsigned": (axdr.LONG_UNSIGNED, 0, 2**16 - 1),
    "long": (axdr.LONG, -(2**15), 2**15 - 1),
    "unsigned": (axdr.UNSIGNED, 0, 255),
    "integer": (axdr.INTEGER, -128, 127),
    "enum": (axdr.ENUM, 0, 255),
}
ALL_INTEGERS = (
    *INTEGERS.values(),
    (axdr.LONG64, -(2**63), 2**63 - 1),
    (axdr.LONG64_UNSIGNED, 0, 2**64 - 1),
)


# --- COSEM data -----------------------------------------------------------------------------------------------


def integers(tag: int, least: int, most: int) -> st.SearchStrategy[Any]:
    return st.integers(least, most).map(lambda value: (tag, value))


def octets(tag: int, size: int | None = None) -> st.SearchStrategy[Any]:
    least, most = (0, 300) if size is None else (size, size)
    return st.binary(min_size=least, max_size=most).map(lambda value: (tag, value))


@st.composite
def bit_strings(draw: st.DrawFn, bits: int | None = None) -> Any:
    count = draw(st.integers(0, 70)) if bits is None else bits
    size = (count + 7) // 8
    return axdr.BIT_STRING, (count, draw(st.binary(min_size=size, max_size=size)))


def texts(tag: int) -> st.SearchStrategy[Any]:
    alphabet = st.characters(codec="latin-1") if tag == axdr.VISIBLE_STRING else st.characters(exclude_categories=["Cs"])
    return st.text(alphabet, max_size=30).map(lambda value: (tag, value))


simple_data = st.one_of(
    st.just((axdr.NULL, None)),
    st.booleans().map(lambda value: (axdr.BOOLEAN, value)),
    st.one_of(*(integers(*entry) for entry in ALL_INTEGERS)),
    octets(axdr.OCTET_STRING),
    octets(axdr.BCD),
    octets(axdr.DATE_TIME, 12),
    octets(axdr.DATE, 5),
    octets(axdr.TIME, 4),
    bit_strings(),
    texts(axdr.VISIBLE_STRING),
    texts(axdr.UTF8_STRING),
    st.floats(width=32, allow_nan=False).map(lambda value: (axdr.FLOAT_32, value)),
    st.floats(allow_nan=False).map(lambda value: (axdr.FLOAT_64, value)),
)


@st.composite
def compact_types(draw: st.DrawFn, depth: int = 2) -> Any:
    kind = draw(st.sampled_from(("simple", "structure", "array") if depth else ("simple",)))
    if kind == "simple":
        tags = [tag for tag, _, _ in ALL_INTEGERS] + [axdr.OCTET_STRING, axdr.BOOLEAN, axdr.UTF8_STRING, axdr.DATE_TIME]
        return draw(st.sampled_from(tags))
    if kind == "array":
        return axdr.ARRAY, draw(st.integers(1, 4)), draw(compact_types(depth - 1))
    return axdr.STRUCTURE, draw(st.lists(compact_types(depth - 1), min_size=1, max_size=4))


@st.composite
def compact_items(draw: st.DrawFn, type_: Any) -> Any:
    if isinstance(type_, int):
        for tag, least, most in ALL_INTEGERS:
            if tag == type_:
                return draw(st.integers(least, most))
        if type_ == axdr.BOOLEAN:
            return draw(st.booleans())
        return draw(
            octets(type_, 12) if type_ == axdr.DATE_TIME else texts(type_) if type_ == axdr.UTF8_STRING else octets(type_)
        )[1]
    parts = type_[1] if type_[0] == axdr.STRUCTURE else [type_[2]] * type_[1]
    return [draw(compact_items(part)) for part in parts]


@st.composite
def compact_arrays(draw: st.DrawFn) -> Any:
    type_ = draw(compact_types())
    return axdr.COMPACT_ARRAY, (type_, draw(st.lists(compact_items(type_), max_size=4)))


any_data = st.recursive(
    simple_data | compact_arrays(),
    lambda inner: st.tuples(st.sampled_from((axdr.ARRAY, axdr.STRUCTURE)), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def leaves(type_: str) -> st.SearchStrategy[Any]:
    """Data of a type as the table names it: `octet-string(12)`, `enum`, ...; the table leaves some open."""
    name, _, size = type_.partition("[[")[0].partition("(")
    count = int(size.rstrip(")")) if size.rstrip(")").isdigit() else None
    if name in INTEGERS:
        return integers(*INTEGERS[name])
    if name == "boolean":
        return st.booleans().map(lambda value: (axdr.BOOLEAN, value))
    if name == "octet-string":
        return octets(axdr.OCTET_STRING, count or None)
    if name == "bit-string":
        return bit_strings(count or None)
    if name == "visible-string":
        return texts(axdr.VISIBLE_STRING)
    if name == "utf8-string":
        return texts(axdr.UTF8_STRING)
    return any_data


@st.composite
def values(draw: st.DrawFn, shape: cosem.Shape) -> Any:
    """A datum of a shape."""
    if shape.fields:
        return axdr.STRUCTURE, [draw(values(inner)) for inner in shape.fields.values()]
    if shape.items is not None:
        return axdr.ARRAY, draw(st.lists(values(shape.items), max_size=3))
    return draw(leaves(shape.type))


# --- payloads of the tables ---------------------------------------------------------------------------------------


@st.composite
def requests(draw: st.DrawFn, code: int) -> dlms.AccessRequest:
    """A command with every attribute and method of a message code: attributes are read or set."""
    specifications, data = [], []
    for attribute in cosem.attributes(code):
        if attribute.is_method:
            choice = dlms.ACTION
        else:
            choice = draw(st.sampled_from((dlms.GET, dlms.SET)))
        specifications.append(dlms.Specification(choice, attribute.class_id, attribute.obis, attribute.number))
        data.append((axdr.NULL, None) if choice == dlms.GET else draw(values(attribute.shape)))
    return dlms.AccessRequest(draw(st.binary(min_size=4, max_size=4)), specifications, data)


@st.composite
def responses(draw: st.DrawFn, code: int) -> dlms.AccessResponse:
    """An answer about every attribute and method of a message code that a command names."""
    data, results = [], []
    is_protected = any(attribute.class_id == protected.CLASS for attribute in cosem.attributes(code))
    for attribute in cosem.attributes(code):
        if is_protected and attribute.class_id != protected.CLASS:
            continue
        data.append(draw(st.just((axdr.NULL, None)) | values(attribute.shape)))
        results.append((dlms.ACTION if attribute.is_method else dlms.GET, draw(st.sampled_from((0, 1, 250)))))
    return dlms.AccessResponse(draw(st.binary(min_size=4, max_size=4)), data, results)


@st.composite
def notifications(draw: st.DrawFn) -> dlms.DataNotification:
    """An alert with a known code, a time and anything behind them."""
    head = [
        (axdr.LONG_UNSIGNED, draw(st.sampled_from(sorted(tables.alert_codes())))),
        (axdr.OCTET_STRING, draw(st.binary(min_size=12, max_size=12))),
    ]
    body = (axdr.STRUCTURE, head + draw(st.lists(any_data, max_size=2)))
    return dlms.DataNotification(draw(st.binary(min_size=4, max_size=4)), body)


def template_payload(draw: st.DrawFn, row: tables.Row) -> tuple[bytes, dict[str, Any]]:
    """(ZCL payload, fields) of a template of a cluster's own command: drawn values, then what a structure may hold."""
    payload = bytearray()
    fields: dict[str, Any] = {}
    for field in template_of(row):
        if field.size:
            least, most = (
                (-(1 << 8 * field.size - 1), (1 << 8 * field.size - 1) - 1) if field.signed else (0, (1 << 8 * field.size) - 1)
            )
            value = draw(st.integers(least, most))
            payload += value.to_bytes(field.size, "little", signed=field.signed)
            fields[field.key] = value
        else:
            value = draw(st.binary(max_size=40))
            payload += bytes((len(value),)) + value
            fields[field.key] = value.decode("latin-1") if field.text else value.hex()
    if row["fields"].rstrip().endswith("ZSE struct"):
        rest = draw(st.binary(max_size=60))
        payload += rest
        if rest:
            fields["_rest"] = rest.hex()
    return bytes(payload), fields


def template_of(row: tables.Row) -> tuple[tables.Field, ...]:
    """The fields by which a row of the template table is decoded."""
    flags = {"command": 1, "response": 2, "alert": 3}
    key = (int(row["message_code"], 16), flags[row["direction"]], int(row["cluster"], 16), int(row["command_id"], 16))
    return tables.templates()[key]


def components(row: tables.Row, payload: bytes, from_date_time: int | None) -> list[gbz.Component]:
    """A component of a row, in clear."""
    return [
        gbz.Component(
            int(row["cluster"], 16),
            int(row["frame_control"], 16),
            0,
            int(row["command_id"], 16),
            payload,
            from_date_time=from_date_time,
        )
    ]


def wrapped(code: int, cra: int, payload: bytes, **fields: Any) -> bytes:
    """A message around a payload: MAC and signature are octets that nobody made, if there are any."""
    message = envelope.Message(cra, 1, b"\x90" + bytes(7), b"\x00\xdb" + bytes(6), code, payload, **fields)
    return bytes(envelope.encode(message))
