# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system in RAM whose power can be cut at any step: what the stores are tested on.

`Flash` is the medium. `Files(flash)` is what a running board sees of it, as `han.stores` wants it. Each creation,
write, sync, remove and rename is a step; at the step set with `flash.cut_at` the power goes: PowerCut is raised,
and only `flash.power_on` makes the medium usable again, with as much of the unsafe octets as the caller says.
Safe is what was synchronised; closing a file does not make it safe.
"""


class PowerCut(Exception):
    """The power went. Nothing in the firmware may catch this."""


class Node:
    """A file on the medium: what is safe, and what was written since."""

    def __init__(self, safe=b""):
        self.safe = safe
        self.truncated = False  # the safe octets are to go
        self.unsafe = bytearray()

    def content(self):
        return bytes(self.unsafe) if self.truncated else self.safe + self.unsafe

    def settle(self):
        self.safe = self.content()
        self.truncated = False
        self.unsafe = bytearray()


class Flash:
    """The medium: files by path, the steps counted, and where the power is to go."""

    def __init__(self, room=1 << 30):
        self.nodes = {}
        self.room = room  # octets until the flash is full
        self.steps = 0
        self.cut_at = None
        self.running = 0  # changes with each power-on: older files are dead

    def step(self):
        if self.cut_at is not None and self.steps >= self.cut_at:
            raise PowerCut()
        self.steps += 1

    def cut_after(self, steps):
        """Let the power go when `steps` more have been done."""
        self.cut_at = self.steps + steps

    def power_on(self, survive=0, fill=None):
        """Power was off and is back.

        Of the octets that were not safe, `survive` are there; `fill` (an octet) stands for the others, None for
        an end of the file there. A file that was to be truncated is as it was, if nothing survived.
        """
        self.cut_at = None
        self.running += 1
        for node in self.nodes.values():
            if not node.unsafe and not node.truncated:
                continue
            kept = bytes(node.unsafe[:survive])
            if fill is not None:
                kept += bytes((fill,)) * (len(node.unsafe) - len(kept))
            if kept or not node.truncated:
                node.unsafe = bytearray(kept)
            else:
                node.truncated = False
            node.settle()

    def used(self):
        return sum(len(node.content()) for node in self.nodes.values())


class Files:
    """A folder of the medium."""

    def __init__(self, flash, prefix=""):
        self._flash = flash
        self._prefix = prefix

    def open(self, name, mode):
        flash = self._flash
        path = self._prefix + name
        node = flash.nodes.get(path)
        if mode == "rb":
            if node is None:
                raise OSError(2)
        elif mode in ("wb", "ab"):
            flash.step()
            if node is None:
                node = flash.nodes[path] = Node()
            elif mode == "wb":
                node.truncated = True
                node.unsafe = bytearray()
        else:
            raise ValueError("mode %s" % mode)
        return _File(flash, node, mode)

    def sync(self, file):
        file.check()
        self._flash.step()
        file.node.settle()

    def remove(self, name):
        self._flash.step()
        if self._prefix + name not in self._flash.nodes:
            raise OSError(2)
        del self._flash.nodes[self._prefix + name]

    def rename(self, old, new):
        self._flash.step()
        if self._prefix + old not in self._flash.nodes:
            raise OSError(2)
        self._flash.nodes[self._prefix + new] = self._flash.nodes.pop(self._prefix + old)

    def listdir(self):
        start = len(self._prefix)
        names = set()
        for path in self._flash.nodes:
            if path[:start] == self._prefix:
                names.add(path[start:].split("/")[0])
        return sorted(names)

    def folder(self, name):
        return Files(self._flash, self._prefix + name + "/")


class _File:
    def __init__(self, flash, node, mode):
        self.node = node
        self._flash = flash
        self._running = flash.running
        self._mode = mode
        self._at = 0
        self._open = True

    def check(self):
        if self._running != self._flash.running or not self._open:
            raise ValueError("the file is not open")

    def write(self, octets):
        self.check()
        if self._mode == "rb":
            raise OSError(9)
        self._flash.step()
        if self._flash.used() + len(octets) > self._flash.room:
            # A flash that fills up may have taken a part.
            self.node.unsafe.extend(octets[: len(octets) // 2])
            raise OSError(28)
        self.node.unsafe.extend(octets)
        return len(octets)

    def read(self, count=-1):
        self.check()
        if self._mode != "rb":
            raise OSError(9)
        content = self.node.content()
        octets = content[self._at : len(content) if count < 0 else self._at + count]
        self._at += len(octets)
        return octets

    def seek(self, offset, whence=0):
        self.check()
        self._at = offset + (len(self.node.content()) if whence == 2 else 0)
        return self._at

    def close(self):
        self._open = False


def survives(function, *arguments):
    """Call a function; whether it came to its end before the power went."""
    try:
        function(*arguments)
    except PowerCut:
        return False
    return True
