# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the gas proxy's server needs for a GCS13a, with the secrets at hand: two MACs and one encryption.

On the native interpreter, and on the emulated board at 125 MIPS (`icount` 3), where numbers are to be held. There the
originator's counter is also written to the flash, as commands ask for that change something.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hanref import resources, toolchain
from hanref.boards.bare import BareBoard
from hanref.toolchain import compiling, linking

from benchmarks.figure import Figure

SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "device" / "gbcs_support.py"
PARTS = ("han/crypto", "han/gbcs", "han/node", "han/stores", "han/zcl", "han/zcl/tables")
ANSWER_MS = 60.0
WITH_COUNTER_MS = 100.0
MEASURE = """
import gc, time
def measure(server, commands, accept):
    took = []
    for number in range(len(commands)):
        gc.collect()
        start = time.ticks_us()
        answer = server.answer(commands[number], 0)
        if accept:
            server.counters.accept(SUPPLIER, number + 1, 0)
        took.append(time.ticks_diff(time.ticks_us(), start))
        assert answer is not None
    took.sort()
    return [took[len(took) // 2], took[-1]]
"""
NATIVE = """
from gbcs_support import *
made, device, values = server()
assert made.answer(read_summation(), 0) is not None
print(measure(made, [read_summation()] * 500, False))
"""
BOARD = """
from han.node.files import Folder
from han.stores.flash import FlashStores
values = FlashStores(Folder("/stores")).values
for number in range(40):
    values.set("value_%d" % number, bytes(20))
made = GbcsServer(FakeDevice("gpf"), key_store(), values)
command = read_summation()
assert made.answer(command, 0) is not None
print([measure(made, [command] * 10, False), measure(made, [command] * 50, True)])
"""


def figures() -> Iterator[Figure]:
    """Median and worst on both."""
    median, _ = on_native()
    yield Figure("GCS13a answered by the GPF, native MicroPython", median / 1000, "ms")
    (median, worst), (median_kept, worst_kept) = on_board()
    name = "GCS13a answered by the GPF's server, emulated board, keys cached"
    yield Figure(name, median / 1000, "ms", at_most=ANSWER_MS)
    yield Figure("the same, worst", worst / 1000, "ms", at_most=ANSWER_MS)
    yield Figure("the same with the counter written among 40 values", median_kept / 1000, "ms", at_most=WITH_COUNTER_MS)
    yield Figure("the same, worst", worst_kept / 1000, "ms", at_most=WITH_COUNTER_MS)


def on_native() -> Any:
    """(median, worst) in microseconds."""
    paths = f"import sys; sys.path[:0] = [{str(resources.firmware())!r}, {str(SUPPORT.parent)!r}]\n"
    script = paths + MEASURE + NATIVE
    done = subprocess.run([str(toolchain.micropython()), "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def on_board() -> Any:
    """The same on the board, with and without the counter; the constants in the tests' helpers linked as on the board."""
    sources = resources.firmware()
    names = [path.relative_to(sources) for path in compiling.firmware_files(sources)]
    texts = {compiling.module_name(name): (sources / name).read_text(encoding="utf-8") for name in names}
    support = linking.linked({**texts, "gbcs_support": SUPPORT.read_text(encoding="utf-8")})["gbcs_support"]
    with tempfile.TemporaryDirectory() as folder, BareBoard("benchmark-gbcs", PARTS, flash=Path(folder) / "flash") as board:
        return board.run(support + MEASURE + BOARD)
