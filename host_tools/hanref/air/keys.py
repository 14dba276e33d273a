# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a run or a capture: `keys.toml`, and the lines Wireshark and tshark read frames with."""

import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hanref.air.hashes import KEY_OCTETS, install_code_key, install_code_with_crc
from hanref.air.network import Network
from hanref.errors import UsageError

_HEADING = """\
# Test keys of one run of hanref. They open this run's air.pcapng and protect nothing else.
# Wireshark: put the lines below, without the leading "# ", into the file zigbee_pc_keys of your profile
# (or into Edit > Preferences > Protocols > ZigBee > Pre-configured Keys), then open air.pcapng.
"""

BOARD_ROLES = ("hub", "esme", "gsme", "ihd", "ppmid")


@dataclass
class LinkKey:
    """An APS link key of two devices; `devices` is empty where nobody said whose it is."""

    key: bytes
    devices: tuple[bytes, ...] = ()


@dataclass
class InstallCode:
    """The install code of a device, its CRC included; `device` is None where nobody said whose it is."""

    code: bytes
    device: bytes | None = None

    @property
    def key(self) -> bytes:
        """The preconfigured link key made from the code."""
        return install_code_key(self.code)


@dataclass
class Keys:
    """Everything that opens the frames of a network."""

    network_keys: list[bytes] = field(default_factory=list)
    link_keys: list[LinkKey] = field(default_factory=list)
    install_codes: list[InstallCode] = field(default_factory=list)
    pan_id: int | None = None
    extended_pan_id: bytes | None = None
    addresses: dict[bytes, int] = field(default_factory=dict)
    roles: dict[bytes, str] = field(default_factory=dict)  # what a radio is: of a run, where no frame need tell

    @classmethod
    def of(cls, network: Network) -> "Keys":
        """The keys a network has used so far."""
        return cls(
            [network.network_key],
            [LinkKey(key, tuple(sorted(pair))) for pair, key in network.link_keys.items()],
            [InstallCode(code, device) for device, code in network.install_codes.items()],
            network.pan_id,
            network.extended_pan_id,
            {node.identity: node.short for node in network.nodes.values()},
        )

    @classmethod
    def read(cls, path: Path | str) -> "Keys":
        """The keys of a keys.toml. Raises UsageError, naming file and field, for anything it does not hold."""
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: no TOML: {error}") from error
        return _Reader(str(path)).keys(document)

    def write(self, path: Path | str) -> None:
        """Write keys.toml, readable by its owner alone; a file that was there is replaced whole.

        Raises UsageError where it cannot be written.
        """
        target = Path(path)
        try:
            handle, name = tempfile.mkstemp(dir=target.parent, prefix="." + target.name)  # mode 0600
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(self.toml())
                os.replace(name, target)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error

    def toml(self) -> str:
        """The text of keys.toml."""
        lines = [_HEADING + "".join(f"# {line}\n" for line in self.wireshark_lines()), "[network]\n"]
        if self.pan_id is not None:
            lines.append(f'pan_id = "0x{self.pan_id:04x}"\n')
        if self.extended_pan_id is not None:
            lines.append(f'extended_pan_id = "{self.extended_pan_id.hex()}"\n')
        lines.append("keys = [{}]\n".format(", ".join(f'"{key.hex()}"' for key in self.network_keys)))
        for device, short in sorted(self.addresses.items(), key=lambda item: item[1]):
            lines.append(f'\n[[node]]\ndevice = "{device.hex()}"\naddress = "0x{short:04x}"\n')
            if device in self.roles:
                lines.append(f'role = "{self.roles[device]}"\n')
        for link in sorted(self.link_keys, key=lambda link: link.devices):
            devices = ", ".join(f'"{device.hex()}"' for device in link.devices)
            lines.append(f'\n[[link]]\ndevices = [{devices}]\nkey = "{link.key.hex()}"\n')
        for entry in self.install_codes:
            lines.append("\n[[install_code]]\n")
            if entry.device is not None:
                lines.append(f'device = "{entry.device.hex()}"\n')
            lines.append(f'code = "{entry.code.hex()}"\n')
        return "".join(lines)

    def wireshark_lines(self) -> list[str]:
        """A line a key, as the file `zigbee_pc_keys` and `-o uat:zigbee_pc_keys:LINE` take it."""
        lines = [f'"{key.hex()}","Normal","network key"' for key in self.network_keys]
        for link in sorted(self.link_keys, key=lambda link: link.devices):
            label = " ".join(device.hex() for device in link.devices)
            lines.append('"{}","Normal","link key {}"'.format(link.key.hex(), label or "of unnamed devices"))
        for entry in self.install_codes:
            label = entry.device.hex() if entry.device else "of an unnamed device"
            lines.append(f'"{entry.key.hex()}","Normal","install code {label}"')
        return list(dict.fromkeys(lines))

    def tshark_options(self) -> list[str]:
        """The options that make tshark read these frames."""
        return [part for line in self.wireshark_lines() for part in ("-o", "uat:zigbee_pc_keys:" + line)]


def parse_key(text: str, where: str) -> bytes:
    """A key of 16 octets from hex. Raises UsageError, which does not show it, naming `where`."""
    return _octets(text, where, (KEY_OCTETS,))


def parse_identity(text: str, where: str) -> bytes:
    """An EUI-64 of 8 octets from hex, most significant first. Raises UsageError naming `where`."""
    return _octets(text, where, (8,))


def parse_install_code(text: str, where: str) -> bytes:
    """An install code with its CRC from hex with or without. Raises UsageError naming `where`."""
    code = _octets(text, where, (6, 8, 10, 12, 14, 16, 18))
    try:
        return install_code_with_crc(code)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _octets(text: object, where: str, lengths: tuple[int, ...]) -> bytes:
    wanted = " or ".join(str(length) for length in lengths)
    if not isinstance(text, str):
        raise UsageError(f"{where}: hex text of {wanted} octets expected")
    try:
        octets = bytes.fromhex(text.replace(":", "").replace("-", ""))
    except ValueError:
        raise UsageError(f"{where}: not hex, {wanted} octets of it expected") from None
    if len(octets) not in lengths:
        raise UsageError(f"{where}: {len(octets)} octets, {wanted} expected")
    return octets


class _Reader:
    """Reads the tables of one keys.toml and names the field that is wrong."""

    _DOCUMENT = frozenset(("network", "node", "link", "install_code"))
    _NETWORK = frozenset(("pan_id", "extended_pan_id", "keys"))
    _NODE = frozenset(("device", "address", "role"))
    _LINK = frozenset(("devices", "key"))
    _INSTALL_CODE = frozenset(("device", "code"))

    def __init__(self, path: str) -> None:
        self._path = path

    def keys(self, document: dict[str, Any]) -> Keys:
        self._only(document, self._DOCUMENT, "")
        network = document.get("network", {})
        if not isinstance(network, dict):
            raise UsageError(f"{self._path}: network: a table expected")
        self._only(network, self._NETWORK, "network.")
        keys = Keys()
        if "pan_id" in network:
            keys.pan_id = self._number(network["pan_id"], "network.pan_id")
        if "extended_pan_id" in network:
            keys.extended_pan_id = parse_identity(network["extended_pan_id"], self._where("network.extended_pan_id"))
        for index, text in enumerate(self._list(network, "keys", "network.keys")):
            keys.network_keys.append(parse_key(text, self._where(f"network.keys[{index}]")))
        for where, table in self._tables(document, "node", self._NODE):
            device = parse_identity(table.get("device", ""), self._where(where + ".device"))
            keys.addresses[device] = self._number(table.get("address"), where + ".address")
            if "role" in table:
                keys.roles[device] = self._role(table["role"], where + ".role")
        for where, table in self._tables(document, "link", self._LINK):
            devices = tuple(
                parse_identity(text, self._where(f"{where}.devices[{index}]"))
                for index, text in enumerate(self._list(table, "devices", where + ".devices"))
            )
            keys.link_keys.append(LinkKey(parse_key(table.get("key", ""), self._where(where + ".key")), devices))
        for where, table in self._tables(document, "install_code", self._INSTALL_CODE):
            owner = None
            if "device" in table:
                owner = parse_identity(table["device"], self._where(where + ".device"))
            keys.install_codes.append(
                InstallCode(parse_install_code(table.get("code", ""), self._where(where + ".code")), owner)
            )
        return keys

    def _where(self, name: str) -> str:
        return f"{self._path}: {name}"

    def _only(self, table: dict[str, Any], known: frozenset[str], prefix: str) -> None:
        for name in table:
            if name not in known:
                names = ", ".join(sorted(known))
                raise UsageError(f"{self._where(prefix + name)}: no field of that name, known are {names}")

    def _number(self, value: object, name: str) -> int:
        try:
            number = value if isinstance(value, int) else int(str(value), 0)
        except ValueError:
            number = -1
        if isinstance(value, bool) or not 0 <= number <= 0xFFFF:
            raise UsageError(f"{self._where(name)}: a number from 0x0000 to 0xffff expected")
        return number

    def _role(self, value: object, name: str) -> str:
        if value not in BOARD_ROLES:
            raise UsageError("%s: one of %s expected" % (self._where(name), ", ".join(BOARD_ROLES)))
        return str(value)

    def _list(self, table: dict[str, Any], name: str, where: str) -> list[Any]:
        value = table.get(name, [])
        if not isinstance(value, list):
            raise UsageError(f"{self._where(where)}: a list expected")
        return value

    def _tables(self, document: dict[str, Any], name: str, known: frozenset[str]) -> list[tuple[str, dict[str, Any]]]:
        tables = self._list(document, name, name)
        result = []
        for index, table in enumerate(tables):
            where = f"{name}[{index}]"
            if not isinstance(table, dict):
                raise UsageError(f"{self._where(where)}: a table expected")
            self._only(table, known, where + ".")
            result.append((where, table))
        return result
