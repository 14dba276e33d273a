# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware's names that MicroPython's images are built with."""

from hanref import resources
from hanref.generate.names import FILE, header, names

KNOWN = 0.9


def test_most_names_of_the_firmware_are_in_the_image() -> None:
    """A name that is not there costs heap on every board, and nothing else: so a few may be missing for a while."""
    known = set((resources.boards() / FILE).read_text().splitlines())
    wanted = {f"Q({name})" for name in names(resources.compiled_firmware())}
    missing = sorted(wanted - known)
    assert len(missing) < (1 - KNOWN) * len(wanted), f"run python -m hanref.generate.names; {len(missing)} are missing"


def test_file_is_what_the_compiler_takes() -> None:
    text = header(resources.compiled_firmware())
    lines = text.splitlines()[2:]
    assert "Q(deadline)" in lines
    assert len(lines) == len(set(lines))
    assert all(line.startswith("Q(") and line.endswith(")") and '"' not in line and "\\" not in line for line in lines)
