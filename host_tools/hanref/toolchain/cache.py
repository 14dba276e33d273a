# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's cache folder: each thing is made once, by one process, and appears whole or not at all."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hanref.toolchain.errors import ToolchainError


def folder() -> Path:
    """The cache folder of the tool chain, made if need be: below XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    path = (Path(base) if base else Path.home() / ".cache") / "hanref" / "toolchain"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolchainError(
            f"cannot make the cache folder {path}: {error.strerror}; name another with XDG_CACHE_HOME"
        ) from error
    return path


def log(name: str) -> Path:
    """The log of the last attempt to make ``name``."""
    return folder() / f"{name}.log"


def key(*parts: str) -> str:
    """A short name for everything that a result depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def contents_hash(files: Iterable[Path], root: Path) -> str:
    """A hash of names and contents of ``files``, named relative to ``root``."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        octets = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(octets)}\0".encode() + octets)
    return digest.hexdigest()


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock ``name``; a second process waits, and says so."""
    with open(folder() / f"{name}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"hanref: waiting for another process that makes {name}", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of ``name`` for ``key``; ``make`` fills it when it is not there yet.

    It is filled under another name and renamed when it is complete, so an interrupted build leaves nothing
    that could be taken for a result.
    """
    result = folder() / f"{name}-{key}"
    if result.is_dir():
        return result
    with lock(name):
        if result.is_dir():
            return result
        for remains in folder().glob(f".{name}.*"):
            shutil.rmtree(remains, ignore_errors=True)
        log(name).unlink(missing_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder()))
        try:
            make(partial)
            partial.chmod(0o755)
            partial.rename(result)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return result
