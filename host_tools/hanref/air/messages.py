# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated stack tells its host of messages: that one has come, how one it sent has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zigpy_znp.commands as c
import zigpy_znp.types as t
from zigpy_znp.frames import GeneralFrame

from hanref.air import descriptors
from hanref.air.aps_data import ALL_ENDPOINTS, ZDO_ENDPOINT, Data, Outcome

if TYPE_CHECKING:
    from hanref.air.coprocessor import Coprocessor

_WHOLE = 230  # octets of data that fit into AF_INCOMING_MSG
_LINK_QUALITY = 200
_RADIUS_LEFT = 29
_KEPT_LONG_MESSAGES = 8


def tell_confirm(data: Data, outcome: Outcome) -> None:
    """The stack's word on a message its host has sent."""
    data.source.tell(c.AF.DataConfirm.Callback(Status=t.Status(outcome), Endpoint=data.source_endpoint, TSN=data.sequence))


def accepts(radio: Coprocessor, data: Data) -> bool:
    """Whether a unicast is for an endpoint that is there; a stack acknowledges no other."""
    return data.destination_endpoint in (ZDO_ENDPOINT, ALL_ENDPOINTS) or data.destination_endpoint in radio.endpoints


def tell_message(radio: Coprocessor, data: Data, broadcast: bool) -> None:
    """A message has arrived: for the stack itself, or for the host.

    The profile is not looked at: the images in use for the CC2652 do not either.
    """
    if not radio.online or not radio.powered:
        return
    if data.destination_endpoint == ZDO_ENDPOINT:
        answer = descriptors.received(radio, data, broadcast)
        if answer is not None:
            radio.air.send(answer)
        return
    everywhere = data.destination_endpoint == ALL_ENDPOINTS
    for endpoint in list(radio.endpoints) if everywhere else [data.destination_endpoint]:
        if endpoint in radio.endpoints:
            _tell_host(radio, data, endpoint, broadcast)


def _tell_host(radio: Coprocessor, data: Data, endpoint: int, broadcast: bool) -> None:
    common = {
        "GroupId": data.group,
        "ClusterId": data.cluster,
        "SrcEndpoint": data.source_endpoint,
        "DstEndpoint": endpoint,
        "WasBroadcast": broadcast,
        "LQI": _LINK_QUALITY,
        "TimeStamp": radio.air.now & 0xFFFFFFFF,
        "TSN": (data.counter or 0) & 0xFF,
        "MacSrcAddr": data.source.short,
        "MsgResultRadius": _RADIUS_LEFT,
    }
    if len(data.payload) <= _WHOLE:
        radio.tell(
            c.AF.IncomingMsg.Callback(
                **common,
                SrcAddr=data.source.short,
                SecurityUse=data.key is not None,
                Data=t.ShortBytes(data.payload),
            )
        )
        return
    while common["TimeStamp"] in radio.long_messages:
        common["TimeStamp"] += 1
    message = c.AF.IncomingMsgExt.Callback(
        **common,
        SrcAddrModeAddress=t.AddrModeAddress(mode=t.AddrMode.NWK, address=data.source.short),
        SrcPanId=0,
        SecurityUse=int(data.key is not None),
        Data=t.LongBytes(b""),
    )
    radio.long_messages[common["TimeStamp"]] = data.payload
    while len(radio.long_messages) > _KEPT_LONG_MESSAGES:
        del radio.long_messages[next(iter(radio.long_messages))]
    frame = message.to_frame()
    end = len(frame.data) - 3  # the length stands before the MAC address and radius; the octets are retrieved
    octets = bytes(frame.data[: end - 2]) + len(data.payload).to_bytes(2, "little") + bytes(frame.data[end:])
    radio.tell_frame(GeneralFrame(frame.header, t.Bytes(octets)))
