# SPDX-License-Identifier: GPL-3.0-or-later
"""The non-volatile memory of a simulated co-processor: its items, and the network state that lies in them.

The layouts are those of zigpy-znp's structures, aligned as on a CC26x2.
"""

import json
import os
from pathlib import Path

import zigpy_znp.types as t
from zigpy_znp.types.nvids import ExNvIds, OsalNvIds

from hanref.errors import UsageError

NO_CHANNEL = 0
_UNFORMED_SHORT = 0xFFFE
_SECURITY_MATERIALS = 4
_ADDRESSES = 16
_LINK_KEYS = 16
_CONFIGURATION: dict[int, bytes] = {
    OsalNvIds.STARTUP_OPTION: b"\x00",
    OsalNvIds.LOGICAL_TYPE: b"\x00",
    OsalNvIds.PANID: b"\xff\xff",
    OsalNvIds.EXTENDED_PAN_ID: b"\xff" * 8,
    OsalNvIds.APS_USE_EXT_PANID: bytes(8),
    OsalNvIds.CHANLIST: t.Channels.ALL_CHANNELS.serialize(),
    OsalNvIds.PRECFGKEYS_ENABLE: b"\x01",
    OsalNvIds.ZDO_DIRECT_CB: b"\x00",
    OsalNvIds.CONCENTRATOR_ENABLE: b"\x00",
    OsalNvIds.CONCENTRATOR_DISCOVERY: b"\x3c",
    OsalNvIds.CONCENTRATOR_RC: b"\x00",
    OsalNvIds.SRC_RTG_EXPIRY_TIME: b"\x0a",
    OsalNvIds.NWK_CHILD_AGE_ENABLE: b"\x01",
    OsalNvIds.BCAST_DELIVERY_TIME: b"\x14",
    OsalNvIds.APS_LINK_KEY_TABLE: bytes(2 + 6 * _LINK_KEYS),
}
_KEPT_OVER_A_CLEAR = (OsalNvIds.EXTADDR,)
EMPTY_IDENTITY = t.EUI64.convert("ff:ff:ff:ff:ff:ff:ff:ff")
NO_IDENTITY = t.EUI64.convert("00:00:00:00:00:00:00:00")


class NonVolatile:
    """Items by number, and by (system, item, sub-item) in the newer tables; values are octets.

    `path` is a file the items are kept in, None for a memory that ends with the process.
    """

    def __init__(self, identity: bytes, path: Path | None = None) -> None:
        self._path = path
        self.items: dict[int, bytes] = {}
        self.tables: dict[tuple[int, int, int], bytes] = {}
        self.identity = identity
        if path is not None and path.exists():
            self._load(path)
        if OsalNvIds.NIB not in self.items:
            self.clear()

    def clear(self) -> None:
        """Back to the state of a new part; its EUI-64 stays."""
        kept = {item: self.items[item] for item in _KEPT_OVER_A_CLEAR if item in self.items}
        self.items = {int(item): value for item, value in _CONFIGURATION.items()}
        self.items[OsalNvIds.EXTADDR] = self.identity[::-1]
        self.items.update(kept)
        self.items[OsalNvIds.PRECFGKEY] = bytes(16)
        self.tables = {}
        self.leave()

    def leave(self) -> None:
        """Forget the network, keep the configuration."""
        self.items[OsalNvIds.BDBNODEISONANETWORK] = b"\x00"
        self.items[OsalNvIds.TCLK_SEED] = bytes(16)
        self.key = t.NwkKeyDesc(KeySeqNum=0, Key=t.KeyData(bytes(16)))
        self.nib = empty_nib()
        address = t.AddrMgrEntry(type=t.AddrMgrUserType(0xFF), nwkAddr=0xFFFF, extAddr=EMPTY_IDENTITY)
        for index in range(_ADDRESSES):
            self.tables[(1, ExNvIds.ADDRMGR, index)] = address.serialize(align=True)
        self.set_frame_counter(EMPTY_IDENTITY, 0)

    @property
    def nib(self) -> t.NIB:
        """The network information block; that of a part on no network where a host has spoiled it."""
        try:
            return t.NIB.deserialize(self.items.get(OsalNvIds.NIB, b""), align=True)[0]
        except ValueError:
            return empty_nib()

    @nib.setter
    def nib(self, nib: t.NIB) -> None:
        self.items[OsalNvIds.NIB] = nib.serialize(align=True)

    @property
    def key(self) -> t.NwkKeyDesc:
        """The network key in use, with its sequence number; zeros where a host has spoiled it."""
        try:
            return t.NwkKeyDesc.deserialize(self.items.get(OsalNvIds.NWK_ACTIVE_KEY_INFO, b""), align=True)[0]
        except ValueError:
            return t.NwkKeyDesc(KeySeqNum=0, Key=t.KeyData(bytes(16)))

    @key.setter
    def key(self, key: t.NwkKeyDesc) -> None:
        self.items[OsalNvIds.NWK_ACTIVE_KEY_INFO] = key.serialize(align=True)
        self.items[OsalNvIds.NWK_ALTERN_KEY_INFO] = key.serialize(align=True)

    def set_frame_counter(self, extended_pan_id: t.EUI64, counter: int) -> None:
        """The frame counter of a network; the other places of the table become empty."""
        for index in range(_SECURITY_MATERIALS):
            entry = t.NwkSecMaterialDesc(
                FrameCounter=0 if index else counter, ExtendedPanID=NO_IDENTITY if index else extended_pan_id
            )
            self.tables[(1, ExNvIds.NWK_SEC_MATERIAL_TABLE, index)] = entry.serialize(align=True)

    def configured(self, item: int) -> bytes:
        """A configuration item of the length it ought to have; its value as new where a host has spoiled it."""
        usual = _CONFIGURATION.get(item, bytes(16))
        value = self.items.get(item, usual)
        return value if len(value) == len(usual) else usual

    @property
    def on_a_network(self) -> bool:
        """Whether a start takes up a network."""
        return self.items.get(OsalNvIds.BDBNODEISONANETWORK) == b"\x01" and self.nib.nwkLogicalChannel != NO_CHANNEL

    def save(self) -> None:
        """Keep the items in the file, where there is one; it holds keys, so only its owner may read it."""
        if self._path is None:
            return
        document = {
            "items": {f"{item:04x}": value.hex() for item, value in sorted(self.items.items())},
            "tables": {" ".join(f"{part:x}" for part in key): value.hex() for key, value in sorted(self.tables.items())},
        }
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(document, file, indent=1)
            temporary.replace(self._path)
        except OSError as error:
            raise UsageError(f"{self._path}: cannot be written: {error.strerror}") from error

    def _load(self, path: Path) -> None:
        try:
            document = json.loads(path.read_text())
            self.items = {int(item, 16): bytes.fromhex(value) for item, value in document["items"].items()}
            for key, value in document["tables"].items():
                system, item, sub = (int(part, 16) for part in key.split())
                self.tables[(system, item, sub)] = bytes.fromhex(value)
            self.identity = self.items[OsalNvIds.EXTADDR][::-1]
            if len(self.identity) != 8 or self.nib is None:
                raise ValueError("no EUI-64")
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: not the memory of a co-processor: {error}") from error


def empty_nib() -> t.NIB:
    """The network information block of a part that is on no network."""
    values = {field.name: _zero(field.type) for field in t.NIB.fields}
    values |= {
        "BroadcastDeliveryTime": t.uint8_t(30),
        "SecurityLevel": t.uint8_t(5),
        "nwkProtocolVersion": t.uint8_t(2),
        "nwkDevAddress": t.NWK(_UNFORMED_SHORT),
        "nwkCoordAddress": t.NWK(_UNFORMED_SHORT),
        "nwkPanId": t.uint16_t(0xFFFF),
        "beaconOrder": t.uint8_t(15),
        "superFrameOrder": t.uint8_t(15),
    }
    return t.NIB(**values)


def _zero(kind: type) -> object:
    if issubclass(kind, t.NwkKeyDesc):
        return t.NwkKeyDesc(KeySeqNum=0, Key=t.KeyData(bytes(16)))
    if issubclass(kind, t.EUI64):
        return NO_IDENTITY
    return kind(0)
