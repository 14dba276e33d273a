# SPDX-License-Identifier: GPL-3.0-or-later
"""The boards that hanref knows: one folder each, with a ``board.toml``."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from hanref import resources
from hanref.boards.schema import Board
from hanref.errors import UsageError

FILE = "board.toml"


def load(path: Path) -> Board:
    """The board described by the file ``path``; UsageError names file and field."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Board(**{"name": path.parent.name, **content})
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "board"
        raise UsageError(f"{path}: {field}: {problem['msg']}") from error


def known() -> dict[str, Board]:
    """All boards by name."""
    files = sorted(resources.boards().glob(f"*/{FILE}"))
    return {path.parent.name: load(path) for path in files}


def find(name: str) -> Board:
    """The board ``name``; UsageError lists those there are."""
    path = resources.boards() / name / FILE
    if "/" in name or not path.is_file():
        raise UsageError(f"there is no board {name!r}; known are {', '.join(known())}")
    return load(path)
