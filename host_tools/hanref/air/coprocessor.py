# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Z-Stack co-processor: its serial side and its state. The commands are in the modules `commands_*`.

Frames are zigpy-znp's, so that this side and the firmware's driver share nothing but what both were written from.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zigpy_znp.commands as c
import zigpy_znp.types as t
from zigpy_znp.commands import COMMANDS_BY_ID
from zigpy_znp.exceptions import InvalidFrame
from zigpy_znp.frames import GeneralFrame, TransportFrame
from zigpy_znp.types.nvids import OsalNvIds

from hanref.air.nonvolatile import NonVolatile

if TYPE_CHECKING:
    from hanref.air.simulation import Air, Pan

Command = Any  # zigpy-znp makes its command classes while it runs
Handler = Callable[["Coprocessor", Command], Command | None]

COORDINATOR, ROUTER, END_DEVICE = 0, 1, 2
NO_SHORT = 0xFFFE
DEFAULT_POLL = 3000  # milliseconds
_FRAME_OVERHEAD = 5
_NOT_CONNECTED = 1
_AWAKE_AFTER_SENDING = 2000  # an end device polls fast while it may be answered
_FAST_POLL = 100

HANDLERS: dict[Any, Handler] = {}


def answers(*requests: Any) -> Callable[[Handler], Handler]:
    """Register a function for requests of these kinds; it returns the answer, or None for none."""

    def register(handler: Handler) -> Handler:
        for request in requests:
            HANDLERS[request] = handler
        return handler

    return register


class Coprocessor:
    """One radio with its serial line. `write` takes what it sends to its host.

    What survives a reset is in `memory`; everything else is as after power-on.
    """

    def __init__(self, air: Air, identity: bytes, memory: Path | None = None) -> None:
        self.air = air
        self.memory = NonVolatile(identity, memory)
        self.write: Callable[[bytes], None] = lambda octets: None
        self.powered = True
        self.in_reach = True
        self.octets_in = 0
        self.octets_out = 0
        self.refused: list[str] = []  # requests of the host that no handler knows
        self._buffer = b""
        self.install_codes: dict[bytes, bytes] = {}  # EUI-64 of an expected joiner -> its preconfigured key
        self.link_keys: dict[bytes, bytes] = {}
        self._start()

    def _start(self) -> None:
        """Everything that is lost with power."""
        self.pan: Pan | None = None
        self.online = False
        self.known_as: bytes | None = None  # EUI-64 on the network it is on
        self.short = NO_SHORT
        self.parent: Coprocessor | None = None
        self.state = t_state(0)
        self.endpoints: dict[int, Command] = {}
        self.zdo_callbacks: set[int] = set()
        self.channels = int(t.Channels.ALL_CHANNELS)
        self.only_install_codes = False
        self.require_key_exchange = True
        self.key_mode = 0
        self.own_key: bytes | None = None
        self.open_until = 0
        self.poll_rate = DEFAULT_POLL
        self.polled_since = self.air.now
        self.fast_until = 0
        self.stored = bytearray()  # a long message that its host hands over in pieces
        self.pending: Command | None = None
        self.long_messages: dict[int, bytes] = {}
        self.waiting: list[Callable[[], None]] = []  # what a parent keeps for it while it sleeps
        self.duplicates: dict[tuple[bytes, int], int] = {}
        self.zdo_sequence = 0
        self.bindings: list[bytes] = []

    @property
    def identity(self) -> bytes:
        """Its EUI-64, most significant octet first. A new one counts on the next network it joins."""
        if self.online and self.known_as is not None:
            return self.known_as
        return self.memory.items[OsalNvIds.EXTADDR][::-1]

    @property
    def role(self) -> int:
        """Coordinator 0, router 1, end device 2."""
        role = self.memory.configured(OsalNvIds.LOGICAL_TYPE)[0]
        return role if role <= END_DEVICE else COORDINATOR

    @property
    def hears(self) -> bool:
        """Whether its radio is there at all."""
        return self.powered and self.in_reach

    # -- serial side ----------------------------------------------------------------------------------------

    def feed(self, octets: bytes) -> None:
        """Octets from the host, in any pieces."""
        self.octets_in += len(octets)
        if not self.powered:
            return
        self._buffer += octets
        while (start := self._buffer.find(TransportFrame.SOF)) >= 0:
            self._buffer = self._buffer[start:]
            if len(self._buffer) < 2:
                return
            length = self._buffer[1] + _FRAME_OVERHEAD
            if self._buffer[1] <= 250 and len(self._buffer) < length:
                return
            try:
                frame, _ = TransportFrame.deserialize(self._buffer[:length])
            except InvalidFrame:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[length:]
            self._handle(frame.payload)
        self._buffer = b""

    def tell(self, command: Command) -> None:
        """Send an answer or an indication to the host."""
        self.tell_frame(command.to_frame(align=True))

    def tell_frame(self, frame: GeneralFrame) -> None:
        """Send a frame to the host; a part without power says nothing."""
        if not self.powered:
            return
        octets = TransportFrame(frame).serialize()
        self.octets_out += len(octets)
        self.write(octets)

    def _handle(self, frame: GeneralFrame) -> None:
        kind = COMMANDS_BY_ID.get(frame.header)
        handler = HANDLERS.get(kind)
        if handler is None or kind is None:
            self.refuse(frame.header, c.rpc_error.ErrorCode.InvalidCommandId)
            return
        try:
            request = kind.from_frame(frame, align=True)
        except ValueError:
            request = self._without_data(kind, frame)
            if request is None:
                self.refuse(frame.header, c.rpc_error.ErrorCode.InvalidLength)
                return
        answer = handler(self, request)
        if answer is not None:
            self.tell(answer)

    def _without_data(self, kind: Any, frame: GeneralFrame) -> Command | None:
        """A data request whose length is told but whose octets are stored before or after it."""
        if kind is not c.AF.DataRequestExt.Req or len(frame.data) < 2:
            return None
        length = int.from_bytes(frame.data[-2:], "little")
        head = bytes(frame.data[:-2]) + b"\x00\x00"
        try:
            request = kind.from_frame(GeneralFrame(frame.header, t.Bytes(head)))
        except ValueError:
            return None
        self.expected_length = length
        return request.replace(Data=t.LongBytes(bytes(length)))

    expected_length = 0  # of the data request under way; 0 where its octets came with it

    def refuse(self, header: t.CommandHeader, code: Any) -> None:
        """Say that a request is not known."""
        self.refused.append(f"{header.cmd0:02X} {header.id:02X}")
        self.tell(c.RPCError.CommandNotRecognized.Rsp(ErrorCode=code, RequestHeader=header))

    # -- power and network -----------------------------------------------------------------------------------

    def reset(self, reason: Any = None) -> None:
        """Start again, as after a reset request; the network is taken up when the host says so."""
        self.offline()
        option = self.memory.configured(OsalNvIds.STARTUP_OPTION)[0]
        if option & int(t.StartupOptions.ClearConfig):
            self.memory.clear()
            self.link_keys.clear()
        elif option & int(t.StartupOptions.ClearState):
            self.memory.leave()
            self.link_keys.clear()
        self.memory.items[OsalNvIds.STARTUP_OPTION] = b"\x00"
        self.install_codes.clear()
        self._start()
        self.memory.save()
        self.tell(
            c.SYS.ResetInd.Callback(
                Reason=t.ResetReason.PowerUp if reason is None else reason,
                TransportRev=2,
                ProductId=1,
                MajorRel=2,
                MinorRel=7,
                MaintRel=1,
            )
        )

    def power(self, on: bool) -> None:
        """Power comes or goes."""
        if on == self.powered:
            return
        if on:
            self.powered = True
            self._buffer = b""
            self.reset()
        else:
            self.offline()
            self.powered = False

    def offline(self) -> None:
        """Off the air; what it remembers of the network stays."""
        if self.pan is not None:
            self.pan.members.pop(self.short, None)
            self.air.gone(self)
        self.online = False
        self.open_until = 0

    def leave(self) -> None:
        """Leave the network for good."""
        pan, short = self.pan, self.short
        if pan is None or not self.online:
            return
        self.offline()
        self.memory.leave()
        self.memory.save()
        self.link_keys.clear()
        self.set_state(_NOT_CONNECTED)
        for other in (self, pan.coordinator):
            if other is not None:
                other.tell(
                    c.ZDO.LeaveInd.Callback(
                        NWK=short, IEEE=address_of(self.identity), Request=False, Remove=False, Rejoin=False
                    )
                )

    def open(self, seconds: int) -> None:
        """Let joiners in for so long; 0 closes the window."""
        self.open_until = self.air.now + 1000 * seconds
        if self.role == COORDINATOR:
            self.tell(c.ZDO.PermitJoinInd.Callback(Duration=seconds))
            if seconds:
                self.air.schedule(1000 * seconds, self._window_ends)

    def set_channel(self, channel: int) -> None:
        """The network has moved."""
        nib = self.memory.nib
        self.memory.nib = nib.replace(nwkLogicalChannel=t.uint8_t(channel), nwkUpdateId=t.uint8_t(nib.nwkUpdateId + 1 & 0xFF))
        self.memory.save()

    def _window_ends(self) -> None:
        if self.online and 0 < self.open_until <= self.air.now:
            self.open_until = 0
            self.tell(c.ZDO.PermitJoinInd.Callback(Duration=0))

    def set_state(self, state: int) -> None:
        """A new state on the network, told to the host."""
        self.state = t_state(state)
        self.tell(c.ZDO.StateChangeInd.Callback(State=self.state))

    # -- sleep ------------------------------------------------------------------------------------------------

    @property
    def sleepy(self) -> bool:
        """Whether it hears only when it polls."""
        return self.role == END_DEVICE

    def touched(self) -> None:
        """It has just sent: for a while it polls fast for the answer."""
        self.fast_until = self.air.now + _AWAKE_AFTER_SENDING
        if self.sleepy:
            self.wake()

    def next_poll(self) -> int | None:
        """When it asks its parent next, None while it sleeps."""
        now = self.air.now
        rate = self.poll_rate
        if now < self.fast_until:
            rate = min(rate or _FAST_POLL, _FAST_POLL)
        if not rate:
            return None
        return now + rate - (now - self.polled_since) % rate

    def set_poll_rate(self, milliseconds: int) -> None:
        """How often it polls from now on; 0 is sleep."""
        self.poll_rate = milliseconds
        self.polled_since = self.air.now
        if milliseconds:
            self.wake()

    def wake(self) -> None:
        """It polls again: what its parent kept comes with the next poll."""
        waiting, self.waiting = self.waiting, []
        for deliver in waiting:
            deliver()


def t_state(state: int) -> Any:
    """A device state by number."""
    return c.zdo.t.DeviceState(state)


def identity_of(address: t.EUI64) -> bytes:
    """An EUI-64 as the rest of hanref writes it."""
    return bytes(address.serialize()[::-1])


def address_of(identity: bytes) -> t.EUI64:
    """An EUI-64 as zigpy writes it."""
    return t.EUI64.deserialize(identity[::-1])[0]
