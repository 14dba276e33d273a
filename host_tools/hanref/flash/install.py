# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the firmware of a role on a board and checks what the board then says."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanref.boards.schema import Board
from hanref.errors import BenchError, UsageError
from hanref.flash.image import Image
from hanref.flash.remote import MARKER, SETTINGS, Found, Remote, romfs_image
from hanref.link import Link

STORES = "/stores"
_MARK = b"being flashed\n"
_START_LIMIT = 20.0  # seconds until the firmware answers

Progress = Callable[[int, int], None]  # octets written, octets in all


@dataclass
class Installed:
    """What came of a flash: octets written (0: nothing had changed), seconds taken, the board's version line."""

    octets: int
    seconds: float
    version_line: str


def install(
    board: Board,
    port: str,
    image: Image,
    settings: dict[str, Any],
    progress: Progress | None = None,
    keep_settings: bool = False,
    fresh_stores: bool = False,
    stopped: Callable[[], None] | None = None,
) -> Installed:
    """Make the board on `port` what `image` and `settings` say, write only what is not there yet, restart and check it.

    With `keep_settings`, settings on the board that are those of the same device stay; with `fresh_stores`, what its
    devices kept is removed. `stopped` is called when nothing of what ran there before runs any more.

    A flash that does not come to its end leaves a marker on the board, which then says so at each start and runs
    nothing. Raises UsageError for a wrong port or board, BenchError where the board fails.
    """
    started = time.monotonic()
    with Remote(port) as remote:
        found = remote.inspect()
        _check_kind(board, port, found)
        if keep_settings and found.settings is not None and _same_device(found.settings, settings):
            settings = found.settings
        parts = _missing(board, found, image, settings)
        total = sum(len(octets) for _, octets in parts)
        if parts or found.unfinished:
            _write(remote, board, image, parts, _counted(progress, total))
        if fresh_stores:
            remote.remove_below(STORES)
        if stopped is not None:
            stopped()
    version = _check(port, image, settings)
    return Installed(total, time.monotonic() - started, version)


def kind_of(port: str) -> Board:
    """What kind of board is on a port; what ran there is stopped. Raises UsageError for one that is not known."""
    from hanref.boards import known

    with Remote(port) as remote:
        machine = remote.inspect().machine
    for board in known().values():
        if machine.startswith(board.recognise.machine):
            return board
    raise UsageError(f"port {port}: a {machine!r} is there, which is no board hanref knows")


def copy_folder(port: str, folder: Path) -> Installed:
    """Put the Python files of any project on the board's file system, those that are not there yet; then start it.

    Tests and what begins with a dot are left out. Raises PortError, BenchError.
    """
    started = time.monotonic()
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in name.parts)
        if path.suffix in (".py", ".mpy", ".json") and not hidden and not _is_test(path):
            files["/" + name.as_posix()] = path.read_bytes()
    written = 0
    with Remote(port) as remote:
        there = remote.hashes(list(files))
        for target, octets in files.items():
            if there[target] != hashlib.sha256(octets).hexdigest():
                remote.write_file(target, octets, _unseen)
                written += len(octets)
    with Link.open(port) as link:
        link.start()
        link.wait_for("soft reboot", _START_LIMIT)
    return Installed(written, time.monotonic() - started, "")


def _is_test(path: Path) -> bool:
    return path.name == "conftest.py" or path.name.startswith("test_") or path.name.endswith("_test.py")


def _missing(board: Board, found: Found, image: Image, settings: dict[str, Any]) -> list[tuple[str, bytes]]:
    """(path, octets) of what is not on the board; ROMFS is the path "/rom"."""
    parts = []
    for name, here in (("boot.py", found.boot), ("main.py", found.main)):
        octets = image.scripts[name]
        if here != hashlib.sha256(octets).hexdigest():
            parts.append(("/" + name, octets))
    if board.flash.method == "romfs":
        if found.code_in_romfs != image.code_hash:
            # The scripts too: a board whose file system cannot be mounted starts from there.
            parts.append(("/rom", romfs_image({**image.modules, **image.scripts})))
            if found.romfs is None:
                raise UsageError(f"the MicroPython on this {board.name} has no ROMFS: {board.micropython.install}")
            if len(parts[-1][1]) > found.romfs:
                raise UsageError(f"the firmware has {len(parts[-1][1])} octets, the board's ROMFS {found.romfs}")
    elif found.code_in_files != image.code_hash:
        parts += [("/lib/" + path, octets) for path, octets in image.modules.items()]
    if found.settings != settings:
        parts.append((SETTINGS, json.dumps(settings).encode()))
    if any(path != "/rom" for path, _ in parts) and not found.file_system:
        raise UsageError(
            "the board's file system cannot be mounted, and its flash is not blank: save what is there, then make a new one"
        )
    return parts


def _write(
    remote: Remote, board: Board, image: Image, parts: list[tuple[str, bytes]], progress: Callable[[int], None]
) -> None:
    remote.write_file(MARKER, _MARK, _unseen)
    for path, octets in parts:
        if path == "/rom":
            remote.write_romfs(octets, progress)
        else:
            remote.write_file(path, octets, progress)
    if board.flash.method == "files":
        for name in remote.files("/lib/han"):
            if "han/" + name not in image.modules:
                remote.remove_file("/lib/han/" + name)
    remote.remove_file(MARKER)


def _check(port: str, image: Image, settings: dict[str, Any]) -> str:
    """Start the board and compare what it says of itself; returns its version line."""
    with Link.open(port) as link:
        link.start()
        version = link.hello(_START_LIMIT)
    wanted = {
        "mpy": image.code_hash,
        "role": settings["role"],
        "profile": settings["profile"],
        "identity": settings["identities"][settings["role"]],
    }
    for name, value in wanted.items():
        if version.get(name) != value:
            raise BenchError(f"port {port}: flashed, but the board says {name} {version.get(name)} instead of {value}")
    return str(version["line"])


def _check_kind(board: Board, port: str, found: Found) -> None:
    from hanref.boards import known

    if found.machine.startswith(board.recognise.machine):
        return
    matching = [other.name for other in known().values() if found.machine.startswith(other.recognise.machine)]
    hint = f": it is {matching[0]}" if matching else ""
    raise UsageError(f"port {port}: a {found.machine!r} is there, not a {board.name}{hint}")


def _same_device(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    role = wanted["role"]
    wiring = ("driver", "uart", "baudrate", "tx", "rx")
    return (
        all(there.get(name) == wanted[name] for name in ("role", "profile", "time"))
        and there.get("identities", {}).get(role) == wanted["identities"][role]
        and all(there.get("radio", {}).get(name) == wanted["radio"].get(name) for name in wiring)
    )


def _counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    done = 0

    def count(octets: int) -> None:
        nonlocal done
        done += octets
        if progress is not None:
            progress(done, total)

    return count


def _unseen(octets: int) -> None:
    pass
