# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref send`: give a GBCS command to a modelled device and print its answer."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hanref.cli.app import app


@app.command()
def send(
    use_case: Annotated[str | None, typer.Argument(help="A use case to build, as GCS13a.", show_default=False)] = None,
    hexadecimal: Annotated[
        str | None, typer.Option("--hex", metavar="HEX|-", help="A ready command; - reads it from standard input.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="ROLE", help="chf, gpf, esme, gsme or ppmid.")] = "gpf",
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE.json", help="What the device holds: entity, attributes, time."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="PATH", help="Key file or folder; without it test keys are made for the run."),
    ] = None,
    originator: Annotated[
        str, typer.Option("--from", metavar="ROLE|ENTITY", help="Who sends a command that is built.")
    ] = "supplier",
    counter: Annotated[int, typer.Option("--counter", help="Originator counter of a command that is built.")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A field of a command that is built; may be repeated."),
    ] = None,
    interpreter: Annotated[
        str, typer.Option("--interpreter", metavar="cpython|micropython|PATH", help="What the device runs on.")
    ] = "cpython",
) -> None:
    """Give a GBCS command to a modelled device and print its answer in hex.

    FILE.json: {"entity": "00DB1234567890A3", "attributes": {"0702": {"0000": 12345, "0302": 1000}},
    "time": {"utc": "2022-11-03T10:00:00Z", "source": "GSME", "status": "reliable"}}. Clusters and attributes are
    hexadecimal, types are those of the cluster tables. Without an answer: exit status 1, the reason on standard error.
    """
    from han.gbcs.use_cases import TARGETS

    from hanref.errors import EXIT_DEFECT, UsageError
    from hanref.gbcs import answering, build, test_keys
    from hanref.gbcs import keys as key_files
    from hanref.gbcs import state as state_files

    role = to.lower()
    if role not in TARGETS:
        raise UsageError(f"--to: {to!r} is no target: say one of {', '.join(TARGETS)}")
    if (use_case is None) == (hexadecimal is None):
        raise UsageError("say a use case, or a ready command with --hex")
    if state is None:
        raise UsageError("--state: say which file holds the device's entity, attributes and time")
    stated = state_files.load(state)
    known = key_files.load(keys) if keys is not None else test_keys.make(stated.entity, role)
    if hexadecimal is not None:
        command = _octets(sys.stdin.read() if hexadecimal == "-" else hexadecimal)
    else:
        assert use_case is not None
        party = build.party(known, originator, "--from")
        parameters = build.parameters(settings or [], "--set")
        command = build.build_command(known, use_case, party, stated.entity, counter, parameters)
    if interpreter == "cpython":
        outcome = answering.answer(role, stated, known, [command])
    else:
        path = Path(interpreter)
        if interpreter == "micropython":
            from hanref import toolchain

            path = toolchain.micropython()
        outcome = answering.answer_on_micropython(path, role, stated, known, [command])
    answer = outcome.answers[0]
    if answer is None:
        typer.echo(f"no answer: {'; '.join(outcome.refusals())}", err=True)
        raise typer.Exit(EXIT_DEFECT)
    typer.echo(answer.hex())


def _octets(text: str) -> bytes:
    from hanref.errors import UsageError

    digits = "".join(text.split())
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        raise UsageError("--hex: not hexadecimal, or an odd number of digits") from None
    if not octets:
        raise UsageError("--hex: nothing to send")
    return octets
