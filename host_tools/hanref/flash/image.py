# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on a board of one role: the compiled modules it needs, and their hash as the board computes it."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from hanref import resources
from hanref.errors import UsageError

# The modules of the devices behind each board. What they and the loop import comes with them.
DEVICES = {
    "hub": ("han.devices.chf", "han.devices.gpf"),
    "esme": ("han.devices.esme",),
    "gsme": ("han.devices.gsme",),
    "ihd": ("han.devices.ihd",),
    "ppmid": ("han.devices.ppmid",),
}
STARTED_BY_NAME = ("boot.py", "main.py")
_CHOOSES_BY_ROLE = "han.devices.roles"
_DRAWS = ("ihd", "ppmid")  # roles with a display
_GLASS = "han.node.glass"
_LOADED_BY_NUMBER = {"han.zcl.clusters": "han.zcl.tables"}


@dataclass(frozen=True)
class Image:
    """`modules`: path below /rom or /lib -> octets. `scripts`: boot.py and main.py, which the interpreter looks for by name."""

    role: str
    modules: dict[str, bytes]
    scripts: dict[str, bytes]

    @cached_property
    def code_hash(self) -> str:
        """What the board says in its version line; see han.node.settings.code_hash."""
        digest = hashlib.sha256()
        for path in sorted(self.modules):
            octets = self.modules[path]
            digest.update(b"%s %d\n" % (path.removeprefix("han/").encode(), len(octets)))
            digest.update(octets)
        return digest.hexdigest()[:16]

    @property
    def octets(self) -> int:
        """How much there is to write."""
        return sum(map(len, self.modules.values())) + sum(map(len, self.scripts.values()))


@cache
def image(role: str) -> Image:
    """The image of a role, the same for as long as this process runs.

    Raises UsageError for a role that is none or has no firmware yet.
    """
    if role not in DEVICES:
        raise UsageError(f"role {role!r}: there are {', '.join(DEVICES)}")
    sources = resources.firmware()
    for device in DEVICES[role]:
        if _source(sources, device) is None:
            raise UsageError(f"role {role}: is not modelled yet: there is no {device} in the firmware")
    compiled = resources.compiled_firmware()
    modules = {}
    for module in sorted(needed(role, sources)):
        path = _source(sources, module)
        assert path is not None
        name = path.relative_to(sources).with_suffix(".mpy")
        modules[name.as_posix()] = (compiled / name).read_bytes()
    scripts = {name: (compiled / name).read_bytes() for name in STARTED_BY_NAME}
    return Image(role, modules, scripts)


def needed(role: str, sources: Path) -> set[str]:
    """The modules that a board of this role may import, found from the sources."""
    found: set[str] = set()
    waiting = ["han.node.board", *DEVICES[role]]
    others = {device for other, devices in DEVICES.items() if other != role for device in devices}
    while waiting:
        module = waiting.pop()
        path = _source(sources, module)
        if module in found or path is None:
            continue
        found.add(module)
        imported = set(_imports(path))
        if module == _CHOOSES_BY_ROLE:
            imported -= others
        if role not in _DRAWS:
            imported.discard(_GLASS)
        tables = _LOADED_BY_NUMBER.get(module)
        if tables is not None:
            folder = sources.joinpath(*tables.split("."))
            imported |= {f"{tables}.{table.stem}" for table in folder.glob("*.py")}
        waiting += imported
    return found


def _source(sources: Path, module: str) -> Path | None:
    base = sources.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports(path: Path) -> frozenset[str]:
    """What a module imports anywhere in it, the packages on the way included."""
    return frozenset(_found_imports(path))


def _found_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Later":
            names = [ast.literal_eval(node.args[0])]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "han":
                for end in range(1, len(parts) + 1):
                    yield ".".join(parts[:end])
