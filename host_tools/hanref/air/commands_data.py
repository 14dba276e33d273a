# SPDX-License-Identifier: GPL-3.0-or-later
"""Data commands of a simulated co-processor: endpoints, messages out and in, short and long."""

from typing import Any

import zigpy_znp.commands as c
import zigpy_znp.types as t

from hanref.air.aps_data import ZDO_ENDPOINT, ZDO_PROFILE, Data
from hanref.air.coprocessor import Coprocessor, answers, identity_of
from hanref.air.frames import FIRST_BROADCAST

Command = Any
OK = t.Status.SUCCESS
NO_KEY = t.Status(0xA1)
NOT_ON_A_NETWORK = t.Status(0xC2)
_LONGEST = 1600
_LAST_ENDPOINT = 254


@answers(c.AF.Register.Req)
def register(radio: Coprocessor, request: Command) -> Command:
    if request.Endpoint in radio.endpoints:
        return request.Rsp(Status=t.Status(0xB8))
    if not 1 <= request.Endpoint <= _LAST_ENDPOINT:
        return request.Rsp(Status=t.Status.INVALID_PARAMETER)
    radio.endpoints[int(request.Endpoint)] = request
    return request.Rsp(Status=OK)


@answers(c.AF.Delete.Req)
def delete(radio: Coprocessor, request: Command) -> Command:
    found = radio.endpoints.pop(int(request.Endpoint), None)
    return request.Rsp(Status=OK if found is not None else t.Status.INVALID_PARAMETER)


@answers(c.AF.APSFConfigSet.Req)
def configure_fragments(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Status=OK)


@answers(c.AF.DataRequest.Req)
def data_request(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Status=_send(radio, request, int(request.DstAddr), bytes(request.Data)))


@answers(c.AF.DataRequestSrcRtg.Req)
def data_request_with_route(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Status=_send(radio, request, int(request.DstAddr), bytes(request.Data)))


@answers(c.AF.DataRequestExt.Req)
def data_request_extended(radio: Coprocessor, request: Command) -> Command:
    if request.DstPanId not in (0, radio.pan.network.pan_id if radio.pan is not None else 0):
        return request.Rsp(Status=t.Status.INVALID_PARAMETER)  # inter-PAN
    length, radio.expected_length = radio.expected_length, 0
    if length > _LONGEST:
        return request.Rsp(Status=t.Status.INVALID_PARAMETER)
    if not length:
        return request.Rsp(Status=_send_extended(radio, request, bytes(request.Data)))
    if len(radio.stored) >= length:
        payload, radio.stored = bytes(radio.stored[:length]), bytearray()
        return request.Rsp(Status=_send_extended(radio, request, payload))
    radio.pending = request  # its octets come after it
    radio.stored = bytearray()
    return request.Rsp(Status=OK)


@answers(c.AF.DataStore.Req)
def data_store(radio: Coprocessor, request: Command) -> Command:
    if not request.Data:
        pending, radio.pending = radio.pending, None
        payload, radio.stored = bytes(radio.stored), bytearray()
        if pending is None or len(payload) != len(pending.Data):
            return request.Rsp(Status=t.Status.INVALID_PARAMETER)
        return request.Rsp(Status=_send_extended(radio, pending, payload))
    end = request.Index + len(request.Data)
    if end > _LONGEST:
        return request.Rsp(Status=t.Status.INVALID_PARAMETER)
    if request.Index == 0:
        radio.stored = bytearray()
    radio.stored.extend(bytes(max(0, end - len(radio.stored))))
    radio.stored[request.Index : end] = request.Data
    return request.Rsp(Status=OK)


@answers(c.AF.DataRetrieve.Req)
def data_retrieve(radio: Coprocessor, request: Command) -> Command:
    message = radio.long_messages.get(int(request.TimeStamp))
    if message is None:
        return request.Rsp(Status=t.Status.FAILURE, Data=t.ShortBytes(b""))
    if request.Length == 0:
        del radio.long_messages[int(request.TimeStamp)]
        return request.Rsp(Status=OK, Data=t.ShortBytes(b""))
    piece = message[request.Index : request.Index + request.Length]
    return request.Rsp(Status=OK, Data=t.ShortBytes(piece))


def _send_extended(radio: Coprocessor, request: Command, payload: bytes) -> Any:
    address = request.DstAddrModeAddress
    if address.mode == t.AddrMode.IEEE:
        node = radio.pan.network.nodes.get(identity_of(address.address)) if radio.pan is not None else None
        if node is None:
            return t.Status(0xC8)
        return _send(radio, request, node.short, payload)
    if address.mode == t.AddrMode.Group:
        return _send(radio, request, 0xFFFD, payload, group=int(address.address))
    return _send(radio, request, int(address.address), payload)


def _send(radio: Coprocessor, request: Command, destination: int, payload: bytes, group: int = 0) -> Any:
    if radio.pan is None or not radio.online:
        return NOT_ON_A_NETWORK
    endpoint = int(request.SrcEndpoint)
    if endpoint != ZDO_ENDPOINT and endpoint not in radio.endpoints:
        return t.Status.INVALID_PARAMETER
    profile = ZDO_PROFILE if endpoint == ZDO_ENDPOINT else int(radio.endpoints[endpoint].ProfileId)
    key = None
    if request.Options & c.af.TransmitOptions.ENABLE_SECURITY and destination < FIRST_BROADCAST:
        peer = radio.pan.members.get(destination)
        known = [identity for identity, node in radio.pan.network.nodes.items() if node.short == destination]
        identity = peer.identity if peer is not None else known[0] if known else None
        key = radio.link_keys.get(identity) if identity is not None else None
        if key is None:
            return NO_KEY
    radio.air.send(
        Data(
            radio,
            destination,
            endpoint,
            int(request.DstEndpoint),
            int(request.ClusterId),
            payload,
            profile,
            int(request.TSN),
            bool(request.Options & c.af.TransmitOptions.ACK_REQUEST),
            key,
            group,
            confirm=endpoint != ZDO_ENDPOINT,
        )
    )
    return OK
