# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref air`: a simulated radio network with virtual dongles on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app
from hanref.errors import UsageError

if TYPE_CHECKING:
    from hanref.air.simulation import Air

LOCAL = "127.0.0.1"
_KEEP_SECONDS = 1.0


@app.command()
def air(
    listen: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT", help="Offer a dongle here; again for another. No HOST: this computer only. Port 0: any."
        ),
    ],
    pcap: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is on the air to this pcapng file.")] = None,
    keys: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the keys that open it here, as keys.toml.")] = None,
    memory: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the dongles' memories here, so that networks outlive the run.")
    ] = None,
    seed: Annotated[str, typer.Option(help="The same seed gives the same addresses, keys and losses.")] = "0",
    loss: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of frames the air loses.")] = 0.0,
    delay: Annotated[int, typer.Option(min=0, metavar="MS", help="Longest delay added to a frame, milliseconds.")] = 0,
    duplicates: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of messages that come twice.")] = 0.0,
    reorder: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of frames that later ones overtake.")] = 0.0,
) -> None:
    """Simulate a radio network and offer virtual Z-Stack dongles on it, for any program that takes socket://HOST:PORT.

    Runs until it is interrupted. Several dongles are on the same air: one forms a network, the others join it.
    """
    import asyncio

    from hanref.air.server import wall_clock
    from hanref.air.simulation import Air, Conditions

    places = [_place(text) for text in listen]
    if memory is not None:
        memory.mkdir(parents=True, exist_ok=True)
    conditions = Conditions(loss, delay, duplicates, reorder)
    simulated = Air(seed, wall_clock(), conditions, pcap)
    try:
        asyncio.run(_serve(simulated, places, keys, memory))
    finally:
        simulated.close()
        _keep(simulated, keys)


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--listen {text}: HOST:PORT expected, with a port from 0 to 65535")
    return host.strip("[]") or LOCAL, int(port)


async def _serve(simulated: "Air", places: list[tuple[str, int]], keys: Path | None, memory: Path | None) -> None:
    import asyncio
    import signal

    from hanref.air.server import AirServer

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AirServer(simulated) as server:
        for index, (host, port) in enumerate(places, 1):
            radio = simulated.coprocessor(memory=memory / f"dongle-{index}.json" if memory is not None else None)
            at_host, at_port = await server.listen(radio, host, port)
            shown = f"[{at_host}]" if ":" in at_host else at_host
            print(f"dongle {index} {radio.identity.hex(':')} socket://{shown}:{at_port}", flush=True)
        frames = -1
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _KEEP_SECONDS)
            except TimeoutError:
                if simulated.frames != frames:
                    frames = simulated.frames
                    simulated.flush()
                    _keep(simulated, keys)


def _keep(simulated: "Air", keys: Path | None) -> None:
    if keys is not None:
        simulated.keys().write(keys)
