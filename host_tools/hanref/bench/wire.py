# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire between a board's radio UART and its simulated co-processor."""

import contextlib
import select
import socket
import time
from pathlib import Path

import serial

from hanref.air.coprocessor import Coprocessor
from hanref.errors import BenchError
from hanref.link import open_port

_CONNECT_LIMIT = 10.0  # seconds
_PIECE = 65536


class Wire:
    """Octets both ways; `flush` sends what the co-processor has to say, `pump` hands it what the board said."""

    def __init__(self, coprocessor: Coprocessor) -> None:
        self.coprocessor = coprocessor
        self._pending = bytearray()
        self._socket: socket.socket | None = None
        self._serial: serial.SerialBase | None = None
        coprocessor.write = self._pending.extend

    @property
    def waiting(self) -> bool:
        """Whether there is something to flush."""
        return bool(self._pending)

    def connect(self, path: Path) -> None:
        """To the socket on which an emulated board listens."""
        self.disconnect()
        end = time.monotonic() + _CONNECT_LIMIT
        while True:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.connect(str(path))
                break
            except OSError as error:
                line.close()
                if time.monotonic() > end:
                    raise BenchError(f"radio of the board at {path}: {error.strerror}") from None
                time.sleep(0.01)
        line.setblocking(False)
        self._socket = line

    def open(self, port: str, baud_rate: int) -> None:
        """To a serial port that is wired to the board's UART."""
        self.disconnect()
        self._serial = open_port(port, baud_rate, timeout=0)

    def disconnect(self) -> None:
        """What is on its way is lost, as it is when a board loses power."""
        self._pending.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def discard(self) -> None:
        """Forget what the board has said: what ran there before did."""
        while self._received():
            pass

    def pump(self) -> bool:
        """Feed the co-processor what has come; returns whether anything did."""
        octets = self._received()
        if octets:
            self.coprocessor.feed(octets)
        return bool(octets)

    def flush(self) -> None:
        """Send what the co-processor said."""
        octets = bytes(self._pending)
        self._pending.clear()
        if self._serial is not None:
            self._serial.write(octets)
        while octets and self._socket is not None:
            select.select([], [self._socket], [], 1.0)
            with contextlib.suppress(BlockingIOError):
                try:
                    octets = octets[self._socket.send(octets) :]
                except OSError:  # the board is gone
                    self.disconnect()

    def _received(self) -> bytes:
        if self._serial is not None:
            return bytes(self._serial.read(_PIECE))
        if self._socket is None:
            return b""
        try:
            return self._socket.recv(_PIECE)
        except BlockingIOError:
            return b""
        except OSError:
            self.disconnect()
            return b""
