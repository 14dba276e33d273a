# SPDX-License-Identifier: GPL-3.0-or-later
"""How each product is made from the sources; each is kept in the user's cache under all it depends on."""

import inspect
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hanref import resources
from hanref.toolchain import cache, programs, sources
from hanref.toolchain.errors import ToolchainError

INTERPRETER_VARIABLE = "HANREF_MICROPYTHON"
ASYNCIO = 'include("$(MPY_DIR)/extmod/asyncio")\n'
SOURCES = {"", ".c", ".h", ".ld", ".py"}  # "" is the Makefile
MPY_VERSION = 6  # of .mpy files, what MicroPython 1.25 reads


def micropython() -> Path:
    """The native MicroPython interpreter; HANREF_MICROPYTHON names a ready one instead."""
    named = os.environ.get(INTERPRETER_VARIABLE)
    if named:
        return _ready_interpreter(named)
    return _product("unix", _make_unix) / "micropython"


def mpy_cross() -> Path:
    """The cross compiler of the source tree, which the firmware builds want."""
    return _product("mpy-cross", _make_mpy_cross) / "mpy-cross"


def emulated_firmware() -> Path:
    """The ELF file of the emulated board."""
    return _product("emulated", _make_emulated, _port_hash("mps2_an385")) / "firmware.elf"


def rp2_uf2() -> Path:
    """The UF2 file for the Raspberry Pi Pico, ROMFS switched on."""
    return _product("rp2", _make_rp2, _port_hash("rpi_pico_cc2652")) / "firmware.uf2"


PRODUCTS: dict[str, Callable[[], Path]] = {
    "unix": micropython,
    "mpy-cross": mpy_cross,
    "emulated": emulated_firmware,
    "rp2": rp2_uf2,
}


def _port_hash(board: str) -> str:
    """A hash of what a board's folder, and the folder all boards share, put into its firmware."""
    root = resources.boards()
    files = [path for folder in (board, "common") for path in (root / folder).rglob("*")]
    return cache.contents_hash([path for path in files if path.suffix in SOURCES], root)


def _product(name: str, make: Callable[[Path], None], inputs: str = "") -> Path:
    """The folder of a product; it is made again when sources, system, ``inputs`` or ``make`` itself change."""
    recipe = inspect.getsource(make) + inspect.getsource(programs.environment)
    key = cache.key(name, sources.tree_key(), _system(), recipe, inputs)

    def build(target: Path) -> None:
        _check_programs(name)
        print(f"hanref: building {name} in {cache.folder()}", file=sys.stderr)
        started = time.monotonic()
        make(target)
        print(f"hanref: {name} built in {time.monotonic() - started:.0f} s", file=sys.stderr)

    return cache.kept(name, key, build)


def _system() -> str:
    """What a binary runs on: a cache may be shared by machines with different C libraries."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return f"{platform.machine()} {platform.system()} {release.get('ID')} {release.get('VERSION_ID')}"


def _check_programs(name: str) -> None:
    """Raise MissingProgram for everything that making a product and its parts needs, in one line."""
    wanted = ["make", "gcc", "python3"]
    packages = []
    if name == "unix":
        wanted += ["pkg-config"]
        packages = programs.missing_libffi()
    elif name == "emulated":
        wanted += ["arm-none-eabi-gcc"]
        packages = programs.missing_arm_files(["nano.specs"])
    elif name == "rp2":
        wanted += ["arm-none-eabi-gcc", "cmake", "g++"]
        packages = programs.missing_arm_files(["nano.specs", "libstdc++.a"])
    if sources.SOURCE_VARIABLE not in os.environ:
        wanted += ["tar", "xz", "bzip2"]
    programs.require(f"making {name}", wanted, packages)


def _ready_interpreter(named: str) -> Path:
    program = shutil.which(named)
    question = "import sys; print(sys.implementation[0], sys.implementation._mpy & 0xFF)"
    if program is None:
        raise ToolchainError(f"{INTERPRETER_VARIABLE}={named} is no program that can be run")
    try:
        answer = subprocess.run([program, "-c", question], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"{INTERPRETER_VARIABLE}={named} cannot be run: {error}") from error
    if answer.stdout.split() != ["micropython", str(MPY_VERSION)]:
        raise ToolchainError(
            f"{INTERPRETER_VARIABLE}={named} is no MicroPython that reads .mpy version {MPY_VERSION} (1.25 does)"
        )
    return Path(program)


def _make_mpy_cross(target: Path) -> None:
    build = target / "build"
    programs.make("mpy-cross", sources.tree() / "mpy-cross", f"BUILD={build}")
    _keep(target, build / "mpy-cross")


def _make_unix(target: Path) -> None:
    build = target / "build"
    # For speed: a HAN is one thread, and its names are more than the cache of look-ups has places for by default.
    programs.make(
        "unix",
        sources.tree() / "ports" / "unix",
        f"BUILD={build}",
        f"MICROPY_MPYCROSS={mpy_cross()}",
        f"FROZEN_MANIFEST={_manifest(target, ASYNCIO)}",
        "MICROPY_PY_BTREE=0",
        "MICROPY_PY_THREAD=0",
        "COPT=-O2 -DNDEBUG -fdata-sections -ffunction-sections",
        "CFLAGS_EXTRA=-DMICROPY_OPT_MAP_LOOKUP_CACHE_SIZE=2048",
    )
    _keep(target, build / "micropython")


def _make_emulated(target: Path) -> None:
    build = target / "build"
    programs.make(
        "emulated",
        resources.boards() / "mps2_an385",
        f"BUILD={build}",
        f"MPY_DIR={sources.tree()}",
        f"MICROPY_MPYCROSS={mpy_cross()}",
    )
    _keep(target, build / "firmware.elf")


def _make_rp2(target: Path) -> None:
    # The port looks for its libraries inside the MicroPython tree, so it gets a tree of its own.
    tree = target / "tree"
    shutil.copytree(sources.tree(), tree, symlinks=True)
    for package, folder in (("pico-sdk-source", "pico-sdk"), ("tinyusb-source", "tinyusb")):
        files = sources.package_files(package) / "usr" / "src" / folder
        shutil.copytree(files, tree / "lib" / folder, symlinks=True, dirs_exist_ok=True)
    ours = resources.boards() / "rpi_pico_cc2652"
    port = tree / "ports" / "rp2"
    board = target / "RPI_PICO"
    shutil.copytree(port / "boards" / "RPI_PICO", board)
    with open(board / "mpconfigboard.h", "a") as configuration:
        configuration.write((ours / "mpconfigboard_extra.h").read_text())
    with open(port / "qstrdefsport.h", "a") as names:
        names.write((resources.boards() / "common" / "qstrdefs_han.h").read_text())
    build = target / "build"
    options = {
        "MICROPY_BOARD": "RPI_PICO",
        "MICROPY_BOARD_DIR": str(board),
        "MICROPY_FROZEN_MANIFEST": str(ours / "manifest.py"),
        # Debian's picotool may be newer than the C library, and the SDK would download another.
        "PICO_NO_PICOTOOL": "1",
    }
    compiler = {"MICROPY_MPYCROSS": str(mpy_cross())}
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    programs.run("rp2", ["cmake", "-S", str(port), "-B", str(build), *definitions], compiler)
    programs.make("rp2", build, variables=compiler)
    convert = [sys.executable, str(tree / "tools" / "uf2conv.py"), "-b", "0x10000000", "-f", "0xe48bff56", "-c"]
    programs.run("rp2", [*convert, "-o", str(target / "firmware.uf2"), str(build / "firmware.bin")])
    _keep(target, target / "firmware.uf2")


def _manifest(target: Path, text: str) -> Path:
    path = target / "manifest.py"
    path.write_text(text)
    return path


def _keep(target: Path, product: Path) -> None:
    """Leave nothing in ``target`` but the product: intermediate files are large."""
    kept = target / product.name
    if product != kept:
        product.rename(kept)
    for path in target.iterdir():
        if path == kept:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
