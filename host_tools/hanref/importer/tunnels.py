# SPDX-License-Identifier: GPL-3.0-or-later
"""GBCS messages that travel through tunnels on the HAN [GBCS 10.2; ZSE 7]."""

from typing import Any, NamedTuple

from hanref.trace.tunnels import message_in

_KEPT = 50_000  # messages; a capture of weeks has thousands


class Carried(NamedTuple):
    """A message in a tunnel: when (milliseconds since 2000), between which addresses, its octets."""

    milliseconds: int
    source: str | None
    destination: str | None
    octets: bytes


class Tunnels:
    """Gathers the messages, each once: what is sent again has the same octets."""

    def __init__(self) -> None:
        self.messages: list[Carried] = []
        self._seen: set[bytes] = set()

    def take(self, milliseconds: int, source: str | None, destination: str | None, said: dict[str, Any]) -> None:
        """A frame of the Tunneling cluster, as `describe` tells it."""
        if said.get("command") != "transfer_data" or len(self.messages) >= _KEPT:
            return
        data = (said.get("fields") or {}).get("data")
        message = message_in(bytes.fromhex(data)) if isinstance(data, str) else None
        if message is not None and message not in self._seen:
            self._seen.add(message)
            self.messages.append(Carried(milliseconds, source, destination, message))

    def rename(self, addresses: dict[str, str]) -> None:
        """Other addresses for radios that were not known at first."""
        self.messages = [
            carried._replace(
                source=addresses.get(carried.source or "", carried.source),
                destination=addresses.get(carried.destination or "", carried.destination),
            )
            for carried in self.messages
        ]
