# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards on a simulated air under one virtual clock: each the firmware's radio driver on its own co-processor."""

from pathlib import Path
from typing import Any

from han.message import Endpoint, Message
from han.radio.znp import Znp
from han.radio.znp_settings import Settings
from hanref.air.hashes import install_code_with_crc
from hanref.air.simulation import Air

START = 820_454_400_000  # milliseconds, 2026-01-01
METERING = 0x0702


def identity(number: int) -> bytes:
    return bytes.fromhex("00db1234567800") + bytes((number,))


def install_code(number: int) -> bytes:
    return install_code_with_crc(bytes((number,)) * 16)


def server(number: int = 1) -> Endpoint:
    return Endpoint(number, 0x0500, [METERING], [])


class Board:
    """A driver and its co-processor. `events` and `messages` collect what the driver gave out."""

    def __init__(self, bench: "AirBench", number: int, memory: Path | None = None) -> None:
        self.bench = bench
        self.identity = identity(number)
        self.coprocessor = bench.air.coprocessor(self.identity, memory)
        self.coprocessor.write = self._wire
        self.radio = Znp()
        self.events: list[tuple[Any, ...]] = []
        self.messages: list[Message] = []
        self._octets: list[bytes] = []
        bench.boards.append(self)

    def _wire(self, octets: bytes) -> None:
        self._octets.append(octets)

    def start(self, role: str, **settings: Any) -> None:
        settings.setdefault("endpoints", [server()])
        self.radio.start(Settings(role, **settings), self.bench.air.now)

    def replace_driver(self) -> None:
        """The board restarts: its program begins anew, its co-processor does not."""
        self.radio = Znp()

    def send(self, to: "Board | bytes", payload: bytes, secured: bool = True, endpoint: int = 1) -> Message:
        destination = to.identity if isinstance(to, Board) else to
        message = Message(self.identity, destination, 1, endpoint, METERING, payload, secured)
        self.radio.send(message, self.bench.air.now)
        return message

    def names(self) -> list[str]:
        return [event[0] for event in self.events]

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    def outcome(self, message: Message) -> int | str | None:
        """The status a message was confirmed with, or "open"."""
        for event in self.events:
            if event[0] in ("sent", "failed") and event[1] is message:
                return 0 if event[0] == "sent" else event[2]
        return "open"

    def pump(self) -> bool:
        out = bytes(self.radio.outgoing())
        if out:
            self.coprocessor.feed(out)
        back, self._octets = self._octets, []
        for octets in back:
            self.radio.feed(octets, self.bench.air.now)
        self.events += self.radio.events()
        self.messages += self.radio.received()
        return bool(out or back)


class AirBench:
    """An air and its boards. Time goes on only by `run`."""

    def __init__(self, **air: Any) -> None:
        self.air = Air(air.pop("seed", 1), START, **air)
        self.boards: list[Board] = []

    def board(self, number: int, memory: Path | None = None) -> Board:
        return Board(self, number, memory)

    def run(self, milliseconds: int) -> None:
        end = self.air.now + milliseconds
        while True:
            while sum(board.pump() for board in self.boards):  # every board, each time
                pass
            dues = [self.air.deadline(), *(board.radio.deadline() for board in self.boards)]
            due = min((due for due in dues if due is not None), default=None)
            if due is None or due > end:
                break
            self.air.advance(due)
            for board in self.boards:
                board.radio.tick(self.air.now)
        self.air.advance(end)

    def hub(self, *joiners: int, seconds: int = 250, **settings: Any) -> Board:
        """A coordinator that has formed its network and is open for `joiners`."""
        hub = self.board(1)
        codes = {identity(number): install_code(number) for number in joiners}
        hub.start("coordinator", joiners=codes, **settings)
        self.run(3000)
        assert hub.radio.started, hub.events
        hub.radio.permit_join(seconds, self.air.now)
        self.run(100)
        return hub

    def joined(self, number: int, role: str = "router", **settings: Any) -> Board:
        """A board that has joined by its install code."""
        board = self.board(number)
        board.start(role, install_code=install_code(number), **settings)
        self.run(6000)
        assert board.radio.started, board.events
        return board
