# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Raspberry Pi Pico (the published rp2040py) that runs our image, with a co-processor on UART 1.

The simulator's UART, as released, raises its transmit interrupt for ever, and MicroPython's driver then never leaves
its handler; ``_Uart`` below puts that right.
"""

import asyncio
import json
import re
import time
from binascii import crc32
from pathlib import Path
from typing import Any

from hanref.air.coprocessor import Coprocessor
from hanref.air.simulation import Air
from rp2040py.boards import BoardSpec
from rp2040py.device import MicroPythonDevice
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.peripherals import uart as uart_module

MILLISECOND = 1_000_000  # nanoseconds of the simulator's clock
ROMFS_START = 384 * 1024  # octets into flash: below the file system of 1408 KB at the end of 2 MB
ROMFS_SIZE = 256 * 1024


class _Uart(uart_module.RPUART):
    """The UART with interrupts that end."""

    def check_interrupts(self) -> None:
        self.rp2040.set_interrupt(self.irq, bool(self._interrupt_status & self._interrupt_mask))

    def write_uint32(self, offset: int, value: int) -> None:
        super().write_uint32(offset, value)
        if offset == uart_module.UARTDR:
            self._interrupt_status |= uart_module.UARTTXINTR
            self.check_interrupts()


class SimulatedPico:
    """A Pico with ``image``, the compiled firmware ``romfs`` in its ROMFS, and a simulated co-processor."""

    def __init__(self, image: Path, romfs: bytes = b"") -> None:
        assert len(romfs) <= ROMFS_SIZE
        self.device = MicroPythonDevice(board=BoardSpec(image=image))
        self.device.mcu.flash[ROMFS_START : ROMFS_START + len(romfs)] = romfs
        self.said = b""
        self.requests: list[bytes] = []
        self.air = Air(0)
        self.coprocessor: Coprocessor = self.air.coprocessor(bytes.fromhex("00124b0011223344"))
        self._to_board = bytearray()
        self._request = bytearray()
        uart = self.device.mcu.uart[1]
        uart.__class__ = _Uart
        uart.on_byte = self._octet_from_board
        self.coprocessor.write = self._to_board.extend
        self._uart = uart
        self._clock = self.device.simulator.clock.create_alarm(self._turn)
        self._started = time.monotonic()

    async def start(self) -> None:
        """Boot until USB is up."""
        await self.device.astart(60)
        self._clock.schedule(MILLISECOND)

    def stop(self) -> None:
        """End the simulation."""
        self.device.stop()

    async def execute(self, code: str, limit: float = 120) -> str:
        """Run ``code`` at the raw prompt and return what it prints; AssertionError with what it raised."""
        output, error = await self.device.aexec(code, limit)
        assert not error, error.decode()
        return str(output.decode())

    async def restart(self) -> None:
        """Soft reset into main.py, from the friendly prompt."""
        self.said = b""
        self.device.cdc.on_serial_data = self._hear
        await self.send(b"\x03\x02\x04")

    async def send(self, octets: bytes) -> None:
        """Write to the serial line at the pace of its buffer."""
        for octet in octets:
            while self.device.cdc.tx_fifo.full:
                await asyncio.sleep(0.001)
            self.device.cdc.send_serial_byte(octet)

    async def expect(self, pattern: bytes, limit: float) -> re.Match[bytes]:
        """Wait for a pattern in what the board says."""
        end = time.monotonic() + limit
        while True:
            found = re.search(pattern, self.said)
            if found:
                return found
            assert time.monotonic() < end, f"{pattern!r} not within {limit:g} s in {self.said!r}"
            await asyncio.sleep(0.01)

    async def ask(self, verb: str, arguments: dict[str, Any], limit: float) -> Any:
        """A request of the console protocol and its answer."""
        text = f"#7 {verb} {json.dumps(arguments)}".encode()
        self.said = b""
        await self.send(b"%s*%08x\n" % (text, crc32(text)))
        answer = await self.expect(rb"(=7 ok (.*))\*([0-9a-f]{8})\r?\n", limit)
        assert int(answer.group(3), 16) == crc32(answer.group(1))
        return json.loads(answer.group(2))

    def _hear(self, octets: bytes) -> None:
        self.said += bytes(octets)

    def _octet_from_board(self, octet: int) -> None:
        self._request.append(octet)
        if len(self._request) >= 2 and len(self._request) == self._request[1] + 5:
            self.requests.append(bytes(self._request))
            self._request.clear()
        self.coprocessor.feed(bytes((octet,)))

    def _turn(self) -> None:
        """Each millisecond of the board's time: the air, and octets to the board at 115200 baud."""
        self.air.advance(self.air.now + 1)
        for _ in range(min(11, len(self._to_board))):
            if self._uart.rx_fifo.full:
                break
            self._uart.feed_byte(self._to_board.pop(0))
        self._clock.schedule(MILLISECOND)


def flash_address(offset: int) -> int:
    """The address at which the processor sees an octet of the flash."""
    return int(FLASH_START_ADDRESS) + offset
