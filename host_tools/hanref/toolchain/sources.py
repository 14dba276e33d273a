# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinned sources: from the Debian archive, through apt, checked against pins.toml.

The mirror is the one this machine's apt uses. apt gets a list of sources and folders of its own, so nothing
of the system changes and no special rights are needed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from hanref.toolchain import cache, programs
from hanref.toolchain.errors import MissingSource, WrongChecksum

PINS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "pins.toml").read_text())
SOURCE_VARIABLE = "HANREF_MICROPYTHON_SOURCE"


def tree() -> Path:
    """The MicroPython source tree with mbedTLS in it; nothing is ever written to it.

    HANREF_MICROPYTHON_SOURCE names one instead of the pinned Debian sources.
    """
    named = os.environ.get(SOURCE_VARIABLE)
    if named:
        return _named_tree(Path(named).absolute())
    return cache.kept("source", cache.key(json.dumps(PINS["source"])), _unpack_tree)


def tree_key() -> str:
    """What identifies the source tree in the keys of things built from it."""
    named = os.environ.get(SOURCE_VARIABLE)
    if not named:
        return json.dumps(PINS["source"])
    tree = _named_tree(Path(named).absolute())
    files = (path for part in ("py", "extmod", "shared", "lib", "ports", "mpy-cross") for path in (tree / part).rglob("*"))
    stamps = [f"{path}:{path.stat().st_mtime_ns}" for path in files if path.suffix in (".c", ".h", ".mk", ".py")]
    return cache.key(*sorted(stamps))


def package_files(name: str) -> Path:
    """The folder of an unpacked architecture-independent package (not installed)."""
    pin = PINS["package"][name]

    def unpack(target: Path) -> None:
        programs.require("unpacking Debian packages", ["dpkg-deb"])
        programs.run(name, ["dpkg-deb", "-x", str(_download("package", name)), str(target)])

    return cache.kept(name, cache.key(json.dumps(pin)), unpack)


def _named_tree(tree: Path) -> Path:
    for needed in ("py/mpconfig.h", "lib/mbedtls/library/aes.c", "lib/micropython-lib/README.md"):
        if not (tree / needed).is_file():
            raise MissingSource(
                f"{SOURCE_VARIABLE}={tree} is no MicroPython source tree with its submodules: {needed} is missing"
            )
    return tree


def _unpack_tree(target: Path) -> None:
    programs.require("unpacking the sources", ["tar", "xz", "bzip2"])
    micropython = _download("source", "micropython")
    mbedtls = _download("source", "mbedtls")
    programs.run("source", ["tar", "xf", str(micropython), "-C", str(target), "--strip-components=1"])
    library = target / "lib" / "mbedtls"
    library.mkdir(exist_ok=True)
    parts = ("*/include", "*/library", "*/3rdparty")
    programs.run(
        "source", ["tar", "xf", str(mbedtls), "-C", str(library), "--strip-components=1", "--wildcards", *parts]
    )
    # The build only looks whether this file is there; the Debian package left the folder empty.
    (target / "lib" / "micropython-lib" / "README.md").touch()


def _download(kind: str, name: str) -> Path:
    """The pinned file of a source or binary package, downloaded if it is not in the cache."""
    pin = PINS[kind][name]
    with cache.lock("downloads"):
        file: Path = cache.folder() / "downloads" / pin["file"]
        if not file.is_file():
            file.parent.mkdir(exist_ok=True)
            _fetch(kind, name, pin["version"], file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if digest != pin["sha256"]:
            raise WrongChecksum(
                f"{file} has the SHA-256 sum {digest}, not the pinned {pin['sha256']}: delete it and try again"
            )
    return file


def _fetch(kind: str, name: str, version: str, file: Path) -> None:
    work = cache.folder() / "apt"
    options = _apt(work)
    if kind == "source":
        programs.require("downloading source packages", ["dpkg-source"])
    got = work / "got"
    shutil.rmtree(got, ignore_errors=True)
    got.mkdir()
    verb = ["source", "--download-only"] if kind == "source" else ["download"]
    command = ["apt-get", *options, *verb, "-qq", f"{name}={version}"]
    answer = subprocess.run(command, cwd=got, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = got / file.name
    if not found.is_file():
        reason = _first_line(answer.stderr)
        raise MissingSource(
            f"cannot get {name} {version} of Debian {PINS['suite']}: {reason}; if the archive has another version by now, "
            f"take a newer hanref, or name a MicroPython source tree with {SOURCE_VARIABLE}"
        )
    found.replace(file)
    shutil.rmtree(work)


def _apt(work: Path) -> list[str]:
    """Options for an apt of our own in ``work``, its lists fresh."""
    mirror = _mirror()
    for part in ("lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True, exist_ok=True)
    line = f"[signed-by={PINS['keyring']}] {mirror} {PINS['suite']} main"
    (work / "sources.list").write_text(f"deb-src {line}\ndeb {line}\n")
    options = [
        f"-oDir::Etc::SourceList={work / 'sources.list'}",
        "-oDir::Etc::SourceParts=/dev/null",
        f"-oDir::State::Lists={work / 'lists'}",
        f"-oDir::Cache={work / 'cache'}",
        # Without this root's apt reads as another user, who may not enter root's home.
        "-oAPT::Sandbox::User=root",
        "-oAPT::Update::Error-Mode=any",
        "-oAcquire::Retries=2",
    ]
    answer = subprocess.run(
        ["apt-get", *options, "update", "-qq"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise MissingSource(
            f"the Debian mirror of this machine cannot be read: {_first_line(answer.stderr)}; connect it to the "
            f"network, or name a MicroPython source tree with {SOURCE_VARIABLE}"
        )
    return options


def _mirror() -> str:
    """The address of the Debian archive that this machine's apt uses."""
    if shutil.which("apt-get") is None:
        raise MissingSource(
            f"MicroPython is built from Debian source packages and this system has no apt-get: name a ready "
            f"interpreter with HANREF_MICROPYTHON, or a MicroPython source tree with {SOURCE_VARIABLE}"
        )
    filters = ["Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main"]
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", *filters], capture_output=True, text=True, check=False
    )
    if not answer.stdout.strip():
        raise MissingSource(
            f"apt knows no Debian mirror: run 'apt-get update' as root (is this Debian?), or name a MicroPython "
            f"source tree with {SOURCE_VARIABLE}"
        )
    return answer.stdout.split()[0]


def _first_line(text: str) -> str:
    """The first error of apt, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err"))]
    return (errors or lines or ["apt-get gave no reason"])[0].removeprefix("E: ")
