# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards on a network of zigpy's: zigpy-znp, as released, is the coordinator on a virtual dongle and reads them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import zigpy.types as zt
from hanref.air.hashes import install_code_key, install_code_with_crc
from hanref.boards import find
from hanref.boards.emulated import BOARD, HEAP, EmulatedBoard
from hanref.flash.image import image
from hanref.flash.install import install
from hanref.flash.settings import for_role
from hanref.link import Link
from virtual_dongles import virtual_dongles
from zigpy.device import Device
from zigpy_znp.zigbee.application import ControllerApplication

CODE = install_code_with_crc(bytes(range(16)))
SMART_ENERGY = 0x0109
DONGLE = bytes.fromhex("00db12fffe000001")  # the EUI-64 of the first virtual dongle
METERING, BASIC = 0x0702, 0x0000
JOINED_WITHIN = 60.0
READ_WITHIN = 30.0
NOW = 720_000_000


@contextlib.asynccontextmanager
async def coordinator(address: str) -> AsyncIterator[ControllerApplication]:
    settings = {"database_path": None, "device": {"path": address}, "backup_enabled": False, "topology_scan_enabled": False}
    application = ControllerApplication(settings)
    await application.connect()
    try:
        await application.initialize(auto_form=True)
        yield application
    finally:
        await application.shutdown()


@contextlib.asynccontextmanager
async def wired(board: EmulatedBoard, dongle: str) -> AsyncIterator[None]:
    """The board's radio UART on a virtual dongle."""
    host, _, port = dongle.removeprefix("socket://").rpartition(":")
    board_in, board_out = await asyncio.open_unix_connection(str(board.radio))
    dongle_in, dongle_out = await asyncio.open_connection(host, int(port))

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while octets := await source.read(4096):
            target.write(octets)
            await target.drain()

    ways = [asyncio.create_task(carry(board_in, dongle_out)), asyncio.create_task(carry(dongle_in, board_out))]
    try:
        yield
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        board_out.close()
        dongle_out.close()


async def known(application: ControllerApplication, address: zt.EUI64) -> Device:
    """A device once zigpy has asked it for all its descriptors."""
    async with asyncio.timeout(READ_WITHIN):
        while True:
            device = application.devices.get(address)
            if device is not None and device.is_initialized:
                return device
            await asyncio.sleep(0.1)


@contextlib.contextmanager
def flashed(role: str, folder: Path) -> Iterator[tuple[EmulatedBoard, zt.EUI64]]:
    """A board of a role that joins any network by the install code; its EUI-64 as zigpy writes it."""
    kind = find(BOARD)
    settings = for_role(kind, role, time="held")
    settings["radio"].update({"install_code": CODE.hex(), "role": "end_device" if role == "gsme" else "router"})
    if role == "hub":
        settings["identities"]["ihd"] = DONGLE.hex()  # a hub answers those in its device log
    with EmulatedBoard.kept(f"zigpy-{role}", HEAP, folder, folder / "radio") as board:
        install(kind, board.port, image(role), settings, fresh_stores=True)
        yield board, zt.EUI64.deserialize(bytes.fromhex(settings["identities"][role])[::-1])[0]


@pytest.mark.parametrize("role", ["ihd", "esme", "hub"])
def test_board_joins_zigpy_and_is_read(role: str, tmp_path: Path) -> None:
    async def run(first: str, second: str, board: EmulatedBoard, link: Link, identity: zt.EUI64) -> None:
        async with coordinator(first) as application, contextlib.AsyncExitStack() as stack:
            # First the window, then the radio: one that finds no open network tries again in ten seconds only.
            permitted = application.permit_with_link_key(identity, zt.KeyData(install_code_key(CODE)), time_s=120)
            permitting = asyncio.create_task(permitted)  # it lasts as long as the window
            stack.callback(permitting.cancel)
            await asyncio.sleep(0.5)
            await stack.enter_async_context(wired(board, second))
            link.request("time", set=NOW)
            async with asyncio.timeout(JOINED_WITHIN):
                while not (await asyncio.to_thread(link.request, "radio"))["started"]:
                    await asyncio.sleep(0.2)
            device = await known(application, identity)
            for device_role in (await asyncio.to_thread(link.request, "identity"))["devices"]:
                for number in device_role["endpoints"]:
                    assert device.endpoints[number].profile_id == SMART_ENERGY
            basic = device.endpoints[1].in_clusters[BASIC]
            values, failures = await basic.read_attributes(["zcl_version", "power_source", "date_code"])
            assert values == {"zcl_version": 3, "power_source": 1}
            assert failures == {"date_code": 0x86}
            if role != "ihd":
                metering = device.endpoints[2 if role == "hub" else 1].in_clusters[METERING]
                values, failures = await metering.read_attributes(["current_summ_delivered"])
                assert values or failures, "it answers, even if only that a link key is wanted"

    with virtual_dongles(2) as (first, second), flashed(role, tmp_path) as (board, identity), Link.open(board.port) as link:
        asyncio.run(run(first, second, board, link, identity))
