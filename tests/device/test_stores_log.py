# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs on flash and in RAM: order, size, search, erasure, power cuts at every step, damage, a full flash."""

import struct

from han.errors import StoreError
from han.stores.log import Log
from han.stores.memory import MemoryLog
from power import Files, Flash, Node, survives
from store_plays import check_log, fill_log, play_damaged_log, play_log, record_of
from support import equal, raises

SIZE = 8
SEGMENT = 60  # five records of eight octets


def both(capacity):
    flash = Flash()
    return flash, (Log(Files(flash), "profile", SIZE, capacity, SEGMENT), MemoryLog("profile", SIZE, capacity))


def test_an_empty_log_answers_everything():
    for log in both(10)[1]:
        check_log(log, [], 10)
        raises(StoreError, log.record, 0)
        equal(list(log.between(0, 100)), [])
        log.erase()
        log.erase_before(100)
        equal(len(log), 0)


def test_the_oldest_are_overwritten():
    for log in both(12)[1]:
        written = [record_of(1000 + i, SIZE) for i in range(100)]
        for count in range(100):
            log.append(written[count])
            check_log(log, written[: count + 1], 12)
        raises(StoreError, log.record, 12)
        raises(StoreError, log.record, -1)


def test_a_record_of_another_size_is_refused():
    for log in both(12)[1]:
        log.append(record_of(1, SIZE))
        for wrong in (b"", bytes(7), bytes(9)):
            raises(StoreError, log.append, wrong)
        check_log(log, [record_of(1, SIZE)], 12)


def test_a_log_without_records_or_octets_is_refused():
    for size, capacity in ((0, 5), (8, 0)):
        raises(StoreError, MemoryLog, "x", size, capacity)
        raises(StoreError, Log, Files(Flash()), "x", size, capacity)


def test_equal_times_are_found_together():
    for log in both(12)[1]:
        records = [struct.pack("<II", utc, i) for i, utc in enumerate((5, 7, 7, 7, 9, 9, 11))]
        for record in records:
            log.append(record)
        equal(list(log.between(7, 8)), records[1:4])
        equal(list(log.between(0, 7)), records[:1])
        equal(list(log.between(8, 11)), records[4:6])
        log.erase_before(9)
        equal(list(log), records[4:])


def test_a_log_is_read_while_it_grows():
    for log in both(12)[1]:
        for i in range(12):
            log.append(record_of(i, SIZE))
        seen = []
        for record in log.oldest_first():
            seen.append(record)
            if len(seen) < 8:
                log.append(record_of(100 + len(seen), SIZE))
        equal(len(set(seen)), len(seen))
        equal(sorted(seen, key=lambda record: struct.unpack_from("<I", record)[0]), seen)


def test_the_files_stay_few_and_small():
    flash, logs = both(40)
    for i in range(400):
        logs[0].append(record_of(i, SIZE))
        sizes = [len(node.safe) for node in flash.nodes.values()]
        assert len(sizes) <= 40 // 5 + 2, sizes
        assert max(sizes) <= SEGMENT, sizes
    flash = Flash()
    log = Log(Files(flash), "half_hours", SIZE, 19056)
    for i in range(3200):
        log.append(record_of(i, SIZE))
    equal(len(flash.nodes), 3)  # of 1588 records, or 19 KB


def test_several_logs_in_one_folder():
    flash = Flash()
    logs = [Log(Files(flash), name, SIZE, 5, SEGMENT) for name in ("events", "events2", "security")]
    for i, log in enumerate(logs):
        log.append(record_of(i, SIZE))
    for i, name in enumerate(("events", "events2", "security")):
        check_log(Log(Files(flash), name, SIZE, 5, SEGMENT), [record_of(i, SIZE)], 5)


def test_power_may_go_at_every_step_of_an_append():
    grown = [("append", 1)] * 14
    for survive, fill in ((0, None), (0, 0), (0, 255), (5, None), (7, 0), (99, None)):
        for steps in range(8):
            cut = ("cut", ("append", 1), steps, survive, fill)
            for before in (0, 4, 5, 10, 14):
                play_log(SIZE, 10, SEGMENT, grown[:before] + [cut, cut, ("append", 2), cut, ("append", 1)])


def test_power_may_go_at_every_step_of_an_erasure():
    grown = [("append", 1)] * 24
    for erasure in (("erase",), ("erase_before", 1013), ("erase_before", 1015), ("erase_before", 1024)):
        for survive, fill in ((0, None), (3, 255), (99, None)):
            for steps in range(20):
                cut = ("cut", erasure, steps, survive, fill)
                play_log(SIZE, 20, SEGMENT, grown + [cut, ("restart",), ("append", 1)])


def test_power_may_go_again_while_an_erasure_is_finished():
    for first in range(14):
        for second in range(10):
            flash = Flash()
            log = Log(Files(flash), "log", SIZE, 20, SEGMENT)
            written = [record_of(i, SIZE) for i in range(18)]
            for record in written:
                log.append(record)
            flash.cut_after(first)
            erased = survives(log.erase_before, 12)
            flash.power_on()
            flash.cut_after(second)
            survives(Log, Files(flash), "log", SIZE, 20, SEGMENT)
            flash.power_on(3, 0)
            found = list(Log(Files(flash), "log", SIZE, 20, SEGMENT))
            if found != written[12:] and (erased or found != written):
                raise AssertionError("cuts after %d and %d steps left %r" % (first, second, found))


def test_what_was_erased_is_not_on_the_flash():
    flash, logs = both(20)
    for i in range(18):
        logs[0].append(record_of(1000 + i, SIZE))
    logs[0].erase_before(1012)
    content = b"".join([node.content() for node in flash.nodes.values()])
    for i in range(18):
        equal(record_of(1000 + i, SIZE) in content, i >= 12)
    logs[0].erase()
    equal(flash.nodes, {})


def test_damage_is_skipped_and_counted():
    flash, logs = both(20)
    written = [record_of(1000 + i, SIZE) for i in range(18)]
    for record in written:
        logs[0].append(record)
    path = "profile/00000005"
    content = bytearray(flash.nodes[path].safe)
    content[12 + 3] ^= 1  # the second record of that segment
    flash.nodes[path].safe = bytes(content)
    log = Log(Files(flash), "profile", SIZE, 20, SEGMENT)
    equal(log.damaged, 0, "what is old is not read at the start")
    equal(list(log), written[:6] + written[7:])
    equal(log.damaged, 1)
    equal(log.record(11), None)
    equal(list(log.between(1005, 1009)), [written[5], written[7], written[8]])


def test_any_damage_leaves_a_log_that_starts():
    for file in range(4):
        for offset in (0, 1, 11, 12, 35, 47, 59, 60):
            for octet in (1, 128, None, -1):
                play_damaged_log(SIZE, 20, SEGMENT, 18, [(file, offset, octet)])


def test_strange_files_are_left_alone_and_counted():
    flash = Flash()
    for name in ("readme.txt", "0000000G", "0x000001", "1", "000000010", "new"):
        flash.nodes["profile/" + name] = Node(b"hello")
    log = Log(Files(flash), "profile", SIZE, 10, SEGMENT)
    equal(len(log), 0)
    equal(log.damaged, 5)
    log.append(record_of(1, SIZE))
    check_log(Log(Files(flash), "profile", SIZE, 10, SEGMENT), [record_of(1, SIZE)], 10)


def test_a_full_flash_costs_no_record():
    for room in (0, 10, 12, 100, 125, 131):
        fill_log(SIZE, 50, SEGMENT, room)


def test_a_full_log_fits_a_flash_with_a_little_more_room():
    equal(fill_log(SIZE, 20, SEGMENT, 6 * SEGMENT), 200)
