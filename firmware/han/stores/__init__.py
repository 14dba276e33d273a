# SPDX-License-Identifier: Apache-2.0
"""What survives power loss: logs of records and named values.

A store does no IO of its own. It is handed `files`, an object with

    open(name, mode)    a binary file: modes "rb", "wb", "ab"; with read, readinto, write, seek, tell, close
    sync(file)          what was written to an open file is safe from now on
    remove(name), rename(old, new)    done at once or not at all; rename replaces
    listdir()           the names that are there
    folder(name)        the same kind of object for a folder in it, which comes to be with its first file

All of them raise OSError. `han.node.files` offers one over a folder of the board or of the host.

Until `sync`, whatever part of what was written may be on the flash when power goes, and the last octets may be
anything: a store takes for written only what its check says is whole. What it meets that is not whole is skipped,
counted in `damaged`, and never keeps the device from starting.
"""
