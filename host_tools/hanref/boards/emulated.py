# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated board: QEMU with our MicroPython, reached through a serial node as a real board is."""

import atexit
import concurrent.futures
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
import tty
import weakref
from pathlib import Path
from types import TracebackType
from typing import IO

from hanref import toolchain
from hanref.boards import register
from hanref.errors import BenchError, UsageError
from hanref.toolchain import cache

BOARD = "mps2_an385"
FLASH_SIZE = 16 * 1024 * 1024
HEAP = 204_800
START_LIMIT = 15.0  # seconds for QEMU to come up
SOCKET_PATH_MAX = 107
_KEPT = "boards"  # below the user's cache folder of hanref
_MOST_KEPT = 4  # flash files of a name: as many as there are tests at a time
_UID = re.compile(r"^[A-Za-z0-9_.-]{1,60}$")
_NODE = re.compile(r"redirected to (\S+) \(label")

# The kernel ends QEMU when the thread that started it ends, which is meant for the end of this whole process.
# So one thread that lives as long as the process starts all boards.
_starter = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="emulated boards")
_boards: "weakref.WeakSet[EmulatedBoard]" = weakref.WeakSet()


class FlashInUse(UsageError):
    """Another board has the flash file."""


def kept_flashes() -> Path:
    """Where flash files of emulated boards stay between two runs of the bench, so that the next has less to write."""
    folder = cache.folder().parent / _KEPT
    folder.mkdir(mode=0o700, exist_ok=True)  # test keys are in them
    return folder


class EmulatedBoard:
    """One emulated board, powered on by the constructor; a context manager that ends it.

    ``uid`` names it and gives it its identity (machine.unique_id). ``heap`` is in octets. ``flash`` is the file that
    holds its flash memory, made if it is not there; without one the flash is blank at each start. ``icount`` N makes
    its speed independent of the host: an instruction takes 2^N ns of its time. ``radio`` is the path of a Unix
    socket on which QEMU listens for the radio co-processor of UART 1; with ``radio_connects`` QEMU connects to it
    instead. ``firmware`` is another ELF file than the tool chain's.

    ``port`` is the serial node; it keeps its name over power cuts. The node is held open, so that programs find the
    board at once. A board never outlives the process that started it, however that ends.
    """

    def __init__(
        self,
        uid: str,
        heap: int = HEAP,
        flash: Path | str | None = None,
        icount: int | None = None,
        radio: Path | str | None = None,
        *,
        radio_connects: bool = False,
        firmware: Path | None = None,
    ) -> None:
        if not _UID.match(uid):
            raise UsageError(f"emulated board: {uid!r} is no name: letters, digits, '_', '.' and '-', at most 60")
        if radio is not None and len(os.fsencode(radio)) > SOCKET_PATH_MAX:
            raise UsageError(f"emulated board {uid}: the socket path {radio} is longer than {SOCKET_PATH_MAX} octets")
        self.uid = uid
        self.heap = heap
        self.flash = Path(flash).absolute() if flash is not None else None
        self.icount = icount
        self.radio = Path(radio) if radio is not None else None
        self._radio_connects = radio_connects
        self._firmware = firmware or toolchain.emulated_firmware()
        self.port = str(register.folder() / f"tty-{uid}-{os.getpid()}-{id(self):x}")
        self._process: subprocess.Popen[bytes] | None = None
        self._flash_file: IO[bytes] | None = None
        self._hold: int | None = None
        self._entry: Path | None = None
        self.start()

    @classmethod
    def kept(cls, uid: str, heap: int, folder: Path, radio: Path | None = None) -> "EmulatedBoard":
        """A board whose flash stays in the user's cache folder for the next time, so that what is on it need not be
        written again. While another board has that, this one gets the next, and when all are taken one in `folder`."""
        for number in range(1, _MOST_KEPT + 1):
            name = f"{uid}.flash" if number == 1 else f"{uid}-{number}.flash"
            with contextlib.suppress(FlashInUse):
                return cls(uid, heap, kept_flashes() / name, radio=radio)
        return cls(uid, heap, folder / f"{uid}.flash", radio=radio)

    @property
    def running(self) -> bool:
        """Whether the board has power."""
        return self._process is not None and self._process.poll() is None

    def has_ended(self) -> bool:
        """Whether its QEMU is gone without our doing, as after a signal; one that is going is waited for, a second at most."""
        if self._process is None:
            return True
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def start(self) -> None:
        """Power on. BenchError says why QEMU does not start."""
        if self.running:
            return
        self._release()
        _boards.add(self)
        self._open_flash()
        # Started without this process's group: Ctrl-C is for us, and we end the boards in order.
        process = _starter.submit(self._launch).result()
        self._process = process
        try:
            node = self._node(process)
            self._hold = os.open(node, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self._hold)
            _link(node, self.port)
            entry = register.Running(self.uid, BOARD, self.port, process.pid, os.getpid(), self.heap)
            self._entry = register.add(entry)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Cut the power: nothing is finished or written any more. ``start`` gives it back."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._release()

    def close(self) -> None:
        """End the board and remove its node; harmless when that has been done."""
        self.kill()
        _boards.discard(self)

    def __enter__(self) -> "EmulatedBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<emulated board {self.uid} on {self.port}, {'on' if self.running else 'off'}>"

    def _launch(self) -> subprocess.Popen[bytes]:
        for program in ("qemu-system-arm", "setpriv"):
            if shutil.which(program) is None:
                package = {"setpriv": "util-linux"}.get(program, program)
                raise UsageError(f"{program} is not installed: run 'apt-get install {package}' as root")
        # The death signal is KILL: a QEMU that is stopped or stuck must go too.
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-arm", *self._arguments()]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    def _arguments(self) -> list[str]:
        words = ["enable=on", "target=native", "arg=fw", f"arg=uid={self.uid}", f"arg=heap={self.heap}"]
        arguments = ["-machine", "mps2-an385", "-display", "none", "-monitor", "none", "-net", "none"]
        arguments += ["-kernel", str(self._firmware), "-semihosting-config", ",".join(words), "-serial", "pty"]
        if self.radio is not None:
            listen = "" if self._radio_connects else ",server=on,wait=off"
            arguments += ["-chardev", f"socket,id=radio,path={_escaped(self.radio)}{listen}", "-serial", "chardev:radio"]
        if self.flash is not None:
            memory = f"memory-backend-file,id=flash,size={FLASH_SIZE},mem-path={_escaped(self.flash)},share=on"
            arguments += ["-object", memory, "-machine", "memory-backend=flash"]
        if self.icount is not None:
            arguments += ["-icount", f"shift={self.icount}"]
        return arguments

    def _open_flash(self) -> None:
        """Make the flash file if it is new, and lock it: two boards on one flash would ruin it."""
        if self.flash is None:
            return
        try:
            file = open(self.flash, "ab")
        except OSError as error:
            raise UsageError(f"emulated board {self.uid}: flash file {self.flash}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise FlashInUse(
                f"emulated board {self.uid}: the flash file {self.flash} is in use by another board"
            ) from None
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            file.truncate(FLASH_SIZE)
        elif size != FLASH_SIZE:
            file.close()
            raise UsageError(
                f"emulated board {self.uid}: {self.flash} has {size} octets, no flash image of {FLASH_SIZE}"
            )
        self._flash_file = file

    def _node(self, process: subprocess.Popen[bytes]) -> str:
        """The node QEMU made, from its first words."""
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        said = b""
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            said += process.stdout.read() or b""
            found = _NODE.search(said.decode(errors="replace"))
            if found:
                return found.group(1)
            if process.poll() is not None:
                said += process.stdout.read() or b""
                break
            time.sleep(0.005)
        reason = " ".join(said.decode(errors="replace").split()) or "it said nothing"
        raise BenchError(f"emulated board {self.uid} did not start: {reason}")

    def _release(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
        if self._flash_file is not None:
            self._flash_file.close()
            self._flash_file = None
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        if self._entry is not None:
            self._entry.unlink(missing_ok=True)
            self._entry = None
        Path(self.port).unlink(missing_ok=True)
        if self.radio is not None and not self._radio_connects:
            self.radio.unlink(missing_ok=True)


def _link(node: str, name: str) -> None:
    """Let ``name`` point to ``node``, in one step."""
    partial = f"{name}.partial"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    os.symlink(node, partial)
    os.replace(partial, name)


def _escaped(path: Path) -> str:
    """A path in an option of QEMU, where commas are doubled."""
    return str(path).replace(",", ",,")


@atexit.register
def _close_all() -> None:
    for board in list(_boards):
        board.close()
