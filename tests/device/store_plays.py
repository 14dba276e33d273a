# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays: lists of operations on a store, done beside a plain model of it; used with and without hypothesis.

An operation is a tuple. `("cut", operation, steps, survive, fill)` does an operation with the power going after so
many steps; the store that is there afterwards must be the model before or after the operation, and nothing else.
"""

import struct

from han.errors import StoreError
from han.node.files import Folder
from han.stores.flash import FlashStores
from han.stores.log import Log
from han.stores.memory import MemoryLog, MemoryValues
from han.stores.values import Values
from power import Files, Flash, survives
from support import equal


def record_of(utc, size):
    """A record of at least 4 octets: its UTC, then octets that differ from record to record."""
    return struct.pack("<I", utc) + bytes([(utc * 7 + i) & 0xFF for i in range(size - 4)])


def check_log(log, model, capacity):
    """`log` answers every question as the list of records `model` says."""
    records = model[-capacity:]
    equal(len(log), len(records), "length")
    equal(list(log), records, "oldest first")
    equal(list(log.newest_first()), records[::-1], "newest first")
    for age in {0, len(records) // 2, len(records) - 1}:
        if 0 <= age < len(records):
            equal(log.record(age), records[len(records) - 1 - age], "age %d" % age)
    if records:
        first = struct.unpack_from("<I", records[0])[0]
        last = struct.unpack_from("<I", records[-1])[0]
        for start, end in ((0, 1 << 31), (first + 1, last), (last, last + 1), (first + (last - first) // 2, last + 9)):
            expected = [record for record in records if start <= struct.unpack_from("<I", record)[0] < end]
            equal(list(log.between(start, end)), expected, "between %d and %d" % (start, end))


def _do_log(log, operation, utc, size):
    kind = operation[0]
    if kind == "append":
        log.append(record_of(utc, size))
    elif kind == "erase":
        log.erase()
    else:
        log.erase_before(operation[1])


def _expected_log(model, operation, utc, size, capacity):
    kind = operation[0]
    if kind == "append":
        return (model + [record_of(utc, size)])[-capacity:]
    if kind == "erase":
        return []
    return [record for record in model if struct.unpack_from("<I", record)[0] >= operation[1]]


def play_log(size, capacity, segment, operations):
    """Play on a log of records of `size` octets; returns the records at the end.

    Operations: ("append", seconds since the last), ("erase",), ("erase_before", utc), ("restart",), ("cut", ...).
    """
    flash = Flash()
    log = Log(Files(flash), "log", size, capacity, segment)
    memory = MemoryLog("log", size, capacity)
    model = []
    utc = 1000
    for operation in operations:
        inner = operation[1] if operation[0] == "cut" else operation
        if inner[0] == "append":
            utc += inner[1]
        if inner[0] == "restart":
            log = Log(Files(flash), "log", size, capacity, segment)
        else:
            after = _expected_log(model, inner, utc, size, capacity)
            if operation[0] == "cut":
                log, done = _cut_log(flash, log, operation, utc, (size, capacity, segment), model, after)
            else:
                _do_log(log, inner, utc, size)
                done = True
            if done:
                _do_log(memory, inner, utc, size)
                model = after
        check_log(log, model, capacity)
        check_log(memory, model, capacity)
    equal(log.damaged <= len(operations), True, "damaged places are counted once")
    return list(log)


def _cut_log(flash, log, operation, utc, geometry, model, after):
    size, capacity, segment = geometry
    _, inner, steps, survive, fill = operation
    flash.cut_after(steps)
    finished = survives(_do_log, log, inner, utc, size)
    flash.power_on(survive, fill)
    log = Log(Files(flash), "log", size, capacity, segment)
    found = list(log)
    if found == after:
        return log, True
    if finished or found != model:
        raise AssertionError("after a cut in %r: %r, neither %r nor %r" % (inner, found, model, after))
    return log, False


def play_damaged_log(size, capacity, segment, count, damages):
    """Fill a log, change octets of its files, start again: returns what is readable, which must all have been written.

    A damage is (file, offset, octet): the file by its place in the list, the octet to exclusive-or, or None to cut
    the file off there, or -1 to remove it.
    """
    flash = Flash()
    log = Log(Files(flash), "log", size, capacity, segment)
    written = []
    for i in range(count):
        written.append(record_of(1000 + i, size))
        log.append(written[-1])
    _damage(flash, damages)
    log = Log(Files(flash), "log", size, capacity, segment)
    _check_remains(log, written)
    log.append(record_of(5000, size))
    equal(log.record(0), record_of(5000, size), "a damaged log goes on")
    log = Log(Files(flash), "log", size, capacity, segment)
    equal(log.record(0), record_of(5000, size), "and is found again")
    _check_remains(log, written + [record_of(5000, size)])
    return list(log)


def _check_remains(log, written):
    places = {record: i for i, record in enumerate(written)}
    last = -1
    for record in log:
        equal(record in places, True, "a record that was never written: %r" % record)
        equal(places[record] > last, True, "the order of the records")
        last = places[record]
    readable = list(log)
    equal(list(log.newest_first()), readable[::-1])
    equal(list(log.between(1000, 9000)), readable)
    for record in readable:
        utc = struct.unpack_from("<I", record)[0]
        equal(list(log.between(utc, utc + 1)), [record])


def _damage(flash, damages):
    for file, offset, octet in damages:
        paths = sorted(flash.nodes)
        if not paths:
            return
        path = paths[file % len(paths)]
        if octet == -1:
            del flash.nodes[path]
            continue
        content = bytearray(flash.nodes[path].safe)
        at = offset % (len(content) + 1)
        if octet is None:
            content = content[:at]
        elif at < len(content):
            content[at] ^= octet
        flash.nodes[path].safe = bytes(content)


# -- named values ---------------------------------------------------------------------------------------------


def check_values(values, model):
    equal(values.keys(), sorted(model), "names")
    for key in model:
        equal(values.get(key), model[key], key)
    equal(values.get("not there", 5), 5)


def _do_values(values, operation):
    kind = operation[0]
    if kind == "set":
        values.set_all(operation[1])
    elif kind == "remove":
        values.remove(operation[1])
    else:
        values.erase()


def _expected_values(model, operation):
    model = dict(model)
    if operation[0] == "set":
        model.update(operation[1])
    elif operation[0] == "remove":
        for key in operation[1]:
            model.pop(key, None)
    else:
        model = {}
    return model


def play_values(operations):
    """Play on named values; returns them at the end.

    Operations: ("set", {name: value}), ("remove", [name]), ("erase",), ("restart",), ("cut", ...).
    """
    flash = Flash()
    values = Values(Files(flash))
    memory = MemoryValues()
    model = {}
    for operation in operations:
        inner = operation[1] if operation[0] == "cut" else operation
        if inner[0] == "restart":
            values = Values(Files(flash))
        else:
            after = _expected_values(model, inner)
            done = True
            if operation[0] == "cut":
                values, done = _cut_values(flash, values, operation, model, after)
            else:
                _do_values(values, inner)
            if done:
                _do_values(memory, inner)
                model = after
        check_values(values, model)
        check_values(memory, model)
    return model


def _cut_values(flash, values, operation, model, after):
    _, inner, steps, survive, fill = operation
    flash.cut_after(steps)
    finished = survives(_do_values, values, inner)
    flash.power_on(survive, fill)
    values = Values(Files(flash))
    found = {key: values.get(key) for key in values.keys()}
    if found == after:
        return values, True
    if finished or found != model:
        raise AssertionError("after a cut in %r: %r, neither %r nor %r" % (inner, found, model, after))
    return values, False


def play_damaged_values(changes, damages):
    """Set values one change after the other, change octets of the file, start again: returns what is left.

    Each value that is left must once have been given to that name.
    """
    flash = Flash()
    values = Values(Files(flash))
    given = {}
    for change in changes:
        values.set_all(change)
        for key, value in change.items():
            given.setdefault(key, []).append(value)
    _damage(flash, damages)
    values = Values(Files(flash))
    left = {key: values.get(key) for key in values.keys()}
    for key, value in left.items():
        equal(value in given.get(key, ()), True, "%s was never %r" % (key, value))
    values.set("after", 1)
    values = Values(Files(flash))
    equal(values.get("after"), 1, "a damaged file goes on")
    for key in left:
        equal(values.get(key), left[key], key)
    return left


def fill_log(size, capacity, segment, room):
    """Append to a log until the flash takes no more; returns how many were taken, all of which must be there."""
    flash = Flash(room)
    log = Log(Files(flash), "log", size, capacity, segment)
    taken = []
    try:
        while len(taken) < 10 * capacity:
            log.append(record_of(1000 + len(taken), size))
            taken.append(record_of(1000 + len(taken), size))
    except StoreError:
        pass
    count = len(taken)
    check_log(log, taken, capacity)
    check_log(Log(Files(flash), "log", size, capacity, segment), taken, capacity)
    flash.room += 100 * size
    for _ in range(3):
        log.append(record_of(1000 + len(taken), size))
        taken.append(record_of(1000 + len(taken), size))
        check_log(log, taken, capacity)
    check_log(Log(Files(flash), "log", size, capacity, segment), taken, capacity)
    return count


def fill_folder(path, count):
    """Write a log and values into a folder; returns what `read_folder` must find."""
    stores = FlashStores(Folder(path))
    log = stores.log("events", 8, 40)
    for i in range(count):
        log.append(record_of(1000 + i, 8))
        stores.values.set("counter", i)
    log.erase_before(1000 + count - 20)
    return read_folder(path)


def read_folder(path):
    """The records and values in a folder."""
    stores = FlashStores(Folder(path))
    found = [list(stores.log("events", 8, 40)), stores.values.get("counter")]
    equal(stores.damaged(), {})
    return found
