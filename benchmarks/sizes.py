# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the compiled firmware is, by role, and the image of the Pico."""

from collections.abc import Iterator

from hanref import resources, toolchain
from hanref.errors import HanrefError, UsageError
from hanref.flash.image import DEVICES, image

from benchmarks.figure import Figure

ALL_ROLES = 200 * 1024
ONE_ROLE = 60 * 1024


def figures() -> Iterator[Figure]:
    """Octets of `.mpy` for all roles and for each; octets of the Pico's UF2 file."""
    compiled = resources.compiled_firmware()
    octets = sum(path.stat().st_size for path in compiled.rglob("*.mpy"))
    yield Figure("firmware, all roles, .mpy", octets / 1024, "KB", at_most=ALL_ROLES / 1024)
    for role in DEVICES:
        try:
            modules = image(role).modules
        except UsageError:
            continue  # a role without firmware
        yield Figure(f"firmware, {role}, .mpy", sum(map(len, modules.values())) / 1024, "KB", at_most=ONE_ROLE / 1024)
    try:
        pico = toolchain.rp2_uf2()
    except HanrefError as error:
        yield Figure("Pico image", float("nan"), "KB", note=f"not built: {error}")
        return
    # Half of a UF2 file are headers and padding.
    yield Figure("Pico image, code of MicroPython", pico.stat().st_size / 2 / 1024, "KB", at_most=384)
