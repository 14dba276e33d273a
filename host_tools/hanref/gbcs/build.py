# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds GBCS commands as a service user and the Access Control Broker do: payload from the template and parameters,
signature of the originator where the use case is critical, MAC of the broker."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from han.clock import to_air
from han.errors import HanError
from han.gbcs import envelope, gbz, use_cases

from hanref.errors import UsageError
from hanref.gbcs import build_asn1, build_dlms
from hanref.gbcs.answering import sign
from hanref.gbcs.check import mac_of
from hanref.gbcs.keys import SIGNATURE, Keys, entity_of
from hanref.generate import use_cases as tables
from hanref.moments import moment

Parameters = Mapping[str, Any]
TIMES = ("UTCTIME", "TIME")
FLOW_THRESHOLD = "uncontrolled_flow_threshold"


def party(keys: Keys, text: str, where: str) -> bytes:
    """The entity that a role (`supplier`) or an identifier names; raises UsageError."""
    for entity, known in keys.parties.items():
        if known.role == text.strip().lower().replace("_", " "):
            return entity
    if re.fullmatch(r"[0-9A-Fa-f:\- ]+", text):
        return entity_of(text, where)
    raise UsageError(f"{where}: no key of a party {text!r}")


def parameters(settings: Sequence[str], where: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping; raises UsageError."""
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"{where}: {setting!r}: write NAME=VALUE")
        found[name.strip().lower()] = value.strip()
    return found


def code_of(use_case: str) -> int:
    """The message code of a use case by name or by hexadecimal code; raises UsageError."""
    names = {row.name.lower(): row.code for row in reversed(list(use_cases.every()))}
    if use_case.lower() in names:
        return int(names[use_case.lower()])
    try:
        code = int(use_case, 16)
    except ValueError:
        code = -1
    if use_cases.find(code) is None:
        raise UsageError(f"{use_case!r} is no use case")
    return code


def field_name(text: str) -> str:
    """The name of a template's field as it is in parameters and decodes: lower case, underscores."""
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


def build_command(
    keys: Keys,
    use_case: str,
    originator: bytes,
    recipient: bytes,
    counter: int,
    parameters: Parameters | None = None,
    *,
    payload: bytes | None = None,
    on_behalf_of: tuple[bytes, int] | None = None,
    certificate: bytes | None = None,
) -> bytes:
    """The octets of a command, protected as its use case says.

    `parameters` gives the free fields of the GBZ template, or those of `hanref.gbcs.build_asn1` and `build_dlms`, by
    name; `payload` a ready payload instead. `on_behalf_of` is (entity, counter) of an unknown remote party for whom the
    broker sends, `certificate` its key agreement certificate. Raises UsageError for what is missing or does not fit.
    """
    code = code_of(use_case)
    row = use_cases.find(code)
    assert row is not None
    if payload is None and row.protocol == use_cases.ASN1:
        payload = build_asn1.payload(code, parameters or {}, counter)
    elif payload is None and row.protocol == use_cases.DLMS:
        payload = build_dlms.payload(code, parameters or {}, counter, originator, recipient)
    elif payload is None:
        payload = gbz_payload(code, parameters or {})
    party, party_counter = on_behalf_of or (None, None)
    try:
        message = envelope.Message(
            envelope.COMMAND,
            counter,
            originator,
            recipient,
            code,
            payload,
            signature=b"",
            supplementary_remote_party=party,
            supplementary_remote_party_counter=party_counter,
            certificate=certificate,
        )
        if not row.forms & use_cases.COMMAND_MAC:
            private = keys.party(originator).private.get(SIGNATURE)
            if private is None:
                raise UsageError(f"{use_case}: no private signature key of {originator.hex()}")
            message.signature = sign(private, envelope.signature_input(message))
        if row.forms & (use_cases.COMMAND_MAC | use_cases.COMMAND_MAC_AND_SIGNATURE):
            protector = originator if keys.is_device(originator) else keys.broker()
            secret = keys.secret(protector, recipient) if protector else None
            if secret is None:
                raise UsageError(f"{use_case}: no keys of the access control broker and {recipient.hex()} to make the MAC")
            message.mac = mac_of(message, secret)
        return bytes(envelope.encode(message))
    except HanError as error:
        raise UsageError(f"{use_case}: {error}") from None


# --- payload --------------------------------------------------------------------------------------------------


def gbz_payload(code: int, parameters: Parameters) -> bytes:
    """The GBZ payload of a command from its template; raises UsageError."""
    rows = [row for row in tables.templates() if int(row["message_code"], 16) == code and row["direction"] == "command"]
    if not rows:
        raise UsageError(f"message code {code:04X} has no GBZ template: give its payload")
    _refuse_unknown(rows, parameters)
    components: list[gbz.Component] = []
    for row in rows:
        for index in range(_instances(row, parameters)):
            components.append(_component(row, len(components), index, parameters))
    return bytes(gbz.encode(gbz.Payload(components)))


def _refuse_unknown(rows: Sequence[tables.Row], parameters: Parameters) -> None:
    fields = free_fields(rows)
    for name in parameters:
        if re.sub(r"^\d+(\[\d+\])?\.", "", name) not in [*fields, "instances"]:
            raise UsageError(f"{rows[0]['use_case']}: no field {name}; there are {', '.join(fields)}")


def _instances(row: tables.Row, parameters: Parameters) -> int:
    """How many components of a kind: the fewest that the template allows, or what the parameter `N.instances` says."""
    fewest, most = tables.instances(row["command"])
    name = f"{row['component']}.instances"
    if name not in parameters:
        return fewest
    count = _number(str(parameters[name]), name)
    if not fewest <= count <= most:
        raise UsageError(f"{name}: {count} is not between {fewest} and {most}")
    return count


def _component(row: tables.Row, number: int, index: int, parameters: Parameters) -> gbz.Component:
    from_date_time = None
    octets = b""
    for field in row["fields"].split("; "):
        if re.match(r"\d+ =", field):
            continue  # a remark on the field before
        if field == "From Date Time":
            value = _lookup(row, "from_date_time", index, parameters)
            from_date_time = _integer(value, True, f"{row['use_case']}: from_date_time")
        else:
            octets += _field(row, field, index, parameters)
    return gbz.Component(
        int(row["cluster"], 16),
        int(row["frame_control"], 16),
        number,
        int(row["command_id"], 16),
        octets,
        from_date_time=from_date_time,
    )


def _field(row: tables.Row, field: str, index: int, parameters: Parameters) -> bytes:
    name, _, fixed = field.partition("=")
    if match := re.match(r"0x([0-9A-F]{4}) ", name):
        return int(match[1], 16).to_bytes(2, "little")
    label, kind = name.rsplit(" ", 1)
    if name.endswith("ZSE struct"):
        value = _lookup(row, field_name(name.removesuffix("ZSE struct")), index, parameters)
        return value if isinstance(value, bytes) else bytes.fromhex(str(value))
    key = field_name(label)
    if kind.upper().endswith("STRING"):
        if fixed:
            return b"\x00"
        value = _lookup(row, key, index, parameters)
        text = value if isinstance(value, bytes) else str(value).encode()
        return bytes((len(text),)) + text
    width = tables.WIDTHS[kind.upper()]
    count, octets = tables.values(fixed, width)
    if count == 1:
        return octets
    if not _is_given(row, key, index, parameters):
        default = _default(row, fixed, index)
        if default is not None:
            return default.to_bytes(width, "little")
    value = _lookup(row, key, index, parameters)
    number = _decimal(value, row, key)
    if number is None:
        number = _integer(value, kind.upper() in TIMES, f"{row['use_case']}: {key}")
    if not -(1 << 8 * width - 1) <= number < 1 << 8 * width:
        raise UsageError(f"{row['use_case']}: {key}: {value!r} does not fit into {width} octets")
    return (number & (1 << 8 * width) - 1).to_bytes(width, "little")


def _decimal(value: object, row: tables.Row, key: str) -> int | None:
    """The octets' number of a quantity that is written with a decimal point, None where it is not; raises UsageError for one
    that the use case's divisor cannot say (REQ-0023-4)."""
    if key != FLOW_THRESHOLD or isinstance(value, int) or "." not in str(value):
        return None
    where = f"{row['use_case']}: {key}"
    if not re.fullmatch(r"\d{1,6}\.\d{1,9}", str(value)):
        raise UsageError(f"{where}: {value!r} is no flow: write cubic metres an hour as 6.1680")
    match = re.search(r"Divisor UINT16=(0x[0-9A-F]+)", row["fields"])
    scaled = Decimal(str(value)) * (int(match[1], 16) if match else 1)
    if scaled != int(scaled):
        places = "four decimal places at most" if match and int(match[1], 16) > 1 else "a whole number"
        raise UsageError(f"{where}: {value} m3/h cannot be said: this use case takes {places}")
    return int(scaled)


def _default(row: tables.Row, fixed: str, index: int) -> int | None:
    """The value of a field with several allowed ones: a range counts over the components of a kind."""
    if match := re.fullmatch(r"(\d+)-(\d+)", fixed):
        low, high = int(match[1]), int(match[2])
        fewest, _ = tables.instances(row["command"])
        return low + index if high - low + 1 == fewest else None
    return None


def _names(row: tables.Row, key: str, index: int) -> tuple[str, ...]:
    """The parameter names that may set a field, the most particular first."""
    component = row["component"]
    return f"{component}[{index}].{key}", f"{component}.{key}", key


def _is_given(row: tables.Row, key: str, index: int, parameters: Parameters) -> bool:
    return any(name in parameters for name in _names(row, key, index))


def _lookup(row: tables.Row, key: str, index: int, parameters: Parameters) -> Any:
    for name in _names(row, key, index):
        if name in parameters:
            return parameters[name]
    raise UsageError(f"{row['use_case']}: field {key} of component {row['component']} is missing: give {key}=VALUE")


def free_fields(rows: Sequence[tables.Row]) -> list[str]:
    """The names of the fields of these components that have no single fixed value."""
    names = []
    for row in rows:
        for field in row["fields"].split("; "):
            name, _, fixed = field.partition("=")
            if re.match(r"0x[0-9A-F]{4} |\d+ ", name) or fixed and tables.number_or_none(fixed) is not None:
                continue
            label = name.removesuffix("ZSE struct") if name.endswith("ZSE struct") else name.rsplit(" ", 1)[0]
            names.append("from_date_time" if name == "From Date Time" else field_name(label))
    return sorted(set(names))


def _integer(value: object, is_time: bool, where: str) -> int:
    if isinstance(value, int):
        return value
    text = str(value)
    if is_time and "T" in text:
        try:
            return int(to_air(moment(text)))
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
    return _number(text, where)


def _number(text: str, where: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f"{where}: {text!r} is no number") from None
