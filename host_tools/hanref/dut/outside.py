# SPDX-License-Identifier: GPL-3.0-or-later
"""The line to a device under test: octets both ways between its host side and its simulated co-processor."""

import contextlib
import select
import socket
import stat
from pathlib import Path

import serial

from hanref.air.coprocessor import Coprocessor
from hanref.errors import BenchError, UsageError
from hanref.link import open_port

_PIECE = 16_384  # octets taken at once: a device that floods must not keep the others waiting
_UNSENT = 1 << 20  # octets kept for a device that does not read


class Outside:
    """`port` is a serial port or a UNIX socket on which the device listens; None offers a TCP port of this computer.

    Raises UsageError for a port that is not there, BenchError where it cannot be opened.
    """

    def __init__(self, coprocessor: Coprocessor, port: str | None, baud_rate: int = 115_200) -> None:
        self.coprocessor = coprocessor
        self.connected = False
        self._pending = bytearray()
        self._listener: socket.socket | None = None
        self._socket: socket.socket | None = None
        self._serial: serial.SerialBase | None = None
        coprocessor.write = self._keep
        if port is None:
            self._listener = _listener()
            self.where = "socket://%s:%d" % self._listener.getsockname()[:2]
        elif _is_socket(port):
            self.where = port
            self._socket = _connected(port)
            self.connected = True
        else:
            self.where = port
            if not Path(port).exists():
                raise UsageError("--dut: no port %s: is the device plugged in?" % port)
            self._serial = open_port(port, baud_rate, timeout=0)
            self.connected = True

    def close(self) -> None:
        """Give everything back."""
        for line in (self._listener, self._socket, self._serial):
            if line is not None:
                line.close()
        self._listener = self._socket = self._serial = None
        self.connected = False

    @property
    def lines(self) -> list[socket.socket | serial.SerialBase]:
        """What to wait for with select."""
        return [line for line in (self._listener, self._socket, self._serial) if line is not None]

    def receive(self) -> bytes:
        """What the device has said by now."""
        if self._listener is not None:
            self._accept()
        if self._serial is not None:
            with contextlib.suppress(serial.SerialException):
                return bytes(self._serial.read(_PIECE))
            self._gone()
        if self._socket is not None:
            try:
                octets = self._socket.recv(_PIECE)
            except BlockingIOError:
                return b""
            except OSError:
                octets = b""
            if not octets:
                self._gone()
            return octets
        return b""

    def flush(self) -> None:
        """Send what the co-processor has to say, as far as the device takes it."""
        if not self._pending:
            return
        try:
            if self._serial is not None:
                sent = self._serial.write(bytes(self._pending)) or 0
            elif self._socket is not None:
                sent = self._socket.send(self._pending)
            else:
                return
            del self._pending[:sent]
        except BlockingIOError:
            pass
        except (OSError, serial.SerialException):
            self._gone()

    def _keep(self, octets: bytes) -> None:
        if self.connected and len(self._pending) < _UNSENT:
            self._pending += octets

    def _accept(self) -> None:
        assert self._listener is not None
        while select.select([self._listener], [], [], 0)[0]:
            line, _ = self._listener.accept()
            if self._socket is not None:
                line.close()  # one device is on the line already
                continue
            line.setblocking(False)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = line
            self.connected = True

    def _gone(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._serial is not None:
            self._serial.close()
            self._serial = None
        self._pending.clear()
        self.connected = False


def _listener() -> socket.socket:
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2)
    except OSError as error:
        listener.close()
        raise BenchError("no TCP port for the device under test: %s" % error.strerror) from None
    return listener


def _is_socket(port: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(port).stat().st_mode)
    except OSError:
        return False


def _connected(path: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.connect(path)
    except OSError as error:
        line.close()
        raise BenchError("--dut %s: nobody listens there: %s" % (path, error.strerror)) from None
    line.setblocking(False)
    return line
