# SPDX-License-Identifier: Apache-2.0
"""A folder of the board's file system, or of the host's, as the stores want it; see `han.stores`."""

import os

from micropython import const

_ENOENT = const(2)
_EEXIST = const(17)


class Folder:
    """The files of one folder. The folder comes to be with its first file."""

    def __init__(self, path):
        self._path = path

    def open(self, name, mode):
        path = self._path + "/" + name
        try:
            return open(path, mode)
        except OSError as error:
            if error.errno != _ENOENT or mode == "rb":
                raise
        make_folder(self._path)
        return open(path, mode)

    def sync(self, file):
        file.flush()
        # MicroPython's flush commits the file; CPython's only hands it to the system.
        if hasattr(os, "fsync"):
            os.fsync(file.fileno())

    def remove(self, name):
        os.remove(self._path + "/" + name)

    def rename(self, old, new):
        os.rename(self._path + "/" + old, self._path + "/" + new)

    def listdir(self):
        try:
            return os.listdir(self._path)
        except OSError as error:
            if error.errno == _ENOENT:
                return []
            raise

    def folder(self, name):
        return Folder(self._path + "/" + name)


def make_folder(path):
    """Make a folder and those above it that are not there."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno == _EEXIST:
            return
        if error.errno != _ENOENT or "/" not in path.lstrip("/"):
            raise
        make_folder(path[: path.rindex("/")])
        os.mkdir(path)
