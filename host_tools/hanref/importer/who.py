# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who in a capture: found from addresses, endpoints, clusters and what each device says, or told.

The hub is the coordinator, and on it the Communications Hub Function and the Gas Proxy Function are told apart by
endpoint: the first serves time, tunnels and images, the second metering, prices, prepayment and device management
[ZSE 3, 11]. A meter serves metering; the gas meter is the one that pushes to a mirror. A display only asks.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hanref.air.keys import parse_identity
from hanref.errors import UsageError
from hanref.trace.frames_kept import Shape

ROLES = ("hub", "chf", "gpf", "esme", "gsme", "ihd", "ppmid")

_METERING, _TUNNELING, _PREPAYMENT = "0702", "0704", "0705"
_OF_CHF = frozenset(("000A", "0019", "0025", "0704", "0800", "070A", "070B"))
_OF_GPF = frozenset(("0700", "0702", "0703", "0705", "0707", "0708", "0709"))
_MIRROR_ASKS = frozenset(("request_mirror", "configure_mirror", "remove_mirror"))
_MIRROR_ANSWERS = frozenset(("request_mirror_response", "mirror_report_attribute_response", "mirror_removed"))
_PREPAYMENT_ACTS = frozenset(("consumer_top_up", "select_available_emergency_credit", "change_supply"))

# Device identifiers of simple descriptors [ZSE 3], and values of MeteringDeviceType [ZSE 5].
_DEVICE_IDS = {0x0502: "ihd", 0x0506: "ppmid", 0x0508: "hub"}
_ELECTRIC, _GAS = 0, 1


@dataclass
class Seen:
    """What a capture shows of one radio. Its address is the EUI-64 in hex, or `0x1234@pan` where that stays unknown."""

    address: str
    short: int | None = None
    device_ids: set[int] = field(default_factory=set)
    device_types: set[int] = field(default_factory=set)
    serves: Counter[tuple[str, str]] = field(default_factory=Counter)
    asks: Counter[tuple[str, str]] = field(default_factory=Counter)
    endpoints: dict[int, Counter[str]] = field(default_factory=dict)  # clusters it serves there


@dataclass
class Who:
    """Role by address, and in words how each was found out."""

    roles: dict[str, str]
    reasons: dict[str, str]
    endpoints: dict[str, dict[int, Counter[str]]]
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def name(self, address: str, endpoint: int, cluster: str) -> str:
        """The name of a device in the trace: `esme`, `ihd.2`, or the address of a radio nobody knows the role of."""
        role = self.roles.get(address)
        if role is None:
            return address
        if role == "hub":
            role = self._function(address, endpoint, cluster)
        return self._named(address, role)

    def _named(self, address: str, role: str) -> str:
        name = self.names.get((address, role))
        if name is None:
            others = sum(1 for _, other in self.names if other == role)
            name = self.names[(address, role)] = role if not others else "%s.%d" % (role, others + 1)
        return name

    def _function(self, address: str, endpoint: int, cluster: str) -> str:
        """`chf` or `gpf`: by the clusters the endpoint serves, or by the frame's where it serves those of both or none."""
        clusters = self.endpoints.get(address, {}).get(endpoint) or Counter()
        of_chf, of_gpf = _OF_CHF & clusters.keys(), _OF_GPF & clusters.keys()
        if of_gpf and not of_chf:
            return "gpf"
        if of_chf and not of_gpf:
            return "chf"
        return "chf" if cluster in _OF_CHF else "gpf"


def told_roles(options: Iterable[str]) -> dict[str, str]:
    """Role by address of options ADDRESS=ROLE: an EUI-64 in hex, or a short address as 0x1234. Raises UsageError."""
    told = {}
    for option in options:
        address, equals, role = option.partition("=")
        role = role.strip().lower()
        if not equals or role not in ROLES:
            raise UsageError("--role %s: write ADDRESS=ROLE, the role one of %s" % (option, ", ".join(ROLES)))
        told[_address(address.strip(), "--role %s" % option)] = role
    return told


def _address(text: str, where: str) -> str:
    digits = text.lower().removeprefix("0x")
    if len(digits) <= 4:
        try:
            return "0x%04x" % int(digits, 16)
        except ValueError:
            raise UsageError("%s: %r is no address: an EUI-64 or a short address in hex" % (where, text)) from None
    return parse_identity(digits, where).hex()


def find(seen: dict[str, Seen], shapes: Iterable[tuple[Shape, int]], told: dict[str, str]) -> Who:
    """Roles of the radios in `seen`; sources and destinations of `shapes` (with the number of their frames) are addresses."""
    for shape, count in shapes:
        _note(seen, shape, count)
    roles: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for address, radio in seen.items():
        given = told.get(address) or (told.get("0x%04x" % radio.short) if radio.short is not None else None)
        if given:
            roles[address], reasons[address] = given, "told"
    hub = _hub(seen)
    if hub is not None and hub not in roles and not {"hub", "chf", "gpf"} & set(roles.values()):
        roles[hub] = "hub"
        reasons[hub] = "coordinator" if seen[hub].short == 0 else "answers a gas meter as its mirror"
    for address, radio in seen.items():
        if address not in roles:
            found = _role(radio)
            if found is not None:
                roles[address], reasons[address] = found
    return Who(roles, reasons, {address: radio.endpoints for address, radio in seen.items()})


def _note(seen: dict[str, Seen], shape: Shape, count: int) -> None:
    to_client = shape.direction == "server_to_client"
    key = (shape.cluster, shape.command)
    if shape.source is not None:
        radio = seen.setdefault(shape.source, Seen(shape.source))
        (radio.serves if to_client else radio.asks)[key] += count
        if to_client:
            radio.endpoints.setdefault(shape.source_endpoint, Counter())[shape.cluster] += count
    if shape.destination is not None:
        radio = seen.setdefault(shape.destination, Seen(shape.destination))
        if not to_client:
            radio.endpoints.setdefault(shape.destination_endpoint, Counter())[shape.cluster] += count


def _hub(seen: dict[str, Seen]) -> str | None:
    coordinators = [address for address, radio in seen.items() if radio.short == 0]
    if coordinators:
        return max(coordinators, key=lambda address: _weight(seen[address]))
    for address, radio in seen.items():
        if _says(radio, _MIRROR_ANSWERS):
            return address
    return None


def _weight(radio: Seen) -> int:
    return sum(radio.serves.values()) + sum(radio.asks.values())


def _says(radio: Seen, commands: frozenset[str]) -> bool:
    return any(command in commands for _, command in [*radio.serves, *radio.asks])


def _role(radio: Seen) -> tuple[str, str] | None:
    for device_id, role in _DEVICE_IDS.items():
        if device_id in radio.device_ids:
            return role, "simple descriptor says device 0x%04X" % device_id
    if _says(radio, _MIRROR_ASKS) or _GAS in radio.device_types:
        return "gsme", "asks for a mirror" if _says(radio, _MIRROR_ASKS) else "metering device type is gas"
    if _ELECTRIC in radio.device_types:
        return "esme", "metering device type is electric"
    serves = {cluster for cluster, _ in radio.serves}
    pushes = radio.serves[(_METERING, "report_attributes")]
    answers = radio.serves[(_METERING, "read_attributes_response")]
    if _METERING in serves or serves & {"0708", "0700"}:
        if pushes > answers:
            return "gsme", "pushes metering values and is hardly asked"
        return "esme", "serves metering or device management and is no hub"
    if _PREPAYMENT in serves or _says(radio, _PREPAYMENT_ACTS):
        return "ppmid", "takes part in prepayment and serves no metering"
    if any(_TUNNELING in clusters for clusters in radio.endpoints.values()):
        return "ppmid", "has a tunnel for GBCS messages and serves no metering"  # an IHD takes none
    if any(cluster in ("0700", "0702", "0705", "0708") for cluster, _ in radio.asks):
        return "ihd", "asks meters and serves none"
    return None
