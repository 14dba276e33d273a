# SPDX-License-Identifier: Apache-2.0
"""Which devices a device works with: CS03 joins, CS04 unjoins, CS07 reads, GCS59 restores [GBCS 13.7, 13.8, reference 12.3].

The device has `paired_devices`, as `han.devices.paired_devices` describes: `entries()`, `join(entity, device type)`,
`remove(entity)`, `restore(entries)`. What fails there is raised as elements.Failed.
"""

from micropython import const

from han.crypto.certificate import KEY_AGREEMENT, Certificate
from han.crypto.keystore import MANAGEMENT
from han.errors import CryptoError, StoreError
from han.gbcs import der, elements, use_cases
from han.gbcs.elements import Failed
from han.gbcs.join_codes import (
    ESME,
    GPF,
    GSME,
    HCALCS,
    INVALID_CERTIFICATE,
    INVALID_METHOD,
    JOINED,
    OTHER_METHOD,
    PPMID,
    TYPE_2,
    WRITE_FAILURE,
)

# Unjoin and read result codes.
UNJOINED = const(0)
NOT_IN_LOG = const(1)
OTHER_REASON = const(2)
_READ = const(0)
_READ_FAILED = const(1)

# Methods and roles.
_A_INITIATOR = const(0)
_A_RESPONDER = const(1)
_B = const(2)
_C = const(3)
METHODS = {"CS03A1": _A_INITIATOR, "CS03A2": _A_RESPONDER, "CS03B": _B, "CS03C": _C}

# {(method, role of the device): types of its partners}. That type 2 devices are joined by B, and the GPF's partners, are (I).
_PARTNERS = {
    (_A_INITIATOR, "esme"): (HCALCS, PPMID),
    (_A_RESPONDER, "ppmid"): (ESME,),
    (_A_RESPONDER, "hcalcs"): (ESME,),
    (_B, "gsme"): (GPF,),
    (_B, "gpf"): (GSME, PPMID, TYPE_2),
    (_B, "esme"): (TYPE_2,),
    (_C, "gsme"): (PPMID,),
    (_C, "ppmid"): (GSME,),
}
# The role under which the key of a partner by method C is held.
_PARTNER_ROLES = {PPMID: use_cases.PPMID, GSME: use_cases.OTHER}

_JOIN_FAILED = 0x8F48
_JOIN_SUCCEEDED = 0x8F49
_UNJOIN_FAILED = 0x8F4A
_UNJOIN_SUCCEEDED = 0x8F4B


class Join:
    """What a join asks for; `certificate` is None or the octets of the partner's key agreement certificate."""

    def __init__(self, method, entity, device_type, certificate):
        self.method = method
        self.entity = entity
        self.device_type = device_type
        self.certificate = certificate


def read(server, request, element):
    """What the use case asks for: a Join, an entity identifier, a list of entries, or None."""
    name = request.use_case.name
    if name in METHODS:
        return read_join(element)
    if name == "CS07":
        elements.items(element, der.NULL)
        return None
    if name == "GCS59":
        (entries,) = elements.items(element)
        return [elements.read_entry(item) for item in elements.items(entries)]
    return elements.octets(element, elements.ENTITY_LENGTH)


def read_join(element):
    """The Join that a command asks for."""
    fields = elements.items(element)
    if not 3 <= len(fields) <= 4:
        raise ValueError
    certificate = der.encode(fields[3]) if len(fields) == 4 else None
    entity, device_type = elements.read_entry(elements.sequence(*fields[1:3]))
    return Join(elements.integer(fields[0]), entity, device_type, certificate)


def answer(server, request):
    """The element that answers a use case."""
    name = request.use_case.name
    if name in METHODS:
        return der.integer(_told(server, join(server, METHODS[name], request.content), _JOIN_SUCCEEDED, _JOIN_FAILED))
    if name == "CS07":
        return _entries(server)
    if name == "GCS59":
        return _restore(server, request.content)
    return der.integer(_told(server, unjoin(server, request.content), _UNJOIN_SUCCEEDED, _UNJOIN_FAILED))


def _told(server, code, success, failure):
    """Let the device log how it went."""
    server.device.event(failure if code else success)
    return code


# --- joining --------------------------------------------------------------------------------------------------


def fits(role, method, asked):
    """The result code of what is wrong with a Join for a device in a role, by its use case's method; JOINED if nothing."""
    if asked.method != method:
        return OTHER_METHOD
    if asked.device_type not in _PARTNERS.get((method, role), ()):
        return INVALID_METHOD
    if method == _C and asked.certificate is None:
        return INVALID_CERTIFICATE
    return JOINED


def join(server, method, asked):
    """Join a partner; returns the result code."""
    code = fits(server.role, method, asked)
    if code != JOINED:
        return code
    try:
        certificate = _certificate(server, asked.certificate) if method == _C else None
        server.device.paired_devices.join(asked.entity, asked.device_type)
        if certificate is not None:
            server.keys.set_cell(
                _PARTNER_ROLES[asked.device_type],
                KEY_AGREEMENT,
                asked.entity,
                certificate.public_key,
                MANAGEMENT,
                certificate.key_identifier,
            )
    except Failed as failed:
        return failed.code
    except CryptoError:
        return INVALID_CERTIFICATE
    except StoreError:
        return WRITE_FAILURE
    return JOINED


def _certificate(server, octets):
    """The partner's Certificate; raises CryptoError.

    Whose it is the command says: published answers accept one that names another device (S).
    """
    certificate = Certificate(octets)
    if not certificate.may(KEY_AGREEMENT) or not server.keys.descends(certificate):
        raise Failed(INVALID_CERTIFICATE)
    return certificate


def unjoin(server, entity):
    """Part from a partner; returns the result code."""
    try:
        if not server.device.paired_devices.remove(entity):
            return NOT_IN_LOG
        for role in _PARTNER_ROLES.values():
            cell = server.keys.cell(role, KEY_AGREEMENT) if hasattr(server.keys, "cell") else None
            if cell is not None and cell[0] == entity:
                server.keys.remove_cell(role, KEY_AGREEMENT)
    except Failed as failed:
        return failed.code
    except StoreError:
        return OTHER_REASON
    return UNJOINED


# --- the log --------------------------------------------------------------------------------------------------


def _entries(server):
    try:
        found = [elements.entry(pair) for pair in server.device.paired_devices.entries()]
    except (Failed, StoreError):
        return elements.sequence(der.integer(_READ_FAILED))
    return elements.sequence(der.integer(_READ), elements.sequence(*found))


def _restore(server, entries):
    """The log becomes what the command says; each entry is answered with the code of joining it."""
    codes = server.device.paired_devices.restore(entries)
    results = [elements.sequence(elements.entry(entries[n]), der.integer(codes[n])) for n in range(len(entries))]
    return elements.sequence(elements.sequence(*results))
