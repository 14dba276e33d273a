# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref air` in a process of its own, and a device on one of its dongles that lives in this process."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlparse

from han.message import Endpoint, Message
from han.radio.znp import Znp
from han.radio.znp_settings import Settings
from han.zcl import foundation
from han.zcl.attributes import Attributes

START_LIMIT = 20


@contextmanager
def virtual_dongles(count: int, *options: str) -> Iterator[list[str]]:
    """Addresses, socket://HOST:PORT, of `count` dongles on one air. The process ends with the block, and must end well."""
    listen = [part for _ in range(count) for part in ("--listen", "127.0.0.1:0")]
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "air", *listen, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        lines = [process.stdout.readline() for _ in range(count)]
        assert all("socket://" in line for line in lines), process.stderr.read()
        yield [line.split()[-1] for line in lines]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=START_LIMIT)
        assert process.returncode == 0, errors
        assert errors == ""


class Device:
    """The firmware's radio driver and its ZCL server on a dongle, in real time: a metering device."""

    CLUSTERS = (0x0000, 0x0702)

    def __init__(self, **values: int) -> None:
        self.radio = Znp()
        self.attributes = {cluster: Attributes(cluster) for cluster in self.CLUSTERS}
        for name, value in values.items():
            self.attributes[0x0702].set(name, value)
        self.events: list[tuple[object, ...]] = []
        self.reads: list[Message] = []

    async def run(self, address: str, role: str, install_code: bytes | None) -> None:
        """Join and answer until cancelled."""
        place = urlparse(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        endpoint = Endpoint(1, 0x0500, list(self.CLUSTERS), [])
        self.radio.start(Settings(role, [endpoint], install_code=install_code, retry=1000), self._now())
        try:
            while True:
                self._serve()
                writer.write(bytes(self.radio.outgoing()))
                due = self.radio.deadline()
                wait = None if due is None else max(0.001, (due - self._now()) / 1000)
                try:
                    async with asyncio.timeout(wait):  # wait_for may swallow a cancellation before Python 3.12
                        octets = await reader.read(4096)
                except TimeoutError:
                    self.radio.tick(self._now())
                    continue
                if not octets:
                    return
                self.radio.feed(octets, self._now())
        finally:
            writer.close()

    async def joined(self, seconds: float) -> None:
        """Wait until it is on a network."""
        async with asyncio.timeout(seconds):
            while not self.radio.started:
                await asyncio.sleep(0.02)

    def _now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def _serve(self) -> None:
        self.events += self.radio.events()
        for message in self.radio.received():
            self.reads.append(message)
            answer = foundation.answer(self.attributes.get(message.cluster), message)
            if answer is not None:
                ends = (message.destination_endpoint, message.source_endpoint, message.cluster)
                back = Message(self.radio.identity, message.source, *ends, answer, message.secured)
                self.radio.send(back, self._now())
