# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-calls
"""What a device must have been commissioned with to answer an ASN.1 use case as it did, for `hanref.gbcs.seed`.

Results that a state explains (an empty cell, a log that is full, another image) become that state; others are one
fault, by the number of the operation. A clock of which the answer does not say how far it may be trusted is unreliable.
"""

from typing import Any

from han.clock import INVALID, RELIABLE, STATUS_NAMES, UNRELIABLE, to_iso
from han.crypto.certificate import DIGITAL_SIGNATURE, Authority, Certificate
from han.crypto.keystore import KeyStore
from han.devices.paired_devices import ENTRIES
from han.errors import HanError
from han.gbcs import (
    activation,
    credential_details,
    credentials,
    der,
    elements,
    envelope,
    join_codes,
    joining,
    own_certificates,
    use_cases,
)
from han.gbcs.envelope import Message
from han.stores.memory import MemoryValues

from hanref.gbcs import authorities
from hanref.gbcs.commissioned import key_identifier
from hanref.gbcs.keys import SIGNATURE, Keys

Plain = dict[str, Any]
Element = tuple[int, Any]


class Exchange:
    """A command and its answer: payloads as DER elements, and the state that is being found."""

    def __init__(self, plain: Plain, name: str, request: Message, response: Message, keys: Keys) -> None:
        self.plain = plain
        self.name = name
        self.request = request
        self.asked: Element = der.decode(request.payload)
        self.answered: Element = der.decode(response.payload)
        self.response = response
        self.keys = keys
        self.commissioning: Plain = {}

    def fault(self, number: int, code: int) -> None:
        """An operation of the command that ended with a code which no state explains."""
        self.plain["faults"][str(number)] = f"{code:02X}"

    def code(self) -> int:
        """The answer, which is a number."""
        return int(elements.integer(self.answered))


def take(plain: Plain, name: str, request: Message, response: Message, keys: Keys) -> None:
    """Add to a state what the answer to a use case shows; raises HanError, ValueError or TypeError for other forms."""
    exchange = Exchange(plain, name, request, response, keys)
    if "time" in plain:
        plain["time"]["status"] = STATUS_NAMES[UNRELIABLE]
    TAKERS[name](exchange)
    plain["commissioning"] = exchange.commissioning


def octets(value: bytes) -> dict[str, str]:
    """Octets as a state file has them."""
    return {"hex": value.hex()}


# --- trust anchor cells ---------------------------------------------------------------------------------------


def _hold(exchange: Exchange, cell: tuple[int, int, int], entity: bytes, identifier: bytes) -> None:
    """The device has this in a cell; what was said first stays."""
    cells = exchange.commissioning.setdefault("cells", [])
    if list(cell) not in [known[:3] for known in cells]:
        cells.append([*cell, octets(entity), octets(identifier)])


def _hold_own(exchange: Exchange, cell: tuple[int, int, int]) -> None:
    """Whoever sent the command holds the cell that it names."""
    party = exchange.keys.parties.get(exchange.request.originator)
    public = party.public.get(SIGNATURE) if party and cell[1] == DIGITAL_SIGNATURE else None
    _hold(exchange, cell, exchange.request.originator, b"" if public is None else key_identifier(public))


def _lack(exchange: Exchange, role: int) -> None:
    """The device has no cells of a role but those that are held."""
    trusts = exchange.plain["trusts"]
    exchange.plain["trusts"] = [entity for entity in trusts if _role(exchange.keys, bytes.fromhex(entity)) != role]


def _take_details(exchange: Exchange) -> None:
    asker, _ = elements.items(exchange.asked)
    cell = elements.read_cell(elements.items(asker))
    for number, details in enumerate(elements.items(exchange.answered)):
        fields = elements.items(details)
        role, status = elements.integer(fields[0]), elements.integer(fields[1], der.ENUMERATED)
        if status == credential_details.FOUND:
            _take_cells(exchange, role, elements.integer(fields[2]), elements.items(fields[3]))
        elif status != credential_details.NOT_FOUND or role == cell[0]:
            exchange.fault(number, status)
        else:
            _lack(exchange, role)
    _hold_own(exchange, cell)


def _take_cells(exchange: Exchange, role: int, counter: int, cells: list[Element]) -> None:
    for item in cells:
        fields = elements.items(item)
        entity, identifier = (elements.octets(field) for field in fields[-2:])
        _, usage, cell_usage = elements.read_cell([der.integer(role), *fields[:-2]])
        _hold(exchange, (role, usage, cell_usage), entity, identifier)
        if counter:
            accepted = exchange.plain.setdefault("counters", {}).setdefault("accepted", {})
            accepted[entity.hex()] = max(counter, accepted.get(entity.hex(), 0))


def _take_update(exchange: Exchange) -> None:
    update = credentials.Update(exchange.asked)
    exchange.commissioning["authorities"] = authorities.trusted(
        [certificate for certificate, _ in update.replacements] + update.path
    )
    outcome = elements.items(exchange.answered)[1:]
    for number, item in enumerate(elements.items(elements.items(outcome[0])[3]) if outcome else ()):
        fields = elements.items(item)
        cell = elements.read_cell(elements.items(fields[0]))
        status = elements.integer(fields[1], der.ENUMERATED)
        if status == credentials.NO_CELL:
            _lack(exchange, cell[0])
        else:
            _hold(exchange, cell, elements.octets(fields[2]), elements.octets(fields[3]))
        if status != _outcome(exchange, cell, update.replacements[number][0], update.path):
            exchange.fault(number, status)
    if not outcome:
        for _, cell in update.replacements:
            holder = _party(exchange.keys, cell[0])
            if holder is not None:
                _hold(exchange, cell, holder, b"")
    _hold_own(exchange, update.asker)


def _outcome(exchange: Exchange, cell: tuple[int, int, int], certificate: bytes, path: list[bytes]) -> int:
    """What replacing a cell ends with in a device without faults."""
    store = KeyStore(MemoryValues())
    for name, key, identifier in exchange.commissioning["authorities"]:
        store.trust(Authority(*(bytes.fromhex(part["hex"]) for part in (name, key, identifier))))
    for role, usage, cell_usage, entity, identifier in exchange.commissioning.get("cells", ()):
        store.set_cell(role, usage, bytes.fromhex(entity["hex"]), b"", cell_usage, bytes.fromhex(identifier["hex"]))
    return int(credentials.replace(store, cell, certificate, path, None))


def _role(keys: Keys, entity: bytes) -> int | None:
    """The number of a party's role in the key file."""
    from hanref.gbcs.answering import ROLE_NUMBERS

    return ROLE_NUMBERS.get(keys.role(entity) or "")


def _party(keys: Keys, role: int) -> bytes | None:
    """The first party of the key file in a role."""
    return next((entity for entity in keys.parties if _role(keys, entity) == role), None)


# --- own certificates -----------------------------------------------------------------------------------------


def _take_request(exchange: Exchange) -> None:
    usage = own_certificates.read_usage(exchange.asked)
    if exchange.answered[0] == der.INTEGER:
        if usage is not None:
            exchange.fault(0, exchange.code())
        return
    _, subject, key, attributes = elements.items(elements.items(exchange.answered)[0])
    public = elements.items(elements.items(key)[1], der.BIT_STRING)[1:]
    exchange.commissioning["next_keys"] = {str(usage): octets(public)}
    exchange.commissioning["request_names"] = [octets(der.encode(part)) for part in (subject, attributes)]


def requested(payload: bytes) -> bytes | None:
    """What is signed in a certification request, with the algorithm; None for a payload that is none."""
    try:
        element = der.decode(payload)
        information, _, signature = elements.items(element)
        elements.items(information)
        elements.items(signature, der.BIT_STRING)
    except (HanError, TypeError, ValueError):
        return None
    rest = sum(len(der.encode(part)) for part in element[1])
    return payload[len(payload) - rest : len(payload) - len(der.encode(signature))]


def _take_own_certificate(exchange: Exchange) -> None:
    certificate = der.encode(exchange.asked)
    code = exchange.code()
    if code == own_certificates.INVALID_CERTIFICATE:
        return
    exchange.commissioning["authorities"] = authorities.trusted([certificate], of_devices=True)
    found = Certificate(certificate)
    usages = [usage for usage in own_certificates.EVENTS if found.may(usage)]
    if code == own_certificates.NO_PENDING_KEY or not usages:
        return
    public = found.public_key
    if code == own_certificates.OTHER_KEY:
        public = bytes.fromhex(exchange.commissioning["authorities"][0][1]["hex"])
    exchange.commissioning["pending_keys"] = {str(usages[0]): octets(public)}
    if code > own_certificates.OTHER_KEY:
        exchange.fault(0, code)


def _take_shown_certificate(exchange: Exchange) -> None:
    usage = own_certificates.read_usage(exchange.asked)
    if exchange.answered[0] != der.INTEGER:
        exchange.commissioning["own_certificates"] = {str(usage): octets(der.encode(exchange.answered))}
    elif usage is not None and exchange.code() != own_certificates.NONE_HELD:
        exchange.fault(0, exchange.code())


# --- joining --------------------------------------------------------------------------------------------------


def _take_join(exchange: Exchange) -> None:
    asked = joining.read_join(exchange.asked)
    code = exchange.code()
    role = exchange.keys.role(exchange.response.originator)
    if asked.certificate is not None and code != join_codes.INVALID_CERTIFICATE:
        exchange.commissioning["authorities"] = authorities.trusted([asked.certificate], of_devices=True)
    log = exchange.commissioning["device_log"] = []
    if code == joining.fits(role, joining.METHODS[exchange.name], asked):
        return
    if code == join_codes.CONFLICT:
        log.append([octets(asked.entity), (asked.device_type + 1) % (join_codes.TYPE_2 + 1)])
    elif code == join_codes.LOG_FULL:
        log += [[octets(bytes((0xFF,)) * 7 + bytes((number,))), join_codes.TYPE_2] for number in range(ENTRIES)]
    elif code != join_codes.INVALID_CERTIFICATE or asked.certificate is None:
        exchange.fault(0, code)


def _take_unjoin(exchange: Exchange) -> None:
    entity = elements.octets(exchange.asked)
    code = exchange.code()
    if code != joining.NOT_IN_LOG:
        exchange.commissioning["device_log"] = [[octets(entity), join_codes.PPMID]]
    if code not in (joining.UNJOINED, joining.NOT_IN_LOG):
        exchange.fault(0, code)


def _take_log(exchange: Exchange) -> None:
    code, *rest = elements.items(exchange.answered)
    if elements.integer(code):
        exchange.fault(0, elements.integer(code))
    for item in elements.items(rest[0]) if rest else ():
        entity, device_type = elements.read_entry(item)
        exchange.commissioning.setdefault("device_log", []).append([octets(entity), device_type])


def _take_restored(exchange: Exchange) -> None:
    (results,) = elements.items(exchange.answered)
    for number, item in enumerate(elements.items(results)):
        code = elements.integer(elements.items(item)[1])
        if code:
            exchange.fault(number, code)


# --- firmware and clock ---------------------------------------------------------------------------------------


def _take_activation(exchange: Exchange) -> None:
    image_hash, _, _ = activation.read_activation(exchange.asked)
    if exchange.answered[0] == der.NULL:
        return
    code, version = elements.items(exchange.answered)
    number = int.from_bytes(elements.octets(version), "big")
    result = elements.integer(code)
    if result == activation.ACTIVATED:
        # The version before was another one.
        exchange.commissioning["firmware"] = [number ^ 1, [octets(image_hash), number]]
    elif result == activation.NO_IMAGE:
        exchange.commissioning["firmware"] = [number, None]
    elif result == activation.OTHER_HASH:
        other = bytes(octet ^ 0xFF for octet in image_hash)
        exchange.commissioning["firmware"] = [number, [octets(other), number ^ 1]]
    else:
        exchange.commissioning["firmware"] = [number, [octets(image_hash), number ^ 1]]
        exchange.fault(0, result)


def _take_version(exchange: Exchange) -> None:
    version, code = elements.items(exchange.answered)
    exchange.commissioning["firmware"] = [int.from_bytes(elements.octets(version), "big"), None]
    if elements.integer(code):
        exchange.fault(0, elements.integer(code))


def _take_clock(exchange: Exchange) -> None:
    """A reliable time inside the interval is the hub's, and the clock had none; else it stayed as it was."""
    start, end = (elements.read_time(item) for item in elements.items(exchange.asked))
    time, status = elements.items(exchange.answered)
    utc, number = elements.read_time(time), elements.integer(status)
    if number == RELIABLE and start <= utc <= end:
        exchange.plain["hub_time"] = utc
        exchange.plain["time"] = {"utc": None, "status": STATUS_NAMES[INVALID]}
    else:
        exchange.plain["time"] = {"utc": to_iso(utc), "status": STATUS_NAMES[number]}


def interval_of(command: bytes) -> tuple[int, int] | None:
    """The interval of a GCS28; None for any other command."""
    message = envelope.decode(command)
    if use_cases.find(message.message_code).name != "GCS28":
        return None
    start, end = (elements.read_time(item) for item in elements.items(der.decode(message.payload)))
    return start, end


TAKERS = {
    "CS02a": _take_details,
    "CS02b": _take_update,
    "CS02c": _take_request,
    "CS02d": _take_own_certificate,
    "CS02e": _take_shown_certificate,
    "CS02f": _take_details,
    "CS02g": _take_update,
    "CS03A1": _take_join,
    "CS03A2": _take_join,
    "CS03B": _take_join,
    "CS03C": _take_join,
    "CS04AC": _take_unjoin,
    "CS04B": _take_unjoin,
    "CS06": _take_activation,
    "CS07": _take_log,
    "CS08": _take_version,
    "GCS28": _take_clock,
    "GCS59": _take_restored,
}
