# SPDX-License-Identifier: GPL-3.0-or-later
"""Network commands of a simulated co-processor: commissioning, keys, join window, addresses, ZDO requests."""

from typing import Any

import zigpy.zdo.types as zdo
import zigpy_znp.commands as c
import zigpy_znp.types as t

from hanref.air import descriptors, joining
from hanref.air.coprocessor import Coprocessor, address_of, answers, identity_of
from hanref.air.frames import FIRST_BROADCAST
from hanref.errors import UsageError

Command = Any
OK = t.Status.SUCCESS
WRONG = t.Status.INVALID_PARAMETER
NOT_ON_A_NETWORK = t.Status(0xC2)
UNKNOWN_DEVICE = t.Status(0xC8)
NO_KEY = t.Status(0xA1)
_CODE_WITH_CRC = 1


@answers(c.AppConfig.BDBStartCommissioning.Req)
def start(radio: Coprocessor, request: Command) -> None:
    radio.tell(request.Rsp(Status=OK))
    joining.start_commissioning(radio, request.Mode)


@answers(c.AppConfig.BDBZedAttemptRecoverNWK.Req)
def recover(radio: Coprocessor, request: Command) -> None:
    radio.tell(request.Rsp(Status=OK))
    joining.recover(radio)


@answers(c.AppConfig.BDBSetChannel.Req)
def set_channels(radio: Coprocessor, request: Command) -> Command:
    if request.IsPrimary:
        radio.channels = int(request.Channel)
    return request.Rsp(Status=OK)


@answers(c.AppConfig.BDBAddInstallCode.Req)
def add_install_code(radio: Coprocessor, request: Command) -> Command:
    code, identity = bytes(request.InstallCode), identity_of(request.IEEE)
    try:
        key = joining.configured_key(1 if request.InstallCodeFormat == _CODE_WITH_CRC else 3, code)
    except UsageError:
        return request.Rsp(Status=WRONG)
    if key is None:
        return request.Rsp(Status=WRONG)
    if request.InstallCodeFormat == _CODE_WITH_CRC:
        radio.air.install_codes[identity] = code
    radio.install_codes[identity] = key
    return request.Rsp(Status=OK)


@answers(c.AppConfig.BDBSetActiveDefaultCentralizedKey.Req)
def set_own_key(radio: Coprocessor, request: Command) -> Command:
    mode = int(request.CentralizedLinkKeyModes)
    try:
        key = joining.configured_key(mode, bytes(request.InstallCode)) if mode else None
    except UsageError:
        return request.Rsp(Status=WRONG)
    if mode and key is None:
        return request.Rsp(Status=WRONG)
    radio.key_mode, radio.own_key = mode, key
    return request.Rsp(Status=OK)


@answers(c.AppConfig.BDBSetJoinUsesInstallCodeKey.Req)
def only_install_codes(radio: Coprocessor, request: Command) -> Command:
    radio.only_install_codes = bool(request.BdbJoinUsesInstallCodeKey)
    return request.Rsp(Status=OK)


@answers(c.AppConfig.BDBSetTcRequireKeyExchange.Req)
def require_key_exchange(radio: Coprocessor, request: Command) -> Command:
    radio.require_key_exchange = bool(request.BdbTrustCenterRequireKeyExchange)
    return request.Rsp(Status=OK)


# -- keys ----------------------------------------------------------------------------------------------------


@answers(c.ZDO.SetLinkKey.Req, c.ZDO.SecAddLinkKey.Req)
def set_link_key(radio: Coprocessor, request: Command) -> Command:
    identity, key = identity_of(request.IEEE), bytes(request.LinkKeyData)
    radio.link_keys[identity] = key
    if radio.pan is not None:
        radio.pan.share_link_key(radio.identity, identity, key)
    return request.Rsp(Status=OK)


@answers(c.ZDO.GetLinkKey.Req)
def get_link_key(radio: Coprocessor, request: Command) -> Command:
    key = radio.link_keys.get(identity_of(request.IEEE))
    status = OK if key is not None else NO_KEY
    return request.Rsp(Status=status, IEEE=request.IEEE, LinkKeyData=t.KeyData(key or bytes(16)))


@answers(c.ZDO.RemoveLinkKey.Req)
def remove_link_key(radio: Coprocessor, request: Command) -> Command:
    found = radio.link_keys.pop(identity_of(request.IEEE), None)
    return request.Rsp(Status=OK if found is not None else NO_KEY)


# -- ZDO ------------------------------------------------------------------------------------------------------


@answers(c.ZDO.MsgCallbackRegister.Req)
def register_callback(radio: Coprocessor, request: Command) -> Command:
    radio.zdo_callbacks.add(int(request.ClusterId))
    return request.Rsp(Status=OK)


@answers(c.ZDO.MsgCallbackRemove.Req)
def remove_callback(radio: Coprocessor, request: Command) -> Command:
    radio.zdo_callbacks.discard(int(request.ClusterId))
    return request.Rsp(Status=OK)


@answers(c.ZDO.ExtNwkInfo.Req)
def network_info(radio: Coprocessor, request: Command) -> Command:
    nib = radio.memory.nib
    return request.Rsp(
        Dst=radio.short,
        PanId=int(nib.nwkPanId),
        ParentNWK=radio.parent.short if radio.parent is not None else 0xFFFE,
        ExtendedPanId=t.ExtendedPanId(nib.extendedPANID),
        ParentIEEE=address_of(radio.parent.identity) if radio.parent is not None else address_of(bytes(8)),
        Channel=t.Channels(int(nib.nwkLogicalChannel)),
    )


@answers(c.ZDO.MgmtPermitJoinReq.Req)
def permit_join(radio: Coprocessor, request: Command) -> Command:
    if not radio.online:
        return request.Rsp(Status=NOT_ON_A_NETWORK)
    destination, seconds = int(request.Dst), int(request.Duration)
    here = destination == radio.short or destination >= FIRST_BROADCAST
    if here:
        radio.open(seconds)
        radio.air.schedule(2, radio.tell, c.ZDO.MgmtPermitJoinRsp.Callback(Src=radio.short, Status=zdo.Status.SUCCESS))
    if destination != radio.short:
        command = zdo.ZDOCmd.Mgmt_Permit_Joining_req
        radio.air.send(descriptors.request(radio, destination, command, seconds, request.TCSignificance))
    return request.Rsp(Status=OK)


@answers(c.ZDO.NwkAddrReq.Req)
def network_address(radio: Coprocessor, request: Command) -> Command:
    return _ask(radio, request, 0xFFFD, zdo.ZDOCmd.NWK_addr_req, request.IEEE, request.RequestType, request.StartIndex)


@answers(c.ZDO.IEEEAddrReq.Req)
def identity(radio: Coprocessor, request: Command) -> Command:
    fields = (request.NWK, request.RequestType, request.StartIndex)
    return _ask(radio, request, int(request.NWK), zdo.ZDOCmd.IEEE_addr_req, *fields)


@answers(c.ZDO.NodeDescReq.Req)
def node_descriptor(radio: Coprocessor, request: Command) -> Command:
    return _ask(radio, request, int(request.DstAddr), zdo.ZDOCmd.Node_Desc_req, request.NWKAddrOfInterest)


@answers(c.ZDO.ActiveEpReq.Req)
def active_endpoints(radio: Coprocessor, request: Command) -> Command:
    return _ask(radio, request, int(request.DstAddr), zdo.ZDOCmd.Active_EP_req, request.NWKAddrOfInterest)


@answers(c.ZDO.SimpleDescReq.Req)
def simple_descriptor(radio: Coprocessor, request: Command) -> Command:
    fields = (request.NWKAddrOfInterest, request.Endpoint)
    return _ask(radio, request, int(request.DstAddr), zdo.ZDOCmd.Simple_Desc_req, *fields)


@answers(c.ZDO.MgmtLeaveReq.Req)
def leave(radio: Coprocessor, request: Command) -> Command:
    options = int(request.RemoveChildren_Rejoin)
    return _ask(radio, request, int(request.DstAddr), zdo.ZDOCmd.Mgmt_Leave_req, request.IEEE, options)


@answers(c.ZDO.MgmtNWKUpdateReq.Req)
def update_network(radio: Coprocessor, request: Command) -> Command:
    fields = {"ScanChannels": request.Channels, "ScanDuration": request.ScanDuration}
    manager = request.ScanDuration == zdo.NwkUpdate.CHANNEL_MASK_MANAGER_ADDR_CHANGE_REQ
    if manager or request.ScanDuration == zdo.NwkUpdate.CHANNEL_CHANGE_REQ:
        fields["nwkUpdateId"] = (int(radio.memory.nib.nwkUpdateId) + 1) & 0xFF
    if manager:
        fields["nwkManagerAddr"] = request.NwkManagerAddr
    if request.ScanDuration <= descriptors.LONGEST_SCAN:
        fields["ScanCount"] = request.ScanCount
    update = zdo.NwkUpdate(**fields)
    return _ask(radio, request, int(request.Dst), zdo.ZDOCmd.Mgmt_NWK_Update_req, update)


@answers(c.ZDO.ExtRouteDisc.Req)
def discover_route(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Status=OK)


@answers(c.ZDO.ExtRouteChk.Req)
def check_route(radio: Coprocessor, request: Command) -> Command:
    known = radio.pan is not None and int(request.Dst) in radio.pan.members
    return request.Rsp(Status=c.zdo.RoutingStatus.SUCCESS if known else c.zdo.RoutingStatus.FAIL)


def _ask(radio: Coprocessor, request: Command, destination: int, cluster: int, *fields: Any) -> Command:
    """Send a ZDO request over the air for the host."""
    if not radio.online:
        return request.Rsp(Status=NOT_ON_A_NETWORK)
    message = descriptors.request(radio, destination, cluster, *fields)
    radio.air.send(message)
    if destination >= FIRST_BROADCAST:
        radio.air.ask_itself(radio, message)
    return request.Rsp(Status=OK)
