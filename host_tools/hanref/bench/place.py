# SPDX-License-Identifier: GPL-3.0-or-later
"""One board on the bench: its power, its console, the wire to its radio, and where it stands in time."""

import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any

from hanref.bench.file import EMULATED, OWN_RADIO, SIMULATED_RADIO, Entry
from hanref.bench.wire import Wire
from hanref.boards import find
from hanref.boards.emulated import HEAP, EmulatedBoard
from hanref.errors import BenchError
from hanref.link import Link, NoAnswer

_POWER_COMMAND_LIMIT = 60.0
_PORT_COMES_BACK_LIMIT = 30.0


class BoardHangs(BenchError):
    """A board that does not answer within its time limit."""


class Place:
    """A board by role. `folder` is for its sockets, `flashes` for the flash memory of an emulated one; None: one that is
    kept from run to run, unless another run has it just now.

    `now` is the time it was stepped to, `deadline` when it wants to be stepped next; `dirty` says that it may have moved
    since it was asked last. Times are seconds since 2000.
    """

    def __init__(self, role: str, entry: Entry, folder: Path, flashes: Path | None = None) -> None:
        self.role = role
        self.entry = entry
        self.board = find(entry.board)
        self.limit = entry.time_limit
        self.wire: Wire | None = None
        self.on = False
        self.now: int | None = None
        self.deadline: int | None = None
        self.busy = False
        self.dirty = False
        self.events: deque[dict[str, Any]] = deque()
        self._folder = folder
        self._flashes = flashes
        self.own_radio = entry.radio == OWN_RADIO
        self._emulated: EmulatedBoard | None = None
        self._link: Link | None = None
        self._in = self._out = 0  # of the board, as it counts since its start
        self._base_in = self._base_out = 0  # of the co-processor, when the board began to count

    # -- power ----------------------------------------------------------------------------------------------

    @property
    def port(self) -> str:
        """Its serial port."""
        return self._emulated.port if self._emulated is not None else self.entry.port

    @property
    def emulated(self) -> bool:
        """Whether it is a QEMU of ours."""
        return self.entry.port == EMULATED

    def power_on(self) -> None:
        """Give it power; the firmware, if any, starts. Raises BenchError."""
        if self.on:
            return
        if self.emulated:
            if self._emulated is not None:
                self._emulated.start()
            else:
                radio = self._folder / f"{self.role}.radio"
                heap = self.entry.heap or HEAP
                if self._flashes is None:
                    self._emulated = EmulatedBoard.kept(self.role, heap, self._folder, radio)
                else:
                    self._emulated = EmulatedBoard(self.role, heap, self._flashes / f"{self.role}.flash", radio=radio)
        elif self.entry.power_on is not None:
            self._run(self.entry.power_on)
            self._wait_for_port()
        self._connect_radio()
        self.on = True

    def renew(self) -> bool:
        """Start an emulated board again with a blank flash, for one on which nothing can be put; False where it is not
        a kept one."""
        emulated = self._emulated
        if emulated is None or self._flashes is not None or emulated.flash is None:
            return False
        emulated.kill()
        emulated.flash.unlink(missing_ok=True)
        emulated.start()
        self._connect_radio()
        return True

    def cut_power(self) -> bool:
        """Cut its power without a word; False where nothing here can, and all stays as it is."""
        if self._emulated is None and self.entry.power_off is None:
            return False
        self.close_link()
        if self._emulated is not None:
            self._emulated.kill()
        elif self.entry.power_off is not None:
            self._run(self.entry.power_off)
        if self.wire is not None:
            self.wire.disconnect()
            self.wire.coprocessor.power(False)
        self.on = False
        self.dirty = False
        self.now = self.deadline = None
        return True

    @property
    def has_ended(self) -> bool:
        """Whether it is an emulated board whose QEMU has ended by itself."""
        return self._emulated is not None and self._emulated.has_ended()

    def close(self) -> None:
        """Give everything back; an emulated board ends."""
        self.close_link()
        if self.wire is not None:
            self.wire.disconnect()
        emulated, self._emulated = self._emulated, None
        if emulated is not None:
            emulated.close()
        self.on = False

    def _connect_radio(self) -> None:
        if self.wire is None:
            return
        coprocessor = self.wire.coprocessor
        self._base_in, self._base_out = coprocessor.octets_out, coprocessor.octets_in
        self._in = self._out = 0
        if self.emulated:
            self.wire.connect(self._folder / f"{self.role}.radio")
        elif self.entry.radio not in (OWN_RADIO, SIMULATED_RADIO):
            self.wire.open(self.entry.radio, self.board.radio.baud_rate)
        coprocessor.power(True)

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_POWER_COMMAND_LIMIT, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchError(f"{self.role}: power command {command[0]}: {error}") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
            raise BenchError(f"{self.role}: power command {command[0]} ended with code {done.returncode}: {said[0]}")

    def _wait_for_port(self) -> None:
        end = time.monotonic() + _PORT_COMES_BACK_LIMIT
        while not Path(self.entry.port).exists():
            if time.monotonic() > end:
                raise BenchError(f"{self.role}: port {self.entry.port} did not come back after power-on")
            time.sleep(0.1)

    # -- console --------------------------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """The console. Raises BenchError while there is none."""
        if self._link is None:
            raise BenchError(f"{self.role}: its console is not open")
        return self._link

    @property
    def linked(self) -> bool:
        """Whether its console is open."""
        return self._link is not None

    def open_link(self) -> dict[str, Any]:
        """Open the console and start listening to events; returns what `version` answers."""
        if self._link is None:
            self._link = Link.open(self.port, self.role, self.events.append)
        version = self._answer(lambda: self.link.hello(self.limit))
        self.request("events", on=True, frames=self.own_radio)
        return version

    def close_link(self) -> None:
        """Leave the console; the firmware goes on."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def request(self, verb: str, /, **arguments: Any) -> dict[str, Any]:
        """Ask its console. Raises BoardHangs, BoardRefused."""
        return self._answer(lambda: self.link.request(verb, self.limit, **arguments))

    def _answer(self, ask: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = ask()
        except NoAnswer as error:
            raise BoardHangs(f"{error} (time limit of this board: {self.limit:g} s)") from None
        return answer

    # -- time and radio -------------------------------------------------------------------------------------

    @property
    def octets(self) -> tuple[int, int]:
        """What its radio's UART has had and sent, as it counted last."""
        return self._in, self._out

    def begin(self, verb: str, /, **arguments: Any) -> Any:
        """Send a request whose answer tells where the board stands; `take` gets it."""
        return self.link.begin(verb, **arguments)

    def take(self, request: Any) -> None:
        """The answer to `begin`: where the board stands now."""
        stands = self._answer(lambda: self.link.finish(request, self.limit))
        self.now = stands["time"]
        self.deadline = stands["deadline"]
        self.busy = stands["busy"]
        self._in, self._out = stands["in"], stands["out"]

    def on_its_way(self) -> dict[str, int]:
        """What a poll says the board will have heard."""
        return {} if self.wire is None else {"in": self.wire.coprocessor.octets_out - self._base_in}

    @property
    def balanced(self) -> bool:
        """Whether board and co-processor have heard all that the other said."""
        if self.wire is None:
            return True
        radio = self.wire.coprocessor
        return (
            not self.wire.waiting
            and radio.octets_out - self._base_in == self._in
            and radio.octets_in - self._base_out == self._out
        )

    def forget_imbalance(self) -> None:
        """Octets were lost on the wire: count anew from here."""
        if self.wire is not None:
            radio = self.wire.coprocessor
            self._base_in, self._base_out = radio.octets_out - self._in, radio.octets_in - self._out
