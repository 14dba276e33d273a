# SPDX-License-Identifier: GPL-3.0-or-later
"""A board of the reference in this process: the firmware's node, its driver and its radio, on the time of the air."""

from typing import Any

from han.devices.roles import node as make_node
from han.node.endpoints import endpoints
from han.node.radio_port import RadioPort
from han.node.service import Service
from han.radio.znp_settings import Settings

from hanref.air.coprocessor import Coprocessor
from hanref.air.simulation import Air


class _Uart:
    """The wire between driver and co-processor."""

    def __init__(self, coprocessor: Coprocessor) -> None:
        self._coprocessor = coprocessor
        self._pending = bytearray()
        coprocessor.write = self._pending.extend

    def any(self) -> int:
        return len(self._pending)

    def read(self, count: int) -> bytes:
        octets = bytes(self._pending[:count])
        del self._pending[:count]
        return octets

    def write(self, octets: bytes) -> int:
        self._coprocessor.feed(bytes(octets))
        return len(octets)


class _Time:
    """The devices' time: that of the air, once they are started."""

    mode = "running"

    def __init__(self, air: Air) -> None:
        self._air = air
        self.started = False

    def now(self) -> int | None:
        return self._air.now // 1000 if self.started else None

    def milliseconds_until(self, utc: int) -> int | None:
        return max(0, utc * 1000 - self._air.now) if self.started else None


class LocalBoard:
    """`settings` are those of the devices in a plan; `identities` names all boards, `link_keys` are this board's."""

    def __init__(
        self,
        role: str,
        air: Air,
        settings: dict[str, Any],
        identities: dict[str, bytes],
        link_keys: dict[bytes, bytes],
        install_code: bytes | None,
        joiners: dict[bytes, bytes],
    ) -> None:
        self.role = role
        self.coprocessor = air.coprocessor(identities[role])
        self._uart = _Uart(self.coprocessor)
        self._time = _Time(air)
        self.node = make_node(role, dict(settings), identities)
        kind = "coordinator" if role == "hub" else "end_device" if role == "gsme" else "router"
        radio = Settings(
            kind, endpoints(self.node), self.node.identity, install_code=install_code, joiners=joiners, link_keys=link_keys
        )
        self.port = RadioPort(self._uart, radio, lambda: air.now)
        self.service = Service(self.node, self.port, self._time, {}, None, {})
        self.service.events = True

    @property
    def roles(self) -> dict[int, str]:
        """The role of the device at each endpoint."""
        return {number: device.role for device in self.node.devices for number in device.endpoints}

    def start(self) -> None:
        """Power on the devices: their time is that of the air from now on."""
        self._time.started = True
        self.service.start()

    def work(self) -> bool:
        """Take what came and do what is due; whether there is more to take at once."""
        self.service.work()
        return self._uart.any() > 0

    def waiting(self) -> bool:
        """Whether its co-processor has said something it has not heard yet."""
        return self._uart.any() > 0

    def due(self) -> int | None:
        """When it wants to work next, in milliseconds of the air."""
        moments = []
        radio = self.port.radio.deadline()
        if radio is not None:
            moments.append(radio)
        node = self.node.deadline() if self._time.started else None
        if node is not None:
            moments.append(node * 1000)
        return min(moments, default=None)

    def command(self, role: str, verb: str, arguments: dict[str, Any]) -> None:
        """An input of the bench."""
        self.service.serve("do", {"role": role, "verb": verb, "arguments": arguments})

    def events(self) -> list[dict[str, Any]]:
        """What its devices reported since."""
        return list(self.service.drain())
