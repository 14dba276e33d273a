# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial lines of simulated co-processors on sockets: virtual dongles for any program, radio UARTs for emulated boards.

In real time the air follows a clock. In virtual time a bench owns it and calls `advance`; what boards say takes real time,
so the server waits until all is quiet before the air goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from hanref.air.capture import MILLISECONDS_1970_TO_2000
from hanref.air.coprocessor import Coprocessor
from hanref.air.simulation import Air
from hanref.errors import BenchError

LOGGER = logging.getLogger(__name__)
Line = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
_READ = 4096
QUIET = 0.03  # seconds without an octet after which boards are taken to have said what they had to say


def wall_clock() -> int:
    """Milliseconds since 2000-01-01, UTC, of this computer's clock."""
    return time.time_ns() // 1_000_000 - MILLISECONDS_1970_TO_2000


class AirServer:
    """Puts co-processors of `air` on sockets.

    `clock` gives milliseconds since 2000-01-01 for an air in real time; without one time is virtual. Use as an
    asynchronous context manager.
    """

    def __init__(self, air: Air, clock: Callable[[], int] | None = wall_clock) -> None:
        self.air = air
        self._clock = clock
        self._sleeping = asyncio.Event()
        self._servers: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._lines: dict[Coprocessor, asyncio.StreamWriter] = {}
        self._octets = 0
        air.changed = self._sleeping.set

    async def __aenter__(self) -> AirServer:
        if self._clock is not None:
            self.air.advance(self._clock())
            self._tasks.append(asyncio.create_task(self._follow_clock(self._clock)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all lines and stop the clock."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            server.close()
        for writer in list(self._lines.values()):
            writer.close()
        for server in self._servers:
            with contextlib.suppress(OSError):
                await server.wait_closed()
        self.air.changed = lambda: None

    # -- lines ----------------------------------------------------------------------------------------------------

    async def listen(self, radio: Coprocessor, host: str, port: int) -> tuple[str, int]:
        """Offer `radio` at a TCP port (0: any free one); returns where. Raises BenchError where it cannot listen."""
        try:
            server = await asyncio.start_server(self._line_of(radio), host, port)
        except OSError as error:
            raise BenchError(f"{host}:{port}: cannot listen: {error.strerror or error}") from error
        self._servers.append(server)
        name = server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def listen_unix(self, radio: Coprocessor, path: Path) -> None:
        """Offer `radio` at a UNIX socket. Raises BenchError where it cannot listen."""
        try:
            self._servers.append(await asyncio.start_unix_server(self._line_of(radio), path))
        except OSError as error:
            raise BenchError(f"{path}: cannot listen: {error.strerror or error}") from error
        os.chmod(path, 0o600)

    async def connect_unix(self, radio: Coprocessor, path: Path) -> None:
        """Be the co-processor of a board that offers its radio UART at a UNIX socket (QEMU's `server=on`).

        Raises BenchError where nobody listens there.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except OSError as error:
            raise BenchError(f"{path}: cannot connect: {error.strerror or error}") from error
        self._tasks.append(asyncio.create_task(self._line_of(radio)(reader, writer)))

    def _line_of(self, radio: Coprocessor) -> Line:
        async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if radio in self._lines:
                LOGGER.warning("co-processor %s: in use, a second program was turned away", radio.identity.hex())
                writer.close()
                return
            self._lines[radio] = writer
            radio.write = self._writes(writer)
            try:
                while octets := await reader.read(_READ):
                    self._octets += len(octets)
                    if self._clock is not None:
                        self.air.advance(self._clock())
                    radio.feed(octets)
            except ConnectionError as error:
                LOGGER.info("co-processor %s: %s", radio.identity.hex(), error)
            finally:
                radio.write = _nowhere
                del self._lines[radio]
                writer.close()

        return line

    def _writes(self, writer: asyncio.StreamWriter) -> Callable[[bytes], None]:
        def write(octets: bytes) -> None:
            self._octets += len(octets)
            if not writer.is_closing():
                writer.write(octets)

        return write

    # -- time -----------------------------------------------------------------------------------------------------

    async def _follow_clock(self, clock: Callable[[], int]) -> None:
        while True:
            self._sleeping.clear()
            self.air.advance(clock())
            due = self.air.deadline()
            wait = None if due is None else max(0, due - clock()) / 1000
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it may swallow the cancellation that ends this task.
                async with asyncio.timeout(wait):
                    await self._sleeping.wait()

    async def quiet(self, seconds: float = QUIET) -> None:
        """Wait until no octet has gone either way for so long."""
        before = -1
        while before != self._octets:
            before = self._octets
            await asyncio.sleep(seconds)

    async def advance(self, now: int, quiet: float = QUIET) -> None:
        """Virtual time: let the air go on to `now` (milliseconds since 2000-01-01), one event after the other.

        Between events that make boards talk they are given the time to do so. Raises BenchError in real time.
        """
        if self._clock is not None:
            raise BenchError("an air that follows the clock cannot be moved")
        await self.quiet(quiet)
        while (due := self.air.deadline()) is not None and due <= now:
            before = self._octets
            self.air.advance(due)
            if self._octets != before:
                await self.quiet(quiet)
        self.air.advance(now)


def _nowhere(octets: bytes) -> None:
    """Where a co-processor's octets go while no program listens."""
