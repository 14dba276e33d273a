# SPDX-License-Identifier: GPL-3.0-or-later
"""How long P-256 takes on the native interpreter and on the emulated board at 125 MIPS."""

import ast
import subprocess
from collections.abc import Iterator
from typing import Any

from hanref import resources, toolchain
from hanref.boards.bare import BareBoard

from benchmarks.figure import Figure

ROUNDS_NATIVE, ROUNDS_ON_BOARD = 20, 4
MEASURE = """
import gc, time
from han.crypto import ecdsa, p256
private = bytes(range(1, 33))
public = p256.public_key(private)
message = bytes(200)
signature = ecdsa.sign(private, message)
def took(function, *arguments):
    rounds = []
    for number in range(ROUNDS):
        gc.collect()
        start = time.ticks_us()
        function(*arguments)
        rounds.append(time.ticks_diff(time.ticks_us(), start))
    return sorted(rounds)[ROUNDS // 2] / 1000
assert ecdsa.verify(public, message, signature)
print({
    'sign': took(ecdsa.sign, private, message),
    'verify': took(ecdsa.verify, public, message, signature),
    'key agreement': took(p256.shared_secret, private, public),
    'public key of a private key': took(p256.public_key, private),
})
"""
AT_MOST = {"sign": 700.0, "verify": 1400.0}


def figures() -> Iterator[Figure]:
    """The median of some rounds of each, on both. How full the heap is moves the board's figures by a third."""
    for name, milliseconds in on_native().items():
        yield Figure(f"P-256 {name}, native MicroPython", milliseconds, "ms")
    with BareBoard("benchmark-p256", ("han/crypto",)) as board:
        for name, milliseconds in board.run(f"ROUNDS = {ROUNDS_ON_BOARD}\n" + MEASURE).items():
            yield Figure(f"P-256 {name}, emulated board", milliseconds, "ms", at_most=AT_MOST.get(name))


def on_native() -> Any:
    """Milliseconds by name."""
    script = f"import sys; sys.path.insert(0, {str(resources.firmware())!r}); ROUNDS = {ROUNDS_NATIVE}\n" + MEASURE
    done = subprocess.run([str(toolchain.micropython()), "-c", script], capture_output=True, text=True, check=True)
    return ast.literal_eval(done.stdout)
