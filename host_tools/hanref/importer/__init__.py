# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces from anywhere: traces of runs, captures from any sniffer and logs of GBCS messages, together one story."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from han.clock import to_iso

from hanref.air.capture import is_capture
from hanref.air.keys import InstallCode, Keys, LinkKey, parse_install_code, parse_key
from hanref.errors import UsageError
from hanref.gbcs.keys import Keys as Parties
from hanref.gbcs.keys import load as load_parties
from hanref.importer import air, gbcs_log
from hanref.importer.tunnels import Carried
from hanref.importer.who import told_roles
from hanref.observed import Observed
from hanref.observed import load as load_observed
from hanref.run.messages import Entities, describe_message
from hanref.trace import Event, Trace
from hanref.trace.captured import CapturedTrace
from hanref.trace.frames_kept import Frames

Progress = Callable[[int, int], None]  # octets read, octets in all


@dataclass
class Given:
    """What the user knows: keys of the air, parties of GBCS messages, and who is who by address."""

    keys: Keys = field(default_factory=Keys)
    parties: Parties = field(default_factory=Parties)
    roles: dict[str, str] = field(default_factory=dict)
    observed: Observed = field(default_factory=Observed)
    observed_in: str = ""


def given(
    roles: Iterable[str] = (),
    keys: Iterable[str] = (),
    install_codes: Iterable[str] = (),
    files: Iterable[Path] = (),
    observed: Path | None = None,
) -> Given:
    """What the options --role, --key, --install-code, --keys and --observe say. Raises UsageError."""
    told = Given(roles=told_roles(roles))
    if observed is not None:
        told.observed, told.observed_in = load_observed(observed), str(observed)
    for path in files:
        if path.suffix == ".toml":
            _add(told.keys, Keys.read(path))
        else:
            told.parties = load_parties(path)
    for text in keys:
        key = parse_key(text, "--key")  # nobody says of which kind a key is: it is tried as both
        told.keys.network_keys.append(key)
        told.keys.link_keys.append(LinkKey(key))
    for text in install_codes:
        told.keys.install_codes.append(InstallCode(parse_install_code(text, "--install-code")))
    return told


def _add(keys: Keys, more: Keys) -> None:
    keys.network_keys += more.network_keys
    keys.link_keys += more.link_keys
    keys.install_codes += more.install_codes
    keys.addresses.update(more.addresses)
    keys.roles.update(more.roles)
    keys.pan_id = more.pan_id if more.pan_id is not None else keys.pan_id
    keys.extended_pan_id = more.extended_pan_id or keys.extended_pan_id


def read_all(paths: list[Path], told: Given | None = None, progress: Progress | None = None) -> Trace:
    """One trace of all files. Raises UsageError, naming the file, for one that is none of the three or is damaged."""
    told = told or Given()
    captures = [path for path in paths if is_capture(path)]
    logs = [path for path in paths if path not in captures and gbcs_log.is_log(path)]
    traces = [Trace.read(_trace(path)) for path in paths if path not in captures and path not in logs]
    if traces and not captures and not logs:
        return _with_observed(Trace.merge(traces), told)
    total = sum(path.stat().st_size for path in captures)
    found = None
    if captures:
        roles = {identity.hex(): role for identity, role in told.keys.roles.items()}
        told_progress = None if progress is None else lambda done: progress(done, total)
        found = air.read(captures, told.keys, {**roles, **told.roles}, told_progress)
    return _joined(paths, traces, found, [message for path in logs for message in gbcs_log.read(path)], told)


def _with_observed(trace: Trace, told: Given) -> Trace:
    """A trace with what a person saw and knows beside it."""
    if told.observed.device is not None:
        trace.header["dut"] = told.observed.device.model_dump()
    seen = told.observed.events(trace.start // 1000, told.observed_in)
    return Trace.merge([trace, Trace(trace.header, seen)]) if seen else trace


def _trace(path: Path) -> Path:
    """A path that may be a trace; what is none of the kinds hanref reads is said to be so."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise UsageError("%s: cannot be read: %s" % (path, error.strerror)) from None
    if not start:
        raise UsageError("%s: the file is empty" % path)
    if not start.lstrip().startswith(b"{"):
        raise UsageError("%s: is neither a trace, nor a capture (pcap, pcapng), nor a log of GBCS messages" % path)
    return path


def _joined(
    paths: list[Path], traces: list[Trace], found: air.Found | None, logged: list[gbcs_log.Logged], told: Given
) -> Trace:
    header: dict[str, Any] = {
        "title": ", ".join(path.name for path in paths),
        "files": [path.name for path in paths],
        "complete": False,
        "devices": {},
    }
    others = [event for trace in traces for event in trace.events]
    for trace in traces:
        header["devices"].update(trace.header.get("devices", {}))
    roles = _entities(found, logged, told)
    entities = Entities(roles)
    octets_seen = set()
    messages: list[gbcs_log.Logged | Carried] = [*logged, *(found.tunnels.messages if found is not None else [])]
    _check_told(told, found, messages)
    for message in messages:
        if message.octets in octets_seen:
            continue
        octets_seen.add(message.octets)
        others.append(_gbcs(message, entities, others, found))
    if found is not None:
        _describe_devices(header, found)
        header["capture"] = {"packets": found.packets, "frames": len(found.frames), "not opened": dict(found.closed)}
    for entity, role in roles.items():
        if role not in header["devices"] and role in ("chf", "gpf", "esme", "gsme", "ppmid"):
            header["devices"][role] = {"role": role, "identity": entity.hex(), "found": "takes its GBCS commands"}
    frames = found.frames.sorted() if found is not None else Frames()
    starts = [event.milliseconds for event in others] + ([frames.milliseconds(0)] if len(frames) else [])
    others += told.observed.events(min(starts, default=0) // 1000, told.observed_in)
    if told.observed.device is not None:
        header["dut"] = told.observed.device.model_dump()
    result = CapturedTrace(header, frames, others)
    header["start"] = to_iso(result.start // 1000)
    return result


def _check_told(told: Given, found: air.Found | None, messages: "list[gbcs_log.Logged | Carried]") -> None:
    """An address that is nowhere was mistyped: say so, and which are there."""
    for address in told.roles:
        if found is not None and found.knows(address):
            continue
        if any(bytes.fromhex(address) in message.octets for message in messages if len(address) == 16):
            continue
        there = sorted(found.seen) if found is not None else []
        raise UsageError("--role %s: nobody has this address; there are %s" % (address, ", ".join(there) or "none"))


def _gbcs(message: "gbcs_log.Logged | Carried", entities: Entities, others: list[Event], found: air.Found | None) -> Event:
    """A message as an event. One without a time stands with the ones before it."""
    milliseconds = message.milliseconds
    if milliseconds is None:
        milliseconds = others[-1].milliseconds if others else found.frames.milliseconds(0) if found and len(found.frames) else 0
    source, destination, content = describe_message({"octets": message.octets.hex()}, entities)
    return Event(0, milliseconds, source, destination, "gbcs", content)


def _entities(found: air.Found | None, logged: list[gbcs_log.Logged], told: Given) -> dict[bytes, str]:
    """Names of entities: as told, as in the key file, as on the air, as the use cases show."""
    names: dict[bytes, str] = {}
    carried = [message.octets for message in found.tunnels.messages] if found is not None else []
    for entity, role in gbcs_log.devices([message.octets for message in logged] + carried):
        names.setdefault(entity, role)
    if found is not None:
        for address, role in found.who.roles.items():
            if len(address) == 16:
                names[bytes.fromhex(address)] = "gpf" if role == "hub" else found.who.name(address, 0, "")
    for entity, party in told.parties.parties.items():
        if party.role:
            names[entity] = party.role
    for address, role in told.roles.items():
        if len(address) == 16:
            names[bytes.fromhex(address)] = "gpf" if role == "hub" else role
    return names


def _describe_devices(header: dict[str, Any], found: air.Found) -> None:
    named = {name: address for (address, _), name in found.who.names.items()}
    present = {name for shape in found.frames.shapes for name in (shape.source, shape.destination) if name}
    for name in sorted(present):
        address = named.get(name)
        if address is None:
            header["devices"][name] = {"role": "unknown", "identity": name, "found": "nothing shows what it is"}
            continue
        radio = found.seen[address]
        header["devices"][name] = {
            "role": name.partition(".")[0],
            "identity": address,
            "address": None if radio.short is None else "0x%04x" % radio.short,
            "found": found.who.reasons.get(address, ""),
        }
