# SPDX-License-Identifier: Apache-2.0
"""Runs first at every start: the emulated flash as a block device, mounted at /."""

import flash_store
import uctypes


class Flash:
    """The part of the emulated flash that holds LittleFS, as a block device."""

    BLOCK = 4096

    def __init__(self, base=0x21000000, size=0x200000):
        self._blocks = size // self.BLOCK
        self._memory = memoryview(uctypes.bytearray_at(base, size))

    def readblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        buffer[:] = self._memory[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        # A slice of its own: assigning to a part of a memoryview also moves all that lies behind it (20 ms a MB).
        self._memory[start : start + len(buffer)][:] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return self.BLOCK
        if operation == 6:
            return 0


flash_store.mount(Flash())
