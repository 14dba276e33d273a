# SPDX-License-Identifier: CC-BY-4.0
"""Reads change of tenancy and gas data from devices joined to zigpy's coordinator.

python read_tenancy_and_gas.py /dev/ttyUSB0 EUI64 INSTALL_CODE

EUI64 and INSTALL_CODE (with its CRC) are those printed on the device; it is switched on when the script says so.
"""

import asyncio
import sys

import hanref.zigpy  # registers the Smart Energy clusters; nothing else is needed
import zigpy.types as t
from hanref.air.hashes import install_code_key
from zigpy.zcl import Cluster
from zigpy_znp.zigbee.application import ControllerApplication

METERING = hanref.zigpy.Metering.cluster_id
DEVICE_MANAGEMENT = hanref.zigpy.DeviceManagement.cluster_id

TENANCY = ["change_of_tenancy_update_date_time", "proposed_tenancy_change_control"]
GAS = ["current_summation_delivered", "reading_snapshot_time", "current_day_alternative_consumption_delivered"]


async def show(cluster: Cluster, names: list[str]) -> None:
    """Print what a device says of some attributes, and what it refuses."""
    values, failures = await cluster.read_attributes(names)
    for name in names:
        print("  %s: %s" % (name, values.get(name, "refused, %s" % failures.get(name))))


async def main(port: str, address: str, code: str) -> None:
    settings = {"database_path": None, "device": {"path": port}, "backup_enabled": False, "topology_scan_enabled": False}
    application = ControllerApplication(settings)
    await application.connect()
    try:
        await application.initialize(auto_form=True)
        identity = t.EUI64.convert(address)
        await application.permit_with_link_key(identity, t.KeyData(install_code_key(bytes.fromhex(code))), time_s=60)
        print("switch the device on")
        while (device := application.devices.get(identity)) is None or not device.is_initialized:
            await asyncio.sleep(1)
        for number, endpoint in device.endpoints.items():
            if number == 0:
                continue  # the device itself, which has no clusters
            print("endpoint %d" % number)
            if DEVICE_MANAGEMENT in endpoint.in_clusters:
                await show(endpoint.in_clusters[DEVICE_MANAGEMENT], TENANCY)
            if METERING in endpoint.in_clusters:
                metering = endpoint.in_clusters[METERING]
                await show(metering, GAS)
                answer = await metering.get_profile(interval_channel=0, end_time=0, number_of_periods=8)
                print("  the newest half hours: %s" % (answer,))
    finally:
        await application.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
