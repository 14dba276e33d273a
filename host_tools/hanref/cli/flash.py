# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref flash`: the firmware of a role onto a board."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app
from hanref.errors import UsageError

if TYPE_CHECKING:
    from hanref.boards.schema import Board
    from hanref.flash.install import Progress


@app.command()
def flash(
    board: Annotated[str, typer.Argument(help="Kind of board, as `hanref boards` names it.")],
    role: Annotated[str, typer.Option(help="What it is to be: hub, esme, gsme, ihd or ppmid.")],
    port: Annotated[str | None, typer.Option(help="Its serial port. [default: the one such board that is there]")] = None,
    identity: Annotated[str | None, typer.Option(metavar="EUI64", help="In place of the role's test identity.")] = None,
    profile: Annotated[str, typer.Option(help="Specification release it follows.")] = "2022-11",
) -> None:
    """Put the compiled firmware and a role on a board, restart it and check what it says.

    What is on the board already is not written again.
    """
    from hanref.boards import find
    from hanref.flash.image import image
    from hanref.flash.install import install
    from hanref.flash.settings import for_role

    kind = find(board)
    settings = for_role(kind, role, identity, profile)
    place = port or _only_port(kind)
    with _progress_bar(f"{role} on {place}") as progress:
        installed = install(kind, place, image(role), settings, progress, keep_settings=True)
    print(installed.version_line)
    if installed.octets:
        print(f"{installed.octets} octets written in {installed.seconds:.1f} s")
    else:
        print(f"nothing to write; checked in {installed.seconds:.1f} s")


def _only_port(board: "Board") -> str:
    """The port of the one board of this kind that is there. Raises UsageError."""
    from hanref.boards import plugged_in, running

    if board.kind == "emulated":
        ports = [found.port for found in running() if found.board == board.name]
    else:
        ports = [found.port for found in plugged_in() if board.name in found.boards]
    if len(ports) == 1:
        return ports[0]
    there = f"there are {len(ports)}: {', '.join(ports)}" if ports else "none is there"
    raise UsageError(f"board {board.name}: {there}; name one with --port")


@contextmanager
def _progress_bar(title: str) -> "Iterator[Progress]":
    """A bar on standard error; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(title, total=None)
    if bar.console.is_terminal:
        bar.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        bar.stop()
