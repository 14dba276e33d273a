# SPDX-License-Identifier: GPL-3.0-or-later
"""zigpy with zigpy-znp, as released, on virtual dongles of `hanref air`: it forms, is joined, and reads."""

import asyncio
import contextlib
import subprocess
import sys

import pytest
import zigpy.types as zt
from hanref.air.hashes import install_code_key, install_code_with_crc
from hanref.air.keys import Keys
from tshark import dissect, needs_tshark
from virtual_dongles import Device, virtual_dongles
from zigpy_znp.zigbee.application import ControllerApplication

CODE = install_code_with_crc(bytes(range(16)))
SUMMATION = 0x0123456789
SMART_ENERGY = 0x0109


@contextlib.asynccontextmanager
async def coordinator(address: str):
    """A zigpy application that has started on a dongle."""
    settings = {"database_path": None, "device": {"path": address}, "backup_enabled": False, "topology_scan_enabled": False}
    application = ControllerApplication(settings)
    await application.connect()
    try:
        await application.initialize(auto_form=True)
        yield application
    finally:
        await application.shutdown()


async def seen(application: ControllerApplication, identity: bytes, seconds: float):
    """The device of an EUI-64 once zigpy has asked it for all its descriptors."""
    address = zt.EUI64.deserialize(identity[::-1])[0]
    async with asyncio.timeout(seconds):
        while True:
            device = application.devices.get(address)
            if device is not None and device.is_initialized:
                return device
            await asyncio.sleep(0.05)


def test_zigpy_forms_a_network_and_finds_it_again():
    async def run(address):
        async with coordinator(address) as first:
            formed = first.state.network_info
            assert first.state.node_info.nwk == 0
            await first.permit(60)
            await first.permit(0)
        async with coordinator(address) as second:
            assert second.state.network_info.pan_id == formed.pan_id
            assert second.state.network_info.extended_pan_id == formed.extended_pan_id
            assert second.state.network_info.network_key.key == formed.network_key.key

    with virtual_dongles(1) as (address,):
        asyncio.run(run(address))


@needs_tshark
@pytest.mark.parametrize("role", ["router", "end_device"])
def test_a_device_joins_zigpy_by_install_code_and_is_read(tmp_path, role):
    capture, keys = tmp_path / "air.pcapng", tmp_path / "keys.toml"

    async def run(first, second):
        device = Device(current_summation_delivered=SUMMATION)
        async with coordinator(first) as application:
            serving = asyncio.create_task(device.run(second, role, CODE))
            while device.radio.identity is None and "not_started" not in [event[0] for event in device.events]:
                await asyncio.sleep(0.02)
            identity = zt.EUI64.convert(second_identity)
            key = zt.KeyData(install_code_key(CODE))
            permitting = asyncio.create_task(application.permit_with_link_key(identity, key, time_s=30))
            await device.joined(20)
            found = await seen(application, device.radio.identity, 20)
            endpoint = found.endpoints[1]
            assert endpoint.profile_id == SMART_ENERGY
            assert set(endpoint.in_clusters) == set(Device.CLUSTERS)
            values, failures = await endpoint.in_clusters[0x0702].read_attributes(["current_summ_delivered", "multiplier"])
            assert values == {"current_summ_delivered": SUMMATION}
            assert failures == {"multiplier": 0x86}
            permitting.cancel()
            serving.cancel()
            await asyncio.gather(permitting, serving, return_exceptions=True)
        return device

    second_identity = "00:db:12:ff:fe:00:00:02"
    with virtual_dongles(2, "--pcap", str(capture), "--keys", str(keys)) as (first, second):
        device = asyncio.run(run(first, second))
    assert device.reads
    packets = dissect(capture, Keys.read(keys), "zbee_sec.encrypted_payload")
    assert all(packet["_ws.malformed"] == [] for packet in packets)
    assert all(packet["zbee_sec.encrypted_payload"] == [] for packet in packets), "a frame stayed closed"
    read = [packet for packet in packets if "zbee_zcl" in packet["frame.protocols"][0]]
    assert len(read) >= 2 * len(device.reads)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "nowhere"], "HOST:PORT expected"),
        (["--listen", "127.0.0.1:70000"], "HOST:PORT expected"),
        (["--listen", "127.0.0.1:0", "--pcap", "/nonexistent/air.pcapng"], "/nonexistent/air.pcapng: cannot be written"),
        (["--listen", "192.0.2.1:5000"], "192.0.2.1:5000: cannot listen"),
    ],
)
def test_wrong_usage_is_one_line(arguments, words):
    command = [sys.executable, "-c", "from hanref.cli import main; main()", "air", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 3)
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
