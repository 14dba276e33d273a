# SPDX-License-Identifier: Apache-2.0
"""CS02b and CS02g: replace what trust anchor cells hold, at once or at a date [GBCS 13.3, reference 7.3].

`server.keys` is a han.crypto.keystore.KeyStore. Certificates are taken only where they lead to a test root (REQ-PKI-1);
their validity is looked at while the device's clock is reliable and the command does not say otherwise (I).
"""

from micropython import const

from han.clock import RELIABLE
from han.crypto.certificate import DIGITAL_SIGNATURE, UntrustedError
from han.crypto.keystore import NOBODY, NoCellError
from han.errors import CryptoError, StoreError
from han.gbcs import asn1_alerts, checks, counters, der, elements, pending, use_cases
from han.gbcs.checks import Refused
from han.gbcs.elements import Failed

# Outcomes of replacements.
REPLACED = const(0)
BAD_CERTIFICATE = const(5)
NO_TRUST_ANCHOR = const(10)
NO_MEMORY = const(17)
NO_CELL = const(25)

ANY = None
# {mode: (role that may ask, role whose cells are replaced)}. Mode 9 needs the contingency key, which is not modelled.
MODES = {
    0: (use_cases.SUPPLIER, use_cases.ROOT),
    1: (use_cases.WAN_PROVIDER, use_cases.ROOT),
    2: (use_cases.SUPPLIER, use_cases.SUPPLIER),
    3: (use_cases.NETWORK_OPERATOR, use_cases.NETWORK_OPERATOR),
    4: (use_cases.ACCESS_CONTROL_BROKER, use_cases.ACCESS_CONTROL_BROKER),
    5: (use_cases.WAN_PROVIDER, use_cases.WAN_PROVIDER),
    6: (use_cases.TRANSITIONAL_CHANGE_OF_SUPPLIER, use_cases.TRANSITIONAL_CHANGE_OF_SUPPLIER),
    7: (use_cases.TRANSITIONAL_CHANGE_OF_SUPPLIER, use_cases.SUPPLIER),
    8: (use_cases.RECOVERY, ANY),
    10: (use_cases.LOAD_CONTROLLER, use_cases.LOAD_CONTROLLER),
    11: (use_cases.SUPPLIER, use_cases.LOAD_CONTROLLER),
}
# Message codes are these plus the mode: of CS02b, and of CS02g, whose modes go on from there.
_FIRST_CODE = const(0x0100)
_FIRST_CODE_OF_LOAD_CONTROLLERS = const(0x011B)

# Fields of the control by their tags.
_SYMMETRIC_KEY = const(0x80)
_TIME_CHECKS = const(0x81)
_ASKER = const(0xA2)
_COUNTER = const(0x83)
_FLOOR = const(0x84)
_SPECIAL_FLOORS = const(0xA5)
_OTHER_FLOORS = const(0xA6)
_APPLY = const(0)

_TOP_UP = const(0)  # usage of a special floor

_ALERTS = {"CS02b": "FD-CS02b", "CS02g": "CS02g"}
_DONE = 0x8F66
_FAILED = 0x8F67
_UPDATED = 0x8F70


class Update:
    """What a command asks for.

    `asker`: the cell in whose right it is asked; `floors`: [(role, floor, [(usage, floor), ...]), ...]; `replacements`:
    [(certificate, cell), ...]; `path`: certificates of authorities; `moment`: `utc`, elements.NEVER or None.
    """

    def __init__(self, element):
        parts = elements.items(element)
        if not 3 <= len(parts) <= 4:
            raise ValueError
        control = elements.items(parts[0])
        self.mode = elements.integer(control[0])
        fields = {}
        for field in control[1:]:
            if field[0] in fields:
                raise ValueError
            fields[field[0]] = field
        self.asker = elements.read_cell(fields[_ASKER][1])
        self.counter = _counter(fields[_COUNTER], _COUNTER)
        self.checks_time = _TIME_CHECKS not in fields or elements.integer(fields[_TIME_CHECKS], _TIME_CHECKS) == _APPLY
        self.floors = _read_floors(self.asker[0], fields)
        self.replacements = [_read_replacement(item) for item in elements.items(parts[1])]
        self.path = [der.encode(certificate) for certificate in elements.items(parts[2])]
        self.moment = None
        if len(parts) == 4:
            self.moment = elements.NEVER if parts[3][1] == elements.NEVER else elements.read_time(parts[3])


def _read_floors(role, fields):
    """The floors for the role that asks, where there are any, and those for others."""
    found = []
    if _FLOOR in fields:
        special = _read_special(fields[_SPECIAL_FLOORS][1]) if _SPECIAL_FLOORS in fields else []
        found.append((role, _counter(fields[_FLOOR], _FLOOR), special))
    for item in fields[_OTHER_FLOORS][1] if _OTHER_FLOORS in fields else ():
        parts = elements.items(item)
        special = _read_special(elements.items(parts[2])) if len(parts) == 3 else []
        found.append((elements.integer(parts[0]), _counter(parts[1]), special))
    return found


def _read_special(items):
    found = []
    for item in items:
        usage, floor = elements.items(item)
        found.append((elements.integer(usage), _counter(floor)))
    return found


def _counter(element, tag=der.INTEGER):
    """A counter, 64 bits."""
    value = elements.integer(element, tag)
    if value >> 64:
        raise ValueError
    return value


def _read_replacement(element):
    certificate, cell = elements.items(element)
    return der.encode(certificate), elements.read_cell(elements.items(cell))


# --- commands -------------------------------------------------------------------------------------------------


def mode_of(message_code):
    """The mode that goes with a message code."""
    mode = message_code - _FIRST_CODE_OF_LOAD_CONTROLLERS
    return mode if mode >= 10 else message_code - _FIRST_CODE


def read(server, request, element):
    """The Update; raises Refused where its sender may not ask for it."""
    try:
        update = Update(element)
    except (IndexError, KeyError):  # a field that has to be there
        raise ValueError
    if update.mode != mode_of(request.use_case.code) or update.mode not in MODES:
        raise Refused(checks.NOT_SUPPORTED, "mode %d" % update.mode)
    asker, replaced = MODES[update.mode]
    held = server.keys.cell(*update.asker)
    if update.asker[0] != asker or held is None or held[0] != request.message.originator:
        raise Refused(checks.ROLE, "whoever asks does not hold the cell it names")
    for _certificate, cell in update.replacements:
        if replaced not in (ANY, cell[0]):
            raise Refused(checks.ROLE, "mode %d does not replace cells of role %d" % (update.mode, cell[0]))
    return update


def answer(server, request):
    """The outcome; only that the command was taken where it is still to come."""
    update = request.content
    if update.moment is None:
        return elements.sequence(elements.NULL, execute(server, update, request.time)[0])
    pending.cancel(server.values, request.use_case.code)
    if update.moment != elements.NEVER:
        pending.keep(server.values, update.moment, request.message)
    return elements.sequence(elements.NULL)


def carry_out(server, instruction, utc, time):
    """Do what was kept for its date; returns the octets of the alert that says how it went."""
    outcome, done = execute(server, Update(der.decode(instruction.payload)), time)
    name = _ALERTS[use_cases.find(instruction.message_code).name]
    return asn1_alerts.send(server, name, instruction.originator, _DONE if done else _FAILED, utc, outcome)


# --- execution ------------------------------------------------------------------------------------------------


def execute(server, update, time):
    """(outcome, whether every cell was replaced): the replacements one by one, then the counters' floors."""
    now = None
    utc, status = server.device.gbcs_clock(time)
    if update.checks_time and status == RELIABLE:
        now = elements.time_text(utc)
    outcomes = []
    renewed = set()
    done = True
    for octets, cell in update.replacements:
        before = _held(server, cell)
        code = replace(server.keys, cell, octets, update.path, now)
        if code == REPLACED:
            renewed.add(cell[:2])
        else:
            done = False
        outcomes.append(_outcome(cell, code, before, _held(server, cell)))
    for role, floor, special in update.floors:
        _set_floors(server, role, floor, special, renewed)
    if renewed:
        server.device.event(_UPDATED)
    changes = [_change(*floors) for floors in update.floors]
    return (
        elements.sequence(
            der.integer(update.counter),
            der.integer(update.mode),
            elements.sequence(*changes),
            elements.sequence(*outcomes),
        ),
        done,
    )


def replace(keys, cell, octets, path, now):
    """Replace what one cell of a key store holds; returns the outcome's code. See KeyStore.replace."""
    try:
        keys.replace(cell, octets, path, now)
    except Failed as failed:
        return failed.code
    except NoCellError:
        return NO_CELL
    except UntrustedError:
        return NO_TRUST_ANCHOR
    except CryptoError:
        return BAD_CERTIFICATE
    except StoreError:
        return NO_MEMORY
    return REPLACED


def _held(server, cell):
    """(entity identifier, key identifier) of what a cell holds; zeros for what is not there."""
    found = server.keys.cell(*cell)
    return (NOBODY, NOBODY) if found is None else (found[0], found[2] or NOBODY)


def _outcome(cell, code, before, after):
    identifiers = [(der.OCTET_STRING, octets) for octets in before + after]
    return elements.sequence(elements.cell(cell), der.integer(code, der.ENUMERATED), *identifiers)


def _change(role, floor, special):
    found = [der.integer(role), der.integer(floor)]
    if special:
        found.append(elements.sequence(*[elements.sequence(der.integer(usage), der.integer(own)) for usage, own in special]))
    return elements.sequence(*found)


def _set_floors(server, role, floor, special, renewed):
    """From now on counters of the party in a role are greater than the floor [GBCS 4.3.1.5].

    Only with a new key may a floor lie below what was accepted: else old commands could come again (I).
    """
    party = server.keys.holder(role)
    if party is None:
        return
    usages = [usage for usage, _cell_usage in server.keys.cells_of(role)]
    is_new = (role, DIGITAL_SIGNATURE if DIGITAL_SIGNATURE in usages else usages[0]) in renewed
    lines = [(counters.ORDINARY, floor)]
    lines += [(counters.TOP_UP, own) for usage, own in special if usage == _TOP_UP]
    for line, lowest in lines:
        last = server.counters.last(party, line)
        if is_new or last is None or lowest > last:
            server.counters.accept(party, lowest, line)
