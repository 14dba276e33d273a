# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial ports, and in one line why one cannot be opened."""

import errno
import os
from pathlib import Path

import serial

from hanref.errors import UsageError

BAUD_RATE = 115200


class PortError(UsageError):
    """A port that does not exist, may not be opened, or is in use."""


def open_port(name: str, baud_rate: int = BAUD_RATE, timeout: float | None = None) -> serial.SerialBase:
    """Open a port for this program alone. `name` is a device or a URL that pyserial knows. Raises PortError."""
    check_free(name)
    try:
        return serial.serial_for_url(name, baud_rate, timeout=timeout, exclusive=None if "://" in name else True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise why(name, error) from None


def why(name: str, error: Exception) -> PortError:
    """What an exception of opening a port means for the user."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return PortError(f"port {name}: there is no such device; `hanref boards` lists what is plugged in")
    if number in (errno.EACCES, errno.EPERM):
        return PortError(f"port {name}: permission denied; join the group that owns it (docs/hil.md)")
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return PortError(f"port {name}: in use{_by(_lock_holders(name))}")
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return PortError(f"port {name}: is no serial port")
    return PortError(f"port {name}: {getattr(error, 'strerror', None) or error}")


def check_free(name: str) -> None:
    """Raise PortError where another program has the port open; a program that holds an emulated board does not count."""
    if "://" in name:
        return
    try:
        os.stat(name)
    except OSError as error:
        raise why(name, error) from None
    others = owners(name)
    if others:
        raise PortError(f"port {name}: in use{_by(others)}")


def owners(name: str) -> list[tuple[int, str]]:
    """(process id, program) of each other process that has the port open, as far as the system tells."""
    from hanref.boards import running

    real = os.path.realpath(name)
    ours = {os.getpid()} | {board.owner for board in running() if os.path.realpath(board.port) == real}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        number = int(process.name)
        if number in ours:
            continue
        try:
            if any(os.readlink(entry) == real for entry in (process / "fd").iterdir()):
                found.append((number, (process / "comm").read_text().strip()))
        except OSError:
            continue  # it has ended, or belongs to another user
    return found


def _lock_holders(name: str) -> list[tuple[int, str]]:
    """Who has locked the port for itself, as the system's table of locks tells."""
    status = os.stat(name)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    found = []
    try:
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if len(words) > 5 and words[5] == place:
                number = int(words[4])
                found.append((number, Path(f"/proc/{number}/comm").read_text().strip()))
    except (OSError, ValueError):
        pass
    return found


def _by(found: list[tuple[int, str]]) -> str:
    return " by another program" if not found else " by " + ", ".join(f"{name} (process {pid})" for pid, name in found)
