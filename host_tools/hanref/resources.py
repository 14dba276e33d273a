# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files are that belong to hanref but are not host code: firmware and board folders.

In a clone (or an editable installation) they are the folders of the project, in an installed wheel the
folder ``share`` beside this file.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_CLONE = PACKAGE.parents[1]


def in_clone() -> bool:
    """Whether this is a working copy rather than an installed wheel."""
    return (_CLONE / "pyproject.toml").is_file() and (_CLONE / "firmware" / "han").is_dir()


def boards() -> Path:
    """The folder with one folder a board."""
    return (_CLONE if in_clone() else PACKAGE / "share") / "boards"


def firmware() -> Path:
    """The folder of firmware sources: ``boot.py``, ``main.py`` and the package ``han``."""
    return (_CLONE if in_clone() else PACKAGE / "share") / "firmware"


def compiled_firmware() -> Path:
    """The same tree compiled to ``.mpy``: shipped in a wheel, made in the user's cache in a clone."""
    if not in_clone():
        return PACKAGE / "share" / "compiled"
    from hanref.toolchain import compiling

    return compiling.compiled(firmware())
