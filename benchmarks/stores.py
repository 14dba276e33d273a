# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stores cost on the emulated board at 125 MIPS, on LittleFS with every store of a hub and a meter full.

The stores are filled with the board running as fast as the host lets it; then it loses power, and the
figures are taken after a start with `icount` 3 on the same flash.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from hanref.boards.bare import BareBoard

from benchmarks.figure import Figure

PACKAGES = ("han/stores", "han/node")
# Name, record size, capacity: half hours, days, daily reads, billing, voltage, events.
LOGS = (
    ("half_hours", 8, 19056),
    ("days", 8, 731),
    ("daily_reads", 60, 31),
    ("prepayment_daily_reads", 28, 31),
    ("billing_registers", 60, 12),
    ("billing_top_ups", 24, 5),
    ("billing_debts", 24, 10),
    ("billing_balances", 28, 12),
    ("average_rms_voltage", 8, 4320),
    ("events", 12, 100),
    ("security", 12, 100),
)
VALUES = 40  # names of 20 octets each
APPENDS = 1000  # half hours while measured: the largest log goes through half a segment
CHANGES = 400

SETUP = f"""
import gc, struct, time
from han.node.files import Folder
from han.stores.flash import FlashStores
LOGS = {LOGS!r}
def record(utc, size):
    return struct.pack("<I", utc) + bytes(size - 4)
"""
FILL = """
stores = FlashStores(Folder("/stores"))
for name, size, capacity in LOGS:
    log = stores.log(name, size, capacity)
    for number in range(capacity + capacity // 8):
        log.append(record(number * 1800, size))
for number in range(VALUES):
    stores.values.set("value_%d" % number, bytes(20))
print(stores.damaged())
"""
MEASURE = """
def took(function, *arguments):
    start = time.ticks_us()
    function(*arguments)
    return time.ticks_diff(time.ticks_us(), start) / 1000
def rounds(count, function):
    total = worst = 0
    for number in range(count):
        each = took(function, number)
        total += each
        worst = max(worst, each)
    return total / count, worst
files = Folder("/stores")
stores = FlashStores(files)
heads = []
heap = []
for name, size, capacity in LOGS:
    gc.collect()
    before = gc.mem_alloc()
    heads.append(took(stores.log, name, size, capacity))
    gc.collect()
    heap.append(gc.mem_alloc() - before)
    assert len(stores.log(name, size, capacity)) == capacity, name
log = stores.log("half_hours", 8, 19056)
last = struct.unpack_from("<I", log.record(0))[0]
append = rounds(APPENDS, lambda number: log.append(record(last + 1800 + number * 1800, 8)))
events = stores.log("events", 12, 100)
event = rounds(200, lambda number: events.append(record(last + number, 12)))
counter = rounds(CHANGES, lambda number: stores.values.set("counter", number << 32))
read = rounds(20, lambda number: stores.values.get("counter"))
gc.collect()
day = rounds(5, lambda number: list(log.between(last - 86400 * (number + 2), last - 86400 * (number + 1))))
assert len(list(log.between(last - 86400 * 2, last - 86400))) == 48
start = took(FlashStores, files)
print({"head": max(heads), "heap": max(heap), "append": append, "event": event, "counter": counter, "read": read, "day": day,
    "values": start, "damaged": stores.damaged()})
"""


def figures() -> Iterator[Figure]:
    """Mean and worst of a record and of a changed value, the search for the end of a log, RAM, and a day read."""
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash.bin"
        constants = f"VALUES, APPENDS, CHANGES = {VALUES}, {APPENDS}, {CHANGES}\n"
        with BareBoard("benchmark-stores", PACKAGES, icount=None, flash=flash) as board:
            assert board.run(SETUP + constants + FILL, limit=600) == {}
        with BareBoard("benchmark-stores", PACKAGES, flash=flash) as board:
            found = board.run(SETUP + constants + MEASURE, limit=600)
    assert found["damaged"] == {}
    yield Figure("record appended to a full log of 19,056, mean", found["append"][0], "ms", at_most=30)
    yield Figure("record appended to a full log of 19,056, worst", found["append"][1], "ms", at_most=150)
    yield Figure("record appended to an event log, mean", found["event"][0], "ms", at_most=30)
    yield Figure("record appended to an event log, worst", found["event"][1], "ms", at_most=150)
    yield Figure("end of a log found at start, longest", found["head"], "ms", at_most=100)
    yield Figure("RAM of a log, most", found["heap"], "octets", at_most=2048)
    yield Figure("day of half hours found and read among 19,056, mean", found["day"][0], "ms")
    yield Figure("counter kept among 40 values, mean", found["counter"][0], "ms", at_most=40)
    yield Figure("counter kept among 40 values, worst", found["counter"][1], "ms")
    yield Figure("value read", found["read"][0], "ms")
    yield Figure("values found at start", found["values"], "ms")
