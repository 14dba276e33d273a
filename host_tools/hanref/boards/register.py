# SPDX-License-Identifier: GPL-3.0-or-later
"""Which emulated boards of this user are running: one small file a board in a folder of the user's."""

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from hanref.errors import BenchError


@dataclass(frozen=True)
class Running:
    """A running emulated board."""

    uid: str
    board: str
    port: str
    process: int  # of QEMU
    owner: int  # the process that started it
    heap: int


def folder() -> Path:
    """The folder of nodes and of the register, for this user alone; BenchError if another user made it."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    # The variable may outlive its folder, as after sudo.
    base = runtime if os.access(runtime, os.W_OK) else tempfile.gettempdir()
    path = Path(base) / f"hanref-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):
        raise BenchError(f"{path} belongs to somebody else: name a folder of your own with XDG_RUNTIME_DIR")
    return path


def add(board: Running) -> Path:
    """Enter a board; the file returned is removed when it ends."""
    path = folder() / f"{board.uid}.{board.process}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(board)))
    partial.rename(path)
    return path


def running() -> list[Running]:
    """The emulated boards that are running; entries of those that ended in disorder are removed."""
    boards = []
    for path in sorted(folder().glob("*.json")):
        try:
            board = Running(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            path.unlink(missing_ok=True)
            continue
        if _is_qemu(board.process):
            boards.append(board)
        else:
            path.unlink(missing_ok=True)
            Path(board.port).unlink(missing_ok=True)
    return boards


def _is_qemu(process: int) -> bool:
    try:
        return b"qemu-system-arm" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
