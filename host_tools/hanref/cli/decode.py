# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref decode`: GBCS messages taken apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hanref.decode.batch import Batch, Result
    from hanref.gbcs.keys import Keys


@app.command()
def decode(
    messages: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE…|-|HEX]", help="Files of messages in hex, - for standard input, or a message in hex."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
    as_xml: Annotated[bool, typer.Option("--xml", help="XML after gbcs-messages.xsd.")] = False,
    as_table: Annotated[bool, typer.Option("--table", help="A panel a message; this is the default.")] = False,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="PATH", help="A JSON file of keys, or a folder of ENTITY-ka|-ds|-pp.pem and roles.json."
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ENTITY=ROLE", help="Says which device or party an entity is; may be repeated."),
    ] = None,
) -> None:
    """Take GBCS messages apart: header, protection and contents.

    One message a line; blank lines and what follows # are skipped, spaces ignored. A bad message is reported with the
    offset of what is wrong, the rest goes on.

    Exit status: 0 all read, 1 a MAC, a signature or an encrypted block is invalid, 2 an input could not be read.
    """
    from hanref.decode.batch import Batch
    from hanref.decode.inputs import messages as read
    from hanref.errors import EXIT_DEFECT, EXIT_USAGE, UsageError

    if as_json + as_xml + as_table > 1:
        raise UsageError("say one of --json, --xml and --table")
    if not messages:
        raise UsageError("nothing to decode: name a file, - for standard input, or give a message in hex")
    batch = Batch(_keys(keys, role or []))
    results = _followed(batch.results(read(messages)))
    if as_json:
        _write_json(results)
    elif as_xml:
        _write_xml(results)
    else:
        _write_tables(results)
    _say(batch)
    if batch.errors:
        raise typer.Exit(EXIT_USAGE)
    if batch.defective:
        raise typer.Exit(EXIT_DEFECT)


def _keys(path: Path | None, roles: list[str]) -> "Keys":
    from hanref.errors import UsageError
    from hanref.gbcs import keys as key_files

    found = key_files.load(path) if path else key_files.Keys()
    for text in roles:
        entity, equals, name = text.partition("=")
        if not equals:
            raise UsageError(f"--role: {text!r} is not ENTITY=ROLE")
        found.party(key_files.entity_of(entity, "--role")).role = key_files.role_of(name, "--role")
    return found


def _followed(results: "Iterator[Result]") -> "Iterator[Result]":
    """The same results; how many there are is shown on a terminal while the output goes elsewhere."""
    import sys

    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,.0f} messages")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("decode", total=None)
        for result in results:
            if not result.index % 1000:
                progress.update(task, completed=result.index)
            yield result


def _write_json(results: "Iterator[Result]") -> None:
    import sys

    from hanref.decode.as_json import line

    write = sys.stdout.buffer.write
    for result in results:
        write(line(result))
    sys.stdout.buffer.flush()


def _write_xml(results: "Iterator[Result]") -> None:
    import sys

    from hanref.decode import as_xml

    sys.stdout.write(as_xml.START)
    for result in results:
        sys.stdout.write(as_xml.element(result))
    sys.stdout.write(as_xml.END)


def _write_tables(results: "Iterator[Result]") -> None:
    from rich.console import Console

    from hanref.decode.as_table import panel

    console = Console()
    for result in results:
        console.print(panel(result))


def _say(batch: "Batch") -> None:
    """What a batch came to, on standard error."""
    import sys

    if batch.count == 1 and not batch.errors and not batch.defective:
        return
    words = f"{batch.count} message{'' if batch.count == 1 else 's'}"
    if batch.errors:
        words += f", {batch.errors} not readable"
    if batch.defective:
        words += f", {batch.defective} with an invalid MAC, signature or encrypted block"
    print(words, file=sys.stderr)
