# SPDX-License-Identifier: GPL-3.0-or-later
"""CS02a, CS02b, CS02f, CS02g: what trust anchor cells hold, how it is replaced, and what is refused."""

import certificates as made
import commissioning_support as bench
from commissioning_support import BROKER, CHANGER, NETWORK, OTHER_SUPPLIER, RECOVERY, SUPPLIER, TIME, Bench, cell_of, command
from han.clock import UNRELIABLE
from han.errors import StoreError
from han.gbcs import asn1_answer, checks, counters, der, pending
from han.gbcs.elements import sequence
from han.stores.memory import MemoryValues
from support import equal

OK = made.own_authority()
STRANGE = made.strange_authority()
NEVER = b"99991231235959Z"
LATER = b"20230101000000Z"
LATER_UTC = TIME + 86400 * 58 + 14 * 3600


def supplier_keys(entity=SUPPLIER, first=0xA0, authority=OK, **named):
    """Replacements of the three cells of the supplier by keys with the numbers `first`, +1, +2."""
    cells = ((2, 0, 0), (2, 4, 0), (2, 4, 1))
    return [(authority.issue("02", entity, first + n, cells[n][1], **named), cells[n]) for n in range(3)]


def update(mode, asker, replacements, counter=1000, path=(OK.issuer,), time=None, control=()):
    """The element of a credentials update; `control` are further fields of the control."""
    fields = [der.integer(mode), (0xA2, cell_of(*asker)[1])]
    front = [field for field in control if field[0] < 0xA2 and field[0] not in (0x83, 0x84)]
    back = [field for field in control if field not in front]
    fields = fields[:1] + front + fields[1:] + [der.integer(counter, 0x83)] + back
    parts = [
        sequence(*fields),
        sequence(*[sequence((der.RAW, octets), cell_of(*cell)) for octets, cell in replacements]),
        sequence(*[(der.RAW, octets) for octets in path]),
    ]
    return sequence(*parts + ([(der.GENERALIZED_TIME, time)] if time else []))


def by_supplier(replacements=None, counter=1000, key=0x20, **named):
    """Mode 2: the supplier replaces its own keys."""
    replacements = supplier_keys() if replacements is None else replacements
    return command(0x0102, update(2, (2, 0), replacements, counter, **named), key=key, counter=counter)


def floor(value, *special):
    """Fields of the control: a floor for the role that asks, and for its top-ups."""
    fields = [der.integer(value, 0x84)]
    if special:
        fields.append((0xA5, [sequence(der.integer(0), der.integer(top_up)) for top_up in special]))
    return fields


def outcomes(message):
    """(counter, mode, floors, [(cell role, usage, cell usage, status, old entity, old key, new entity, new key), ...])."""
    _null, outcome = der.decode(message.payload)[1]
    return read_outcome(outcome)


def read_outcome(outcome):
    counter, mode, floors, replaced = outcome[1]
    found = []
    for item in replaced[1]:
        cell, status, old, old_key, new, new_key = item[1]
        usage = {b"\x07\x80": 0, b"\x03\x08": 4, b"\x02\x04": 5}[cell[1][1][1]]
        cell_usage = der.integer_of(cell[1][2]) if len(cell[1]) > 2 else 0
        numbers = [int.from_bytes(key[1][1:], "big") for key in (old_key, new_key)]
        found.append((der.integer_of(cell[1][0]), usage, cell_usage, status[1][0], old[1], numbers[0], new[1], numbers[1]))
    changes = [[number(field) for field in change[1]] for change in floors[1]]
    return der.integer_of(counter), der.integer_of(mode), changes, found


def number(element):
    """Numbers of an element, nested as it is."""
    return [number(item) for item in element[1]] if isinstance(element[1], list) else der.integer_of(element)


def statuses(message):
    return [found[3] for found in outcomes(message)[3]]


def test_the_supplier_replaces_its_keys_and_signs_with_the_new_one():
    device = Bench(authority=OK)
    answer = device.give(by_supplier(control=floor(7, 3 << 32)))
    equal(answer.payload[:4].hex(), "308200ce", "two octets of length, as devices write them")
    expected = [
        (2, 0, 0, 0, SUPPLIER, 0x20, SUPPLIER, 0xA0),
        (2, 4, 0, 0, SUPPLIER, 0x21, SUPPLIER, 0xA1),
        (2, 4, 1, 0, SUPPLIER, 0x22, SUPPLIER, 0xA2),
    ]
    equal(outcomes(answer), (1000, 2, [[2, 7, [[0, 3 << 32]]]], expected))
    equal(answer.date_time[-1], 0xFF)
    equal(device.device.logged, [0x8F70])
    equal(device.server.counters.last(SUPPLIER), 7)
    equal(device.server.counters.last(SUPPLIER, counters.TOP_UP), 3 << 32)
    device.restart()
    equal(device.refused(by_supplier(counter=2000)), checks.SIGNATURE)
    again = device.give(by_supplier(supplier_keys(first=0xB0), counter=8, key=0xA0))
    equal(statuses(again), [0, 0, 0])
    equal([device.holds(2, 0, 0), device.holds(2, 4, 0), device.holds(2, 4, 1)], [0xB0, 0xB1, 0xB2])


def test_a_command_counts_once():
    device = Bench(authority=OK)
    keys = [(OK.issue("02", SUPPLIER, 0xA1, 4), (2, 4, 0))]
    equal(statuses(device.give(by_supplier(keys))), [0])
    equal(device.refused(by_supplier(keys)), checks.REPLAYED)
    device.restart()
    equal(device.refused(by_supplier(keys)), checks.REPLAYED)
    # The key for signatures is the old one, so a floor below what was accepted would let old commands in again.
    equal(statuses(device.give(by_supplier(keys, counter=1001, control=floor(1)))), [0])
    equal(device.server.counters.last(SUPPLIER), 1001)
    equal(statuses(device.give(by_supplier(keys, counter=1002, control=floor(5000)))), [0])
    equal(device.server.counters.last(SUPPLIER), 5000)


def test_what_is_wrong_with_a_certificate_is_said_and_its_cell_stays():
    expired = (b"20200101000000Z", b"20210101000000Z")
    for octets, cell, status in (
        (STRANGE.issue("02", SUPPLIER, 0xA0, 0), (2, 0, 0), 10),
        (OK.issue("02", SUPPLIER, 0xA0, 4), (2, 0, 0), 5),
        (OK.issue("02", None, 0xA0, 0), (2, 0, 0), 5),
        (OK.issue("02", SUPPLIER, 0xA0, 0, expired), (2, 0, 0), 5),
        (der.encode(sequence(der.integer(1))), (2, 0, 0), 5),
        (OK.issue("02", SUPPLIER, 0xA0, 0), (2, 0, 1), 25),
    ):
        device = Bench(authority=OK)
        cells = device.keys.cells()
        answer = device.give(by_supplier([(octets, cell)]))
        equal(statuses(answer), [status])
        before = (SUPPLIER, 0x20) if status != 25 else (bytes(8), 0)
        equal(outcomes(answer)[3][0][4:], before + before)
        equal(device.holds(2, 0, 0), 0x20)
        equal(device.keys.cells(), cells)
        equal(device.device.logged, [])


def test_without_a_path_to_the_root_nothing_is_taken():
    device = Bench(authority=OK)
    equal(statuses(device.give(by_supplier(path=()))), [10, 10, 10])
    device = Bench()
    equal(statuses(device.give(by_supplier())), [10, 10, 10])


def test_one_bad_certificate_does_not_keep_the_others_out():
    device = Bench(authority=OK)
    replacements = supplier_keys()
    replacements[1] = (STRANGE.issue("02", SUPPLIER, 0xA1, 4), (2, 4, 0))
    equal(statuses(device.give(by_supplier(replacements))), [0, 10, 0])
    equal([device.holds(2, 0, 0), device.holds(2, 4, 0), device.holds(2, 4, 1)], [0xA0, 0x21, 0xA2])


def test_validity_is_looked_at_by_a_reliable_clock_unless_the_command_says_otherwise():
    old = [(OK.issue("02", SUPPLIER, 0xA0, 0, (b"20200101000000Z", b"20210101000000Z")), (2, 0, 0))]
    disapplied = [der.integer(1, 0x81)]
    applied = [der.integer(0, 0x81)]
    for control, clock, status in (((), 0, 5), (applied, 0, 5), (disapplied, 0, 0), ((), UNRELIABLE, 0)):
        device = Bench(authority=OK)
        device.device.clock = (TIME, clock)
        equal(statuses(device.give(by_supplier(old, control=control))), [status])


class FullValues(MemoryValues):
    """A flash that takes no more cells."""

    def set_all(self, changes):
        if any(name.startswith("cell_") for name in changes) and len(self.keys()) > 20:
            raise StoreError("no room")
        super().set_all(changes)


def test_a_full_flash_is_said():
    device = Bench(authority=OK, values=FullValues())
    for filling in range(20):
        device.values.set("filling_%d" % filling, 0)
    equal(statuses(device.give(by_supplier())), [17, 17, 17])
    equal(device.holds(2, 0, 0), 0x20)


def test_the_broker_hands_the_cells_of_the_gas_proxy_over():
    cells = {(4, 4, 0): (BROKER, 0x41), (3, 0, 0): (BROKER, 0x40), (3, 4, 0): (BROKER, 0x41)}
    device = Bench("gpf", cells, OK)
    keys = [(OK.issue("03", NETWORK, 0xA0, 0), (3, 0, 0)), (OK.issue("03", NETWORK, 0xA1, 4), (3, 4, 0))]
    handover = command(0x0103, update(3, (3, 0), keys, control=floor(0)), originator=BROKER, key=0x40)
    answer = device.give(handover)
    equal(answer.recipient, BROKER)
    expected = [(3, 0, 0, 0, BROKER, 0x40, NETWORK, 0xA0), (3, 4, 0, 0, BROKER, 0x41, NETWORK, 0xA1)]
    equal(outcomes(answer), (1000, 3, [[3, 0]], expected))
    equal((device.keys.role(NETWORK), device.keys.role(BROKER)), (3, 4))
    equal(device.server.counters.last(NETWORK), 0)
    equal(device.server.counters.last(BROKER), 1000)
    device.keys.set_secret(BROKER, bench.SECRET)
    again = command(0x0103, update(3, (3, 0), keys, 1001), originator=BROKER, key=0x40, counter=1001)
    equal(device.refused(again), checks.SIGNATURE)  # the broker holds no key for signatures any more


def test_the_changer_of_suppliers_puts_another_supplier_in():
    device = Bench(authority=OK)
    others = [(0xA6, [sequence(der.integer(2), der.integer(9), sequence(sequence(der.integer(0), der.integer(1 << 32))))])]
    element = update(7, (5, 0), supplier_keys(OTHER_SUPPLIER), control=others)
    answer = device.give(command(0x0107, element, originator=CHANGER, key=0x50))
    found = outcomes(answer)
    equal(found[2], [[2, 9, [[0, 1 << 32]]]])
    equal([outcome[6] for outcome in found[3]], [OTHER_SUPPLIER] * 3)
    equal((device.keys.role(SUPPLIER), device.keys.role(OTHER_SUPPLIER)), (None, 2))
    equal(device.keys.secret(SUPPLIER), None)
    equal(device.server.counters.last(OTHER_SUPPLIER), 9)
    equal(device.server.counters.last(OTHER_SUPPLIER, counters.TOP_UP), 1 << 32)


def test_the_broker_replaces_its_own_key_without_a_signature_and_gets_a_signed_answer():
    device = Bench(authority=OK)
    keys = [(OK.issue("04", BROKER, 0xA1, 4), (4, 4, 0))]
    answer = device.give(command(0x0104, update(4, (4, 4), keys), originator=BROKER, key=None))
    equal(answer.mac, None)
    equal(outcomes(answer)[3], [(4, 4, 0, 0, BROKER, 0x41, BROKER, 0xA1)])
    equal(device.keys.secret(BROKER), None)  # the old one is gone, and this device has no key to agree on another


def test_recovery_needs_no_mac_and_reaches_every_cell():
    device = Bench(authority=OK)
    keys = supplier_keys() + [(OK.issue("04", BROKER, 0xA4, 4), (4, 4, 0)), (OK.issue("01", RECOVERY, 0xA5, 0), (1, 0, 0))]
    message = command(0x0108, update(8, (1, 0), keys), originator=RECOVERY, key=0x11, mac=False)
    equal(statuses(device.give(message)), [0] * 5)
    equal((device.holds(4, 4, 0), device.holds(1, 0, 0)), (0xA4, 0xA5))


def test_a_new_root_is_a_test_root_for_which_the_old_one_vouches():
    new = made.own_authority(0x3000)
    link = made.certificate(new.root_name, 0x3000, 5, OK.root_name, OK.root_key)
    stranger_link = made.certificate(STRANGE.root_name, 0x2000, 5, OK.root_name, OK.root_key)
    for root, path, status in (
        (new.root, (link,), 0),
        (new.root, (), 10),
        (new.root, (OK.issuer,), 10),
        (STRANGE.root, (stranger_link,), 10),
    ):
        device = Bench(authority=OK)
        element = update(0, (2, 0), [(root, (0, 5, 0))], path=path)
        answer = device.give(command(0x0100, element))
        equal(outcomes(answer)[3][0][:6], (0, 5, 0, status, bytes(8), 0x1000))
        taken = Bench.give(device, by_supplier(supplier_keys(authority=new), counter=1001, path=(new.issuer,)))
        equal(statuses(taken), [0 if status == 0 else 10] * 3)


def test_who_may_not_ask_is_refused():
    device = Bench(authority=OK)
    keys = supplier_keys()
    network = [(OK.issue("03", NETWORK, 0xA0, 0), (3, 0, 0))]
    for reason, message in (
        (checks.ROLE, command(0x0102, update(2, (3, 0), keys))),  # in the right of a cell it does not hold
        (checks.ROLE, command(0x0102, update(2, (2, 4, 7), keys))),  # that is not there
        (checks.ROLE, command(0x0102, update(2, (2, 0), network))),  # for cells of another role
        (checks.ROLE, command(0x0103, update(3, (3, 0), network))),  # a code that is not for a supplier
        (checks.NOT_SUPPORTED, command(0x0102, update(3, (2, 0), keys))),  # a mode that is not the code's
        (checks.SIGNATURE, command(0x0102, update(2, (2, 0), keys), key=0x30)),
        (checks.PROTECTION, command(0x0102, update(2, (2, 0), keys), mac=False)),
        (checks.NOT_SUPPORTED, command(0x0109, update(9, (1, 0), keys), originator=RECOVERY, key=0x11, mac=False)),
    ):
        equal(device.refused(message) if reason != checks.NOT_SUPPORTED else lacking(device, message), reason)
    equal(device.holds(2, 0, 0), 0x20)
    equal(device.server.counters.last(SUPPLIER), None)


def lacking(device, message):
    """An ESME says by an alert that it does not support a command; the reason it counts."""
    device.server.refusals.clear()
    equal(device.give(message).message_code, 0x0120)
    (reason,) = device.server.refusals
    return reason


def test_other_forms_are_refused():
    device = Bench(authority=OK)
    good = update(2, (2, 0), supplier_keys())
    control, replacements, path = good[1]
    for element in (
        sequence(control, replacements),
        sequence(control, replacements, path, der.integer(0)),
        sequence(control, replacements, path, (der.GENERALIZED_TIME, b"20231301000000Z")),
        sequence(sequence(der.integer(2)), replacements, path),
        sequence(sequence(), replacements, path),
        sequence(sequence(*control[1] + control[1][-1:]), replacements, path),
        sequence(control, sequence(der.integer(1)), path),
        sequence(control, sequence(sequence(der.integer(1), sequence(der.integer(2)))), path),
        der.integer(2),
        (der.NULL, b""),
    ):
        equal(device.refused(command(0x0102, element)), checks.PAYLOAD)


# --- at a date ------------------------------------------------------------------------------------------------


def alert_of(octets, device):
    """(message code, alert code, time, outcome) of an alert."""
    message = bench.checked(octets, device.public_key())
    code, time, outcome = der.decode(message.payload)[1]
    return message.message_code, der.integer_of(code), time[1], read_outcome(outcome)


def test_an_update_waits_for_its_date_over_a_restart():
    device = Bench(authority=OK)
    answer = device.give(by_supplier(time=LATER))
    equal(answer.payload.hex(), "30020500")
    device.restart()
    equal(pending.next_utc(device.values), LATER_UTC)
    equal(asn1_answer.carry_out_due(device.server, 0), [])
    equal(device.holds(2, 0, 0), 0x20)
    device.device.clock = (LATER_UTC + 5, 0)
    (alert,) = asn1_answer.carry_out_due(device.server, 0)
    code, alert_code, time, outcome = alert_of(alert, device)
    equal((code, alert_code, time), (0x00CB, 0x8F66, b"20230101000005Z"))
    equal(outcome[0], 1000)
    equal([found[3] for found in outcome[3]], [0, 0, 0])
    equal(device.holds(2, 0, 0), 0xA0)
    equal(pending.next_utc(device.values), None)
    equal(asn1_answer.carry_out_due(device.server, 0), [])


def test_an_update_that_fails_at_its_date_says_so():
    device = Bench(authority=OK)
    replacements = supplier_keys()
    replacements[2] = (STRANGE.issue("02", SUPPLIER, 0xA2, 4), (2, 4, 1))
    device.give(by_supplier(replacements, time=LATER))
    device.device.clock = (LATER_UTC, 0)
    (alert,) = asn1_answer.carry_out_due(device.server, 0)
    _code, alert_code, _time, outcome = alert_of(alert, device)
    equal(alert_code, 0x8F67)
    equal([found[3] for found in outcome[3]], [0, 0, 10])


def test_a_cancellation_and_a_later_command_take_an_update_away():
    device = Bench(authority=OK)
    device.give(by_supplier(time=LATER))
    equal(device.give(by_supplier(counter=1001, time=NEVER)).payload.hex(), "30020500")
    equal(pending.next_utc(device.values), None)
    equal([name for name in device.values.keys() if name.startswith("instruction")], [])
    device.give(by_supplier(counter=1002, time=LATER))
    device.give(by_supplier(supplier_keys(first=0xB0), counter=1003, time=b"20230101000001Z"))
    equal(pending.next_utc(device.values), LATER_UTC + 1)
    device.device.clock = (LATER_UTC + 1, 0)
    equal(len(asn1_answer.carry_out_due(device.server, 0)), 1)
    equal(device.holds(2, 0, 0), 0xB0)


def test_without_a_time_nothing_is_due():
    device = Bench(authority=OK)
    device.give(by_supplier(time=b"20010101000000Z"))
    device.device.clock = (None, 1)
    equal(asn1_answer.carry_out_due(device.server, 0), [])
    device.device.clock = (TIME, 0)
    equal(len(asn1_answer.carry_out_due(device.server, 0)), 1)


def test_a_command_longer_than_a_value_is_kept_whole():
    device = Bench(authority=OK)
    path = (OK.issuer,) * 12
    equal(device.give(by_supplier(path=path, time=LATER)).payload.hex(), "30020500")
    device.restart()
    device.device.clock = (LATER_UTC, 0)
    equal(alert_of(asn1_answer.carry_out_due(device.server, 0)[0], device)[1], 0x8F66)


def test_load_controllers_have_alerts_of_their_own():
    controller = bytes.fromhex("b000000000010008")
    cells = dict(bench.CELLS)
    cells[(8, 0, 0)] = (controller, 0x80)
    device = Bench(cells=cells, authority=OK)
    keys = [(OK.issue("02", SUPPLIER, 0xA0, 0), (8, 0, 0))]
    device.give(command(0x0126, update(11, (2, 0), keys, time=LATER)))
    device.device.clock = (LATER_UTC, 0)
    code, alert_code, _time, outcome = alert_of(asn1_answer.carry_out_due(device.server, 0)[0], device)
    equal((code, alert_code, outcome[1]), (0x0124, 0x8F66, 11))
    equal(outcome[3], [(8, 0, 0, 0, controller, 0x80, SUPPLIER, 0xA0)])
    equal(device.keys.role(SUPPLIER), 2)


# --- details --------------------------------------------------------------------------------------------------


def details(device, roles, asker=(2, 0), code=0x0008, **named):
    element = sequence(cell_of(*asker), sequence(*[der.integer(role) for role in roles]))
    return device.give(command(code, element, **named))


def test_details_of_what_cells_hold():
    device = Bench()
    device.server.counters.accept(SUPPLIER, 4711)
    answer = details(device, (2, 4, 6), (4, 4), originator=BROKER, key=None)
    assert answer.mac
    expected = (
        sequence(
            der.integer(2),
            (der.ENUMERATED, b"\0"),
            der.integer(4711),
            sequence(
                *[
                    sequence(
                        (der.BIT_STRING, usage),
                        *(cell_usage + [(der.OCTET_STRING, SUPPLIER), (der.OCTET_STRING, made.identifier(key))]),
                    )
                    for usage, cell_usage, key in (
                        (b"\x07\x80", [], 0x20),
                        (b"\x03\x08", [], 0x21),
                        (b"\x03\x08", [der.integer(1)], 0x22),
                    )
                ]
            ),
        ),
        sequence(
            der.integer(4),
            (der.ENUMERATED, b"\0"),
            der.integer(0),
            sequence(
                sequence((der.BIT_STRING, b"\x03\x08"), (der.OCTET_STRING, BROKER), (der.OCTET_STRING, made.identifier(0x41)))
            ),
        ),
        sequence(der.integer(6), (der.ENUMERATED, b"\x19")),
    )
    equal(answer.payload.hex(), der.encode(sequence(*expected), True).hex())


def test_details_are_signed_for_whoever_signs():
    device = Bench()
    for code in (0x0008, 0x011B):
        answer = details(device, (5,), (5, 0), code, originator=CHANGER, key=0x50, mac=False)
        equal(answer.mac, None)
    element = sequence(cell_of(5, 0), sequence(der.integer(5)))
    equal(device.refused(command(0x0008, element, key=None)), checks.ROLE)  # the supplier does not hold that cell
