# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores on LittleFS itself, with power cut at the writes of the flash: half a block written, the rest not."""

import os

from han.node.files import Folder
from han.stores.flash import FlashStores
from power import PowerCut, survives
from store_plays import check_log, record_of
from support import ON_MICROPYTHON, equal, skip

SIZE = 8
CAPACITY = 60
BLOCK = 512


class Blocks:
    """A flash in RAM for LittleFS. At the write set with `cut_at` the power goes, with a part of it done."""

    def __init__(self, count=400):
        self.memory = bytearray(b"\xff" * (BLOCK * count))
        self.count = count
        self.writes = 0
        self.cut_at = None

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.memory[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        if self.cut_at is not None and self.writes >= self.cut_at:
            part = self.writes * 37 % len(buffer)
            self.memory[at : at + part] = buffer[:part]
            raise PowerCut()
        self.writes += 1
        self.memory[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        return {4: self.count, 5: BLOCK}.get(operation, 0)


class Board:
    """LittleFS on such a flash, mounted where the board would have it."""

    def __init__(self):
        if not ON_MICROPYTHON:
            skip("LittleFS is part of MicroPython alone")
        self.blocks = Blocks()
        os.VfsLfs2.mkfs(self.blocks, progsize=64, readsize=64)
        self.power_on()

    def power_on(self):
        self.blocks.cut_at = None
        os.mount(os.VfsLfs2(self.blocks, progsize=64, readsize=64), "/flash")

    def power_off(self):
        os.umount("/flash")

    def stores(self):
        return FlashStores(Folder("/flash/esme"))

    def log(self):
        return self.stores().log("voltage", SIZE, CAPACITY)


def test_stores_on_littlefs():
    board = Board()
    stores = board.stores()
    log = stores.log("voltage", SIZE, CAPACITY)
    written = []
    for i in range(200):
        written.append(record_of(1000 + i, SIZE))
        log.append(written[-1])
        stores.values.set("counter", i)
    log.erase_before(1150)
    check_log(log, written[150:], CAPACITY)
    board.power_off()
    board.power_on()
    check_log(board.log(), written[150:], CAPACITY)
    equal(board.stores().values.get("counter"), 199)
    equal(board.stores().damaged(), {})
    equal(sorted(os.listdir("/flash/esme")), ["values", "voltage"])
    board.power_off()


def test_power_cuts_while_a_log_is_written():
    board = Board()
    written = []
    lost = 0
    for cut in range(120):
        log = board.log()
        board.blocks.cut_at = board.blocks.writes + cut % 41
        running = True
        while running:
            written.append(record_of(1000 + len(written), SIZE))
            running = survives(log.append, written[-1])
        board.power_off()
        board.power_on()
        found = board.log()
        if not len(found) or found.record(0) != written[-1]:
            written.pop()
            lost += 1
        check_log(found, written, CAPACITY)
        equal(found.damaged, 0)
    assert len(written) > CAPACITY and 0 < lost <= 120
    board.power_off()


def test_power_cuts_while_values_change():
    board = Board()
    model = {"key": bytes(200), "counter": 0}
    board.stores().values.set_all(model)
    for cut in range(120):
        values = board.stores().values
        board.blocks.cut_at = board.blocks.writes + cut % 29
        running = True
        while running:
            counter = model["counter"] + 1
            running = survives(values.set, "counter", counter)
            if running:
                model["counter"] = counter
        board.power_off()
        board.power_on()
        values = board.stores().values
        assert values.get("counter") in (counter - 1, counter), values.get("counter")
        model["counter"] = values.get("counter")
        equal(values.get("key"), model["key"])
        equal(values.damaged, 0)
    assert model["counter"] > 120
    board.power_off()


def test_power_cuts_while_a_log_is_erased():
    board = Board()
    for cut in range(40):
        log = board.log()
        log.erase()
        written = [record_of(1000 + i, SIZE) for i in range(40)]
        for record in written:
            log.append(record)
        board.blocks.cut_at = board.blocks.writes + cut
        survives(log.erase_before, 1023)
        board.power_off()
        board.power_on()
        found = list(board.log())
        assert found in (written, written[23:]), found
    board.power_off()
