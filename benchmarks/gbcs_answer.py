# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the gas proxy's server needs for a GCS13a, with the secrets at hand: two MACs and one encryption.

On the native interpreter, and on the emulated board at 125 MIPS (`icount` 3), where a number is to be held.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hanref import toolchain
from hanref.boards.emulated import EmulatedBoard
from mpremote.transport_serial import SerialTransport

from benchmarks.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
SUPPORT = ROOT / "tests" / "device" / "gbcs_support.py"
PARTS = ("han", "han/crypto", "han/gbcs", "han/zcl", "han/zcl/tables")
TARGET_MS = 60.0
ICOUNT = 3  # an instruction takes 2^3 ns
MEASURE = """
import gc, time
import gbcs_support as made
server, device, values = made.server()
command = made.read_summation()
assert server.answer(command, 0) is not None
took = []
for _ in range(COUNT):
    gc.collect()
    start = time.ticks_us()
    server.answer(command, 0)
    took.append(time.ticks_diff(time.ticks_us(), start))
took.sort()
print([took[len(took) // 2], took[-1]])
"""


def figures() -> Iterator[Figure]:
    """Median and worst on both."""
    median, _ = on_native()
    yield Figure("GCS13a answered by the GPF, native MicroPython", median / 1000, "ms")
    median, worst = on_board()
    yield Figure("GCS13a answered by the GPF's server, emulated board, keys cached", median / 1000, "ms", at_most=TARGET_MS)
    yield Figure("the same, worst", worst / 1000, "ms", at_most=TARGET_MS)


def on_native() -> tuple[int, int]:
    """(median, worst) in microseconds."""
    paths = f"import sys; sys.path[:0] = [{str(FIRMWARE)!r}, {str(SUPPORT.parent)!r}]; COUNT = 500\n"
    done = subprocess.run([str(toolchain.micropython()), "-c", paths + MEASURE], capture_output=True, text=True, check=True)
    median, worst = json.loads(done.stdout)
    return median, worst


def on_board() -> tuple[int, int]:
    """The same on the board, from compiled modules on its file system."""
    with EmulatedBoard("benchmark-gbcs", icount=ICOUNT) as board, tempfile.TemporaryDirectory() as folder:
        transport = SerialTransport(board.port, 115200, exclusive=False)
        transport.enter_raw_repl()
        for part in PARTS:
            transport.fs_mkdir("/" + part)
            for source in sorted((FIRMWARE / part).glob("*.py")):
                compiled = Path(folder) / "module.mpy"
                subprocess.run([str(toolchain.mpy_cross()), "-O2", str(source), "-o", str(compiled)], check=True)
                transport.fs_writefile(f"/{part}/{source.stem}.mpy", compiled.read_bytes())
        transport.fs_writefile("/gbcs_support.py", SUPPORT.read_bytes())
        said = transport.exec("import sys; sys.path.insert(0, '/'); COUNT = 10\n" + MEASURE)
        transport.close()
    median, worst = json.loads(said)
    return median, worst
