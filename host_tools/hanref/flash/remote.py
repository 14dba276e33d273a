# SPDX-License-Identifier: GPL-3.0-or-later
"""A board at its raw prompt, by way of mpremote's own library: files, ROMFS, and what is on it now."""

import ast
import contextlib
import inspect
import json
import os
import tempfile
import zlib
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import serial
from han.node import settings as on_board
from mpremote import romfs as mpremote_romfs
from mpremote import transport_serial
from mpremote.transport import TransportError, TransportExecError

from hanref.errors import BenchError
from hanref.link.ports import BAUD_RATE, PortError, check_free, why

SETTINGS = "/settings.json"
MARKER = "/flashing"
_PIECE = 8192
_ENTER_LIMITS = (0.5, 1.0, 2.0, 4.0, 4.0)  # seconds, a try each: a board that starts just now has lost what was said to it
_LISTEN = 0.1  # seconds for an octet to come, meanwhile
_ANSWER_LIMIT = 10.0

# The library prints what it meets. Boards are flashed side by side, so standard output cannot be diverted for a while.
for _module in (mpremote_romfs, transport_serial):
    _module.print = lambda *_, **__: None

Progress = Callable[[int], None]  # octets written since the last call

_HASH = """
import hashlib
def _hash_of(path):
    digest = hashlib.sha256()
    try:
        with open(path, 'rb') as file:
            while True:
                piece = file.read(512)
                if not piece:
                    return ''.join('%02x' % octet for octet in digest.digest())
                digest.update(piece)
    except OSError:
        return None
"""
_REMOVE_BELOW = """
import os
def _remove_below(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        if entry[1] & 0x4000:
            _remove_below(folder + '/' + entry[0])
        else:
            os.remove(folder + '/' + entry[0])
"""
_PREPARE = """
import vfs
from binascii import a2b_base64
from io import BytesIO
try:
    from deflate import DeflateIO, RAW
except ImportError:
    DeflateIO = None
segment = vfs.rom_ioctl(2, 0)
"""
_CAN_INFLATE = "DeflateIO is not None"
_WINDOW_BITS = 13
# Asks everything at once: each question costs a turn on the line.
_INSPECT = """
import os, sys, hashlib
{functions}
def _text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None
def _code(folder):
    try:
        return code_hash(folder)
    except OSError:
        return None
def _romfs():
    try:
        import vfs
        segment = vfs.rom_ioctl(2, 0)
        return segment.ioctl(4, 0) * segment.ioctl(5, 0) if hasattr(segment, 'ioctl') else len(segment)
    except Exception:
        return None
print(repr((os.uname().machine, sys.platform, sys.implementation[1][:3], _romfs(), os.statvfs('/')[2] > 0,
    _code('/rom/han'), _code('/lib/han'), _hash_of('/boot.py'), _hash_of('/main.py'), _text('{settings}'),
    '{marker}'[1:] in os.listdir('/'))))
"""


@dataclass
class Found:
    """What is on a board: `romfs` its size in octets, None where there is none; hashes are None where nothing is."""

    machine: str
    platform: str
    version: tuple[int, ...]
    romfs: int | None
    file_system: bool
    code_in_romfs: str | None
    code_in_files: str | None
    boot: str | None
    main: str | None
    settings: dict[str, Any] | None
    unfinished: bool


class Remote:
    """A board at its prompt. Opening it stops what runs there. Raises PortError, BenchError."""

    def __init__(self, port: str) -> None:
        self.port = port
        check_free(port)
        with self._errors():
            try:
                # mpremote tells a pseudo terminal by its name, and reads from one for ever unless it is given a limit.
                device = port if "://" in port else os.path.realpath(port)
                self._transport = transport_serial.SerialTransport(device, BAUD_RATE, timeout=_LISTEN)
            except TransportError:
                raise self._why() from None
            self._enter()

    def _enter(self) -> None:
        """Get the raw prompt. A board that starts just now does not listen, so it is asked more than once."""
        for limit in _ENTER_LIMITS:
            try:
                self._transport.enter_raw_repl(soft_reset=True, timeout_overall=limit)
                break
            except TransportError:
                pass
            except (serial.SerialException, OSError):
                self._transport.close()
                raise
        else:
            self._transport.close()
            raise PortError(f"port {self.port}: nothing there answers as MicroPython does")
        self._transport.serial.timeout = _ANSWER_LIMIT

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the raw prompt and give the port back."""
        with contextlib.suppress(TransportError, OSError, serial.SerialException):
            self._transport.exit_raw_repl()
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()

    def inspect(self) -> Found:
        """What is on the board."""
        functions = "".join(inspect.getsource(part) for part in (on_board._files, on_board.code_hash))
        names = f"_FOLDER = {on_board._FOLDER}\n_PIECE = {on_board._PIECE}\n"
        script = _INSPECT.format(functions=_HASH + names + functions, settings=SETTINGS, marker=MARKER)
        with self._errors():
            answer = ast.literal_eval(self._transport.exec(script).decode().strip())
        machine, platform, version, romfs, file_system, in_romfs, in_files, boot, main, settings, unfinished = answer
        return Found(
            machine, platform, version, romfs, file_system, in_romfs, in_files, boot, main, _settings(settings), unfinished
        )

    def write_file(self, path: str, octets: bytes, progress: Progress) -> None:
        """Write a file; the folders on the way come to be."""
        told = 0

        def tell(written: int, _: int) -> None:
            nonlocal told
            progress(written - told)
            told = written

        with self._errors():
            folder = ""
            for part in path.strip("/").split("/")[:-1]:
                folder += "/" + part
                if not self._transport.fs_exists(folder):
                    self._transport.fs_mkdir(folder)
            self._transport.fs_writefile(path, octets, progress_callback=tell)

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        """SHA-256 of files, None for one that is not there."""
        with self._errors():
            self._transport.exec(_HASH)
            return dict(zip(paths, self._transport.eval(f"[_hash_of(path) for path in {paths!r}]"), strict=True))

    def remove_file(self, path: str) -> None:
        """Remove a file that is there."""
        with self._errors():
            self._transport.fs_rmfile(path)

    def remove_below(self, folder: str) -> None:
        """Remove every file below a folder that may be there; in one turn on the line."""
        with self._errors():
            self._transport.exec(_REMOVE_BELOW + f"_remove_below({folder!r})")

    def files(self, folder: str) -> list[str]:
        """The files below a folder, as paths from it."""
        with self._errors():
            if not self._transport.fs_exists(folder):
                return []
            return list(self._files(folder, ""))

    def _files(self, folder: str, under: str) -> Iterator[str]:
        for entry in self._transport.fs_listdir(folder + under):
            if entry.st_mode & 0x4000:
                yield from self._files(folder, f"{under}/{entry.name}")
            else:
                yield f"{under}/{entry.name}".lstrip("/")

    def write_romfs(self, octets: bytes, progress: Progress) -> None:
        """Write an image into ROMFS; it is mounted at the next start."""
        run = self._transport.exec
        with self._errors():
            run(_PREPARE)
            run("try:\n vfs.umount('/rom')\nexcept OSError:\n pass")
            by_blocks = self._transport.eval("hasattr(segment, 'ioctl')")
            if by_blocks:
                size = self._transport.eval("segment.ioctl(5, 0)")
                for block in range(-(-len(octets) // size)):
                    run(f"segment.ioctl(6, {block})")
                piece = min(_PIECE, size)
            else:
                piece = max(_PIECE, self._transport.eval(f"vfs.rom_ioctl(3, 0, {len(octets)})"))
            compressed = self._transport.eval(_CAN_INFLATE)
            for at in range(0, len(octets), piece):
                part = octets[at : at + piece]
                run(_piece(part + bytes(piece - len(part)), compressed))
                if by_blocks:
                    run(f"segment.writeblocks({at // size}, piece, {at % size})")
                else:
                    run(f"vfs.rom_ioctl(4, 0, {at}, piece)")
                progress(len(part))
            if not by_blocks:
                run("vfs.rom_ioctl(5, 0)")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What mpremote raises, in our words."""
        try:
            yield
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1:] or ["it said nothing"]
            raise BenchError(f"port {self.port}: the board failed: {last[0]}") from None
        except (TransportError, serial.SerialException) as error:
            raise BenchError(f"port {self.port}: the board does not answer any more: {error}") from None
        except OSError as error:
            raise BenchError(f"port {self.port}: {error.strerror or error}: {error.filename or ''}") from None

    def _why(self) -> PortError:
        """Why mpremote could not open the port: it does not say."""
        try:
            serial.serial_for_url(self.port, BAUD_RATE, exclusive=True).close()
        except (serial.SerialException, OSError, ValueError) as error:
            return why(self.port, error)
        return PortError(f"port {self.port}: cannot be opened")


def _piece(octets: bytes, compressed: bool) -> str:
    """The statement that makes `piece` these octets on the board. Each character on the way costs more than inflating."""
    if not compressed:
        return f"piece = a2b_base64({b2a_base64(octets, newline=False)!r})"
    deflater = zlib.compressobj(9, wbits=-_WINDOW_BITS)
    text = b2a_base64(deflater.compress(octets) + deflater.flush(), newline=False)
    return f"piece = DeflateIO(BytesIO(a2b_base64({text!r})), RAW, {_WINDOW_BITS}).read()"


def romfs_image(files: dict[str, bytes]) -> bytes:
    """A ROMFS image of files by path."""
    with tempfile.TemporaryDirectory() as folder:
        for path, octets in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(octets)
        return bytes(mpremote_romfs.make_romfs(folder, mpy_cross=None))


def _settings(text: str | None) -> dict[str, Any] | None:
    try:
        content = json.loads(text or "")
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
