# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated stack says of itself: the Zigbee Device Object at endpoint 0. Structures are zigpy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import zigpy.types as zt
import zigpy.zdo.types as zdo
import zigpy_znp.commands as c
import zigpy_znp.types as t
from zigpy_znp.types.nvids import OsalNvIds

from hanref.air.aps_data import ZDO_ENDPOINT, ZDO_PROFILE, Data
from hanref.air.frames import FIRST_BROADCAST

if TYPE_CHECKING:
    from hanref.air.coprocessor import Coprocessor

ALL_CALLBACKS = 0xFFFF
_RESPONSE = 0x8000
_TEXAS_INSTRUMENTS = 0x0007
_TRANSFER_SIZE = 1600
_BUFFER_SIZE = 80
_NEIGHBOURS_AT_ONCE = 3
_LINK_QUALITY = 200
LONGEST_SCAN = 5
_CHANNEL_CHANGE_TAKES = 200
_IDLE, _BUSY = 12, 150  # measured energy, 0 to 255

Answer = tuple[Any, ...] | None  # the fields after the sequence number, None for no answer


def request(radio: Coprocessor, destination: int, cluster: int, *fields: Any) -> Data:
    """A ZDO message of `radio` with these fields."""
    radio.zdo_sequence = (radio.zdo_sequence + 1) & 0xFF
    return message(radio, destination, cluster, radio.zdo_sequence, *fields)


def message(radio: Coprocessor, destination: int, cluster: int, sequence: int, *fields: Any) -> Data:
    """A ZDO message of `radio` under a sequence number."""
    _, kinds = zdo.CLUSTERS[zdo.ZDOCmd(cluster)]
    payload = bytes((sequence,))
    for kind, value in zip(kinds, fields, strict=False):  # what follows an error status is left out
        payload += (value if hasattr(value, "serialize") else kind(value)).serialize()
    return Data(radio, destination, ZDO_ENDPOINT, ZDO_ENDPOINT, cluster, payload, ZDO_PROFILE, sequence, confirm=False)


def announcement(radio: Coprocessor) -> Data:
    """Device_annce of `radio`, to all who listen."""
    return request(radio, 0xFFFD, zdo.ZDOCmd.Device_annce, radio.short, _address(radio), capabilities(radio))


def capabilities(radio: Coprocessor) -> int:
    """The MAC capabilities of `radio`."""
    flags = zdo.NodeDescriptor.MACCapabilityFlags.AllocateAddress
    if not radio.sleepy:
        flags |= zdo.NodeDescriptor.MACCapabilityFlags.MainsPowered
        flags |= zdo.NodeDescriptor.MACCapabilityFlags.RxOnWhenIdle
        flags |= zdo.NodeDescriptor.MACCapabilityFlags.FullFunctionDevice
    return int(flags)


def received(radio: Coprocessor, data: Data, broadcast: bool) -> Data | None:
    """A ZDO message has reached `radio`: its host is told, a request is answered by the stack."""
    if not data.payload:
        return None
    sequence = data.payload[0]
    _tell_host(radio, data, sequence, broadcast)
    if data.cluster & _RESPONSE or data.cluster == zdo.ZDOCmd.Device_annce:
        return None
    serve = _SERVED.get(data.cluster)
    answer: Answer = (zdo.Status.NOT_SUPPORTED,)
    if serve is not None:
        try:
            answer = serve(radio, data, _fields(data))
        except ValueError:
            answer = (zdo.Status.INV_REQUESTTYPE,)
    elif data.cluster | _RESPONSE not in zdo.CLUSTERS:
        return None
    if answer is None or (broadcast and answer[0] != zdo.Status.SUCCESS):
        return None
    return message(radio, data.source.short, data.cluster | _RESPONSE, sequence, *answer)


def _fields(data: Data) -> dict[str, Any]:
    rest = data.payload[1:]
    fields: dict[str, Any] = {}
    for name, kind in zip(*zdo.CLUSTERS[zdo.ZDOCmd(data.cluster)], strict=True):
        fields[name], rest = kind.deserialize(rest)
    return fields


def _address(radio: Coprocessor) -> zt.EUI64:
    return zt.EUI64.deserialize(radio.identity[::-1])[0]


# -- what the host is told --------------------------------------------------------------------------------


def _tell_host(radio: Coprocessor, data: Data, sequence: int, broadcast: bool) -> None:
    body = data.payload[1:]
    if radio.memory.items.get(OsalNvIds.ZDO_DIRECT_CB) == b"\x01":
        indication = _indication(data, body)
        if indication is not None:
            radio.tell(indication)
    if radio.zdo_callbacks & {ALL_CALLBACKS, data.cluster}:
        radio.tell(
            c.ZDO.MsgCbIncoming.Callback(
                Src=data.source.short,
                IsBroadcast=broadcast,
                ClusterId=data.cluster,
                SecurityUse=0,
                TSN=sequence,
                MacDst=data.destination if data.destination < FIRST_BROADCAST else 0xFFFF,
                Data=t.Bytes(body),
            )
        )


def _indication(data: Data, body: bytes) -> Any:
    """The indication a stack gives of its own, where it has one for this message."""
    if data.cluster == zdo.ZDOCmd.Device_annce and len(body) >= 11:
        return c.ZDO.EndDeviceAnnceInd.Callback(
            Src=data.source.short,
            NWK=int.from_bytes(body[:2], "little"),
            IEEE=t.EUI64.deserialize(body[2:10])[0],
            Capabilities=c.zdo.MACCapabilities(body[10]),
        )
    if data.cluster in (zdo.ZDOCmd.NWK_addr_rsp, zdo.ZDOCmd.IEEE_addr_rsp) and len(body) >= 11:
        kind = c.ZDO.NwkAddrRsp if data.cluster == zdo.ZDOCmd.NWK_addr_rsp else c.ZDO.IEEEAddrRsp
        return kind.Callback(
            Status=zdo.Status(body[0]),
            IEEE=t.EUI64.deserialize(body[1:9])[0],
            NWK=int.from_bytes(body[9:11], "little"),
            NumAssoc=0,
            Index=0,
            Devices=c.zdo.NWKArray([]),
        )
    if data.cluster == zdo.ZDOCmd.Mgmt_Permit_Joining_rsp and body:
        return c.ZDO.MgmtPermitJoinRsp.Callback(Src=data.source.short, Status=zdo.Status(body[0]))
    if data.cluster == zdo.ZDOCmd.Mgmt_Leave_rsp and body:
        return c.ZDO.MgmtLeaveRsp.Callback(Src=data.source.short, Status=zdo.Status(body[0]))
    return None


# -- requests -----------------------------------------------------------------------------------------------


def _network_address(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    if fields["IEEEAddr"].serialize() != radio.identity[::-1]:
        return None
    return zdo.Status.SUCCESS, _address(radio), radio.short


def _identity(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    if fields["NWKAddrOfInterest"] != radio.short:
        return None
    return zdo.Status.SUCCESS, _address(radio), radio.short


def _node(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    descriptor = zdo.NodeDescriptor(
        logical_type=zdo.LogicalType(radio.role),
        complex_descriptor_available=0,
        user_descriptor_available=0,
        reserved=0,
        aps_flags=0,
        frequency_band=zdo.NodeDescriptor.FrequencyBand.Freq2400MHz,
        mac_capability_flags=zdo.NodeDescriptor.MACCapabilityFlags(capabilities(radio)),
        manufacturer_code=_TEXAS_INSTRUMENTS,
        maximum_buffer_size=_BUFFER_SIZE,
        maximum_incoming_transfer_size=_TRANSFER_SIZE,
        server_mask=0x2C01 if radio.role == 0 else 0x2C00,
        maximum_outgoing_transfer_size=_TRANSFER_SIZE,
        descriptor_capability_field=zdo.NodeDescriptor.DescriptorCapability.NONE,
    )
    return zdo.Status.SUCCESS, radio.short, descriptor


def _power(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    mode = zdo.PowerDescriptor.CurrentPowerMode
    source = zdo.PowerDescriptor.PowerSources.MainsPower
    descriptor = zdo.PowerDescriptor(
        current_power_mode=mode.RxOnSyncedWithNodeDesc,
        available_power_sources=source,
        current_power_source=source,
        current_power_source_level=zdo.PowerDescriptor.PowerSourceLevel.Percent100,
    )
    return zdo.Status.SUCCESS, radio.short, descriptor


def _endpoints(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    return zdo.Status.SUCCESS, radio.short, sorted(radio.endpoints)


def _simple(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    endpoint = radio.endpoints.get(int(fields["EndPoint"]))
    if endpoint is None:
        return zdo.Status.NOT_ACTIVE, radio.short
    descriptor = zdo.SizePrefixedSimpleDescriptor(
        int(endpoint.Endpoint),
        int(endpoint.ProfileId),
        int(endpoint.DeviceId),
        int(endpoint.DeviceVersion),
        list(endpoint.InputClusters),
        list(endpoint.OutputClusters),
    )
    return zdo.Status.SUCCESS, radio.short, descriptor


def _match(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    wanted_in, wanted_out = set(fields["InClusterList"]), set(fields["OutClusterList"])
    found = [
        number
        for number, endpoint in sorted(radio.endpoints.items())
        if endpoint.ProfileId == fields["ProfileID"]
        and (wanted_in & set(endpoint.InputClusters) or wanted_out & set(endpoint.OutputClusters))
    ]
    if not found and data.destination >= FIRST_BROADCAST:
        return None
    return zdo.Status.SUCCESS, radio.short, found


def _permit(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    radio.open(int(fields["PermitDuration"]))
    return None if data.destination >= FIRST_BROADCAST else (zdo.Status.SUCCESS,)


def _leave(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    radio.air.schedule(50, radio.leave)
    return (zdo.Status.SUCCESS,)


def _bind(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    entry = data.payload[1:]
    if entry not in radio.bindings:
        radio.bindings.append(entry)
    return (zdo.Status.SUCCESS,)


def _unbind(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    entry = data.payload[1:]
    if entry not in radio.bindings:
        return (zdo.Status.NO_ENTRY,)
    radio.bindings.remove(entry)
    return (zdo.Status.SUCCESS,)


def _neighbours(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    """The others of the network: in the simulation everybody hears everybody."""
    assert radio.pan is not None
    others = [member for member in sorted(radio.pan.members.values(), key=lambda member: member.short) if member is not radio]
    start = int(fields["StartIndex"])
    shown = [_neighbour(radio, other) for other in others[start : start + _NEIGHBOURS_AT_ONCE]]
    return zdo.Status.SUCCESS, zdo.Neighbors(Entries=len(others), StartIndex=start, NeighborTableList=shown)


def _neighbour(radio: Coprocessor, other: Coprocessor) -> zdo.Neighbor:
    kind = zdo.Neighbor
    relation = kind.Relationship.Sibling
    if other.parent is radio:
        relation = kind.Relationship.Child
    elif radio.parent is other:
        relation = kind.Relationship.Parent
    return kind(
        extended_pan_id=zt.ExtendedPanId(radio.memory.nib.extendedPANID),
        ieee=_address(other),
        nwk=other.short,
        device_type=kind.DeviceType(other.role),
        rx_on_when_idle=kind.RxOnWhenIdle.Off if other.sleepy else kind.RxOnWhenIdle.On,
        relationship=relation,
        reserved1=0,
        permit_joining=kind.PermitJoins.Accepting if other.open_until > radio.air.now else kind.PermitJoins.NotAccepting,
        reserved2=0,
        depth=0 if other.role == 0 else 1,
        lqi=_LINK_QUALITY,
    )


def _routes(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    return zdo.Status.SUCCESS, zdo.Routes(Entries=0, StartIndex=0, RoutingTableList=[])


def _update(radio: Coprocessor, data: Data, fields: dict[str, Any]) -> Answer:
    """Mgmt_NWK_Update: listen how busy channels are, or move the network to another."""
    update = fields["NwkUpdate"]
    if update.ScanDuration <= LONGEST_SCAN:
        energies = [_energy(radio, channel) for channel in update.ScanChannels]
        return zdo.Status.SUCCESS, update.ScanChannels, 0, 0, energies
    if update.ScanDuration == zdo.NwkUpdate.CHANNEL_CHANGE_REQ:
        channels = list(update.ScanChannels)
        if len(channels) == 1 and radio.role == 0:
            radio.air.schedule(_CHANNEL_CHANGE_TAKES, radio.air.move, radio.pan, channels[0])
    return None


def _energy(radio: Coprocessor, channel: int) -> int:
    busy = any(pan.channel == channel and pan is not radio.pan for pan in radio.air.pans.values())
    return (_BUSY if busy else _IDLE) + radio.air.random.randrange(10)


_SERVED: dict[int, Callable[[Coprocessor, Data, dict[str, Any]], Answer]] = {
    zdo.ZDOCmd.NWK_addr_req: _network_address,
    zdo.ZDOCmd.IEEE_addr_req: _identity,
    zdo.ZDOCmd.Node_Desc_req: _node,
    zdo.ZDOCmd.Power_Desc_req: _power,
    zdo.ZDOCmd.Simple_Desc_req: _simple,
    zdo.ZDOCmd.Active_EP_req: _endpoints,
    zdo.ZDOCmd.Match_Desc_req: _match,
    zdo.ZDOCmd.Bind_req: _bind,
    zdo.ZDOCmd.Unbind_req: _unbind,
    zdo.ZDOCmd.Mgmt_Lqi_req: _neighbours,
    zdo.ZDOCmd.Mgmt_Rtg_req: _routes,
    zdo.ZDOCmd.Mgmt_NWK_Update_req: _update,
    zdo.ZDOCmd.Mgmt_Leave_req: _leave,
    zdo.ZDOCmd.Mgmt_Permit_Joining_req: _permit,
}
