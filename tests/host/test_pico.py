# SPDX-License-Identifier: GPL-3.0-or-later
"""The Raspberry Pi Pico: its image is built, boots in a simulator of the chip, and runs the firmware from ROMFS."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hanref import boards, toolchain
from hanref.flash.image import image
from hanref.flash.remote import romfs_image
from hanref.flash.settings import for_role
from pico_simulator import ROMFS_SIZE, ROMFS_START, SimulatedPico, flash_address

pytestmark = [pytest.mark.pico, pytest.mark.timeout(1200)]

LIMIT = 600  # seconds: the simulator runs byte code at a fraction of the speed of the chip
PING = bytes.fromhex("fe00210120")

def put(name: str, text: str) -> str:
    """Code that writes a file on the board."""
    return f"f = open({name!r}, 'w'); f.write({text!r}); f.close()"


def test_the_image_fits_and_is_one_for_the_chip(figure: Callable[[str], None]) -> None:
    image = toolchain.rp2_uf2().read_bytes()
    assert len(image) % 512 == 0
    addresses = [int.from_bytes(image[start + 12 : start + 16], "little") for start in range(0, len(image), 512)]
    assert min(addresses) == flash_address(0)
    assert max(addresses) + 256 <= flash_address(ROMFS_START)
    figure(f"Pico image: {len(image)} octets of UF2, {max(addresses) + 256 - min(addresses)} octets of code")


def test_the_board_formats_a_blank_flash_only() -> None:
    async def play() -> None:
        pico = SimulatedPico(toolchain.rp2_uf2())
        await pico.start()
        try:
            assert await pico.execute("import os; print(os.listdir('/'), os.statvfs('/')[2])") == "[] 352\r\n"
            machine = await pico.execute("import os, sys; print(sys.platform, os.uname().machine)")
            assert machine == "rp2 Raspberry Pi Pico with RP2040\r\n"
            assert int(await pico.execute("import gc; gc.collect(); print(gc.mem_free())")) > 220_000
            spoil = "import rp2; rp2.Flash().writeblocks(0, b'x' * 4096); rp2.Flash().writeblocks(1, b'y' * 4096)"
            await pico.execute(spoil)
            await pico.restart()
            await pico.expect(rb"hanref: no store: the flash is not blank", 60)
            kept = "import rp2; b = bytearray(8192); rp2.Flash().readblocks(0, b); print(b == b'x' * 4096 + b'y' * 4096)"
            assert await pico.execute(kept) == "True\r\n"
        finally:
            pico.stop()

    asyncio.run(play())


def test_the_hub_runs_and_starts_its_radio() -> None:
    hub = image("hub")
    romfs = romfs_image(hub.modules)
    settings = for_role(boards.find("rpi_pico_cc2652"), "hub")
    assert len(romfs) <= ROMFS_SIZE

    async def play() -> None:
        pico = SimulatedPico(toolchain.rp2_uf2(), romfs)
        await pico.start()
        try:
            assert await pico.execute("import han; print(han.__file__)") == "/rom/han/__init__.mpy\r\n"
            await pico.execute(put("settings.json", json.dumps(settings)))
            for name, octets in hub.scripts.items():
                await pico.execute(put(name, octets.decode()))
            await pico.restart()
            line = await pico.expect(rb"hanref \S+ role=hub [^\r\n]*micropython=1\.25\.0", LIMIT)
            version = await pico.ask("version", {}, LIMIT)
            assert version["line"] == line.group().decode()
            assert version["mpy"] == hub.code_hash
            # The co-processor answered the ping, or the driver would ask for nothing else.
            assert pico.requests[0] == PING
            assert pico.requests[-1] != PING
            assert not pico.coprocessor.refused
        finally:
            pico.stop()

    asyncio.run(play())
