# SPDX-License-Identifier: Apache-2.0
"""Mounts the board's flash at /. Only a blank flash is formatted: data that cannot be read is not lost data."""

import os

import vfs

PROGRAM_SIZE = 256
device = None


def mount(flash):
    """Mount the block device ``flash``; where that fails and it is not blank, start without a store and say so.

    Without a store the firmware in ROMFS still starts: /rom becomes the current directory.
    """
    global device
    device = flash
    try:
        vfs.mount(vfs.VfsLfs2(flash, progsize=PROGRAM_SIZE), "/")
        return
    except OSError:
        pass
    if is_blank(flash):
        format()
        return
    print("hanref: no store: the flash is not blank and holds no file system that can be read; nothing was changed")
    print("hanref: to give up what is there: import flash_store; flash_store.format()")
    try:
        os.chdir("/rom")
    except OSError:
        pass


def format():
    """Make an empty file system on the flash and mount it; all that was there is lost."""
    vfs.VfsLfs2.mkfs(device, progsize=PROGRAM_SIZE)
    vfs.mount(vfs.VfsLfs2(device, progsize=PROGRAM_SIZE), "/")


def is_blank(flash):
    """Whether every octet of the flash is erased (FF), or zero as emulated flash is when new."""
    size = flash.ioctl(5, 0)
    block = bytearray(size)
    flash.readblocks(0, block)
    if block[0] not in (0x00, 0xFF):
        return False
    erased = bytes((block[0],)) * size
    for number in range(flash.ioctl(4, 0)):
        flash.readblocks(number, block)
        if block != erased:
            return False
    return True
