# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref boards`: the boards that are known, plugged in, and emulated."""

from typing import Annotated

import typer

from hanref.cli.app import app


@app.command()
def boards(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """List the boards that are known, those plugged in on USB, and emulated ones that are running."""
    import json
    from dataclasses import asdict

    from hanref import boards as all_boards

    known = all_boards.known()
    plugged = all_boards.plugged_in()
    running = all_boards.running()
    if as_json:
        content = {
            "known": [board.model_dump() for board in known.values()],
            "plugged_in": [asdict(port) for port in plugged],
            "emulated": [asdict(board) for board in running],
        }
        print(json.dumps(content, indent=1))
        return

    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("board", "what it is", "flashed by", "radio", "heap", title="known")
    for board in known.values():
        radio = f"{board.radio.coprocessor} on UART {board.radio.uart}"
        table.add_row(board.name, f"{board.title}\n[dim]{board.proven}[/]", board.flash.method, radio, f"{board.heap.octets:,}")
    console.print(table)
    table = Table("port", "board", "USB", "description", title="plugged in")
    for port in plugged:
        name = " or ".join(port.boards) or "not known"
        table.add_row(port.port, name if port.certain or not port.boards else f"perhaps {name}", port.usb, port.description)
    for emulated in running:
        table.add_row(emulated.port, emulated.board, "", f"emulated, {emulated.uid}, heap {emulated.heap:,}")
    if table.row_count:
        console.print(table)
    else:
        console.print("none plugged in; emulated boards start on demand")
