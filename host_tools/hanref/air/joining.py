# SPDX-License-Identifier: GPL-3.0-or-later
"""How simulated radios get on a network: formation, scan, association, the trust centre's key, rejoining.

What goes over the air on the way is written to the capture, so that one who has the install code can open it all.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import zigpy_znp.commands as c
import zigpy_znp.types as t
from zigpy_znp.types.nvids import OsalNvIds

from hanref.air import descriptors
from hanref.air.coprocessor import COORDINATOR, END_DEVICE, NO_SHORT, ROUTER, Coprocessor, address_of
from hanref.air.dissector import WELL_KNOWN_LINK_KEY
from hanref.air.frames import ApsCommand, ApsFrame, ApsType, MacCommand, MacFrame, MacType, NetworkFrame, NetworkType
from hanref.air.hashes import install_code_key, key_load_key, key_transport_key
from hanref.air.security import Auxiliary, KeyKind, protect

if TYPE_CHECKING:
    from hanref.air.simulation import Pan

STATUS = c.app_config.BDBCommissioningStatus
MODE = c.app_config.BDBCommissioningMode
JOINED_NOT_AUTHENTICATED, AS_END_DEVICE, AS_ROUTER, STARTING, AS_COORDINATOR, LOST_PARENT = 5, 6, 7, 8, 9, 0xA

_FORMATION_TAKES = 400
_RESTORE_TAKES = 150
_SCAN_TAKES = 500
_ASSOCIATION_TAKES = 120
_KEY_TAKES = 80
_AUTHENTICATION_LIMIT = 5000
_INSTALL_CODE_MODES = (1, 2)
_WITH_FALL_BACK = (2, 4)


def start_commissioning(radio: Coprocessor, mode: Any) -> None:
    """Formation or steering, as the host asked for."""
    if radio.memory.on_a_network and not radio.online:
        radio.air.schedule(_RESTORE_TAKES, _restore, radio, mode)
    elif mode & MODE.NwkFormation and radio.role == COORDINATOR:
        if radio.online:
            _notify(radio, STATUS.FormationFailure, MODE.NwkFormation)
        else:
            radio.air.schedule(_FORMATION_TAKES, _form, radio)
    elif mode & MODE.NwkSteering and radio.online:
        radio.open(180)
        _notify(radio, STATUS.Success, MODE.NwkSteering)
    elif mode & MODE.NwkSteering and radio.role != COORDINATOR:
        _notify(radio, STATUS.InProgress, MODE.NwkSteering)
        radio.air.schedule(_SCAN_TAKES, _steer, radio)
    else:
        _notify(radio, STATUS.Failure, mode)


def recover(radio: Coprocessor) -> None:
    """An end device looks for its network again."""
    radio.air.schedule(_RESTORE_TAKES, _rejoin, radio)


def watch_parent(radio: Coprocessor) -> None:
    """An end device whose parent does not answer its polls says so."""
    parent = radio.parent
    if radio.sleepy and radio.online and (parent is None or not (parent.hears and parent.online and radio.in_reach)):
        if radio.pan is not None:
            radio.pan.members.pop(radio.short, None)
        radio.online = False
        radio.set_state(LOST_PARENT)


def _notify(radio: Coprocessor, status: Any, mode: Any, remaining: Any = MODE.NONE) -> None:
    radio.tell(c.AppConfig.BDBCommissioningNotification.Callback(Status=status, Mode=mode, RemainingModes=remaining))


# -- forming and taking up again ---------------------------------------------------------------------------


def _form(radio: Coprocessor) -> None:
    air, configured = radio.air, radio.memory.configured
    channels = [number for number in range(11, 27) if radio.channels >> number & 1]
    if not channels:
        _notify(radio, STATUS.FormationFailure, MODE.NwkFormation)
        return
    radio.set_state(STARTING)
    pan_id = int.from_bytes(configured(OsalNvIds.PANID), "little")
    taken = {pan.network.pan_id for pan in air.pans.values()}
    while pan_id >= 0xFFF0 or (pan_id in taken and configured(OsalNvIds.PANID) == b"\xff\xff"):
        pan_id = air.random.randrange(1, 0xFFF0)
    extended = configured(OsalNvIds.APS_USE_EXT_PANID)[::-1]
    if extended in (bytes(8), b"\xff" * 8):
        extended = radio.identity
    key = configured(OsalNvIds.PRECFGKEY)
    if key == bytes(16):
        key = air.random.randbytes(16)
    nib = radio.memory.nib.replace(
        nwkDevAddress=t.NWK(0),
        nwkLogicalChannel=t.uint8_t(channels[0]),
        nwkCoordAddress=t.NWK(0),
        nwkCoordExtAddress=address_of(radio.identity),
        nwkPanId=t.uint16_t(pan_id),
        nwkState=t.NwkState.NWK_ROUTER,
        channelList=t.Channels(radio.channels),
        extendedPANID=address_of(extended),
        nwkKeyLoaded=t.Bool.true,
        CapabilityFlags=t.uint8_t(0x8F),
    )
    _remember(radio, nib, key, 0)
    radio.memory.items[OsalNvIds.TCLK_SEED] = air.random.randbytes(16)
    radio.memory.save()
    _go_online(radio)
    _notify(radio, STATUS.Success, MODE.NwkFormation)


def _restore(radio: Coprocessor, mode: Any) -> None:
    if radio.online or not radio.powered:
        return
    steering = bool(mode & MODE.NwkSteering)
    if radio.role == END_DEVICE and not _parent_for(radio):
        _notify(radio, STATUS.NoNetwork, mode)
        return
    _notify(radio, STATUS.NetworkRestored, MODE.NONE, mode)
    _go_online(radio)
    if steering:
        _notify(radio, STATUS.Success, MODE.NwkSteering)
    else:
        # What a network that was there already makes of formation.
        _notify(radio, STATUS.FormationFailure, MODE.NwkFormation)


def _rejoin(radio: Coprocessor) -> None:
    if not radio.online and radio.powered and radio.memory.on_a_network and _parent_for(radio):
        _go_online(radio)


def _parent_for(radio: Coprocessor) -> Coprocessor | None:
    pan = _remembered_pan(radio)
    for member in sorted(pan.members.values(), key=lambda member: member.short):
        if member.role != END_DEVICE and member.hears and member.online:
            return member
    return None


def _remembered_pan(radio: Coprocessor) -> Pan:
    nib = radio.memory.nib
    return radio.air.pan(bytes(nib.extendedPANID.serialize()[::-1]), int(nib.nwkPanId), int(nib.nwkLogicalChannel))


def _remember(radio: Coprocessor, nib: Any, key: bytes, sequence: int) -> None:
    memory = radio.memory
    memory.nib = nib
    memory.key = t.NwkKeyDesc(KeySeqNum=t.uint8_t(sequence), Key=t.KeyData(key))
    memory.items[OsalNvIds.BDBNODEISONANETWORK] = b"\x01"
    memory.set_frame_counter(nib.extendedPANID, 0)
    memory.save()


def _go_online(radio: Coprocessor) -> None:
    """On the air with what the memory says, and announced."""
    memory = radio.memory
    nib, key = memory.nib, memory.key
    pan = _remembered_pan(radio)
    radio.pan = pan
    radio.short = int(nib.nwkDevAddress)
    node = pan.network.nodes.get(radio.identity)
    if node is None or node.short != radio.short:
        pan.network.nodes.pop(radio.identity, None)
        pan.network.add(radio.identity, radio.short)
        if pan.tap is not None:
            pan.tap.forget()
    pan.members[radio.short] = radio
    if radio.role == COORDINATOR:
        pan.coordinator = radio
        pan.set_key(bytes(key.Key), int(key.KeySeqNum))
        radio.parent = None
    else:
        radio.parent = _parent_for(radio) if radio.role == END_DEVICE else pan.coordinator
    for identity, link_key in radio.link_keys.items():
        pan.share_link_key(radio.identity, identity, link_key)
    radio.known_as = radio.identity
    radio.online = True
    radio.polled_since = radio.air.now
    radio.set_state({COORDINATOR: AS_COORDINATOR, ROUTER: AS_ROUTER}.get(radio.role, AS_END_DEVICE))
    if radio.role != COORDINATOR:
        radio.air.send(descriptors.announcement(radio))


# -- joining ------------------------------------------------------------------------------------------------


def _steer(radio: Coprocessor) -> None:
    """Scan: the open networks in reach, the likeliest first."""
    if radio.online or not radio.powered:
        return
    air = radio.air
    _tap(None, radio, MacFrame(MacType.COMMAND, 0, 0xFFFF, 0xFFFF, None, bytes((MacCommand.BEACON_REQUEST,))))
    parents = [
        member
        for pan in air.pans.values()
        if radio.channels >> pan.channel & 1
        for member in sorted(pan.members.values(), key=lambda member: member.short)
        if member.online and member.hears and member.open_until > air.now and pan.coordinator is not None
    ]
    if not parents or not radio.in_reach:
        _notify(radio, STATUS.NoNetwork, MODE.NwkSteering)
        return
    # A joiner with an install code tries first where it is expected.
    parents.sort(key=lambda parent: radio.identity not in _trust_centre(parent).install_codes)
    air.schedule(_ASSOCIATION_TAKES, _associate, radio, parents)


def _trust_centre(parent: Coprocessor) -> Coprocessor:
    assert parent.pan is not None and parent.pan.coordinator is not None
    return parent.pan.coordinator


def _associate(radio: Coprocessor, parents: list[Coprocessor]) -> None:
    parent = parents.pop(0)
    pan = parent.pan
    if pan is None or radio.online or not radio.powered:
        return
    former = pan.network.nodes.get(radio.identity)
    node = former if former is not None else pan.network.add(radio.identity)
    capability = bytes((descriptors.capabilities(radio),))
    request = bytes((MacCommand.ASSOCIATION_REQUEST,)) + capability
    _tap(
        pan,
        radio,
        MacFrame(MacType.COMMAND, 1, pan.network.pan_id, parent.short, radio.identity, request, True, source_pan_id=0xFFFF),
    )
    answer = struct.pack("<BHB", MacCommand.ASSOCIATION_RESPONSE, node.short, 0)
    _tap(pan, parent, MacFrame(MacType.COMMAND, 1, pan.network.pan_id, radio.identity, parent.identity, answer, True))
    radio.set_state(JOINED_NOT_AUTHENTICATED)
    radio.air.schedule(_KEY_TAKES, _authenticate, radio, parent, node.short, parents)


def _authenticate(radio: Coprocessor, parent: Coprocessor, short: int, others: list[Coprocessor]) -> None:
    pan = parent.pan
    if pan is None or radio.online or not radio.powered or pan.coordinator is None:
        return
    trust_centre = pan.coordinator
    offered = trust_centre.install_codes.get(radio.identity)
    if offered is None and not trust_centre.only_install_codes:
        offered = WELL_KNOWN_LINK_KEY
    if offered is not None:
        _transport_network_key(pan, trust_centre, radio, short, offered)
    if offered is None or offered not in _accepted_keys(radio):
        radio.air.schedule(_AUTHENTICATION_LIMIT, _refused, radio, others)
        return
    if offered != WELL_KNOWN_LINK_KEY:
        radio.link_keys[trust_centre.identity] = trust_centre.link_keys[radio.identity] = offered
    nib = trust_centre.memory.nib.replace(
        nwkDevAddress=t.NWK(short),
        nwkState=t.NwkState.NWK_ENDDEVICE if radio.role == END_DEVICE else t.NwkState.NWK_ROUTER,
    )
    _remember(radio, nib, pan.network.network_key, pan.network.key_sequence)
    trust_centre.tell(c.ZDO.TCDevInd.Callback(SrcNwk=short, SrcIEEE=address_of(radio.identity), ParentNwk=parent.short))
    _go_online(radio)
    radio.parent = parent
    if trust_centre.require_key_exchange and offered == WELL_KNOWN_LINK_KEY:
        _exchange_link_key(pan, trust_centre, radio)
    _notify(radio, STATUS.Success, MODE.NwkSteering)


def _refused(radio: Coprocessor, others: list[Coprocessor]) -> None:
    if others:
        _associate(radio, others)
    elif not radio.online and radio.powered:
        radio.short = NO_SHORT
        radio.set_state(1)
        _notify(radio, STATUS.TCLKExFailure, MODE.NwkSteering)


def _accepted_keys(radio: Coprocessor) -> list[bytes]:
    """The preconfigured keys a joiner takes its network key under."""
    keys = [radio.own_key] if radio.own_key is not None and radio.key_mode else []
    if not radio.key_mode or radio.key_mode in _WITH_FALL_BACK:
        keys.append(WELL_KNOWN_LINK_KEY)
    return keys


def configured_key(mode: int, octets: bytes) -> bytes | None:
    """The preconfigured key a host sets: an install code with its CRC, or a key; None where it is neither."""
    if mode in _INSTALL_CODE_MODES:
        return install_code_key(octets)
    return octets if len(octets) == 16 else None


# -- on the air ----------------------------------------------------------------------------------------------


def _tap(pan: Pan | None, radio: Coprocessor, frame: MacFrame) -> None:
    taps = [pan.tap] if pan is not None else [other.tap for other in radio.air.pans.values()][:1]
    for tap in taps:
        if tap is not None:
            tap.raw(radio.air.now, frame.encode())


def _transport_network_key(pan: Pan, trust_centre: Coprocessor, radio: Coprocessor, short: int, key: bytes) -> None:
    network = pan.network
    command = bytes((ApsCommand.TRANSPORT_KEY, 1)) + network.network_key + bytes((network.key_sequence,))
    command += radio.identity[::-1] + trust_centre.identity[::-1]
    _protected_command(pan, trust_centre, radio, short, KeyKind.KEY_TRANSPORT, key_transport_key(key), command, key)


def _exchange_link_key(pan: Pan, trust_centre: Coprocessor, radio: Coprocessor) -> None:
    """The trust centre replaces the well-known key by one of this device's own."""
    new = radio.air.random.randbytes(16)
    command = bytes((ApsCommand.TRANSPORT_KEY, 4)) + new + radio.identity[::-1] + trust_centre.identity[::-1]
    former = WELL_KNOWN_LINK_KEY
    _protected_command(pan, trust_centre, radio, radio.short, KeyKind.KEY_LOAD, key_load_key(former), command, former)
    radio.link_keys[trust_centre.identity] = trust_centre.link_keys[radio.identity] = new
    pan.share_link_key(trust_centre.identity, radio.identity, new)


def _protected_command(
    pan: Pan,
    source: Coprocessor,
    target: Coprocessor,
    short: int,
    kind: KeyKind,
    derived: bytes,
    command: bytes,
    link_key: bytes,
) -> None:
    if pan.tap is None:
        return
    node = pan.network.node(source.identity)
    counter, node.aps_counter = node.aps_counter, (node.aps_counter + 1) & 0xFF
    sequence, node.network_sequence = node.network_sequence, (node.network_sequence + 1) & 0xFF
    link_sequence, node.mac_sequence = node.mac_sequence, (node.mac_sequence + 1) & 0xFF
    pan.network.preconfigured_keys[target.identity] = link_key
    frame_counter = pan.network.next_link_counter(source.identity, target.identity)
    aps = ApsFrame(ApsType.COMMAND, counter, profile=None, secured=True)
    auxiliary = Auxiliary(kind, frame_counter, source.identity)
    aps.payload = protect(derived, aps.header(), auxiliary, command, source.identity)
    network = NetworkFrame(NetworkType.DATA, short, source.short, sequence, aps.encode())
    mac = MacFrame(MacType.DATA, link_sequence, pan.network.pan_id, short, source.short, network.encode(), True)
    _tap(pan, source, mac)
