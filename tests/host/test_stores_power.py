# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated board loses power at any moment while it writes its stores: only the entry being written is lost."""

import ast
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hanref.boards.bare import BareBoard
from mpremote.transport_serial import SerialTransport

CAPACITY = 300
ROUNDS, ROUNDS_SOAK = 20, 200
# Tells first what it found. Then, for each octet it gets, it writes a record and a counter and tells their number.
WRITE = f"""
import struct, sys
from han.node.files import Folder
from han.stores.flash import FlashStores
stores = FlashStores(Folder("/stores"))
log = stores.log("voltage", 8, {CAPACITY})
found = [struct.unpack("<II", record) for record in log]
counter = stores.values.get("counter", -1)
print([found, counter, stores.values.get("key"), stores.damaged()])
number = found[-1][0] + 1 if found else 0
stores.values.set("key", bytes(range(200)))
while sys.stdin.read(1):
    log.append(struct.pack("<II", number, number * 7))
    print("log", number)
    stores.values.set("counter", number)
    print("counter", number)
    number += 1
"""


class Written:
    """What the board said was written."""

    def __init__(self) -> None:
        self.log = -1
        self.counter = -1
        self.lost = 0

    def check(self, line: str, after_cut: bool = True) -> None:
        """What the board found after a start against what it had said before."""
        found, counter, key, damaged = ast.literal_eval(line)
        newest = found[-1][0] if found else -1
        # The record being written may be there without a word; nothing that was told may be missing.
        assert newest in (self.log, self.log + 1), f"the log ends with {newest} after {self.log} was written"
        # The counter takes the number of a record, and only once that record is there.
        assert counter in (self.counter, newest), f"the counter is {counter} after {self.counter} was written"
        numbers = range(max(0, newest + 1 - CAPACITY), newest + 1)
        assert found == [(number, number * 7) for number in numbers]
        assert key == (bytes(range(200)) if newest >= 0 else key)
        assert damaged == {}
        self.lost += after_cut and newest == self.log
        self.log, self.counter = newest, counter

    def take(self, line: str) -> None:
        kind, number = line.split()
        setattr(self, kind, int(number))


def cut(rounds: int, flash: Path) -> Written:
    """Let a board write and lose power, `rounds` times."""
    chance = random.Random(20221103)
    written = Written()
    with BareBoard("stores-power", ("han/stores", "han/node"), icount=None, flash=flash) as bare:
        for number in range(rounds):
            with bare.started(WRITE) as transport:
                written.check(line(transport), after_cut=number > 0)
                for _ in range(chance.randrange(60)):
                    transport.serial.write(b"g")
                    written.take(line(transport))
                    written.take(line(transport))
                transport.serial.write(b"g")
                time.sleep(chance.uniform(0, 0.002))
                bare.board.kill()
            bare.board.start()
        with bare.started(WRITE) as transport:
            written.check(line(transport))
    return written


def line(transport: SerialTransport) -> str:
    said = transport.read_until(1, b"\n", timeout=10)
    assert said.endswith(b"\n"), f"the board fell silent after {said!r}"
    return said.decode().strip()


def test_power_cuts_of_a_board(tmp_path: Path, figure: Callable[[str], None]) -> None:
    report(cut(ROUNDS, tmp_path / "flash.bin"), ROUNDS, figure)


@pytest.mark.soak
def test_many_power_cuts_of_a_board(tmp_path: Path, figure: Callable[[str], None]) -> None:
    report(cut(ROUNDS_SOAK, tmp_path / "flash.bin"), ROUNDS_SOAK, figure)


def report(written: Written, rounds: int, figure: Callable[[str], None]) -> None:
    assert written.log > CAPACITY
    figure(f"{rounds} power cuts in {written.log + 1} records: older records lost 0, those being written {written.lost}")
