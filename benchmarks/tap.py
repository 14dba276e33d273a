# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the tap takes for a frame, and how much of that is cryptography.

`python benchmarks/tap.py` prints microseconds a frame for the frames of two simulated days: reads of the ESME each ten
seconds, with their answers, all under the link key.
"""

import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hanref.air.network import Network
from hanref.air.tap import Tap

FRAMES = 35_000
LIMIT = 25.0
HUB = bytes.fromhex("00db12345678a001")
DISPLAY = bytes.fromhex("00db12345678a002")
METER = bytes.fromhex("00db12345678a003")
READ = bytes.fromhex("00210000000004000600")
ANSWER = bytes.fromhex("18210100000025cd810100000004000042ad020400060029d204")


def tap_microseconds(frames: int = FRAMES) -> float:
    """Microseconds a frame: two encryptions, headers, FCS and the file."""
    network = Network("benchmark", [HUB, DISPLAY, METER])
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with Tap(Path(folder) / "air.pcapng", network) as tap:
            for exchange in range(frames // 2):
                milliseconds = 820_454_400_000 + 10_000 * exchange
                tap.frame(milliseconds, DISPLAY, METER, 1, 1, 0x0702, READ, True)
                tap.frame(milliseconds + 40, METER, DISPLAY, 1, 1, 0x0702, ANSWER, True)
        return (time.perf_counter() - start) / frames * 1e6


def cipher_microseconds(rounds: int = 20_000) -> float:
    """Microseconds for the two encryptions of one frame alone."""
    cipher = AESCCM(bytes(16), 4)
    nonce, header = bytes(13), bytes(22)
    start = time.perf_counter()
    for _ in range(rounds):
        cipher.encrypt(nonce, cipher.encrypt(nonce, ANSWER, header), header)
    return (time.perf_counter() - start) / rounds * 1e6


def main() -> None:
    frame = tap_microseconds()
    print(f"tap: {frame:.1f} us a frame (limit {LIMIT:.0f}), {FRAMES} frames in {frame * FRAMES / 1e6:.2f} s")
    print(f"tap: {cipher_microseconds():.1f} us of it encryption")


if __name__ == "__main__":
    main()
