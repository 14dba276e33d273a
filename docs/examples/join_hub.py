# SPDX-License-Identifier: CC-BY-4.0
"""Joins a Communications Hub as a display would, with a Z-Stack co-processor and zigpy-znp's ZNP class.

python join_hub.py /dev/ttyUSB0 INSTALL_CODE

INSTALL_CODE (with its CRC) and the co-processor's EUI-64, which is printed, must have been given to the hub before. Asks
the hub for the change of tenancy of gas and prints its answer.
"""

import asyncio
import sys

import hanref.zigpy
import zigpy_znp.commands as c
import zigpy_znp.config as config
import zigpy_znp.types as t
from zigpy.zcl import foundation
from zigpy_znp.api import ZNP
from zigpy_znp.types.nvids import OsalNvIds

SMART_ENERGY = 0x0109
IN_PREMISES_DISPLAY = 0x0502
ENDPOINT = 1
HUB = 0x0000
DEVICE_MANAGEMENT = hanref.zigpy.DeviceManagement
JOINED = (t.DeviceState.JoinedAsEndDevice, t.DeviceState.JoinedAsRouter)


async def join(znp: ZNP, code: bytes) -> None:
    """Start the co-processor as a router with the key of the install code, and steer it into the hub's network."""
    await znp.nvram.osal_write(OsalNvIds.STARTUP_OPTION, t.StartupOptions.ClearState | t.StartupOptions.ClearConfig)
    await znp.reset()
    await znp.nvram.osal_write(OsalNvIds.LOGICAL_TYPE, t.DeviceLogicalType.Router)
    print("EUI-64", (await znp.request(c.UTIL.GetDeviceInfo.Req())).IEEE)
    display = c.AF.Register.Req(
        Endpoint=ENDPOINT,
        ProfileId=SMART_ENERGY,
        DeviceId=IN_PREMISES_DISPLAY,
        DeviceVersion=0,
        LatencyReq=c.af.LatencyReq.NoLatencyReqs,
        InputClusters=[],
        OutputClusters=[DEVICE_MANAGEMENT.cluster_id, hanref.zigpy.Metering.cluster_id],
    )
    await znp.request(display, RspStatus=t.Status.SUCCESS)
    mode = c.app_config.CentralizedLinkKeyMode.UseProvidedInstallCode
    active = c.AppConfig.BDBSetActiveDefaultCentralizedKey.Req(CentralizedLinkKeyModes=mode, InstallCode=t.Bytes(code))
    await znp.request(active, RspStatus=t.Status.SUCCESS)
    started = znp.wait_for_response(c.ZDO.StateChangeInd.Callback(partial=True))
    await znp.request(c.AppConfig.BDBStartCommissioning.Req(Mode=c.app_config.BDBCommissioningMode.NwkSteering))
    while (await asyncio.wait_for(started, 60)).State not in JOINED:
        started = znp.wait_for_response(c.ZDO.StateChangeInd.Callback(partial=True))


async def ask_tenancy(znp: ZNP) -> None:
    """GetChangeOfTenancy to the hub's first endpoint, and its answer."""
    command = DEVICE_MANAGEMENT.ServerCommandDefs.get_change_of_tenancy
    header = foundation.ZCLHeader.cluster(tsn=1, command_id=command.id, direction=foundation.Direction.Client_to_Server)
    arrived = znp.wait_for_response(c.AF.IncomingMsg.Callback(partial=True, ClusterId=DEVICE_MANAGEMENT.cluster_id))
    question = c.AF.DataRequest.Req(
        DstAddr=HUB,
        DstEndpoint=1,
        SrcEndpoint=ENDPOINT,
        ClusterId=DEVICE_MANAGEMENT.cluster_id,
        TSN=1,
        Options=c.af.TransmitOptions.ENABLE_SECURITY | c.af.TransmitOptions.ACK,
        Radius=30,
        Data=header.serialize() + command.schema().serialize(),
    )
    await znp.request(question, RspStatus=t.Status.SUCCESS)
    answer = await asyncio.wait_for(arrived, 20)
    read, payload = foundation.ZCLHeader.deserialize(answer.Data)
    if read.frame_control.frame_type == foundation.FrameType.CLUSTER_COMMAND:
        print(DEVICE_MANAGEMENT.client_commands[read.command_id].schema.deserialize(payload)[0])
    else:
        print("default response, status %02X" % payload[-1])


async def main(port: str, code: str) -> None:
    znp = ZNP(config.CONFIG_SCHEMA({"device": {"path": port}}))
    await znp.connect()
    try:
        await join(znp, bytes.fromhex(code))
        await ask_tenancy(znp)
    finally:
        await znp.disconnect()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
