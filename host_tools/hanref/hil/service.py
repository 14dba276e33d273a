# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest-embedded's service for MicroPython boards: what is flashed, the serial line, the device under test."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
from pytest_embedded.app import App
from pytest_embedded.log import MessageQueue
from pytest_embedded_serial.dut import SerialDut
from pytest_embedded_serial.serial import Serial

from hanref.boards.emulated import HEAP, EmulatedBoard
from hanref.errors import BenchError
from hanref.flash.install import Installed, copy_folder, install, kind_of
from hanref.link import Link, open_port

OURS = "hanref:"  # in app_path: the reference firmware in a role
RESET_LIMIT = 10.0
_TRIES = 5
_LAST_LINES = 40

# Emulated boards live as long as the session, so that what is on them need not be written again. The flash of those with
# hanref's own firmware is kept for the next session, too.
_boards: dict[str, EmulatedBoard] = {}
_folder: tempfile.TemporaryDirectory[str] | None = None


def emulated_board(index: int, heap: int | None = None, role: str | None = None) -> EmulatedBoard:
    """The emulated board of the device under test with this number, with `role` the one for hanref's own firmware in
    that role; started when it is first asked for."""
    global _folder
    name = f"dut-{index}" if role is None else f"dut-{index}-{role}"
    board = _boards.get(name)
    if board is None:
        if _folder is None:
            _folder = tempfile.TemporaryDirectory(prefix="hanref-")
        folder = Path(_folder.name)
        if role is None:
            board = EmulatedBoard(name, heap or HEAP, folder / f"{name}.flash")
        else:
            board = EmulatedBoard.kept(name, heap or HEAP, folder)
        _boards[name] = board
    board.start()
    return board


def close_boards() -> None:
    """End all emulated boards of the session."""
    global _folder
    while _boards:
        _boards.popitem()[1].close()
    if _folder is not None:
        _folder.cleanup()
        _folder = None


class MicroPythonApp(App):  # type: ignore[misc]
    """What goes on the board: `app_path` is a folder with a boot.py or main.py, or "hanref:ROLE". Anything else: nothing."""

    def __init__(self, app_path: str | None = None, **named: Any) -> None:
        self.role = app_path.removeprefix(OURS) if app_path is not None and app_path.startswith(OURS) else None
        super().__init__(app_path=None if self.role else app_path, **named)

    def flash(self, port: str, fresh: bool = False) -> Installed | None:
        """Put it on the board on `port`; what is there already is not written again. Returns what was done, if anything.

        With `fresh`, hanref's firmware starts with empty stores.
        """
        if self.role is not None:
            from hanref.flash.image import image
            from hanref.flash.settings import for_role

            board = kind_of(port)
            settings = for_role(board, self.role, time="held")
            settings["radio"] = {}  # a board on its own has no co-processor to wait for
            return install(board, port, image(self.role), settings, fresh_stores=fresh)
        folder = Path(self.app_path)
        if any((folder / name).is_file() for name in ("boot.py", "main.py")):
            return copy_folder(port, folder)
        return None


class MicroPythonSerial(Serial):  # type: ignore[misc]
    """The serial line of a board. It is flashed before the line is opened; a thread of hanref's own reads it."""

    def __init__(
        self,
        msg_queue: MessageQueue,
        app: MicroPythonApp,
        port: str | None = None,
        dut_index: int = 0,
        heap: int | None = None,
        baud: int | str = Serial.DEFAULT_BAUDRATE,
        **named: Any,
    ) -> None:
        known = set(_boards)
        self.emulated = emulated_board(dut_index, heap, app.role) if port is None else None
        self.place: str = self.emulated.port if self.emulated is not None else str(port)
        self.app = app
        self.installed = app.flash(self.place, fresh=self.emulated is not None and self.emulated.uid not in known)
        self.link: Link | None = None
        super().__init__(msg_queue=msg_queue, port=open_port(self.place, int(baud)), baud=int(baud), **named)

    def start_redirect_thread(self) -> None:
        """Read what the board says, for `expect` and for the console at once."""
        if self.link is None:
            self.link = Link(self.proc, self.place, on_octets=self._q.put)

    def stop_redirect_thread(self) -> bool:
        """Read no more."""
        if self.link is None:
            return False
        self.link.stop()
        self.link = None
        return True

    def released(self) -> "_Released":
        """A context in which other programs may use the port."""
        return _Released(self)


class _Released:
    def __init__(self, line: MicroPythonSerial) -> None:
        self._line = line

    def __enter__(self) -> str:
        self._line.stop_redirect_thread()
        self._line.proc.close()
        return self._line.place

    def __exit__(self, *_: object) -> None:
        self._line.proc = open_port(self._line.place, self._line.baud)
        self._line.start_redirect_thread()


class MicroPythonDut(SerialDut):  # type: ignore[misc]
    """A MicroPython board under test: `expect` and `write` of pytest-embedded, and what follows.

    `installed` says what the flash before the test wrote. Where the board runs hanref's firmware, `request` asks its console.
    """

    serial: MicroPythonSerial

    @property
    def board_name(self) -> str:
        """What it is called in reports."""
        return self.serial.place

    @property
    def installed(self) -> Installed | None:
        """What the last flash did, None where there was nothing to flash."""
        return self.serial.installed

    @property
    def link(self) -> Link:
        """The console."""
        assert self.serial.link is not None
        return self.serial.link

    def request(self, verb: str, /, **arguments: Any) -> dict[str, Any]:
        """Ask the console (docs/console.md). Raises BoardRefused, NoAnswer."""
        return self.link.request(verb, **arguments)

    def start(self) -> None:
        """Run boot.py and main.py from the start: a soft reset, whatever the board is doing."""
        self._until("soft reboot", self.link.start)

    def interrupt(self) -> None:
        """Ctrl-C, until the prompt is there."""
        self._until(">>> ", self.link.interrupt)

    def reset(self) -> None:
        """A hard reset: machine.reset() from the prompt."""
        self.interrupt()
        self.link.write(b"import machine; machine.reset()\r\n")

    def flash(self, app_path: str | None = None) -> Installed | None:
        """Flash again, something else if `app_path` says so, and start it."""
        if app_path is not None:
            self.serial.app = MicroPythonApp(app_path)
        with self.serial.released() as port:
            self.serial.installed = self.serial.app.flash(port)
        return self.serial.installed

    def cut_power(self) -> None:
        """Take an emulated board's power. Raises BenchError for one that is not ours to cut."""
        board = self._emulated()
        self.serial.stop_redirect_thread()
        self.serial.proc.close()
        board.kill()

    def power_on(self) -> None:
        """Give it back; the board starts."""
        self._emulated().start()
        self.serial.proc = open_port(self.serial.place, self.serial.baud)
        self.serial.start_redirect_thread()

    def last_words(self) -> str:
        """The tracebacks the board printed, or its last lines."""
        said = Path(self.logfile).read_text(errors="replace").replace("\r", "")
        found = tracebacks(said)
        return "\n\n".join(found) if found else "\n".join(said.splitlines()[-_LAST_LINES:])

    def _until(self, said: str, ask: Callable[[], None]) -> None:
        """Ask until the board says something: while it starts it does not listen."""
        for _ in range(_TRIES - 1):
            ask()
            try:
                self.expect_exact(said, timeout=RESET_LIMIT / _TRIES)
                return
            except pexpect.TIMEOUT:
                continue
        ask()
        self.expect_exact(said, timeout=RESET_LIMIT)

    def _emulated(self) -> EmulatedBoard:
        if self.serial.emulated is None:
            raise BenchError(f"{self.serial.place}: the power of this board is not in our hands")
        return self.serial.emulated


_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:  .*\n)*.*$", re.MULTILINE)


def tracebacks(said: str) -> list[str]:
    """The tracebacks in what a board said; that of a program which Ctrl-C ended, as a flash does, is none."""
    return [found for found in _TRACEBACK.findall(said) if "\nKeyboardInterrupt" not in found.replace("\r", "")]
