# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host: which are needed, which package has them, running them into a log."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from hanref.toolchain import cache
from hanref.toolchain.errors import BuildFailed, MissingProgram

# The date shown in the version string: that of the pinned sources, so that equal sources give equal firmware.
PINNED_DATE = "1744675200"

# Program (or library known to pkg-config) -> Debian package.
PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "bzip2": "bzip2",
    "cmake": "cmake",
    "dpkg-deb": "dpkg",
    "dpkg-source": "dpkg-dev",
    "gcc": "build-essential",
    "g++": "build-essential",
    "make": "build-essential",
    "pkg-config": "pkg-config",
    "python3": "python3",
    "tar": "tar",
    "xz": "xz-utils",
}
# File the cross compiler must find -> Debian package.
ARM_FILES = {
    "nano.specs": "libnewlib-arm-none-eabi",
    "libstdc++.a": "libstdc++-arm-none-eabi-newlib",
}


def require(purpose: str, programs: Iterable[str], packages: Iterable[str] = ()) -> None:
    """Raise MissingProgram with one line that names everything missing for ``purpose``."""
    absent = [program for program in programs if shutil.which(program) is None]
    missing = {PACKAGES[program] for program in absent} | set(packages)
    if missing and shutil.which("apt-get") is None:
        raise MissingProgram(f"{purpose} needs what is not installed: {', '.join([*absent, *packages])}")
    if missing:
        raise MissingProgram(
            f"{purpose} needs Debian packages that are not installed: "
            f"run 'apt-get install {' '.join(sorted(missing))}' as root"
        )


def missing_libffi() -> list[str]:
    """The package of libffi's headers, if they are not there."""
    if shutil.which("pkg-config") is None:
        return ["libffi-dev"]
    found = subprocess.run(["pkg-config", "--exists", "libffi"], check=False).returncode == 0
    return [] if found else ["libffi-dev"]


def missing_arm_files(names: Iterable[str]) -> list[str]:
    """The packages of those C library files that the cross compiler does not find."""
    missing = []
    for name in names:
        if shutil.which("arm-none-eabi-gcc") is None or not _arm_file(name):
            missing.append(ARM_FILES[name])
    return missing


def _arm_file(name: str) -> bool:
    answer = subprocess.run(
        ["arm-none-eabi-gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return os.path.isabs(answer)


def run(name: str, command: list[str], variables: Mapping[str, str] | None = None) -> None:
    """Run one step of making ``name`` with its output in a log; BuildFailed names the log."""
    log = cache.log(name)
    with open(log, "a") as output:
        print("$", *command, file=output, flush=True)
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment(), **(variables or {})},
            check=False,
        )
    if ended.returncode:
        raise BuildFailed(f"making {name} failed: {command[0]} ended with code {ended.returncode}; see {log}")


def make(name: str, folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
    """Run make in ``folder`` on all processors."""
    run(name, ["make", "-C", str(folder), f"-j{os.cpu_count() or 1}", *arguments], variables)


def environment() -> dict[str, str]:
    """The environment without what a make around us, or the user's own projects, put there."""
    unwanted = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CFLAGS", "LDFLAGS", "CROSS_COMPILE", "BOARD", "VARIANT"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    # The version string must not come from a git repository that the cache happens to lie in.
    return kept | {"MICROPY_GIT_TAG": "v1.25.0", "MICROPY_GIT_HASH": "", "SOURCE_DATE_EPOCH": PINNED_DATE, "LC_ALL": "C"}
