# SPDX-License-Identifier: GPL-3.0-or-later
"""System and utility commands of a simulated co-processor: life, version, non-volatile memory."""

from typing import Any

import zigpy_znp.commands as c
import zigpy_znp.types as t
from zigpy_znp.types.nvids import OsalNvIds

from hanref.air.coprocessor import END_DEVICE, Coprocessor, address_of, answers, identity_of

Command = Any
OK = t.Status.SUCCESS
BUILD = 20240710  # of the image it stands for, Z-Stack 3.30 for CC2652
_CAPABILITIES = (
    t.MTCapabilities.SYS
    | t.MTCapabilities.AF
    | t.MTCapabilities.ZDO
    | t.MTCapabilities.UTIL
    | t.MTCapabilities.GP
    | t.MTCapabilities.APP_CNF
)
_READ_AT_ONCE = 240
_ASSOCIATION_OCTETS = 36  # how a host tells that structures are aligned as on CC26x2


@answers(c.SYS.Ping.Req)
def ping(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Capabilities=_CAPABILITIES)


@answers(c.SYS.Version.Req)
def version(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(TransportRev=2, ProductId=1, MajorRel=2, MinorRel=7, MaintRel=1, CodeRevision=BUILD)


@answers(c.SYS.ResetReq.Req)
def reset(radio: Coprocessor, request: Command) -> None:
    radio.air.schedule(5, radio.reset, t.ResetReason.External)


@answers(c.SYS.SetTxPower.Req)
def set_power(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(StatusOrPower=0)


@answers(c.SYS.GetExtAddr.Req)
def get_identity(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(ExtAddr=address_of(radio.identity))


@answers(c.SYS.SetExtAddr.Req)
def set_identity(radio: Coprocessor, request: Command) -> Command:
    _write(radio, OsalNvIds.EXTADDR, identity_of(request.ExtAddr)[::-1])
    return request.Rsp(Status=OK)


@answers(c.SYS.Random.Req)
def random(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Value=radio.air.random.randrange(0x10000))


@answers(c.SYS.OSALNVItemInit.Req)
def create_item(radio: Coprocessor, request: Command) -> Command:
    if request.Id in radio.memory.items:
        return request.Rsp(Status=OK)
    _write(radio, request.Id, bytes(request.Value).ljust(request.ItemLen, b"\xff"))
    return request.Rsp(Status=t.Status.NV_ITEM_UNINIT)


@answers(c.SYS.OSALNVLength.Req)
def item_length(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(ItemLen=len(_item(radio, request.Id) or b""))


@answers(c.SYS.OSALNVRead.Req, c.SYS.OSALNVReadExt.Req)
def read_item(radio: Coprocessor, request: Command) -> Command:
    value = _item(radio, request.Id)
    if value is None or request.Offset >= len(value):
        return request.Rsp(Status=t.Status.INVALID_PARAMETER, Value=t.ShortBytes(b""))
    piece = value[request.Offset : request.Offset + _READ_AT_ONCE]
    return request.Rsp(Status=OK, Value=t.ShortBytes(piece))


@answers(c.SYS.OSALNVWrite.Req, c.SYS.OSALNVWriteExt.Req)
def write_item(radio: Coprocessor, request: Command) -> Command:
    value, piece = _item(radio, request.Id), bytes(request.Value)
    if value is None or request.Offset + len(piece) > len(value):
        return request.Rsp(Status=t.Status.INVALID_PARAMETER)
    _write(radio, request.Id, value[: request.Offset] + piece + value[request.Offset + len(piece) :])
    return request.Rsp(Status=OK)


@answers(c.SYS.OSALNVDelete.Req)
def delete_item(radio: Coprocessor, request: Command) -> Command:
    if request.Id not in radio.memory.items:
        return request.Rsp(Status=t.Status.NV_ITEM_UNINIT)
    if len(radio.memory.items[request.Id]) != request.ItemLen:
        return request.Rsp(Status=t.Status.NV_BAD_ITEM_LEN)
    del radio.memory.items[request.Id]
    if request.Id == OsalNvIds.EXTADDR:  # the part's own address comes back
        radio.memory.items[OsalNvIds.EXTADDR] = radio.memory.identity[::-1]
    radio.memory.save()
    return request.Rsp(Status=OK)


def _item(radio: Coprocessor, item: int) -> bytes | None:
    if item == OsalNvIds.POLL_RATE_OLD16:  # no item but the live poll rate
        return radio.poll_rate.to_bytes(2, "little")
    return radio.memory.items.get(item)


def _write(radio: Coprocessor, item: int, value: bytes) -> None:
    if item == OsalNvIds.POLL_RATE_OLD16:
        radio.set_poll_rate(int.from_bytes(value, "little"))
        return
    radio.memory.items[int(item)] = value
    radio.memory.save()


@answers(c.SYS.NVLength.Req)
def table_length(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Length=len(radio.memory.tables.get(_place(request), b"")))


@answers(c.SYS.NVCreate.Req)
def table_create(radio: Coprocessor, request: Command) -> Command:
    if _place(request) in radio.memory.tables:
        return request.Rsp(Status=OK)
    radio.memory.tables[_place(request)] = b"\xff" * request.Length
    return request.Rsp(Status=t.Status.NV_ITEM_UNINIT)


@answers(c.SYS.NVDelete.Req)
def table_delete(radio: Coprocessor, request: Command) -> Command:
    if radio.memory.tables.pop(_place(request), None) is None:
        return request.Rsp(Status=t.Status.NV_ITEM_UNINIT)
    return request.Rsp(Status=OK)


@answers(c.SYS.NVRead.Req)
def table_read(radio: Coprocessor, request: Command) -> Command:
    value = radio.memory.tables.get(_place(request))
    if value is None:
        return request.Rsp(Status=t.Status.NV_OPER_FAILED, Value=t.ShortBytes(b""))
    piece = value[request.Offset : request.Offset + min(request.Length, _READ_AT_ONCE)]
    return request.Rsp(Status=OK, Value=t.ShortBytes(piece))


@answers(c.SYS.NVWrite.Req)
def table_write(radio: Coprocessor, request: Command) -> Command:
    value, piece = radio.memory.tables.get(_place(request)), bytes(request.Value)
    if value is None or request.Offset + len(piece) > len(value):
        return request.Rsp(Status=t.Status.NV_OPER_FAILED)
    end = request.Offset + len(piece)
    radio.memory.tables[_place(request)] = value[: request.Offset] + piece + value[end:]
    radio.memory.save()
    return request.Rsp(Status=OK)


def _place(request: Command) -> tuple[int, int, int]:
    return int(request.SysId), int(request.ItemId), int(request.SubId)


@answers(c.UTIL.GetDeviceInfo.Req)
def device_info(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(
        Status=OK,
        IEEE=address_of(radio.identity),
        NWK=radio.short,
        DeviceType=t.DeviceTypeCapabilities(7),
        DeviceState=radio.state,
        AssociatedDevices=t.NWKList([t.NWK(child.short) for child in children(radio)]),
    )


def children(radio: Coprocessor) -> list[Coprocessor]:
    """The end devices this radio is the parent of."""
    members = radio.pan.members.values() if radio.pan is not None else ()
    return [other for other in members if other.role == END_DEVICE and other.parent is radio]


@answers(c.UTIL.AssocFindDevice.Req)
def association(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Device=t.Bytes(b"\xff" * _ASSOCIATION_OCTETS))


@answers(c.UTIL.LEDControl.Req)
def light(radio: Coprocessor, request: Command) -> Command:
    return request.Rsp(Status=OK)


@answers(c.UTIL.APSMELinkKeyDataGet.Req)
def link_key_data(radio: Coprocessor, request: Command) -> Command:
    key = radio.link_keys.get(identity_of(request.IEEE))
    status = OK if key is not None else t.Status.FAILURE
    return request.Rsp(Status=status, SecKey=t.KeyData(key or bytes(16)), TxFrmCntr=0, RxFrmCntr=0)


@answers(c.UTIL.AddrMgrExtAddrLookup.Req)
def short_of(radio: Coprocessor, request: Command) -> Command:
    node = radio.pan.network.nodes.get(identity_of(request.IEEE)) if radio.pan is not None else None
    return request.Rsp(NWK=node.short if node is not None else t.NWK(0xFFFE))
