# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the tap takes for a frame, how much of that is cryptography, and how long it takes to open it again.

The frames are those of two simulated days: reads of the ESME each ten seconds with their answers, under the link key.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hanref.air import capture
from hanref.air.dissector import Dissector
from hanref.air.keys import Keys
from hanref.air.network import Network
from hanref.air.tap import Tap

from benchmarks.figure import Figure

FRAMES = 35_000
LIMIT = 25.0
HUB = bytes.fromhex("00db12345678a001")
DISPLAY = bytes.fromhex("00db12345678a002")
METER = bytes.fromhex("00db12345678a003")
READ = bytes.fromhex("00210000000004000600")
ANSWER = bytes.fromhex("18210100000025cd810100000004000042ad020400060029d204")


def figures() -> Iterator[Figure]:
    """Microseconds a frame to write, to encrypt, to read and to open."""
    network = Network("benchmark", [HUB, DISPLAY, METER])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "air.pcapng"
        yield Figure("a frame through the tap", write(path, network), "us", at_most=LIMIT)
        yield Figure("its two encryptions alone", encryptions(), "us")
        start = time.perf_counter()
        read = sum(1 for _ in capture.read(path))
        yield Figure("a frame read from the capture", (time.perf_counter() - start) / read * 1e6, "us")
        start = time.perf_counter()
        opened = sum(packet.payload is not None for packet in Dissector(Keys.of(network)).packets(capture.read(path)))
        assert opened == FRAMES
        yield Figure("a frame read and opened", (time.perf_counter() - start) / opened * 1e6, "us")


def write(path: Path, network: Network) -> float:
    """Microseconds a frame: two encryptions, headers, FCS and the file."""
    start = time.perf_counter()
    with Tap(path, network) as tap:
        for exchange in range(FRAMES // 2):
            milliseconds = 820_454_400_000 + 10_000 * exchange
            tap.frame(milliseconds, DISPLAY, METER, 1, 1, 0x0702, READ, True)
            tap.frame(milliseconds + 40, METER, DISPLAY, 1, 1, 0x0702, ANSWER, True)
    return (time.perf_counter() - start) / FRAMES * 1e6


def encryptions(rounds: int = 20_000) -> float:
    """Microseconds for the two encryptions of one frame alone."""
    cipher = AESCCM(bytes(16), 4)
    nonce, header = bytes(13), bytes(22)
    start = time.perf_counter()
    for _ in range(rounds):
        cipher.encrypt(nonce, cipher.encrypt(nonce, ANSWER, header), header)
    return (time.perf_counter() - start) / rounds * 1e6
