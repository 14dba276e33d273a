# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of results: complete, or not there at all."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from hanref.errors import UsageError

# What a folder of results holds, by which an earlier one is known and may be replaced.
FILES = (
    "trace.jsonl",
    "air.pcapng",
    "keys.toml",
    "verdicts.json",
    "junit.xml",
    "report.html",
    "report.json",
    "comparison.json",
    "comparison.html",
)


class OutputFolder:
    """Files are written to `work`, a hidden folder beside `path`, which takes the place of `path` when all is well.

    An earlier folder of results is replaced, any other folder that is not empty is left alone. Raises UsageError,
    before anything has been run, where the folder cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self._made: list[Path] = []
        self.work = Path()

    def __enter__(self) -> "OutputFolder":
        self._check()
        try:
            self._make_parents()
            self.work = Path(tempfile.mkdtemp(prefix="." + self.path.name + ".", dir=self.path.parent))
            self.work.chmod(0o755)
        except OSError as error:
            self._remove_parents()
            raise UsageError("--out %s: cannot be written: %s" % (self.path, error.strerror)) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None:
            try:
                self._replace()
            except OSError as failure:
                self._abandon()
                raise UsageError("--out %s: cannot be written: %s" % (self.path, failure.strerror)) from None
        else:
            self._abandon()
            if isinstance(error, OSError):
                raise UsageError("--out %s: cannot be written: %s" % (self.path, error.strerror)) from None

    def _check(self) -> None:
        path = self.path
        try:
            if not path.exists():
                return
            if not path.is_dir():
                raise UsageError("--out %s: is a file; name a folder" % path)
            others = sorted(entry.name for entry in path.iterdir() if entry.name not in FILES)
        except OSError as error:
            raise UsageError("--out %s: cannot be written: %s" % (path, error.strerror)) from None
        if others:
            raise UsageError("--out %s: holds other files (%s, ...); name a new or empty folder" % (path, others[0]))

    def _make_parents(self) -> None:
        missing = [parent for parent in self.path.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir()
            self._made.append(parent)

    def _remove_parents(self) -> None:
        for parent in reversed(self._made):
            parent.rmdir()
        self._made.clear()

    def _replace(self) -> None:
        if self.path.exists():
            old = Path(tempfile.mkdtemp(prefix="." + self.path.name + ".", dir=self.path.parent))
            self.path.rename(old / "old")
            self.work.rename(self.path)
            shutil.rmtree(old)
        else:
            self.work.rename(self.path)

    def _abandon(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        self._remove_parents()
