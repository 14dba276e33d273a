# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer as a list of its fields, decrypted with the `cryptography` package, to see in which two answers differ."""

from collections.abc import Iterator
from typing import Any

from han.gbcs import axdr, cosem_time, der, dlms, gbz, protected, use_cases
from han.zcl import clusters

from hanref.gbcs import seed, seed_commissioning
from hanref.gbcs.check import Checked

Leaf = tuple[str, Any]


def leaves(checked: Checked) -> list[Leaf]:
    """(path, value) of every field of a response. Raises HanError, and ValueError where it cannot be decrypted."""
    message = checked.message
    tree: dict[str, Any] = {
        name: getattr(message, name)
        for name in (
            "cra",
            "originator_counter",
            "originator",
            "recipient",
            "message_code",
            "supplementary_remote_party",
            "supplementary_remote_party_counter",
            "supplementary_originator_counter",
        )
    }
    tree["date_time"] = None if message.date_time is None else cosem_time.decode(message.date_time)
    use_case = use_cases.find(message.message_code)
    readers = {use_cases.GBZ: _gbz, use_cases.DLMS: _dlms, use_cases.ASN1: _asn1}
    tree["payload"] = readers[use_case.protocol](checked)
    return list(_flat("", tree))


def _flat(path: str, value: Any) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(f"{path}/{name}", item)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _flat(f"{path}/{place}", item)
    else:
        yield path, value


def _gbz(checked: Checked) -> list[Any]:
    message = checked.message
    plaintexts = iter(checked.plaintexts)
    found: list[Any] = []
    for component in gbz.decode(message.payload, message.cra, message.message_code).components:
        payload = next(plaintexts) if component.encrypted else component.payload
        if payload is None:
            raise ValueError("an encrypted component cannot be read")
        head = [component.cluster, component.frame_control, component.sequence, component.command, component.encrypted]
        found.append([*head, component.frame_counter, component.from_date_time, _content(component, payload)])
    return found


def _content(component: gbz.Component, payload: bytes) -> Any:
    if component.is_global():
        return seed.records(payload) if component.command == gbz.READ_ATTRIBUTES_RESPONSE else payload
    direction = component.frame_control >> 3 & 1
    return clusters.decode_command(component.cluster, component.command, direction, payload)


def _dlms(checked: Checked) -> list[Any]:
    response = dlms.decode(checked.message.payload)
    plaintexts = iter(checked.plaintexts)
    data = []
    for datum in response.data:
        place = protected.find(datum[1]) if datum[0] == axdr.STRUCTURE else None
        if place is not None:
            plaintext = next(plaintexts)
            if plaintext is None:
                raise ValueError("protected attributes cannot be read")
            datum = [datum[1][:place], axdr.decode(plaintext), datum[1][place + 1 :]]
        data.append(datum)
    return [response.invoke_id, data, response.results]


def _asn1(checked: Checked) -> Any:
    element = der.decode(checked.message.payload)
    # The signature of a certification request is another one every time.
    return element if seed_commissioning.requested(checked.message.payload) is None else element[1][:2]
