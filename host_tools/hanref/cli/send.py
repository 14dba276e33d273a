# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref send`: give a GBCS command to a modelled device and print its answer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app

if TYPE_CHECKING:
    from hanref.gbcs.answering import Outcome
    from hanref.gbcs.keys import Keys
    from hanref.gbcs.state import State


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
        str, typer.Option("--interpreter", metavar="cpython|micropython|PATH", help="What a device of a state file runs on.")
    ] = "cpython",
    bench: Annotated[
        Path | None, typer.Option("--bench", metavar="FILE", help="Which boards stand for which role: send to a HAN of them.")
    ] = None,
) -> None:
    """Give a GBCS command to a device: its answer in hex on standard output, decoded on standard error.

    With --state to one that consists of what the file says, with --bench through the hub to a HAN of boards, without
    both to a HAN in sim. FILE.json: {"entity": "00DB1234567890A3", "attributes": {"0702": {"0000": 12345, "0302": 1000}},
    "time": {"utc": "2022-11-03T10:00:00Z", "source": "GSME", "status": "reliable"}}. Clusters and attributes are
    hexadecimal, types are those of the cluster tables. Without an answer: exit status 1, the reason on standard error.
    """
    from han.gbcs.use_cases import TARGETS

    from hanref.errors import EXIT_DEFECT, UsageError
    from hanref.gbcs import build, in_han, test_keys
    from hanref.gbcs import keys as key_files
    from hanref.gbcs import state as state_files

    role = to.lower()
    if role not in TARGETS:
        raise UsageError(f"--to: {to!r} is no target: say one of {', '.join(TARGETS)}")
    if (use_case is None) == (hexadecimal is None):
        raise UsageError("say a use case, or a ready command with --hex")
    if state is not None and bench is not None:
        raise UsageError("--state and --bench: a device consists of a state or is on a board")
    stated = state_files.load(state) if state is not None else None
    known = key_files.load(keys) if keys is not None else None
    devices = in_han.entities(known)
    entity = stated.entity if stated is not None else devices.get(role)
    if entity is None:
        raise UsageError(f"--to {role}: no such device on the HAN; there are {', '.join(in_han.BOARDS)}")
    if known is None:
        known = test_keys.make_all({entity: role} if stated is not None else {each: name for name, each in devices.items()})
    if hexadecimal is not None:
        command = _octets(sys.stdin.read() if hexadecimal == "-" else hexadecimal)
    else:
        assert use_case is not None
        party = build.party(known, originator, "--from")
        parameters = build.parameters(settings or [], "--set")
        command = build.build_command(known, use_case, party, entity, counter, parameters)
    if stated is None:
        outcome = in_han.send(role, devices, known, command, bench, lambda sentence: typer.echo(sentence, err=True))
    else:
        outcome = _to_stated(stated, interpreter, role, known, command)
    answer = outcome.answers[0]
    if answer is None:
        typer.echo(f"no answer: {'; '.join(outcome.refusals())}", err=True)
        raise typer.Exit(EXIT_DEFECT)
    typer.echo(answer.hex())
    _show(answer, known)


def _to_stated(stated: "State", interpreter: str, role: str, known: "Keys", command: bytes) -> "Outcome":
    """Give a command to a device that consists of a state."""
    from hanref.gbcs import answering

    if interpreter == "cpython":
        return answering.answer(role, stated, known, [command])
    path = Path(interpreter)
    if interpreter == "micropython":
        from hanref import toolchain

        path = toolchain.micropython()
    return answering.answer_on_micropython(path, role, stated, known, [command])


def _show(answer: bytes, known: "Keys") -> None:
    """The answer decoded, for whoever looks."""
    from rich.console import Console

    from hanref.decode.as_table import panel
    from hanref.decode.batch import Batch

    console = Console(stderr=True)
    for result in Batch(known).results(iter([answer])):
        console.print(panel(result))


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
