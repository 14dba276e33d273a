# SPDX-License-Identifier: GPL-3.0-or-later
"""A device from outside, as a maker would bring one: its own program and driver, at the far end of a line to its radio."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from han.devices.roles import node as make_node
from han.message import Endpoint, Message
from han.node.endpoints import endpoints
from han.node.radio_port import RadioPort
from han.node.service import Service
from han.radio.znp_settings import Settings


class Uart:
    """A socket as the driver wants its UART."""

    def __init__(self, address):
        host, _, port = address.removeprefix("socket://").rpartition(":")
        self.line = socket.create_connection((host, int(port)))
        self.line.setblocking(False)
        self._pending = bytearray()

    def any(self):
        with contextlib.suppress(OSError):
            self._pending += self.line.recv(65536)
        return len(self._pending)

    def read(self, count):
        octets = bytes(self._pending[:count])
        del self._pending[:count]
        return octets

    def write(self, octets):
        try:
            return self.line.send(octets)
        except BlockingIOError:
            return 0
        except OSError:
            return len(octets)


class Clock:
    """Time as the device's hub gives it: told by a function, for the bench may run faster than the clock on the wall."""

    mode = "running"

    def __init__(self, utc: Callable[[], int | None]) -> None:
        self.now = utc

    def milliseconds_until(self, utc):
        now = self.now()
        return None if now is None else max(0, utc - now) * 1000


class Device(threading.Thread):
    """Runs until `stop`. `settings` is the file the bench wrote, `code` another install code than it says.

    With `utc`, the time on the network, it runs the device; without, it only says what `then` makes it say.
    """

    def __init__(
        self, address: str, settings: Path, utc: Callable[[], int | None] | None = None, code: bytes | None = None
    ) -> None:
        super().__init__(daemon=True)
        table = json.loads(settings.read_text())
        self.role = table["role"]
        identities = {role: bytes.fromhex(identity) for role, identity in table["identities"].items()}
        self.node = make_node(self.role, dict(table["settings"]), identities)
        self.hub = identities["hub"]
        radio = Settings(
            "router",
            endpoints(self.node) if utc else [Endpoint(1, 0x0502, [], [0x0702, 0x0708, 0x0800])],
            identity=identities[self.role],
            install_code=code or bytes.fromhex(table["radio"]["install_code"]),
            link_keys={bytes.fromhex(other): bytes.fromhex(key) for other, key in table["radio"]["link_keys"].items()},
        )
        self.uart = Uart(address)
        self.port = RadioPort(self.uart, radio, lambda: time.monotonic_ns() // 1_000_000)
        self.service = Service(self.node if utc else None, self.port, Clock(utc or (lambda: None)), {}, None, {})
        self.then: Callable[[Device], None] = lambda device: None
        self.joined_at: float | None = None
        self.switched_off = False  # its radio is left as it is, and nothing that it says is taken
        self._stop_now = threading.Event()
        self.start()

    def run(self):
        while not self._stop_now.is_set():
            if self.switched_off:
                self.uart.read(self.uart.any())
                time.sleep(0.01)
                continue
            if self.port.state()["started"]:
                self.joined_at = self.joined_at or time.monotonic()
                self.service.start()
                self.then(self)
                if self.switched_off:
                    continue
            self.service.work()
            self.service.drain()
            time.sleep(0.001)
        self.uart.line.close()

    def stop(self):
        self._stop_now.set()
        self.join(5)

    def say(self, cluster: int, payload: bytes, endpoint: int = 1):
        """One message to the hub, under no key of its own."""
        message = Message(self.hub, self.hub, 1, endpoint, cluster, payload, False)
        message.source = self.node.identity
        self.port.send([message])
