# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of the wheel: compiles the firmware and puts it in, with its sources and the board folders."""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FirmwareHook(BuildHookInterface):
    """Adds below ``hanref/share`` what goes on boards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the list of files; an editable installation finds them in the clone instead."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        self._folder = tempfile.TemporaryDirectory()
        compiled = Path(self._folder.name) / "compiled"
        # Copies: a file that is put in a second place would no longer be in the package `han`.
        sources = Path(self._folder.name) / "firmware"
        compiling = _load(root / "host_tools" / "hanref" / "toolchain" / "compiling.py")
        linking = _load(root / "host_tools" / "hanref" / "toolchain" / "linking.py")
        compiling.compile_tree(root / "firmware", compiled, linking.linked)
        added = build_data["force_include"]
        for path in compiling.firmware_files(root / "firmware"):
            copy = sources / path.relative_to(root / "firmware")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        for path in Path(self._folder.name).rglob("*"):
            if path.is_file():
                added[str(path)] = f"hanref/share/{path.relative_to(self._folder.name)}"
        for path in (root / "boards").rglob("*"):
            if path.is_file() and not {"build", "__pycache__"} & set(path.parts):
                added[str(path)] = f"hanref/share/boards/{path.relative_to(root / 'boards')}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the compiled files: they are in the wheel."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _load(path: Path) -> Any:
    """A module by its path: nothing of hanref is installed while it is built."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module
