# SPDX-License-Identifier: GPL-3.0-or-later
"""MicroPython for this machine and for boards, built on demand and kept in the user's cache.

``micropython``, ``mpy_cross``, ``emulated_firmware`` and ``rp2_uf2`` return the path of the product and build
it first where need be: from Debian source packages of pinned versions (pins.toml). ToolchainError says in one
line what is missing. HANREF_MICROPYTHON names a ready interpreter, HANREF_MICROPYTHON_SOURCE a source tree.
"""

import functools
from pathlib import Path

from hanref.toolchain.errors import BuildFailed, MissingProgram, MissingSource, ToolchainError, WrongChecksum

__all__ = [
    "BuildFailed",
    "MissingProgram",
    "MissingSource",
    "ToolchainError",
    "WrongChecksum",
    "emulated_firmware",
    "micropython",
    "mpy_cross",
    "rp2_uf2",
]


@functools.cache
def micropython() -> Path:
    """The native MicroPython interpreter; HANREF_MICROPYTHON names a ready one instead."""
    from hanref.toolchain import builds

    return builds.micropython()


@functools.cache
def mpy_cross() -> Path:
    """The cross compiler built from the same sources."""
    from hanref.toolchain import builds

    return builds.mpy_cross()


@functools.cache
def emulated_firmware() -> Path:
    """The ELF file that QEMU runs as an emulated board (boards/mps2_an385)."""
    from hanref.toolchain import builds

    return builds.emulated_firmware()


@functools.cache
def rp2_uf2() -> Path:
    """The UF2 file for the Raspberry Pi Pico (boards/rpi_pico_cc2652)."""
    from hanref.toolchain import builds

    return builds.rp2_uf2()
